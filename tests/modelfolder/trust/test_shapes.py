"""What compiled code would read out of bounds is refused; sound models are not."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import estimators
import mutated
import numpy as np
import pytest
from scipy import sparse
from sklearn.ensemble import (
    GradientBoostingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import Options
from threadpoolctl import threadpool_limits

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.reader import read
from fitscribe.modelfolder.trust.shapes import check_shapes

SOAK = os.environ.get("FITSCRIBE_SOAK") == "1"
X, Y = mutated.X, mutated.Y


@pytest.mark.soak
@pytest.mark.parametrize("kind", mutated.KINDS)
def test_what_was_changed_at_random_crashes_nothing(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, mutated.__file__, kind, "7", "2000" if SOAK else "60"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr[-2000:]
    refused, used = map(int, done.stdout.split())
    assert refused > 10
    assert used > 3


def tree_with(**changes: Any) -> Any:
    """Return a decision tree with nodes that are others."""
    model = DecisionTreeClassifier(random_state=0).fit(X, Y)
    state = model.tree_.__getstate__()
    for name, change in changes.items():
        if name == "node_count":
            state["node_count"] = change
        else:
            place, value = change
            state["nodes"][name][place] = value
    model.tree_.__setstate__(state)
    return model


def forest() -> Any:
    return RandomForestClassifier(2, random_state=0).fit(X, Y)


def other_features() -> Any:
    """Return a forest with a tree that knows more features than it."""
    model = forest()
    model.estimators_[0] = DecisionTreeClassifier().fit(np.hstack((X, X)), Y)
    return model


def forged(make: Callable[[], Any], **attributes: Any) -> Callable[[], Any]:
    """Return what makes a model and sets attributes of it."""

    def made() -> Any:
        model = make()
        for name, value in attributes.items():
            setattr(model, name, value(getattr(model, name)) if callable(value) else value)
        return model

    return made


def boosting() -> Any:
    return GradientBoostingRegressor(n_estimators=2).fit(X, Y)


def csr() -> Any:
    return sparse.csr_matrix(np.eye(4))


def svc() -> Any:
    return SVC().fit(X, Y)


FORGED: dict[str, tuple[Callable[[], Any], str]] = {
    "a child behind the end": (lambda: tree_with(left_child=(0, 10**6)), "children"),
    "a child before its parent": (lambda: tree_with(right_child=(0, 0)), "after their parents"),
    "a child of two": (lambda: tree_with(right_child=(0, 1)), "one parent"),
    "a feature that is not there": (lambda: tree_with(feature=(0, 4)), "features"),
    "a negative feature": (lambda: tree_with(feature=(0, -7)), "features"),
    "more nodes than memory": (lambda: tree_with(node_count=10**7), "room for its nodes"),
    "no nodes": (lambda: tree_with(node_count=0), "room for its nodes"),
    "a tree of other features": (other_features, "features"),
    "fewer features": (forged(forest, n_features_in_=3), "features"),
    "more outputs": (forged(forest, n_outputs_=3), "outputs"),
    "stages of two": (
        forged(boosting, estimators_=lambda old: np.hstack((old, old))),
        "for each class",
    ),
    "an index behind the end": (forged(csr, indices=np.array([0, 1, 2, 9], "i4")), "columns"),
    "rows that end early": (forged(csr, indptr=np.array([0, 3, 1, 2, 4], "i4")), "begin"),
    "rows behind the end": (forged(csr, indptr=np.array([0, 1, 2, 3, 400], "i4")), "of rows"),
    # Their differences are positive, for they are larger than such a number may be.
    "rows far behind the end": (
        forged(csr, indptr=np.array([0, 2**31 - 9, -(2**31) + 9, -(2**31) + 10, -1], "i4")),
        "of rows",
    ),
    "too few rows": (forged(csr, indptr=np.array([0, 4], "i4")), "beginning"),
    "indices of two types": (forged(csr, indptr=lambda old: old.astype("i8")), "integers"),
    "a class without vectors": (forged(svc, _n_support=np.array([1, 2, 3], "i4")), "its support"),
    "fewer coefficients": (forged(svc, _dual_coef_=lambda old: old[:1]), "coefficients"),
    "fewer intercepts": (forged(svc, _intercept_=lambda old: old[:1]), "intercept"),
    "shorter vectors": (forged(svc, support_vectors_=lambda old: old[:, :2]), "features"),
    "a vector of no row": (forged(svc, support_=lambda old: old + 1000), "support vectors"),
    "coefficients of more features": (
        forged(lambda: LogisticRegression().fit(X, Y), coef_=lambda old: np.hstack((old, old))),
        "coef_",
    ),
    "names of more features": (forged(forest, feature_names_in_=np.array(["a"])), "a name"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_does_not_fit_is_refused(name: str) -> None:
    make, why = FORGED[name]
    with pytest.raises(DamagedModel, match=why):
        check_shapes([make()], "The model")


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_a_forged_tree_of_neighbours_is_refused(algorithm: str) -> None:
    tree = KNeighborsClassifier(algorithm=algorithm, leaf_size=5).fit(X, Y)._tree
    state = list(tree.__getstate__())
    index = state[1].copy()
    for forged_index in (index + 1, index * 0, -index):
        tree.__setstate__((*state[:1], forged_index, *state[2:]))
        with pytest.raises(DamagedModel, match="place"):
            check_shapes(tree, "The model")
    nodes = state[2].copy()
    nodes["is_leaf"] = 0
    tree.__setstate__((*state[:2], nodes, *state[3:]))
    with pytest.raises(DamagedModel, match="leaves"):
        check_shapes(tree, "The model")


def options_of(cls: Any) -> Iterator[dict[str, Any]]:
    """Yield settings of a class, one param each, as scikit-learn itself lists them."""
    for name, constraints in (getattr(cls, "_parameter_constraints", None) or {}).items():
        for constraint in constraints if isinstance(constraints, list) else ():
            if isinstance(constraint, Options):
                yield from ({name: value} for value in sorted(constraint.options, key=str))
            elif isinstance(constraint, str) and constraint == "boolean":
                yield from ({name: True}, {name: False})


def check_same(model: Any) -> None:
    """Check that a model is read as Python's own loader does, to the byte."""
    data = pickle.dumps(model, 5)
    assert pickle.dumps(read(data), 5) == pickle.dumps(pickle.loads(data), 5)


NAMES = estimators.cases()


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES if SOAK else NAMES[::9])
def test_other_params_are_read_too(name: str) -> None:
    done = 0
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = estimators.data_for(name)
        for options in options_of(type(estimators.make(name))):
            model = estimators.make(name)
            try:
                if "random_state" in model.get_params(deep=False):
                    model.set_params(random_state=0)
                estimators.fit(model.set_params(**options), *data)
            except Exception:  # noqa: BLE001 - not every setting fits these data
                continue
            check_same(model)
            done += 1
            if done == 3 and not SOAK:
                break


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_pipeline(StandardScaler(), SVC()),
        lambda: GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [1, 2]}, cv=2),
        lambda: StackingClassifier([("a", forest()), ("b", svc())], cv=2),
        lambda: VotingClassifier([("a", forest()), ("b", LogisticRegression())], voting="soft"),
    ],
)
def test_compositions_are_read(make: Callable[[], Any]) -> None:
    check_same(make().fit(X, Y))


def test_a_pipeline_whose_steps_are_none_is_no_other_error() -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    model.steps[0] = str
    check_shapes(model, "The model")
    assert vars(read(pickle.dumps(model)))["steps"][0] is str
