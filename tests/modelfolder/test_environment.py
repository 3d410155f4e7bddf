"""The environment of a model: what is pinned, and the three files that say it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from scipy import special
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder import distributions
from fitscribe.modelfolder.distributions import pins_of, version_of
from fitscribe.modelfolder.environment import (
    PYTHON_VERSION,
    Environment,
    choose_environment,
    conda_environment,
    inferred_requirements,
)
from fitscribe.modelfolder.mlmodel import MLFLOW_VERSION
from fitscribe.modelfolder.write import build

MLFLOW = f"mlflow=={MLFLOW_VERSION}"


def pin(*names: str) -> list[str]:
    """Return ``name==version`` of installed distributions."""
    return [f"{name}=={metadata.version(name)}" for name in names]


SKLEARN = pin("numpy", "scikit-learn", "scipy")


def requirements(model: object, **arguments: Any) -> list[str]:
    return build(model, **arguments).files["requirements.txt"].decode().split("\n")


def forget() -> None:
    for cached in (version_of, pins_of, distributions._packages):
        cached.cache_clear()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a distribution, which has another name than its module; return its folder."""
    folder = tmp_path / "site-packages"
    (folder / "anvil").mkdir(parents=True)
    (folder / "anvil" / "__init__.py").write_text(
        "from sklearn.linear_model import Ridge\nclass Anvil(Ridge): pass\n"
    )
    info = folder / "acme_tools-1.2.3+cpu.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tools\nVersion: 1.2.3+cpu\n")
    (info / "RECORD").write_text("anvil/__init__.py,,\nacme_tools-1.2.3.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(folder)
    forget()
    yield folder
    forget()
    sys.modules.pop("anvil", None)


# ---- what is pinned ---------------------------------------------------------------------------


def test_a_model_needs_what_its_bytes_name() -> None:
    assert requirements(LogisticRegression()) == [MLFLOW, *SKLEARN]


def test_a_model_by_value_needs_cloudpickle() -> None:
    found = requirements(FunctionTransformer(lambda X: X))
    assert found == [MLFLOW, *sorted([*pin("cloudpickle"), *SKLEARN])]


def test_functions_inside_a_model_count() -> None:
    found = requirements(FunctionTransformer(pd.DataFrame.abs))
    assert found == [MLFLOW, *sorted([*pin("pandas"), *SKLEARN])]


def test_ufuncs_and_modules_inside_a_model_count() -> None:
    # A ufunc does not say which module it is in.
    assert requirements(FunctionTransformer(special.expit)) == [MLFLOW, *SKLEARN]
    folder = build(FunctionTransformer(kw_args={"library": pd}))  # no pickle takes a module
    assert folder.model.flavors["sklearn"]["serialization_format"] == "cloudpickle"
    lines = folder.files["requirements.txt"].decode().split("\n")
    assert lines == [MLFLOW, *sorted([*pin("cloudpickle", "pandas"), *SKLEARN])]


def test_the_library_of_the_data_counts() -> None:
    expected = [MLFLOW, *sorted([*pin("polars"), *SKLEARN])]
    model = LogisticRegression()
    assert requirements(model, input_module="polars") == expected
    assert requirements(model, input_example=pl.DataFrame({"a": [1]})) == expected
    assert requirements(model, input_example=(pl.DataFrame({"a": [1]}), {})) == expected
    assert requirements(model, input_example=np.ones((1, 1))) == [MLFLOW, *SKLEARN]
    assert requirements(model, input_example=[[1]]) == [MLFLOW, *SKLEARN]


def test_the_distribution_of_a_third_party_estimator_is_found(installed: Path) -> None:
    model = importlib.import_module("anvil").Anvil()
    # A local label, `+cpu`, is on no index.
    assert requirements(model) == [MLFLOW, *sorted(["acme-tools==1.2.3", *SKLEARN])]


def test_a_script_s_own_module_needs_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_steps.py").write_text(
        "import os\nimport own_parts\nfrom own_parts import Part\n"
        "from yaml import safe_load\ndef step(X): return X\n"
    )
    (tmp_path / "own_parts.py").write_text("import joblib\nclass Part: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    own = importlib.import_module("own_steps")
    try:
        found = requirements(FunctionTransformer(own.step))
    finally:
        del sys.modules["own_steps"], sys.modules["own_parts"]
    assert found == [MLFLOW, *sorted([*pin("PyYAML", "joblib"), *SKLEARN])]


def test_a_script_s_own_module_is_not_the_distribution_of_that_name(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = installed / "steps-9.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: steps\nVersion: 9.0\n")
    (tmp_path / "steps.py").write_text("def step(X): return X\n")
    monkeypatch.syspath_prepend(tmp_path)
    own = importlib.import_module("steps")
    try:
        assert requirements(FunctionTransformer(own.step)) == [MLFLOW, *SKLEARN]
    finally:
        del sys.modules["steps"]


def test_a_namespace_that_distributions_share_needs_all_of_them(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("iron", "steel"):
        (installed / "forge" / part).mkdir(parents=True)
        (installed / "forge" / part / "__init__.py").touch()
        info = installed / f"forge_{part}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: forge-{part}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"forge/{part}/__init__.py,,\n")
    importlib.import_module("forge.iron")
    try:
        assert pins_of("forge") == ("forge-iron==1.0", "forge-steel==1.0")
    finally:
        del sys.modules["forge"], sys.modules["forge.iron"]


@pytest.mark.parametrize("root", ["os", "json", "__main__", "builtins", "nowhere_to_be_found"])
def test_what_no_distribution_has_needs_nothing(root: str) -> None:
    assert pins_of(root) == ()
    assert inferred_requirements([root, f"{root}.inner"]) == []


def test_an_installed_module_whose_distribution_has_another_name() -> None:
    assert pins_of("PIL") == tuple(pin("pillow"))
    assert pins_of("sklearn") == tuple(pin("scikit-learn"))
    assert pins_of("fitscribe") == tuple(pin("fitscribe"))  # editable: its files lie elsewhere
    assert version_of("there-is-no-such-thing") is None


WATCHED = """
import json, sys
seen = []
watched = {"subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec"}
sys.addaudithook(lambda event, _: seen.append(event) if event in watched else None)
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith("socket.") else None)
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from fitscribe.modelfolder.write import build
before = set(sys.modules)
del seen[:]
files = build(LogisticRegression()).files
modules = sorted(name for name in set(sys.modules) - before if "." not in name)
build(FunctionTransformer(lambda X: X), extra_pip_requirements=["attrs"], conda_env=None)
print(json.dumps([sorted(files), modules, seen]))
"""


def test_a_folder_is_made_in_this_process_with_what_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], capture_output=True, text=True, check=True
    )
    files, modules, seen = json.loads(done.stdout)
    assert files == [
        *("MLmodel", "conda.yaml", "manifest.json", "model.pkl", "python_env.yaml"),
        *("requirements.txt", "seal.json"),
    ]
    assert set(modules) <= {"quopri"}  # from 3.13 on, `email` imports it when it reads a version
    assert seen == []
    assert done.stderr == ""


