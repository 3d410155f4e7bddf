"""How the store asks SQLite: so many statements for a batch, and searches that never sort."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fitscribe.core.clock import new_run_id
from fitscribe.core.commands import Batch, RunChange, RunRecord
from fitscribe.core.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput
from fitscribe.core.ports import TrackingStore
from fitscribe.core.values import Metric
from fitscribe.stores import open_store
from fitscribe.stores.sql import search_runs
from fitscribe.testing.tracking_case import add_runs, end, fill, model, run

Traced = Callable[[Callable[[], object]], list[str]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrackingStore]:
    store = open_store(str(tmp_path))
    yield store
    store.close()


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch, store: TrackingStore) -> Traced:
    """Return a function that calls another one and returns the SQL that it ran.

    A statement is counted once for each row that it runs for. Connections that are open already
    are closed first, for those that follow to be watched.
    """
    seen: list[str] = []
    connect = sqlite3.connect

    def watched(*args: Any, **options: Any) -> sqlite3.Connection:
        raw: sqlite3.Connection = connect(*args, **options)
        raw.set_trace_callback(seen.append)
        return raw

    monkeypatch.setattr(sqlite3, "connect", watched)
    store.close()

    def trace(use: Callable[[], object]) -> list[str]:
        use_begins = len(seen)
        use()
        return [sql for sql in seen[use_begins:] if not sql.startswith(("PRAGMA", "--"))]

    return trace


def fit(experiment: str) -> Batch:
    """Return what one fit under autolog writes: a run with all that it has, and its model."""
    made = model(experiment, params={}, tags={"estimator": "LogisticRegression"})
    used = DatasetInput(
        Dataset("X", "0123456789abcdef", "code", "{}", "{}", "{}"),
        (InputTag("mlflow.data.context", "train"),),
    )
    record = run(
        experiment,
        params={f"param_{number}": number for number in range(15)},
        metrics=[
            Metric(f"training_{number}", number / 10, 1, 0, made.model_id, "X", "0123456789abcdef")
            for number in range(8)
        ],
        tags={f"mlflow.tag_{number}": "x" for number in range(10)},
        datasets=[used],
        model_outputs=[LoggedModelOutput(made.model_id)],
        change=end(),
    )
    return Batch([record], [made])


# Writing


def test_a_fit_is_one_transaction(store: TrackingStore, traced: Traced) -> None:
    store.log(fit("0"))
    statements = traced(lambda: store.log(fit("0")))
    assert statements[0] == "BEGIN IMMEDIATE"
    assert statements[-1] == "COMMIT"
    assert sum(sql.startswith(("BEGIN", "COMMIT", "ROLLBACK")) for sql in statements) == 2


def test_a_fit_is_so_many_statements(store: TrackingStore, traced: Traced) -> None:
    store.log(fit("0"))
    statements = traced(lambda: store.log(fit("0")))
    # One insert for each of 15 params, 11 tags with the name, 8 points, their latest and their
    # model; the run, the model, its tag and link, the dataset and its input, and two changes.
    # The rest are rules and look-ups.
    inserts = [sql for sql in statements if sql.startswith("INSERT")]
    assert len(inserts) == 15 + 11 + 3 * 8 + 8
    others = [sql for sql in statements if not sql.startswith("INSERT")]
    assert len(others) <= 10, others
    assert not [sql for sql in statements if sql.startswith(("UPDATE", "DELETE"))]


def test_the_first_fit_asks_for_all_keys_at_once(store: TrackingStore, traced: Traced) -> None:
    store.log(Batch([run("0")]))
    statements = traced(lambda: store.log(fit("0")))
    assert sum("FROM keys" in sql for sql in statements) <= 2
    assert sum(sql.startswith("BEGIN") for sql in statements) == 1


def test_a_search_of_many_candidates_is_one_transaction(
    store: TrackingStore, traced: Traced
) -> None:
    def candidates() -> Batch:
        parent = run("0")
        children = [
            run("0", parent=parent.run_id, params={"C": n}, metrics={"mean": 0.5}, change=end())
            for n in range(200)
        ]
        return Batch([parent, *children])

    store.log(candidates())
    statements = traced(lambda: store.log(candidates()))
    assert sum(sql.startswith("BEGIN") for sql in statements) == 1
    selects = [sql for sql in statements if sql.startswith("SELECT")]
    assert len(selects) <= 10, selects[:20]
    # The run, its name and its parent, param, point, latest value, change.
    inserts = [sql for sql in statements if sql.startswith("INSERT")]
    assert len(inserts) == 200 * 7 + 3


def test_a_metric_is_few_statements(store: TrackingStore, traced: Traced) -> None:
    (run_id,) = add_runs(store, [run("0", metrics={"m": 0.0})])
    fill(store, run_id, metrics=[Metric("m", 0.0, 1)])
    statements = traced(lambda: fill(store, run_id, metrics=[Metric("m", 1.0, 2, 1)]))
    assert len(statements) <= 8, statements


def test_reading_a_run_and_a_page_take_as_many_statements(
    store: TrackingStore, traced: Traced
) -> None:
    made = [fit("0") for _ in range(30)]
    for batch in made:
        store.log(batch)
    store.search_runs(["0"])
    one = traced(lambda: store.get_run(made[0].runs[0].run_id))
    many = traced(lambda: store.search_runs(["0"], max_results=30))
    assert len(many) == len(one)


def test_reading_takes_no_write_lock(store: TrackingStore, traced: Traced) -> None:
    (run_id,) = add_runs(store, [run("0", metrics={"m": 1.0})])

    def read() -> None:
        store.get_run(run_id)
        store.search_runs(["0"], "metrics.m > 0", ["metrics.m"])
        store.get_metric_history(run_id, "m")
        store.search_experiments()
        store.open_leases()
        store.changes()

    begun = [sql for sql in traced(read) if sql.startswith("BEGIN")]
    assert begun == ["BEGIN"] * 6


# Searching


@pytest.fixture
def many(store: TrackingStore, monkeypatch: pytest.MonkeyPatch) -> TrackingStore:
    """Return a store with 6,000 runs, in which no term of the searches below is rare."""
    monkeypatch.setattr(search_runs, "FEW", 500)
    values = [*(number / 50 for number in range(50)), math.nan]
    for first in range(0, 6000, 1000):
        records = [
            RunRecord(
                new_run_id(),
                run("0", start=number % 700).create,
                metrics=[Metric("score", values[number % 51], 1)] if number % 7 else (),
                params=run("0", params={"depth": number % 9, "kind": f"k{number % 3}"}).params,
                tags={"estimator": "A" if number % 2 else "B"},
                change=RunChange("FINISHED", number),
            )
            for number in range(first, first + 1000)
        ]
        store.log(Batch(records))
    return store


SEARCHES: dict[str, dict[str, Any]] = {
    "newest": {},
    "newest of a start": {"order_by": ["start_time DESC"]},
    "greatest metric": {"order_by": ["metrics.score DESC"]},
    "least metric": {"order_by": ["metrics.score"]},
    "greatest param": {"order_by": ["params.depth DESC"]},
    "least param": {"order_by": ["params.depth"]},
    "first tag": {"order_by": ["tags.estimator"]},
    "last tag": {"order_by": ["tags.estimator DESC"]},
    "first name": {"order_by": ["run_name"]},
    "greatest metric of some": {
        "filter_string": "params.depth > 2 AND tags.estimator = 'A' AND metrics.score > 0.1",
        "order_by": ["metrics.score DESC"],
    },
    "newest of some": {"filter_string": "params.depth != 3 AND NOT tags.estimator LIKE 'B%'"},
}


@pytest.mark.parametrize("name", SEARCHES)
def test_no_search_sorts_the_runs(many: TrackingStore, traced: Traced, name: str) -> None:
    asked = SEARCHES[name]

    def search() -> None:
        found = many.search_runs(["0"], max_results=100, **asked)
        assert len(found) == 100
        assert found.token is not None
        many.search_runs(["0"], max_results=100, page_token=found.token, **asked)

    selects = [sql for sql in traced(search) if sql.startswith("SELECT") and "LIMIT" in sql]
    assert selects
    for sql, plan in plans(many, selects):
        # Lists of runs and what was read from an index may be scanned, a table never.
        scans = [step.split()[1] for step in plan if step.startswith("SCAN")]
        assert not [one for one in scans if not one.startswith(("anon_", "json_", "CONSTANT"))], (
            sql
        )
        assert not [step for step in plan if "TEMP B-TREE" in step], (sql, plan)


@pytest.mark.parametrize("name", ["newest", "greatest metric"])
def test_the_covering_indexes_are_walked(many: TrackingStore, traced: Traced, name: str) -> None:
    asked = SEARCHES[name]
    selects = [
        sql
        for sql in traced(lambda: many.search_runs(["0"], max_results=100, **asked))
        if "LIMIT" in sql
    ]
    index = {"newest": "runs_by_start", "greatest metric": "latest_by_value"}[name]
    ((_, plan), *_) = plans(many, selects)
    assert index in plan[0]
    assert not [step for step in plan if "TEMP B-TREE" in step]


def plans(store: TrackingStore, statements: list[str]) -> list[tuple[str, list[str]]]:
    """Return each statement with the steps by which SQLite runs it."""
    path = store.info().uri.removeprefix("sqlite:///")
    raw = sqlite3.connect(path)
    raw.create_function("fitscribe_lower", 1, str.lower, deterministic=True)
    raw.execute("PRAGMA case_sensitive_like = ON")
    found = []
    for sql in statements:
        steps = [row[3] for row in raw.execute("EXPLAIN QUERY PLAN " + sql)]
        found.append((sql, steps))
    raw.close()
    return found


@pytest.mark.parametrize("name", ["newest", "greatest metric", "least metric"])
def test_a_page_costs_the_same_wherever_it_lies(
    many: TrackingStore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    counted = count_instructions(monkeypatch, many)
    costs: list[int] = []
    token = None
    for _ in range(9):
        before = counted[0]
        page = many.search_runs(["0"], max_results=500, page_token=token, **SEARCHES[name])
        assert len(page) == 500
        token = page.token
        costs.append(counted[0] - before)
    assert max(costs) < 1.5 * min(costs), costs


def count_instructions(monkeypatch: pytest.MonkeyPatch, store: TrackingStore) -> list[int]:
    """Return a list that counts, in hundreds, the instructions of SQLite's machine from now on."""
    counted = [0]
    connect = sqlite3.connect

    def watched(*args: Any, **options: Any) -> sqlite3.Connection:
        raw: sqlite3.Connection = connect(*args, **options)
        raw.set_progress_handler(lambda: counted.__setitem__(0, counted[0] + 1), 100)
        return raw

    monkeypatch.setattr(sqlite3, "connect", watched)
    store.close()
    return counted


