"""What formats of models cost over all estimators of scikit-learn: size, writing, reading.

Each estimator is fitted on small data, as the tests do. Contestants take turns in one process; of
each estimator the median of the turns counts, and what is printed is the median over estimators,
the 95th percentile, and the median of the ratios to bare pickle. A forest of 40 MB follows, and
what ``log_model`` takes beside writing a pickle and its checksum to a file.

``own`` is read as a file of one's own, ``stranger's`` with all that a stranger's takes: its
SHA-256 compared, its names and what it holds looked at. A stranger's has the limits.

The limit of the forest is of its folder on disk, in fresh processes. In one that read forests
before, the memory of the last one is at hand or was given back, by chance: bare pickle takes a
quarter in the first case, and a digest, which needs no memory, always the same.
"""

from __future__ import annotations

import gc
import hashlib
import io
import pickle
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import fitscribe
import fitscribe.sklearn
from _measure import (
    alternate,
    alternate_processes,
    compile_package,
    paired,
    print_limit,
    print_row,
    settle,
)
from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.formats import dump, load
from fitscribe.modelfolder.seal import SEAL
from fitscribe.modelfolder.write import build, save

HERE = Path(__file__).resolve().parent
TURNS = 5
# What a fresh process does: all is imported, a small forest was loaded, and only then it counts.
FRESH = """
import pickle, sys, time
from fitscribe.modelfolder.read import load
small, large, way = sys.argv[1:]
load(small)
start = time.process_time_ns()
if way == "pickle":
    with open(large + "/model.pkl", "rb") as file:
        model = pickle.load(file)
else:
    model = load(large)
print("cpu_ms", (time.process_time_ns() - start) / 1e6)
"""
# One call of a contestant takes at least so long, by repeating it.
LEAST_NS = 200_000

Contestants = Mapping[str, Callable[[], object]]


def joblib_dump(model: Any) -> bytes:
    stream = io.BytesIO()
    joblib.dump(model, stream, compress=3)
    return stream.getvalue()


def as_strangers(data: bytes, digest: str, format: str) -> object:
    """Read a model as one reads a folder that somebody else wrote."""
    if hashlib.sha256(data).hexdigest() != digest:
        raise AssertionError("the file was changed")
    return load(data, format, runs_code=False)


def writers(model: Any) -> dict[str, Callable[[], bytes]]:
    """Return what writes a model, by the name of the format; skops only if it can."""
    found: dict[str, Callable[[], bytes]] = {
        "pickle": partial(pickle.dumps, model, 5),
        "fitscribe pickle": lambda: dump(model, "pickle").data,
        "cloudpickle": partial(cloudpickle.dumps, model),
        "joblib, compress 3": partial(joblib_dump, model),
        "skops": lambda: dump(model, "skops").data,
    }
    try:
        found["skops"]()
    except FitscribeError:
        del found["skops"]
    return found


def readers(files: Mapping[str, bytes]) -> dict[str, Callable[[], object]]:
    """Return what reads each of the files."""
    own = files["fitscribe pickle"]
    found: dict[str, Callable[[], object]] = {
        "pickle": partial(pickle.loads, files["pickle"]),
        "fitscribe pickle, own": partial(load, own, "pickle", runs_code=True),
        "fitscribe pickle, stranger's": partial(
            as_strangers, own, hashlib.sha256(own).hexdigest(), "pickle"
        ),
        "cloudpickle": partial(cloudpickle.loads, files["cloudpickle"]),
        "joblib, compress 3": lambda: joblib.load(io.BytesIO(files["joblib, compress 3"])),
    }
    if "skops" in files:
        digest = hashlib.sha256(files["skops"]).hexdigest()
        found["skops, stranger's"] = partial(as_strangers, files["skops"], digest, "skops")
    return found


