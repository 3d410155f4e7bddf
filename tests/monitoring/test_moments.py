"""Ranges, means and variances of columns in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fitscribe.monitoring import moments as room
from fitscribe.monitoring.moments import Moments, moments_of, tallies

# The smallest floats of all are rounded.
TINY = 1e-300
CELLS = st.one_of(
    st.floats(-1e6, 1e6),
    st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0]),
)
MATRICES = hnp.arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=CELLS)


def expected(column: np.ndarray[Any, Any]) -> tuple[int, int, int, int]:
    return (
        int(np.isnan(column).sum()),
        int((column == -np.inf).sum()),
        int((column == np.inf).sum()),
        int(np.isfinite(column).sum()),
    )


@given(MATRICES, st.sampled_from(["C", "F", "strided"]), st.sampled_from([1, 7, 1 << 15]))
@example(np.full((3, 2), np.nan), "C", 1)
def test_a_pass_finds_what_numpy_finds(
    matrix: np.ndarray[Any, Any], order: str, block: int
) -> None:
    if order == "strided":
        given_matrix = np.repeat(matrix, 2, axis=1)[:, ::2]
    else:
        given_matrix = np.asarray(matrix, order=order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "BLOCK", block)
        patch.setattr(room, "LONG_ROW", 8)
        room._fold.cache_clear()
        patch.setattr(room, "STRIP", 4 * block)
        found = tallies(given_matrix)
    room._fold.cache_clear()
    for column, tally in zip(matrix.T, found, strict=True):
        moments = tally.moments
        counts = (tally.missing, tally.negative_infinity, tally.positive_infinity, moments.count)
        assert counts == expected(column)
        finite = column[np.isfinite(column)]
        if not len(finite):
            assert moments == Moments(0)
            continue
        assert (moments.minimum, moments.maximum) == (finite.min(), finite.max())
        scale = np.abs(finite).max()
        assert moments.mean == pytest.approx(finite.mean(), rel=1e-12, abs=1e-12 * scale + TINY)
        assert moments.variance == pytest.approx(
            finite.var(), rel=1e-9, abs=1e-18 * scale**2 + TINY
        )


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_mean_costs_no_digits_of_a_small_variance(order: str) -> None:
    noise = np.random.default_rng(0).normal(size=(50_000, 3))
    noise[::7, 2] = np.nan
    shifted = np.asarray(noise + 1e9, order=order)
    for column, tally in zip(shifted.T, tallies(shifted), strict=True):
        exact = column[~np.isnan(column)].astype(np.longdouble)
        assert tally.moments.variance == pytest.approx(float(exact.var()), rel=1e-9)
        assert tally.moments.mean == pytest.approx(float(exact.mean()), rel=1e-15)


def test_a_constant_has_no_variance() -> None:
    moments = moments_of(np.full(100_001, 0.1))
    assert (moments.mean, moments.variance) == (0.1, 0.0)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "g", "i1", "u8", "i8", "?"])
def test_every_type_of_number_is_read(dtype: str) -> None:
    matrix = np.array([[0, 1], [1, 1], [1, 0]]).astype(dtype)
    first, second = tallies(matrix)
    assert first.moments.mean == pytest.approx(2 / 3)
    assert second.moments == Moments(3, 0.0, 1.0, first.moments.mean, first.moments.variance)


def test_what_float64_cannot_hold_is_not_told() -> None:
    moments = moments_of(np.array([1e308, 1.5e308, -1e308]))
    assert (moments.minimum, moments.maximum, moments.variance) == (-1e308, 1.5e308, None)
    (tally,) = tallies(np.array([[1.0], [np.inf]]))
    assert tally.moments == Moments(1, 1.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing_has_no_moments(shape: tuple[int, int]) -> None:
    assert [tally.moments for tally in tallies(np.empty(shape))] == [Moments(0)] * shape[1]


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=8), min_size=1, max_size=6))
def test_moments_of_parts_are_those_of_the_whole(parts: list[list[float]]) -> None:
    forwards = backwards = Moments(0)
    for part in parts:
        forwards = forwards.merge(moments_of(np.array(part, dtype=float)))
    for part in reversed(parts):
        backwards = moments_of(np.array(part, dtype=float)).merge(backwards)
    whole = moments_of(np.array([value for part in parts for value in part], dtype=float))
    for merged in (forwards, backwards):
        assert (merged.count, merged.minimum, merged.maximum) == (
            whole.count,
            whole.minimum,
            whole.maximum,
        )
        scale = max(abs(whole.minimum or 0), abs(whole.maximum or 0))
        if whole.count:
            assert merged.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-12 * scale + TINY)
            assert merged.variance == pytest.approx(
                whole.variance, rel=1e-9, abs=1e-12 * scale**2 + TINY
            )
