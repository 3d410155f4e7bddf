"""Run as a script: every estimator as a class of ``__main__``, and in workers and threads.

Prints JSON: for each way, which estimators behave otherwise under autologging, and how; and how
many runs each way should have left and did.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import cloudpickle
import estimators
import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor
from sklearn.base import BaseEstimator

import fitscribe
import fitscribe.sklearn

SOAK = bool(os.environ.get("FITSCRIBE_SOAK"))
Look = Callable[[list[str]], dict[str, dict[str, Any]]]


def as_users_class(name: str) -> BaseEstimator:
    """Return an instance of a class of this script that derives from scikit-learn's."""
    model = estimators.make(name)
    base: Any = type(model)

    class Own(base):  # type: ignore[misc]  # a base that is known at run time only
        def fit(self, X: Any, y: Any = None) -> Any:
            self.seen_by_own_ = True
            return estimators.fit(super(), X, y)

    Own.__name__ = Own.__qualname__ = f"Own{name}"
    Own.__init__ = base.__init__
    globals()[Own.__name__] = Own
    model.__class__ = Own
    return model


def seen_of(model: Any, X: Any, y: Any) -> dict[str, Any]:
    """Fit and use a model; return all that shows of it, as bytes and text."""
    random.seed(1)
    np.random.seed(1)
    seen: dict[str, Any] = {}
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        try:
            estimators.fit(model, X, y)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        for method in ("predict", "transform"):
            try:
                value = getattr(model, method)(X)
            except Exception as error:
                seen[method] = f"{type(error).__name__}: {error}"
            else:
                value = value.toarray() if hasattr(value, "toarray") else value
                seen[method] = repr(np.asarray(value).tolist())
    seen["warnings"] = [f"{w.category.__name__}: {w.message}" for w in shown]
    seen["numpy"] = repr(np.random.get_state())
    seen["random"] = repr(random.getstate())
    return seen


def in_main(name: str) -> dict[str, Any]:
    X, y = estimators.data_for(name)
    model = as_users_class(name)
    seen = seen_of(model, X, y)
    if "error" not in seen:
        kept = cloudpickle.dumps(model)
        seen["names fitscribe"] = b"fitscribe" in kept
        seen["opens"] = type(pickle.loads(kept)).__name__
    return seen


def in_worker(name: str) -> dict[str, Any]:
    X, y = estimators.data_for(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some classes are deprecated
        model = estimators.make(name)
    return seen_of(model, X, y)


def in_pool(backend: str, names: list[str]) -> dict[str, dict[str, Any]]:
    # In threads one after the other: the states of the generators are the process's own.
    how: dict[str, Any] = {"pre_dispatch": 1} if backend == "threading" else {"batch_size": 10}
    pool = joblib.Parallel(n_jobs=2, backend=backend, **how)
    return dict(zip(names, pool(joblib.delayed(in_worker)(name) for name in names), strict=True))


def all_in_main(names: list[str]) -> dict[str, dict[str, Any]]:
    return {name: in_main(name) for name in names}


def differences(bare: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: [str(bare[name].get(key))[:300], str(seen[name].get(key))[:300]]}
        for name in bare
        for key in {**bare[name], **seen[name]}
        if bare[name].get(key) != seen[name].get(key)
    }


def recorded() -> list[Any]:
    return list(fitscribe.search_runs(output_format="list", max_results=50_000))


def main() -> None:
    fitscribe.set_tracking_uri(sys.argv[1])
    names = estimators.cases()
    threads = names if SOAK else names[::3]
    ways: dict[str, tuple[Look, list[str]]] = {
        "main": (all_in_main, names),
        "loky": (lambda names: in_pool("loky", names), names),
        "loky again": (lambda names: in_pool("loky", names), names if SOAK else names[::6]),
        "threading": (lambda names: in_pool("threading", names), threads),
    }
    report: dict[str, Any] = {}
    plain = {name: in_worker(name) for name in names}
    # Workers have other numbers of threads for linear algebra, and so other last digits. They are
    # ended afterwards, for the first recorded fits are to be in fresh ones.
    in_process = in_pool("loky", names)
    get_reusable_executor().shutdown(wait=True)
    for way, (look, chosen) in ways.items():
        known_bare = in_process if way.startswith("loky") else plain
        bare = look(chosen) if way == "main" else {name: known_bare[name] for name in chosen}
        fitscribe.sklearn.autolog(silent=True)
        before = len(recorded())
        report[way] = differences(bare, look(chosen))
        fitscribe.sklearn.autolog(disable=True)
        runs = recorded()
        fresh = runs[: len(runs) - before]
        report[f"{way} names"] = chosen
        report[f"{way} stray"] = [r.info.run_name for r in fresh if r.info.status == "RUNNING"]
        report[f"{way} runs"] = [
            run.data.tags["estimator_name"]
            for run in fresh
            if "mlflow.parentRunId" not in run.data.tags
        ]
    print(json.dumps(report))


if __name__ == "__main__":
    main()
