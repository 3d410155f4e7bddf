"""Searches of runs on the ways that large stores take, and many more random ones.

A search starts from the runs of a rare term, where there is one, and the first thing that it reads
of an index is more than a page. Small test stores have nothing but rare terms, and are read at
once; here no term is rare and an index is read in small parts.
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

# An index is walked in small parts.
WALKING = {"FEW": 0, "FIRST": 1, "LONGEST": 1, "PART": 0}
# After the first part, what the terms find is read and sorted.
TURNING = {**WALKING, "PART": 100}
# What the terms find is read, and the walk goes on past all else.
PASSING = {**TURNING, "PASSED": 0}
# What the terms find is estimated, however few runs of the search a sample has.
SAMPLED = {**TURNING, "ENOUGH": 0, "SAMPLE": 4}
# Some terms are rare and some are not.
MIXED = {**TURNING, "FEW": 3, "SAMPLE": 1}


def going(monkeypatch: pytest.MonkeyPatch, way: dict[str, int]) -> None:
    for name, value in way.items():
        assert hasattr(search_runs, name)
        monkeypatch.setattr(search_runs, name, value)


@pytest.fixture(autouse=True, params=[WALKING, TURNING, PASSING, SAMPLED])
def _way(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    going(monkeypatch, request.param)


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
    examples = 2000 if FULL else 8

    def new_store(self, folder: Path) -> TrackingStore:
        return open_store(str(folder))

    @pytest.fixture(autouse=True, params=[PASSING, MIXED, SAMPLED])
    def _way(self, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
        going(monkeypatch, request.param)
