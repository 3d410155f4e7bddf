"""Predictions that several models could have made: nothing is tied to the wrong one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recorded import after_fit, read_json, runs
from sklearn.datasets import load_iris, make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import fitscribe
import fitscribe.sklearn

pytestmark = pytest.mark.usefixtures("autologging")

MODELS: dict[str, Callable[[], Any]] = {
    "KNeighborsClassifier": KNeighborsClassifier,
    "LinearDiscriminantAnalysis": LinearDiscriminantAnalysis,
    "LogisticRegression": lambda: LogisticRegression(max_iter=500),
    "SVC": SVC,
}
# What leaves nothing of the object and its memory.
COPIES: dict[str, Callable[[Any], Any]] = {
    "list": list,
    "tolist": lambda p: p.tolist(),
    "tuple": tuple,
    "copy": lambda p: p.copy(),
    "int8": lambda p: p.astype(np.int8),
    "float": lambda p: p.astype(float),
    "series": lambda p: pd.Series(p.copy()),
    "names": lambda p: np.array(["a", "b", "c"])[p],
}


def tied() -> dict[str, dict[str, float]]:
    """Return the metrics after the fit, by the estimator's class."""
    return {run.data.tags["estimator_name"]: after_fit(run) for run in runs()}


def untied() -> list[dict[str, Any]]:
    """Return what is kept as of no one model."""
    found = []
    for run in runs():
        files = fitscribe.MlflowClient().list_artifacts(run.info.run_id)
        if "unattributed_metrics.json" in [file.path for file in files]:
            found += list(read_json(run, "unattributed_metrics.json").values())
    return found


@pytest.fixture
def iris() -> tuple[Any, ...]:
    """Rows that all of the models label alike."""
    X, y = load_iris(return_X_y=True)
    fitted = [make().fit(X[::2], y[::2]) for make in MODELS.values()]
    fitscribe.sklearn.autolog(disable=True)
    alike = np.ptp([model.predict(X[1::2]) for model in fitted], axis=0) == 0
    fitscribe.set_experiment("iris")
    fitscribe.sklearn.autolog(silent=True)
    return X[::2], X[1::2][alike], y[::2], y[1::2][alike]


