"""A fit leaves no reference behind: what the user lets go of is gone."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn.variables import variable_name

pytestmark = pytest.mark.usefixtures("autologging")


class Rows(np.ndarray):
    """An array that can be referred to weakly."""


def rows(count: int = 20) -> Any:
    return np.random.default_rng(0).normal(size=(count, 3)).view(Rows)


TARGET = np.arange(20) % 2


@pytest.mark.parametrize("C", [1.0, -1.0])
def test_data_and_model_are_gone_when_the_user_lets_go(C: float) -> None:
    X, y = rows(), TARGET.copy().view(Rows)
    model = LogisticRegression(C=C)
    kept = [weakref.ref(thing) for thing in (X, y, model)]
    try:
        model.fit(X, y)
    except ValueError:
        assert C < 0
    del X, y, model
    gc.collect()
    assert [reference() for reference in kept] == [None, None, None]


def test_a_class_is_gone_when_the_user_lets_go() -> None:
    def define() -> tuple[Any, Any, Any]:
        table = rows()

        class Prepared(TransformerMixin, BaseEstimator):
            def __init__(self, scale: float = 1.0) -> None:
                self.scale = scale

            def fit(self, X: Any, y: Any = None) -> Any:
                self.columns_ = table.shape[1]
                return self

            def transform(self, X: Any) -> Any:
                return X

        class Model(ClassifierMixin, BaseEstimator):
            def __init__(self, depth: int = 1) -> None:
                self.depth = depth

            def fit(self, X: Any, y: Any) -> Any:
                self.classes_, self.columns_ = np.unique(y), table.shape[1]
                return self

            def predict(self, X: Any) -> Any:
                return np.zeros(len(X), int)

        return Prepared, Model, weakref.ref(table)

    Prepared, Model, table = define()
    Prepared(2.0).fit(rows())
    make_pipeline(Prepared(2.0), Model(3)).fit(rows(), TARGET)
    kept = [weakref.ref(Prepared), weakref.ref(Model), table]
    del Prepared, Model
    gc.collect()
    assert [reference() for reference in kept] == [None, None, None]


def test_a_dict_of_variables_does_not_grow_while_it_is_read() -> None:
    def fit_all(first: Any, second: Any) -> dict[str, Any]:
        for name, model in locals().items():
            model.fit(rows(), TARGET)
            assert name in ("first", "second")
        return {"first": first, "second": second}

    def fit_both(first: Any, second: Any) -> list[Any]:
        return [(name, model.fit(rows(), TARGET)) for name, model in vars().items()]

    assert len(fit_all(Ridge(), Ridge(2.0))) == 2
    assert len(fit_both(Ridge(), Ridge(2.0))) == 2
    assert len(fitscribe.search_runs(output_format="list")) == 4


def test_variables_are_found_all_the_same() -> None:
    def outer() -> str | None:
        X_train = rows()
        settings = vars(Ridge())
        assert settings["alpha"] == 1.0
        return inner(X_train)

    def inner(X: Any) -> str | None:
        return variable_name(X)

    assert outer() == "X_train"
