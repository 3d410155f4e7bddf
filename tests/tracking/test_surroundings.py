"""What a run ran in: distributions, uncommitted changes, arguments; secrets are masked."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fitscribe.tracking.surroundings import (
    environment_lock,
    masked_arguments,
    masked_text,
    uncommitted_diff,
)

SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--password", SECRET],
        [f"--password={SECRET}"],
        ["--db-password", SECRET],
        ["-token", SECRET],
        ["--hf-token", SECRET],
        [f"--api-key={SECRET}"],
        [f"AWS_SECRET_ACCESS_KEY={SECRET}"],
        [f"DB_PASSWORD={SECRET}"],
        [f"--url=postgres://me:{SECRET}@host:5432/db"],
        [f"postgres://me:{SECRET}@host/db"],
        [f"https://host/data.csv?rows=5&token={SECRET}"],
        ["--header", f"Authorization: Bearer {SECRET}"],
        ["--token", "--verbose", f"--secret={SECRET}"],
        ["ghp_" + SECRET * 2],
    ],
)
def test_secrets_among_the_arguments(arguments):
    masked = masked_arguments(["train.py", *arguments])

    assert len(masked) == len(arguments) + 1
    assert SECRET not in " ".join(masked)
    assert "***" in " ".join(masked)


def test_other_arguments_stay():
    plain = ["train.py", "--rows", "5", "--tokenizer", "words", "--path=a/b", "https://host/x.csv"]
    plain += ["--author", "me", "C=0.5", "--passes=3", "--n_tokens_max", "9"]

    assert masked_arguments(plain)[:-1] == plain[:-1]


@pytest.mark.parametrize(
    "line",
    [
        f'password = "{SECRET}"',
        f"api_key: {SECRET}",
        f"config = {{'token': '{SECRET}', 'rows': 5}}",
        f"connect(user='me', passwd='{SECRET}')",
        f"mysql://root:{SECRET}@host/db",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_in_text(line):
    masked = masked_text(f"+before\n+{line}\n+after")

    assert SECRET not in masked
    assert masked.startswith("+before\n")
    assert masked.endswith("\n+after")


def test_the_environment_is_what_is_installed():
    lines = environment_lock().decode().splitlines()

    assert lines[0].startswith("# CPython 3.")
    assert f"numpy=={np.__version__}" in lines
    assert f"scikit-learn=={importlib.metadata.version('scikit-learn')}" in lines
    assert len(lines) == len(set(lines))


def test_the_environment_is_read_again_when_something_is_installed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    before = environment_lock()
    (tmp_path / "my_thing-1.2.dist-info").mkdir()
    (tmp_path / "numpy-0.0.1.dist-info").mkdir()

    assert b"my-thing==1.2\n" in environment_lock()
    assert b"numpy==0.0.1\n" in environment_lock()  # the first on the path is imported
    assert before != environment_lock()


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init")
    (folder / "train.py").write_text("rows = 5\n")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


def test_uncommitted_changes(repository):
    assert uncommitted_diff(str(repository)) is None

    (repository / "train.py").write_text(f'rows = 6\npassword = "{SECRET}"\n')
    told = uncommitted_diff(str(repository)).decode()

    assert "-rows = 5\n+rows = 6\n" in told
    assert "+password = ***" in told


def test_many_changes_are_cut(repository):
    (repository / "train.py").write_text("x = 1  # a line of many\n" * 40_000)
    told = uncommitted_diff(str(repository))

    assert len(told) < 300_000
    assert told.endswith(b"\n# cut: more than 256 KiB\n")


def test_a_folder_without_git_has_no_changes(tmp_path):
    assert uncommitted_diff(str(tmp_path / "nothing")) is None


FIT = """
import sys
import fitscribe
from dataclasses import replace
from sklearn.linear_model import Ridge
from fitscribe.sklearn.options import current, set_for_process
fitscribe.sklearn.autolog(silent=True)
if "details" in sys.argv:
    set_for_process(replace(current(), log_source_details=True))
Ridge().fit([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0])
(run,) = fitscribe.search_runs(output_format="list")
where = f"runs:/{run.info.run_id}"
for artifact in fitscribe.artifacts.list_artifacts(where):
    if artifact.path in ("uncommitted.diff", "arguments.json", "environment.txt"):
        print(artifact.path, repr(fitscribe.artifacts.load_text(f"{where}/{artifact.path}")))
"""


@pytest.mark.parametrize("asked", [False, True])
def test_details_are_kept_on_request_only(repository, tmp_path, asked):
    (repository / "train.py").write_text(FIT)
    arguments = ["details"] if asked else []
    done = subprocess.run(
        [sys.executable, "train.py", "--password", SECRET, *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )

    told = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert "environment.txt" in told
    assert SECRET not in done.stdout
    assert ("uncommitted.diff" in told, "arguments.json" in told) == (asked, asked)
    if asked:
        kept = json.loads(told["arguments.json"].strip("'"))
        assert kept == {
            "format": 1,
            "arguments": ["train.py", "--password", "***", "details"],
        }
