"""What was acknowledged stays: kill -9 at any moment, a failure of any write."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import shutil
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn.attempt import FitscribeWarning
from fitscribe.stores.artifacts.paths import STAGING
from fitscribe.tracking.connect import disconnect

SOAK = bool(os.environ.get("FITSCRIBE_SOAK"))
KILLS = 200 if SOAK else 6
# Every how many-th write fails in the short form; a prime, so that kinds of writes alternate.
STRIDE = 1 if SOAK else 5
FILE_CALLS = ("open", "write", "mkdir", "replace", "link")
X, y = load_iris(return_X_y=True)


def tree() -> Any:
    return DecisionTreeClassifier(max_depth=2, random_state=0)


def search() -> Any:
    return GridSearchCV(tree(), {"max_depth": [1, 2, 3]}, cv=2)


@pytest.fixture(autouse=True)
def _off(home: Path) -> Iterator[None]:
    yield
    fitscribe.sklearn.autolog(disable=True)


# What must be true of a folder, whatever happened to its writer


def assert_sound(home: Path, acknowledged: list[str]) -> list[Any]:
    """Return all runs of a home, none of them half-written."""
    disconnect()
    with sqlite3.connect(home / "fitscribe.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()
    fitscribe.set_tracking_uri(home)
    runs = list(fitscribe.search_runs(output_format="list", max_results=50_000))
    by_id = {run.info.run_id: run for run in runs}
    assert set(acknowledged) <= set(by_id)
    for run in runs:
        if run.info.run_id in acknowledged:
            assert run.info.status == "FINISHED"
        assert run.info.status in ("RUNNING", "KILLED", "FINISHED")
        if run.info.status == "FINISHED" and "fitscribe.incomplete" not in run.data.tags:
            assert_whole(run, runs)
    for model in fitscribe.Client().search_logged_models(["0"], max_results=10_000):
        assert fitscribe.sklearn.load_model(f"models:/{model.model_id}") is not None
    return runs


def assert_whole(run: Any, runs: list[Any]) -> None:
    """A finished run has all that a fit leaves, and a search all its candidates."""
    if "mlflow.parentRunId" in run.data.tags:
        assert run.data.metrics["mean_test_score"] > 0.3
        return
    assert run.data.metrics["training_accuracy_score"] > 0.3
    assert len(run.inputs.dataset_inputs) == 1
    is_search = run.data.tags["estimator_name"] == "GridSearchCV"
    assert len(run.outputs.model_outputs) == (2 if is_search else 1)
    children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == run.info.run_id]
    assert len(children) == (3 if is_search else 0)
    files = {file.path for file in fitscribe.Client().list_artifacts(run.info.run_id)}
    assert "training_confusion_matrix.json" in files
    assert ("cv_results.csv" in files) == is_search


# kill -9


def fit_until_killed(home: str, acknowledge: Connection) -> None:
    """Fit in a loop, and say which runs are done."""
    fitscribe.set_tracking_uri(home)
    fitscribe.sklearn.autolog(silent=True)
    while True:
        for model in (tree(), search()):
            model.fit(X, y)
            last = fitscribe.last_active_run()
            assert last is not None
            acknowledge.send(last.info.run_id)


@pytest.mark.soak
def test_kill_9_at_any_moment_loses_nothing(home: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["sklearn.model_selection", "sklearn.tree", "fitscribe.sklearn"]
    )
    chance = random.Random(0)
    acknowledged: list[str] = []
    for _ in range(KILLS):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=fit_until_killed, args=(str(home), there))
        process.start()
        there.close()
        acknowledged.append(here.recv())
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.join()
        with here:
            while True:
                try:
                    acknowledged.append(here.recv())
                except (EOFError, OSError):
                    break
        if len(acknowledged) > 300:  # enough to look at in one go
            assert_sound(home, acknowledged[-300:])
            acknowledged.clear()
    runs = assert_sound(home, acknowledged)
    assert len(runs) >= KILLS


# A write that fails


class Faults:
    """Makes the n-th write fail: once, or that one and all that follow."""

    def __init__(self, which: int, for_good: bool, fail: Callable[[], None]) -> None:
        self.left = which
        self.for_good = for_good
        self.fail = fail
        self.fired = False

    def happens(self) -> None:
        self.left -= 1
        if self.left == 0 or (self.for_good and self.left < 0):
            self.fired = True
            self.fail()


def no_space() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full() -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


@contextmanager
def failing_files(patch: pytest.MonkeyPatch, faults: Faults) -> Iterator[None]:
    """Let calls of the operating system fail that make or fill files."""

    def failing(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **kwargs: Any) -> Any:
            faults.happens()
            return call(*args, **kwargs)

        return instead

    with patch.context() as inner:
        for name in FILE_CALLS:
            inner.setattr(os, name, failing(getattr(os, name)))
        yield


@contextmanager
def failing_statements(patch: pytest.MonkeyPatch, faults: Faults) -> Iterator[None]:
    """Let SQL statements fail, COMMIT among them."""

    class Failing(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> Any:
            if sql != "ROLLBACK":
                faults.happens()
            return super().execute(sql, *values)

        def executemany(self, sql: str, *values: Any) -> Any:
            faults.happens()
            return super().executemany(sql, *values)

    connect = sqlite3.connect
    with patch.context() as inner:
        disconnect()
        inner.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Failing))
        yield
        disconnect()


@pytest.mark.soak
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("failing", [failing_files, failing_statements], ids=["files", "sql"])
@pytest.mark.parametrize("make", [tree, search])
def test_any_failing_write_breaks_no_fit_and_leaves_nothing_half_written(
    home: Path, monkeypatch: pytest.MonkeyPatch, make: Any, failing: Any, for_good: bool
) -> None:
    fitscribe.sklearn.autolog()
    LogisticRegression(max_iter=1000).fit(X, y)  # the store is there
    expected = make().fit(X, y).predict(X)
    first = fitscribe.last_active_run()
    assert first is not None
    fail = no_space if failing is failing_files else full
    which, fired = 0, True
    while fired:
        which += STRIDE
        faults = Faults(which, for_good, fail)
        with failing(monkeypatch, faults), warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            found = make().fit(X, y).predict(X)
        fired = faults.fired
        assert found.tolist() == expected.tolist()
        assert {w.category for w in shown} <= {FitscribeWarning}
        assert len(shown) <= 1
        assert_sound(home, [first.info.run_id])
        # What could not be cleared away is swept after an hour; counting it would never end.
        shutil.rmtree(home / "artifacts" / STAGING, ignore_errors=True)
        assert which < 1000
    assert which > STRIDE


@pytest.mark.soak
def test_a_database_that_cannot_grow_breaks_no_fit(home: Path) -> None:
    fitscribe.sklearn.autolog()
    search().fit(X, y)
    first = fitscribe.last_active_run()
    assert first is not None
    store: Any = fitscribe.tracking.connect.connect(str(home)).store
    for room in range(0, 40, 1 if SOAK else 6):
        with store._engine.write() as connection:
            (pages,) = connection.one("PRAGMA page_count")
            connection.rows(f"PRAGMA max_page_count = {pages + room}")
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            for _ in range(3):
                assert search().fit(X, y).best_params_ is not None
        assert all(issubclass(w.category, FitscribeWarning) for w in shown)
        if room == 0:
            assert "disk is full" in str(shown[0].message)
        with store._engine.write() as connection:
            connection.rows("PRAGMA max_page_count = 1000000")
    assert_sound(home, [first.info.run_id])
