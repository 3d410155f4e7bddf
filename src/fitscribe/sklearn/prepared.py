"""What scalers, imputers and selectors learned of, and what they made of it.

Who scales all rows and splits them afterwards has let the test rows into the training. So it is
remembered which data such an estimator was fitted on, and what came out, by weak references.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fitscribe.sklearn.compositions import transformers_in
from fitscribe.sklearn.finding import Finding, finding
from fitscribe.sklearn.memory import Memory
from fitscribe.sklearn.preparation import is_composition
from fitscribe.sklearn.rows import shape_of
from fitscribe.sklearn.weakly import weak_reference

__all__ = [
    "Prepared",
    "early_preparation",
    "forget_prepared",
    "is_preparer",
    "learned_from",
    "made_by",
    "note_made",
    "preparer",
    "prepared",
]

MOST = 128
# Those whose result for one row depends on the values of the others. An encoder, which learns
# which labels there are, is none of them, and neither is what counts words.
LEARNING = frozenset(
    {
        *("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer"),
        *("QuantileTransformer", "KBinsDiscretizer", "TargetEncoder", "SimpleImputer"),
        *("KNNImputer", "IterativeImputer", "TfidfTransformer", "TfidfVectorizer"),
        *("SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe"),
        *("GenericUnivariateSelect", "SelectFromModel", "RFE", "RFECV"),
        *("SequentialFeatureSelector", "PCA", "TruncatedSVD", "FastICA", "NMF", "KernelPCA"),
    }
)
PACKAGES = ("sklearn", "imblearn")


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """One fit of a preparation.

    Parameters
    ----------
    title : str
        Its class.
    rows : int
        How many rows it learned of.
    data : weakref or None
        What it was fitted on.
    """

    title: str
    rows: int
    data: weakref.ref[Any] | None


# What each was fitted on, and what each made.
_learned: Memory[Prepared] = Memory(MOST)
_made: Memory[Prepared] = Memory(MOST)
# By id, for estimators may be unhashable, or equal to others.
_preparers: dict[int, tuple[weakref.ref[Any], Prepared]] = {}


def _learns(estimator: Any, method: str) -> bool:
    if is_composition(estimator):
        return any(
            _learns(one[1], method)
            for one in transformers_in(estimator)
            if hasattr(one[1], "__dict__")
        )
    cls = type(estimator)
    package = cls.__module__.partition(".")[0]
    if package not in PACKAGES:
        return False
    if method == "fit_resample" or hasattr(cls, "fit_resample"):
        return True
    if vars(estimator).get("strategy") == "constant":
        return False
    return cls.__name__ in LEARNING


def prepared(estimator: Any, method: str, data: Any, result: Any) -> bool:
    """Note what a preparation was fitted on and gave; return whether that matters."""
    if not _learns(estimator, method):
        return False
    shape = shape_of(data)
    if not shape:
        return False
    key = id(estimator)

    def gone(reference: object) -> None:
        found = _preparers.get(key)
        if found is not None and found[0] is reference:
            _preparers.pop(key, None)

    one = Prepared(type(estimator).__name__, int(shape[0]), weak_reference(data))
    _preparers[key] = weakref.ref(estimator, gone), one
    _learned.add(data, one)
    if result is not estimator:
        note_made([one, *_made.of(data)], result)
    return True


def preparer(estimator: Any) -> Prepared | None:
    """Return the fit of a preparation that is noted."""
    found = _preparers.get(id(estimator))
    return found[1] if found is not None and found[0]() is estimator else None


def is_preparer(estimator: Any) -> bool:
    """Whether the fit of a preparation is noted."""
    return id(estimator) in _preparers


def note_made(ones: Sequence[Prepared], result: Any) -> None:
    """Note that data came out of preparations that had learned of their rows."""
    results = result if isinstance(result, tuple) else (result,)
    for one in ones:
        for data in results:
            _made.add(data, one)


def learned_from(data: Any) -> list[Prepared]:
    """Return those that were fitted on data as they are."""
    return [one for one in _learned.of(data) if one.data is not None and one.data() is data]


def made_by(data: Any) -> list[Prepared]:
    """Return those that made data, or what they are a view of."""
    return _made.of(data)


def early_preparation(one: Prepared, split: str) -> Finding:
    """Return the finding that a preparation learned of rows that are not for training."""
    text = (
        f"Leak: {one.title} was fitted on all {one.rows} rows, those for tests among them, and "
        f"not on the training rows after {split}, so the training knows of rows that it is "
        "tested on. A pipeline fits it on training rows."
    )
    return finding("preparation_before_split", text, estimator=one.title, rows=one.rows)


def forget_prepared() -> None:
    """Forget all of it."""
    _learned.clear()
    _made.clear()
    _preparers.clear()
