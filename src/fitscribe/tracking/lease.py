"""Which process keeps a run open, and whether it still lives.

On the same boot of the same machine the process table decides. Elsewhere (another host that
shares a PostgreSQL database, or the same host after a restart) a heartbeat that is 60 seconds old
does.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import sys
from pathlib import Path

from fitscribe.core.clock import now_ms
from fitscribe.core.commands import Lease
from fitscribe.core.ports import TrackingStore

__all__ = ["HEARTBEAT_S", "STALE_MS", "end_dead_runs", "is_dead", "own_lease"]

HEARTBEAT_S = 10.0
STALE_MS = 60_000


@functools.cache
def _machine() -> tuple[str, str]:
    """Return (host, boot): equal in two processes that share one process table."""
    return platform.node() or "unknown", _boot()


if sys.platform == "linux":

    def _boot() -> str:
        """Return the id of this start of the machine, and of our table of processes."""
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            # Two containers of one host share the boot, and not their process ids.
            return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
        except OSError:
            return ""

    def _started(pid: int) -> int | None:
        """Return when a process was started, in clock ticks; None if it is gone."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else int(fields[19])

elif sys.platform == "win32":

    def _boot() -> str:
        """Return when the machine was started, to five minutes (the clock may be set)."""
        up = ctypes.windll.kernel32.GetTickCount64()
        return str((now_ms() - up) // 300_000)

    def _started(pid: int) -> int | None:
        """Return 0 for a process that lives; None if it is gone."""
        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if not handle:
            return None
        code = ctypes.c_ulong()
        ctypes.windll.kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
        ctypes.windll.kernel32.CloseHandle(handle)
        return 0 if code.value == 259 else None  # STILL_ACTIVE

else:

    def _boot() -> str:
        """Return the id that macOS gives to each start of the machine, elsewhere nothing."""
        try:
            sysctl = ctypes.CDLL(None).sysctlbyname
        except (AttributeError, OSError):
            return ""
        text, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
        none = ctypes.c_size_t(0)
        failed = sysctl(b"kern.bootsessionuuid", text, ctypes.byref(size), None, none)
        return "" if failed else text.value.decode("ascii", "replace")

    def _started(pid: int) -> int | None:
        """Return 0 for a process that lives; None if it is gone."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return 0
        return 0


def own_lease() -> Lease:
    """Return this process's lease, as of now."""
    host, boot = _machine()
    return Lease(host, boot, os.getpid(), _own_start(os.getpid()), now_ms())


@functools.cache
def _own_start(pid: int) -> int:
    return _started(pid) or 0


def is_dead(lease: Lease, now: int) -> bool:
    """Whether nobody keeps the run open any more.

    Parameters
    ----------
    lease : Lease
        As it was stored.
    now : int
        Milliseconds since 1970 UTC.
    """
    host, boot = _machine()
    if (lease.host, lease.boot_id) == (host, boot):
        started = _started(lease.pid)
        if started is None:
            return True
        return bool(started and lease.pid_started and started != lease.pid_started)
    return now - lease.heartbeat > STALE_MS


def end_dead_runs(store: TrackingStore) -> list[str]:
    """Store the runs that nobody keeps open as KILLED; return their ids."""
    now = now_ms()
    dead = [run_id for run_id, lease in store.open_leases() if is_dead(lease, now)]
    if dead:
        store.end_abandoned(dead)
    return dead
