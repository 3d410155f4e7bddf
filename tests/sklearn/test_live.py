"""A search while it runs: what others can read of it, and what an interrupted one leaves."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import estimators
import joblib
import numpy as np
import pytest
from recorded import read_json, runs
from sklearn import model_selection
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.tree import DecisionTreeClassifier

import fitscribe
import fitscribe.sklearn
from fitscribe.cli import main

X, y = load_iris(return_X_y=True)
DEPTHS = {"max_depth": [1, 2, 3]}
# The third candidate waits until there is a file called go.
SCRIPT = """
    import os, sys, time
    import fitscribe, fitscribe.sklearn
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    class Waits(DecisionTreeClassifier):
        def fit(self, X, y=None, sample_weight=None):
            while self.max_depth == 3 and not os.path.exists("go"):
                time.sleep(0.01)
            return super().fit(X, y)

    fitscribe.set_tracking_uri("home")
    fitscribe.sklearn.autolog(silent=True)
    X, y = load_iris(return_X_y=True)
    GridSearchCV(Waits(), {"max_depth": [1, 2, 3]}, cv=2, n_jobs=JOBS).fit(X, y)
"""


def until(found: Callable[[], Any]) -> Any:
    """Wait for something to be there, and return it."""
    for _ in range(6000):
        value = found()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("it never came")


@contextmanager
def searching(tmp_path: Path, jobs: int | None) -> Iterator[subprocess.Popen[bytes]]:
    """Search in another process; its third candidate waits."""
    text = textwrap.dedent(SCRIPT).replace("JOBS", str(jobs))
    with subprocess.Popen([sys.executable, "-c", text], cwd=tmp_path) as process:
        try:
            yield process
        finally:
            process.kill()


def parent() -> Any:
    """Return the search's run, if it is there."""
    return next((run for run in runs() if "mlflow.parentRunId" not in run.data.tags), None)


def children() -> list[Any]:
    return [run for run in runs() if "mlflow.parentRunId" in run.data.tags]


def waiting() -> Any:
    """Return what is told when only the third candidate is left."""
    run = parent()
    if run is None or not fitscribe.Client().list_artifacts(run.info.run_id):
        return None
    found = read_json(run, "progress.json")
    return found if found["done"] == 4 else None


# What is told


@pytest.mark.parametrize(
    ("backend", "jobs"), [("loky", None), ("loky", 2), ("threading", 2), ("multiprocessing", 2)]
)
def test_every_evaluation_is_told(autologging: None, backend: str, jobs: int | None) -> None:
    with joblib.parallel_backend(backend):
        search = GridSearchCV(
            DecisionTreeClassifier(random_state=0), DEPTHS, cv=2, n_jobs=jobs
        ).fit(X, y)
    found = read_json(parent(), "progress.json")
    assert (found["done"], found["total"], found["failed"]) == (6, 6, 0)
    assert found["seconds_left"] is None
    assert found["rounds"] == [{"candidates": 3, "splits": 2, "done": 6, "resources": None}]
    assert found["candidates"] == [{"max_depth": str(depth)} for depth in (1, 2, 3)]
    assert found["best"] == {
        "candidate": search.best_index_,
        "metric": "score",
        "score": search.best_score_,
        "params": {"max_depth": str(search.best_params_["max_depth"])},
    }
    columns = found["evaluations"]
    rows = zip(columns["candidate"], columns["split"], columns["test_score"], strict=True)
    expected = search.cv_results_
    assert sorted(rows) == [
        (candidate, split, expected[f"split{split}_test_score"][candidate])
        for candidate in range(3)
        for split in range(2)
    ]
    assert columns["failed"] == [False] * 6
    info = parent().info
    assert all(info.start_time <= at <= info.end_time for at in columns["ended"])
    # That of metrics, from a test before, may linger for some seconds.
    ours = {t.name for t in threading.enumerate() if t.name.startswith("fitscribe")}
    assert ours <= {"fitscribe-writes"}


