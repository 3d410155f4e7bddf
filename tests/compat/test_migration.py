"""A script of a user of MLflow prints the same with fitscribe in MLflow's place."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("migration.py")
LINES = 7


def test_the_verbs_of_models_print_the_same(tmp_path: Path, beside: Any, run_python: Any) -> None:
    there, here, edited = (tmp_path / name for name in ("there", "here", "edited"))
    for folder in (there, here, edited):
        folder.mkdir()
    expected = beside("3", "migration.py", cwd=there)
    assert len(expected.splitlines()) == LINES

    # As it is.
    shutil.copy(SCRIPT, here)
    done = run_python("-m", "fitscribe", "run", "migration.py", cwd=here)
    assert (done.stdout, done.stderr) == (expected, "")

    # With its import lines changed, and nothing else.
    text = SCRIPT.read_text(encoding="utf-8")
    for line, ours in (
        ("import mlflow\n", "import fitscribe as mlflow\n"),
        ("from mlflow import", "from fitscribe import"),
        ("from mlflow.models import", "from fitscribe.models import"),
    ):
        assert text.count(line) == 1
        text = text.replace(line, ours)
    done = run_python(text, cwd=edited)
    assert done.stdout == expected, done.stderr