# ---- the files --------------------------------------------------------------------------------


def test_the_three_files_have_mlflow_s_form() -> None:
    files = build(LogisticRegression()).files
    lines = [MLFLOW, *SKLEARN]
    assert files["requirements.txt"].decode() == "\n".join(lines)
    conda = {
        "channels": ["conda-forge"],
        "dependencies": [
            f"python={PYTHON_VERSION}",
            f"pip<={metadata.version('pip')}",
            {"pip": lines},
        ],
        "name": "mlflow-env",
    }
    assert yaml.safe_load(files["conda.yaml"]) == conda == conda_environment(lines)
    assert files["conda.yaml"].decode() == yaml.safe_dump(conda)
    python = yaml.safe_load(files["python_env.yaml"])
    assert list(python) == ["python", "build_dependencies", "dependencies"]
    assert python["python"] == PYTHON_VERSION == sys.version.split()[0].rstrip("+")
    assert python["build_dependencies"][0] == f"pip=={metadata.version('pip')}"
    assert python["build_dependencies"][2] == "wheel"
    assert python["dependencies"] == ["-r requirements.txt"]


def test_a_version_that_yaml_would_read_as_a_number_stays_text() -> None:
    environment = Environment((MLFLOW,), conda={"dependencies": ["python=3.10"]})
    python = yaml.safe_load(environment.files()["python_env.yaml"])
    assert python["python"] == "3.10"


def test_files_that_are_asked_for_twice_are_not_shared() -> None:
    environment = choose_environment(SKLEARN)
    environment.files()["requirements.txt"] = b"changed"
    assert environment.files()["requirements.txt"].startswith(b"mlflow")


# ---- what the user says -----------------------------------------------------------------------


def test_the_user_s_requirements_are_taken_as_they_are() -> None:
    given = ["scikit-learn>=1.5", "my-wheel @ https://example.com/w.whl", "-e .", "--no-deps"]
    assert choose_environment(SKLEARN, pip_requirements=given).requirements == (MLFLOW, *given)
    assert choose_environment(SKLEARN, pip_requirements=()).requirements == (MLFLOW,)


@pytest.mark.parametrize("line", ["mlflow>=2", "MLflow", "mlflow[extras]==3", "mlflow_skinny"])
def test_mlflow_is_named_once(line: str) -> None:
    assert choose_environment([], pip_requirements=["a", line]).requirements == ("a", line)


