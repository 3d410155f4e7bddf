"""A PostgreSQL server that goes away or refuses, and what is told of it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import traceback
from collections.abc import Callable

import pytest
from postgres_case import DEFAULT, admin, full_run
from postgres_proxy import Proxy
from psycopg.conninfo import conninfo_to_dict

from fitscribe.core.commands import Batch
from fitscribe.core.ports import TrackingStore
from fitscribe.errors import (
    FitscribeError,
    InvalidParameter,
    InvalidState,
    StoreTooNew,
    StoreTooOld,
    StoreUnavailable,
)
from fitscribe.testing.tracking_case import run

SECRET = ("secret", "top%2F", "top/")


# ---- a server that goes away ----------------------------------------------------------------


def test_a_server_that_is_gone_is_told_and_found_again(
    proxy: Proxy, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(proxy.uri)
    record = full_run()
    store.log(Batch([record]))
    proxy.stop()
    for action in (
        lambda: store.get_run(record.run_id),
        lambda: store.log(Batch([full_run()])),
        lambda: store.create_experiment("e"),
        lambda: open_at(proxy.uri),
    ):
        with pytest.raises(StoreUnavailable, match="Is the server running"):
            action()
    proxy.start()
    assert store.get_run(record.run_id).info.run_id == record.run_id
    store.log(Batch([full_run()]))
    assert store.info().counts["runs"] == 2


def test_connections_that_were_dropped_while_idle_are_replaced(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(postgres_uri)
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
    proxy: Proxy, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(proxy.uri)
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
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(postgres_uri)
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
    proxy: Proxy, open_at: Callable[..., TrackingStore]
) -> None:
    store = open_at(proxy.uri)
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
            open_at(uri)
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


def test_missing_rights_are_told(postgres_uri: str, open_at: Callable[..., TrackingStore]) -> None:
    open_at(postgres_uri).log(Batch([full_run()]))
    name = f"reader_{conninfo_to_dict(postgres_uri)['dbname']}"
    admin(postgres_uri, f"CREATE ROLE {name} LOGIN")
    admin(postgres_uri, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    reader = open_at(postgres_uri.replace("//postgres@", f"//{name}@"))
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
    open_at: Callable[..., TrackingStore],
    version: str,
    kind: type[FitscribeError],
    words: str,
) -> None:
    open_at(postgres_uri).close()
    admin(postgres_uri, "UPDATE alembic_version SET version_num = %s", version)
    with pytest.raises(kind, match=words):
        open_at(postgres_uri)


def test_a_database_of_another_program_is_refused(
    postgres_uri: str, open_at: Callable[..., TrackingStore]
) -> None:
    admin(postgres_uri, "CREATE TABLE metrics (a int)")
    admin(postgres_uri, "CREATE TABLE alembic_version (version_num text)")
    with pytest.raises(InvalidState, match=r"another program.*MLflow"):
        open_at(postgres_uri)
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
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert "pip install 'fitscribe[postgres]'" in done.stdout
