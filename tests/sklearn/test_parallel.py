"""Fits in threads, tasks and worker processes: each its own complete run, none astray."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import joblib
import numpy as np
import pytest
from recorded import runs
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitscribe
import fitscribe.sklearn

pytestmark = pytest.mark.usefixtures("autologging")

X, y = load_iris(return_X_y=True)
FITS = 50 if os.environ.get("FITSCRIBE_SOAK") else 12


def assert_whole(found: list[Any], depths: list[int]) -> None:
    """Each depth has its run, with params, metrics, data and a model of that very fit."""
    assert sorted(int(run.data.params["max_depth"]) for run in found) == sorted(depths)
    for run in found:
        assert run.info.status == "FINISHED"
        assert "fitscribe.incomplete" not in run.data.tags
        assert run.data.metrics["training_accuracy_score"] > 0.5
        assert len(run.inputs.dataset_inputs) == 1
        (output,) = run.outputs.model_outputs
        model = fitscribe.sklearn.load_model(f"models:/{output.model_id}")
        assert model.max_depth == int(run.data.params["max_depth"])


def fit_tree(depth: int) -> float:
    tree = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X, y)
    return float(tree.score(X, y))


def test_eight_threads_record_every_fit() -> None:
    def work(place: int) -> None:
        for turn in range(FITS):
            fit_tree(1 + place * FITS + turn)

    threads = [Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_whole(runs(), list(range(1, 8 * FITS + 1)))


def test_threads_inside_a_run_are_its_children() -> None:
    with fitscribe.start_run() as outer, ThreadPoolExecutor(4) as pool:
        list(pool.map(fit_tree, range(1, 9)))
    found = [run for run in runs() if run.info.run_id != outer.info.run_id]
    assert_whole(found, list(range(1, 9)))
    assert {run.data.tags["mlflow.parentRunId"] for run in found} == {outer.info.run_id}
    kept = fitscribe.get_run(outer.info.run_id)
    assert kept.data.params == {}
    assert kept.info.status == "FINISHED"


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_workers_record_every_fit(backend: str) -> None:
    depths = list(range(1, 4 * FITS + 1))
    pool = joblib.Parallel(n_jobs=4, backend=backend)
    scores = pool(joblib.delayed(fit_tree)(depth) for depth in depths)
    assert len(scores) == len(depths)
    # Workers that are used again, for another run.
    with fitscribe.start_run() as outer:
        pool(joblib.delayed(fit_tree)(1000 + depth) for depth in range(4))
    found = [run for run in runs() if run.info.run_id != outer.info.run_id]
    assert_whole(found, [*depths, *range(1000, 1004)])
    children = [run for run in found if int(run.data.params["max_depth"]) >= 1000]
    assert {run.data.tags.get("mlflow.parentRunId") for run in children} == {outer.info.run_id}


def test_tasks_of_asyncio_record_their_own_fits() -> None:
    async def work(place: int) -> str:
        with fitscribe.start_run(run_name=f"task {place}") as run:
            await asyncio.sleep(0)
            fit_tree(place)
            await asyncio.sleep(0)
            await asyncio.to_thread(fit_tree, 100 + place)
            return run.info.run_id

    async def main() -> list[str]:
        return list(await asyncio.gather(*(work(place) for place in range(1, 6))))

    ids = asyncio.run(main())
    for place, run_id in enumerate(ids, 1):
        assert fitscribe.get_run(run_id).data.params["max_depth"] == str(place)
    children = [run for run in runs() if run.info.run_id not in ids]
    assert {
        (run.data.tags["mlflow.parentRunId"], run.data.params["max_depth"]) for run in children
    } == {(run_id, str(100 + place)) for place, run_id in enumerate(ids, 1)}


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_fits_inside_an_estimator_leave_no_stray_runs(backend: str) -> None:
    grid = {"logisticregression__C": [0.1, 1.0]}
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), grid, cv=3)
    targets = np.column_stack([y, -y])
    with joblib.parallel_backend(backend, n_jobs=2):
        for _ in range(2):  # cold workers, then used ones
            clone(search).set_params(n_jobs=2).fit(X, y)
            MultiOutputRegressor(Ridge(), n_jobs=2).fit(X, targets)
    outermost = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    assert sorted(run.data.tags["estimator_name"] for run in outermost) == [
        *["GridSearchCV"] * 2,
        *["MultiOutputRegressor"] * 2,
    ]
    # The candidates are rows of the search, not fits of the workers.
    assert len(runs()) == 4 + 2 * 2


def test_workers_have_the_options_of_their_caller() -> None:
    fitscribe.sklearn.autolog(log_models=False, extra_tags={"who": "me"})
    joblib.Parallel(n_jobs=2)(joblib.delayed(fit_tree)(depth) for depth in (1, 2))
    for run in runs():
        assert run.data.tags["who"] == "me"
        assert run.outputs.model_outputs == ()


def test_workers_record_nothing_after_disable() -> None:
    joblib.Parallel(n_jobs=2)(joblib.delayed(fit_tree)(depth) for depth in (1, 2))
    fitscribe.sklearn.autolog(disable=True)
    joblib.Parallel(n_jobs=2)(joblib.delayed(fit_tree)(depth) for depth in (3, 4))
    assert len(runs()) == 2


MAIN = """
import pickle, sys, warnings
import numpy as np
import fitscribe, fitscribe.sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

