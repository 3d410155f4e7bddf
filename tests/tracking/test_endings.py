"""However a process ends, its runs tell the truth: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import fitscribe
from fitscribe.core.clock import now_ms
from fitscribe.core.commands import Batch, Lease, RunChange, RunRecord
from fitscribe.tracking import kept
from fitscribe.tracking import lease as leases
from fitscribe.tracking.connect import connect, disconnect

pytestmark = pytest.mark.usefixtures("home")


def script(home: Path, text: str) -> list[str]:
    head = f"import fitscribe, os, signal, sys, time\nfitscribe.set_tracking_uri({str(home)!r})\n"
    return [sys.executable, "-c", head + textwrap.dedent(text)]


def run_script(home: Path, text: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        script(home, text), capture_output=True, text=True, timeout=60, check=False, **options
    )


def only_run() -> Any:
    (run,) = fitscribe.search_runs(output_format="list")
    return run


def test_a_script_that_ends_leaves_finished(home: Path) -> None:
    done = run_script(home, "fitscribe.start_run(); fitscribe.log_metric('m', 1)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    run = only_run()
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"m": 1.0}


def test_an_uncaught_exception_leaves_failed(home: Path) -> None:
    done = run_script(home, "fitscribe.start_run(); raise ValueError('broken')")
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ValueError: broken")
    run = only_run()
    assert run.info.status == "FAILED"
    assert run.data.tags["fitscribe.error.type"] == "builtins.ValueError"
    assert run.data.tags["fitscribe.error.message"] == "broken"


def test_a_hook_that_was_there_is_called(home: Path) -> None:
    text = """
        sys.excepthook = lambda kind, error, trace: print("mine", error)
        fitscribe.start_run()
        raise ValueError("broken")
    """
    assert run_script(home, text).stdout == "mine broken\n"
    assert only_run().info.status == "FAILED"


def test_an_exception_that_another_hook_took_leaves_failed(home: Path) -> None:
    text = """
        fitscribe.start_run()
        sys.excepthook = lambda kind, error, trace: print("mine", error)
        raise ValueError("broken")
    """
    done = run_script(home, text)
    assert (done.returncode, done.stdout) == (1, "mine broken\n")
    run = only_run()
    assert run.info.status == "FAILED"
    assert run.data.tags["fitscribe.error.message"] == "broken"


@pytest.mark.parametrize("inside", [False, True])
def test_an_exception_that_ends_a_thread_fails_the_runs_that_it_opened(
    home: Path, inside: bool
) -> None:
    text = f"""
        import threading
        threading.excepthook = lambda args: print("mine", args.exc_value)

        def work(error):
            fitscribe.start_run(run_name=str(error), nested=True)
            raise error

        if {inside}:
            fitscribe.start_run(run_name="main")
        for error in (ValueError("broken"), SystemExit(0)):
            thread = threading.Thread(target=work, args=(error,))
            thread.start()
            thread.join()
        fitscribe.set_tag("still", "open")
    """
    done = run_script(home, text)
    assert (done.returncode, done.stdout.splitlines()[0], done.stderr) == (0, "mine broken", "")
    found = fitscribe.search_runs(output_format="list")
    assert [run.info.status for run in found if run.info.run_name == "broken"] == ["FAILED"]
    assert {run.info.status for run in found if run.info.run_name != "broken"} == {"FINISHED"}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -15)])
def test_signals_leave_killed_and_the_exit_status(home: Path, number: int, status: int) -> None:
    # A shell's background job, and all that it starts, ignores SIGINT until it is told otherwise.
    heard = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    # Python runs a handler between two instructions: one that comes just before a long sleep
    # would be heard after it.
    text = f"{heard}; fitscribe.start_run(); print('ready', flush=True)\nwhile 1: time.sleep(0.05)"
    process = subprocess.Popen(
        script(home, text), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        process.communicate(timeout=30)
    plain = f"import signal, time; {heard}; print(1, flush=True)\nwhile 1: time.sleep(0.05)"
    bare = subprocess.Popen(
        [sys.executable, "-c", plain],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        bare.send_signal(number)
        bare.wait(30)
    assert process.returncode == bare.returncode
    assert only_run().info.status == "KILLED"


def test_a_sigterm_handler_of_the_users_own_is_called(home: Path) -> None:
    text = """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        fitscribe.start_run()
        os.kill(os.getpid(), signal.SIGTERM)
        while True:
            time.sleep(0.05)
    """
    assert run_script(home, text).returncode == 7
    assert only_run().info.status == "KILLED"


LEAVES = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
HEARS = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)"


@pytest.mark.posix
@pytest.mark.parametrize(
    "text",
    [
        f"{LEAVES}\nwith fitscribe.start_run(): {HEARS}",
        f"with fitscribe.start_run(): pass\n{LEAVES}\nwith fitscribe.start_run(): {HEARS}",
        f"with fitscribe.start_run(): pass\n{LEAVES}\nfitscribe.start_run(); {HEARS}",
    ],
    ids=["in a with", "set after a run", "set after a run, no with"],
)
def test_a_sigterm_handler_that_leaves_is_no_failure(home: Path, text: str) -> None:
    assert run_script(home, text).returncode == 7
    run = fitscribe.search_runs(output_format="list")[0]
    assert (run.info.status, run.data.tags["fitscribe.ended_by"]) == ("KILLED", "SIGTERM")


@pytest.mark.posix
def test_a_sigterm_handler_that_only_notes_it_lets_the_script_end(home: Path) -> None:
    text = """
        signal.signal(signal.SIGTERM, lambda *_: print("noted"))
        fitscribe.start_run()
        os.kill(os.getpid(), signal.SIGTERM)
        fitscribe.log_metric("m", 1)
    """
    done = run_script(home, text)
    assert (done.returncode, done.stdout) == (0, "noted\n")
    assert only_run().info.status == "FINISHED"


@pytest.mark.posix
def test_a_handler_that_is_put_back_is_not_called_twice(home: Path) -> None:
    text = """
        calls = []
        signal.signal(signal.SIGTERM, lambda *_: calls.append("first"))
        with fitscribe.start_run():
            old = signal.signal(signal.SIGTERM, lambda *_: (calls.append("own"), old(*_)))
        with fitscribe.start_run():
            signal.signal(signal.SIGTERM, old)
        with fitscribe.start_run():
            os.kill(os.getpid(), signal.SIGTERM)
        print(calls, signal.getsignal(signal.SIGTERM) is old)
    """
    assert run_script(home, text).stdout == "['first'] True\n"


@pytest.mark.posix
def test_a_fork_is_ended_by_sigterm_as_without_us(home: Path) -> None:
    text = """
        fitscribe.start_run()
        child = os.fork()
        if child == 0:
            # The kernel's own: a handler in Python can miss a signal before a blocking call.
            first = signal.getsignal(signal.SIGTERM)
            fitscribe.end_run()
            with fitscribe.start_run(run_name="of the fork", nested=True):
                if first is signal.SIG_DFL:
                    os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(60)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        fitscribe.set_tag("after", "fork")
    """
    done = run_script(home, text)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{-signal.SIGTERM}\n", "")
    runs = fitscribe.search_runs(output_format="list")
    ends = {run.data.tags.get("after"): run.info.status for run in runs}
    assert ends == {None: "KILLED", "fork": "FINISHED"}


def test_kill_9_leaves_killed_for_the_next_process(home: Path) -> None:
    text = "fitscribe.start_run(); fitscribe.log_metric('m', 1); os.kill(os.getpid(), 9)"
    assert run_script(home, text).returncode == -9
    run = only_run()  # connecting is what finds it
    assert run.info.status == "KILLED"
    assert run.data.tags["fitscribe.ended_by"] == "lease"
    assert run.data.metrics == {"m": 1.0}


@pytest.mark.posix
@pytest.mark.parametrize(
    "read",
    [
        lambda run_id: only_run(),
        fitscribe.get_run,
        lambda run_id: fitscribe.Client().get_run(run_id),
        lambda run_id: fitscribe.Client().search_runs(["0"])[0],
    ],
    ids=["search_runs", "get_run", "Client.get_run", "Client.search_runs"],
)
def test_kill_9_leaves_killed_for_a_process_that_was_there(
    home: Path, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(kept, "end_dead_runs", lambda store: asked.append(1) or ends(store))
    monkeypatch.setattr(kept._Looked, "at", -kept.LOOK_S)
    ends = leases.end_dead_runs
    with fitscribe.start_run() as own:
        read(own.info.run_id)
    read(own.info.run_id)
    assert asked == []
    fitscribe.delete_run(own.info.run_id)
    text = (
        "run = fitscribe.start_run(); print(run.info.run_id, flush=True); os.kill(os.getpid(), 9)"
    )
    run_id = run_script(home, text).stdout.strip()
    assert read(run_id).info.status == "KILLED"
    read(run_id)
    assert asked == [1]


def test_who_is_alive_is_not_asked_again_and_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(kept, "end_dead_runs", lambda store: asked.append(1) or [])
    monkeypatch.setattr(kept._Looked, "at", -kept.LOOK_S)
    run = fitscribe.Client().create_run("0")  # RUNNING, and kept open by nobody
    for _ in range(3):
        assert fitscribe.get_run(run.info.run_id).info.status == "RUNNING"
    assert asked == [1]


def test_an_end_that_could_not_be_stored_is_stored_at_the_exit(home: Path) -> None:
    text = f"""
        import sqlite3
        from fitscribe.errors import StoreUnavailable
        from fitscribe.tracking.connect import connect

        connect().store._engine._busy_timeout_s = 0.1
        other = sqlite3.connect({str(home / "fitscribe.db")!r}, isolation_level=None)
        try:
            with fitscribe.start_run():
                other.execute("BEGIN IMMEDIATE")
                raise ValueError("broken")
        except StoreUnavailable:
            print(fitscribe.active_run())
        other.execute("ROLLBACK")
    """
    done = run_script(home, text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")
    run = only_run()
    assert (run.info.status, run.data.tags["fitscribe.error.message"]) == ("FAILED", "broken")


def test_a_late_heartbeat_revives_a_run() -> None:
    run = fitscribe.start_run()
    store = connect().store
    store.end_abandoned([run.info.run_id])
    assert store.get_run(run.info.run_id).info.status == "KILLED"
    store.beat([run.info.run_id], leases.own_lease())
    revived = store.get_run(run.info.run_id)
    assert revived.info.status == "RUNNING"
    assert revived.info.end_time is None
    assert "fitscribe.ended_by" not in revived.data.tags
    fitscribe.end_run()
    assert store.get_run(run.info.run_id).info.status == "FINISHED"


def test_a_run_of_a_living_process_is_left_alone(home: Path) -> None:
    text = "fitscribe.start_run(); print('ready', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        script(home, text), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        disconnect()
        assert only_run().info.status == "RUNNING"
        process.communicate("", timeout=30)
    assert only_run().info.status == "FINISHED"


def test_who_is_dead() -> None:
    own = leases.own_lease()
    now = now_ms()
    assert not leases.is_dead(own, now + 10**9)  # the process table decides, not the clock
    assert leases.is_dead(Lease(own.host, own.boot_id, 2**22 + 1, 0, now), now)
    reused = Lease(own.host, own.boot_id, os.getpid(), own.pid_started + 1, now)
    assert leases.is_dead(reused, now) == (sys.platform == "linux")
    elsewhere = Lease("another host", "boot", 1, 0, now)
    assert not leases.is_dead(elsewhere, now + leases.STALE_MS)
    assert leases.is_dead(elsewhere, now + leases.STALE_MS + 1)


def test_durations_come_from_the_monotonic_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    with fitscribe.start_run() as run:
        monkeypatch.setattr("time.time_ns", lambda: 10**18)  # somebody sets the clock to 2001
    found = fitscribe.get_run(run.info.run_id)
    assert found.info.end_time is not None
    assert 0 <= found.info.end_time - found.info.start_time < 60_000


def test_a_failing_notebook_cell_leaves_failed(home: Path) -> None:
    text = f"""
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        shell.run_cell("import fitscribe; fitscribe.set_tracking_uri({str(home)!r})")
        shell.run_cell("run = fitscribe.start_run()")
        shell.run_cell("fitscribe.log_metric('m', 1)")
        shell.run_cell("1 / 0")
        shell.run_cell("found = fitscribe.get_run(run.info.run_id)")
        shell.run_cell("print(fitscribe.active_run(), found.info.status)")
        shell.run_cell("with fitscribe.start_run(): pass")
    """
    done = run_script(home, text, env={**os.environ, "HOME": str(home.parent)})
    assert done.stdout.rstrip().endswith("None FAILED"), done.stdout + done.stderr
    statuses = [run.info.status for run in fitscribe.search_runs(output_format="list")]
    assert sorted(statuses) == ["FAILED", "FINISHED"]


def test_no_thread_of_ours_stays(home: Path) -> None:
    text = """
        import threading
        with fitscribe.start_run():
            fitscribe.log_metric("m", 1)
            print(threading.active_count())
    """
    assert run_script(home, text).stdout == "1\n"


def test_ending_twice_is_harmless() -> None:
    run = fitscribe.start_run()
    fitscribe.end_run()
    fitscribe.end_run()
    record = RunRecord(run.info.run_id, change=RunChange(status="FINISHED", end_time=1))
    connect().store.log(Batch([record]))
    assert fitscribe.active_run() is None


def test_an_exception_without_a_text_is_the_users_all_the_same(home: Path) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("I say nothing")

    with pytest.raises(Mute), fitscribe.start_run() as run:
        raise Mute
    found = fitscribe.get_run(run.info.run_id)
    assert found.info.status == "FAILED"
    assert found.data.tags["fitscribe.error.type"].endswith("Mute")
    assert fitscribe.active_run() is None
