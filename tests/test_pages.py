"""The code of README and of the pages in ``docs`` runs: block after block, as who reads does."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import fitscribe.sklearn
from fitscribe.modelfolder.manifest import MANIFEST
from fitscribe.modelfolder.seal import SEAL

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What of a page is not run, and why: by a line of Python that its block has, or by the beginning
# of a command.
NOT_RUN = {
    ("docs/mlflow.md", "import mlflow.pyfunc, mlflow.sklearn"): (
        "needs MLflow itself, which is not installed beside fitscribe: make test-compat does it"
    ),
    ("docs/models.md", "fitscribe models env iris-model --create"): (
        "installs packages: tests/batch/test_own_environment.py makes an environment"
    ),
    (
        "docs/predicting.md",
        "fitscribe models predict -m models:/iris/1 -i flowers.parquet -o answers.csv --env venv",
    ): ("installs packages: tests/batch/test_own_environment.py does it, once for all tests"),
    ("README.md", "make demo"): "installs fitscribe into .venv: CI does it",
    ("README.md", "make test"): "runs all tests, this one among them",
}

# What a page takes as given, for it comes from elsewhere: a folder as MLflow, or somebody else,
# writes it. Real ones of MLflow are in tests/compat, of older versions of scikit-learn.
GIVEN = {
    "docs/models.md": "from-a-colleague",
    "docs/mlflow.md": "mlruns/1/models/m-4f1d/artifacts",
}

# Runs the blocks of a page in one namespace, and its commands between them. Lines in tracebacks
# are those of the page.
READER = """
import json, shlex, sys
from fitscribe.cli import main

page, steps = json.loads(sys.stdin.read())
names = {"__name__": "__main__"}
for kind, line, text in steps:
    if kind == "python":
        exec(compile("\\n" * line + text, page, "exec"), names)
        continue
    try:
        status = main(shlex.split(text, comments=True)[1:])
    except SystemExit as error:
        status = error.code
    if status:
        sys.exit(f"{page}:{line}: {text} ended with {status}")
"""


def blocks(page: str) -> Iterator[tuple[str, int, str]]:
    """Yield the language of each block of a page, the number of lines before it, and its text."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        yield found[1], text.count("\n", 0, found.start(2)), found[2]


def steps(page: str) -> Iterator[tuple[str, int, str]]:
    """Yield what a page has to run: blocks of Python, and commands of blocks of no language."""
    for language, line, text in blocks(page):
        if language == "python":
            yield language, line, text
        elif not language:
            for command in text.replace("\\\n", " ").splitlines():
                if command.strip():
                    yield "command", line, " ".join(command.split())


def reason(page: str, kind: str, text: str) -> str | None:
    """Return why a step is not run, None if it is."""
    for (where, what), why in NOT_RUN.items():
        there = what in text if kind == "python" else text.startswith(what)
        if where == page and there:
            return why
    return None


def put_strangers(folder: Path) -> None:
    model = GaussianNB().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    fitscribe.sklearn.save_model(model, folder, input_example=np.array([[0.5]]))
    for name in (MANIFEST, SEAL):
        (folder / name).unlink()


@pytest.mark.parametrize("page", [page for page in PAGES if list(steps(page))])
def test_what_a_page_shows_runs(
    page: str, tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    if page in GIVEN:
        put_strangers(tmp_path / GIVEN[page])
    run = [step for step in steps(page) if reason(page, step[0], step[2]) is None]
    foreign = [text for kind, _, text in run if kind == "command" and not is_ours(text)]
    assert foreign == [], "no command of fitscribe: say in NOT_RUN why it is not run"
    done = run_python("-W", "error", "-c", READER, input=json.dumps([page, run]))
    assert done.returncode == 0, done.stderr


def is_ours(command: str) -> bool:
    return shlex.split(command, comments=True)[:1] == ["fitscribe"]


def test_what_is_not_run_is_still_there() -> None:
    gone = [
        (page, what)
        for page, what in NOT_RUN
        if not any(
            what in text if kind == "python" else text.startswith(what)
            for kind, _, text in steps(page)
        )
    ]
    assert gone == []
    assert set(GIVEN) <= set(PAGES)


def test_pages_use_no_other_languages() -> None:
    # One that is written otherwise would be run by nobody.
    assert {language for page in PAGES for language, _, _ in blocks(page)} <= {
        "",
        "python",
        "toml",
    }


def test_a_page_that_is_wrong_is_found(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    for step, told in (
        (("python", 6, "1 / 0\n"), 'page.md", line 7'),
        (("python", 0, "import warnings; warnings.warn('old')\n"), "UserWarning: old"),
        (("command", 3, "fitscribe models show nowhere"), "page.md:3"),
        (("command", 3, "fitscribe models shown nowhere"), "page.md:3"),
    ):
        done = run_python("-W", "error", "-c", READER, input=json.dumps(["page.md", [step]]))
        assert done.returncode == 1
        assert told in done.stderr
