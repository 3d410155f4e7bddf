"""A database that Alembic makes step by step is the one that a fresh store makes at once."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fitscribe.errors import InvalidState, NotFound, StoreTooNew, StoreTooOld
from fitscribe.stores import open_store, upgrade_store
from fitscribe.stores.sql import migrate, schema, tables
from fitscribe.stores.sql.codes import SCHEMA, ddl_path
from fitscribe.stores.sql.migrate import upgrade

NEWER = "9999"
NEXT_SCHEMA = f"{int(SCHEMA) + 1:04}"


def query_sqlite(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute(sql).fetchall()
        raw.commit()
        return rows


def sqlite_schema(path: Path) -> list[tuple[str, str]]:
    """Return name and text of everything in a file, whatever the spaces in between."""
    rows = query_sqlite(path, "SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY name")
    return [(name, re.sub(r"\s+", " ", sql).strip()) for name, sql in rows]


def postgres_schema(uri: str) -> list[Any]:
    """Return columns, indexes, constraints, sequences and functions of a database."""
    with psycopg.connect(uri) as raw:
        return [
            raw.execute(sql).fetchall()
            for sql in (
                "SELECT a.attrelid::regclass::text, a.attname, a.attnum, a.attnotnull, "
                "a.attidentity, format_type(a.atttypid, a.atttypmod), "
                "a.attcollation::regcollation::text "
                "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
                "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' "
                "AND a.attnum > 0 ORDER BY 1, 3",
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
                "ORDER BY 1",
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
                "FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
                "SELECT sequencename, data_type::text, start_value, cache_size "
                "FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1",
                "SELECT pg_get_functiondef(oid) FROM pg_proc "
                "WHERE pronamespace = 'public'::regnamespace ORDER BY proname",
            )
        ]


def query_postgres(uri: str, sql: str) -> list[Any]:
    with psycopg.connect(uri, autocommit=True) as raw:
        cursor = raw.execute(sql)
        return cursor.fetchall() if cursor.description else []


def other_database(uri: str, name: str) -> str:
    """Make a second database beside a test's own, and return its address."""
    mine = psycopg.conninfo.conninfo_to_dict(uri)["dbname"]
    query_postgres(uri, f"CREATE DATABASE {mine}_{name}")
    return uri.replace(f"/{mine}?", f"/{mine}_{name}?")


# ---- one schema, made in two ways -----------------------------------------------------------


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_committed_ddl_is_that_of_the_tables(engine: str) -> None:
    text = ddl_path(SCHEMA, engine).read_text(encoding="utf-8")
    assert text == "".join(f"{one};\n\n" for one in tables.ddl(engine)), (
        "the tables changed: python -m fitscribe.stores.sql.tables"
    )


def test_alembic_makes_the_schema_of_a_fresh_file(tmp_path: Path) -> None:
    fresh, stepwise = tmp_path / "fresh.db", tmp_path / "stepwise.db"
    open_store(f"sqlite:///{fresh}").close()
    stepwise.touch()
    assert upgrade(f"sqlite:///{stepwise}") == ("none", SCHEMA)
    assert len(sqlite_schema(fresh)) > 30
    assert sqlite_schema(stepwise) == sqlite_schema(fresh)
    for table in ("alembic_version", "experiments"):
        columns = "version_num" if table == "alembic_version" else "id, name, lifecycle"
        sql = f"SELECT {columns} FROM {table}"
        assert query_sqlite(stepwise, sql) == query_sqlite(fresh, sql)
    assert not list(tmp_path.glob("*.backup"))
    store = open_store(f"sqlite:///{stepwise}")
    assert store.create_experiment("next").experiment_id == "1"
    store.close()


def test_alembic_makes_the_schema_of_a_fresh_database(postgres_uri: str, tmp_path: Path) -> None:
    stepwise = other_database(postgres_uri, "stepwise")
    open_store(postgres_uri, artifact_root=str(tmp_path)).close()
    assert upgrade(stepwise) == ("none", SCHEMA)
    fresh = postgres_schema(postgres_uri)
    assert all(fresh)
    assert postgres_schema(stepwise) == fresh
    assert query_postgres(stepwise, "SELECT version_num FROM alembic_version") == [(SCHEMA,)]
    store = open_store(stepwise, artifact_root=str(tmp_path))
    assert store.get_experiment("0").name == "Default"
    assert store.create_experiment("next").experiment_id == "1"
    store.close()
    query_postgres(postgres_uri, f"DROP DATABASE {stepwise.split('/')[3].partition('?')[0]}")


# ---- upgrades -------------------------------------------------------------------------------

NEXT = f"""
from alembic import op

revision = "{NEXT_SCHEMA}"
down_revision = "{SCHEMA}"

def upgrade():
    op.execute("CREATE TABLE added (id INTEGER)")
    op.execute("ALTER TABLE experiments ADD COLUMN note {{type}}")
"""


@pytest.fixture
def next_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that there is a further schema; return the file that makes it."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder)
    revision = folder / "versions" / f"{NEXT_SCHEMA}_next.py"
    revision.write_text(NEXT.format(type="TEXT"))
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    monkeypatch.setattr(schema, "SCHEMA", NEXT_SCHEMA)
    return revision


def old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a file of today's schema, with an experiment of its own."""
    path = tmp_path / "runs.db"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SCHEMA", SCHEMA)
        store = open_store(f"sqlite:///{path}")
        store.create_experiment("mine")
        store.close()
    return path


