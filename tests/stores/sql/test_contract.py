"""Both engines keep the contract of a tracking store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fitscribe.core.ports import TrackingStore
from fitscribe.stores import open_store
from fitscribe.testing import TrackingStoreContract


class TestSqlite(TrackingStoreContract):
    def new_store(self, folder: Path) -> TrackingStore:
        return open_store(str(folder))


class TestPostgresql(TrackingStoreContract):
    @pytest.fixture
    def store(self, postgres_uri: str, tmp_path: Path) -> Iterator[TrackingStore]:
        store = open_store(postgres_uri, artifact_root=str(tmp_path))
        yield store
        store.close()
