"""``partial_fit`` and warm fits are steps of one run, which ends when nothing can follow."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from recorded import only_run, read_json, runs
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import fitscribe
import fitscribe.sklearn

X = np.random.default_rng(0).normal(size=(400, 3)).round(3)
y = (X[:, 0] + X[:, 1] > 0).astype(int)

pytestmark = pytest.mark.usefixtures("autologging")


def batches(count: int, rows: int = 20) -> list[tuple[Any, Any]]:
    return [(X[i * rows : (i + 1) * rows], y[i * rows : (i + 1) * rows]) for i in range(count)]


def learn(model: Any, count: int) -> Any:
    for part, labels in batches(count):
        model.partial_fit(part, labels, classes=[0, 1])
    return model


def history(run: Any, key: str) -> list[tuple[int, float]]:
    found = fitscribe.client.Client().get_metric_history(run.info.run_id, key)
    return [(point.step, point.value) for point in found]


def names() -> list[str]:
    return [run.data.tags["estimator_name"] for run in runs()][::-1]


def kept_steps(run: Any) -> list[int]:
    return sorted(output.step for output in run.outputs.model_outputs)


def last_model(run: Any) -> Any:
    last = max(run.outputs.model_outputs, key=lambda output: output.step)
    return fitscribe.sklearn.load_model(f"models:/{last.model_id}")


def test_batches_are_steps_of_one_run() -> None:
    model = learn(SGDClassifier(random_state=0), 5)
    assert names() == ["SGDClassifier"]
    assert only_run().info.status == "RUNNING"
    fitscribe.sklearn.autolog(disable=True)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert run.data.params["random_state"] == "0"
    assert history(run, "n_samples_seen") == [(step, 20.0 * step) for step in range(1, 6)]
    assert [step for step, _ in history(run, "training_score")] == [1, 2, 4]
    assert kept_steps(run) == [1, 2, 4, 5]
    assert np.array_equal(last_model(run).coef_, model.coef_)
    assert "fitscribe.incomplete" not in run.data.tags


@pytest.mark.parametrize("steps", [4, 7])
def test_the_model_at_the_end_is_registered(steps: int) -> None:
    fitscribe.sklearn.autolog(registered_model_name="stream")
    model = learn(SGDClassifier(random_state=0), steps)
    assert fitscribe.search_registered_models() == []
    coefficients = model.coef_.copy()
    del model
    (version,) = fitscribe.search_model_versions()
    assert (version.name, version.version) == ("stream", "1")
    assert version.run_id == only_run().info.run_id
    found = fitscribe.sklearn.load_model("models:/stream/latest")
    assert np.array_equal(found.coef_, coefficients)


def test_the_model_is_kept_as_it_was_when_it_died() -> None:
    model = learn(SGDClassifier(random_state=0), 7)
    coefficients = model.coef_.copy()
    del model
    run = only_run()
    assert run.info.status == "FINISHED"
    assert kept_steps(run) == [1, 2, 4, 7]
    assert np.array_equal(last_model(run).coef_, coefficients)


def test_the_loss_of_each_step_is_kept() -> None:
    net = MLPClassifier((3,), random_state=0)
    losses = [learn(net, 1).loss_ for _ in range(5)]
    del net
    assert history(only_run(), "loss") == list(enumerate(losses, 1))
    assert "loss_curve" not in only_run().data.metrics


def test_a_users_run_is_claimed_and_filled_as_it_ends() -> None:
    model = SGDClassifier(random_state=0)
    with fitscribe.start_run():
        learn(model, 3)
        other = MiniBatchKMeans(2, n_init=1, random_state=0)
        for part, _ in batches(3):
            other.partial_fit(part)
    second, first = runs()
    assert (first.data.tags["estimator_name"], first.info.status) == ("SGDClassifier", "FINISHED")
    assert second.data.tags["mlflow.parentRunId"] == first.info.run_id
    assert (second.info.status, kept_steps(second)) == ("FINISHED", [1, 2, 3])
    assert kept_steps(first) == [1, 2, 3]
    assert len(history(second, "inertia")) == 3


def test_what_goes_on_elsewhere_is_another_run_that_says_so() -> None:
    model = SGDClassifier(random_state=0)
    learn(model, 1)
    with fitscribe.start_run():
        learn(model, 1)
    learn(model, 1)
    third, second, first = runs()
    assert [run.info.status for run in (first, second, third)] == [
        "FINISHED",
        "FINISHED",
        "RUNNING",
    ]
    assert second.data.tags["fitscribe.continues"] == first.info.run_id
    assert third.data.tags["fitscribe.continues"] == second.info.run_id


def test_a_run_that_fails_fails_what_is_trained_in_it() -> None:
    model = SGDClassifier(random_state=0)
    other = SGDRegressor()

    def train() -> None:
        with fitscribe.start_run():
            learn(model, 1)
            other.partial_fit(X, y)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        train()
    assert [run.info.status for run in runs()] == ["FAILED", "FAILED"]


def test_a_fit_ends_the_steps() -> None:
    model = learn(GaussianNB(), 2)
    model.fit(X, y)
    after, before = runs()
    assert (before.info.status, after.info.status) == ("FINISHED", "FINISHED")
    assert kept_steps(before) == [1, 2]
    assert kept_steps(after) == [0]


def test_copies_are_other_models() -> None:
    model = learn(SGDClassifier(random_state=0), 1)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), clone(model)):
        learn(other, 1)
    assert names() == ["SGDClassifier"] * 4
    assert b"fitscribe" not in pickle.dumps(model)


def test_a_step_that_raises_is_noted_and_the_run_goes_on() -> None:
    model = learn(SGDClassifier(random_state=0), 2)
    for _ in range(2):
        with pytest.raises(ValueError, match="features"):
            model.partial_fit(X[:, :1], y)
    learn(model, 1)
    fitscribe.sklearn.autolog(disable=True)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert run.data.tags["fitscribe.steps.failed"] == "2"
    assert "features" in run.data.tags["fitscribe.error.message"]
    assert history(run, "n_samples_seen")[-1] == (3, 60.0)


def test_a_first_step_that_raises_is_a_failed_run() -> None:
    model = SGDClassifier()
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X, y)
    learn(model, 1)
    assert [run.info.status for run in runs()] == ["RUNNING", "FAILED"]


def test_batches_of_a_scaler_are_one_preparation() -> None:
    scaler, model = StandardScaler(), SGDClassifier(random_state=0)
    for part, labels in batches(7):
        model.partial_fit(scaler.partial_fit(part).transform(part), labels, classes=[0, 1])
    del model
    (prepared,) = read_json(only_run(), "preparation.json")
    assert prepared["shape"] == [140, 3]
    SGDRegressor().fit(X, y)
    assert "preparation.json" not in [
        entry.path for entry in fitscribe.client.Client().list_artifacts(runs()[0].info.run_id)
    ]


class Outer(ClassifierMixin, BaseEstimator):
    """Learns in batches inside; says so itself in none of its attributes."""

    def fit(self, X: Any, y: Any) -> Outer:
        self.inner_ = learn(SGDClassifier(random_state=0), 3)
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, X: Any) -> Any:
        return self.inner_.predict(X)

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Outer:
        return self.fit(X, y)


def test_steps_inside_a_fit_or_a_step_are_no_runs() -> None:
    Outer().fit(X, y)
    learn(Outer(), 3)
    with joblib.parallel_config("threading"):
        learn(OneVsRestClassifier(SGDClassifier(), n_jobs=2), 2)
    assert names() == ["Outer", "Outer", "OneVsRestClassifier"]


def test_an_own_class_in_a_cycle_is_let_go() -> None:
    model = learn(Outer(), 3)
    model.itself_ = model
    del model
    gc.collect()
    # Code of the user's own is not brought back to life: the last look is what is kept.
    assert (only_run().info.status, kept_steps(only_run())) == ("FINISHED", [1, 2])


class Dropping(Outer):
    """Lets go of something while it is asked for its params."""

    holds: ClassVar[list[Any]] = []

    def get_params(self, deep: bool = True) -> Any:
        self.holds.clear()
        return super().get_params(deep)


def test_a_death_while_we_are_at_work_is_recorded_later() -> None:
    Dropping.holds.append(learn(SGDClassifier(random_state=0), 3))
    Dropping().fit(X, y)
    assert not Dropping.holds
    assert [run.info.status for run in runs()] == ["FINISHED", "RUNNING"]
    GaussianNB().fit(X, y)
    assert [run.info.status for run in runs()] == ["FINISHED"] * 3
    assert kept_steps(runs()[2]) == [1, 2, 3]


def test_threads_and_workers_train_their_own() -> None:
    threads = [
        threading.Thread(target=learn, args=(SGDClassifier(random_state=i), 3)) for i in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    del threads, thread
    tasks = (joblib.delayed(learn)(SGDClassifier(random_state=i), 3) for i in range(2))
    with fitscribe.start_run() as parent:
        trained = joblib.Parallel(n_jobs=2)(tasks)
    assert len(trained) == 2
    found = [run for run in runs() if run.info.run_id != parent.info.run_id]
    assert len(found) == 5
    assert all(history(run, "n_samples_seen")[-1] == (3, 60.0) for run in found)
    nested = [run for run in found if "mlflow.parentRunId" in run.data.tags]
    assert len(nested) == 2


def test_a_long_stream_has_fewer_points_and_says_so() -> None:
    model = GaussianNB()
    part, labels = X[:4], y[:4]
    for _ in range(1101):
        model.partial_fit(part, labels, classes=[0, 1])
    fitscribe.sklearn.autolog(disable=True)
    run = only_run()
    steps = [step for step, _ in history(run, "n_samples_seen")]
    assert steps[:999] == list(range(1, 1000))
    assert steps[999:] == [*range(1000, 1101, 2), 1101]
    assert "of 1101" in run.data.tags["fitscribe.history.thinned"]


def test_the_process_ends_what_is_left(home: Path) -> None:
    code = f"""
