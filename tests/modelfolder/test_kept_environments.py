"""Environments that are kept: found again, made once, never taken for whole when they are not."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fitscribe.config import cache_path
from fitscribe.errors import FitscribeError, StoreUnavailable
from fitscribe.modelfolder import kept_environments
from fitscribe.modelfolder.kept_environments import environment_key, kept_environment
from fitscribe.modelfolder.model_environment import ModelEnvironment, python_in
from fitscribe.modelfolder.requirements import parse_requirements


def asked(*lines: str, python: str | None = None, limits: str = "") -> ModelEnvironment:
    constraints = tuple(parse_requirements(limits.split()))
    return ModelEnvironment(tuple(parse_requirements(lines)), constraints, python)


class Makers:
    """Makes environments as folders with a file in the place of Python, and counts them."""

    def __init__(self) -> None:
        self.made: list[Path] = []
        self.before_end: Any = None

    def __call__(self, environment: Any, folder: Path, *, uv: str | None = None) -> Path:
        python = python_in(folder)
        python.parent.mkdir(parents=True)
        shutil.copy(sys.executable, python)
        self.made.append(folder)
        if self.before_end is not None:
            act, self.before_end = self.before_end, None
            act()
        return python


@pytest.fixture
def makers(monkeypatch: pytest.MonkeyPatch) -> Makers:
    found = Makers()
    monkeypatch.setattr(kept_environments, "create_environment", found)
    return found


def test_one_is_made_once_and_found_again(tmp_path: Path, makers: Makers) -> None:
    folder = tmp_path / "not" / "there"
    python = kept_environment(asked("a==1"), folder)
    assert python.is_file()
    assert kept_environment(asked("a==1"), folder) == python
    assert len(makers.made) == 1
    other = kept_environment(asked("a==2"), folder)
    assert other != python
    assert len(makers.made) == 2
    assert sorted(os.listdir(folder)) == sorted(
        environment_key(asked(f"a=={version}"), None) for version in (1, 2)
    )
    if os.name == "posix":
        assert folder.stat().st_mode & 0o077 == 0


def test_what_decides_what_is_in_it_is_in_its_name() -> None:
    different = [
        (asked("a==1"), "uv"),
        (asked("a==2"), "uv"),
        (asked("a==1", "b"), "uv"),
        (asked("a==1", limits="b<3"), "uv"),
        (asked("a==1", python="3.12.1"), "uv"),
        (asked("a==1", python="3.13.1"), "uv"),
        (asked("a==1"), None),
    ]
    assert len({environment_key(*one) for one in different}) == len(different)
    # uv is asked for a minor version; without it, the Python that runs makes them all.
    same = [asked("a", python=python) for python in ("3.12.1", "3.12.9")]
    assert len({environment_key(one, "uv") for one in same}) == 1
    other = [asked("a", python=python) for python in ("3.12.1", "3.13.9")]
    assert len({environment_key(one, None) for one in other}) == 1


def test_one_that_was_broken_off_is_not_taken(tmp_path: Path, makers: Makers) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    makers.before_end = stop
    with pytest.raises(KeyboardInterrupt):
        kept_environment(asked("a"), tmp_path)
    # create_environment takes its own away; a process that is killed takes nothing away.
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".")
    python = kept_environment(asked("a"), tmp_path)
    assert python.parent.parent.name == environment_key(asked("a"), None)
    assert len(makers.made) == 2


def test_of_two_processes_the_faster_one_wins(tmp_path: Path, makers: Makers) -> None:
    makers.before_end = lambda: kept_environment(asked("a"), tmp_path)
    python = kept_environment(asked("a"), tmp_path)
    assert python.is_file()
    assert len(makers.made) == 2
    assert os.listdir(tmp_path) == [environment_key(asked("a"), None)]


def test_what_was_left_long_ago_is_taken_away(tmp_path: Path, makers: Makers) -> None:
    for name, age in ((".old", 2.0), (".new", 0.5), ("kept", 100.0)):
        (tmp_path / name).mkdir()
        then = time.time() - age * 24 * 3600
        os.utime(tmp_path / name, (then, then))
    kept_environment(asked("a"), tmp_path)
    assert {"kept", ".new"} < set(os.listdir(tmp_path))
    assert ".old" not in os.listdir(tmp_path)


def test_one_whose_python_is_gone_is_made_anew(tmp_path: Path, makers: Makers) -> None:
    python = kept_environment(asked("a"), tmp_path)
    python.unlink()
    assert kept_environment(asked("a"), tmp_path) == python
    assert python.is_file()
    assert len(makers.made) == 2
    assert os.listdir(tmp_path) == [environment_key(asked("a"), None)]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        kept_environment(asked("a"), tmp_path / "file" / "environments")


def test_what_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FitscribeError, match="cannot be run"):
        kept_environment(asked("a"), tmp_path, str(tmp_path / "no-uv"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "fitscribe"),
        ("win32", "LOCALAPPDATA", "fitscribe/Cache"),
        ("darwin", "HOME", "Library/Caches/fitscribe"),
    ],
)
def test_the_cache_lies_where_the_system_keeps_such(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    variable: str,
    expected: str,
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert cache_path() == tmp_path / expected


@pytest.mark.posix
def test_a_relative_cache_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_path() == tmp_path / ".cache" / "fitscribe"
