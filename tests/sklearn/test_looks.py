"""What a look at a fitted model asks, and that it leaves everything as it was."""

from __future__ import annotations

import contextvars
import functools
import itertools
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import sklearn
from recorded import only_run, read_json, runs
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.cluster import AffinityPropagation, KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.decomposition import NMF, PCA
from sklearn.ensemble import IsolationForest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDOneClassSVM,
)
from sklearn.metrics import make_scorer
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

import fitscribe
import fitscribe.sklearn
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.sklearn import FitscribeWarning
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.calls import INCOMPLETE
from fitscribe.sklearn.predictions import known_answer
from fitscribe.sklearn.quiet import quietly

pytestmark = pytest.mark.usefixtures("autologging")


class CannotPredict(BaseEstimator):
    """Fits without a target; what it predicts, it cannot, and it counts who asked."""

    asked = 0

    def fit(self, X: Any, y: Any = None) -> CannotPredict:
        return self

    def predict(self, X: Any) -> Any:
        self.asked = self.asked + 1
        raise RuntimeError("not today")


def test_a_model_without_a_signature_is_kept_and_was_not_asked_itself() -> None:
    fitscribe.sklearn.autolog()
    model = CannotPredict()
    with pytest.warns(FitscribeWarning, match="infer the signature: RuntimeError: not today"):
        model.fit(np.ones((3, 1)))
    assert vars(model) == {}
    run = only_run()
    (output,) = run.outputs.model_outputs
    assert fitscribe.models.get_model_info(f"models:/{output.model_id}").signature is None


def test_a_function_of_the_users_own_is_not_called_for_a_signature() -> None:
    calls: list[int] = []

    def kernel(a: Any, b: Any) -> float:
        calls.append(1)
        return float(a @ b)

    X = np.random.default_rng(0).normal(size=(12, 2))
    fitscribe.sklearn.autolog(disable=True)
    Nystroem(kernel=kernel, n_components=4, random_state=0).fit(X)
    expected = len(calls)
    fitscribe.sklearn.autolog()
    Nystroem(kernel=kernel, n_components=4, random_state=0).fit(X)
    assert len(calls) == 2 * expected
    (output,) = only_run().outputs.model_outputs
    signature = fitscribe.models.get_model_info(f"models:/{output.model_id}").signature
    assert signature is not None
    assert signature.outputs is None


