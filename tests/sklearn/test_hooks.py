"""Which method is reached how, and what a hook leaves as it was."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import estimators
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators
from sklearn.utils.metaestimators import available_if

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn.patch import METHODS, Hook

X = np.arange(12.0).reshape(6, 2)
y = np.array([0, 1, 0, 1, 0, 1])


@pytest.fixture(autouse=True)
def _autolog(home: Path) -> Iterator[None]:
    fitscribe.sklearn.autolog()
    yield
    fitscribe.sklearn.autolog(disable=True)


def names_of_runs() -> list[str]:
    runs = fitscribe.search_runs(output_format="list")
    return [run.data.tags["estimator_name"] for run in runs]


@pytest.mark.parametrize("method", METHODS)
def test_every_training_method_of_every_estimator_is_hooked(method: str) -> None:
    estimators.cases()  # the experimental ones, too
    classes = [cls for _, cls in all_estimators() if hasattr(cls, method)]
    assert len(classes) > {"fit": 180, "fit_transform": 80, "fit_predict": 15}[method]
    bare = [cls for cls in classes if not isinstance(inspect.getattr_static(cls, method), Hook)]
    assert bare == []


def test_classes_that_are_imported_later_are_hooked(tmp_path: Path) -> None:
    code = """
import sys, inspect, fitscribe.sklearn
fitscribe.sklearn.autolog(silent=True)
from sklearn.utils import all_estimators
from fitscribe.sklearn.patch import METHODS, Hook
print([
    (name, method) for name, cls in all_estimators() for method in METHODS
    if hasattr(cls, method) and not isinstance(inspect.getattr_static(cls, method), Hook)
])
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("make", "method", "arguments"),
    [
        (lambda: KMeans(2, n_init=1), "fit_predict", (X,)),
        (lambda: PCA(1), "fit_transform", (X,)),
        (lambda: Pipeline([("pca", PCA(1))]), "fit_transform", (X,)),
        (lambda: Pipeline([("s", StandardScaler()), ("k", KMeans(2))]), "fit_predict", (X,)),
        (lambda: LogisticRegression(), "fit", (X, y)),
    ],
)
def test_each_method_makes_one_run(make: Any, method: str, arguments: Any) -> None:
    model = make()
    getattr(model, method)(*arguments)
    assert names_of_runs() == [type(model).__name__]


def test_a_class_shows_the_original() -> None:
    hooked = {name: getattr(Ridge, name) for name in ("fit",)}
    signature, text = inspect.signature(Ridge().fit), Ridge().fit.__doc__
    assert Ridge().fit.__name__ == "fit"
    assert Ridge().fit.__qualname__ == "Ridge.fit"
    fitscribe.sklearn.autolog(disable=True)
    assert hooked == {"fit": Ridge.fit}
    assert inspect.isfunction(Ridge.fit)
    assert (inspect.signature(Ridge().fit), Ridge().fit.__doc__) == (signature, text)


def test_parameter_validation_stays_on() -> None:
    with pytest.raises(ValueError, match="'alpha' parameter of Ridge"):
        Ridge(alpha=-1.0).fit(X, y)
    (run,) = fitscribe.search_runs(output_format="list")
    assert run.info.status == "FAILED"
    assert "InvalidParameterError" in run.data.tags["fitscribe.error.type"]


class Own(ClusterMixin, BaseEstimator):
    """Defined in this module before or after autolog: hooked alike."""

    def fit(self, X: Any, y: Any = None) -> Own:
        self.labels_ = np.zeros(len(X), int)
        return self


def test_a_class_defined_later_is_hooked() -> None:
    class Later(TransformerMixin, Own):
        def transform(self, X: Any) -> Any:
            return X

        def get_feature_names_out(self, names: Any = None) -> Any:
            return np.array(["a", "b"])

    assert type(Later().set_output(transform="pandas").fit_transform(X)).__name__ == "DataFrame"
    Later().fit_predict(X)
    Own().fit(X)
    assert sorted(names_of_runs()) == ["Later", "Later", "Own"]


def test_a_method_that_is_there_only_sometimes_stays_so() -> None:
    class Sometimes(BaseEstimator):
        def __init__(self, able: bool = True) -> None:
            self.able = able

        @available_if(lambda self: self.able)
        def fit(self, X: Any, y: Any = None) -> Any:
            return self

    assert hasattr(Sometimes(), "fit")
    assert not hasattr(Sometimes(able=False), "fit")
    with pytest.raises(AttributeError, match="has no attribute 'fit'"):
        Sometimes(able=False).fit(X)
    Sometimes().fit(X)
    assert names_of_runs() == ["Sometimes"]


def test_a_fit_in_super_is_no_run_of_its_own() -> None:
    class Over(LogisticRegression):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            LogisticRegression().fit(X, y)
            return super().fit(X, y, sample_weight)

    clone(Over()).fit(X, y)
    assert names_of_runs() == ["Over"]


def test_pickles_hold_nothing_of_ours() -> None:
    class ByValue(BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Any:
            return self

    # Classes of this module are kept by value, as those of a script are.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        data = [cloudpickle.dumps(thing) for thing in (ByValue().fit(X), Own().fit(X), Own)]
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    assert b"fitscribe.sklearn.patch" not in b"".join(data)
    bound = pickle.loads(pickle.dumps(Ridge().fit))
    assert bound(X, y).coef_.shape == (2,)
