"""The tree of a model's estimators, for the manifest."""

from __future__ import annotations

import json
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from fitscribe.modelfolder.parts import MOST_DEPTH, MOST_IN_ALL, MOST_PARTS, estimator_tree

RIDGE = {"class": "sklearn.linear_model._ridge.Ridge"}


class Holder(BaseEstimator):
    """Holds others."""

    def __init__(self, held: Any = None) -> None:
        self.held = held


def count(tree: dict[str, Any]) -> int:
    return 1 + sum(count(part) for part in tree.get("parts", {}).values())


def test_parts_are_told_by_their_paths() -> None:
    tree = estimator_tree(make_pipeline(Holder(Ridge()), LogisticRegression()))
    assert tree["class"] == "sklearn.pipeline.Pipeline"
    assert list(tree["parts"]) == ["steps[0]", "steps[1]"]
    assert tree["parts"]["steps[0]"]["parts"] == {"held": RIDGE}
    assert estimator_tree(Ridge()) == RIDGE


def test_the_same_part_in_two_places_is_told_in_both() -> None:
    ridge = Ridge()
    assert estimator_tree(Holder([ridge, ridge]))["parts"] == {"held[0]": RIDGE, "held[1]": RIDGE}


def test_what_lies_in_itself_is_not_told_again_in_there() -> None:
    outer = Holder()
    outer.held = [outer, Holder(outer), Ridge()]
    parts = estimator_tree(outer)["parts"]
    assert list(parts) == ["held[1]", "held[2]"]
    assert "parts" not in parts["held[1]"]


def test_estimators_that_all_know_one_another_are_told_up_to_a_number() -> None:
    everyone: list[Holder] = []
    everyone += [Holder(everyone) for _ in range(20)]
    tree = estimator_tree(everyone[0])
    assert count(tree) == 1 + MOST_IN_ALL
    assert len(json.dumps(tree)) < 100 * MOST_IN_ALL


def test_of_many_parts_and_deep_ones_the_rest_is_left_out() -> None:
    wide = VotingClassifier([(str(place), Ridge()) for place in range(MOST_PARTS + 9)])
    assert count(estimator_tree(wide)) == 1 + MOST_PARTS
    deep: Any = Ridge()
    for _ in range(MOST_DEPTH + 5):
        deep = Holder(deep)
    assert count(estimator_tree(deep)) == 1 + MOST_DEPTH