class Broken(Exception):
    """Not even its text can be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Own(ClassifierMixin, BaseEstimator):
    """Fits anything; the classes below break what we look at."""

    def __init__(self, a: int = 1) -> None:
        self.a = a

    def fit(self, X: Any, y: Any = None) -> Any:
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), int)


class BrokenProperties(Own):
    @property
    def steps(self) -> Any:
        raise RuntimeError("steps")

    @property
    def cv_results_(self) -> Any:
        raise KeyError("results")


class BrokenParams(Own):
    def get_params(self, deep: bool = True) -> Any:
        raise KeyError("params")


class NoParams(Own):
    def get_params(self, deep: bool = True) -> Any:
        return None


class BrokenPredict(Own):
    def predict(self, X: Any) -> Any:
        raise Broken


class Endless(Own):
    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner_, name)


@pytest.mark.parametrize(
    "cls",
    [BrokenProperties, BrokenParams, NoParams, BrokenPredict, Endless],
    ids=lambda c: c.__name__,
)
def test_an_estimator_that_cannot_be_looked_at_fits_all_the_same(cls: Any) -> None:
    model = cls()
    assert model.fit(*load_iris(return_X_y=True)) is model
    run = only_run()
    assert run.info.status == "FINISHED"
    assert run.data.tags["fitscribe.incomplete"]


class BrokenShape:
    @property
    def shape(self) -> Any:
        raise RuntimeError("shape")


def test_data_whose_shape_cannot_be_had_is_prepared_all_the_same() -> None:
    class Prepares(TransformerMixin, BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Any:
            return self

        def transform(self, X: Any) -> Any:
            return X

    model = Prepares()
    assert model.fit(BrokenShape()) is model


@pytest.mark.parametrize("endless", [True, False])
def test_data_that_is_read_once_is_read_by_the_fit_only(endless: bool) -> None:
    rows: Iterator[Any] = itertools.count() if endless else iter([0, 1, 2])

    class First(Own):
        def fit(self, X: Any, y: Any = None) -> Any:
            next(X)
            return super().fit(X, y)

    First().fit(rows, [1])
    assert next(rows) == 1
    tags = only_run().data.tags
    assert "fitscribe.incomplete" not in tags
    assert "read once" in tags["fitscribe.training.skipped"]


def test_data_that_only_becomes_an_array_is_scored() -> None:
    class Holder:
        def __init__(self, values: Any) -> None:
            self.values = values

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return self.values

    X, y = load_iris(return_X_y=True)
    LogisticRegression(max_iter=500).fit(Holder(X), Holder(y))
    run = only_run()
    assert run.data.metrics["training_score"] > 0.9
    assert "fitscribe.incomplete" not in run.data.tags


def test_a_prediction_that_would_show_is_not_asked_for() -> None:
    X, y = load_iris(return_X_y=True)
    calls = 0

    class Counts(DecisionTreeClassifier):
        def predict_proba(self, X: Any, check_input: bool = True) -> Any:
            nonlocal calls
            calls += 1
            return super().predict_proba(X, check_input)

    Counts().fit(X, y)
    assert calls == 0
    skipped = only_run().data.tags["fitscribe.training.skipped"]
    assert skipped == "predictions: Counts.predict_proba sets a variable outside it"


class Talks(ClassifierMixin, BaseEstimator):
    """Its ``predict`` says so."""

    def fit(self, X: Any, y: Any) -> Talks:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        print("predicting")
        logging.getLogger("talks").warning("predicting")
        sys.stderr.write("predicting")
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize(
    "make",
    [
        Talks,
        lambda: NMF(2, verbose=1, max_iter=10_000, random_state=0),
        lambda: make_pipeline(IterativeImputer(verbose=1, random_state=0), LinearRegression()),
    ],
)
def test_what_a_hidden_look_prints_is_dropped(
    make: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    X = np.abs(np.random.default_rng(0).normal(size=(40, 3)))
    y = np.arange(40) % 2

    def seen() -> list[str]:
        make().fit(X, y)
        printed, told = capsys.readouterr()
        return [re.sub(r"[\d.e-]+", "", text) for text in (printed, told)]

    streams = sys.stdout, sys.stderr
    under_us = seen()
    assert (sys.stdout, sys.stderr) == streams
    fitscribe.sklearn.autolog(disable=True)
    assert under_us == seen()
    assert only_run().data.tags.get(INCOMPLETE) is None


def test_what_others_print_while_we_look_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with quietly([]):
        print("ours")
        other = threading.Thread(target=contextvars.Context().run, args=(print, "theirs"))
        other.start()
        other.join()
        with quietly([]):
            print("ours")
    print("after")
    assert capsys.readouterr().out == "theirs\nafter\n"


def test_others_print_to_a_stream_that_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many a stream that people put in place returns nothing from its ``write``."""

    class Kept:
        def __init__(self) -> None:
            self.texts: list[str] = []

        def write(self, text: str) -> None:
            self.texts.append(text)

    kept, failed = Kept(), []
    monkeypatch.setattr(sys, "stdout", kept)
    monkeypatch.setattr(threading, "excepthook", failed.append)
    with quietly([]):
        other = threading.Thread(target=contextvars.Context().run, args=(print, "theirs"))
        other.start()
        other.join()
    assert failed == []
    assert kept.texts == ["theirs", "\n"]
    assert sys.stdout is kept


def test_an_estimator_with_slots_among_the_params_is_looked_at() -> None:
    class Slotted:
        __slots__ = ("depth",)

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            return {}

    class Outer(Talks):
        def __init__(self, inner: Any = None) -> None:
            self.inner = inner

    X, y = load_iris(return_X_y=True)
    Outer(Slotted()).fit(X, y)
    tags = only_run().data.tags
    assert "tell whether to ask" not in tags.get(INCOMPLETE, "")


@pytest.mark.parametrize("dtype", [np.longdouble, np.float16])
def test_labels_of_other_floats_are_in_the_curves(dtype: Any) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    DecisionTreeClassifier(max_depth=2).fit(X, y.astype(dtype))
    run = only_run()
    assert run.data.tags.get(INCOMPLETE) is None
    assert read_json(run, "training_confusion_matrix.json")["labels"] == [0, 1]


def test_a_method_that_was_replaced_on_the_object_is_not_called() -> None:
    X, y = load_iris(return_X_y=True)
    model = DecisionTreeClassifier()
    answer = mock.Mock(side_effect=model._validate_X_predict)
    model._validate_X_predict = answer
    model.fit(X, y)
    assert answer.call_count == 0
    assert "was replaced on this object" in only_run().data.tags["fitscribe.training.skipped"]


