"""Leaks between training and test rows: those that are there are told, and no others."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn import datasets
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
    train_test_split,
)
from sklearn.naive_bayes import BernoulliNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from tests.sklearn.recorded import only_run, read_json, runs

import fitscribe.sklearn

pytestmark = pytest.mark.usefixtures("autologging")

LEAKS = {
    *("duplicate_rows", "tested_on_training_rows", "group_overlap", "time_overlap"),
    "preparation_before_split",
}


def findings(run=None):
    """Return the findings about leaks of a run, by kind."""
    run = only_run() if run is None else run
    if "fitscribe.findings" not in run.data.tags:
        return {}
    told = read_json(run, "findings.json")["findings"]
    found = {one["kind"]: one for one in told if one["kind"] in LEAKS}
    assert all(kind in run.data.tags["fitscribe.findings"] for kind in found)
    return found


def outcome(model, X_train, X_test, y_train, y_test):
    """Fit and score, as people do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = model.fit(X_train, y_train).predict(X_test)
    metric = accuracy_score if is_classifier(model) else r2_score
    return metric(y_test, predicted)


# Clean splits


def bundle(name, **options):
    return getattr(datasets, f"load_{name}")(return_X_y=True, **options)


def made(kind, **options):
    return getattr(datasets, f"make_{kind}")(random_state=0, **options)


def rounded(digits):
    X, y = made("classification", n_samples=300)
    return X.round(digits), y


def counts():
    rng = np.random.default_rng(0)
    return rng.poisson(3, (300, 5)), rng.integers(0, 2, 300)


def answers():
    """A survey: few columns of few values, where people answer alike."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.integers(1, 6, (400, 4)), columns=list("abcd"))
    return frame, (frame.a > 2).astype(int)


def passengers():
    """Classes, sexes, ages in years and fares of a price list."""
    rng = np.random.default_rng(2)
    grade = rng.integers(1, 4, 600)
    fares = np.array([80.0, 26.0, 8.05])[grade - 1] + rng.integers(0, 3, 600) * 0.5
    frame = pd.DataFrame(
        {
            "grade": grade,
            "is_male": rng.integers(0, 2, 600),
            "age": rng.integers(1, 70, 600).astype(float),
            "fare": fares,
        }
    )
    return frame, rng.integers(0, 2, 600)


def powers():
    """One feature of rounded values, and its powers."""
    X, y = load_diabetes(return_X_y=True)
    return PolynomialFeatures(3, include_bias=False).fit_transform(X[:, [2]]), y


def days(rows=120):
    rng = np.random.default_rng(3)
    index = pd.date_range("2020-01-01", periods=rows, freq="D", name="day")
    return pd.DataFrame(rng.normal(size=(rows, 3)), index=index, columns=list("abc")), (
        rng.normal(size=rows)
    )


def patients(rows=200):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=list("abc"))
    frame["patient_id"] = np.repeat(np.arange(rows // 8), 8)
    return frame, rng.integers(0, 2, rows)


def numbered():
    """Each row is a patient of its own."""
    X, y = made("classification", n_samples=200)
    return pd.DataFrame(X).add_prefix("x").assign(patient_id=np.arange(200)), y


def customers():
    """Shops and customers come again, and ought to."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    return frame.assign(store_id=np.arange(300) % 12, subject=np.arange(300) % 15), (
        rng.integers(0, 2, 300)
    )


def at_random(X, y, **options):
    return train_test_split(X, y, random_state=0, **options)


def stratified(X, y):
    return at_random(X, y, stratify=y)


def by_index(splitter, X, y, groups=None):
    train, test = next(splitter.split(X, y, groups))
    if hasattr(X, "iloc"):
        return X.iloc[train], X.iloc[test], np.asarray(y)[train], np.asarray(y)[test]
    return X[train], X[test], y[train], y[test]


def by(splitter):
    return lambda X, y: by_index(splitter, X, y)


def by_patient(splitter):
    return lambda X, y: by_index(splitter, X, y, X["patient_id"])


def by_slices(X, y):
    rows = int(len(X) * 0.7)
    return X[:rows], X[rows:], y[:rows], y[rows:]


