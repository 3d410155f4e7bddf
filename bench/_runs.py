"""Runs to fill a store with: ten params, ten metrics and five tags each, by a fixed seed.

Three of ten runs have the greatest value of the metric ``accuracy`` and the least of ``loss``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fitscribe.core.clock import new_run_id
from fitscribe.core.commands import Batch, NewRun, RunChange, RunRecord
from fitscribe.core.entities import Dataset, DatasetInput, InputTag
from fitscribe.core.ports import TrackingStore
from fitscribe.core.values import Metric, Param

__all__ = ["ROWS", "fill", "fit_like"]

BATCH = 1000
# The run, ten params, ten points and the latest values of them, five tags.
ROWS = 1 + 10 + 10 + 10 + 5
START = 1_700_000_000_000
SOLVERS = ("adam", "adamw", "lbfgs", "sgd")
TEAMS = ("blue", "green", "red", "white")


def fill(store: TrackingStore, experiment: str, first: int, last: int) -> None:
    """Add runs number `first` up to `last`, which is left out, in batches of a thousand."""
    for start in range(first, last, BATCH):
        store.log(Batch(list(_records(experiment, start, min(start + BATCH, last)))))


def _records(experiment: str, first: int, last: int) -> Iterator[RunRecord]:
    chance = np.random.default_rng(first)
    values = chance.random((last - first, 10)).tolist()
    whole = chance.integers(0, 100, (last - first, 10)).tolist()
    for number, floats, integers in zip(range(first, last), values, whole, strict=True):
        at = START + number * 1000
        params = [Param.of(f"p{i}", value) for i, value in enumerate(integers[:8])]
        params.append(Param.of("learning_rate", round(floats[9], 4)))
        params.append(Param.of("solver", SOLVERS[integers[9] % 4]))
        tags = {
            "mlflow.runName": f"run {number}",
            "mlflow.user": "ada",
            "mlflow.source.name": "train.py",
            "team": TEAMS[integers[8] % 4],
            "batch": str(number // 500),
        }
        yield RunRecord(
            new_run_id(),
            NewRun(experiment, f"run {number}", at, "ada"),
            params,
            [Metric(name, value, at) for name, value in _metrics(floats).items()],
            tags,
            change=RunChange(status="FINISHED", end_time=at + 500),
        )


def _metrics(chances: list[float]) -> dict[str, float]:
    values = {f"m{i}": chance for i, chance in enumerate(chances[:8])}
    best = chances[8] < 0.3
    return {**values, "loss": 0.0 if best else chances[8], "accuracy": 1.0 if best else chances[9]}


def fit_like(experiment: str, number: int) -> Batch:
    """Return what one recorded fit writes: 15 params, 7 metrics, 12 tags, a dataset."""
    at = START + number * 1000
    return Batch(
        [
            RunRecord(
                new_run_id(),
                NewRun(experiment, f"fit {number}", at, "ada"),
                [Param.of(f"param_{i}", i + number / 7) for i in range(15)],
                [Metric(f"training_{i}", 1 / (i + 1 + number), at) for i in range(7)],
                {f"tag.{i}": f"what it says {i}" for i in range(12)},
                [DatasetInput(DATASET, (InputTag("mlflow.data.context", "train"),))],
                change=RunChange(status="FINISHED", end_time=at + 5),
            )
        ]
    )


DATASET = Dataset("X", "d41d8cd98f00b204", "code", "{}", '{"mlflow_colspec": []}', "{}")