def turns(contestants: Contestants, rounds: int = TURNS) -> dict[str, float]:
    """Return the CPU ms of one call of each, the median of turns."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    repeats = {}
    for name, contestant in contestants.items():
        contestant()
        start = time.process_time_ns()
        contestant()
        repeats[name] = 1 + LEAST_NS // max(time.process_time_ns() - start, 1_000)
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, contestant in contestants.items():
            start = time.process_time_ns()
            for _ in range(repeats[name]):
                contestant()
            times[name].append((time.process_time_ns() - start) / repeats[name] / 1e6)
    gc.enable()
    return {name: statistics.median(found) for name, found in times.items()}


def fitted() -> list[Any]:
    """Return every estimator of scikit-learn, fitted."""
    sys.path.append(str(HERE.parent / "tests" / "sklearn"))
    import estimators  # type: ignore[import-not-found]  # the tests' own list

    return [
        estimators.fit(estimators.make(name), *estimators.data_for(name))
        for name in estimators.cases()
    ]


def print_table(what: str, found: Sequence[Mapping[str, float]], digits: int) -> None:
    """Print medians, 95th percentiles and ratios to bare pickle, a line a format."""
    for name in max(found, key=len):
        pairs = [(each[name], each["pickle"]) for each in found if name in each]
        values = [value for value, _ in pairs]
        ratio = statistics.median(value / bare for value, bare in pairs)
        print_row(
            f"{what}: {name}",
            {
                "median": f"{statistics.median(values):.{digits}f}",
                "p95": f"{np.quantile(values, 0.95):.{digits}f}",
                "× pickle": ratio,
                "of": f"{len(values)}",
            },
        )


def all_estimators() -> None:
    sizes, written, read = [], [], []
    for model in fitted():
        writes = writers(model)
        files = {name: write() for name, write in writes.items()}
        sizes.append({name: float(len(data)) for name, data in files.items()})
        written.append(turns(writes))
        read.append(turns(readers(files)))
    print_table("bytes", sizes, 0)
    print_table("dump ms", written, 3)
    print_table("load ms", read, 3)
    over = [each["fitscribe pickle, stranger's"] - 3 * each["pickle"] for each in read]
    print_limit("a stranger's over 3 × pickle.loads, median", statistics.median(over), 1, " ms")


def forest(folder: Path) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(20_000, 20))
    y = (X[:, 0] + X[:, 1] * X[:, 2] + random.normal(size=20_000) > 0).astype(int)
    model = RandomForestClassifier(96, random_state=0).fit(X, y)
    writes = writers(model)
    files = {name: write() for name, write in writes.items()}
    found = {"MB": {name: len(data) / 1e6 for name, data in files.items()}}
    found["dump ms"] = turns(writes, 3)
    found["load ms"] = turns(readers(files), 5)
    for what, each in found.items():
        for name, value in each.items():
            cells: dict[str, float | str] = {what: value, "× pickle": value / each["pickle"]}
            print_row(f"forest: {name}", cells)
    small = RandomForestClassifier(2, random_state=0).fit(X[:50], y[:50])
    places = [str(strangers(each, folder / name)) for name, each in (("s", small), ("l", model))]
    scripts = {way: [sys.executable, "-c", FRESH, *places, way] for way in ("pickle", "load")}
    took = {way: statistics.median(ms) for way, ms in alternate_processes(scripts, 9).items()}
    for way, value in took.items():
        print_row(f"forest in a fresh process: {way}", {"load ms": value})
    print_limit("a stranger's forest over pickle.load", took["load"] / took["pickle"], 2, " ×")


def strangers(model: Any, path: Path) -> Path:
    """Write a model's folder as somebody else's, and return it."""
    save(build(model), path)
    (path / SEAL).unlink(missing_ok=True)
    return path


def logged(folder: Path) -> None:
    fitscribe.set_tracking_uri(f"sqlite:///{folder / 'fitscribe.db'}")
    model = LogisticRegression().fit(np.eye(20), np.arange(20) % 2)
    numbers = iter(range(1_000_000))

    def bare() -> None:
        data = pickle.dumps(model, 5)
        place = folder / f"bare-{next(numbers)}"
        place.mkdir()
        (place / "model.pkl").write_bytes(data)
        hashlib.sha256(data).hexdigest()

    with fitscribe.start_run():
        found = alternate(
            {"log_model": lambda: fitscribe.sklearn.log_model(model, name="m"), "bare": bare},
            25,
            warm_up=5,
        )
    figure = paired(found["log_model"], found["bare"])
    print_limit("log_model over a pickle, its file and its SHA-256", figure, 5, " ms")


if __name__ == "__main__":
    compile_package()
    warnings.simplefilter("ignore")  # some estimators are deprecated, or did not converge
    with threadpool_limits(1), tempfile.TemporaryDirectory() as temporary:
        all_estimators()
        forest(Path(temporary))
        settle(Path(temporary))
        logged(Path(temporary))
