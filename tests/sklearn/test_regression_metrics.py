"""Training metrics of regressors equal scikit-learn's own functions."""

import math
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso

from fitscribe.sklearn.regression import regression_metrics
from fitscribe.sklearn.training import training_scores


def expected(y, predicted, weights):
    named = {"sample_weight": weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mse = float(sk.mean_squared_error(y, predicted, **named))
        found = {
            "training_mean_squared_error": mse,
            "training_root_mean_squared_error": float(np.sqrt(mse)),
            "training_mean_absolute_error": float(sk.mean_absolute_error(y, predicted, **named)),
            "training_r2_score": float(sk.r2_score(y, predicted, **named)),
        }
    return {name: value for name, value in found.items() if math.isfinite(value)}


@st.composite
def cases(draw):
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, outputs = draw(st.integers(1, 40)), draw(st.integers(1, 3))
    shape = (rows, outputs) if outputs > 1 or draw(st.booleans()) else (rows,)
    dtypes = st.sampled_from([np.float64, np.float32, np.int64, np.int8, np.bool_])
    size = draw(st.sampled_from([1.0, 3.0, 1e6]))
    y = (chance.normal(size=shape) * size).astype(draw(dtypes))
    predicted = (chance.normal(size=shape) * size).astype(draw(dtypes))
    if y.dtype.kind in "bi" and predicted.dtype.kind in "bi":
        predicted = predicted.astype(np.float64)
    if draw(st.booleans()):
        y[:] = y[0]  # nothing varies
    if draw(st.integers(0, 3)) == 0:
        predicted = y.astype(np.float64)
    weights = draw(st.sampled_from(["none", "float", "float32", "int", "zeros"]))
    return (
        y,
        predicted,
        {
            "none": None,
            "float": chance.random(rows) + 0.01,
            "float32": (chance.random(rows) + 0.01).astype(np.float32),
            "int": chance.integers(1, 4, rows),
            "zeros": np.append(chance.integers(0, 2, rows - 1), 1).astype(float),
        }[weights],
    )


@settings(max_examples=300)
@given(cases())
def test_equals_sklearn(case):
    y, predicted, weights = case
    found = regression_metrics(y, predicted, weights)
    theirs = expected(y, predicted, weights)
    assert sorted(found.metrics) == sorted(theirs)
    for name, value in theirs.items():
        assert math.isclose(found.metrics[name], value, rel_tol=1e-12, abs_tol=1e-12), name
    assert bool(found.problems) == (len(y) == 1)


def test_target_of_lists_frames_and_objects():
    y, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.5, 3.0])
    theirs = expected(y, predicted, None)
    forms = [
        y.tolist(),
        pd.Series(y),
        pd.DataFrame({"y": y}),
        pd.Series(y, dtype="Float64"),
        pl.Series(y),
        y.astype(object),
    ]
    for form in forms:
        assert regression_metrics(form, predicted).metrics == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize(
    ("y", "predicted", "weights", "told"),
    [
        (np.array(["a", "b"]), np.ones(2), None, "numeric"),
        (np.array([object(), 1]), np.ones(2), None, "numeric"),
        (np.array([1.0, np.nan]), np.ones(2), None, "not finite"),
        (np.array([1e300, -1e300]), np.array([-1e300, 1e300]), None, "too large"),
        (np.ones((2, 2)), np.ones(2), None, "shape"),
        (np.ones(2), np.ones(2), np.zeros(2), "sums to 0"),
        (np.ones(2), np.ones(2), np.array([np.nan, 1]), "sums to nan"),
    ],
)
def test_what_cannot_be_computed_is_told(y, predicted, weights, told):
    found = regression_metrics(y, predicted, weights)
    assert found.metrics == {}
    assert len(found.problems) == 1
    assert told in found.problems[0]


def test_whole_numbers():
    y, predicted = np.array([1, 5, 2]), np.array([1, 3, 3])
    theirs = expected(y, predicted, None)
    assert regression_metrics(y, predicted).metrics == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_mixed_precision_that_is_not_finite(bad):
    found = regression_metrics(np.array([1, 2]), np.array([1.0, bad], np.float32))
    assert found.metrics == {}
    assert len(found.problems) == 3


def test_a_single_row_has_no_r2():
    found = regression_metrics(np.array([1.0]), np.array([2.0]))
    assert "training_r2_score" not in found.metrics
    assert found.metrics["training_mean_squared_error"] == 1.0


@pytest.mark.parametrize("kind", [list, pd.Series, pd.DataFrame, np.asarray])
def test_the_precision_is_the_one_that_scikit_learn_chooses(kind):
    X, y = load_diabetes(return_X_y=True)
    X, target = X.astype(np.float32), kind(y)
    model = Lasso().fit(X, target)
    found = training_scores(model, X, target).metrics
    predicted = model.predict(X)
    assert predicted.dtype == np.float32
    assert found["training_r2_score"] == pytest.approx(sk.r2_score(target, predicted), rel=1e-12)
    error = sk.mean_squared_error(target, predicted)
    assert found["training_mean_squared_error"] == pytest.approx(error, rel=1e-12)