def test_extra_requirements_stand_beside_what_was_found_and_win() -> None:
    inferred = ["PyYAML==6.0", "numpy==2.0", "scikit-learn==1.9.1"]
    chosen = choose_environment(inferred, extra_pip_requirements=["Scikit_Learn>=1.5", "extra"])
    assert sorted(chosen.requirements) == sorted(
        [MLFLOW, "PyYAML==6.0", "numpy==2.0", "Scikit_Learn>=1.5", "extra"]
    )
    chosen = choose_environment(inferred, extra_pip_requirements=["pyyaml"])
    assert "PyYAML==6.0" not in chosen.requirements


def test_requirements_files_are_followed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "all.txt").write_text(
        "# comment\n\nnumpy  # why\nnumpy\n-r sub/more.txt\n--requirement=sub/more.txt\n"
        "long==1.0 \\\n  --hash=sha256:0\npkg @ https://example.com/#egg=pkg\n-c limits.txt\n"
    )
    (tmp_path / "sub" / "more.txt").write_text("scipy\n-r ../all.txt\n")  # names its reader
    (tmp_path / "limits.txt").write_text("numpy<3\nscipy<2\n")
    chosen = choose_environment([], pip_requirements=tmp_path / "all.txt")
    assert chosen.requirements == (
        MLFLOW,
        "numpy",
        "scipy",
        "long==1.0 --hash=sha256:0",
        "pkg @ https://example.com/#egg=pkg",
        "-c constraints.txt",
    )
    assert chosen.constraints == ("numpy<3", "scipy<2")
    files = chosen.files()
    assert files["constraints.txt"] == b"numpy<3\nscipy<2"
    assert choose_environment([], pip_requirements=[f"-r {tmp_path / 'all.txt'}"]) == chosen
    assert choose_environment([], pip_requirements=str(tmp_path / "all.txt")) == chosen


def test_constraints_alone_constrain_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "limits.txt").write_text("numpy<3\n")
    chosen = choose_environment(SKLEARN, extra_pip_requirements=[f"-c {tmp_path}/limits.txt"])
    assert chosen.requirements == (MLFLOW, *SKLEARN, "-c constraints.txt")
    assert chosen.constraints == ("numpy<3",)


def test_a_conda_environment_is_kept_with_mlflow_in_it(tmp_path: Path) -> None:
    conda = {
        "name": "mine",
        "channels": ["defaults"],
        "dependencies": ["python=3.10", "numpy", {"pip": ["scikit-learn"]}],
        "variables": {"A": "1"},
    }
    chosen = choose_environment(SKLEARN, conda_env=conda)
    files = chosen.files()
    kept = {**conda, "dependencies": ["python=3.10", "numpy", {"pip": [MLFLOW, "scikit-learn"]}]}
    assert yaml.safe_load(files["conda.yaml"]) == kept
    assert files["requirements.txt"].decode() == f"{MLFLOW}\nscikit-learn"
    assert yaml.safe_load(files["python_env.yaml"])["python"] == "3.10"
    assert conda["dependencies"][2] == {"pip": ["scikit-learn"]}
    (tmp_path / "env.yaml").write_text(yaml.safe_dump(conda))
    assert choose_environment([], conda_env=str(tmp_path / "env.yaml")).files() == files


def test_a_conda_environment_without_pip_gets_it_for_mlflow() -> None:
    files = choose_environment([], conda_env={"dependencies": ["numpy"]}).files()
    assert yaml.safe_load(files["conda.yaml"]) == {"dependencies": ["numpy", {"pip": [MLFLOW]}]}
    assert yaml.safe_load(files["python_env.yaml"])["python"] == PYTHON_VERSION


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pip_requirements": [], "extra_pip_requirements": []}, "Only one of"),
        ({"conda_env": {}, "pip_requirements": []}, "Only one of"),
        ({"pip_requirements": "nowhere.txt"}, r"requirements file 'nowhere\.txt' cannot be read"),
        ({"pip_requirements": ["-r nowhere.txt"]}, "cannot be read"),
        ({"pip_requirements": [1]}, "pip_requirements is a list of lines"),
        ({"extra_pip_requirements": 3}, "extra_pip_requirements is a list of lines"),
        ({"conda_env": "nowhere.yaml"}, r"conda environment 'nowhere\.yaml' cannot be read"),
        ({"conda_env": [1]}, "conda_env is a dict"),
        ({"conda_env": {"dependencies": "numpy"}}, "list of dependencies"),
        ({"conda_env": {"dependencies": [{"pip": "numpy"}]}}, "list of dependencies"),
    ],
)
def test_what_is_no_environment_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        choose_environment(SKLEARN, **arguments)
