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


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        ("sys.exit()", "FINISHED", 0),
        ("sys.exit(0)", "FINISHED", 0),
        ("sys.exit(3)", "FAILED", 3),
        ("sys.exit('no data')", "FAILED", 1),
    ],
)
def test_a_script_that_says_how_it_ends(home: Path, ending: str, status: str, code: int) -> None:
    done = run_script(home, f"with fitscribe.start_run():\n            {ending}")
    assert done.returncode == code
    run = only_run()
    assert run.info.status == status
    assert ("fitscribe.error.type" in run.data.tags) == (status == "FAILED")


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
