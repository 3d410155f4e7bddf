"""Each group of what is recorded can be turned off, and equal fits record equal keys."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler
from tests.sklearn.recorded import runs

import fitscribe
import fitscribe.sklearn
from fitscribe.config.autolog import OPTIONS

Run = Callable[..., subprocess.CompletedProcess[str]]

X = np.random.default_rng(0).random((60, 4))
y = np.arange(60) % 2


@pytest.fixture(autouse=True)
def _off_again(home: Path) -> Iterator[None]:
    yield
    fitscribe.sklearn.autolog(disable=True)


def everything() -> None:
    """Do a little of all that is recorded."""
    scaled, _, labels, _ = train_test_split(StandardScaler().fit_transform(X), y, random_state=0)
    model = GradientBoostingClassifier(n_estimators=3).fit(scaled, labels)
    accuracy_score(labels, model.predict(scaled))
    cross_val_score(LogisticRegression(), X, y, cv=3)
    streamed = SGDClassifier(random_state=0)
    for _ in range(3):
        streamed.partial_fit(X, y, classes=[0, 1])
    grid = {"C": [0.1, 0.5, 1.0, 2.0, 5.0, 9.0]}
    GridSearchCV(LogisticRegression(), grid, cv=2).fit(X, y)
    fitscribe.flush()


def recorded(**options: Any) -> dict[str, set[str]]:
    """Return the keys of all that `everything` records, by kind."""
    before = {run.info.run_id for run in runs()}
    fitscribe.sklearn.autolog(silent=True, **options)
    everything()
    fitscribe.sklearn.autolog(disable=True)
    keys: dict[str, set[str]] = {
        "runs": set(),
        "data": set(),
        "metrics": set(),
        "tags": set(),
        "files": set(),
        "histories": set(),
    }
    client = fitscribe.Client()
    for run in (one for one in runs() if one.info.run_id not in before):
        name = run.data.tags.get("fitscribe.function") or run.data.tags["estimator_name"]
        child = "/child" if "mlflow.parentRunId" in run.data.tags else ""
        keys["runs"].add(f"{name}{child} ")
        keys["data"] |= {f"{name}{child} datasets" for _ in run.inputs.dataset_inputs}
        keys["metrics"] |= {f"{name} {key}" for key in run.data.metrics}
        # Whether there are uncommitted changes is found out meanwhile, and stored at the exit.
        keys["tags"] |= {f"{name} {key}" for key in run.data.tags if not key.endswith("git.dirty")}
        keys["files"] |= {f"{name} {file.path}" for file in client.list_artifacts(run.info.run_id)}
        keys["files"] |= {f"{name} a model" for _ in run.outputs.model_outputs}
        keys["histories"] |= {
            f"{name} {key}"
            for key in run.data.metrics
            if len(client.get_metric_history(run.info.run_id, key)) > 1
        }
    return keys


def gone(full: dict[str, set[str]], less: dict[str, set[str]]) -> set[str]:
    """Return what is recorded no more; nothing else may be recorded instead."""
    for kind, keys in less.items():
        assert keys - full[kind] == set()
    return {key for kind, keys in full.items() for key in keys - less[kind]}


# What is gone with each option, and what is not.
OFF: dict[str, tuple[set[str], set[str]]] = {
    "log_models": ({"GradientBoostingClassifier a model"}, {"training_score"}),
    # The data of metrics that are computed later go with those.
    "log_datasets": ({"GridSearchCV datasets"}, {"training_score", "accuracy_score_scaled"}),
    "log_training_metrics": (
        {"GradientBoostingClassifier training_score"},
        {"GradientBoostingClassifier a model", "fitted_attributes.json"},
    ),
    "log_curves": (
        {"GradientBoostingClassifier training_roc_curve.json"},
        {"GradientBoostingClassifier training_score"},
    ),
    "log_post_training_metrics": (
        {"GradientBoostingClassifier accuracy_score_scaled"},
        {"training_score"},
    ),
    "log_facts": (
        {
            "GradientBoostingClassifier fitted_attributes.json",
            "GradientBoostingClassifier fit_time",
            "GradientBoostingClassifier fitscribe.changed_params",
        },
        {"findings.json", "training_score"},
    ),
    "log_findings": (
        {
            "GradientBoostingClassifier findings.json",
            "GradientBoostingClassifier fitscribe.findings",
        },
        {"fitted_attributes.json", "fit_time"},
    ),
    "log_histories": (
        {"GradientBoostingClassifier train_score", "SGDClassifier n_samples_seen"},
        {"training_score", "SGDClassifier a model", "cross_val_score test_score"},
    ),
    "log_partial_fits": ({"SGDClassifier "}, {"GradientBoosting"}),
    "log_preparation": ({"GradientBoostingClassifier preparation.json"}, {"training_score"}),
    "log_cross_validations": ({"cross_val_score "}, {"LogisticRegression"}),
    "log_progress": ({"GridSearchCV progress.json"}, {"cv_results.csv"}),
    "log_provenance": (
        {
            "GradientBoostingClassifier provenance.json",
            "GradientBoostingClassifier environment.txt",
            "GradientBoostingClassifier fitscribe.split",
        },
        {"findings.json", "fitted_attributes.json", "accuracy_score_scaled"},
    ),
}
# Recorded with the model: seen in its folder, or pinned elsewhere.
ELSEWHERE = {
    "log",
    "log_model_signatures",
    "log_input_examples",
    "log_golden_rows",
    "log_model_profiles",
    "log_transformers",
    "log_source_details",
    "log_permutation_importance",
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the keys on the standard level."""
    fitscribe.set_tracking_uri(tmp_path_factory.mktemp("standard"))
    return recorded()


