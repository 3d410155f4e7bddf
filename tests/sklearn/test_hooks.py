"""Which method is reached how, and what a hook leaves as it was."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import pickle
import subprocess
import sys
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any
from unittest import mock

import cloudpickle
import estimators
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, ClusterMixin, TransformerMixin, clone
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
from fitscribe.tracking.stack import SKIPPED_FILE

X = np.arange(12.0).reshape(6, 2)
y = np.array([0, 1, 0, 1, 0, 1])

pytestmark = pytest.mark.usefixtures("autologging")


def names_of_runs() -> list[str]:
    runs = fitscribe.search_runs(output_format="list")
    return [run.data.tags["estimator_name"] for run in runs]


@pytest.mark.parametrize("method", METHODS)
def test_every_training_method_of_every_estimator_is_hooked(method: str) -> None:
    estimators.cases()  # the experimental ones, too
    classes = [cls for _, cls in all_estimators() if hasattr(cls, method)]
    least = {"fit": 180, "fit_transform": 80, "fit_predict": 15, "partial_fit": 20}
    assert len(classes) > least.get(method, -1)  # `fit_resample` is of another package
    held = {cls.__name__: inspect.getattr_static(cls, method) for cls in classes}
    bare = {name for name, thing in held.items() if not isinstance(thing, Hook)}
    # Its `fit_predict` is a property that says there is none.
    assert bare == ({"FeatureAgglomeration"} if method == "fit_predict" else set())


def test_classes_that_are_imported_later_are_hooked(tmp_path: Path) -> None:
    code = """
import sys, inspect, fitscribe.sklearn
fitscribe.sklearn.autolog(silent=True)
from sklearn.utils import all_estimators
from fitscribe.sklearn.patch import METHODS, Hook
from fitscribe.tracking.stack import SKIPPED_FILE
hooked = (Hook, property)
print([
    (name, method) for name, cls in all_estimators() for method in METHODS
    if hasattr(cls, method) and not isinstance(inspect.getattr_static(cls, method), hooked)
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


class Sometimes(BaseEstimator):
    def __init__(self, able: bool = True) -> None:
        self.able = able

    @available_if(lambda self: self.able)
    def fit(self, X: Any, y: Any = None) -> Any:
        return self


def test_a_method_that_is_there_only_sometimes_stays_so() -> None:
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


class Trained(ClassifierMixin, BaseEstimator):
    """Trains in the plainest way; the classes below say how its ``fit`` is written."""

    def _train(self, X: Any, y: Any = None, mode: str = "own") -> Any:
        self.mode_ = mode
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), int)


