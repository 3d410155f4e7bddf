"""Scripts written for MLflow: by an import line, ``install_as_mlflow``, ``fitscribe run``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import fitscribe as mlflow

RunPython = Callable[..., subprocess.CompletedProcess[str]]

# What users of MLflow and scikit-learn write, from tutorials and books.
SCRIPT = """
import sys
import mlflow
import mlflow.sklearn
from mlflow.data.numpy_dataset import NumpyDataset
from mlflow.data.pandas_dataset import PandasDataset
from mlflow.data.polars_dataset import PolarsDataset
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.models.signature import infer_signature as same
from mlflow.tracking import MlflowClient
from mlflow.tracking.client import MlflowClient as Client
from mlflow.types import DataType
from mlflow.types.schema import ColSpec, Schema
import mlflow.tracking.fluent
import numpy as np
from sklearn.linear_model import LogisticRegression

assert infer_signature is same and MlflowClient is Client is mlflow.MlflowClient
assert mlflow.tracking.MlflowClient is MlflowClient
assert Schema([ColSpec("long", "a")]) == Schema([ColSpec(DataType.long, "a")])
assert isinstance(mlflow.data.from_numpy(np.eye(2)), NumpyDataset)
mlflow.set_experiment("moved")
mlflow.sklearn.autolog(silent=True)
X, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
with mlflow.start_run(run_name="one") as run:
    model = LogisticRegression(C=0.5).fit(X, y)
    mlflow.log_param("mine", sys.argv[1:])
    mlflow.log_metric("extra", 0.5)
    mlflow.set_tag("by", __name__)
client = MlflowClient()
data = client.get_run(run.info.run_id).data
again = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
assert (again.predict(X) == model.predict(X)).all()
runs = mlflow.search_runs(experiment_names=["moved"], filter_string="params.C = '0.5'")
assert list(runs["metrics.extra"]) == [0.5]
try:
    client.get_run("none")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
