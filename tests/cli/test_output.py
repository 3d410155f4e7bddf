"""What the command line does with odd names, odd numbers and an output that takes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import fitscribe
from fitscribe.cli import main
from fitscribe.tracking.connect import disconnect

Output = pytest.CaptureFixture[str]


@pytest.fixture
def runs(home: Path) -> Path:
    """Record three runs whose names could drive a terminal; return their home."""
    for number in range(3):
        with fitscribe.start_run(run_name=f"a\x1b[31m\n{number}"):
            fitscribe.log_metric("m", number)
    disconnect()
    return home


def test_an_empty_filter_finds_all(runs: Path, capsys: Output) -> None:
    assert main(["runs", "search", "", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "", "100000"])
@pytest.mark.parametrize("noun", ["runs", "models"])
def test_a_limit_is_a_number_of_results(
    runs: Path, capsys: Output, noun: str, number: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main([noun, "list", f"--limit={number}"])
    assert left.value.code == 2
    assert "from 1 to 50000" in capsys.readouterr().err


def test_the_version_is_told(capsys: Output) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("fitscribe 0.")


def test_names_in_a_message_do_not_drive_the_terminal(home: Path, capsys: Output) -> None:
    for number in range(17):  # two of them begin with the same digit
        fitscribe.Client().create_run("0", run_name=f"a\x1b[31m\n{number}")
    ids = [run.info.run_id[0] for run in fitscribe.Client().search_runs(["0"])]
    twice = next(one for one in ids if ids.count(one) > 1)
    assert main(["runs", "show", twice]) == 1
    said = capsys.readouterr().err
    assert "Several runs begin" in said
    assert "\x1b" not in said
    assert said.count("\n") == 1


def test_a_run_that_ended_before_it_began(home: Path, capsys: Output) -> None:
    client = fitscribe.Client()
    run = client.create_run("0", start_time=2**62)
    client.set_terminated(run.info.run_id, end_time=5)
    assert main(["runs", "list"]) == 0
    assert "-" not in capsys.readouterr().out.partition("FINISHED")[2]


@pytest.mark.posix
@pytest.mark.parametrize("command", ["runs list", "runs list --json", "db info"])
def test_an_output_that_takes_nothing(runs: Path, command: str) -> None:
    arguments = [sys.executable, "-m", "fitscribe", *command.split(), "--uri", str(runs)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "fitscribe: the output cannot be written: No space left on device.\n",
    )
    closed = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *arguments], stderr=subprocess.PIPE, text=True
    )
    assert (closed.returncode, closed.stderr) == (0, "")
