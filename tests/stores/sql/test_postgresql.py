"""What only PostgreSQL has: round trips, a server that goes away, others that write."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres_proxy import Proxy
from psycopg.conninfo import conninfo_to_dict

from fitscribe.core.entities import Batch, Dataset, DatasetInput, RunRecord
from fitscribe.core.ports import TrackingStore
from fitscribe.errors import (
    FitscribeError,
    InvalidParameter,
    InvalidState,
    NotFound,
    StoreTooNew,
    StoreTooOld,
    StoreUnavailable,
)
from fitscribe.stores import open_store
from fitscribe.stores.sql.postgresql import LOCK, MOST
from fitscribe.testing.tracking_case import model, run

SECRET = ("secret", "top%2F", "top/")
DEFAULT = "0"


@pytest.fixture
def proxy(postgres_uri: str) -> Iterator[Proxy]:
    with Proxy(postgres_uri) as proxy:
        yield proxy


@pytest.fixture
def open_here(tmp_path: Path) -> Iterator[Callable[..., TrackingStore]]:
    """Return a function that opens a store; all are closed after the test."""
    stores = []

    def open_here(uri: str, patience_s: float = 10.0) -> TrackingStore:
        store = open_store(uri, artifact_root=str(tmp_path), busy_timeout_s=patience_s)
        stores.append(store)
        return store

    yield open_here
    for store in stores:
        store.close()


def admin(uri: str, sql: str, *values: object) -> list[Any]:
    """Run SQL as the server's owner."""
    with psycopg.connect(uri, autocommit=True) as raw:
        cursor = raw.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def full_run(name: str = "a run", run_id: str | None = None) -> RunRecord:
    """Return a run with params, metrics and tags, of which an experiment has thousands."""
    return run(
        DEFAULT,
        run_id,
        name=name,
        params={f"p{number}": number / 2 for number in range(30)},
        metrics={f"m{number}": number for number in range(30)},
        tags={f"t{number}": "é" for number in range(10)},
    )


def python(code: str, *options: str) -> list[str]:
    return [sys.executable, *options, "-c", textwrap.dedent(code)]


# ---- round trips ----------------------------------------------------------------------------


def trips(proxy: Proxy, action: Callable[[], object]) -> int:
    before = proxy.trips
    action()
    return proxy.trips - before


def test_a_batch_is_one_round_trip_once_its_names_are_known(
    proxy: Proxy, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(proxy.uri)
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
    proxy: Proxy, open_here: Callable[..., TrackingStore]
) -> None:
    open_here(proxy.uri).log(Batch([full_run()]))
    other = open_here(proxy.uri)
    assert trips(proxy, lambda: other.log(Batch([full_run()]))) == 3


