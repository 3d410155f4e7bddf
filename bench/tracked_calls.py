"""What a tracked call after the fit costs its caller, beside the bare call and reading its arrays.

Contestants take turns in one process, some calls each: tracked, with autologging switched off
altogether, and reading the arrays (a sum over each) where a bare call has left the caches. Counted
is CPU time of the calling thread, a few calls at a time, between which the thread that stores is
waited for. A metric takes scikit-learn milliseconds, and each time others: there it is the time
around its own function that is compared. The limit is 50 µs and 1.5 times reading the arrays
once::

    python bench/tracked_calls.py

The first call about a data set describes it and takes longer; it is not counted.
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
from _inner_clock import InnerClock
from _measure import compile_package, settle

SHAPES = ((1_000, 20), (40_000, 20))
FIXED_US, TIMES = 50.0, 1.5
# Of each contestant: turns, batches in each, and calls in each after some that are not counted.
TURNS, BATCHES, CALLS, WARM = 11, 5, 5, 2


def thread_us() -> float:
    """Return the CPU time of this thread so far, in µs."""
    return time.thread_time_ns() / 1e3


class Timer:
    """Times calls, without what they spend inside scikit-learn's own metrics, in µs."""

    def __init__(self) -> None:
        metrics = (accuracy_score, roc_auc_score, f1_score)
        self.clocks = [InnerClock(metric, thread_us) for metric in metrics]

    def __call__(self, call: Callable[[], Any]) -> tuple[float, float]:
        """Return what a call takes, and what of it is around a metric."""
        inside = sum(clock.inside for clock in self.clocks)
        start = thread_us()
        call()
        whole = thread_us() - start
        return whole, whole - sum(clock.inside for clock in self.clocks) + inside


class Work:
    """Models, and what they answered, anew for each turn: switched off, nothing is remembered."""

    def __init__(self, rows: int, columns: int) -> None:
        self.timed = Timer()
        self.X = np.random.default_rng(0).normal(size=(rows, columns))
        self.y = (self.X[:, 0] > 0).astype(int)
        names = [f"column {place}" for place in range(columns)]
        self.frame = pd.DataFrame(self.X, columns=names)
        self.prepare()

    def prepare(self) -> None:
        """Fit on a part, which is not measured, and answer."""
        part = slice(None, 500)
        self.model = LogisticRegression().fit(self.X[part], self.y[part])
        self.of_frame = LogisticRegression().fit(self.frame[part], self.y[part])
        self.labels, self.chances = self.model.predict(self.X), self.model.predict_proba(self.X)

    def calls(self) -> Iterator[tuple[str, Callable[[], Any], list[str]]]:
        """Yield calls: a name, what to do, and what the arrays are called that it is given."""
        yield "predict", lambda: self.model.predict(self.X), ["X"]
        yield "predict_proba", lambda: self.model.predict_proba(self.X), ["X"]
        yield "predict, of a frame", lambda: self.of_frame.predict(self.frame), ["X"]
        yield "score", lambda: self.model.score(self.X, self.y), ["X", "y"]
        yield (
            "accuracy_score",
            lambda: accuracy_score(self.y, self.labels),
            ["y", "labels"],
        )
        yield (
            "roc_auc_score of a slice",
            lambda: roc_auc_score(self.y, self.chances[:, 1]),
            ["y", "chances"],
        )
        yield (
            "f1_score of a threshold",
            lambda: f1_score(self.y, self.chances[:, 1] > 0.3),
            ["y", "chances"],
        )


def turn(work: Work, call: Callable[[], Any], is_tracked: bool) -> tuple[float, float]:
    """Return the medians of some calls, and of what of them is around a metric, in µs."""
    fitscribe.sklearn.autolog(silent=True, disable=not is_tracked)
    work.prepare()
    found = []
    for _ in range(BATCHES):
        # What was stored behind the caller is stored before; these are fewer than it gathers.
        fitscribe.flush()
        for _ in range(WARM):
            call()
        found += [work.timed(call) for _ in range(CALLS)]
    whole, around = zip(*found, strict=True)
    return statistics.median(whole), statistics.median(around)


def reading(work: Work, call: Callable[[], Any], names: list[str]) -> float:
    """Return the median of reading arrays after a call, in µs."""
    arrays = [getattr(work, name) for name in names]
    found = []
    for _ in range(BATCHES * CALLS):
        call()
        found.append(sum(work.timed(one.sum)[0] for one in arrays))
    return statistics.median(found)


def main() -> int:
    """Measure and print; return 1 if a limit is passed."""
    compile_package()
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        settle(Path(folder))
        fitscribe.set_tracking_uri(folder)
        for rows, columns in SHAPES:
            print(f"\n{rows} x {columns}: µs of the caller, medians of {TURNS} turns")
            work = Work(rows, columns)
            for name, call, arrays in work.calls():
                bare, more, whole, limit = [], [], [], []
                for _ in range(TURNS):
                    gc.collect()
                    tracked, around = turn(work, call, is_tracked=True)
                    untracked, around_untracked = turn(work, call, is_tracked=False)
                    bare.append(untracked)
                    whole.append(tracked - untracked)
                    more.append(around - around_untracked)
                    limit.append(FIXED_US + TIMES * reading(work, call, arrays))
                over, most = statistics.median(more), statistics.median(limit)
                passed &= over <= most
                word = "" if over <= most else "   PASSED THE LIMIT"
                print(
                    f"  {name:26} bare {statistics.median(bare):6.0f}  more {over:5.0f}"
                    f"  limit {most:4.0f}  (whole calls {statistics.median(whole):5.0f}){word}"
                )
        fitscribe.flush()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
