"""Files scored by a process in the model's environment: the same answers, errors and ends.

But for one test, the environment is the Python that runs the tests: the process is real, and
nothing is installed for it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

import fitscribe.models
import fitscribe.pyfunc
import fitscribe.sklearn
from fitscribe.batch import own_environment
from fitscribe.batch.job import Job
from fitscribe.cli import main
from fitscribe.errors import AlreadyExists, FitscribeError, InvalidParameter, NotFound, NotTrusted
from fitscribe.modelfolder.manifest import MANIFEST
from fitscribe.modelfolder.model_environment import python_in
from fitscribe.modelfolder.seal import SEAL
from fitscribe.modelfolder.trust import names
from fitscribe.models import predict_file

ROWS = 40


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let this Python be every environment; return the list of what was asked for."""
    asked: list[Any] = []

    def kept(environment: Any, folder: Path, uv: str | None = None) -> Path:
        asked.append(environment)
        return Path(sys.executable)

    monkeypatch.setattr(own_environment, "kept_environment", kept)
    return asked


@pytest.fixture
def rows(home: Path) -> pd.DataFrame:
    """Write rows.csv and rows.parquet into the working directory; return the columns a, b."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(ROWS, 2)), columns=["a", "b"])
    frame.assign(id=range(ROWS)).to_csv("rows.csv", index=False)
    frame.assign(id=range(ROWS)).to_parquet("rows.parquet")
    return frame


@pytest.fixture
def model(rows: pd.DataFrame) -> str:
    fitted = LogisticRegression().fit(rows, rows["a"] > 0)
    return fitscribe.sklearn.log_model(fitted, input_example=rows[:3]).model_uri


def strangers(folder: Path) -> Path:
    for name in (MANIFEST, SEAL):
        (folder / name).unlink()
    return folder


def saved(function: Callable[[Any], Any], folder: str = "folder") -> Path:
    """Save a model of one's own with code of its own."""
    fitscribe.sklearn.save_model(
        FunctionTransformer(function), folder, serialization_format="cloudpickle"
    )
    return Path(folder)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_answers_are_those_of_this_process(here: list[Any], model: str, ending: str) -> None:
    seen: dict[str, list[Any]] = {"local": [], "venv": []}
    done = {
        env: predict_file(
            model,
            "rows.parquet",
            f"{env}.{ending}",
            method="predict_proba",
            keep=["id"],
            part_rows=9,
            env=env,
            progress=lambda *told, env=env: seen[env].append(told),
        )
        for env in seen
    }
    assert Path(f"venv.{ending}").read_bytes() == Path(f"local.{ending}").read_bytes()
    assert seen["venv"] == seen["local"] == [(n, ROWS) for n in (9, 18, 27, 36, 40)]
    assert done["venv"].path == f"venv.{ending}"
    assert done["venv"].rows == done["local"].rows
    assert done["venv"].parts == done["local"].parts == 5
    assert done["venv"].columns == done["local"].columns == ("id", *done["local"].columns[1:])
    assert len(here) == 1
    assert {"numpy", "scikit-learn", "pyarrow"} < {one.project for one in here[0].requirements}
    assert not [name for name in os.listdir() if name.endswith(".tmp")]


