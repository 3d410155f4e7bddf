"""Which library data comes from, told without importing that library.

A thing is a pandas frame only if pandas is imported already.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = [
    "is_arrow_table",
    "is_pandas_frame",
    "is_pandas_series",
    "is_polars_frame",
    "is_polars_series",
    "is_sparse",
]


def _is(data: object, module: str, *names: str) -> bool:
    """Return whether data is of one of a module's classes; no, where it is not imported."""
    loaded: Any = sys.modules.get(module)
    if loaded is None:
        return False
    # A module that is being imported by another thread has not all of its names yet.
    for name in names:
        cls = getattr(loaded, name, None)
        if cls is not None and isinstance(data, cls):
            return True
    return False


def is_pandas_frame(data: object) -> bool:
    """Whether data is a ``pandas.DataFrame``."""
    return _is(data, "pandas", "DataFrame")


def is_pandas_series(data: object) -> bool:
    """Whether data is a ``pandas.Series``."""
    return _is(data, "pandas", "Series")


def is_polars_frame(data: object) -> bool:
    """Whether data is a ``polars.DataFrame``."""
    return _is(data, "polars", "DataFrame")


def is_polars_series(data: object) -> bool:
    """Whether data is a ``polars.Series``."""
    return _is(data, "polars", "Series")


def is_arrow_table(data: object) -> bool:
    """Whether data is a ``pyarrow.Table`` or a ``RecordBatch``."""
    return _is(data, "pyarrow", "Table", "RecordBatch")


def is_sparse(data: object) -> bool:
    """Whether data is a sparse matrix or array of scipy, in any format."""
    return _is(data, "scipy.sparse", "spmatrix", "sparray")
