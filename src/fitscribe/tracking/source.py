"""Where a run was started from: user, script or notebook, git commit, uncommitted changes.

The commit is read from git's own files; whether there are uncommitted changes only git can tell:
it is asked once per process, in the background, and the answer is added when it is there.
"""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

from fitscribe.config.environment import inherited
from fitscribe.core.caller import local_caller
from fitscribe.core.commands import Batch, RunRecord
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import SourceType
from fitscribe.errors import FitscribeError

__all__ = ["begin_diff", "dirty_tag", "repository_here", "settle", "source_tags"]

TAG_COMMIT = "mlflow.source.git.commit"
TAG_DIRTY = "fitscribe.source.git.dirty"
GIT_PATIENCE_S = 2.0


def source_tags() -> dict[str, str]:
    """Return MLflow's context tags, ours for git among them; asked once per process."""
    with _Git.lock:  # a cache alone would let two threads ask git twice
        return dict(_source_tags(os.getpid()))


@functools.cache
def _source_tags(pid: int) -> tuple[tuple[str, str], ...]:
    del pid  # a fork may have another main script (multiprocessing's spawn has none)
    kind, name = _source()
    repository = repository_here()
    tags = {
        "mlflow.user": local_caller().name,
        "mlflow.source.name": name,
        "mlflow.source.type": kind,
    }
    commit = _commit(repository) if repository is not None else None
    if commit is not None:
        tags[TAG_COMMIT] = commit
        _Git.ask(repository or "")
    return tuple(tags.items())


def repository_here() -> str | None:
    """Return the working tree of what runs: of the script, or of a notebook's folder."""
    kind, name = _source()
    return _repository(name if kind == SourceType.LOCAL else os.getcwd())


def _source() -> tuple[str, str]:
    """Return (type, name) of what runs: a script's path, or the notebook's where known."""
    if "IPython" in sys.modules:
        shell = getattr(sys.modules["IPython"], "get_ipython", lambda: None)()
        if shell is not None and "IPKernelApp" in getattr(shell, "config", {}):
            return SourceType.NOTEBOOK, _notebook_name(shell)
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return SourceType.LOCAL, str(main or sys.argv[0] or sys.executable)


def _notebook_name(shell: object) -> str:
    """Return the notebook's path where the front end tells it (VS Code does)."""
    names = getattr(shell, "user_ns", {})
    return str(names.get("__vsc_ipynb_file__") or names.get("__session__") or "notebook")


def _repository(path: str) -> str | None:
    """Return the working tree that holds `path`, or None."""
    try:
        folder = Path(path).absolute()
    except OSError:
        return None
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return str(candidate)
    return None


def _commit(repository: str) -> str | None:
    """Return the commit that is checked out, read from git's files."""
    try:
        git = Path(repository, ".git")
        if git.is_file():  # a worktree or a submodule keeps its files elsewhere
            git = Path(repository, git.read_text().partition("gitdir:")[2].strip())
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head or None
        name = head[5:]
        shared = git / "commondir"
        common = (git / shared.read_text().strip()) if shared.is_file() else git
        for folder in (git, common):
            if (folder / name).is_file():
                return (folder / name).read_text().strip()
        for line in (common / "packed-refs").read_text().splitlines():
            commit, _, ref = line.partition(" ")
            if ref == name:
                return commit
    except (OSError, UnicodeDecodeError):
        return None
    return None


def begin_diff(repository: str, how: str, output: int) -> subprocess.Popen[bytes] | None:
    """Ask git what differs from the commit that is checked out; None where there is no git.

    Whatever the repository is configured to run, it does not run for us, and nothing is locked.

    Parameters
    ----------
    repository : str
        The working tree, which may be anybody's.
    how : str
        One more option of ``git diff``.
    output : int
        Where its standard output goes, as ``subprocess`` has it.
    """
    command = ["git", "-C", repository, "-c", "core.fsmonitor=false", "diff", how]
    command += ["--no-ext-diff", "--no-textconv", "HEAD", "--"]
    quiet = subprocess.DEVNULL
    environment = inherited(GIT_OPTIONAL_LOCKS="0")
    try:
        return subprocess.Popen(command, stdin=quiet, stdout=output, stderr=quiet, env=environment)
    except OSError:
        return None


class _Git:
    """The one question to git, and the runs that wait for its answer."""

    process: subprocess.Popen[bytes] | None = None
    dirty: str | None = None
    waiting: ClassVar[list[tuple[TrackingStore, str]]] = []
    lock = threading.Lock()

    @classmethod
    def ask(cls, repository: str) -> None:
        cls.process = begin_diff(repository, "--quiet", subprocess.DEVNULL)

    @classmethod
    def hear(cls) -> None:
        """Take the answer if git has given it: 0 is clean, 1 is changed, more is a failure."""
        code = None if cls.process is None else cls.process.poll()
        if code is not None:
            cls.process = None
            cls.dirty = {0: "false", 1: "true"}.get(code)

    @classmethod
    def forget(cls) -> None:
        """Leave the question to the process that asked it (this one is its fork)."""
        cls.lock = threading.Lock()
        cls.process = None
        cls.waiting = []


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Git.forget)


def dirty_tag(store: TrackingStore, run_id: str) -> dict[str, str]:
    """Return the tag if git has answered; else remember the run for :func:`settle`."""
    with _Git.lock:
        if _Git.process is not None:
            _Git.hear()
            if _Git.process is not None:
                _Git.waiting.append((store, run_id))
                return {}
        return {} if _Git.dirty is None else {TAG_DIRTY: _Git.dirty}


def settle() -> None:
    """Write git's answer to the runs that wait for it; waits a moment, at the process's end."""
    with _Git.lock:
        waiting, _Git.waiting = _Git.waiting, []
        if _Git.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                _Git.process.wait(GIT_PATIENCE_S)
            _Git.hear()
        dirty = _Git.dirty
    if dirty is None:
        return
    for store in {id(store): store for store, _ in waiting}.values():
        runs = [RunRecord(run, tags={TAG_DIRTY: dirty}) for one, run in waiting if one is store]
        with contextlib.suppress(FitscribeError):  # a tag is not worth a failing exit
            store.log(Batch(runs))