def test_an_old_libpq_sends_one_statement_after_the_other(
    proxy: Proxy, open_here: Callable[..., TrackingStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psycopg.Pipeline, "is_supported", classmethod(lambda cls: False))
    store = open_here(proxy.uri)
    record = full_run()
    store.log(Batch([record]))
    assert trips(proxy, lambda: store.log(Batch([full_run()]))) > 10
    assert store.get_run(record.run_id).data.params["p3"] == "1.5"
    with pytest.raises(NotFound, match="no run 'gone'"):
        store.log(Batch([full_run(), RunRecord("gone", tags={"t0": "x"})]))
    assert store.info().counts["runs"] == 2


# ---- refusals -------------------------------------------------------------------------------


def test_a_refused_batch_leaves_nothing_and_the_connection_works_on(
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    # psycopg prepares a statement that it has sent five times. It does not notice that the server
    # skipped that after an error, so refusals in between are the hard case.
    store = open_here(postgres_uri)
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
    postgres_uri: str, open_here: Callable[..., TrackingStore], caplog: pytest.LogCaptureFixture
) -> None:
    store = open_here(postgres_uri)
    store.log(Batch([full_run()]))
    many = [full_run(f"{number} " + "x" * 5000) for number in range(200)]
    with pytest.raises(NotFound, match="no experiment with id '77'"):
        store.log(Batch([run("77", "first"), *many]))
    assert store.info().counts["runs"] == 1
    assert caplog.messages == []  # psycopg logs what it meets after an error


def test_values_that_postgresql_cannot_hold_are_refused(
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(postgres_uri)
    with pytest.raises(InvalidParameter, match="surrogate"):
        store.log(Batch([run(DEFAULT, tags={"t": "\ud800"})]))
    with pytest.raises(InvalidParameter, match="NUL"):
        store.log(Batch([run(DEFAULT, tags={"t": "a\0b"})]))
    with pytest.raises(InvalidParameter, match="out of range"):
        store.log(Batch([run(DEFAULT, start=2**70)]))
    assert store.info().counts["runs"] == 0


# ---- starting at once -----------------------------------------------------------------------


def test_threads_that_open_an_empty_database_at_once_make_it_once(
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(open_here, [postgres_uri] * 4))
        for _ in pool.map(lambda store: store.log(Batch([full_run()])), stores * 5):
            pass
    assert admin(postgres_uri, "SELECT count(*) FROM experiments") == [(1,)]
    assert stores[0].info().counts["runs"] == 20


def test_processes_that_open_an_empty_database_at_once_make_it_once(
    postgres_uri: str, tmp_path: Path
) -> None:
    code = f"""
        import sys
        from fitscribe.core.entities import Batch
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
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    stores = [open_here(postgres_uri) for _ in range(4)]
    reader = open_here(postgres_uri)
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
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(postgres_uri)
    record = full_run()
    store.log(Batch([record]))
    with ThreadPoolExecutor(3 * MOST) as pool:
        found = list(pool.map(store.get_run, [record.run_id] * 100))
    assert {one.info.run_id for one in found} == {record.run_id}
    sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fitscribe' "
    ((count,),) = admin(postgres_uri, sql + "AND datname = current_database()")
    assert 1 <= count <= MOST


def test_a_writer_that_waits_for_too_long_gives_up(
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(postgres_uri, 0.2)
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
        from fitscribe.core.entities import Batch
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
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    # What was made last is found first; a join in the insert would leave the order to the planner.
    name = conninfo_to_dict(postgres_uri)["dbname"]
    for choice in ("enable_nestloop", "enable_sort"):  # a hash join mixes the order
        admin(postgres_uri, f"ALTER DATABASE {name} SET {choice} = off")
    store = open_here(postgres_uri)
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


# ---- a server that goes away ----------------------------------------------------------------


def test_a_server_that_is_gone_is_told_and_found_again(
    proxy: Proxy, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(proxy.uri)
    record = full_run()
    store.log(Batch([record]))
    proxy.stop()
    for action in (
        lambda: store.get_run(record.run_id),
        lambda: store.log(Batch([full_run()])),
        lambda: store.create_experiment("e"),
        lambda: open_here(proxy.uri),
    ):
        with pytest.raises(StoreUnavailable, match="Is the server running"):
            action()
    proxy.start()
    assert store.get_run(record.run_id).info.run_id == record.run_id
    store.log(Batch([full_run()]))
    assert store.info().counts["runs"] == 2


def test_connections_that_were_dropped_while_idle_are_replaced(
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(postgres_uri)
    record = full_run()
    store.log(Batch([record]))
    drop = (
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        "WHERE application_name = 'fitscribe' AND datname = current_database()"
    )
    for action in (
        lambda: store.get_run(record.run_id),
        lambda: store.log(Batch([full_run()])),
        lambda: store.create_experiment("e"),
    ):
        assert admin(postgres_uri, drop) == [(1,)]
        action()


def test_a_lost_answer_is_told_and_the_same_batch_again_has_one_effect(
    proxy: Proxy, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(proxy.uri)
    store.log(Batch([full_run()]))
    record = full_run("lost")
    batch = Batch([record], writer="a spool", seq=1)
    proxy.loses_answers = True
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.log(batch)
    proxy.loses_answers = False
    written = [change.id for change in store.changes()]
    assert written[1:] == [record.run_id]  # nothing was repeated behind the caller's back
    store.log(batch)
    store.log(Batch([full_run("other")], writer="a spool", seq=1))
    assert [change.id for change in store.changes()] == written
    store.log(Batch([full_run("next")], writer="a spool", seq=2))
    assert len(store.changes()) == 3


def test_a_database_that_is_made_anew_is_noticed(
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(postgres_uri)
    store.log(Batch([run(DEFAULT, params={"first": 1, "second": 2})]))
    name = conninfo_to_dict(postgres_uri)["dbname"]
    owner = postgres_uri.replace(f"/{name}?", "/postgres?")
    admin(owner, f"DROP DATABASE {name} WITH (FORCE)")
    admin(owner, f"CREATE DATABASE {name}")
    record = run(DEFAULT, params={"second": "x"})
    with pytest.raises(StoreUnavailable, match="replaced by another database"):
        store.log(Batch([record]))
    store.log(Batch([record]))
    assert store.get_run(record.run_id).data.params == {"second": "x"}


# ---- what is told ---------------------------------------------------------------------------


def test_no_message_shows_the_password(
    proxy: Proxy, open_here: Callable[..., TrackingStore]
) -> None:
    store = open_here(proxy.uri)
    assert "***" in store.info().uri
    told = [store.info().uri, repr(store)]
    name = conninfo_to_dict(proxy.uri)["dbname"]
    for uri, kind, words in (
        (proxy.uri.replace("postgres:", "nobody:"), StoreUnavailable, "nobody"),
        (proxy.uri.replace(f"/{name}", "/elsewhere"), StoreUnavailable, "elsewhere"),
        (proxy.uri.replace("127.0.0.1", "no-such-host.invalid"), StoreUnavailable, "running"),
        (proxy.uri.replace("top%2Fsecret", "top%2secret"), InvalidParameter, "%40 for @"),
        (proxy.uri + "&no_such_option=1", InvalidParameter, "no address"),
    ):
        with pytest.raises(kind, match=words) as caught:
            open_here(uri)
        told += traceback.format_exception(caught.value)
    proxy.stop()
    with pytest.raises(StoreUnavailable) as gone:
        store.changes()
    told += traceback.format_exception(gone.value)
    # Tracebacks quote lines of this file too.
    text = "".join(line for line in told if __file__ not in line)
    assert "***" in text
    for word in SECRET:
        assert word not in text


def test_missing_rights_are_told(
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    open_here(postgres_uri).log(Batch([full_run()]))
    name = f"reader_{conninfo_to_dict(postgres_uri)['dbname']}"
    admin(postgres_uri, f"CREATE ROLE {name} LOGIN")
    admin(postgres_uri, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    reader = open_here(postgres_uri.replace("//postgres@", f"//{name}@"))
    assert len(reader.changes()) == 1
    with pytest.raises(StoreUnavailable, match="rights"):
        reader.log(Batch([full_run()]))
    admin(postgres_uri, f"DROP OWNED BY {name}")
    admin(postgres_uri, f"DROP ROLE {name}")


@pytest.mark.parametrize(
    ("version", "kind", "words"),
    [
        ("9999", StoreTooNew, "pip install --upgrade fitscribe"),
        ("0000", StoreTooOld, r"fitscribe db upgrade postgresql://"),
    ],
)
def test_another_version_is_refused(
    postgres_uri: str,
    open_here: Callable[..., TrackingStore],
    version: str,
    kind: type[FitscribeError],
    words: str,
) -> None:
    open_here(postgres_uri).close()
    admin(postgres_uri, "UPDATE alembic_version SET version_num = %s", version)
    with pytest.raises(kind, match=words):
        open_here(postgres_uri)


def test_a_database_of_another_program_is_refused(
    postgres_uri: str, open_here: Callable[..., TrackingStore]
) -> None:
    admin(postgres_uri, "CREATE TABLE metrics (a int)")
    admin(postgres_uri, "CREATE TABLE alembic_version (version_num text)")
    with pytest.raises(InvalidState, match=r"another program.*MLflow"):
        open_here(postgres_uri)
    assert len(admin(postgres_uri, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")) == 2


def test_without_psycopg_the_command_that_installs_it_is_told() -> None:
    code = """
        import sys
        sys.modules["psycopg"] = None
        from fitscribe.errors import MissingDependency
        from fitscribe.stores import open_store
        try:
            open_store("postgresql://h/d", artifact_root="a")
        except MissingDependency as error:
            print(error)
    """
    done = subprocess.run(python(code), capture_output=True, text=True, check=True)
    assert "pip install 'fitscribe[postgres]'" in done.stdout
