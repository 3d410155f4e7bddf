"""Sparse matrices of scipy."""

from __future__ import annotations

from typing import Any

import numpy as np

from fitscribe.modelfolder.trust.shapes.fits import need, within

__all__ = ["CHECKS", "check_compressed"]


def check_compressed(matrix: Any) -> None:
    """Check a matrix in the format CSR or CSC."""
    rows, columns = _shape(matrix)
    if matrix.format == "csc":
        rows, columns = columns, rows
    _check_rows(matrix, rows, columns)
    need(matrix.data.ndim == 1, "its values are a list of numbers")


def _check_blocks(matrix: Any) -> None:
    """Check a matrix in the format BSR."""
    rows, columns = _shape(matrix)
    need(matrix.data.ndim == 3, "its values are blocks")
    height, width = matrix.data.shape[1:]
    need(height > 0 and width > 0, "its blocks are not empty")
    need(rows % height == 0 and columns % width == 0, "it consists of whole blocks")
    _check_rows(matrix, rows // height, columns // width)


def _check_rows(matrix: Any, rows: int, columns: int) -> None:
    starts, indices = matrix.indptr, matrix.indices
    need(starts.ndim == 1 and indices.ndim == 1, "its indices are lists of numbers")
    need(starts.dtype.kind == "i" and starts.dtype == indices.dtype, "its indices are integers")
    need(len(starts) == rows + 1 and starts[0] == 0, "each row has a beginning")
    within(starts, 0, min(len(indices), len(matrix.data)) + 1, "beginnings of rows")
    need((np.diff(starts) >= 0).all(), "rows end after they begin")
    used = indices[: starts[-1]]
    within(used, 0, columns, "columns")
    if vars(matrix).get("_has_sorted_indices") or vars(matrix).get("_has_canonical_format"):
        rising = np.diff(used) > 0
        rising[starts[1:-1][(starts[1:-1] > 0) & (starts[1:-1] < len(used))] - 1] = True
        is_sorted = rising.all() or not vars(matrix).get("_has_canonical_format")
        need(is_sorted, "its indices are in order, as it says")


def _check_coordinates(matrix: Any) -> None:
    """Check a matrix in the format COO."""
    coordinates = getattr(matrix, "coords", None) or (matrix.row, matrix.col)
    shape = matrix.shape
    need(len(coordinates) == len(shape), "it has a coordinate for each dimension")
    for indices, length in zip(coordinates, shape, strict=True):
        need(indices.shape == matrix.data.shape, "each entry has its coordinates")
        need(indices.dtype.kind == "i", "its coordinates are integers")
        within(indices, 0, length, "coordinates")


def _check_diagonals(matrix: Any) -> None:
    """Check a matrix in the format DIA."""
    rows, columns = _shape(matrix)
    need(matrix.data.ndim == 2 and matrix.offsets.ndim == 1, "its values are diagonals")
    need(len(matrix.offsets) == len(matrix.data), "each diagonal has a place")
    within(matrix.offsets, -rows, columns + 1, "places of diagonals")


def _shape(matrix: Any) -> tuple[int, int]:
    rows, columns = matrix.shape
    need(rows >= 0 and columns >= 0, "it has a shape")
    return int(rows), int(columns)


CHECKS = {
    (f"scipy.sparse._{format}", f"{format}_{kind}"): check
    for formats, check in (
        (("csr", "csc"), check_compressed),
        (("bsr",), _check_blocks),
        (("coo",), _check_coordinates),
        (("dia",), _check_diagonals),
    )
    for format in formats
    for kind in ("array", "matrix")
}