class Given:
    """A descriptor that has attributes by the names of a hook's."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.name = self.original = self.recorded = "the user's"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self.function, instance)


class PartialFit(Trained):
    fit = functools.partialmethod(Trained._train, mode="partial")


class GivenFit(Trained):
    fit: Any = Given(Trained._train)


class AliasFit(Trained):
    fit = Trained._train


class LambdaFit(Trained):
    fit = lambda self, X, y=None: self._train(X, y, "lambda")  # noqa: E731


@pytest.mark.parametrize(
    ("cls", "mode"),
    [(PartialFit, "partial"), (GivenFit, "own"), (AliasFit, "own"), (LambdaFit, "lambda")],
)
def test_any_way_to_write_a_fit_is_recorded(cls: Any, mode: str) -> None:
    model = cls()
    assert model.fit(X, y) is model
    assert model.mode_ == mode
    assert names_of_runs() == [cls.__name__]
    assert GivenFit.fit.name == "the user's"


class StaticFit(Trained):
    @staticmethod
    def fit(X: Any, y: Any = None) -> str:
        return "static"


class PropertyFit(Trained):
    @property
    def fit(self) -> Any:
        return self._train


class AsyncFit(Trained):
    async def fit(self, X: Any, y: Any = None) -> Any:
        return self._train(X, y)


def test_what_is_no_method_that_trains_is_left_alone() -> None:
    assert StaticFit().fit(X) == StaticFit.fit(X) == "static"
    with pytest.raises(AttributeError, match="no setter"):
        PropertyFit().fit = None  # type: ignore[misc]
    assert inspect.iscoroutinefunction(AsyncFit().fit)
    assert names_of_runs() == []


def test_a_plain_mixin_is_no_estimator() -> None:
    class Mixin:
        def fit(self, X: Any, y: Any = None) -> Any:
            return self

    class Mixed(Mixin, BaseEstimator):
        pass

    Mixin().fit(X)
    assert names_of_runs() == []
    Mixed().fit(X)
    assert names_of_runs() == ["Mixed"]


def test_a_bound_method_seems_to_be_of_the_original() -> None:
    model = Ridge()
    assert model.fit == model.fit == MethodType(Ridge.fit, model)
    assert hash(model.fit) == hash(MethodType(Ridge.fit, model))
    assert model.fit.__code__ is Ridge.fit.__code__
    assert inspect.getsource(Trained().predict) == inspect.getsource(Trained.predict)
    assert inspect.getsource(Own().fit) == inspect.getsource(Own.fit)
    assert inspect.isfunction(Own().fit.__func__)
    assert inspect.getsourcefile(Own().fit) == inspect.getsourcefile(Own.fit) == __file__
    assert inspect.getclosurevars(Own().fit) == inspect.getclosurevars(Own.fit)
    method = Sometimes().fit
    assert method == method.__self__.fit


def test_a_classs_dict_seems_to_hold_the_original() -> None:
    held = vars(Ridge)["fit"]
    assert isinstance(held, FunctionType)
    assert inspect.isfunction(held)
    assert held == Ridge.fit
    assert repr(held) == repr(Ridge.fit)
    assert held.__code__ is Ridge.fit.__code__


def test_specs_of_mocks_are_as_ever() -> None:
    made = mock.create_autospec(LogisticRegression)()
    made.fit(X, y)
    with pytest.raises(TypeError, match="too many positional arguments"):
        made.fit(X, y, None, 1)
    model = LogisticRegression()
    with mock.patch.object(
        LogisticRegression, "fit", autospec=True, side_effect=LogisticRegression.fit
    ) as fit:
        model.fit(X, y)
    fit.assert_called_once_with(model, X, y)
    model.fit(X, y)
    assert names_of_runs() == ["LogisticRegression"]


def test_a_method_replaced_while_autologging_began_is_hooked_when_it_begins_again() -> None:
    fitscribe.sklearn.autolog(disable=True)
    with mock.patch.object(Ridge, "fit"):
        fitscribe.sklearn.autolog()
    fitscribe.sklearn.autolog()
    Ridge().fit(X, y)
    assert names_of_runs() == ["Ridge"]


def test_metaclasses_are_neither_asked_nor_in_the_way() -> None:
    class Frozen(type):
        def __setattr__(cls, name: str, value: Any) -> None:
            if not name.startswith("set_"):  # scikit-learn 1.5 sets them on every class
                raise AttributeError(name)
            super().__setattr__(name, value)

        def __eq__(cls, other: object) -> bool:
            raise RuntimeError

        __hash__ = None  # type: ignore[assignment]

    class Model(Trained, metaclass=Frozen):
        def fit(self, X: Any, y: Any = None) -> Any:
            return self._train(X, y)

    assert isinstance(vars(Model)["fit"], Hook)
    fitscribe.sklearn.autolog(disable=True)
    assert type(vars(Model)["fit"]) is FunctionType
    fitscribe.sklearn.autolog(silent=True)
    Model().fit(X, y)
    assert names_of_runs() == ["Model"]


def test_a_class_made_from_anothers_dict_is_put_back_too() -> None:
    @dataclasses.dataclass(slots=True)
    class Model(Trained):
        size: int = 1

        def fit(self, X: Any, y: Any = None) -> Any:
            return self._train(X, y)

    assert isinstance(vars(Model)["fit"], Hook)
    fitscribe.sklearn.autolog(disable=True)
    assert type(vars(Model)["fit"]) is FunctionType


def test_bound_methods_pickle_without_us() -> None:
    held = {"partial": functools.partial(Ridge().fit, sample_weight=None), "fit": Ridge().fit}
    for data in (cloudpickle.dumps(held), pickle.dumps(held), cloudpickle.dumps(Sometimes().fit)):
        assert b"fitscribe" not in data
    again = cloudpickle.loads(cloudpickle.dumps(held))["fit"]
    assert again(X, y).coef_.shape == (2,)
    assert names_of_runs() == ["Ridge"]


def test_nobody_searches_all_modules_for_our_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    class Watched(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            looked_at.append(name)
            return super().__getattribute__(name)

    class Looks(BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Any:
            ours = sys._getframe(1)
            assert ours.f_code.co_filename == SKIPPED_FILE
            looked_at.clear()
            assert inspect.getframeinfo(ours).code_context is None
            return self

    looked_at: list[str] = []
    monkeypatch.setitem(sys.modules, "watched", Watched("watched"))
    Looks().fit(X)
    assert looked_at == []