print(data.params["mine"], data.tags["by"], mlflow.active_run())
"""
SAID = "['--depth', '3'] __main__ None\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "scripts" / "train.py"
    path.parent.mkdir()
    path.write_text(SCRIPT)
    return path


@pytest.fixture
def real_mlflow(tmp_path: Path) -> Path:
    """Return a folder with as much of an installed mlflow as an import needs."""
    package = tmp_path / "site" / "mlflow"
    (package / "sklearn").mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '3.17.2'\n")
    (package / "sklearn" / "__init__.py").write_text("def autolog(**options): pass\n")
    (package / "pytorch.py").write_text("")
    return package.parent


# Running a script


def test_a_script_is_run_as_it_is(run_python: RunPython, script: Path, tmp_path: Path) -> None:
    done = run_python("-m", "fitscribe", "run", "scripts/train.py", "--depth", "3")
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")
    client = mlflow.Client(tmp_path / ".fitscribe")
    experiment = client.get_experiment_by_name("moved")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("one", "FINISHED")
    assert run.data.tags["mlflow.source.name"] == "scripts/train.py"
    assert run.data.metrics["training_score"] >= 0.5


def test_our_mlflow_is_given_where_the_real_one_is_installed(
    run_python: RunPython, script: Path, real_mlflow: Path
) -> None:
    env = {"PYTHONPATH": str(real_mlflow)}
    done = run_python("-m", "fitscribe", "run", str(script), "--depth", "3", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")


def test_a_script_sees_its_own_folder_and_name(run_python: RunPython, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "beside.py").write_text("here = 'beside'")
    (tmp_path / "scripts" / "main.py").write_text(
        "import sys, pickle, beside\n"
        "class Mine: pass\n"
        "pickle.loads(pickle.dumps(Mine()))\n"
        "print(__name__, beside.here, sys.argv, __file__)\n"
    )
    done = run_python("-m", "fitscribe", "run", "scripts/main.py", "-h", "--json", "x y")
    argv = ["scripts/main.py", "-h", "--json", "x y"]
    assert done.stdout == f"__main__ beside {argv} scripts/main.py\n"


@pytest.mark.parametrize(
    ("text", "status", "end"),
    [
        ("raise SystemExit(7)", 7, ""),
        ("import sys; sys.exit('stop')", 1, "stop\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
    ],
)
def test_a_script_ends_as_without_us(
    run_python: RunPython, tmp_path: Path, text: str, status: int, end: str
) -> None:
    (tmp_path / "main.py").write_text("import mlflow\nmlflow.start_run()\n" + text)
    done = run_python("-m", "fitscribe", "run", "main.py")
    assert done.returncode == status
    assert done.stderr.endswith(end)
    (run,) = mlflow.Client(tmp_path / ".fitscribe").search_runs(["0"])
    assert run.info.status == ("FAILED" if "1 / 0" in text else run.info.status)
    assert run.info.end_time is not None


def test_a_script_that_is_not_there(run_python: RunPython) -> None:
    done = run_python("-m", "fitscribe", "run", "none.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "fitscribe: there is no script 'none.py'.\n"


# In one's own process


def test_installing_comes_before_the_real_one(run_python: RunPython, real_mlflow: Path) -> None:
    text = """
        import fitscribe, sys
        fitscribe.install_as_mlflow()
        fitscribe.install_as_mlflow()
        import mlflow, mlflow.sklearn, mlflow.tracking, mlflow.tracking.fluent
        import mlflow.tracking.client, mlflow.models.signature
        assert mlflow is fitscribe and mlflow.sklearn is fitscribe.sklearn
        assert fitscribe.__name__ == fitscribe.__spec__.name == "fitscribe"
        import fitscribe.tracking.fluent, fitscribe.tracking.client, importlib
        for name in ("fitscribe.tracking.fluent", "fitscribe.tracking.client"):
            parent, _, child = name.rpartition(".")
            assert getattr(sys.modules[parent], child).__name__ == name, name
        from mlflow.tracking.fluent import active_run, set_experiment
        assert active_run is fitscribe.active_run
        mlflow.sklearn.autolog()
        importlib.reload(mlflow.exceptions)
    """
    done = run_python(text, env={"PYTHONPATH": str(real_mlflow)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_installing_too_late_is_refused(run_python: RunPython, real_mlflow: Path) -> None:
    done = run_python(
        "import mlflow, fitscribe; fitscribe.install_as_mlflow()",
        env={"PYTHONPATH": str(real_mlflow)},
    )
    assert done.returncode == 1
    assert "imported already" in done.stderr.splitlines()[-1]
    assert "fitscribe run" in done.stderr.splitlines()[-1]


def test_the_real_one_beside_ours_is_told_once(run_python: RunPython, real_mlflow: Path) -> None:
    text = """
        import mlflow, mlflow.sklearn, warnings
        import fitscribe, fitscribe.sklearn
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                fitscribe.sklearn.autolog()
                fitscribe.autolog()
        (warning,) = caught
        print(warning.category.__name__, str(warning.message))
    """
    done = run_python(text, env={"PYTHONPATH": str(real_mlflow)})
    assert done.stderr == ""
    assert done.stdout.startswith("FitscribeWarning mlflow is imported beside fitscribe.")
    assert "mlflow.sklearn.autolog(disable=True)" in done.stdout


def test_a_silent_autolog_does_not_tell(run_python: RunPython, real_mlflow: Path) -> None:
    text = "import mlflow, fitscribe.sklearn; fitscribe.sklearn.autolog(silent=True)"
    assert run_python(text, env={"PYTHONPATH": str(real_mlflow)}).stderr == ""


# Names that we do not have


@pytest.mark.parametrize(
    "line",
    ["import mlflow.pytorch", "from mlflow.pytorch import log_model", "import mlflow.types.llm"],
)
def test_modules_that_we_do_not_have(run_python: RunPython, real_mlflow: Path, line: str) -> None:
    text = f"import fitscribe; fitscribe.install_as_mlflow()\n{line}"
    done = run_python(text, env={"PYTHONPATH": str(real_mlflow)})
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: fitscribe stands in for mlflow here and has no")
    assert "mlflow.sklearn" in last


def test_entities_of_the_registry_have_mlflows_address(run_python: RunPython) -> None:
    text = """
        import fitscribe
        fitscribe.install_as_mlflow()
        from mlflow.entities.model_registry import ModelVersion, RegisteredModel
        assert ModelVersion is fitscribe.entities.ModelVersion
        assert RegisteredModel is fitscribe.entities.RegisteredModel
    """
    done = run_python(text)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_name_that_we_do_not_have_is_refused_by_a_sentence() -> None:
    with pytest.raises(AttributeError, match=r"'log_metrik'.*Did you mean log_metric"):
        mlflow.log_metrik("a", 1)
    with pytest.raises(AttributeError, match=r"fitscribe has no 'xgboost'; .*release.*It has: "):
        mlflow.xgboost.load_model("models:/m")
    with pytest.raises(ImportError, match=r"fitscribe has no 'evaluate'; .*release"):
        exec("from fitscribe import evaluate")
    assert not hasattr(mlflow, "xgboost")
    assert getattr(mlflow, "evaluate", None) is None


def test_names_of_modules_are_refused_by_a_sentence(run_python: RunPython) -> None:
    names = {
        "sklearn": "eval_and_log_metrics",
        "tracking": "get_registry_uri",
        "entities": "Trace",
        "data": "from_spark",
        "models": "evaluate",
        "artifacts": "get_artifact_repository",
        "client": "RestClient",
        "exceptions": "ExecutionException",
        "tracking.fluent": "evaluate",
    }
    text = f"""
        import importlib, fitscribe
        fitscribe.install_as_mlflow()
        for module, name in {names}.items():
            found = importlib.import_module("mlflow." + module)
            for line in (f"found.{{name}}", f"from mlflow.{{module}} import {{name}}"):
                try:
                    exec(line)
                except (AttributeError, ImportError) as error:
                    assert f"fitscribe.{{module}} has no {{name!r}}; if" in str(error)
                else:
                    raise AssertionError(name)
            assert not hasattr(found, "__wrapped__")
    """
    done = run_python(text)
    assert (done.returncode, done.stderr) == (0, "")


def test_looking_for_special_names_is_harmless() -> None:
    for name in ("__wrapped__", "__path_hooks__", "_ipython_canary_method_should_not_exist_"):
        assert not hasattr(mlflow, name)
