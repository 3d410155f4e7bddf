"""Searches of runs on the way that large stores take, and many more random ones.

A search starts from the runs of a rare term, where there is one. Small test stores have nothing
but rare terms; here none is, and all searches walk an index.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fitscribe.core.ports import TrackingStore
from fitscribe.stores import open_store
from fitscribe.stores.sql import search_runs
from fitscribe.testing.tracking_search import RandomSearchesContract, SearchRunsContract

FULL = os.environ.get("FITSCRIBE_SOAK") == "1"


@pytest.fixture(autouse=True)
def _nothing_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_runs, "RARE", 0)


class TestSqlite(SearchRunsContract):
    def new_store(self, folder: Path) -> TrackingStore:
        return open_store(str(folder))


class TestPostgresql(RandomSearchesContract):
    @pytest.fixture
    def store(self, postgres_uri: str, tmp_path: Path) -> Iterator[TrackingStore]:
        store = open_store(postgres_uri, artifact_root=str(tmp_path))
        yield store
        store.close()


@pytest.mark.soak
class TestManySearches(RandomSearchesContract):
    """Some terms are rare and some are not."""

    examples = 2000 if FULL else 8

    def new_store(self, folder: Path) -> TrackingStore:
        return open_store(str(folder))

    @pytest.fixture(autouse=True, params=[2, 4])
    def _few_are_rare(
        self, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
    ) -> None:
        monkeypatch.setattr(search_runs, "RARE", request.param)