def test_a_transformer_and_a_model_of_ones_own_are_asked(
    here: list[Any], rows: pd.DataFrame
) -> None:
    class Scaled(fitscribe.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            print("what a model prints is no answer")
            return model_input["a"] * params["factor"]

    signature = fitscribe.models.infer_signature(rows, rows["a"], {"factor": 2.0})
    fitscribe.pyfunc.save_model("own", python_model=Scaled(), signature=signature)
    predict_file("own", "rows.csv", "own.csv", env="venv", params={"factor": 3.0})
    assert pd.read_csv("own.csv").to_numpy() == pytest.approx(rows[["a"]].to_numpy() * 3)
    saved(lambda X: X + 1)
    predict_file("folder", "rows.csv", "two.csv", keep=["id"], method="transform", env="venv")
    assert pd.read_csv("two.csv")["transformed_0"].to_numpy() == pytest.approx(rows["a"] + 1)
    with pytest.raises(InvalidParameter, match="JSON"):
        predict_file("own", "rows.csv", "more.csv", env="venv", params={"factor": rows})
    assert not Path("more.csv").exists()


# ---- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"input_path": "gone.csv"},
        {"input_path": "rows.xls"},
        {"input_path": "few.csv"},
        {"input_path": "texts.csv"},
        {"output_path": "nowhere/out.csv"},
        {"output_path": "rows.csv"},
        {"model_uri": "models:/no-such/1"},
        {"method": "transform"},
        {"keep": ["colour"]},
        {"trust": "me"},
        {"part_rows": 0},
    ],
)
def test_errors_are_those_of_this_process(
    here: list[Any], model: str, wrong: dict[str, Any]
) -> None:
    Path("few.csv").write_text("a\n1\n")
    Path("texts.csv").write_text("a,b\n1,2\n3,x\n")
    given = {"model_uri": model, "input_path": "rows.csv", "output_path": "out.csv", **wrong}
    before = set(os.listdir())
    told = []
    for env in ("local", "venv"):
        with pytest.raises(FitscribeError) as caught:
            predict_file(**given, env=env)
        told.append((type(caught.value), str(caught.value)))
    assert told[0] == told[1]
    assert set(os.listdir()) == before


def test_what_is_wrong_is_told_before_anything_is_installed(here: list[Any], model: str) -> None:
    for wrong, error in (
        ({"input_path": "gone.csv"}, NotFound),
        ({"output_path": "rows.csv"}, AlreadyExists),
        ({"env": "conda"}, InvalidParameter),
        ({"trust": "me"}, InvalidParameter),
    ):
        given = {"input_path": "rows.csv", "output_path": "out.csv", "env": "venv", **wrong}
        with pytest.raises(error):
            predict_file(model, **given)
    assert here == []


