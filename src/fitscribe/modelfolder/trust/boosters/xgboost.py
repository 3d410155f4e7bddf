"""XGBoost's boosters: whether what a pickle holds of one fits together.

``Booster.__getstate__`` gives UBJSON with two maps: ``Model``, what was learned, and ``Config``,
how. The names in them are those of XGBoost's model schema (``doc/model.schema`` there).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.boosters.ubjson import array_of_type, read_ubjson
from fitscribe.modelfolder.trust.boosters.xgboost_categories import check_containers
from fitscribe.modelfolder.trust.boosters.xgboost_trees import check_trees, count_of
from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["check_xgboost"]

# More groups than trees can be where there are no trees yet.
MOST_GROUPS = 65_536
MOST_THREADS = 65_536
_FLOAT = rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf|[+-]?nan"
_SCORES = re.compile(rb"(?:%b)|\[(?:%b)?(?:,(?:%b))*\]" % (_FLOAT, _FLOAT, _FLOAT))
Map = dict[bytes, Any]


def check_xgboost(data: bytes) -> None:
    """Raise DoesNotFit if the content of a booster does not fit together.

    Parameters
    ----------
    data : bytes
        What ``Booster.__getstate__`` of XGBoost 1.6 or newer gives as ``handle``.
    """
    need(data[:2] == b"{L", "it is UBJSON, as XGBoost 1.6 and newer write it")
    whole = read_ubjson(data)
    model, config = (_map(_map(whole, part), b"learner") for part in (b"Model", b"Config"))
    param = _map(model, b"learner_model_param")
    features = count_of(param, b"num_feature")
    classes = count_of(param, b"num_class")
    targets = count_of(param, b"num_target") if b"num_target" in param else 1
    groups = max(classes, targets, 1)
    need(classes <= 1 or targets <= 1, "it has several classes or several targets")
    score = _text(param, b"base_score")
    need(_SCORES.fullmatch(score), "its base_score is of numbers")
    need(score.count(b",") + 1 in (1, groups), "it has a base_score for each of its groups")
    _check_config(config, model)
    for part in (model, config):
        _check_objective(_map(part, b"objective"), classes)
    _check_texts(model, features)
    booster = _map(model, b"gradient_booster")
    name = booster.get(b"name")
    if name == b"gblinear":
        weights = _count_reals(_map(booster, b"model").get(b"weights"))
        need(weights == (features + 1) * groups, "it has a weight for each feature")
        return
    need(name in (b"gbtree", b"dart"), "its booster is gbtree, dart or gblinear")
    strategy = _map(config, b"learner_train_param").get(b"multi_strategy", b"")
    trees = booster if name == b"gbtree" else _map(booster, b"gbtree")
    count = _check_forest(_map(trees, b"model"), features, groups, strategy)
    if name == b"dart":
        need(trees.get(b"name") == b"gbtree", "its booster dart has a gbtree")
        need(_count_reals(booster.get(b"weight_drop")) == count, "it has a weight for each tree")


def _text(held: Map, key: bytes) -> bytes:
    """Return the text of a name."""
    found = held.get(key)
    if type(found) is not bytes:
        raise DoesNotFit(f"for it has no text {key.decode()}")
    return found


def _map(held: Map, key: bytes) -> Map:
    """Return the map of a name in another one."""
    found = held.get(key) if type(held) is dict else None
    if type(found) is not dict:
        raise DoesNotFit(f"for it has no map {key.decode()}")
    return found


def _count_reals(value: Any) -> int:
    """Return how many weights there are, in an array or a list."""
    if type(value) is list and all(type(one) is float for one in value):
        return len(value)
    return len(array_of_type(value, b"d"))


def _integers(value: Any) -> NDArray[np.int64]:
    """Return whole numbers, which XGBoost keeps in an array or a list."""
    if type(value) is list and all(type(one) is int for one in value):
        return np.array(value, np.int64)
    return array_of_type(value, b"l").astype(np.int64)


def _check_config(config: Map, model: Map) -> None:
    """Check how a model was trained against what it learned."""
    objectives = _map(model, b"objective"), _map(config, b"objective")
    need(objectives[0].get(b"name") == objectives[1].get(b"name"), "it has one objective")
    param, again = _map(model, b"learner_model_param"), _map(config, b"learner_model_param")
    for key in (b"num_class", b"num_feature", b"num_target"):
        need(again.get(key) == param.get(key), f"it has one {key.decode()}")
    name = _map(model, b"gradient_booster").get(b"name")
    need(_map(config, b"gradient_booster").get(b"name") == name, "it has one booster")
    trained = _map(config, b"learner_train_param").get(b"booster", name)
    need(trained == name, "it was trained with its booster")
    generic = _map(config, b"generic_param")
    for key in (b"nthread", b"n_jobs"):
        threads = generic.get(key, b"0")
        need(re.fullmatch(rb"-?\d{1,9}", threads), f"{key.decode()} is a number")
        need(int(threads) <= MOST_THREADS, f"{key.decode()} is at most {MOST_THREADS:,}")


def _check_objective(objective: Map, classes: int) -> None:
    """Check that an objective is of as many classes as the model."""
    name = _text(objective, b"name")
    if b"softmax_multiclass_param" in objective:
        told = count_of(_map(objective, b"softmax_multiclass_param"), b"num_class")
        need(told == classes, "its objective is of its classes")
    else:
        need(not name.startswith(b"multi:"), "its objective says how many classes there are")


def _check_texts(model: Map, features: int) -> None:
    """Check names of features, and what was written down besides."""
    for key in (b"feature_names", b"feature_types"):
        texts = model.get(key, [])
        need(type(texts) is list and all(type(one) is bytes for one in texts), "names are texts")
        need(len(texts) in (0, features), f"{key.decode()} are of each feature")
    attributes = model.get(b"attributes", {})
    need(
        type(attributes) is dict and all(type(one) is bytes for one in attributes.values()),
        "its attributes are texts",
    )
    # XGBoost counts from there, and looks at the upper end only.
    best = attributes.get(b"best_iteration", b"0")
    need(best.isdigit() and len(best) < 10, "its best iteration is a number")


def _check_forest(model: Map, features: int, groups: int, strategy: bytes) -> int:
    """Check trees, and which group and iteration each belongs to; return how many there are."""
    param = _map(model, b"gbtree_model_param")
    count = count_of(param, b"num_trees")
    trees = model.get(b"trees")
    if type(trees) is not list or len(trees) != count:
        raise DoesNotFit(f"for it says that it has {count} trees, and has not")
    info = _integers(model.get(b"tree_info"))
    need(len(info) == count, "each tree is of a group")
    if strategy == b"multi_output_tree":
        need(not info.any(), "a tree of all targets is of no group")
    elif count:
        # Each iteration makes a tree for each group.
        need(groups <= count, "it has trees for each group")
        need(info.min() >= 0 and info.max() < groups, "trees are of its groups")
    else:
        need(groups <= MOST_GROUPS, f"it has at most {MOST_GROUPS:,} groups")
    need(count_of(param, b"num_parallel_tree") > 0, "each iteration makes trees")
    if b"iteration_indptr" in model:
        _check_iterations(_integers(model[b"iteration_indptr"]), count)
    if b"cats" in model:
        check_containers(_map(model, b"cats"), features)
    check_trees(trees, features, groups if strategy == b"multi_output_tree" else 1)
    return count


def _check_iterations(starts: NDArray[np.int64], count: int) -> None:
    """Check where the trees of each iteration begin."""
    need(len(starts) > 0 and starts[0] == 0, "its first iteration begins with its first tree")
    need(starts[-1] == count, "its last iteration ends with its last tree")
    need((np.diff(starts) >= 0).all(), "its iterations follow one another")
