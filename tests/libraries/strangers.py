"""What is asked of a model of another library: its folder is read as a stranger's is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from recorded import only_run
from scipy import sparse

import fitscribe
import fitscribe.sklearn

__all__ = [
    "G",
    "R",
    "X",
    "Y",
    "Y3",
    "answers",
    "changed_at_random",
    "come_back",
    "history",
    "recorded_alone",
    "same",
]

_random = np.random.default_rng(0)
# Rows, two classes, three classes, numbers, and groups for rankers.
X = _random.normal(size=(120, 4))
Y = (X[:, 0] + 0.5 * _random.normal(size=120) > 0.6).astype(int)
R = 2 * X[:, 0] - X[:, 2] + 0.1 * _random.normal(size=120)
Y3 = np.digitize(R, [-1.0, 1.0])
G = np.repeat(np.arange(12), 10)

METHODS = ("predict", "predict_proba", "decision_function", "transform", "fit_resample")


def answers(model: Any, rows: Any, target: Any = None) -> dict[str, Any]:
    """Return what a model says of rows, by method."""
    found = {}
    for method in METHODS:
        if hasattr(model, method):
            ask = getattr(model, method)
            found[method] = ask(rows, target) if method == "fit_resample" else ask(rows)
    assert found
    return found


def same(one: Any, other: Any) -> None:
    """Assert that two answers are the same, to the bit."""
    if isinstance(one, (dict, tuple)):
        assert len(one) == len(other)
        for key in one if isinstance(one, dict) else range(len(one)):
            same(one[key], other[key])
    elif hasattr(one, "columns"):
        same(list(one.columns), list(other.columns))
        for name in one.columns:
            same(np.asarray(one[name]), np.asarray(other[name]))
    elif sparse.issparse(one):
        same(one.toarray(), other.toarray())
    else:
        assert type(one) is type(other)
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def come_back(model: Any, folder: Path) -> Any:
    """Return a model that went to a folder and is read from it as a stranger's is."""
    fitscribe.sklearn.save_model(model, folder)
    (folder / "seal.json").unlink()
    return fitscribe.sklearn.load_model(folder)


def changed_at_random(library: str) -> tuple[int, int]:
    """Read and use many changed boosters in another process, which must not crash.

    Returns how many of them were refused, and how many were used.
    """
    count = "4000" if os.environ.get("FITSCRIBE_SOAK") == "1" else "400"
    script = Path(__file__).with_name("changed_boosters.py")
    done = subprocess.run(
        [sys.executable, str(script), library, "7", "0", count],
        check=False,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr[-2000:]
    # LightGBM prints before it.
    refused, used = map(int, done.stdout.split()[-2:])
    return refused, used


def recorded_alone(make: Callable[[], Any], rows: Any) -> tuple[Any, Any]:
    """Return a model that was fitted unseen, and the only run of the same fit, recorded.

    The model of the recorded fit, and that of the run's folder, give the answers of the first.
    """
    np.random.seed(0)
    with fitscribe.sklearn.autolog_disabled():
        plain = make()
    np.random.seed(0)
    watched = make()
    same(answers(watched, rows), answers(plain, rows))
    run = only_run()
    found = fitscribe.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    same(answers(found, rows), answers(plain, rows))
    assert run.info.status == "FINISHED"
    assert "fitscribe.incomplete" not in run.data.tags
    assert run.data.params
    return plain, run


def history(run: Any, key: str) -> list[float]:
    """Return the values of a metric of a run, in the order of their steps."""
    told = fitscribe.MlflowClient().get_metric_history(run.info.run_id, key)
    return [one.value for one in sorted(told, key=lambda one: one.step)]