@pytest.mark.usefixtures("next_schema")
def test_a_file_is_copied_and_brought_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_file(tmp_path, monkeypatch)
    with pytest.raises(StoreTooOld, match="fitscribe db upgrade"):
        open_store(f"sqlite:///{path}")
    # What is committed and still in the WAL belongs to the copy too.
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE experiments SET name = 'renamed' WHERE name = 'mine'")
        other.commit()
        assert upgrade(f"sqlite:///{path}") == (SCHEMA, NEXT_SCHEMA)
    backup = tmp_path / f"runs.db.{SCHEMA}.backup"
    for file in (path, backup):
        assert query_sqlite(file, "SELECT name FROM experiments ORDER BY id") == [
            ("Default",),
            ("renamed",),
        ]
    assert query_sqlite(path, "SELECT version_num FROM alembic_version") == [(NEXT_SCHEMA,)]
    assert query_sqlite(backup, "SELECT version_num FROM alembic_version") == [(SCHEMA,)]
    assert query_sqlite(path, "SELECT note FROM experiments") == [(None,), (None,)]
    assert upgrade(f"sqlite:///{path}") == (NEXT_SCHEMA, NEXT_SCHEMA)
    assert not list(tmp_path.glob("*.part"))
    open_store(f"sqlite:///{path}").close()


def test_an_upgrade_that_fails_changes_nothing(
    next_schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_file(tmp_path, monkeypatch)
    before = sqlite_schema(path)
    # The first statement of the revision works, the second does not.
    next_schema.write_text(NEXT.format(type="TEXT NOT NULL"))
    with pytest.raises(InvalidState, match="NOT NULL"):
        upgrade(f"sqlite:///{path}")
    assert sqlite_schema(path) == before
    assert query_sqlite(path, "SELECT version_num FROM alembic_version") == [(SCHEMA,)]


def test_a_database_is_brought_up_or_left_as_it_is(
    next_schema: Path, postgres_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SCHEMA", SCHEMA)
        open_store(postgres_uri, artifact_root=str(tmp_path)).close()
    before = postgres_schema(postgres_uri)
    next_schema.write_text(NEXT.format(type="NO_SUCH_TYPE"))
    with pytest.raises(InvalidState, match="no_such_type"):
        upgrade(postgres_uri)
    assert postgres_schema(postgres_uri) == before
    next_schema.write_text(NEXT.format(type="TEXT"))
    assert upgrade(postgres_uri) == (SCHEMA, NEXT_SCHEMA)
    assert query_postgres(postgres_uri, "SELECT note FROM experiments") == [(None,)]
    assert query_postgres(postgres_uri, "SELECT version_num FROM alembic_version") == [
        (NEXT_SCHEMA,)
    ]


def upgrade_in_processes(uri: str, count: int) -> None:
    code = f"from fitscribe.stores import upgrade_store; print(upgrade_store({uri!r})[1])"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    for process in running:
        assert process.communicate(timeout=60) == (f"{SCHEMA}\n", "")


def test_processes_that_bring_up_one_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    path.touch()
    upgrade_in_processes(f"sqlite:///{path}", 3)
    assert query_sqlite(path, "SELECT name FROM experiments") == [("Default",)]


def test_processes_that_bring_up_one_database_at_once_wait_for_each_other(
    postgres_uri: str,
) -> None:
    upgrade_in_processes(postgres_uri, 3)
    assert query_postgres(postgres_uri, "SELECT name FROM experiments") == [("Default",)]


def test_a_version_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    open_store(f"sqlite:///{path}").close()
    query_sqlite(path, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(InvalidState, match="0000"):
        upgrade(f"sqlite:///{path}")


def test_nothing_to_do_leaves_a_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    open_store(f"sqlite:///{path}").close()
    before = path.read_bytes()
    assert upgrade_store(f"sqlite:///{path}") == (SCHEMA, SCHEMA)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.backup*"))


def test_nothing_to_do_leaves_a_database_as_it_is(postgres_uri: str, tmp_path: Path) -> None:
    open_store(postgres_uri, artifact_root=str(tmp_path)).close()
    assert upgrade_store(postgres_uri) == (SCHEMA, SCHEMA)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with pytest.raises(NotFound, match="no database"):
        upgrade_store(f"sqlite:///{path}")
    assert list(tmp_path.iterdir()) == []


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    open_store(f"sqlite:///{path}").close()
    query_sqlite(path, f"UPDATE alembic_version SET version_num = '{NEWER}'")
    with pytest.raises(StoreTooNew, match="pip install --upgrade fitscribe"):
        upgrade_store(f"sqlite:///{path}")
    assert query_sqlite(path, "SELECT version_num FROM alembic_version") == [(NEWER,)]
    assert not list(tmp_path.glob("*.backup*"))


def test_a_newer_database_is_refused(postgres_uri: str, tmp_path: Path) -> None:
    open_store(postgres_uri, artifact_root=str(tmp_path)).close()
    query_postgres(postgres_uri, f"UPDATE alembic_version SET version_num = '{NEWER}'")
    with pytest.raises(StoreTooNew, match="pip install --upgrade fitscribe"):
        upgrade_store(postgres_uri)


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    query_sqlite(path, "CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(InvalidState, match="another program"):
        upgrade_store(f"sqlite:///{path}")
    assert [name for name, _ in sqlite_schema(path)] == ["theirs"]


def test_a_database_of_another_program_is_refused(postgres_uri: str) -> None:
    query_postgres(postgres_uri, "CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(InvalidState, match="another program"):
        upgrade_store(postgres_uri)