def test_metrics_failures_and_training_scores_have_columns(autologging: None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = RandomizedSearchCV(
            LogisticRegression(),
            {"C": [-1.0, 1.0]},
            n_iter=2,
            cv=2,
            scoring=["accuracy", "f1_macro"],
            refit="f1_macro",
            return_train_score=True,
            random_state=0,
        ).fit(X, y)
    found = read_json(parent(), "progress.json")
    columns = found["evaluations"]
    assert {"test_accuracy", "test_f1_macro", "train_accuracy", "train_f1_macro"} <= set(columns)
    assert found["failed"] == sum(columns["failed"]) == 2
    assert [value is None for value in columns["test_f1_macro"]] == columns["failed"]
    assert found["best"]["metric"] == "f1_macro"
    assert found["best"]["score"] == search.best_score_


def test_halving_tells_its_iterations(autologging: None) -> None:
    estimators.cases()  # scikit-learn shows the experimental ones from here on
    search = model_selection.HalvingGridSearchCV(
        DecisionTreeClassifier(), {"max_depth": [1, 2, 3, 4]}, cv=2, random_state=0
    ).fit(X, y)
    found = read_json(parent(), "progress.json")
    rounds = found["rounds"]
    assert [one["candidates"] for one in rounds] == search.n_candidates_
    assert [one["resources"] for one in rounds] == search.n_resources_
    assert found["done"] == found["total"] == 2 * sum(search.n_candidates_)
    assert found["best"]["score"] == search.best_score_
    assert found["best"]["candidate"] >= search.n_candidates_[0]


def test_searches_inside_are_left_to_themselves(autologging: None) -> None:
    inner = GridSearchCV(DecisionTreeClassifier(), {"min_samples_leaf": [1, 2]}, cv=2)
    GridSearchCV(inner, {"estimator__max_depth": [1, 2, 3]}, cv=2).fit(X, y)
    assert len(children()) == 3
    found = read_json(parent(), "progress.json")
    assert found["total"] == found["done"] == 6


def test_a_search_in_a_worker_tells_of_itself(autologging: None) -> None:
    search = GridSearchCV(DecisionTreeClassifier(), DEPTHS, cv=2)
    joblib.Parallel(n_jobs=2)(joblib.delayed(search.fit)(X, y) for _ in range(2))
    found = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    assert [read_json(run, "progress.json")["done"] for run in found] == [6, 6]


def test_a_fit_that_is_no_search_tells_nothing(autologging: None) -> None:
    model_selection.cross_val_score(DecisionTreeClassifier(), X, y, cv=2)
    (run,) = runs()
    names = {file.path for file in fitscribe.Client().list_artifacts(run.info.run_id)}
    assert "progress.json" not in names


# While it runs


@pytest.mark.parametrize("jobs", [None, 2])
def test_others_see_what_is_done(tmp_path: Path, home: Path, jobs: int | None) -> None:
    with searching(tmp_path, jobs) as process:
        found = until(waiting)
        assert parent().info.status == "RUNNING"
        assert found["total"] == 6
        assert sorted(found["evaluations"]["candidate"]) == [0, 0, 1, 1]
        assert found["best"]["params"] == {"max_depth": "2"}
        assert found["seconds_left"] is not None
        (tmp_path / "go").touch()
        assert process.wait(60) == 0
    assert parent().info.status == "FINISHED"
    assert read_json(parent(), "progress.json")["done"] == 6
    assert len(children()) == 3
    names = {file.path for file in fitscribe.Client().list_artifacts(parent().info.run_id)}
    assert {"cv_results.csv", "progress.json", "training_confusion_matrix.json"} <= names


def test_what_a_killed_search_told_is_kept(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with searching(tmp_path, None) as process:
        until(waiting)
        process.kill()
    run = until(lambda: parent().info.status == "KILLED" and parent())
    found = read_json(run, "progress.json")
    assert (found["done"], found["total"]) == (4, 6)
    assert main(["runs", "show", run.info.run_id, "--follow"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"4 of 6 done, best score 0\.\d+ \(max_depth=2\)", lines[0])
    assert lines[1].startswith("KILLED after ")


def test_a_run_is_followed_to_its_end(tmp_path: Path, home: Path) -> None:
    def follow(*options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "fitscribe", "runs", "show", parent().info.run_id]
        return subprocess.Popen(
            [*command, "--follow", "--uri", str(home), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    with searching(tmp_path, None) as process:
        until(waiting)
        lines, data, left = follow(), follow("--json"), follow()
        assert lines.stdout is not None
        assert data.stdout is not None
        assert left.stdout is not None
        told = lines.stdout.readline()
        assert re.fullmatch(r"4 of 6 done, best score 0\.\d+ \(max_depth=2\), .* left\n", told)
        first = data.stdout.readline()
        left.stdout.readline()
        if os.name == "posix":
            left.send_signal(signal.SIGINT)
        else:
            left.kill()
        _, said = left.communicate(timeout=60)
        (tmp_path / "go").touch()
        assert process.wait(60) == 0
        out, err = lines.communicate(timeout=60)
        rest, wrong = data.communicate(timeout=60)
    assert (said, err, wrong) == ("", "", "")
    assert out.splitlines()[-2].startswith("6 of 6 done, best score ")
    assert out.splitlines()[-1].startswith("FINISHED after ")
    news = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert [news[0]["status"], news[-1]["status"]] == ["RUNNING", "FINISHED"]
    splits = [split for line in news for split in line["progress"]["evaluations"]["split"]]
    assert sorted(splits) == [0, 0, 0, 1, 1, 1]


# What is left of a search that was interrupted


class Interrupted(DecisionTreeClassifier):
    error: BaseException = KeyboardInterrupt()

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        if self.max_depth == 3:
            raise self.error
        return super().fit(X, y)


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "KILLED"), (ValueError("three"), "FAILED")]
)
@pytest.mark.parametrize("managed", [True, False])
def test_finished_candidates_are_kept(
    autologging: None,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: str,
    managed: bool,
) -> None:
    monkeypatch.setattr(Interrupted, "error", error)
    search = GridSearchCV(
        Interrupted(random_state=0),
        {"max_depth": [1, 2, 3, 4]},
        cv=2,
        error_score="raise",
        return_train_score=True,
    )
    if not managed:
        fitscribe.start_run()
    with pytest.raises(type(error)):
        search.fit(X, y)
    if not managed:
        fitscribe.end_run()
    run = parent()
    assert run.info.status == (status if managed else "FINISHED")
    kept = sorted(children(), key=lambda child: child.data.params["max_depth"])
    assert [child.data.params["max_depth"] for child in kept] == ["1", "2"]
    assert {child.info.status for child in kept} == {"FINISHED"}
    whole = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 2]},
        cv=2,
        return_train_score=True,
    )
    fitscribe.sklearn.autolog(disable=True)
    expected = whole.fit(X, y).cv_results_
    for at, child in enumerate(kept):
        for key in ("mean_test_score", "std_test_score", "mean_train_score"):
            assert child.data.metrics[key] == expected[key][at]
        history = fitscribe.Client().get_metric_history(child.info.run_id, "split_test_score")
        assert [point.step for point in history] == [0, 1]
    text = fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/cv_results.csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["param_max_depth"] for row in rows] == ["1", "2"]
    assert set(expected) - set(rows[0]) == {"rank_test_score"}
    found = read_json(run, "progress.json")
    assert (found["done"], found["total"], found["seconds_left"]) == (4, 8, None)