fitscribe.set_tracking_uri(sys.argv[1])
fitscribe.sklearn.autolog()

class Mine(ClassifierMixin, BaseEstimator):
    def __init__(self, C=1.0):
        self.C = C
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.inner_ = LogisticRegression(C=self.C, max_iter=1000).fit(X, y)
        return self
    def predict(self, X):
        return self.inner_.predict(X)

class Own(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, sample_weight)

if __name__ == "__main__":
    X, y = load_iris(return_X_y=True)
    warnings.simplefilter("error")
    for n_jobs in (2, 2, 1):
        search = GridSearchCV(Mine(), {"C": [0.1, 1.0]}, cv=3, n_jobs=n_jobs).fit(X, y)
    print(search.best_score_)
    mine = Mine().fit(X, y)
    own = Own(max_iter=1000).fit(X, y)
    for model in (mine, own, search):
        again = pickle.loads(pickle.dumps(model))
        assert (again.predict(X) == model.predict(X)).all()
        assert b"fitscribe" not in pickle.dumps(model)
    import cloudpickle
    with open(sys.argv[2], "wb") as file:
        cloudpickle.dump(mine, file)
    print(cross_val_score(Own(max_iter=1000), X, y, cv=3, n_jobs=2).mean())
"""


def test_a_users_class_of_main_works_in_workers(tmp_path: Path, home: Path) -> None:
    script, kept = tmp_path / "script.py", tmp_path / "mine.pkl"
    script.write_text(MAIN)
    done = subprocess.run(
        [sys.executable, str(script), str(home), str(kept)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    X_, y_ = load_iris(return_X_y=True)
    expected = cross_val_score(LogisticRegression(max_iter=1000), X_, y_, cv=3).mean()
    assert float(done.stdout.split()[-1]) == pytest.approx(expected)
    fitscribe.sklearn.autolog(disable=True)
    found = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    names = sorted(run.data.tags["estimator_name"] for run in found)
    assert [name for name in names if name == "GridSearchCV"] == ["GridSearchCV"] * 3
    assert names.count("Mine") == 1
    # The pickle opens where there is no fitscribe.
    code = textwrap.dedent(
        f"""
        import sys
        sys.modules["fitscribe"] = None
        import pickle
        model = pickle.load(open({str(kept)!r}, "rb"))
        print(model.predict([[5.0, 3.0, 1.0, 0.2]]), type(model).fit)
        """
    )
    opened = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert opened.returncode == 0, opened.stderr
    assert opened.stdout.startswith("[0] <function Mine.fit")


def test_a_kmeans_in_a_thread_leaves_the_generators_alone() -> None:
    np.random.seed(5)
    KMeans(3, n_init=2).fit(X)
    with_autolog = np.random.random(3)
    fitscribe.sklearn.autolog(disable=True)
    np.random.seed(5)
    KMeans(3, n_init=2).fit(X)
    assert np.random.random(3).tolist() == with_autolog.tolist()


FITS_OF_MAIN = """
import functools, sys
import joblib
import fitscribe, fitscribe.sklearn
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

fitscribe.set_tracking_uri(sys.argv[1])
fitscribe.sklearn.autolog()
X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]

class Mine(BaseEstimator):
    def __init__(self, a=1):
        self.a = a
    def fit(self, X, y):
        return self

def task(a):
    return Mine(a).fit(X, y).a

if __name__ == "__main__":
    with joblib.Parallel(n_jobs=2) as pool:
        for tasks in (
            [joblib.delayed(Ridge(alpha=a).fit)(X, y) for a in (1, 2)],
            [joblib.delayed(task)(a) for a in (3, 4)],
            [joblib.delayed(Mine(a).fit)(X, y) for a in (5, 6)],
        ):
            pool(tasks)
"""


def test_methods_and_classes_of_main_are_recorded_in_workers(tmp_path: Path, home: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(FITS_OF_MAIN)
    done = subprocess.run(
        [sys.executable, str(script), str(home)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    params = [run.data.params for run in runs()]
    assert sorted(p.get("a", p.get("alpha")) for p in params) == list("123456")


def test_fits_in_copied_contexts_of_other_threads_claim_no_run() -> None:
    async def fits() -> None:
        await asyncio.gather(
            *(asyncio.to_thread(Ridge().fit, [[1.0], [2.0]], [1, 2]) for _ in "123")
        )

    with fitscribe.start_run() as run:
        asyncio.run(fits())
    found = fitscribe.search_runs(output_format="list")
    assert len(found) == 4
    parents = [one.data.tags.get("mlflow.parentRunId") for one in found]
    assert sorted(map(str, parents)) == sorted(["None", *[run.info.run_id] * 3])
    assert "estimator_name" not in fitscribe.get_run(run.info.run_id).data.tags
