"""Many processes register under one name, and move one alias, at once."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from fitscribe.core.commands import NewVersion
from fitscribe.core.ports import Store
from fitscribe.stores import open_store
from fitscribe.stores.sql import postgresql, sqlite

SOAK = bool(os.environ.get("FITSCRIBE_SOAK"))
PROCESSES = 8 if SOAK else 3
VERSIONS = 50 if SOAK else 6
MOVES = 50 if SOAK else 8
SOURCE = "s3://bucket/model"
ENGINES = ["sqlite", "postgresql"]


@pytest.fixture(params=ENGINES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a store that is not made yet."""
    if request.param == "sqlite":
        return f"sqlite:///{(tmp_path / 'runs.db').as_posix()}"
    uri: str = request.getfixturevalue("postgres_uri")
    return uri


@pytest.fixture
def opened(address: str, tmp_path: Path) -> Iterable[Store]:
    """Return the store at the address."""
    store = open_store(address, artifact_root=str(tmp_path))
    yield store
    store.close()


def in_processes(address: str, root: Path, code: str) -> list[list[object]]:
    """Run code in processes that begin together; return the lists that they print as JSON."""
    begin = f"""
        import json, sys, time
        from fitscribe.core.commands import NewVersion
        from fitscribe.stores import open_store
        store = open_store({address!r}, artifact_root={str(root)!r})
        print("ready", flush=True)
        me = int(sys.stdin.readline())
        told = []
    """
    whole = textwrap.dedent(begin) + textwrap.dedent(code) + "\nprint(json.dumps(told))\n"
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", whole],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for number, process in enumerate(running):
        assert process.stdin is not None
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
    told = []
    for process in running:
        out, err = process.communicate(timeout=600)
        assert (process.returncode, err) == (0, "")
        told.append(json.loads(out))
    return told


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_versions_of_one_name_are_consecutive(address: str, opened: Store, tmp_path: Path) -> None:
    told = in_processes(
        address,
        tmp_path,
        f"""
        for number in range({VERSIONS}):
            tags = {{"from": f"{{me}}/{{number}}"}}
            new = NewVersion("iris", "{SOURCE}", tags=tags, make_model=True)
            told.append(int(store.create_model_version(new).version))
        """,
    )
    count = PROCESSES * VERSIONS
    given = [version for one in told for version in one]
    assert sorted(given) == list(range(1, count + 1))  # type: ignore[type-var]  # JSON's integers
    assert all(one == sorted(one) for one in told)  # type: ignore[type-var]  # JSON's integers
    found = opened.search_model_versions("", ["version_number"], count + 1)
    assert [one.version for one in found] == [str(one) for one in range(1, count + 1)]
    assert len({one.tags["from"] for one in found}) == count
    told_of = [one.id for one in opened.changes(limit=10_000) if one.kind == "model_version"]
    assert told_of == [f"iris/{one}" for one in range(1, count + 1)]


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_numbers_are_given_once_while_versions_are_deleted(
    address: str, opened: Store, tmp_path: Path
) -> None:
    told = in_processes(
        address,
        tmp_path,
        f"""
        for number in range({VERSIONS}):
            new = NewVersion("iris", "{SOURCE}", make_model=True)
            told.append(store.create_model_version(new).version)
            store.delete_model_version("iris", told[-1])
        """,
    )
    given = [str(version) for one in told for version in one]
    assert sorted(given, key=int) == [str(one) for one in range(1, PROCESSES * VERSIONS + 1)]
    assert opened.search_model_versions() == []


