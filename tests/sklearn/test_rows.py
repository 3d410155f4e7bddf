"""Which rows are predicted again: by class and shape, always the same ones."""

import random

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.impute import KNNImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import (
    KernelDensity,
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    RadiusNeighborsClassifier,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC, OneClassSVM

from fitscribe.sklearn.rows import choose_rows, lazy_members, take_rows
from fitscribe.sklearn.training import training_scores

# scikit-learn up to 1.6 with a newer scipy.
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")


class MyNeighbours(KNeighborsClassifier):
    """A user's own."""


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsClassifier(),
        KNeighborsRegressor(),
        RadiusNeighborsClassifier(),
        LocalOutlierFactor(),
        KernelDensity(),
        SVC(kernel="linear"),
        NuSVC(),
        SVR(),
        OneClassSVM(),
        KernelRidge(),
        LabelSpreading(),
        MyNeighbours(),
        make_pipeline(StandardScaler(), SVC()),
        make_pipeline(KNNImputer(), LogisticRegression()),
        make_pipeline(FeatureUnion([("a", KNNImputer())]), LogisticRegression()),
        OneVsRestClassifier(SVC()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_one_lazy_learner(estimator):
    assert lazy_members(estimator) == (1, False)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        LinearSVC(),
        RandomForestClassifier(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        VotingClassifier([("a", LogisticRegression())]),
        object(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_no_lazy_learner(estimator):
    assert lazy_members(estimator) == (0, False)


def test_members_of_fitted_ensembles_are_counted():
    chance = np.random.default_rng(0)
    X, y = chance.random((60, 3)), np.arange(60) % 3
    neighbours, lines = KNeighborsClassifier(3), LogisticRegression()
    columns = ColumnTransformer([("a", KNNImputer(), [0, 1]), ("b", "passthrough", [2])])
    for estimator, count in (
        (BaggingClassifier(neighbours, 5), 5),
        (BaggingClassifier(neighbours, 40), 40),
        (VotingClassifier([("a", neighbours), ("b", lines), ("c", SVC())]), 2),
        (StackingClassifier([("a", neighbours), ("b", lines)], SVC(), cv=2), 2),
        (OneVsRestClassifier(neighbours), 3),
        (GridSearchCV(neighbours, {"n_neighbors": [2]}, cv=2), 1),
        (GridSearchCV(make_pipeline(StandardScaler(), neighbours), {}, cv=2), 1),
        (make_pipeline(columns, lines), 1),
        (RandomForestClassifier(30), 0),
        (GradientBoostingClassifier(n_estimators=20), 0),
    ):
        assert lazy_members(estimator.fit(X, y)) == (count, False)
    # Their kernels are evaluated by numpy, which is as dear as four.
    assert lazy_members(GaussianProcessRegressor()) == (4, False)
    assert lazy_members(GaussianProcessClassifier()) == (4, True)


@pytest.mark.parametrize(
    ("estimator", "shape", "outputs", "asked"),
    [
        (LogisticRegression(), (1_000_000, 20), 2, 1_000_000),
        (LogisticRegression(), (1_000_001, 20), 2, 100_000),
        (LogisticRegression(), (2_000_000, 1000), 2, 5000),
        (LogisticRegression(), (50_000, 5), 1000, 5000),
        (LinearRegression(), (10, 5), 1, 10),
        (KNeighborsClassifier(), (16, 20), 2, 16),
        (KNeighborsClassifier(), (1000, 20), 2, 1000),
        (KNeighborsClassifier(), (2000, 20), 2, 1000),
        (KNeighborsClassifier(), (20_000, 20), 2, 100),
        (KNeighborsClassifier(), (20_000, 784), 2, 16),
        (KNeighborsClassifier(), (10_000_000, 3), 2, 16),
        (SVC(), (20_000, 20), 2, 100),
        (KernelRidge(), (5000, 20), 1, 400),
        (GaussianProcessRegressor(), (707, 20), 1, 707),
        (GaussianProcessRegressor(), (2000, 20), 1, 250),
        (GaussianProcessClassifier(), (2000, 20), 2, 62),
    ],
)
def test_how_many_rows_are_asked(estimator, shape, outputs, asked):
    rows = choose_rows(estimator, *shape, outputs)
    assert (rows.asked, rows.total) == (asked, shape[0])
    if asked == shape[0]:
        assert rows.index is None
    else:
        assert rows.index.shape == (asked,)
        assert (np.diff(rows.index) > 0).all()
        assert rows.index[0] >= 0
        assert rows.index[-1] < shape[0]


def test_the_sample_is_the_same_and_nobody_elses_chance_is_used():
    numpy_before, random_before = np.random.get_state()[1].copy(), random.getstate()
    first = choose_rows(KNeighborsClassifier(), 5000).index
    np.random.seed(1)
    np.testing.assert_array_equal(first, choose_rows(KNeighborsClassifier(), 5000).index)
    np.random.set_state(("MT19937", numpy_before, 624))
    assert random.getstate() == random_before
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)


def table():
    chance = np.random.default_rng(2)
    X = chance.random((2500, 2))
    return X, (X[:, 0] > X[:, 1] + chance.normal(size=2500) / 4).astype(int)


def forms_of_X(X):
    return {
        "array": X,
        "list": X.tolist(),
        "frame": pd.DataFrame(X, columns=["a", "b"], index=np.arange(len(X))[::-1]),
        "polars": pl.DataFrame({"a": X[:, 0], "b": X[:, 1]}),
        "csr": scipy.sparse.csr_array(X),
        "coo": scipy.sparse.coo_array(X),
        "csc": scipy.sparse.csc_matrix(X),
        "columns first": np.asfortranarray(X),
    }


def forms_of_y(y):
    return {
        "array": y,
        "list": y.tolist(),
        "frame": pd.DataFrame({"y": y}),
        "series": pd.Series(y, index=np.arange(len(y))[::-1]),
        "polars": pl.Series("y", y),
        "column": y.reshape(-1, 1),
        "csr": y,
    }


@pytest.mark.filterwarnings("ignore:A column-vector y")
@pytest.mark.parametrize("form", sorted(forms_of_X(np.ones((1, 2)))))
def test_a_sample_of_any_data(form):
    X, y = table()
    estimator = KNeighborsClassifier(7).fit(X, y)
    some = choose_rows(estimator, 2500, 2, 2).index
    assert len(some) == 800
    weights = np.random.default_rng(0).random(2500)
    same = forms_of_X(X)[form]
    found = training_scores(
        KNeighborsClassifier(7).fit(same, y), same, forms_of_y(y).get(form, y), weights
    )
    assert (found.facts["rows"], found.facts["sampled_from"]) == (800, 2500)
    assert found.metrics["training_accuracy_score"] == pytest.approx(
        estimator.score(X[some], y[some], weights[some]), abs=1e-12
    )


@pytest.mark.parametrize("form", ["frame", "series", "polars", "list", "column"])
def test_a_sample_of_any_target(form):
    X, y = table()
    estimator = KNeighborsClassifier(7).fit(X, y)
    some = choose_rows(estimator, 2500, 2, 2).index
    found = training_scores(estimator, X, forms_of_y(y)[form])
    assert found.metrics["training_score"] == pytest.approx(
        estimator.score(X[some], y[some]), abs=1e-12
    )


class Opaque:
    """Rows that cannot be picked."""

    def __init__(self, X):
        self.X = X

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        if row != 0:
            raise TypeError("only the first row can be looked at")
        return self.X[0]

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.X, dtype)


def test_data_that_cannot_be_indexed_is_predicted_whole():
    X, y = table()
    estimator = KNeighborsClassifier(7).fit(X, y)
    found = training_scores(estimator, Opaque(X), y)
    assert found.facts["rows"] == 2500
    assert found.metrics["training_accuracy_score"] == estimator.score(X, y)


def test_rows_are_copied():
    X, _ = table()
    index = np.array([1, 5])
    for form, data in forms_of_X(X).items():
        some = take_rows(data, index)
        if form in ("csr", "coo", "csc"):
            some = some.toarray()
        np.testing.assert_array_equal(np.asarray(some), X[index])


class Holder(BaseEstimator):
    """Keeps its fitted estimators under names of its own."""

    def __init__(self, knn_: object = None) -> None:
        self.knn_ = knn_
        self.coef_ = np.zeros(3)
        self.parent_ = self

    def predict(self, X: object) -> object:
        return X


@pytest.mark.parametrize(
    ("held", "count"),
    [
        (KNeighborsClassifier(), 1),
        ([KNeighborsClassifier()] * 20, 20),
        ({"a": SVC(), "b": LogisticRegression()}, 1),
        (make_pipeline(StandardScaler(), KNeighborsClassifier()), 1),
        (Holder(KNeighborsClassifier()), 1),
        (LogisticRegression(), 0),
        (list(range(100_000)), 0),
    ],
)
def test_a_class_of_the_users_own_is_looked_into(held, count):
    assert lazy_members(Holder(held)) == (count, False)
