"""One contestant of against_mlflow.py: a process that fits a workload under one tracker.

Called as ``_with_mlflow.py TRACKER WORKLOAD FITS FOLDER``. It prints the median CPU ms of a
recorded fit less that of a bare one, children that were waited for included.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from _measure import cpu_ms, paired
from _workloads import WORKLOADS


def tracker(name: str, folder: Path) -> Callable[[bool], None]:
    """Return what turns a tracker on and off."""
    if name == "mlflow":
        import mlflow
        import mlflow.sklearn

        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.set_experiment("bench")
        return lambda on: mlflow.sklearn.autolog(disable=not on, silent=True)
    import fitscribe
    import fitscribe.sklearn

    fitscribe.set_tracking_uri(folder / "fitscribe")
    return lambda on: fitscribe.sklearn.autolog(disable=not on, silent=True)


def main() -> None:
    name, workload, fits, folder = sys.argv[1:]
    warnings.simplefilter("ignore")
    make, X, y = WORKLOADS[workload]
    os.chdir(folder)
    switch = tracker(name, Path(folder))
    taken: dict[bool, list[float]] = {True: [], False: []}
    with threadpool_limits(1):
        for number in range(1 + int(fits)):
            for on in (False, True):
                switch(on)
                start = cpu_ms()
                make().fit(X, y)
                took = cpu_ms() - start
                if number:  # the first fit also loads what is needed once
                    taken[on].append(took)
    print("cpu_ms", paired(taken[True], taken[False]))


if __name__ == "__main__":
    main()
