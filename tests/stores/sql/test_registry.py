"""Both engines keep the contract of a registry."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fitscribe.core.ports import Store
from fitscribe.stores import open_store
from fitscribe.testing import RegistryStoreContract


class TestSqlite(RegistryStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = open_store(str(tmp_path))
        yield store
        store.close()
        with closing(sqlite3.connect(tmp_path / "fitscribe.db")) as database:
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []


class TestPostgresql(RegistryStoreContract):
    @pytest.fixture
    def store(self, postgres_uri: str, tmp_path: Path) -> Iterator[Store]:
        store = open_store(postgres_uri, artifact_root=str(tmp_path))
        yield store
        store.close()
