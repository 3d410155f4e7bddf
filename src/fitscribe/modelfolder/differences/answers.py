"""How often two models answer otherwise on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["AnswerDifference", "answer_difference"]

# Numbers are the same up to here: libraries add in another order.
RELATIVE, ABSOLUTE = 1e-9, 1e-12
METHODS = ("predict", "transform")
# What a model raises for rows that are not its own.
_CANNOT = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class AnswerDifference:
    """What two models say to the same rows.

    Parameters
    ----------
    method : str
        ``"predict"``, or ``"transform"`` of models without it.
    rows : int
        How many were asked.
    differing : int or None
        How many have another answer; numbers that differ by a billionth of themselves are the
        same. None if they cannot be compared.
    largest : float or None
        The largest difference of two numbers, and None of texts.
    at : int or None
        The row that has it, or the first that differs.
    problem : str
        Why there is no comparison.
    golden_of : str
        The model whose golden rows they are; empty for rows that were given.
    """

    method: str
    rows: int
    differing: int | None = None
    largest: float | None = None
    at: int | None = None
    problem: str = ""
    golden_of: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "method": self.method,
            "rows": self.rows,
            "differing": self.differing,
            "largest": self.largest,
            "at": self.at,
            "problem": self.problem,
            "golden_of": self.golden_of,
        }

    def __str__(self) -> str:
        rows = f"{self.rows:,} rows"
        if self.golden_of:
            rows = f"the {self.rows:,} golden rows of {self.golden_of}"
        if self.differing is None:
            return f"{self.method} on {rows}: not compared: {self.problem}"
        told = f"{self.method} on {rows}: {self.differing:,} answers differ"
        if self.largest is not None and self.differing:
            told += f", by at most {self.largest:.6g} (row {self.at})"
        elif self.at is not None:
            told += f", the first in row {self.at}"
        return told


def answer_difference(before: Any, after: Any, rows: Any) -> AnswerDifference:
    """Ask two models about the same rows.

    Parameters
    ----------
    before, after : estimator
    rows : array-like
        What both take.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> X = [[0.0], [1.0], [2.0]]
    >>> yes = DummyClassifier(strategy="constant", constant="yes").fit(X, ["yes", "no", "no"])
    >>> no = DummyClassifier(strategy="constant", constant="no").fit(X, ["yes", "no", "no"])
    >>> str(answer_difference(yes, no, X))
    'predict on 3 rows: 3 answers differ, the first in row 0'
    """
    count = int(rows.shape[0]) if hasattr(rows, "shape") else len(rows)
    method = next((m for m in METHODS if hasattr(before, m) and hasattr(after, m)), None)
    if method is None:
        return AnswerDifference("", count, problem="they have no method that both answer by")
    answers = []
    for word, model in (("first", before), ("second", after)):
        try:
            answer = getattr(model, method)(rows)
            answers.append(np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer))
        except _CANNOT as error:
            told = f"the {word} model: {type(error).__name__}: {error}"
            return AnswerDifference(method, count, problem=told[:500])
    return _compared(method, count, answers[0], answers[1])


def _compared(method: str, count: int, first: Any, second: Any) -> AnswerDifference:
    if first.shape != second.shape:
        told = f"answers have the shapes {first.shape} and {second.shape}"
        return AnswerDifference(method, count, problem=told)
    if not count or not first.ndim:
        return AnswerDifference(method, count, differing=0)
    numbers = first.dtype.kind in "biuf" and second.dtype.kind in "biuf"
    if numbers:
        one, other = first.astype(float), second.astype(float)
        same = np.isclose(one, other, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    else:
        same = np.asarray(first == second)
        if same.shape != first.shape:  # what numpy cannot compare item by item
            return AnswerDifference(method, count, problem="answers are of different types")
    by_row = ~same.reshape(len(first), -1).all(axis=1)
    differing = int(by_row.sum())
    if not differing:
        return AnswerDifference(method, count, differing=0)
    if not numbers:
        return AnswerDifference(method, count, differing, None, int(np.argmax(by_row)))
    with np.errstate(invalid="ignore", over="ignore"):
        moved = np.nan_to_num(np.abs(other - one), nan=np.inf, posinf=np.inf)
    moved[same] = -1.0
    by_row_most = moved.reshape(len(first), -1).max(axis=1)
    at = int(np.argmax(by_row_most))
    return AnswerDifference(method, count, differing, float(by_row_most[at]), at)
