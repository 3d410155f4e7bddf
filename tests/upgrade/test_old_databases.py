"""Databases that earlier versions made still open, and give back what they gave back then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
from make_database import (
    open_as_ada,
    read_everything,
    repeat_a_batch,
    write_everything,
)

from fitscribe.core.commands import Batch
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import ViewType
from fitscribe.stores import upgrade_store
from fitscribe.stores.sql.codes import SCHEMA
from fitscribe.testing.tracking_case import run

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.db"))
DUMPS = sorted(HERE.glob("*.postgresql.sql"))


def content_of(kept: Path) -> Any:
    """Return what a database gave back when it was made; NaN as text, which equals itself."""
    text = kept.with_name(kept.name + ".json").read_text(encoding="utf-8")
    return json.loads(text, parse_constant=str)


def assert_within(expected: Any, found: Any, where: str = "") -> None:
    """Check that all that was given back then is given back now; entities may have more."""
    if isinstance(expected, dict):
        assert expected.keys() <= found.keys(), where
        for key, value in expected.items():
            assert_within(value, found[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(expected) == len(found), where
        for number, value in enumerate(expected):
            assert_within(value, found[number], f"{where}[{number}]")
    else:
        assert expected == found, where


def check(store: TrackingStore, kept: Path) -> None:
    """Read everything, then use the store as if it were new."""
    found = json.loads(json.dumps(read_everything(store)), parse_constant=str)
    assert_within(content_of(kept), found)
    repeat_a_batch(store)
    record = run("1", params={"C": 0.75}, tags={"new": "yes"})
    store.log(Batch([record]))
    best = store.search_runs(["0", "1"], "params.C > 0.1", ["params.C DESC"], ViewType.ALL)
    assert [one.info.run_id for one in best] == [record.run_id, "search"]
    assert store.create_experiment("gone").experiment_id == "4"
    assert store.changes()[-1].seq == len(found["changes"]) + 2


def test_today_s_schema_is_among_them() -> None:
    assert [file.name.partition(".")[0] for file in FILES][-1] == SCHEMA
    assert [file.name.partition(".")[0] for file in DUMPS][-1] == SCHEMA
    assert all(file.stat().st_size < 300_000 for file in HERE.iterdir() if file.is_file())


@pytest.mark.parametrize("kept", FILES, ids=lambda file: file.name)
def test_an_old_file_opens(kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    shutil.copy(kept, path)
    upgrade_store(f"sqlite:///{path}")
    store = open_as_ada(f"sqlite:///{path}")
    try:
        check(store, kept)
    finally:
        store.close()


@pytest.mark.parametrize("kept", DUMPS, ids=lambda file: file.name)
def test_an_old_database_opens(kept: Path, postgres_uri: str) -> None:
    with psycopg.connect(postgres_uri) as raw:
        raw.execute(kept.read_text(encoding="utf-8"))
    upgrade_store(postgres_uri)
    store = open_as_ada(postgres_uri)
    try:
        check(store, kept)
    finally:
        store.close()


def test_what_is_kept_is_what_the_script_writes(tmp_path: Path) -> None:
    # Else a change to the script would go unnoticed until the next schema.
    store = open_as_ada(f"sqlite:///{tmp_path / 'runs.db'}")
    write_everything(store)
    found = read_everything(store)
    store.close()
    expected = content_of(HERE / f"{SCHEMA}.db")
    assert found.keys() == expected.keys()
    assert [one["info"]["run_id"] for one in found["runs"]] == [
        one["info"]["run_id"] for one in expected["runs"]
    ]
