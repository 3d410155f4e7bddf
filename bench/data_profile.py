"""What a profile of training data costs, in CPU time: figures against their limits.

``memory`` is what the profile needs beyond the data at its peak, in MB.
"""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Callable

import numpy as np
import scipy.sparse

from _measure import alternate, print_limit, print_row
from fitscribe.monitoring.profile import profile_of, profile_on

ROUNDS = 9


def peak(work: Callable[[], object]) -> float:
    """Return the peak of memory that a call needs, in MB."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return found


def small() -> None:
    X = np.random.default_rng(0).normal(5, 1, (1000, 20))
    reference = profile_of(X)
    times = 20
    found = alternate(
        {
            "profile": lambda: [profile_of(X) for _ in range(times)],
            "window": lambda: [profile_on(reference, X) for _ in range(times)],
            "file": lambda: [reference.to_json() for _ in range(times)],
        },
        ROUNDS,
    )
    each = {name: statistics.median(took) / times for name, took in found.items()}
    print_limit("profile_of, 1000 × 20 of float64", each["profile"], 1, " ms")
    print_row("on its bins, as JSON (ms)", {"window": each["window"], "JSON": each["file"]})


def large() -> None:
    random = np.random.default_rng(0)
    X = random.normal(5, 1, (1_000_000, 50))
    F = np.asfortranarray(X)
    gaps = X.copy()
    gaps[random.random(1_000_000) < 0.1, :5] = np.nan
    found = alternate(
        {
            "C": lambda: profile_of(X),
            "F": lambda: profile_of(F),
            "gaps": lambda: profile_of(gaps),
        },
        3,
        warm_up=1,
    )
    for name, says in (("C", ""), ("F", ", Fortran order"), ("gaps", ", 5 columns with gaps")):
        figure = statistics.median(found[name])
        print_limit(f"profile_of, 1,000,000 × 50 of float64{says}", figure, 600, " ms")
    print_limit("memory", peak(lambda: profile_of(X)), 64, " MB")
    reference = profile_of(X)
    took = alternate({"window": lambda: profile_on(reference, X)}, 3, warm_up=0)["window"]
    print_row("on its bins, every row (ms)", {"window": statistics.median(took)})


def others() -> None:
    """Print what other containers take; these have no limit."""
    random = np.random.default_rng(0)
    words = np.array(["red", "green", "blue", "violet"])[random.integers(0, 4, 1_000_000)]
    sparse = scipy.sparse.random(100_000, 1000, 0.01, format="csr", random_state=0)
    cases = {
        "1,000,000 texts (objects)": words.astype(object),
        "1,000,000 texts (numpy)": words,
        "1,000,000 numbers (objects)": random.normal(size=1_000_000).astype(object),
        "sparse 100,000 × 1000": sparse,
    }
    for name, data in cases.items():
        took = alternate({"profile": lambda data=data: profile_of(data)}, 3, warm_up=1)  # type: ignore[misc]  # the default binds the loop's name
        print_row(name, {"ms": statistics.median(took["profile"])})


if __name__ == "__main__":
    small()
    large()
    others()