def scaled_after(X, y):
    X_train, X_test, y_train, y_test = at_random(X, y)
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test), y_train, y_test


def looked_at_before(X, y):
    """The scaled data are only looked at."""
    MinMaxScaler().fit_transform(X)
    return at_random(X, y)


CLEAN = {
    "iris": (lambda: bundle("iris"), at_random),
    "iris, stratified": (lambda: bundle("iris"), stratified),
    "iris, frame": (lambda: bundle("iris", as_frame=True), at_random),
    "iris, folds": (lambda: bundle("iris"), by(StratifiedKFold(5, shuffle=True, random_state=0))),
    "wine": (lambda: bundle("wine"), stratified),
    "wine, frame": (lambda: bundle("wine", as_frame=True), by(ShuffleSplit(random_state=0))),
    "breast cancer": (lambda: bundle("breast_cancer"), at_random),
    "breast cancer, slices": (lambda: bundle("breast_cancer"), by_slices),
    "breast cancer, scaled": (lambda: bundle("breast_cancer"), scaled_after),
    "digits": (lambda: bundle("digits"), at_random),
    "digits, folds": (lambda: bundle("digits"), by(KFold(3))),
    "diabetes": (lambda: bundle("diabetes"), at_random),
    "diabetes, frame": (lambda: bundle("diabetes", as_frame=True), by(KFold(5))),
    "diabetes, looked at": (lambda: bundle("diabetes"), looked_at_before),
    "linnerud": (lambda: bundle("linnerud"), by_slices),
    "classification": (lambda: made("classification"), stratified),
    "regression": (lambda: made("regression"), by(ShuffleSplit(random_state=1))),
    "friedman": (lambda: made("friedman1"), at_random),
    "blobs": (lambda: made("blobs"), by(StratifiedShuffleSplit(random_state=0))),
    "moons": (lambda: made("moons"), at_random),
    "large": (lambda: made("classification", n_samples=9000, n_features=30), at_random),
    "rounded to tenths": (lambda: rounded(1), at_random),
    "rounded to ones": (lambda: rounded(0), at_random),
    "counts": (counts, at_random),
    "survey": (answers, at_random),
    "passengers": (passengers, at_random),
    "powers": (powers, at_random),
    "days, in order": (days, by_slices),
    "days, time series": (days, by(TimeSeriesSplit(3))),
    "patients, one side": (patients, by_patient(GroupShuffleSplit(random_state=0))),
    "patients, folds": (patients, by_patient(GroupKFold(4))),
    "patients, a row each": (numbered, at_random),
    "customers": (customers, at_random),
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_split_has_no_finding(name):
    load, split = CLEAN[name]
    X_train, X_test, y_train, y_test = split(*load())
    classes = len(np.unique(y_train)) < 20 and np.ndim(y_train) == 1
    model = DecisionTreeClassifier(random_state=0) if classes else Ridge()
    outcome(model, X_train, X_test, y_train, y_test)

    assert findings() == {}


# Planted leaks


def test_copied_rows_are_counted():
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    X_test = np.vstack([X_test, X_train[:30]])
    outcome(LogisticRegression(), X_train, X_test, y_train, np.r_[y_test, y_train[:30]])

    (found,) = findings().values()
    assert found["kind"] == "duplicate_rows"
    assert (found["rows"], found["of"]) == (30, 173)
    assert "30 of 173 rows of X_test" in found["text"]


@pytest.mark.parametrize("kind", ["array", "float32", "frame", "mixed", "polars", "sparse"])
def test_doubled_rows_of_any_kind_are_found(kind):
    X, y = load_diabetes(return_X_y=True)
    y = y > 140
    X, y = np.vstack([X, X]), np.r_[y, y]
    frame = pd.DataFrame(X).add_prefix("x")
    if kind == "float32":
        X = X.astype(np.float32)
    elif kind == "frame":
        X = frame
    elif kind == "mixed":
        X = frame.assign(x1=pd.Categorical(np.where(X[:, 1] > 0, 1, 0)), n=np.arange(len(X)) % 442)
    elif kind == "polars":
        X = pl.DataFrame(dict(frame))
    elif kind == "sparse":
        X = csr_matrix(X)
    parts = train_test_split(X, y, random_state=0)
    outcome(DecisionTreeClassifier(random_state=0), *parts)

    assert findings()["duplicate_rows"]["rows"] > 100


def test_rows_of_large_data_are_compared_by_a_sample():
    X, y = made("classification", n_samples=8000, n_features=30)
    X, y = np.vstack([X, X[:4000]]), np.r_[y, y[:4000]]
    outcome(DecisionTreeClassifier(max_depth=2), *at_random(X, y))

    found = findings()["duplicate_rows"]
    assert found["of"] < 3000
    assert "of a sample of" in found["text"]
    assert 0.3 < found["rows"] / found["of"] < 0.7  # one half of the test rows has a twin


def test_test_rows_among_the_training_rows():
    X, y = load_breast_cancer(return_X_y=True)
    _, X_test, _, y_test = train_test_split(X, y, random_state=0)
    DecisionTreeClassifier(random_state=0).fit(X, y).score(X_test, y_test)

    found = findings()["tested_on_training_rows"]
    assert (found["rows"], found["of"]) == (143, 143)


def test_score_of_training_rows_is_none_of_a_test():
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = DecisionTreeClassifier(random_state=0).fit(X_train, y_train)
    model.score(X_train, y_train)
    X_train_positive = X_train[y_train == 1]
    model.score(X_train_positive, y_train[y_train == 1])
    model.score(X_test, y_test)

    assert findings() == {}


def test_groups_that_were_split_along():
    X, y = load_breast_cancer(return_X_y=True)
    patient_id = np.arange(len(X)) // 10
    X_train, X_test, y_train, y_test, _, _ = train_test_split(X, y, patient_id, random_state=0)
    outcome(DecisionTreeClassifier(random_state=0), X_train, X_test, y_train, y_test)

    found = findings()["group_overlap"]
    assert found["name"] == "patient_id"
    assert found["groups"] > 40


def test_a_column_of_groups():
    outcome(DecisionTreeClassifier(random_state=0), *at_random(*patients()))

    found = findings()["group_overlap"]
    assert found["name"] == "patient_id"
    assert found["of"] <= 25


@pytest.mark.parametrize("as_column", [False, True])
def test_days_that_were_shuffled(as_column):
    X, y = days()
    if as_column:
        X = X.reset_index()
    model = Ridge()
    if as_column:
        columns = make_column_transformer(("passthrough", ["a", "b", "c"]))
        model = make_pipeline(columns, Ridge())
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model.fit(X_train, y_train).score(X_test, y_test)

    found = findings()["time_overlap"]
    assert (found["column"], found["of"]) == ("day", 30)
    assert found["rows"] >= 28


@pytest.mark.parametrize(
    "way", ["at once", "in two steps", "transformed later", "fitted later", "by slices"]
)
def test_scaler_of_all_rows(way):
    X, y = load_diabetes(return_X_y=True)
    scaler = StandardScaler()
    if way == "at once":
        X_train, X_test, y_train, y_test = at_random(scaler.fit_transform(X), y)
    elif way == "in two steps":
        scaler.fit(X)
        X_train, X_test, y_train, y_test = at_random(scaler.transform(X), y)
    elif way == "transformed later":
        scaler.fit(X)
        X_train, X_test, y_train, y_test = at_random(X, y)
        X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
    elif way == "fitted later":
        X_train, X_test, y_train, y_test = at_random(X, y)
        scaler.fit(X)
        X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
    else:
        X_train, X_test, y_train, y_test = by_slices(scaler.fit_transform(X), y)
    outcome(Ridge(), X_train, X_test, y_train, y_test)

    found = findings()["preparation_before_split"]
    assert (found["estimator"], found["rows"]) == ("StandardScaler", 442)


@pytest.mark.parametrize("way", ["at once", "in two steps", "transformed later"])
@pytest.mark.parametrize("composed", ["columns", "union", "pipeline"])
def test_transformers_put_together_of_all_rows(composed, way):
    X, y = load_diabetes(return_X_y=True)
    scaler = {
        "columns": ColumnTransformer([("scaled", StandardScaler(), slice(0, 10))]),
        "union": make_union(StandardScaler(), PolynomialFeatures(1)),
        "pipeline": make_pipeline(PolynomialFeatures(1), StandardScaler()),
    }[composed]
    if way == "at once":
        X_train, X_test, y_train, y_test = at_random(scaler.fit_transform(X), y)
    elif way == "in two steps":
        scaler.fit(X)
        X_train, X_test, y_train, y_test = at_random(scaler.transform(X), y)
    else:
        scaler.fit(X)
        X_train, X_test, y_train, y_test = at_random(X, y)
        X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
    outcome(Ridge(), X_train, X_test, y_train, y_test)

    found = findings(runs()[0])["preparation_before_split"]
    assert (found["estimator"], found["rows"]) == (type(scaler).__name__, 442)


def test_transformers_put_together_that_learn_of_no_row_or_of_training_rows():
    X, y = load_diabetes(return_X_y=True)
    powers = make_union(PolynomialFeatures(2, include_bias=False), PolynomialFeatures(1))
    outcome(Ridge(), *at_random(powers.fit_transform(X), y))
    X_train, X_test, y_train, y_test = at_random(X, y)
    scaler = ColumnTransformer([("scaled", StandardScaler(), slice(0, 10))]).fit(X_train)
    outcome(Ridge(), scaler.transform(X_train), scaler.transform(X_test), y_train, y_test)

    assert [findings(run) for run in runs()] == [{}] * 4


def test_selection_before_a_cross_validation():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 200)), rng.integers(0, 2, 60)
    cross_val_score(LogisticRegression(), SelectKBest(k=5).fit_transform(X, y), y, cv=3)
    cross_val_score(make_pipeline(SelectKBest(k=5), LogisticRegression()), X, y, cv=3)

    after, before = runs()
    assert findings(before)["preparation_before_split"]["estimator"] == "SelectKBest"
    assert findings(after) == {}


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
@pytest.mark.parametrize("cv", [KFold(4), GroupKFold(4), None])
def test_groups_that_a_splitter_pays_no_heed_to(cv):
    X, y = load_diabetes(return_X_y=True)
    cross_val_score(Ridge(), X, y, groups=np.arange(442) // 4, cv=cv)

    assert ("group_overlap" in findings()) == (not isinstance(cv, GroupKFold))


def test_what_is_on_its_way_is_compared_before_autologging_ends():
    X, y = load_breast_cancer(return_X_y=True)
    _, X_test, _, y_test = train_test_split(X, y, random_state=0)
    DecisionTreeClassifier(random_state=0).fit(X, y).score(X_test, y_test)
    fitscribe.sklearn.autolog(disable=True)

    assert "tested_on_training_rows" in findings()


def test_each_run_is_told_once():
    X, y = load_iris(return_X_y=True)
    X = np.vstack([X, X + 0.001]) + np.random.default_rng(0).normal(size=(300, 4))
    X, y = np.vstack([X, X]), np.r_[y, y, y, y]
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    for seed in (0, 1):
        forest = RandomForestClassifier(3, random_state=seed).fit(X_train, y_train)
        forest.score(X_test, y_test)
        accuracy_score(y_test, forest.predict(X_test))

    for run in runs():
        told = read_json(run, "findings.json")["findings"]
        assert [one["kind"] for one in told] == ["duplicate_rows"]


def test_findings_of_the_fit_stay():
    X, y = load_iris(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(max_iter=2).fit(X, y)
    _, X_test, _, y_test = train_test_split(X, y, random_state=0)
    model.score(X_test, y_test)

    kinds = {one["kind"] for one in read_json(only_run(), "findings.json")["findings"]}
    assert kinds == {"not_converged", "tested_on_training_rows"}


def test_nothing_is_looked_for_without_datasets():
    fitscribe.sklearn.autolog(silent=True, log_datasets=False)
    X, y = load_breast_cancer(return_X_y=True)
    _, X_test, _, y_test = train_test_split(X, y, random_state=0)
    DecisionTreeClassifier(random_state=0).fit(X, y).score(X_test, y_test)

    assert findings() == {}
    assert "fitscribe.split" not in only_run().data.tags


def test_two_columns_of_yes_and_no():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (200, 2))
    outcome(BernoulliNB(), *at_random(X, X[:, 0]))

    assert findings() == {}
