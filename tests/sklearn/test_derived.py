"""What was made of a prediction is known for it, and what was not is not."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fitscribe.sklearn.derived import Unknown

Array = NDArray[Any]
MADE: dict[str, Any] = {
    "as it is": lambda p: p,
    "threshold": lambda p: p > np.sort(p)[len(p) // 3],
    "names": lambda p: np.where(p > np.median(p), "yes", "no").astype(object),
    "rounded": lambda p: p.round(1),
    "clipped": lambda p: np.clip(p, np.quantile(p, 0.2), np.quantile(p, 0.8)),
    "bins": lambda p: np.digitize(p, np.quantile(p, [0.2, 0.5, 0.7])),
    "complement": lambda p: 1 - p,
    "scaled": lambda p: 1000 * p - 3,
    "exponential": np.exp,
    "float32": lambda p: p.astype(np.float32),
}


def values(made: Array) -> Array:
    return made if made.dtype == object else np.asarray(made, dtype=np.float64)


def predictions(seed: int, rows: int) -> Array:
    found: Array = np.random.default_rng(seed).random(rows)
    return found


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(MADE)), st.integers(0, 1000), st.integers(30, 2000))
def test_what_was_made_of_a_prediction(how: str, seed: int, rows: int) -> None:
    p = predictions(seed, rows)
    made = values(MADE[how](p))
    assert Unknown(made).is_made_of(p, None)
    assert Unknown(made).is_made_of(np.column_stack([1 - p, p]), np.array([0, 1]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(MADE)), st.integers(0, 1000), st.integers(30, 2000))
def test_what_was_made_of_another(how: str, seed: int, rows: int) -> None:
    p, other = predictions(seed, rows), predictions(seed + 5000, rows)
    made = values(MADE[how](other))
    assert not Unknown(made).is_made_of(p, None)
    assert not Unknown(values(MADE[how]((p + other) / 2))).is_made_of(p, None)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(20, 400), st.integers(3, 8))
def test_classes_by_argmax(seed: int, rows: int, count: int) -> None:
    p = np.random.default_rng(seed).random((rows, count))
    classes = np.array([f"class {number}" for number in range(count)], dtype=object)
    chosen = p.argmax(axis=1)
    assert Unknown(values(chosen)).is_made_of(p, classes)
    assert Unknown(classes[chosen]).is_made_of(p, classes)
    assert not Unknown(values(np.roll(chosen, 1))).is_made_of(p, classes)


def test_columns_in_another_order() -> None:
    p = np.random.default_rng(0).random((50, 6))
    assert Unknown(p[:, [4, 1]]).is_made_of(p, None)
    assert not Unknown(p[:, [4, 1]] + np.array([0.0, 1e-3])).is_made_of(p, None)


def test_labels_under_other_names() -> None:
    labels = np.arange(40) % 3
    names = np.array(["c", "a", "b"], dtype=object)[labels]
    assert Unknown(names).is_made_of(values(labels), None)
    assert not Unknown(names).is_made_of(values((labels + np.arange(40) // 39) % 3), None)


def test_a_constant_is_made_of_nothing() -> None:
    p = predictions(0, 50)
    assert not Unknown(np.zeros(50)).is_made_of(p, None)
    assert not Unknown(np.zeros(50)).is_made_of(np.zeros(50), None)


def test_few_rows_prove_little() -> None:
    p = np.array([0.1, 0.6, 0.3])
    assert not Unknown(np.array([0.0, 1.0, 0.0])).is_made_of(p, None)
    assert Unknown(p.copy()).is_made_of(p, None)
