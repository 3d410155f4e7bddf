"""What a tracked call after the fit costs its caller, beside the bare call and reading its arrays.

Contestants take turns in one process, in CPU time of the calling thread; what is stored is stored
by another thread. The limit is 50 µs and 1.5 times reading the arrays once (a sum over them)::

    python bench/tracked_calls.py

The first call about a data set describes it and takes longer; it does not show in a median.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

import fitscribe
import fitscribe.sklearn
from _measure import compile_package, settle

SHAPES = ((1_000, 20), (40_000, 20))
FIXED_US, TIMES = 50.0, 1.5


def thread_us() -> float:
    """Return the CPU time of this thread so far, in µs."""
    return time.thread_time_ns() / 1e3


def timed(call: Callable[[], Any]) -> float:
    """Return what a call takes, in µs."""
    start = thread_us()
    call()
    return thread_us() - start


def beside(call: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return medians of a call with autologging and without, in µs."""
    bare, tracked = [], []
    for _ in range(rounds):
        with fitscribe.sklearn.autolog_disabled():
            bare.append(timed(call))
        tracked.append(timed(call))
    return statistics.median(bare), statistics.median(tracked)


def calls(rows: int, columns: int) -> Iterator[tuple[str, Callable[[], Any], list[Any]]]:
    """Yield calls: a name, what to do, and the arrays that it is given."""
    X = np.random.default_rng(0).normal(size=(rows, columns))
    y = (X[:, 0] > 0).astype(int)
    frame = pd.DataFrame(X, columns=[f"column {place}" for place in range(columns)])
    model = LogisticRegression().fit(X[::2], y[::2])
    of_frame = LogisticRegression().fit(frame[::2], y[::2])
    labels, chances = model.predict(X), model.predict_proba(X)
    yield "predict", lambda: model.predict(X), [X]
    yield "predict_proba", lambda: model.predict_proba(X), [X]
    yield "predict, of a frame", lambda: of_frame.predict(frame), [X]
    yield "score", lambda: model.score(X, y), [X, y]
    yield "accuracy_score", lambda: accuracy_score(y, labels), [y, labels]
    yield "roc_auc_score of a slice", lambda: roc_auc_score(y, chances[:, 1]), [y, chances]
    yield "f1_score of a threshold", lambda: f1_score(y, chances[:, 1] > 0.3), [y, chances]


def main() -> int:
    """Measure and print; return 1 if a limit is passed."""
    compile_package()
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        settle(Path(folder))
        fitscribe.set_tracking_uri(folder)
        fitscribe.sklearn.autolog(silent=True)
        for rows, columns in SHAPES:
            rounds = 150 if rows < 10_000 else 40
            print(f"\n{rows} x {columns}: µs of the caller, medians of {rounds}")
            for name, call, arrays in calls(rows, columns):
                reading = sum(
                    statistics.median(timed(one.sum) for _ in range(25)) for one in arrays
                )
                gc.collect()
                bare, tracked = beside(call, rounds)
                limit = FIXED_US + TIMES * reading
                over = tracked - bare
                passed &= over <= limit
                word = "" if over <= limit else "   PASSED THE LIMIT"
                print(f"  {name:26} bare {bare:6.0f}  more {over:5.0f}  limit {limit:4.0f}{word}")
        fitscribe.flush()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
