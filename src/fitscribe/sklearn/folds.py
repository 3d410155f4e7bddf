"""The folds of a cross-validation, seen as its tasks go by, and what tells that two are paired."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from xxhash import xxh3_128

from fitscribe.sklearn.attempt import Attempts

__all__ = ["Fold", "Folds"]

# Where `_fit_and_predict` is given its rows: (estimator, X, y, train, test, …).
TRAIN, TEST = 3, 4


@dataclass(frozen=True, slots=True)
class Fold:
    """One split: how many rows, and a digest of which.

    Parameters
    ----------
    train_rows, test_rows : int
    digest : bytes
        Of the test rows, and of the training rows.
    """

    train_rows: int
    test_rows: int
    digest: bytes


class Folds:
    """Notes the folds of the first ``Parallel`` call that passes; others are inner ones.

    The rows of each fold are read from the tasks, for a splitter that shuffles without a seed
    would give others if it were asked again, and a generator of splits none.

    Parameters
    ----------
    attempts : Attempts
        The guard: a fold that cannot be read costs the validation nothing.
    """

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self.seen: list[Fold] = []
        self._taken = False

    def watch(self, tasks: Iterable[Any]) -> Iterable[Any]:
        """Return the same tasks; noting their folds as they are taken."""
        if self._taken:
            return tasks
        self._taken = True
        return self._noted(tasks)

    def _noted(self, tasks: Iterable[Any]) -> Iterator[Any]:
        for task in tasks:
            fold = self._attempts("read a fold", partial(_fold_of, task))
            # A validation curve goes through its points within each fold.
            if fold is not None and fold not in self.seen[-1:]:
                self.seen.append(fold)
            yield task

    def digest(self, data: str) -> str | None:
        """Return what two cross-validations share whose folds have the same rows of equal data."""
        if not self.seen:
            return None
        whole = xxh3_128(data.encode())
        for fold in self.seen:
            whole.update(fold.digest)
        return whole.hexdigest()


def _fold_of(task: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]) -> Fold | None:
    """Return the fold of a task, or None if it is no task of one."""
    _, args, kwargs = task
    train, test = kwargs.get("train"), kwargs.get("test")
    if train is None and test is None and len(args) > TEST:
        train, test = args[TRAIN], args[TEST]
    rows, tested = _rows(train), _rows(test)
    if rows is None or tested is None:
        return None
    digest = xxh3_128(tested.tobytes())
    digest.update(rows.tobytes())
    return Fold(len(rows), len(tested), digest.digest())


def _rows(index: Any) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """Return row numbers, those of a mask as well; None for anything else."""
    if not isinstance(index, (np.ndarray, list, tuple, range)):
        return None
    found = np.asarray(index)
    if found.ndim != 1 or found.dtype.kind not in "iub":
        return None
    return (np.flatnonzero(found) if found.dtype.kind == "b" else found).astype(np.int64)
