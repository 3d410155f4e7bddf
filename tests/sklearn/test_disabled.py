"""``with autolog_disabled():`` records nothing here and in what begins here; others go on."""

from __future__ import annotations

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_score
from tests.sklearn.recorded import only_run, runs

import fitscribe
import fitscribe.sklearn

pytestmark = pytest.mark.usefixtures("autologging")

X = np.random.default_rng(0).random((30, 2))
y = np.arange(30) % 2


def fit(C: float = 1.0) -> LogisticRegression:
    return LogisticRegression(C=C).fit(X, y)


def recorded() -> list[str]:
    return sorted(run.data.params["C"] for run in runs())


def test_nothing_is_recorded_within_and_all_is_after() -> None:
    with fitscribe.sklearn.autolog_disabled():
        fit()
        cross_val_score(LogisticRegression(), X, y)
    fit(2.0)
    assert recorded() == ["2.0"]


def test_contexts_nest_and_an_exception_ends_them() -> None:
    def failing() -> None:
        with fitscribe.sklearn.autolog_disabled():
            fit(1.0)
        fit(2.0)
        raise KeyError

    with pytest.raises(KeyError), fitscribe.sklearn.autolog_disabled():
        failing()
    fit(3.0)
    assert recorded() == ["3.0"]


def test_one_context_may_be_entered_again() -> None:
    disabled = fitscribe.sklearn.autolog_disabled()
    with disabled, disabled:
        fit(1.0)
    fit(2.0)
    with disabled:
        fit(3.0)
    assert recorded() == ["2.0"]


def test_what_is_logged_by_hand_is_logged() -> None:
    with fitscribe.sklearn.autolog_disabled():
        run = fitscribe.start_run()
        fit()
        fitscribe.log_metric("mine", 1.0)
    assert fitscribe.active_run().info.run_id == run.info.run_id  # it is open still
    fitscribe.end_run()
    assert only_run().data.metrics == {"mine": 1.0}
    assert only_run().data.params == {}


def test_it_decorates_functions() -> None:
    @fitscribe.sklearn.autolog_disabled()
    def quick(C: float) -> LogisticRegression:
        """Look quickly."""
        return fit(C)

    assert (quick.__name__, quick.__doc__) == ("quick", "Look quickly.")
    assert list(inspect.signature(quick).parameters) == ["C"]
    assert quick(5.0).C == 5.0
    fit(2.0)
    assert recorded() == ["2.0"]


def test_it_decorates_coroutines_and_other_tasks_go_on() -> None:
    @fitscribe.sklearn.autolog_disabled()
    async def quiet(entered: asyncio.Event, go: asyncio.Event) -> None:
        entered.set()
        await go.wait()
        fit(1.0)

    async def main() -> None:
        entered, go = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(quiet(entered, go))
        await entered.wait()
        fit(2.0)
        go.set()
        await task

    asyncio.run(main())
    assert recorded() == ["2.0"]


def test_threads_that_are_started_within_record_nothing_and_others_go_on() -> None:
    entered, done = threading.Event(), threading.Event()

    def other() -> None:
        entered.wait()
        fit(2.0)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with fitscribe.sklearn.autolog_disabled(), ThreadPoolExecutor(1) as pool:
        within = threading.Thread(target=fit, args=(1.0,))
        within.start()
        within.join()
        pool.submit(fit, 3.0).result()
        entered.set()
        done.wait()
    thread.join()
    assert recorded() == ["2.0"]


def test_a_pool_that_began_within_records_what_it_is_given_after() -> None:
    with ThreadPoolExecutor(1) as pool:
        with fitscribe.sklearn.autolog_disabled():
            pool.submit(fit, 1.0).result()
        pool.submit(fit, 2.0).result()
    assert recorded() == ["2.0"]


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_workers_record_nothing(backend: str) -> None:
    def once(C: float) -> list[LogisticRegression]:
        model = LogisticRegression(C=C)
        tasks = (joblib.delayed(model.fit)(X, y) for _ in range(2))
        return joblib.Parallel(n_jobs=2, backend=backend)(tasks)

    with fitscribe.sklearn.autolog_disabled():
        once(1.0)
    once(2.0)
    assert recorded() == ["2.0", "2.0"]


def test_a_model_that_is_fitted_again_within_is_no_longer_the_recorded_one() -> None:
    model = fit()
    with fitscribe.sklearn.autolog_disabled():
        model.fit(X, 1 - y)
        assert accuracy_score(y, model.predict(X)) < 0.6
    accuracy_score(y, model.predict(X))
    fitscribe.flush()
    assert not any("accuracy_score_" in key for key in only_run().data.metrics)


def test_metrics_within_are_not_recorded() -> None:
    model = fit()
    predicted = model.predict(X)
    with fitscribe.sklearn.autolog_disabled():
        accuracy_score(y, predicted)
    fitscribe.flush()
    before = dict(only_run().data.metrics)
    accuracy_score(y, predicted)
    fitscribe.flush()
    assert only_run().data.metrics.keys() - before.keys()


def test_without_autologging_it_changes_nothing() -> None:
    fitscribe.sklearn.autolog(disable=True)
    start = threading.Thread.start
    with fitscribe.sklearn.autolog_disabled():
        clone(fit())
        assert threading.Thread.start is start
    assert runs() == []