def test_of_interrupted_halving_iterations_are_kept(autologging: None) -> None:
    estimators.cases()

    class Later(DecisionTreeClassifier):
        seen = 0

        def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
            Later.seen += 1
            if Later.seen > 10:
                raise KeyboardInterrupt
            return super().fit(X, y)

    search = model_selection.HalvingGridSearchCV(
        Later(), {"max_depth": [1, 2, 3, 4]}, cv=2, random_state=0
    )
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    kept = children()
    assert sorted(child.data.metrics["iter"] for child in kept) == [0.0] * 4 + [1.0]
    assert {child.data.metrics["n_resources"] for child in kept} == set(search.n_resources_)


def test_of_an_interrupted_search_the_best_are_kept(autologging: None) -> None:
    fitscribe.sklearn.autolog(max_tuning_runs=1, silent=True)
    search = GridSearchCV(
        Interrupted(random_state=0), {"max_depth": [1, 2, 3]}, cv=2, error_score="raise"
    )
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert [child.data.params["max_depth"] for child in children()] == ["2"]


def test_nothing_done_leaves_no_candidates(autologging: None) -> None:
    search = GridSearchCV(Interrupted(), {"max_depth": [3]}, cv=2, error_score="raise")
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert children() == []
    assert read_json(parent(), "progress.json")["done"] == 0


def test_search_results_are_what_they_are_without(autologging: None) -> None:
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), DEPTHS, cv=2, n_jobs=2)
    seen = search.fit(X, y).cv_results_
    fitscribe.sklearn.autolog(disable=True)
    bare = search.fit(X, y).cv_results_
    for key in bare:
        if "time" not in key and key != "params":
            np.testing.assert_array_equal(seen[key], bare[key])


class Again(GridSearchCV):
    """Asks for candidates in several calls, as a Bayesian search does; the first is the best."""

    def _run_search(self, evaluate_candidates: Any, **context: Any) -> None:
        for depth in (3, 1):
            evaluate_candidates([{"max_depth": depth}])


def test_rounds_of_one_search_are_compared(autologging: None) -> None:
    search = Again(DecisionTreeClassifier(random_state=0), {}, cv=2).fit(X, y)
    found = read_json(parent(), "progress.json")
    assert [one["candidates"] for one in found["rounds"]] == [1, 1]
    assert (found["best"]["candidate"], search.best_index_) == (0, 0)
    assert found["best"]["score"] == search.best_score_
