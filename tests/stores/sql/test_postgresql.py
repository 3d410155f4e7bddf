"""What only PostgreSQL has: round trips, refusals on their way, others that write."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from postgres_case import DEFAULT, admin, full_run
from postgres_proxy import Proxy
from psycopg.conninfo import conninfo_to_dict

from fitscribe.core.commands import Batch, RunRecord
from fitscribe.core.entities import Dataset, DatasetInput
from fitscribe.core.ports import TrackingStore
from fitscribe.errors import (
    InvalidParameter,
    NotFound,
    StoreUnavailable,
)
from fitscribe.stores.sql.postgresql import LOCK, MOST
from fitscribe.testing.tracking_case import model, run


def python(code: str, *options: str) -> list[str]:
    return [sys.executable, *options, "-c", textwrap.dedent(code)]


# ---- round trips ----------------------------------------------------------------------------


def trips(proxy: Proxy, action: Callable[[], object]) -> int:
    before = proxy.trips
    action()
    return proxy.trips - before


def test_a_batch_is_one_round_trip_once_its_names_are_known(
    proxy: Proxy, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(proxy.uri)
    record = full_run()
    first = trips(proxy, lambda: store.log(Batch([record])))
    assert 1 < first <= 7
    more = [full_run(f"run {number}") for number in range(20)]
    assert trips(proxy, lambda: store.log(Batch([full_run()]))) == 1
    assert trips(proxy, lambda: store.log(Batch(more, writer="me", seq=1))) == 1
    for _ in range(8):  # statements that psycopg prepares take none either
        assert trips(proxy, lambda: store.log(Batch([full_run()]))) == 1
    assert trips(proxy, lambda: store.get_run(record.run_id)) == 3


def test_another_process_learns_names_by_one_read(
    proxy: Proxy, open_at: Callable[..., TrackingStore]
) -> None:
    open_at(proxy.uri).log(Batch([full_run()]))
    other = open_at(proxy.uri)
    assert trips(proxy, lambda: other.log(Batch([full_run()]))) == 3


def test_an_old_libpq_sends_one_statement_after_the_other(
    proxy: Proxy, open_at: Callable[..., TrackingStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psycopg.Pipeline, "is_supported", classmethod(lambda cls: False))
    store = open_at(proxy.uri)
    record = full_run()
    store.log(Batch([record]))
    assert trips(proxy, lambda: store.log(Batch([full_run()]))) > 10
    assert store.get_run(record.run_id).data.params["p3"] == "1.5"
    with pytest.raises(NotFound, match="no run 'gone'"):
        store.log(Batch([full_run(), RunRecord("gone", tags={"t0": "x"})]))
    assert store.info().counts["runs"] == 2


# ---- refusals -------------------------------------------------------------------------------


def test_a_refused_batch_leaves_nothing_and_the_connection_works_on(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    # psycopg prepares a statement that it has sent five times. It does not notice that the server
    # skipped that after an error, so refusals in between are the hard case.
    store = open_at(postgres_uri)
    written = []
    for number in range(30):
        record = full_run(f"run {number}")
        store.log(Batch([record], writer="me", seq=number + 1))
        written.append(record.run_id)
        if number % 3 == 0:
            with pytest.raises(NotFound, match="no run 'gone'"):
                store.log(Batch([full_run(), RunRecord("gone", metrics=record.metrics)]))
        if number % 3 == 1:
            store.log(Batch([full_run()], writer="me", seq=number + 1))  # a repetition
    assert [change.id for change in store.changes()] == written
    assert len(admin(postgres_uri, "SELECT 1 FROM runs")) == 30
    connections = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    assert len(admin(postgres_uri, connections + "pg_backend_pid()")) == 1


def test_a_refusal_in_the_midst_of_megabytes_is_the_one_that_is_told(
    postgres_uri: str, open_at: Callable[..., TrackingStore], caplog: pytest.LogCaptureFixture
) -> None:
    store = open_at(postgres_uri)
    store.log(Batch([full_run()]))
    many = [full_run(f"{number} " + "x" * 5000) for number in range(200)]
    with pytest.raises(NotFound, match="no experiment with id '77'"):
        store.log(Batch([run("77", "first"), *many]))
    assert store.info().counts["runs"] == 1
    assert caplog.messages == []  # psycopg logs what it meets after an error


def test_values_that_postgresql_cannot_hold_are_refused(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(postgres_uri)
    with pytest.raises(InvalidParameter, match="surrogate"):
        store.log(Batch([run(DEFAULT, tags={"t": "\ud800"})]))
    with pytest.raises(InvalidParameter, match="NUL"):
        store.log(Batch([run(DEFAULT, tags={"t": "a\0b"})]))
    with pytest.raises(InvalidParameter, match="out of range"):
        store.log(Batch([run(DEFAULT, start=2**70)]))
    assert store.info().counts["runs"] == 0


# ---- starting at once -----------------------------------------------------------------------


def test_threads_that_open_an_empty_database_at_once_make_it_once(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(open_at, [postgres_uri] * 4))
        for _ in pool.map(lambda store: store.log(Batch([full_run()])), stores * 5):
            pass
    assert admin(postgres_uri, "SELECT count(*) FROM experiments") == [(1,)]
    assert stores[0].info().counts["runs"] == 20


def test_processes_that_open_an_empty_database_at_once_make_it_once(
    postgres_uri: str, tmp_path: Path
) -> None:
    code = f"""
        import sys
        from fitscribe.core.commands import Batch
        from fitscribe.stores import open_store
        from fitscribe.testing.tracking_case import model, run
        print("ready", flush=True)
        sys.stdin.readline()
        store = open_store({postgres_uri!r}, artifact_root={str(tmp_path)!r})
        for number in range(10):
            store.log(Batch([run("0", params={{f"p{{number}}": number}})]))
    """
    running = [
        subprocess.Popen(
            python(code, "-W", "error"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in running:
        # A connection that nobody closed would be told with -W error.
        assert process.communicate(timeout=60) == ("", "")
    assert admin(postgres_uri, "SELECT count(*) FROM runs") == [(40,)]
    assert admin(postgres_uri, "SELECT count(*) FROM keys WHERE name LIKE 'p%%'") == [(10,)]


# ---- many writers ---------------------------------------------------------------------------


def test_the_sequence_follows_the_order_of_commits(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    stores = [open_at(postgres_uri) for _ in range(4)]
    reader = open_at(postgres_uri)
    stores[0].log(Batch([full_run()]))
    done = threading.Event()
    seen = []

    def follow() -> None:
        last = False
        while not last:
            last = done.is_set()
            # Whoever reads on from the last number would miss a smaller one that comes later.
            while found := reader.changes(after=seen[-1] if seen else 0, limit=7):
                seen.extend(change.seq for change in found)

    def write(store: TrackingStore) -> None:
        for _ in range(25):
            store.log(Batch([full_run(), full_run()]))

    with ThreadPoolExecutor(5) as pool:
        following = pool.submit(follow)
        for writing in [pool.submit(write, store) for store in stores]:
            writing.result()
        done.set()
        following.result()
    every = [seq for (seq,) in admin(postgres_uri, "SELECT seq FROM changes ORDER BY seq")]
    assert len(every) == 201
    assert seen == every


def test_threads_share_a_few_connections(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(postgres_uri)
    record = full_run()
    store.log(Batch([record]))
    with ThreadPoolExecutor(3 * MOST) as pool:
        found = list(pool.map(store.get_run, [record.run_id] * 100))
    assert {one.info.run_id for one in found} == {record.run_id}
    sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fitscribe' "
    ((count,),) = admin(postgres_uri, sql + "AND datname = current_database()")
    assert 1 <= count <= MOST


def test_a_writer_that_waits_for_too_long_gives_up(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(postgres_uri, 0.2)
    store.log(Batch([full_run()]))
    with psycopg.connect(postgres_uri) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        with pytest.raises(StoreUnavailable, match="written to by others for long"):
            store.log(Batch([full_run()]))
        assert len(store.changes()) == 1  # readers do not wait
    store.log(Batch([full_run()]))
    assert len(store.changes()) == 2


def test_a_fork_has_connections_of_its_own(postgres_uri: str, tmp_path: Path) -> None:
    code = f"""
        import os, sys
        from fitscribe.core.commands import Batch
        from fitscribe.stores import open_store
        from fitscribe.testing.tracking_case import model, run
        store = open_store({postgres_uri!r}, artifact_root={str(tmp_path)!r})
        store.log(Batch([run("0", params={{"p": 1}})]))
        child = os.fork()
        for number in range(20):
            store.log(Batch([run("0", params={{"p": number}})]))
        if child:
            assert os.waitpid(child, 0)[1] == 0
            assert store.info().counts["runs"] == 41
            print("fine")
    """
    done = subprocess.run(
        python(code, "-X", "dev", "-W", "error"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")


def test_what_comes_in_one_batch_is_numbered_in_its_order(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    # What was made last is found first; a join in the insert would leave the order to the planner.
    name = conninfo_to_dict(postgres_uri)["dbname"]
    for choice in ("enable_nestloop", "enable_sort"):  # a hash join mixes the order
        admin(postgres_uri, f"ALTER DATABASE {name} SET {choice} = off")
    store = open_at(postgres_uri)
    runs = [run(DEFAULT, f"run-{number * 7919 % 2000}") for number in range(2000)]
    store.log(Batch(runs))
    made = [record.run_id for record in runs]
    admin(postgres_uri, "ANALYZE")
    sources = sorted(made, reverse=True)[:50]
    models = [model(DEFAULT, name=source, source=source) for source in sources]
    used = [
        RunRecord(source, datasets=[DatasetInput(Dataset(source, "d", "local", "{}"))])
        for source in sources
    ]
    store.log(Batch(used, models))
    for table, column, expected in (
        ("runs", "run_id", made),
        ("logged_models", "name", sources),
        ("datasets", "name", sources),
    ):
        found = admin(postgres_uri, f"SELECT {column} FROM {table} ORDER BY id")
        assert [one for (one,) in found] == expected, table