@pytest.mark.parametrize("order", ["{}", "{} DESC"])
@pytest.mark.parametrize("column", ["metrics.{}", "params.{}", "tags.{}"])
def test_runs_of_equal_value_are_not_all_read(
    store: TrackingStore, monkeypatch: pytest.MonkeyPatch, order: str, column: str
) -> None:
    """A page of a value that most runs have costs what one of different values does."""
    names = {"same": lambda number: number // 3900, "other": lambda number: number}
    for first in range(0, 4000, 1000):
        records = [
            run(
                "0",
                start=1 + number % 5,
                metrics={name: float(of(number)) for name, of in names.items()},
                params={name: of(number) for name, of in names.items()},
                tags={name: str(of(number)) for name, of in names.items()},
            )
            for number in range(first, first + 1000)
        ]
        store.log(Batch(records))
    counted = count_instructions(monkeypatch, store)
    costs = dict.fromkeys(names, 0)
    for name in names:
        token = None
        for _ in range(3):
            before = counted[0]
            order_by = [order.format(column.format(name))]
            page = store.search_runs(["0"], "", order_by, max_results=200, page_token=token)
            costs[name] = max(costs[name], counted[0] - before)
            token = page.token
    assert costs["same"] < 1.5 * costs["other"], costs


@pytest.mark.parametrize(
    "together",
    [
        "params.depth = 1 AND params.kind = 'k0'",
        "params.depth = 1 AND params.kind = 'k0' AND tags.estimator = 'A'",
        "(params.depth = 1 OR params.depth = 4) AND params.kind = 'k0' AND metrics.score > 0.2",
    ],
)
def test_terms_that_are_rare_together_are_not_looked_up_for_every_run(
    many: TrackingStore, monkeypatch: pytest.MonkeyPatch, together: str
) -> None:
    counted = count_instructions(monkeypatch, many)
    costs = []
    for part in (search_runs.PART, 0):  # 0: what the terms find is never read
        monkeypatch.setattr(search_runs, "PART", part)
        before = counted[0]
        assert not many.search_runs(["0"], together, ["metrics.score DESC"], max_results=50)
        costs.append(counted[0] - before)
    assert costs[0] < 0.7 * costs[1], costs


def test_what_terms_find_is_estimated_where_a_sample_tells(
    many: TrackingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_runs, "FEW", 50)
    monkeypatch.setattr(search_runs, "SAMPLE", 16)
    counted = count_instructions(monkeypatch, many)
    costs = []
    for enough in (8, 100):  # the other: all is counted
        monkeypatch.setattr(search_runs, "ENOUGH", enough)
        before = counted[0]
        asked = "params.depth IN (1, 4) AND params.kind = 'k0' AND tags.estimator = 'A'"
        assert not many.search_runs(["0"], asked, ["metrics.score DESC"], max_results=50)
        costs.append(counted[0] - before)
    assert costs[0] < 0.9 * costs[1], costs


def test_common_terms_are_looked_up_for_few_runs(
    many: TrackingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = count_instructions(monkeypatch, many)
    costs = []
    for few in (500, 10_000):  # 10,000: what the terms find is always read
        monkeypatch.setattr(search_runs, "FEW", few)
        before = counted[0]
        asked = "params.depth > 1 AND tags.estimator = 'A'"
        assert len(many.search_runs(["0"], asked, max_results=100)) == 100
        costs.append(counted[0] - before)
    assert costs[0] < 0.5 * costs[1], costs
