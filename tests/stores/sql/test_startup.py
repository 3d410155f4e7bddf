"""A SQLite file is made, found, refused or lost: what happens before the first row."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fitscribe.core.commands import Batch
from fitscribe.core.ports import TrackingStore
from fitscribe.errors import (
    FitscribeError,
    InvalidState,
    NotFound,
    StoreTooNew,
    StoreTooOld,
    StoreUnavailable,
)
from fitscribe.stores import open_store
from fitscribe.stores.sql import sqlite
from fitscribe.stores.sql.filesystems import is_network_path, is_network_type, type_in_mounts
from fitscribe.testing.tracking_case import run

PROCESSES = 8
RUNS = 20
ROUNDS = 20 if os.environ.get("FITSCRIBE_SOAK") else 1


@pytest.fixture
def open_here(tmp_path: Path) -> Iterator[Callable[[], TrackingStore]]:
    """Return a function that opens the store of a test; all are closed after it."""
    stores = []

    def open_here() -> TrackingStore:
        store = open_store(f"sqlite:///{tmp_path / 'runs.db'}")
        stores.append(store)
        return store

    yield open_here
    for store in stores:
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def query(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute(sql).fetchall()
        raw.commit()
        return rows


# ---- many at once ---------------------------------------------------------------------------


def start(code: str) -> subprocess.Popen[str]:
    """Start a process that waits for a line before it does anything."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_processes_that_start_on_no_file_at_once_lose_nothing(
    path: Path, open_here: Callable[[], TrackingStore], round_: int
) -> None:
    code = f"""
        import sys
        from fitscribe.core.commands import Batch
        from fitscribe.stores import open_store
        from fitscribe.testing.tracking_case import run
        print("ready", flush=True)
        me = sys.stdin.readline().strip()
        store = open_store("sqlite:///{path.as_posix()}")
        for number in range({RUNS}):
            name = f"{{me}}/{{number}}"
            params = {{f"p{{number}}": name, f"only {{me}}": number}}
            store.log(Batch([run("0", name=name, params=params, metrics={{"m": number}})]))
        store.close()
    """
    running = [start(code) for _ in range(PROCESSES)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for number, process in enumerate(running):
        assert process.stdin is not None
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
    for process in running:
        assert process.communicate(timeout=120) == ("", "")
        assert process.returncode == 0
    store = open_here()
    changes = store.changes(limit=1000)
    assert len(changes) == PROCESSES * RUNS
    assert [change.seq for change in changes] == list(range(1, PROCESSES * RUNS + 1))
    expected = {
        f"{me}/{number}": {f"p{number}": f"{me}/{number}", f"only {me}": str(number)}
        for me in range(PROCESSES)
        for number in range(RUNS)
    }
    found = [store.get_run(change.id) for change in changes]
    assert {one.info.run_name: one.data.params for one in found} == expected
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


# ---- file systems ---------------------------------------------------------------------------

MOUNTS = r"""
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/me/local\040disk xfs rw 0 0
//nas/share /mnt/nas cifs rw 0 0
tmpfs /mnt/nas/ram tmpfs rw 0 0
first /twice ext4 rw 0 0
second /twice fuse.sshfs rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "ext4"),
        ("/var/lib/runs", "ext4"),
        ("/home", "nfs4"),
        ("/home/me", "nfs4"),
        ("/homes/me", "ext4"),
        ("/home/me/local disk/runs", "xfs"),
        ("/home/me/local", "nfs4"),
        ("/mnt/nas/runs", "cifs"),
        ("/mnt/nas/ram/runs", "tmpfs"),
        ("/twice/runs", "fuse.sshfs"),
        ("C:/runs", None),
    ],
)
def test_the_longest_mount_point_tells_the_type(path: str, expected: str | None) -> None:
    assert type_in_mounts(path, MOUNTS) == expected


@pytest.mark.parametrize("name", ["nfs", "nfs4", "CIFS", "9p", "fuse.sshfs", "lustre", "vboxsf"])
def test_a_file_system_of_several_machines_is_known(name: str) -> None:
    assert is_network_type(name)


@pytest.mark.parametrize("name", ["ext4", "xfs", "apfs", "tmpfs", "overlay", "fuse", "fuseblk"])
def test_a_file_system_of_one_machine_is_known(name: str) -> None:
    assert not is_network_type(name)


def journal(path: Path) -> str:
    ((mode,),) = query(path, "PRAGMA journal_mode")
    return str(mode)


def test_a_local_file_has_a_wal(path: Path, open_here: Callable[[], TrackingStore]) -> None:
    assert not is_network_path(path.parent)
    assert open_here().info().journal == "wal"
    assert journal(path) == "wal"


def test_a_file_on_a_network_has_a_rollback_journal_and_a_warning(
    path: Path, open_here: Callable[[], TrackingStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "is_network_path", lambda folder: folder == path.parent)
        with pytest.warns(UserWarning, match="on a network file system.*Use PostgreSQL"):
            store = open_here()
        assert store.info().journal == "delete"
        store.log(Batch([run("0")]))
        open_here().log(Batch([run("0")]))  # warned once is enough
        assert journal(path) == "delete"
        assert not path.with_name("runs.db-wal").exists()
        store.close()
    # Copied to a local disk, it gets its WAL.
    local = open_here()
    assert local.info().journal == "wal"
    assert local.info().counts["runs"] == 2


# ---- what is there already ------------------------------------------------------------------


def test_an_empty_file_is_filled(path: Path, open_here: Callable[[], TrackingStore]) -> None:
    path.touch()
    assert open_here().get_experiment("0").name == "Default"


@pytest.mark.parametrize(
    ("version", "kind", "words"),
    [
        ("9999", StoreTooNew, "made by a newer fitscribe.*pip install --upgrade fitscribe"),
        ("0000", StoreTooOld, "has schema 0000.*Run: fitscribe db upgrade"),
    ],
)
def test_another_version_is_refused(
    path: Path,
    open_here: Callable[[], TrackingStore],
    version: str,
    kind: type[FitscribeError],
    words: str,
) -> None:
    open_here().close()
    query(path, f"UPDATE alembic_version SET version_num = '{version}'")
    before = path.read_bytes()
    with pytest.raises(kind, match=words) as caught:
        open_here()
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("made_by", "words"),
    [
        (["CREATE TABLE theirs (id INTEGER)"], "made by another program"),
        (
            ["CREATE TABLE alembic_version (v TEXT)", "CREATE TABLE metrics (key TEXT)"],
            "It looks like MLflow's",
        ),
    ],
)
def test_a_file_of_another_program_is_refused(
    path: Path, open_here: Callable[[], TrackingStore], made_by: list[str], words: str
) -> None:
    for sql in made_by:
        query(path, sql)
    with pytest.raises(InvalidState, match=words):
        open_here()
    assert len(query(path, "SELECT name FROM sqlite_master")) == len(made_by)


def test_a_file_that_is_no_database_is_refused(
    path: Path, open_here: Callable[[], TrackingStore]
) -> None:
    path.write_text("a diary\n" * 1000)
    with pytest.raises(InvalidState, match="is damaged, or no SQLite database"):
        open_here()
    assert path.read_text() == "a diary\n" * 1000


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"runs.db.*Its folder is not there"):
        open_store(f"sqlite:///{tmp_path / 'nowhere' / 'runs.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_told(
    path: Path, open_here: Callable[[], TrackingStore]
) -> None:
    path.mkdir()
    with pytest.raises(StoreUnavailable, match=r"cannot be opened"):
        open_here()


# ---- a file that is lost --------------------------------------------------------------------


def test_a_store_whose_file_is_deleted_starts_anew(
    path: Path, open_here: Callable[[], TrackingStore]
) -> None:
    store = open_here()
    lost = run("0", params={"first": 1, "second": 2})
    store.log(Batch([lost]))
    for file in path.parent.glob("runs.db*"):
        file.unlink()
    kept = run("0", params={"second": "x"})
    store.log(Batch([kept]))
    assert store.get_run(kept.run_id).data.params == {"second": "x"}
    with pytest.raises(NotFound):
        store.get_run(lost.run_id)
    assert [change.id for change in open_here().changes()] == [kept.run_id]


def test_a_store_whose_file_is_replaced_reads_the_new_one(
    path: Path, open_here: Callable[[], TrackingStore]
) -> None:
    store = open_here()
    first = run("0", params={"a": 1, "b": 2})
    store.log(Batch([first]))
    store.close()
    shutil.copy(path, path.with_name("copy.db"))
    second = run("0", params={"c": 3})
    store.log(Batch([second]))
    # As a restored backup comes: without the WAL of the old file.
    store.close()
    os.replace(path.with_name("copy.db"), path)
    assert store.get_run(first.run_id).data.params == {"a": "1", "b": "2"}
    with pytest.raises(NotFound):
        store.get_run(second.run_id)
    third = run("0", params={"d": 4, "c": 5})
    store.log(Batch([third]))
    assert store.get_run(third.run_id).data.params == {"d": "4", "c": "5"}
