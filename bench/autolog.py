"""Autologging against the bare fit and against the floor, in CPU ms and as ratios.

``overhead`` is what a recorded fit takes around scikit-learn's own fit, less what a bare one
takes there; ``difference``, of whole fits, says the same where fits are short, and is noise where
they are long. The floor records a fit that is done already, by hand: see :mod:`_floor`. Every row
prints its figure, its limit, and whether it holds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
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
from _inner_clock import InnerClock
from _measure import (
    alternate,
    compile_package,
    cpu_ms,
    paired,
    print_limit,
    print_row,
    settle,
)
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
WARM_UP = 2


def on() -> None:
    fitscribe.sklearn.autolog(silent=True)


def off() -> None:
    fitscribe.sklearn.autolog(disable=True)


def compare(
    workload: Workload, folder: Path, repeats: int, others: dict[str, Callable[[], object]]
) -> dict[str, float]:
    """Return the median CPU ms of a bare fit, of what recording adds, and of others.

    ``overhead`` is the time around scikit-learn's own fit, ``difference`` that of whole fits.
    """
    make, data, target = workload
    fitscribe.set_tracking_uri(folder)
    clock = InnerClock(type(make()).fit, cpu_ms)
    around: dict[str, list[float]] = {"bare": [], "recorded": []}

    def fit(name: str) -> None:
        estimator = make()
        start, inside = cpu_ms(), clock.inside
        estimator.fit(data, target)
        around[name].append(cpu_ms() - start - (clock.inside - inside))

    contestants: dict[str, Callable[[], object]] = {
        "bare": partial(fit, "bare"),
        **others,
        "recorded": partial(fit, "recorded"),
    }
    before = {name: on if name == "recorded" else off for name in contestants}
    times = alternate(contestants, repeats, WARM_UP, before)
    off()
    clock.remove()
    disconnect()
    return {
        **{name: statistics.median(taken) for name, taken in times.items()},
        "overhead": paired(around["recorded"][WARM_UP:], around["bare"][WARM_UP:]),
        "difference": paired(times["recorded"], times["bare"]),
    }


def against_the_floor(name: str, workload: Workload, repeats: int, folder: Path) -> None:
    make, data, target = workload
    folder.mkdir()
    floor = Floor(folder)
    fitted = make().fit(data, target)

    def by_hand() -> None:
        floor.record(fitted, data, target, time.time())

    found = compare(workload, folder / "ours", repeats, {"floor": by_hand})
    floor.close()
    print_row(name, {key: found[key] for key in ("bare", "floor", "overhead", "difference")})
    of_floor, of_bare = LIMITS[name]
    print_limit("  overhead / floor", found["overhead"] / found["floor"], of_floor, "×")
    if of_bare is not None:
        print_limit("  overhead / bare fit", found["overhead"] / found["bare"], of_bare, "×")


def against_the_bare_fit(name: str, workload: Workload, repeats: int, folder: Path) -> None:
    """Compare a learner whose prediction costs more than its fit."""
    found = compare(workload, folder, repeats, {})
    rows = len(workload[2])
    label = f"{name}, {rows:,} rows, fit {found['bare']:,.0f} ms"
    print_limit(label, found["overhead"], 0.2 * found["bare"] + 30, "ms")


class Fitted(GridSearchCV):  # type: ignore[misc]  # scikit-learn has no types
    """A search that was done before, so that a fit costs nothing and its record is all."""

    done: Any = None

    def fit(self, X: Any, y: Any = None, **params: Any) -> Fitted:
        """Take over what the search found."""
        self.__dict__.update(vars(Fitted.done))
        return self


def thousand_candidates(repeats: int, folder: Path) -> None:
    clock = SqliteClock()  # last of all, for its counting costs something
    grid = {"C": np.logspace(-4, 4, CANDIDATES)}
    off()
    Fitted.done = GridSearchCV(LogisticRegression(max_iter=200), grid, cv=2).fit(X[:200], y[:200])
    fitscribe.set_tracking_uri(folder)
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
    # Waiting threads of a linear algebra library would count as work. Nothing is deleted before
    # all is measured: see `settle`.
    with threadpool_limits(1), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settle(folder)
        for number, (name, workload) in enumerate(WORKLOADS.items()):
            if given.only in name:
                against_the_floor(name, workload, given.repeats, folder / f"floor-{number}")
        for number, (name, workload) in enumerate(LAZY.items()):
            if given.only in name:
                repeats = max(9, given.repeats // 2)
                against_the_bare_fit(name, workload, repeats, folder / f"lazy-{number}")
        if given.only in "1,000 candidates":
            thousand_candidates(9, folder / "search")


if __name__ == "__main__":
    main()