def test_every_group_is_tested() -> None:
    groups = {option.name for option in OPTIONS if option.name.startswith("log")}
    assert groups == OFF.keys() | ELSEWHERE


@pytest.mark.parametrize("option", OFF)
def test_a_group_can_be_turned_off(full: dict[str, set[str]], option: str) -> None:
    without = gone(full, recorded(**{option: False}))
    expected, kept = OFF[option]
    for word in expected:
        assert any(key.startswith(word) for key in without), (word, without)
    for word in kept:
        assert not any(word in key for key in without), (word, without)


def test_the_same_code_records_the_same_keys(full: dict[str, set[str]]) -> None:
    assert recorded() == full


def test_two_runs_of_one_script_record_the_same_keys(run_python: Run) -> None:
    script = """
        import sys, numpy as np, fitscribe, fitscribe.sklearn
        from sklearn.ensemble import IsolationForest, VotingClassifier
        from sklearn.cluster import KMeans
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import RandomizedSearchCV
        from sklearn.naive_bayes import GaussianNB
        fitscribe.set_tracking_uri(sys.argv[1])
        fitscribe.sklearn.autolog(silent=True)
        X, y = np.random.default_rng(0).random((60, 4)), np.arange(60) % 2
        VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())]).fit(X, y)
        IsolationForest(n_estimators=5, random_state=0).fit(X)
        KMeans(2, n_init=1).fit(X)
        grid = {"C": [1, 2, 3]}
        RandomizedSearchCV(LogisticRegression(), grid, n_iter=2, cv=2, random_state=0).fit(X, y)
    """
    tell = """
        import json, sys, fitscribe
        fitscribe.set_tracking_uri(sys.argv[1])
        client = fitscribe.Client()
        def kinds(run):
            files = [file.path for file in client.list_artifacts(run.info.run_id)]
            return json.dumps([
                run.data.tags["estimator_name"], sorted(run.data.tags), sorted(run.data.metrics),
                sorted(run.data.params), [name for name in files if "." in name],
                run.data.tags.get("fitscribe.left_out"),
            ])
        print("\\n".join(sorted(map(kinds, client.search_runs(["0"])))))
    """
    told = []
    for home in ("first", "second"):
        assert run_python("-c", textwrap.dedent(script), home).returncode == 0
        told.append(run_python("-c", textwrap.dedent(tell), home).stdout)
    assert told[0] == told[1]
    assert told[0].count("IsolationForest") >= 1


def test_light_records_what_runs_are_compared_by(full: dict[str, set[str]]) -> None:
    light = recorded(log="light")
    gone(full, light)
    assert "GradientBoostingClassifier training_score" in light["metrics"]
    assert "GradientBoostingClassifier fitscribe.findings" in light["tags"]
    assert "GradientBoostingClassifier accuracy_score_scaled" in light["metrics"]
    assert "GradientBoostingClassifier datasets" in light["data"]
    assert not any("model" in file or "curve" in file for file in light["files"])
    search = next(r for r in runs() if r.data.tags.get("estimator_name") == "GridSearchCV")
    children = [r for r in runs() if r.data.tags.get("mlflow.parentRunId") == search.info.run_id]
    assert len(children) == 5


# What is off costs nothing: what would do it is not called.


class Counting(LogisticRegression):
    """Counts its predictions."""

    asked = 0

    def predict(self, X: Any) -> Any:
        """Predict."""
        type(self).asked += 1
        return super().predict(X)

    def predict_proba(self, X: Any) -> Any:
        """Predict."""
        type(self).asked += 1
        return super().predict_proba(X)


def test_without_training_metrics_nothing_is_predicted() -> None:
    Counting.asked = 0
    fitscribe.sklearn.autolog(silent=True, log_training_metrics=False, log_models=False)
    Counting().fit(X, y)
    KMeans(2, n_init=1).fit(X)
    RandomForestClassifier(3).fit(X, y)
    assert Counting.asked == 0
    assert not any("training_score" in run.data.metrics for run in runs())
