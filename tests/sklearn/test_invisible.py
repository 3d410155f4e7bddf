"""Under autologging every estimator behaves as without it."""

from __future__ import annotations

import pickle
import random
import warnings
from collections.abc import Iterator
from typing import Any

import estimators
import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn.attempt import FitscribeWarning

# Their fits make no run: the classes that MLflow excludes, less the selectors that fit a model.
PREPARATION = frozenset(
    {
        "ColumnTransformer",
        "DictVectorizer",
        "FeatureHasher",
        "PatchExtractor",
        "CountVectorizer",
        "HashingVectorizer",
        "TfidfTransformer",
        "TfidfVectorizer",
        "GenericUnivariateSelect",
        "SelectFdr",
        "SelectFpr",
        "SelectFwe",
        "SelectKBest",
        "SelectPercentile",
        "VarianceThreshold",
        "MissingIndicator",
        "SimpleImputer",
        "KNNImputer",
        "IterativeImputer",
        "Binarizer",
        "KernelCenterer",
        "MaxAbsScaler",
        "MinMaxScaler",
        "Normalizer",
        "PowerTransformer",
        "QuantileTransformer",
        "RobustScaler",
        "StandardScaler",
        "KBinsDiscretizer",
        "OneHotEncoder",
        "OrdinalEncoder",
        "FunctionTransformer",
        "LabelBinarizer",
        "LabelEncoder",
        "MultiLabelBinarizer",
        "PolynomialFeatures",
        "SplineTransformer",
        "TargetEncoder",
    }
)


@pytest.fixture(autouse=True)
def _off(home: Any) -> Iterator[None]:
    yield
    fitscribe.sklearn.autolog(disable=True)


def observed(name: str) -> dict[str, Any]:
    """Fit and use an estimator; return all that a user could see of it."""
    random.seed(1)
    np.random.seed(1)
    X, y = estimators.data_for(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some classes are deprecated
        model = estimators.make(name)
    seen: dict[str, Any] = {}
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        try:
            result = estimators.fit(model, X, y)
            seen["returns itself"] = result is model
        except Exception as error:
            seen["error"] = (type(error), str(error))
        for method in ("predict", "predict_proba", "transform", "score_samples"):
            try:
                seen[method] = to_plain(getattr(model, method)(X))
            except Exception as error:
                seen[method] = (type(error), str(error))
    seen["warnings"] = [(w.category, str(w.message), w.filename, w.lineno) for w in shown]
    seen["numpy"] = np.random.get_state()[1].tolist()
    seen["random"] = random.getstate()
    seen["attributes"] = sorted(getattr(model, "__dict__", {}))
    seen["fitscribe in its pickle"] = b"fitscribe" in pickle.dumps(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen["clone"] = type(clone(model))
    return seen


def to_plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    value = value.toarray() if hasattr(value, "toarray") else value
    return np.asarray(value).tolist()


def assert_same(name: str, bare: dict[str, Any], seen: dict[str, Any]) -> None:
    for key, value in bare.items():
        np.testing.assert_equal(seen[key], value, err_msg=f"{name}: {key}")


@pytest.mark.parametrize("name", estimators.cases())
def test_every_estimator_behaves_as_without_it(name: str) -> None:
    bare = observed(name)
    fitscribe.sklearn.autolog()
    seen = observed(name)
    assert_same(name, bare, seen)
    assert not any(issubclass(category, FitscribeWarning) for category, *_ in seen["warnings"])
    runs = fitscribe.search_runs(output_format="list")
    outermost = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    if name in PREPARATION:
        assert runs == []
        return
    assert [run.data.tags["estimator_name"] for run in outermost] == [name]
    (run,) = outermost
    assert run.info.status == ("FAILED" if "error" in bare else "FINISHED")
    assert run.data.tags.get("fitscribe.incomplete") is None
    assert all("fitscribe.incomplete" not in run.data.tags for run in runs)


class Stateful(BaseEstimator):
    """A user's class in this very module, which the test below pickles."""

    def fit(self, X: Any, y: Any = None) -> Stateful:
        self.rows_ = len(X)
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X))


def test_an_instance_made_before_autolog_is_recorded() -> None:
    model = Stateful()
    fitscribe.sklearn.autolog()
    model.fit([[1.0], [2.0]])
    assert len(fitscribe.search_runs(output_format="list")) == 1


def test_disable_puts_every_class_back() -> None:
    before = {name: vars(type(estimators.make(name))).get("fit") for name in ("Ridge", "KMeans")}
    fitscribe.sklearn.autolog()
    fitscribe.sklearn.autolog(disable=True)
    after = {name: vars(type(estimators.make(name))).get("fit") for name in ("Ridge", "KMeans")}
    assert before == after
