"""Under autologging every estimator behaves as without it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from typing import Any

import estimators
import numpy as np
import pytest
from behaviour import METHODS, differences, has_jobs, in_two_jobs, story_of
from sklearn.base import BaseEstimator
from sklearn.feature_selection import RFECV

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn.attempt import FitscribeWarning

# SparseCoder looks at its data from scikit-learn 1.6 on.
FITS_NOTHING = ("FrozenEstimator", "SparseCoder")
SOAK = bool(os.environ.get("FITSCRIBE_SOAK"))
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


def having(method: str) -> list[str]:
    """Return the names of the estimators whose class has a method."""
    return [name for name, cls in estimators.classes().items() if hasattr(cls, method)]


def part(names: list[str], step: int) -> list[str]:
    """Return all names in the soak test, else some of them."""
    return names if SOAK else names[::step]


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (name, method)
        for method in METHODS
        for name in part(having(method), 1 if method in ("fit", "partial_fit") else 4)
    ],
)
def test_every_estimator_is_as_without_it(name: str, method: str) -> None:
    bare = story_of(name, method)
    fitscribe.sklearn.autolog()
    seen = story_of(name, method)
    fitscribe.sklearn.autolog(disable=True)
    told = told_of_text(bare, seen) if name in FITS_NOTHING else []
    assert list(differences(bare, seen)) == []
    runs = fitscribe.search_runs(output_format="list", max_results=1000)
    incomplete = [run.info.run_id for run in runs if "fitscribe.incomplete" in run.data.tags]
    assert len(incomplete) == len(told)
    outermost = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    if name in PREPARATION or not bare:
        assert runs == []
        return
    assert {run.data.tags["estimator_name"] for run in outermost} == {name}
    trainings = [turn for turn in ("first", "second", "wrong", "strict") if turn in bare]
    if method == "partial_fit" and "error" not in bare["first"]:
        run = outermost[-1]
        assert len(outermost) == len(trainings) - 2
        assert run.data.tags["fitscribe.steps.failed"] == "1"
        assert sorted(output.step for output in run.outputs.model_outputs) == [1, 2]
    else:
        ends = ["FAILED" if "error" in bare[turn] else "FINISHED" for turn in trainings]
        assert [run.info.status for run in reversed(outermost)] == ends
    assert not any(run.info.status == "RUNNING" for run in runs)


def told_of_text(bare: dict[str, Any], seen: dict[str, Any]) -> list[Any]:
    """Take out of a story what we warn of where text was given as X; return that.

    Such a fit looks at no data, and so accepts a text. The model cannot predict it, so its run
    has no training metrics and no signature, which is told.
    """
    if "error" in bare["wrong"]:
        return []
    told = [one for one in seen["wrong"]["warnings"] if one[0] is FitscribeWarning]
    seen["wrong"]["warnings"] = [one for one in seen["wrong"]["warnings"] if one not in told]
    assert len(told) == 1
    return told


IN_JOBS = [name for name in having("fit") if has_jobs(name)]
# In old releases of scikit-learn the threads of an RFECV fit one estimator: no two fits agree.
SHARED = set() if "clone(rfe)" in inspect.getsource(RFECV) else {"RFECV"}


@pytest.mark.parametrize("name", [name for name in IN_JOBS if name not in SHARED])
def test_two_jobs_in_threads_are_as_without_it(name: str) -> None:
    assert_same_in_jobs(name, "threading")


@pytest.mark.parametrize("name", part(IN_JOBS, 6))
def test_two_jobs_in_processes_are_as_without_it(name: str) -> None:
    assert_same_in_jobs(name, "loky")


def assert_same_in_jobs(name: str, backend: str) -> None:
    bare = in_two_jobs(name, backend)
    fitscribe.sklearn.autolog()
    seen = in_two_jobs(name, backend)
    fitscribe.sklearn.autolog(disable=True)
    told = told_of_text(bare, seen) if name in FITS_NOTHING else []
    assert list(differences(bare, seen)) == []
    runs = fitscribe.search_runs(output_format="list", max_results=1000)
    outermost = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    fits = [turn for turn in ("fit", "wrong") if turn in bare]
    expected = [] if name in PREPARATION else [name] * len(fits)
    assert [run.data.tags["estimator_name"] for run in outermost] == expected
    incomplete = [run.info.run_id for run in runs if "fitscribe.incomplete" in run.data.tags]
    assert len(incomplete) == len(told)


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