@pytest.mark.parametrize(
    "model",
    [
        EllipticEnvelope(),
        IsolationForest(n_estimators=2),
        LocalOutlierFactor(novelty=True),
        OneClassSVM(),
        SGDOneClassSVM(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_an_outlier_detector_answers_is_known_without_asking(model: Any) -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    model.fit(X)
    known, answer = known_answer(model), model.predict(X)
    assert known is not None
    assert infer_signature(X, known) == infer_signature(X, answer)


def test_a_fork_inside_a_fit_leaves_the_run_to_its_parent() -> None:
    class Forks(Own):
        def fit(self, X: Any, y: Any = None) -> Any:
            self.child_ = os.fork()
            if self.child_:
                os.waitpid(self.child_, 0)
            return super().fit(X, y)

    model = Forks()
    try:
        model.fit(*load_iris(return_X_y=True))
    finally:
        if not model.child_:
            os._exit(0)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert "fitscribe.incomplete" not in run.data.tags


def test_a_time_limit_that_ends_while_we_look_is_the_users() -> None:
    def out_of_time(number: int, frame: Any) -> None:
        raise TimeoutError

    class Slow(Own):
        def predict(self, X: Any) -> Any:
            signal.raise_signal(signal.SIGINT)
            return super().predict(X)

    before = signal.signal(signal.SIGINT, out_of_time)
    try:
        with pytest.raises(TimeoutError):
            Slow().fit(*load_iris(return_X_y=True))
    finally:
        signal.signal(signal.SIGINT, before)
    assert only_run().info.status == "FINISHED"
    assert fitscribe.active_run() is None


def test_a_panic_of_a_rust_library_is_a_failed_step():
    class PanicException(BaseException):
        __module__ = "pyo3_runtime"

    def panic():
        raise PanicException("assertion failed")

    attempts = Attempts("Ridge")
    assert attempts("digest", panic) is None
    assert attempts.problems == ["digest: PanicException: assertion failed"]
    with pytest.raises(KeyboardInterrupt):
        attempts("wait", lambda: (_ for _ in ()).throw(KeyboardInterrupt))


class Subtracts(TransformerMixin, BaseEstimator):
    """Centres in place, in fit or in transform."""

    def __init__(self, in_fit: bool = False) -> None:
        self.in_fit = in_fit

    def fit(self, X: Any, y: Any = None) -> Any:
        self.mean_ = np.mean(X, axis=0)
        if self.in_fit:
            X += 1
        return self

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        return np.asarray(self.fit(X).mean_ * -1 + X)

    def transform(self, X: Any) -> Any:
        X -= self.mean_
        return X


IN_PLACE = [
    lambda: make_pipeline(StandardScaler(copy=False), LogisticRegression()),
    lambda: make_pipeline(MaxAbsScaler(copy=False), LogisticRegression()),
    lambda: make_pipeline(MinMaxScaler(copy=False), KMeans(2, n_init=1, random_state=0)),
    lambda: make_pipeline(RobustScaler(copy=False), PCA(2)),
    lambda: make_pipeline(Subtracts(), LogisticRegression()),
    lambda: make_pipeline(Subtracts(), LinearSVC()),
    lambda: make_pipeline(Subtracts(), KMeans(2, n_init=1, random_state=0)),
    lambda: make_pipeline(Subtracts(in_fit=True), LogisticRegression()),
]


@pytest.mark.parametrize("log_datasets", [True, False])
@pytest.mark.parametrize("number", range(len(IN_PLACE)))
def test_what_works_in_place_is_asked_about_copies(number: int, log_datasets: bool) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, :4].copy()
    fitscribe.sklearn.autolog(disable=True)
    alone = X.copy()
    IN_PLACE[number]().fit(alone, y)
    fitscribe.sklearn.autolog(log_datasets=log_datasets, log_input_examples=True, silent=True)
    seen = X.copy()
    model = IN_PLACE[number]().fit(seen, y)
    np.testing.assert_array_equal(seen, alone)
    run = only_run()
    overwritten = bool((alone != X).any())
    assert overwritten == ("overwrote" in run.data.tags.get("fitscribe.incomplete", ""))
    found = run.data.metrics.get("training_accuracy_score")
    if not overwritten and hasattr(model, "classes_"):
        assert found == np.mean(model.predict(X.copy()) == y)
    elif overwritten:
        assert found is None


def test_frames_and_lists_are_asked_about_copies() -> None:
    X, y = load_iris(return_X_y=True)
    for data in (pd.DataFrame(X), pd.DataFrame(X).sample(frac=1, random_state=0)):
        before = data.copy()
        make_pipeline(Subtracts(), LogisticRegression(max_iter=500)).fit(data, y)
        pd.testing.assert_frame_equal(data, before)


@pytest.mark.parametrize("kind", ["step", "kernel", "partial", "target"])
def test_a_function_of_the_users_own_runs_as_often_as_without_us(kind: str) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X[:80])
    calls: list[int] = []

    def own(data: Any, other: Any = None) -> Any:
        calls.append(1)
        return data if other is None else data @ other.T

    def fit() -> int:
        calls.clear()
        model: Any = {
            "step": lambda: make_pipeline(FunctionTransformer(own), LogisticRegression()),
            "kernel": lambda: SVC(kernel=own),
            "partial": lambda: make_pipeline(
                FunctionTransformer(functools.partial(own)), LogisticRegression()
            ),
            "target": lambda: TransformedTargetRegressor(
                Ridge(), func=np.log1p, inverse_func=own, check_inverse=False
            ),
        }[kind]()
        model.fit(X, y[:80])
        return len(calls)

    fitscribe.sklearn.autolog(disable=True)
    alone = fit()
    fitscribe.sklearn.autolog()
    assert fit() == alone
    run = only_run()
    assert "is a function of your own" in run.data.tags["fitscribe.training.skipped"]
    assert "training_score" not in run.data.metrics
    assert "fitscribe.incomplete" not in run.data.tags


def doubled(X: Any) -> Any:
    X = np.asarray(X)
    X *= 2.0
    return X


def linear(X: Any, Y: Any) -> Any:
    return X @ Y.T


@pytest.mark.parametrize("kind", ["step", "in place", "kernel", "search", "scorer", "target"])
def test_functions_of_the_users_own_that_only_compute_are_called(kind: str) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X, y = StandardScaler().fit_transform(X[:80]), y[:80]
    step = FunctionTransformer(lambda X: np.log1p(np.abs(X)))
    accuracy = make_scorer(lambda y, predicted: float(np.mean(y == predicted)))
    model: Any = {
        "step": lambda: make_pipeline(step, LogisticRegression()),
        "in place": lambda: make_pipeline(FunctionTransformer(doubled), LogisticRegression()),
        "kernel": lambda: SVC(kernel=linear),
        "search": lambda: GridSearchCV(make_pipeline(step, Ridge()), {"ridge__alpha": [1]}, cv=2),
        "scorer": lambda: GridSearchCV(
            LogisticRegression(), {"C": [1, 2]}, cv=2, scoring=accuracy
        ),
        "target": lambda: TransformedTargetRegressor(
            Ridge(), func=lambda y: y + 1, inverse_func=lambda y: y - 1
        ),
    }[kind]()
    before = X.copy()
    model.fit(X, y)
    found = fitscribe.last_active_run()
    if kind == "in place":  # the fit itself does, and the look does not
        assert (2 * before == X).all()
        assert "overwrote its input" in found.data.tags["fitscribe.incomplete"]
        return
    assert (before == X).all()
    assert found.data.metrics["training_score"] == pytest.approx(model.score(X, y), abs=1e-12)
    assert "fitscribe.incomplete" not in found.data.tags
    assert "fitscribe.training.skipped" not in found.data.tags


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(FunctionTransformer(np.square), LogisticRegression()),
        make_pipeline(FunctionTransformer(np.nan_to_num), LogisticRegression()),
        make_pipeline(FunctionTransformer(functools.partial(np.add, 1)), LogisticRegression()),
        SVC(kernel=rbf_kernel),
        GridSearchCV(
            DecisionTreeClassifier(),
            {"max_depth": [1, 2]},
            refit=lambda results: 0,
            scoring=lambda model, X, y: 1.0,
            cv=2,
        ),
    ],
    ids=["ufunc", "numpy", "partial", "kernel", "search"],
)
def test_functions_of_libraries_are_called(model: Any) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    model.fit(StandardScaler().fit_transform(X), y)
    (run,) = [run for run in runs() if "training_accuracy_score" in run.data.metrics]
    assert "fitscribe.incomplete" not in run.data.tags