import fitscribe, fitscribe.sklearn, numpy as np
fitscribe.set_tracking_uri({str(home)!r})
fitscribe.sklearn.autolog(silent=True)
from sklearn.naive_bayes import GaussianNB
model = GaussianNB()
for _ in range(3):
    model.partial_fit(np.eye(4), [0, 1, 0, 1], classes=[0, 1])
"""
    for more, code_expected in (("", 0), ("\nraise ValueError", 1)):
        done = subprocess.run(
            [sys.executable, "-c", code + more], check=False, capture_output=True
        )
        assert done.returncode == code_expected
    fitscribe.set_tracking_uri(str(home))
    failed, finished = runs()
    assert (finished.info.status, failed.info.status) == ("FINISHED", "FAILED")
    assert kept_steps(finished) == kept_steps(failed) == [1, 2, 3]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_warm_fits_with_the_same_params_are_steps() -> None:
    net = MLPClassifier((3,), max_iter=2, warm_start=True, random_state=0)
    for _ in range(3):
        net.fit(X, y)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert kept_steps(run) == [0, 1, 2]
    assert [step for step, _ in history(run, "training_score")] == [0, 1, 2]
    assert history(run, "loss_curve") == list(enumerate(net.loss_curve_))
    assert len(net.loss_curve_) == 6


def test_a_forest_that_grows_is_a_run_for_each_size() -> None:
    forest = RandomForestClassifier(2, warm_start=True, random_state=0)
    for trees in (2, 4):
        forest.set_params(n_estimators=trees).fit(X, y)
    second, first = runs()
    assert [run.data.params["n_estimators"] for run in (first, second)] == ["2", "4"]
    assert second.data.tags["fitscribe.continues"] == first.info.run_id


def test_cold_fits_are_runs_of_their_own() -> None:
    forest = RandomForestClassifier(2, random_state=0)
    forest.fit(X, y)
    forest.fit(X, y)
    assert len(runs()) == 2
    assert all("fitscribe.continues" not in run.data.tags for run in runs())


def test_warm_fits_in_a_users_run_stay_in_it() -> None:
    model = SGDClassifier(max_iter=5, tol=None, warm_start=True, random_state=0)
    with fitscribe.start_run():
        model.fit(X, y)
        model.fit(X, y)
    model.fit(X, y)
    after, claimed = runs()
    assert kept_steps(claimed) == [0, 1]
    assert after.data.tags["fitscribe.continues"] == claimed.info.run_id


class ArrayLike:
    """Becomes an array, and is nothing else: it cannot be sliced and has no length."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.values, dtype=dtype)


