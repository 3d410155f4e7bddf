"""What a run ran in: installed distributions, uncommitted changes, arguments of the command.

Distributions are names and versions, read from the names of their folders: no file is opened.
Changes and arguments may carry secrets, so they are kept only on request, and what looks like a
secret is masked. Masking is a net with holes; whoever passes secrets should pass them otherwise.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence

import msgspec.json

from fitscribe.errors import FitscribeError
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.artifacts import files_of_run
from fitscribe.tracking.source import begin_diff, repository_here

__all__ = [
    "ARGUMENTS",
    "DIFF",
    "ENVIRONMENT",
    "environment_lock",
    "masked_arguments",
    "masked_text",
    "uncommitted_diff",
    "write_source_details",
]

ENVIRONMENT = "environment.txt"
DIFF, ARGUMENTS = "uncommitted.diff", "arguments.json"

MOST_DIFF = 256 << 10
PATIENCE_S = 10.0
MASK = "***"


# Installed distributions


def environment_lock() -> bytes:
    """Return what is installed, as lines ``name==version`` below Python's own version."""
    folders = tuple(path or os.curdir for path in sys.path)
    return _lock(folders, _state(folders))


def _state(folders: Iterable[str]) -> tuple[int, ...]:
    """Return what changes when something is installed while the process runs."""
    found = []
    for folder in folders:
        try:
            found.append(os.stat(folder).st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)


@functools.lru_cache(maxsize=1)
def _lock(folders: tuple[str, ...], state: tuple[int, ...]) -> bytes:
    del state
    versions: dict[str, str] = {}
    for folder in folders:
        try:
            names = sorted(os.listdir(folder))
        except OSError:  # a zip file, or nothing
            continue
        for name in names:
            stem, kind = os.path.splitext(name)
            if kind in (".dist-info", ".egg-info") and "-" in stem:
                project, _, version = stem.partition("-")
                # The first on the path is the one that is imported.
                versions.setdefault(
                    re.sub(r"[-_.]+", "-", project).lower(), version.partition("-py")[0]
                )
    lines = [f"# {platform.python_implementation()} {platform.python_version()}, {sys.platform}"]
    lines += [f"{project}=={version}" for project, version in sorted(versions.items())]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


# Secrets

_WORDS = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|auth(?:orization)?|bearer|cookie|"
    r"api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|account[-_]?key|signature|sig"
)
# A name with such a word as one of its parts: ``DB_PASSWORD``, ``--hf-token``; not ``tokenizer``.
_NAME = (
    rf"(?:[A-Za-z0-9]+[-_.])*(?:{_WORDS}|[A-Za-z0-9]*(?:password|secret|apikey))"
    r"(?:[-_.][A-Za-z0-9]+)*"
)
_OPTION = re.compile(rf"--?{_NAME}", re.IGNORECASE)
_GIVEN = re.compile(rf"(?P<name>(?:--?)?{_NAME})=.*", re.IGNORECASE | re.DOTALL)
_ASSIGNED = re.compile(
    rf"""(?P<name>(?<![A-Za-z0-9]){_NAME}["']?\s*(?:=>|:=|[:=])\s*)"""
    r"""(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s,;&)}\]]+)""",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)[^/\s@'\"]+@")
_BEARER = re.compile(r"\b(?P<kind>Bearer|Basic)\s+[A-Za-z0-9+/._~=\-]{8,}")
_SHAPES = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|sk-[\w\-]{16,}|hf_[A-Za-z0-9]{20,}|"
    r"xox[abprs]-[\w\-]{10,}|AKIA[A-Z0-9]{16}|AIza[\w\-]{30,}|eyJ[\w\-]{8,}\.[\w\-]+\.[\w\-]+)"
)
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)


def masked_text(text: str) -> str:
    """Return a text with what looks like a secret masked.

    Examples
    --------
    >>> masked_text("DB_PASSWORD = 'xyz'; url = 'postgres://me:xyz@host/db'")
    "DB_PASSWORD = ***; url = 'postgres://***@host/db'"
    """
    text = _KEY_BLOCK.sub(MASK, text)
    text = _IN_ADDRESS.sub(rf"\g<scheme>{MASK}@", text)
    text = _BEARER.sub(rf"\g<kind> {MASK}", text)
    text = _SHAPES.sub(MASK, text)
    return _ASSIGNED.sub(rf"\g<name>{MASK}", text)


def masked_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command with what looks like a secret masked.

    Examples
    --------
    >>> masked_arguments(["train.py", "--password", "xyz", "--token=xyz", "--rows", "5"])
    ['train.py', '--password', '***', '--token=***', '--rows', '5']
    """
    found: list[str] = []
    hides_next = False
    for argument in arguments:
        if hides_next and not _OPTION.fullmatch(argument):
            found.append(MASK)
            hides_next = False
            continue
        hides_next = _OPTION.fullmatch(argument) is not None
        given = _GIVEN.fullmatch(argument)
        found.append(f"{given['name']}={MASK}" if given else masked_text(argument))
    return found


# The code as it is


def uncommitted_diff(repository: str) -> bytes | None:
    """Return what differs from the commit that is checked out, masked; None if nothing does.

    A long one is cut, and its last line says so. Files that git does not know are not in it.
    """
    asked = begin_diff(repository, "--no-color", subprocess.PIPE)
    if asked is None:
        return None
    with asked:
        assert asked.stdout is not None
        # The end of a script waits for this, and not for a git that hangs.
        patience = threading.Timer(PATIENCE_S, asked.kill)
        patience.daemon = True
        patience.start()
        told = asked.stdout.read(MOST_DIFF + 1)
        patience.cancel()
        asked.kill()
    if not told:
        return None
    whole = told[:MOST_DIFF].decode("utf-8", "replace")
    if len(told) > MOST_DIFF:
        # A line that is cut in two may hold half of a secret that nobody knows by that half.
        whole = whole.rpartition("\n")[0] + f"\n# cut: more than {MOST_DIFF >> 10} KiB\n"
    return masked_text(whole).encode("utf-8", "replace")


@functools.cache
def _details(pid: int) -> dict[str, bytes]:
    """Return the files; a process's code and arguments are those that it began with."""
    del pid
    told = masked_arguments(sys.argv)
    files = {ARGUMENTS: msgspec.json.encode({"format": 1, "arguments": told})}
    repository = repository_here()
    diff = None if repository is None else uncommitted_diff(repository)
    if diff is not None:
        files[DIFF] = diff
    return files


def write_source_details(runs: list[OpenRun]) -> list[OpenRun]:
    """Add the uncommitted changes and the arguments to runs; see `fitscribe.tracking.behind`."""
    for run in runs:
        try:
            target = files_of_run(run.connection, run.experiment_id, run.run_id)
            for name, data in _details(os.getpid()).items():
                target.put_bytes(name, data)
        except FitscribeError:  # a file that is missing is not worth a failing exit
            continue
    return []
