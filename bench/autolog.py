"""Autologging against the bare fit and against the floor, in CPU ms and as ratios.

``overhead`` is a recorded fit less a bare one. The floor records a fit that is done already, by
hand: see :mod:`_floor`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

import fitscribe
import fitscribe.sklearn
from _floor import Floor
from _measure import alternate, compile_package, print_row
from _workloads import WORKLOADS, Workload


def measure(workload: Workload, repeats: int) -> dict[str, float]:
    make, X, y = workload
    folder = Path(tempfile.mkdtemp())
    floor = Floor(folder)
    fitted = make().fit(X, y)
    fitscribe.set_tracking_uri(folder / "ours")

    def fit() -> None:
        make().fit(X, y)

    def by_hand() -> None:
        floor.record(fitted, X, y, time.time())

    def on() -> None:
        fitscribe.sklearn.autolog(silent=True)

    def off() -> None:
        fitscribe.sklearn.autolog(disable=True)

    contestants = {"bare": fit, "floor": by_hand, "recorded": fit}
    return alternate(contestants, repeats, before={"bare": off, "floor": off, "recorded": on})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    compile_package()
    for name, workload in WORKLOADS.items():
        with threadpool_limits(1):
            found = measure(workload, repeats)
        overhead = found["recorded"] - found["bare"]
        print_row(
            name,
            {
                "bare": found["bare"],
                "floor": found["floor"],
                "overhead": overhead,
                "overhead/floor": overhead / found["floor"],
                "overhead/bare": overhead / found["bare"],
            },
        )


if __name__ == "__main__":
    main()
