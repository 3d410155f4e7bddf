"""``fitscribe NOUN VERB``: what it prints, refuses and returns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import fitscribe
import fitscribe.sklearn
from fitscribe.cli import main

RunPython = Callable[..., subprocess.CompletedProcess[str]]
Output = pytest.CaptureFixture[str]

COMMANDS = [
    ("runs", "list"),
    ("runs", "show"),
    ("runs", "search"),
    ("runs", "delete"),
    ("runs", "restore"),
    ("experiments", "list"),
    ("models", "list"),
    ("models", "registered"),
    ("models", "versions"),
    ("models", "show"),
    ("models", "env"),
    ("models", "diff"),
    ("models", "verify"),
    ("models", "predict"),
    ("db", "info"),
    ("db", "upgrade"),
]
LOOKS = ("list", "registered", "info", "upgrade")


@pytest.fixture
def runs(home: Path) -> dict[str, str]:
    """Record two runs by hand and a fit; return their ids by name."""
    ids = {}
    for name, loss in (("first", 0.25), ("zweiter 🎯", float("nan"))):
        with fitscribe.start_run(run_name=name, tags={"note": "a\nb"}) as run:
            fitscribe.log_metric("loss", loss)
            fitscribe.log_param("größe", name)
            fitscribe.log_text("text", "notes/a.txt")
        ids[name] = run.info.run_id
    fitscribe.set_experiment("fits")
    fitscribe.sklearn.autolog(silent=True)
    X_train = np.arange(20.0).reshape(10, 2)
    LogisticRegression().fit(X_train, np.arange(10) % 2)
    fitscribe.sklearn.autolog(disable=True)
    last = fitscribe.last_active_run()
    assert last is not None
    ids["fit"] = last.info.run_id
    return ids


def said(output: Output, *arguments: str, status: int = 0) -> str:
    """Run a command and return what it printed."""
    assert main(arguments) == status
    told = output.readouterr()
    if status == 0:
        assert told.err == ""
    return told.out


def told_json(output: Output, *arguments: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(said(output, *arguments, "--json"), parse_constant=refuse)


def refused(output: Output, *arguments: str, status: int = 1) -> str:
    """Run a command that fails; return what it says on standard error."""
    assert main(arguments) == status
    told = output.readouterr()
    assert told.out == ""
    return told.err


# runs list, runs search


def test_runs_are_listed_newest_first(runs: dict[str, str], capsys: Output) -> None:
    heading, *rows = said(capsys, "runs", "list").splitlines()
    assert heading.split()[:2] == ["name", "run"]
    assert "training_accuracy_score" in heading
    assert [row.split("  ")[0] for row in rows] == [
        f"LogisticRegression · {runs['fit'][:4]}",
        "zweiter 🎯",
        "first",
    ]
    for run_id, row in zip(reversed(runs.values()), rows, strict=True):
        assert run_id[:12] in row
    assert all("FINISHED" in row for row in rows)


def test_a_list_of_one_experiment(runs: dict[str, str], capsys: Output) -> None:
    assert len(said(capsys, "runs", "list", "--experiment", "fits").splitlines()) == 2
    assert len(said(capsys, "runs", "list", "--experiment", "0").splitlines()) == 3
    told = refused(capsys, "runs", "list", "--experiment", "fit")
    assert told == "fitscribe: There is no experiment 'fit'. There are: Default, fits.\n"


def test_a_list_has_an_end_and_says_so(runs: dict[str, str], capsys: Output) -> None:
    assert main(["runs", "list", "--limit", "2"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 3
    assert told.err == "… and more: --limit 10\n"


def test_runs_as_json(runs: dict[str, str], capsys: Output) -> None:
    told = told_json(capsys, "runs", "list")
    assert [run["info"]["run_id"] for run in told] == list(reversed(runs.values()))
    assert told[1]["data"]["metrics"] == {"loss": "NaN"}
    assert told[1]["data"]["params"] == {"größe": "zweiter 🎯"}
    assert told[0]["inputs"]["dataset_inputs"][0]["dataset"]["name"] == "X_train"
    assert told_json(capsys, "runs", "search", "params.none = 'x'") == []


def test_runs_are_searched(runs: dict[str, str], capsys: Output) -> None:
    found = said(capsys, "runs", "search", "params.größe = 'first' or metrics.training_score > 0")
    assert len(found.splitlines()) == 3
    order = ["--order-by", "metrics.loss", "--order-by", "start_time DESC"]
    names = [run["info"]["run_name"] for run in told_json(capsys, "runs", "list", *order)]
    assert names[0] == "first"
    assert said(capsys, "runs", "search", "metrics.loss > 9").startswith("No runs found in file:")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("metrics.loss > ", 15, "number"),
        ("metrics.loss ~ 1", 13, "operator"),
        ("metric.loss > 'x'", 14, "number"),
        ("params.a = 'b", 11, "quote"),
        ("size > 3", 0, "size"),
    ],
)
def test_a_bad_filter_shows_the_place(
    runs: dict[str, str], capsys: Output, text: str, place: int, words: str
) -> None:
    told = refused(capsys, "runs", "search", text)
    first, line, mark, *_ = told.splitlines()
    assert first.startswith("fitscribe: Cannot read the filter")
    assert words in told
    assert line == f"  {text}"
    assert mark.index("^") - 2 == place


# runs show


def test_a_run_is_shown_whole(runs: dict[str, str], capsys: Output) -> None:
    told = said(capsys, "runs", "show", runs["fit"][:10])
    for part in ("experiment", "fits", "training_accuracy_score", "X_train", "models:/m-", "C "):
        assert part in told
    told = said(capsys, "runs", "show", runs["first"])
    assert "a … (1 more lines)" in told
    assert "notes" in told
    assert "\x1b" not in told
    run = told_json(capsys, "runs", "show", runs["zweiter 🎯"])
    assert run["info"]["run_name"] == "zweiter 🎯"
    assert run["data"]["tags"]["note"] == "a\nb"


def test_children_are_shown_with_their_run(home: Path, capsys: Output) -> None:
    with fitscribe.start_run(run_name="outer") as run:
        for number in range(12):
            with fitscribe.start_run(run_name=f"inner {number}", nested=True):
                pass
    told = said(capsys, "runs", "show", run.info.run_id)
    assert "children (newest 10)" in told
    assert "inner 11" in told
    assert "inner 0 " not in told
    assert len(said(capsys, "runs", "list").splitlines()) == 2
    assert len(said(capsys, "runs", "list", "--children").splitlines()) == 14


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("ffffffffffff", "There is no run 'ffffffffffff' in file:"),
        ("' or 1=1", "letters and digits only"),
        ("%", "letters and digits only"),
    ],
)
def test_a_run_that_is_not_there(
    runs: dict[str, str], capsys: Output, run: str, words: str
) -> None:
    assert words in refused(capsys, "runs", "show", run)


def test_a_beginning_that_fits_several_runs_names_them(home: Path, capsys: Output) -> None:
    seen: dict[str, str] = {}
    while True:  # 16 first digits: done after at most 17 runs
        run_id = fitscribe.Client().create_run("0").info.run_id
        if run_id[0] in seen:
            break
        seen[run_id[0]] = run_id
    told = refused(capsys, "runs", "show", run_id[0])
    assert told.startswith(f"fitscribe: Several runs begin with {run_id[0]!r}: ")
    assert run_id[:12] in told
    assert seen[run_id[0]][:12] in told


# runs delete, runs restore


def test_deleting_says_how_to_undo_it(runs: dict[str, str], capsys: Output) -> None:
    first = runs["first"]
    assert main(["runs", "delete", first[:12], "ffffffffffff"]) == 1
    told = capsys.readouterr()
    assert told.out == f"In the bin: {first} (first)\n"
    assert "There is no run 'ffffffffffff'" in told.err
    undo = told.err.splitlines()[-1].partition("fitscribe ")[2].split()
    assert len(told_json(capsys, "runs", "list")) == 2
    assert [run["info"]["run_id"] for run in told_json(capsys, "runs", "list", "--deleted")] == [
        first
    ]
    assert said(capsys, *undo) == f"Restored: {first} (first)\n"
    assert len(told_json(capsys, "runs", "list")) == 3
    assert "There is no run" in refused(capsys, *undo)


def test_a_run_in_the_bin_is_shown_as_one(runs: dict[str, str], capsys: Output) -> None:
    run_id = runs["first"]
    back = f"fitscribe runs restore {run_id[:12]}"
    assert back not in said(capsys, "runs", "show", run_id)
    fitscribe.delete_run(run_id)
    assert back in said(capsys, "runs", "show", run_id)


def test_deleting_and_restoring_as_json(runs: dict[str, str], capsys: Output) -> None:
    first = runs["first"]
    assert told_json(capsys, "runs", "delete", first) == {"deleted": [first]}
    assert told_json(capsys, "runs", "restore", first) == {"restored": [first]}


# experiments, models, db


def test_experiments_are_listed(runs: dict[str, str], capsys: Output) -> None:
    told = said(capsys, "experiments", "list").splitlines()
    assert [row.split()[0] for row in told] == ["name", "fits", "Default"]
    names = [one["name"] for one in told_json(capsys, "experiments", "list")]
    assert names == ["fits", "Default"]
    made = fitscribe.create_experiment("gone")
    fitscribe.delete_experiment(made)
    (gone,) = told_json(capsys, "experiments", "list", "--deleted")
    assert (gone["experiment_id"], gone["lifecycle_stage"]) == (made, "deleted")


def test_registered_models_are_listed(runs: dict[str, str], capsys: Output) -> None:
    assert said(capsys, "models", "registered").startswith("No registered models found in file:")
    (model,) = told_json(capsys, "models", "list", "--experiment", "fits")
    client = fitscribe.Client()
    for name in ("it's one", "it's one", "other"):
        fitscribe.register_model(f"models:/{model['model_id']}", name)
    client.create_registered_model("empty")
    client.set_registered_model_alias("it's one", "champion", "1")
    client.set_registered_model_alias("it's one", "next", "2")
    client.transition_model_version_stage("it's one", "2", "Staging")
    heading, *rows = said(capsys, "models", "registered").splitlines()
    assert heading.split() == ["name", "latest", "stage", "aliases", "updated"]
    assert [row.split()[0] for row in rows] == ["empty", "it's", "other"]
    for part in (" 2 ", "Staging", "champion=1, next=2", "s ago"):
        assert part in rows[1]
    assert len(said(capsys, "models", "registered", "--limit", "1").splitlines()) == 2
    told = told_json(capsys, "models", "registered")
    assert [one["name"] for one in told] == ["empty", "it's one", "other"]
    assert told[1]["aliases"] == {"champion": "1", "next": "2"}
    heading, *rows = said(capsys, "models", "versions", "it's one").splitlines()
    assert heading.split() == ["version", "stage", "aliases", "source", "run", "made", "by"]
    assert [row.split()[0] for row in rows] == ["2", "1"]
    for part in ("None", "champion", f"models:/{model['model_id']}", runs["fit"][:12]):
        assert part in rows[1]
    told = told_json(capsys, "models", "versions", "it's one", "--limit", "1")
    assert [(one["version"], one["current_stage"]) for one in told] == [("2", "Staging")]
    assert "no versions" in said(capsys, "models", "versions", "empty")
    assert "fitscribe models registered" in refused(capsys, "models", "versions", "none")


def test_models_are_listed(runs: dict[str, str], capsys: Output) -> None:
    _, row = said(capsys, "models", "list").splitlines()
    assert "READY" in row
    assert runs["fit"][:12] in row
    (model,) = told_json(capsys, "models", "list", "--experiment", "fits")
    assert f"models:/{model['model_id']}" in row
    assert said(capsys, "models", "list", "--experiment", "0").startswith("No models found")


def test_the_database_tells_of_itself(runs: dict[str, str], home: Path, capsys: Output) -> None:
    told = dict(line.split(maxsplit=1) for line in said(capsys, "db", "info").splitlines())
    assert (told["runs"], told["experiments"]) == ("3", "2")
    assert told["engine"].startswith("SQLite 3.")
    assert told["address"].endswith("fitscribe.db")
    info = told_json(capsys, "db", "info")
    assert info["counts"]["runs"] == 3
    assert info["size_bytes"] > 0
    assert said(capsys, "db", "upgrade").startswith("Nothing to do")
    schema = told_json(capsys, "db", "upgrade", str(home))
    assert schema["before"] == schema["after"] == info["schema"]


# Where


def test_another_place_is_named_by_uri(runs: dict[str, str], home: Path, capsys: Output) -> None:
    fitscribe.set_tracking_uri(home.parent / "elsewhere")
    assert "Nothing is recorded in elsewhere yet" in refused(capsys, "runs", "list")
    fitscribe.set_tracking_uri(home.parent / "elsewhere")
    assert len(told_json(capsys, "runs", "list", "--uri", "home")) == 3
    assert len(told_json(capsys, "runs", "list", "--uri", f"sqlite:///{home}/fitscribe.db")) == 3
    assert not (home.parent / "elsewhere").exists()


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[1] in LOOKS])
def test_looking_makes_nothing(
    home: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch, command: tuple[str, str]
) -> None:
    fitscribe.set_tracking_uri("")
    told = refused(capsys, *command)
    assert "Nothing is recorded in .fitscribe yet" in told
    assert "--uri" in told
    refused(capsys, *command, "--uri", "sqlite:///typo.db")
    assert list(home.parent.iterdir()) == []


def test_a_bad_address_is_told(home: Path, capsys: Output) -> None:
    assert "mysql" in refused(capsys, "runs", "list", "--uri", "mysql://host/db")
    told = refused(capsys, "runs", "list", "--uri", "postgresql://me:hunter2@127.0.0.1:1/db")
    assert told.startswith("fitscribe: ")
    assert "hunter2" not in told


def test_a_broken_database_is_told_without_a_traceback(home: Path, capsys: Output) -> None:
    home.mkdir()
    (home / "fitscribe.db").write_bytes(b"no database at all, whatever its name says" * 100)
    told = refused(capsys, "runs", "list")
    assert "fitscribe.db" in told
    assert "Traceback" not in told


# Usage


@pytest.mark.parametrize("command", [(), *COMMANDS, ("run",)])
def test_every_command_has_help(capsys: Output, command: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr()
    assert told.out.startswith(" ".join(["usage: fitscribe", *command]))
    assert told.err == ""
    if len(command) == 2:
        assert "--json" in told.out
        assert "--uri" in told.out


@pytest.mark.parametrize(
    "arguments",
    [(), ("runs",), ("run",), ("fits", "list"), ("runs", "lst"), ("runs", "show"), ("runs", "-x")],
)
def test_wrong_usage_is_2(capsys: Output, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: fitscribe" in capsys.readouterr().err


# Terminals and pipes


@pytest.mark.posix
def test_colours_in_a_terminal_only(
    runs: dict[str, str], capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda self: True, raising=False)
    assert "\x1b[32mFINISHED" in said(capsys, "runs", "list")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in said(capsys, "runs", "list")
    monkeypatch.setenv("NO_COLOR", "")  # empty does not count: no-color.org
    assert "\x1b" in said(capsys, "runs", "show", runs["fit"])


def test_control_characters_of_a_name_do_not_reach_the_terminal(
    home: Path, capsys: Output
) -> None:
    with fitscribe.start_run() as run:
        fitscribe.set_tag("mlflow.runName", "red \x1b[31m alert")
        fitscribe.log_param("p", "\x1b]0;title\x07")
    for command in (["runs", "list"], ["runs", "show", run.info.run_id]):
        told = said(capsys, *command)
        assert "alert" in told
        assert "\x1b" not in told
        assert "\x07" not in told
    assert "\x1b" not in refused(capsys, "runs", "list", "--experiment", "\x1b[31m")


def test_a_reader_that_goes_away_is_no_error(runs: dict[str, str], home: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "fitscribe", "runs", "list", "--json", "--uri", str(home)],
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_that_shows_ascii_only(
    runs: dict[str, str], run_python: RunPython, home: Path
) -> None:
    env = {"PYTHONIOENCODING": "ascii"}
    done = run_python("-m", "fitscribe", "runs", "list", "--uri", str(home), env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "zweiter ?" in done.stdout


def test_the_command_is_installed(runs: dict[str, str], run_python: RunPython, home: Path) -> None:
    command = Path(sys.executable).with_name("fitscribe")
    done = subprocess.run(
        [command, "runs", "list", "--uri", home], capture_output=True, text=True, check=True
    )
    assert "LogisticRegression" in done.stdout