KINDS: dict[str, Any] = {
    "array": lambda part: part,
    "list": lambda part: part.tolist(),
    "sparse": sparse.csr_array,
    "pandas": lambda part: pd.DataFrame(part, columns=list("abc")),
    "polars": lambda part: pl.DataFrame(part, schema=list("abc")),
    "arrow": lambda part: pl.DataFrame(part, schema=list("abc")).to_arrow(),
    "array-like": ArrayLike,
}


@pytest.mark.parametrize("kind", KINDS)
def test_batches_of_any_kind(kind: str) -> None:
    weights = np.linspace(0.5, 1.5, 20)
    model, bare = SGDClassifier(random_state=0), SGDClassifier(random_state=0)
    for part, labels in batches(3):
        model.partial_fit(KINDS[kind](part), labels, classes=[0, 1], sample_weight=weights)
    fitscribe.sklearn.autolog(disable=True)
    for part, labels in batches(3):
        bare.partial_fit(KINDS[kind](part), labels, classes=[0, 1], sample_weight=weights)
    assert np.array_equal(model.coef_, bare.coef_)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert "fitscribe.incomplete" not in run.data.tags
    assert kept_steps(run) == [1, 2, 3]
    seen = [] if kind == "array-like" else [(1, 20.0), (2, 40.0), (3, 60.0)]
    assert history(run, "n_samples_seen") == seen


def test_tasks_of_asyncio_train_their_own() -> None:
    async def train(seed: int) -> None:
        model = SGDClassifier(random_state=seed)
        with fitscribe.start_run(run_name=str(seed)):
            for part, labels in batches(4):
                model.partial_fit(part, labels, classes=[0, 1])
                await asyncio.sleep(0)

    async def all_of_them() -> None:
        await asyncio.gather(*(train(seed) for seed in range(3)))

    asyncio.run(all_of_them())
    assert len(runs()) == 3
    for run in runs():
        assert run.data.params["random_state"] == run.info.run_name
        assert history(run, "n_samples_seen")[-1] == (4, 80.0)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_goes_on_in_a_run_of_its_own() -> None:
    model = learn(SGDClassifier(random_state=0), 3)
    child = os.fork()
    if child == 0:  # pragma: no cover
        learn(model, 1)
        del model
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    learn(model, 1)
    fitscribe.sklearn.autolog(disable=True)
    ours, theirs = sorted(runs(), key=lambda run: run.info.start_time)
    assert kept_steps(ours) == [1, 2, 4]
    assert kept_steps(theirs) == [1]