class Step(NamedTuple):
    """A move of an alias to a version, or a look at it."""

    is_move: bool
    version: str
    began: int
    ended: int


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_moves_of_an_alias_are_linearizable(address: str, opened: Store, tmp_path: Path) -> None:
    for _ in range(PROCESSES * MOVES + 1):
        opened.create_model_version(NewVersion("iris", SOURCE, make_model=True))
    first = str(PROCESSES * MOVES + 1)
    opened.set_registered_model_alias("iris", "champion", first)
    # Each version is moved to once, so a look tells which move it has seen.
    told = in_processes(
        address,
        tmp_path,
        f"""
        for number in range({MOVES}):
            version = str(me * {MOVES} + number + 1)
            began = time.monotonic_ns()
            store.set_registered_model_alias("iris", "champion", version)
            told.append([True, version, began, time.monotonic_ns()])
            for _ in range(2):
                began = time.monotonic_ns()
                version = store.get_model_version_by_alias("iris", "champion").version
                told.append([False, version, began, time.monotonic_ns()])
        """,
    )
    steps = [Step(True, first, 0, 0)]
    steps += [Step(*step) for one in told for step in one]  # type: ignore[misc]  # as was printed
    assert len(steps) == 3 * PROCESSES * MOVES + 1
    assert contradictions(steps) == []


def contradictions(steps: list[Step]) -> list[str]:
    """Return why no order of the steps explains them; none if one does.

    Every move is to a version of its own, so it is enough to look at each version's steps
    together: from the first end of one to the last begin of one the alias stood for it (P. B.
    Gibbons and E. Korach, "Testing shared memories", SIAM J. Comput. 26, 1997).
    """
    found = []
    forward, backward = [], []
    for version in dict.fromkeys(step.version for step in steps):
        mine = [step for step in steps if step.version == version]
        (move,) = [step for step in mine if step.is_move]
        if any(step.ended < move.began for step in mine):
            found.append(f"{version} was seen before it was moved to")
        end, begin = min(step.ended for step in mine), max(step.began for step in mine)
        (forward if end < begin else backward).append((min(end, begin), max(end, begin), version))
    forward.sort()
    for one, two in itertools.pairwise(forward):
        if two[0] < one[1]:
            found.append(f"the alias stood for {one[2]} and {two[2]} at once")
    for low, high, version in backward:
        for since, until, other in forward:
            if since < low and high < until:
                found.append(f"{version} was moved to while the alias stood for {other}")
    return found


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([Step(True, "1", 0, 1), Step(False, "1", 2, 3)], None),
        ([Step(True, "1", 0, 9), Step(True, "2", 0, 9), Step(False, "1", 5, 6)], None),
        ([Step(True, "1", 4, 5), Step(False, "1", 2, 3)], "before"),
        (
            [
                Step(True, "1", 0, 1),
                Step(True, "2", 2, 3),
                Step(False, "2", 4, 5),
                Step(False, "1", 6, 7),
            ],
            "at once",
        ),
        ([Step(True, "1", 0, 1), Step(True, "2", 2, 3), Step(False, "1", 4, 5)], "while"),
    ],
)
def test_a_contradiction_is_seen(steps: list[Step], words: str | None) -> None:
    found = contradictions(steps)
    assert found == [] if words is None else any(words in one for one in found)


def test_what_is_asked_does_not_grow_with_the_versions(opened: Store) -> None:
    uses: list[Callable[[], object]] = [
        lambda: opened.create_model_version(NewVersion("iris", SOURCE)),
        lambda: opened.get_registered_model("iris"),
        lambda: opened.get_model_version_by_alias("iris", "latest"),
        lambda: opened.search_model_versions("name = 'iris'"),
        lambda: opened.search_registered_models(),
    ]
    counts = []
    for more in (1, 20):
        for number in range(more):
            new = NewVersion("iris", SOURCE, tags={"t": "1"}, make_model=True)
            version = opened.create_model_version(new).version
            opened.set_registered_model_alias("iris", f"a{more}-{number}", version)
        counts.append([calls_for(use) for use in uses])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12


def calls_for(use: Callable[[], object]) -> int:
    """Return how often a call asks the database."""
    asked = 0
    with pytest.MonkeyPatch.context() as patch:
        for kind in (sqlite.SqliteConnection, postgresql.PostgresConnection):
            for name in ("rows", "execute", "select", "gather"):
                method = getattr(kind, name)

                def count(
                    self: object, *given: object, method: Callable[..., object] = method
                ) -> object:
                    nonlocal asked
                    asked += 1
                    return method(self, *given)

                patch.setattr(kind, name, count)
        use()
    return asked