def test_a_model_that_breaks_the_process_off_is_told(
    here: list[Any], rows: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    def leave(X: Any) -> Any:
        return X if len(X) > 1 else os._exit(7)

    def complain(X: Any) -> Any:
        raise KeyError("no such thing")

    saved(leave)
    saved(complain, "other")
    before = set(os.listdir())
    given: dict[str, Any] = {"method": "transform", "part_rows": ROWS - 1, "env": "venv"}
    with pytest.raises(FitscribeError, match="ended with 7 and no answer"):
        predict_file("folder", "rows.csv", "out.csv", **given)
    with pytest.raises(FitscribeError, match="ended with 1 and no answer"):
        predict_file("other", "rows.csv", "out.csv", **given)
    assert "KeyError: 'no such thing'" in capfd.readouterr().err
    assert set(os.listdir()) == before


# ---- trust ------------------------------------------------------------------------------------


def test_a_strangers_code_is_run_there_no_more_than_here(
    here: list[Any], rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = strangers(saved(lambda X: X * 2))
    given: dict[str, Any] = {"method": "transform", "keep": ["id"], "env": "venv"}
    told = []
    for env in ("local", "venv"):
        with pytest.raises(NotTrusted) as caught:
            predict_file(folder, "rows.csv", "out.csv", **{**given, "env": env, "trust": None})
        told.append(str(caught.value))
    # cloudpickle is among its packages; the refusal is the loader's.
    assert told[0] == told[1]
    assert not Path("out.csv").exists()
    assert predict_file(folder, "rows.csv", "out.csv", trust="code", **given).rows == ROWS


def test_names_that_this_process_trusts_count_there(
    here: list[Any], rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_named", set())
    # A class that is on no list, and only stands there.
    fitscribe.sklearn.save_model(FunctionTransformer(inverse_func=json.JSONDecoder), "folder")
    folder = strangers(Path("folder"))
    given: dict[str, Any] = {"method": "transform", "keep": ["id"], "env": "venv"}
    with pytest.raises(NotTrusted, match=r"json\.decoder\.JSONDecoder"):
        predict_file(folder, "rows.csv", "out.csv", **given)
    fitscribe.models.trust("json.decoder.JSONDecoder")
    assert predict_file(folder, "rows.csv", "out.csv", **given).rows == ROWS


def test_a_folder_that_was_changed_is_refused_there_too(here: list[Any], model: str) -> None:
    folder = Path(fitscribe.artifacts.download_artifacts(model))
    kept = own_environment.kept_environment

    def change(*arguments: Any) -> Path:
        with (folder / "model.pkl").open("ab") as file:
            file.write(b"x")
        return kept(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_environment, "kept_environment", change)
        with pytest.raises(fitscribe.exceptions.MlflowException, match="is not what was written"):
            predict_file(model, "rows.csv", "out.csv", env="venv")
    assert not Path("out.csv").exists()


def test_the_other_python_finds_nothing_by_our_variables(
    tmp_path: Path, here: list[Any], rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "besides.py").write_text("")  # in the working directory, too
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def found(X: Any) -> Any:
        import importlib.util

        return X + (importlib.util.find_spec("besides") is not None)

    saved(found)
    predict_file("folder", "rows.csv", "out.csv", method="transform", keep=["id"], env="venv")
    told = pd.read_csv("out.csv")["transformed_0"].to_numpy()
    assert told == pytest.approx(rows["a"])


# ---- broken off -------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ZeroDivisionError])
def test_who_stops_it_leaves_nothing(
    here: list[Any], model: str, stop: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        started.append(popen(*arguments, **options))
        return started[-1]

    def interrupt(done: int, total: int | None) -> None:
        # It writes, under a name of nobody's.
        assert [name for name in os.listdir() if name.endswith(".tmp")]
        raise stop

    monkeypatch.setattr(subprocess, "Popen", start)
    before = set(os.listdir())
    with pytest.raises(stop):
        predict_file(model, "rows.csv", "out.csv", part_rows=1, env="venv", progress=interrupt)
    assert started[0].returncode is not None
    assert started[0].returncode >= 0, "it was killed"
    assert set(os.listdir()) == before


@pytest.mark.posix
def test_one_that_does_not_hear_is_killed(
    here: list[Any], rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deaf(X: Any) -> Any:
        if len(X) < 3:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            time.sleep(600)
        return X

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    saved(deaf)
    before = set(os.listdir())
    monkeypatch.setattr(own_environment, "PATIENCE", 0.5)
    with pytest.raises(KeyboardInterrupt):
        predict_file(
            "folder",
            "rows.csv",
            "out.csv",
            method="transform",
            part_rows=ROWS - 1,
            env="venv",
            progress=interrupt,
        )
    assert set(os.listdir()) == before


STARTS = """
import sys
from pathlib import Path
from fitscribe.batch import own_environment
from fitscribe.cli import main
own_environment.kept_environment = lambda *given: Path(sys.executable)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.posix
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_the_end_of_who_started_it_is_its_end(model: str, home: Path, end: int) -> None:
    with Path("many.csv").open("w") as file:
        file.write("a,b\n" + "1,2\n" * 200_000)
    fitscribe.sklearn.load_model(model)
    before = set(os.listdir())
    command = [sys.executable, "-c", STARTS, "models", "predict", "--uri", str(home)]
    command += ["-m", model, "-i", "many.csv", "-o", "out.csv", "--rows", "1", "--env", "venv"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while set(os.listdir()) == before:  # until it writes
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    process.send_signal(end)
    told = process.communicate()[1]  # which ends when both have ended
    assert process.returncode == (130 if end == signal.SIGINT else -end)
    assert told == ""
    assert set(os.listdir()) == before


def test_a_job_travels_as_a_line() -> None:
    job = Job(
        "m", "i", "o\n", "t", None, ("é",), True, "code", {"x": [1.5]}, 3, "f", "d", ("a.B",)
    )
    line = job.to_line()
    assert line.count("\n") == 1
    assert Job.from_line(line) == job


# ---- on the command line ----------------------------------------------------------------------


def test_the_command_line_has_it(
    here: list[Any], model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["models", "predict", "-m", model, "-i", "rows.csv", "--keep", "id"]
    assert main([*common, "-o", "out.csv", "--env", "venv", "--rows", "9", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": "out.csv",
        "rows": ROWS,
        "parts": 5,
        "columns": ["id", "prediction"],
    }
    assert main([*common, "-o", "other.csv", "--env", "local"]) == 0
    assert len(here) == 1
    capsys.readouterr()
    assert main([*common, "-o", "more.csv", "--env", "venv", "--method", "nope"]) == 1
    assert "no method 'nope'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main([*common, "-o", "more.csv", "--env", "conda"])
    assert caught.value.code == 2


def test_a_terminal_is_told_that_it_may_take_a_while(
    here: list[Any], model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("fitscribe.cli.scoring.PAUSE", 0.0)
    command = ["models", "predict", "-m", model, "-i", "rows.parquet", "-o", "out.csv"]
    assert main([*command, "--keep", "id", "--env", "venv", "--rows", "20"]) == 0
    shown = [line.partition(", ")[0] for line in terminal.getvalue().split("\r\x1b[2K")]
    assert shown[1].startswith("looking for the model's environment")
    assert shown[2:] == ["20 of 40 (50%) rows", "40 of 40 (100%) rows", ""]


# ---- a real environment -----------------------------------------------------------------------


def test_a_real_environment_is_made_and_asked(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch, rows: pd.DataFrame
) -> None:
    beside = Path(sys.executable).with_name("uv")
    if shutil.which("uv") is None and beside.exists():
        monkeypatch.setenv("PATH", os.pathsep.join([str(beside.parent), os.environ["PATH"]]))
    # What is installed here is installed there: nothing depends on what an index has today.
    pins = tmp_path / "pins.txt"
    here = {f"{one.name}=={one.version.partition('+')[0]}" for one in metadata.distributions()}
    pins.write_text("\n".join(sorted(here)))
    monkeypatch.setenv("UV_CONSTRAINT", str(pins))
    monkeypatch.setenv("PIP_CONSTRAINT", str(pins))
    # The environment goes into a folder of the test, and what is downloaded where it always goes.
    if shutil.which("uv"):
        asked = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True)
        monkeypatch.setenv("UV_CACHE_DIR", asked.stdout.strip())
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", *(["HOME"] * (sys.platform == "darwin"))):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    done = predict_file(model, "rows.parquet", "out.csv", keep=["id"], env="venv")
    assert done.rows == ROWS
    expected = fitscribe.sklearn.load_model(model).predict(rows).tolist()
    assert pd.read_csv("out.csv")["prediction"].tolist() == expected
    (folder,) = own_environment.environments_folder().iterdir()
    assert folder.is_relative_to(tmp_path)
    # fitscribe is not installed there: the one that runs here was run.
    look = "import importlib.util as u; print([u.find_spec(n) for n in ('fitscribe', 'pytest')])"
    command = [str(python_in(folder)), "-I", "-c", look]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stdout == "[None, None]\n"
    # A second model of the same needs takes the same one, and nothing is made.
    made = folder.stat().st_mtime_ns
    predict_file(model, "rows.parquet", "more.csv", keep=["id"], env="venv")
    assert [one.stat().st_mtime_ns for one in folder.parent.iterdir()] == [made]
    assert Path("more.csv").read_bytes() == Path("out.csv").read_bytes()
