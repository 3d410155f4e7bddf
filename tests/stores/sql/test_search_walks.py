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
from fitscribe.testing.tracking_case import add_runs, run
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


def test_a_sample_without_a_run_of_the_search(
    tmp_path: Path, postgres_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tenth run is drawn; the wanted experiment's runs lie between."""
    going(monkeypatch, SAMPLED)
    for uri in (str(tmp_path), postgres_uri):
        store = open_store(uri, artifact_root=str(tmp_path))
        wanted, other = (store.create_experiment(name).experiment_id for name in "ab")
        records = [
            run(wanted if 1 <= number <= 8 else other, params={"C": number}, start=number)
            for number in range(40)
        ]
        add_runs(store, records)
        found = store.search_runs(
            [wanted], "params.C < 7 AND params.C < 8", ["attributes.run_name"], max_results=1
        )
        assert [one.info.run_id for one in found] == [records[6].run_id]
        store.close()


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
