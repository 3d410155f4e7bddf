"""First contact: one line on standard error, at the end; standard output is the user's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.linear_model import Ridge

import fitscribe.sklearn
from fitscribe.sklearn import FitscribeWarning
from fitscribe.sklearn.greeting import sentence

RunPython = Callable[..., subprocess.CompletedProcess[str]]

FIT = """
import numpy as np
from sklearn.linear_model import LogisticRegression
import fitscribe.sklearn
def fit():
    return LogisticRegression().fit(np.arange(20.0).reshape(10, 2), np.arange(10) % 2)
"""
LINE = "1 run in ./.fitscribe: fitscribe runs list\n"


def test_a_script_ends_with_one_line_and_nothing_else(run_python: RunPython) -> None:
    text = """
import logging
logging.basicConfig(level=logging.DEBUG)
for _ in range(3):
    fitscribe.sklearn.autolog()
    fitscribe.autolog()
    fit()
fitscribe.search_runs()
print("mine")
"""
    done = run_python(FIT + text)
    line = LINE.replace("1 run", "3 runs")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine\n", line)


@pytest.mark.parametrize(
    "text",
    [
        "fitscribe.sklearn.autolog(); fitscribe.sklearn.autolog(silent=True); fit()",
        "fitscribe.sklearn.autolog(silent=True); fit(); fitscribe.sklearn.autolog(disable=True)",
        "fitscribe.sklearn.autolog(); fitscribe.sklearn.autolog(disable=True); fit()",
    ],
)
def test_nothing_is_said_where_nothing_is_wanted_or_was_recorded(
    run_python: RunPython, text: str
) -> None:
    done = run_python(FIT + text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_failing_script_keeps_its_traceback_and_status(run_python: RunPython) -> None:
    done = run_python(FIT + "fitscribe.sklearn.autolog(); fit(); 1 / 0")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n" + LINE)


@pytest.mark.posix
def test_a_closed_standard_error_is_no_trouble(run_python: RunPython, tmp_path: Path) -> None:
    script = FIT + "fitscribe.sklearn.autolog(); fit(); print('mine')"
    (tmp_path / "script.py").write_text(script)
    close = "import os, sys; os.close(2); os.execv(sys.executable, [sys.executable, 'script.py'])"
    done = run_python(close)
    assert (done.returncode, done.stdout) == (0, "mine\n")


def test_workers_and_forks_say_nothing(run_python: RunPython, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        FIT
        + """
if __name__ == "__main__":
    import multiprocessing
    from sklearn.model_selection import cross_val_score
    fitscribe.sklearn.autolog()
    cross_val_score(LogisticRegression(), np.eye(10), np.arange(10) % 2, n_jobs=2, cv=2)
    for method in {"fork", "spawn"} & set(multiprocessing.get_all_start_methods()):
        process = multiprocessing.get_context(method).Process(target=fit)
        process.start()
        process.join()
    fit()
"""
    )
    done = run_python("-W", "ignore", "script.py")
    assert done.stdout == ""
    assert done.stderr.count("fitscribe runs list") == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


# Notebooks

NOTEBOOK = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in {cells!r}:
    result = shell.run_cell(cell)
    assert result.success
    sys.stderr.write("-- end of cell\\n")
"""


def told_after(run_python: RunPython, cells: list[str]) -> list[str]:
    """Return what standard error got during each cell, and after the last one."""
    done = run_python(NOTEBOOK.format(cells=cells))
    assert done.stdout == ""
    return done.stderr.split("-- end of cell\n")


def test_a_notebook_is_told_after_the_first_cell_with_a_fit(run_python: RunPython) -> None:
    cells = [FIT, "fitscribe.sklearn.autolog()", "fit(); _ = fit()", "_ = fit()"]
    line = LINE.replace("1 run", "2 runs")
    assert told_after(run_python, cells) == ["", "", line, "", ""]


def test_a_silent_notebook_is_told_nothing(run_python: RunPython) -> None:
    cells = [FIT + "fitscribe.sklearn.autolog(silent=True); _ = fit()", "_ = fit()"]
    assert told_after(run_python, cells) == ["", "", ""]


# Warnings


@pytest.mark.parametrize("silent", [False, True])
def test_a_store_that_cannot_be_made_is_told_unless_silent(
    home: Path, recwarn: pytest.WarningsRecorder, silent: bool
) -> None:
    home.touch()  # a file where the folder should be
    fitscribe.sklearn.autolog(silent=silent)
    Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
    fitscribe.sklearn.autolog(disable=True)
    assert [warning.category for warning in recwarn] == [FitscribeWarning] * (not silent)


# The line


def test_the_line_names_a_place_and_a_command_that_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".fitscribe").mkdir()
    default, other = tmp_path / ".fitscribe", tmp_path / "my runs"
    assert sentence(1, default.as_uri()) == "1 run in ./.fitscribe: fitscribe runs list"
    assert sentence(2, other.as_uri()) == (
        "2 runs in ./my runs: fitscribe runs list --uri './my runs'"
    )
    database = f"sqlite:///{tmp_path}/a/b.db"
    assert sentence(2, database) == f"2 runs in ./a: fitscribe runs list --uri {database}"
    monkeypatch.chdir(other.parent.parent)
    assert sentence(3, other.parent.as_uri()).startswith(f"3 runs in ./{tmp_path.name}: ")
    monkeypatch.chdir(Path(__file__).parent)
    assert sentence(3, tmp_path.as_uri()) == (
        f"3 runs in {tmp_path}: fitscribe runs list --uri {tmp_path}"
    )
    told = sentence(3, "postgresql://me:hunter2@host/db")
    assert "hunter2" not in told
    assert "host/db" in told
