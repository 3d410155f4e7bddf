"""Under autologging every estimator behaves as without it."""

from __future__ import annotations

import inspect
import os
import pickle
import random
import warnings
from collections.abc import Iterator
from typing import Any

import estimators
import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils import all_estimators

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn.attempt import FitscribeWarning

# Their fits make no run: the classes that MLflow excludes, less the selectors that fit a model and
# the ColumnTransformer.
PREPARATION = frozenset(
    {
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


def trained(name: str, method: str) -> dict[str, Any]:
    """Call a training method twice, and once wrongly; return all that a user could see of it."""
    random.seed(1)
    np.random.seed(1)
    X, y = estimators.data_for(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some classes are deprecated
        model = estimators.make(name)
    if not hasattr(model, method):
        return {}  # with these params it is not there
    call = getattr(model, method)
    seen: dict[str, Any] = {
        "signature": str(inspect.signature(call)),
        "names": (call.__name__, call.__qualname__, call.__module__),
        "doc": inspect.getdoc(call),
        "repr": (repr(model), repr(getattr(type(model), method)).partition(" at ")[0]),
    }
    given: dict[str, Any] = {} if y is None else {"y": y}
    if "classes" in inspect.signature(call).parameters:
        given["classes"] = np.unique(y) if name != "MultiOutputClassifier" else [[0, 1], [0, 1]]
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        for turn, data in (("first", X), ("second", X), ("wrong", "wrong")):
            try:
                result = getattr(model, method)(data, **given)
                seen[turn] = "itself" if result is model else to_plain(result)
            except Exception as error:
                seen[turn] = (type(error), error.args and type(error.args[0]))
    seen["warnings"] = [(w.category, str(w.message), w.filename, w.lineno) for w in shown]
    seen["numpy"] = np.random.get_state()[1].tolist()
    seen["random"] = random.getstate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Opened and written again, for which equal texts are one object is chance.
        # A search keeps how long its fits took.
        timed = hasattr(model, "cv_results_")
        seen["pickle"] = timed or pickle.dumps(pickle.loads(pickle.dumps(model)))
    seen["after"] = repr(model)
    return seen


SOAK = bool(os.environ.get("FITSCRIBE_SOAK"))
METHODS = ("fit", "fit_transform", "fit_predict", "partial_fit")


def having(method: str) -> list[str]:
    """Return the names of the estimators whose class has a method."""
    estimators.cases()  # the experimental ones, too
    names = [name for name, cls in all_estimators() if hasattr(cls, method)]
    return [name for name in names if name != "FrozenEstimator"]  # takes any data, and fits none


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (name, method)
        for method in METHODS
        for name in having(method)[:: 1 if SOAK or method == "partial_fit" else 4]
    ],
)
def test_every_training_method_is_as_without_it(name: str, method: str) -> None:
    bare = trained(name, method)
    fitscribe.sklearn.autolog()
    seen = trained(name, method)
    assert_same(name, bare, seen)
    fitscribe.sklearn.autolog(disable=True)
    runs = fitscribe.search_runs(output_format="list")
    assert all("fitscribe.incomplete" not in run.data.tags for run in runs)
    assert not any(run.info.status == "RUNNING" for run in runs)
    outermost = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    if name in PREPARATION or not bare:
        assert runs == []
    elif method == "partial_fit" and not isinstance(bare["first"], tuple):
        (run,) = outermost
        assert run.data.tags["fitscribe.steps.failed"] == "1"
        assert sorted(output.step for output in run.outputs.model_outputs) == [1, 2]
    else:
        assert len(outermost) == 3