def test_settings_that_a_hidden_look_changes_are_put_back() -> None:
    class Changes(Talks):
        def predict(self, X: Any) -> Any:
            sklearn.set_config(display="text")
            np.seterr(all="raise")
            return super().predict(X)

    before = sklearn.get_config(), np.geterr()
    Changes().fit(*load_iris(return_X_y=True))
    assert (sklearn.get_config(), np.geterr()) == before


class HasNoneAfterAll(ClassifierMixin, BaseEstimator):
    """Gives no probabilities, though the method is there: what it stands for decides."""

    def fit(self, X: Any, y: Any) -> Any:
        self.model_ = SGDClassifier(random_state=0).fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X: Any) -> Any:
        return self.model_.predict(X)

    def predict_proba(self, X: Any) -> Any:
        return self.model_.predict_proba(X)


def test_probabilities_that_are_not_there_cost_no_labels() -> None:
    X, y = load_iris(return_X_y=True)
    model = HasNoneAfterAll().fit(X, y)
    run = only_run()
    assert run.data.metrics["training_accuracy_score"] == np.mean(model.predict(X) == y)
    assert "fitscribe.incomplete" not in run.data.tags


def test_distances_are_no_rows_to_ask_about() -> None:
    X = load_iris().data[:30]
    AffinityPropagation(affinity="precomputed", random_state=0).fit(-((X @ X.T) ** 2))
    assert "fitscribe.incomplete" not in only_run().data.tags