@pytest.mark.parametrize(("one", "other"), list(combinations(MODELS, 2)))
def test_objects_tell_equal_predictions_apart(one: str, other: str, iris: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = iris
    first, second = (MODELS[name]().fit(X_train, y_train) for name in (one, other))
    p, q = first.predict(X_test), second.predict(X_test)
    assert (p == q).all()
    of_second, of_first = accuracy_score(y_test, q), f1_score(y_test, p, average="macro")
    assert tied() == {
        one: {"f1_score_X_test": of_first},
        other: {"accuracy_score_X_test": of_second},
    }


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize(("one", "other"), [("SVC", "LogisticRegression")])
def test_copies_of_equal_predictions_are_nobodys(
    copy: str, one: str, other: str, iris: tuple[Any, ...]
) -> None:
    X_train, X_test, y_train, y_test = iris
    models = [MODELS[name]().fit(X_train, y_train) for name in (one, other)]
    copies = [COPIES[copy](model.predict(X_test)) for model in models]
    truth = np.array(["a", "b", "c"])[y_test] if copy == "names" else y_test
    value = accuracy_score(truth, copies[1])
    assert tied() == {one: {}, other: {}}
    (told,) = untied()
    assert told["value"] == value
    assert {entry["estimator"] for entry in told["candidates"]} == {one, other}


@pytest.mark.parametrize("copy", COPIES)
def test_the_text_of_the_call_names_the_model(copy: str, iris: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = iris
    truth = np.array(["a", "b", "c"])[y_test] if copy == "names" else y_test
    change = COPIES[copy]
    found = {}
    models = [make().fit(X_train, y_train) for make in MODELS.values()]
    for model in models:
        model.predict(X_test)
    for model in models:
        value = accuracy_score(truth, change(model.predict(X_test)))
        found[type(model).__name__] = {"accuracy_score_X_test": value}
    assert tied() == found


class Answers:
    """Keeps answers, and has one that it computes."""

    def __init__(self, kept: Any) -> None:
        self.kept = kept

    @property
    def computed(self) -> Any:
        raise AssertionError("a property of the user's was asked")


def of_attribute(truth: Any, answers: Any) -> float:
    """Return the accuracy of a copy, which the text names by an attribute."""
    return float(accuracy_score(truth, answers.kept.copy()))


def of_item(truth: Any, answers: Any) -> float:
    """Return it of an item of a dict."""
    by_name = {"mine": answers.kept}
    return float(accuracy_score(truth, by_name["mine"].copy()))


def of_place(truth: Any, answers: Any) -> float:
    """Return it of an item of a list in an attribute."""
    answers.listed = [None, answers.kept]
    return float(accuracy_score(truth, answers.listed[1].copy()))


@pytest.mark.parametrize("score", [of_attribute, of_item, of_place])
def test_attributes_and_items_in_the_text_name_the_model(
    score: Callable[..., float], iris: tuple[Any, ...]
) -> None:
    X_train, X_test, y_train, y_test = iris
    models = {name: make().fit(X_train, y_train) for name, make in MODELS.items()}
    answers = {name: Answers(model.predict(X_test)) for name, model in models.items()}
    found = {name: {"accuracy_score_X_test": score(y_test, answers[name])} for name in models}
    assert tied() == found
    assert untied() == []


def test_what_is_computed_is_not_asked_for_a_name(iris: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = iris
    models = [MODELS[name]().fit(X_train, y_train) for name in ("SVC", "LogisticRegression")]
    answers = [Answers(model.predict(X_test)) for model in models]

    def shown(_: Any, labels: Any) -> Any:
        return labels.copy()

    value = accuracy_score(y_test, shown(lambda: answers[0].computed, answers[1].kept))
    assert tied() == {"SVC": {}, "LogisticRegression": {"accuracy_score_X_test": value}}


@pytest.fixture
def noisy() -> tuple[Any, ...]:
    X, y = make_classification(300, flip_y=0.2, class_sep=0.6, random_state=3)
    return X[:200], X[200:], y[:200], y[200:]


BLENDS: dict[str, Callable[[Any, Any], Any]] = {
    "mean": lambda p, q: (p + q) / 2,
    "mean, labels": lambda p, q: ((p + q) / 2 > 0.5).astype(int),
    "weighted": lambda p, q: 0.9 * p + 0.1 * q,
    "weighted, labels": lambda p, q: (0.9 * p + 0.1 * q > 0.5).astype(int),
    "product": lambda p, q: p * q,
    "maximum": np.maximum,
    "maximum, labels": lambda p, q: (np.maximum(p, q) > 0.4).astype(int),
    "difference": lambda p, q: p - q,
    "ranks": lambda p, q: p.argsort().argsort() + q.argsort().argsort(),
    "either": lambda p, q: (p > 0.5) | (q > 0.5),
    "both": lambda p, q: (p > 0.5) & (q > 0.5),
}


@pytest.mark.parametrize("blend", BLENDS)
def test_blends_are_nobodys(blend: str, noisy: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = noisy
    one, other = LogisticRegression(), GaussianNB()
    p, q = (model.fit(X_train, y_train).predict_proba(X_test)[:, 1] for model in (one, other))
    blended = BLENDS[blend](p, q)
    value = roc_auc_score(y_test, blended)
    assert tied() == {"LogisticRegression": {}, "GaussianNB": {}}
    assert [told["value"] for told in untied()] == [value]


BASELINES: dict[str, Callable[[Any], Any]] = {
    "zeros": lambda y: np.zeros(len(y)),
    "constant": lambda y: np.full(len(y), 0.3),
    "alternating": lambda y: np.arange(len(y)) % 2,
    "shuffled": lambda y: np.random.default_rng(0).permutation(y),
    "random": lambda y: np.random.default_rng(1).random(len(y)),
    "the truth": lambda y: y.copy(),
    "the opposite": lambda y: 1 - y,
}


@pytest.mark.parametrize("baseline", BASELINES)
def test_baselines_are_nobodys(baseline: str, noisy: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = noisy
    model = LogisticRegression().fit(X_train, y_train)
    model.predict(X_test), model.predict_proba(X_test)
    guess = BASELINES[baseline](y_test)
    accuracy_score(y_test, guess > 0.5)
    mean_absolute_error(y_test, guess)
    assert tied() == {"LogisticRegression": {}}
    assert len(untied()) == 2


def test_a_perfect_models_truth_is_not_its_prediction() -> None:
    X, y = np.arange(40.0).reshape(-1, 1), (np.arange(40) > 19).astype(int)
    perfect = DecisionTreeClassifier(random_state=0).fit(X, y)
    perfect.predict(X)
    squares = X**2
    worse = LogisticRegression(C=1e-4).fit(squares[::2], y[::2])
    p = worse.predict(squares)
    value = accuracy_score(y, p)
    found = tied()
    assert found["DecisionTreeClassifier"] == {}
    assert found["LogisticRegression"] == {"accuracy_score_squares": value}


def test_two_runs_of_one_class_do_not_mix(noisy: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = noisy
    models = {alpha: Ridge(alpha=alpha).fit(X_train, y_train) for alpha in (0.1, 1.0, 10.0)}
    predictions = {alpha: model.predict(X_test) for alpha, model in models.items()}
    values = {
        str(alpha): mean_absolute_error(y_test, np.clip(p, 0, 1))
        for alpha, p in reversed(predictions.items())
    }
    found = {run.data.params["alpha"]: run.data.metrics for run in runs()}
    assert {
        alpha: metrics["mean_absolute_error_X_test"] for alpha, metrics in found.items()
    } == values


def test_a_cell_that_runs_again_is_of_the_new_run(noisy: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = noisy
    for _ in range(3):
        model = LogisticRegression().fit(X_train, y_train)
        labels = (model.predict_proba(X_test)[:, 1] > 0.4).astype(int)
        f1_score(y_test, labels)
    assert [list(run.data.metrics).count("f1_score_X_test") for run in runs()] == [1, 1, 1]
