"""The same columns in every container that profiles are made of."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

__all__ = ["FRAMES", "ROWS", "columns", "odd_columns"]

ROWS = 120


def columns() -> dict[str, list[Any]]:
    """Return columns of every kind, as lists of Python objects."""
    random = np.random.default_rng(0)
    day = datetime.datetime(2024, 3, 1)
    return {
        "number": random.normal(size=ROWS).tolist(),
        "gaps": [None if row % 5 == 0 else row / 7 for row in range(ROWS)],
        "integer": random.integers(0, 4, ROWS).tolist(),
        "identifier": list(range(1000, 1000 + ROWS)),
        "boolean": [row % 3 == 0 for row in range(ROWS)],
        "text": [
            None if row % 10 == 0 else ["red", "green", "blue"][row % 3] for row in range(ROWS)
        ],
        "free": [f"a remark, the {row}th" for row in range(ROWS)],
        "datetime": [day + datetime.timedelta(hours=row) for row in range(ROWS)],
    }


def _numpy_objects(data: dict[str, list[Any]]) -> Any:
    matrix = np.empty((ROWS, len(data)), dtype=object)
    for place, values in enumerate(data.values()):
        matrix[:, place] = values
    return matrix


def _nullable(data: dict[str, list[Any]]) -> Any:
    return pd.DataFrame(data).convert_dtypes()


def _arrow_backed(data: dict[str, list[Any]]) -> Any:
    return pa.table(data).to_pandas(types_mapper=pd.ArrowDtype)


# What has no names of its own has places for names.
FRAMES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "pandas, nullable": _nullable,
    "pandas, Arrow": _arrow_backed,
    "pandas, objects": lambda data: pd.DataFrame(data, dtype=object),
    "polars": pl.DataFrame,
    "Arrow": pa.table,
    "Arrow batch": lambda data: pa.table(data).to_batches()[0],
    "Arrow chunks": lambda data: pa.concat_tables([pa.table(data)[:50], pa.table(data)[50:]]),
    "numpy objects": _numpy_objects,
    "rows": lambda data: [list(row) for row in zip(*data.values(), strict=True)],
}


class Hostile:
    """An object that answers nothing."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    def __hash__(self) -> int:
        raise RuntimeError("hashed")

    def __str__(self) -> str:
        raise RuntimeError("asked for its text")

    __repr__ = __str__


def odd_columns() -> Any:
    """Return a pandas frame of columns that are hard to read."""
    count = 40
    hostile = np.empty(count, dtype=object)
    hostile[:] = [Hostile() for _ in range(count)]
    return pd.DataFrame(
        {
            "hostile": pd.Series(hostile),
            "mixed": [1, "a", None, 2.5] * 10,
            "lists": [[1, 2], None] * 20,
            "bytes": [b"x"] * count,
            "complex": np.ones(count) * 1j,
            "durations": pd.to_timedelta(np.arange(count), unit="s"),
            "periods": pd.period_range("2024", periods=count, freq="D"),
            "intervals": pd.interval_range(0, count),
            "huge": pd.Series([10**400, -(10**400), 1, None] * 10, dtype=object),
            "decimals": [Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")]
            * 10,
            "empty": [None] * count,
            "nans": [np.nan] * count,
            "surrogates": pd.Series(["\ud800"] * count, dtype=object),
            "numbers": np.arange(count) / 3,
        }
    )
