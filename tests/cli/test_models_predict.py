"""``fitscribe models predict``: what it prints, refuses and returns."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import fitscribe
import fitscribe.sklearn
from fitscribe.cli import main

Output = pytest.CaptureFixture[str]


@pytest.fixture
def model(home: Path) -> str:
    """Log a model of two columns, write rows.csv; return the model's address."""
    X = np.arange(20.0).reshape(10, 2)
    Path("rows.csv").write_text("id,a,b\n" + "".join(f"n{i},{i},{i + 1}\n" for i in range(10)))
    fitted = LogisticRegression().fit(X, np.arange(10) > 4)
    return fitscribe.sklearn.log_model(fitted, input_example=X[:2]).model_uri


def refused(output: Output, *arguments: str) -> str:
    assert main(arguments) == 1
    told = output.readouterr()
    assert told.out == ""
    return told.err


def test_rows_become_answers(model: str, capsys: Output) -> None:
    arguments = ["models", "predict", "-m", model, "-i", "rows.csv", "--keep", "id"]
    assert main([*arguments, "-o", "out.csv", "--method", "predict_proba"]) == 0
    told = capsys.readouterr()
    assert told.out == "10 rows in out.csv: id, probability_False, probability_True\n"
    assert told.err == ""
    assert Path("out.csv").read_text().splitlines()[1].startswith('"n0",0.')
    assert main([*arguments, "-o", "out.jsonl", "--rows", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": "out.jsonl",
        "rows": 10,
        "parts": 4,
        "columns": ["id", "prediction"],
    }
    first = Path("out.jsonl").read_text().splitlines()[0]
    assert json.loads(first) == {"id": "n0", "prediction": False}


def test_what_is_wrong_is_one_error(model: str, capsys: Output) -> None:
    arguments = ["models", "predict", "-m", model, "--keep", "id"]
    told = refused(capsys, *arguments, "-i", "gone.csv", "-o", "out.csv")
    assert told == "fitscribe: The input 'gone.csv' is not there.\n"
    assert "out.xls" in refused(capsys, *arguments, "-i", "rows.csv", "-o", "out.xls")
    assert "nowhere" in refused(capsys, *arguments, "-i", "rows.csv", "-o", "nowhere/out.csv")
    told = refused(capsys, *arguments, "-i", "rows.csv", "-o", "out.csv", "--method", "transform")
    assert "no method 'transform'" in told
    Path("out.csv").write_text("mine")
    assert "--overwrite" in refused(capsys, *arguments, "-i", "rows.csv", "-o", "out.csv")
    assert Path("out.csv").read_text() == "mine"
    assert main([*arguments, "-i", "rows.csv", "-o", "out.csv", "--overwrite"]) == 0


@pytest.mark.parametrize("wrong", [["--rows", "0"], ["--trust", "me"], ["--no-such"]])
def test_wrong_usage_is_status_2(model: str, wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["models", "predict", "-m", model, "-i", "rows.csv", "-o", "out.csv", *wrong])
    assert caught.value.code == 2


def test_a_folder_needs_no_place_where_runs_are_kept(
    tmp_path: Path, home: Path, capsys: Output
) -> None:
    X = np.arange(20.0).reshape(10, 2)
    fitted = LogisticRegression().fit(X, np.arange(10) > 4)
    fitscribe.sklearn.save_model(fitted, tmp_path / "folder", input_example=X[:2])
    Path("rows.csv").write_text("a,b\n1,2\n")
    assert main(["models", "predict", "-m", "folder", "-i", "rows.csv", "-o", "out.csv"]) == 0
    assert capsys.readouterr().out == "1 row in out.csv: prediction\n"
    assert main(["models", "predict", "-m", "models:/x/1", "-i", "rows.csv", "-o", "o.csv"]) == 1
    assert "Nothing is recorded" in capsys.readouterr().err
    assert not home.exists()


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_told_on_a_terminal(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("fitscribe.cli.scoring.PAUSE", 0.0)
    common = ["models", "predict", "-m", model, "-i", "rows.csv", "--keep", "id", "--rows", "4"]
    assert main([*common, "-o", "out.parquet"]) == 0
    lines = terminal.getvalue().split("\r\x1b[2K")
    assert [line.partition(" rows, ")[0] for line in lines] == ["", "4", "8", "10", ""]
    terminal.truncate(terminal.seek(0))
    assert main([*common, "-o", "out.parquet", "--overwrite", "--method", "fit"]) == 1
    assert terminal.getvalue().startswith("fitscribe: ")


@pytest.mark.posix
def test_ctrl_c_leaves_nothing_behind(model: str, home: Path, tmp_path: Path) -> None:
    with Path("many.csv").open("w") as file:
        file.write("a,b\n" + "1,2\n" * 200_000)
    fitscribe.sklearn.load_model(model)
    before = set(os.listdir())
    command = [sys.executable, "-m", "fitscribe", "models", "predict", "--uri", str(home)]
    command += ["-m", model, "-i", "many.csv", "-o", "out.csv", "--rows", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while set(os.listdir()) == before:  # until it writes
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    told = process.communicate()[1]
    assert process.returncode == 130, told
    assert told == ""
    assert set(os.listdir()) == before


def test_without_pyarrow_its_name_is_told(
    model: str, home: Path, run_python: Callable[..., Any]
) -> None:
    done = run_python(f"""
        import sys
        sys.modules["pyarrow"] = None
        from fitscribe.cli import main
        sys.exit(main(["models", "predict", "-m", {model!r}, "-i", "rows.csv", "-o", "out.csv",
            "--keep", "id", "--uri", {str(home)!r}]))
    """)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'fitscribe[arrow]'" in done.stderr
    assert not Path("out.csv").exists()
