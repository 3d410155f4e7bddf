"""Autologging against the bare fit and against the floor, in CPU ms and as ratios.

``overhead`` is a recorded fit less a bare one. The floor records a fit that is done already, by
hand: see :mod:`_floor`. Every row prints its figure, its limit, and whether it holds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

import fitscribe
import fitscribe.sklearn
from _database_cpu import SqliteClock
from _floor import Floor
from _measure import alternate, compile_package, paired, print_limit, print_row
from _workloads import LAZY, WORKLOADS, Workload, X, y
from fitscribe.tracking.connect import disconnect

# Times its floor, and times the bare fit.
LIMITS: dict[str, tuple[float, float | None]] = {
    "LogisticRegression": (2.0, 1.0),
    "RandomForest(100)": (1.5, None),
    "Pipeline+ColumnTransformer": (2.0, None),
    "Grid 5x3, all children": (2.0, None),
}
CANDIDATES = 1000


def on() -> None:
    fitscribe.sklearn.autolog(silent=True)


def off() -> None:
    fitscribe.sklearn.autolog(disable=True)


def against_the_floor(name: str, workload: Workload, repeats: int) -> None:
    make, data, target = workload
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        floor = Floor(folder)
        fitted = make().fit(data, target)
        fitscribe.set_tracking_uri(folder / "ours")

        def fit() -> None:
            make().fit(data, target)

        def by_hand() -> None:
            floor.record(fitted, data, target, time.time())

        contestants = {"bare": fit, "floor": by_hand, "recorded": fit}
        times = alternate(contestants, repeats, before={"bare": off, "floor": off, "recorded": on})
        off()
        floor.close()
        disconnect()
    bare, by_hand_ms = statistics.median(times["bare"]), statistics.median(times["floor"])
    overhead = paired(times["recorded"], times["bare"])
    print_row(name, {"bare": bare, "floor": by_hand_ms, "overhead": overhead})
    of_floor, of_bare = LIMITS[name]
    print_limit("  overhead / floor", overhead / by_hand_ms, of_floor, "×")
    if of_bare is not None:
        print_limit("  overhead / bare fit", overhead / bare, of_bare, "×")


def against_the_bare_fit(name: str, workload: Workload, repeats: int) -> None:
    """Compare a learner whose prediction costs more than its fit."""
    make, data, target = workload
    with tempfile.TemporaryDirectory() as temporary:
        fitscribe.set_tracking_uri(Path(temporary) / "ours")

        def fit() -> None:
            make().fit(data, target)

        contestants = {"bare": fit, "recorded": fit}
        times = alternate(contestants, repeats, 1, before={"bare": off, "recorded": on})
        off()
        disconnect()
    bare, overhead = statistics.median(times["bare"]), paired(times["recorded"], times["bare"])
    label = f"{name}, {len(target):,} rows, fit {bare:,.0f} ms"
    print_limit(label, overhead, 0.2 * bare + 30, "ms")


class Fitted(GridSearchCV):  # type: ignore[misc]  # scikit-learn has no types
    """A search that was done before, so that a fit costs nothing and its record is all."""

    done: Any = None

    def fit(self, X: Any, y: Any = None, **params: Any) -> Fitted:
        """Take over what the search found."""
        self.__dict__.update(vars(Fitted.done))
        return self


def thousand_candidates(repeats: int) -> None:
    clock = SqliteClock()  # last of all, for its counting costs something
    grid = {"C": np.logspace(-4, 4, CANDIDATES)}
    off()
    Fitted.done = GridSearchCV(LogisticRegression(max_iter=200), grid, cv=2).fit(X[:200], y[:200])
    with tempfile.TemporaryDirectory() as temporary:
        fitscribe.set_tracking_uri(Path(temporary) / "ours")
        commits: list[int] = []

        def fit() -> None:
            before = clock.commits
            Fitted(LogisticRegression(max_iter=200), grid, cv=2).fit(X, y)
            commits.append(clock.commits - before)

        recorded = statistics.median(alternate({"on": fit}, repeats, 1, {"on": on})["on"])
        last = fitscribe.last_active_run()
        assert last is not None
        parent = last.info.run_id
        found = fitscribe.search_runs(
            filter_string=f"tags.`mlflow.parentRunId` = '{parent}' and params.C > 0",
            order_by=["metrics.mean_test_score DESC"],
            output_format="list",
        )
        off()
        disconnect()
    print_limit(f"search of {CANDIDATES:,} candidates recorded", recorded, 500, "ms")
    print_limit("  found at once", len(found), CANDIDATES, at_least=True)
    print_limit("  transactions, the one that opens the run included", max(commits[1:]), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--only", default="", help="rows whose name contains this")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    compile_package()
    # Waiting threads of a linear algebra library would count as work.
    with threadpool_limits(1):
        for name, workload in WORKLOADS.items():
            if given.only in name:
                against_the_floor(name, workload, given.repeats)
        for name, workload in LAZY.items():
            if given.only in name:
                against_the_bare_fit(name, workload, max(9, given.repeats // 2))
        if given.only in "1,000 candidates":
            thousand_candidates(9)


if __name__ == "__main__":
    main()
