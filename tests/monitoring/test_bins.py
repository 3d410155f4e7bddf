"""Bins between quantiles, levels of few values, and their counts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitscribe.monitoring.bins import (
    FEWEST,
    MOST_BINS,
    Ordered,
    bins_of,
    counted_in,
    counted_on,
)
from fitscribe.monitoring.column import Bins, Levels

VALUES = st.lists(st.one_of(st.floats(-10, 10), st.integers(-3, 3).map(float)), max_size=200).map(
    lambda values: np.sort(np.array(values, dtype=float))
)


def counted(values: np.ndarray[Any, Any], edges: tuple[float, ...]) -> list[int]:
    """Count one by one."""
    ends = [-np.inf, *edges, np.inf]
    return [
        int(((values > low) & (values <= high)).sum()) for low, high in itertools.pairwise(ends)
    ]


@given(VALUES)
def test_a_reference_is_counted_as_one_by_one(values: np.ndarray[Any, Any]) -> None:
    _, bins, levels = counted_in(Ordered(values), "number")
    if bins is not None:
        assert levels is None
        assert list(bins.counts) == counted(values, bins.edges)
        assert sorted(set(bins.edges)) == list(bins.edges)
        assert len(bins.counts) <= MOST_BINS
    else:
        assert levels is not None
        assert list(levels.counts) == [int((values == v).sum()) for v in levels.values]
        assert levels.rest + sum(levels.counts) == len(values)


@given(VALUES, VALUES)
def test_a_window_is_counted_as_one_by_one(
    values: np.ndarray[Any, Any], window: np.ndarray[Any, Any]
) -> None:
    _, bins, levels = counted_in(Ordered(values), "number")
    found, named = counted_on(Ordered(window), bins, levels)
    if bins is not None:
        assert found is not None
        assert found.edges == bins.edges
        assert list(found.counts) == counted(window, bins.edges)
    else:
        assert levels is not None
        assert named is not None
        assert list(named.counts) == [int((window == v).sum()) for v in levels.values]
        assert named.rest + sum(named.counts) == len(window)


@given(VALUES, st.integers(0, 50))
def test_zeros_that_are_not_stored_count_as_zeros(
    values: np.ndarray[Any, Any], zeros: int
) -> None:
    dense = np.sort(np.concatenate([values, np.zeros(zeros)]))
    assert counted_in(Ordered(values, zeros), "number") == counted_in(Ordered(dense), "number")


def test_bins_of_many_values_are_of_equal_size() -> None:
    bins = bins_of(Ordered(np.arange(6400.0)))
    assert bins.counts == (100,) * 64
    assert bins.edges[:2] == (99.0, 199.0)


def test_no_bin_holds_fewer_rows_than_may_be_known() -> None:
    values = np.sort(np.random.default_rng(0).normal(size=137))
    bins = bins_of(Ordered(values))
    assert min(bins.counts) >= FEWEST
    assert len(bins.counts) == 137 // FEWEST


def test_a_value_that_few_rows_share_is_not_named() -> None:
    values = np.repeat([1.0, 2.0, 3.0], [50, FEWEST, FEWEST - 1])
    assert counted_in(Ordered(values), "integer") == (
        "integer",
        None,
        Levels((1, 2), (50, FEWEST), FEWEST - 1),
    )


@pytest.mark.parametrize("kind", ["integer", "number"])
def test_whole_numbers_that_are_all_different_are_nobodys(kind: Any) -> None:
    values = np.sort(np.random.default_rng(0).choice(10**9, 1000, replace=False)).astype(float)
    found, bins, levels = counted_in(Ordered(values), kind)
    assert (found, levels) == ("identifier", None)
    assert bins is not None
    assert not set(bins.edges) & set(values.tolist())
    # Rounded to the hundredth part of the range, or less.
    assert all(edge % 10**6 == 0.5 for edge in bins.edges)


def test_numbers_with_fractions_and_times_are_no_identifiers() -> None:
    values = np.arange(100.0)
    assert counted_in(Ordered(values + 0.5), "number")[0] == "number"
    assert counted_in(Ordered(values), "datetime")[0] == "datetime"
    assert counted_in(Ordered(values[:5]), "integer")[0] == "integer"
    # Of large floats nobody knows whether they are whole.
    assert counted_in(Ordered(values * 1e300), "number")[0] == "number"


def test_booleans_have_booleans_for_levels() -> None:
    _, _, levels = counted_in(Ordered(np.repeat([0.0, 1.0], 10)), "boolean")
    assert levels is not None
    assert [type(value) for value in levels.values] == [bool, bool]


def test_nothing_is_counted_of_nothing() -> None:
    assert bins_of(Ordered(np.empty(0))) == Bins((), (0,))
    assert counted_in(Ordered(np.empty(0), 20), "number")[2] == Levels((0.0,), (20,), 0)
