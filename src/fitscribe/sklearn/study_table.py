"""The trials of an Optuna study as a table: how far it is, and ``trials.csv``.

A trial has no splits, may have several values or none, and ends in one of three ways. So its table
is none of ``cv_results_``: it has the columns of Optuna's ``study.trials_dataframe()``, with the
metric's name for the values and the id of each trial's run.
"""

from __future__ import annotations

import csv
import io
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fitscribe.sklearn.describe import param_text

__all__ = [
    "COMPLETE",
    "FAILED",
    "PRUNED",
    "StudyTable",
    "best_before",
    "times_of",
    "trial_of",
    "values_of",
]

COMPLETE, PRUNED, FAILED = "COMPLETE", "PRUNED", "FAIL"


def values_of(trial: Any, names: Sequence[str]) -> dict[str, float]:
    """Return the values of a finished trial by the names of metrics; none for one that failed."""
    values = trial.values
    if values is None or len(values) != len(names):
        return {}
    return dict(zip(names, map(float, values), strict=True))


@dataclass(slots=True)
class StudyTable:
    """What is known of the trials that one run has seen.

    Parameters
    ----------
    names : sequence of str
        Of the metrics, one for each value of a trial.
    maximizes : bool or None
        Whether the larger value is the better one; None for several values.
    total : int or None
        How many trials were asked for.
    seconds : float or None
        How long the study may take.
    started_ms : int
        Milliseconds since 1970 UTC.
    best : tuple of (float, int, dict) or None
        Value, number and params of the best trial of before.
    """

    names: Sequence[str]
    maximizes: bool | None
    total: int | None
    seconds: float | None
    started_ms: int
    best: tuple[float, int, Mapping[str, Any]] | None = None
    begun: int = 0
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys((COMPLETE, PRUNED, FAILED), 0)
    )
    _trials: list[tuple[Any, str, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, trial: Any, run_id: str, now_ms: int) -> bool:
        """Take a trial that is over; return whether it is the best so far."""
        with self._lock:
            self._trials.append((trial, run_id, now_ms))
            self.counts[trial.state.name] = self.counts.get(trial.state.name, 0) + 1
            return self._is_best(trial)

    def _is_best(self, trial: Any) -> bool:
        if self.maximizes is None or trial.state.name != COMPLETE:
            return False
        value = float(trial.values[0])
        if math.isnan(value):
            return False
        known = self.best
        if known is not None and not (value > known[0] if self.maximizes else value < known[0]):
            return False
        self.best = value, trial.number, dict(trial.params)
        return True

    @property
    def done(self) -> int:
        """How many trials are over."""
        return len(self._trials)

    def document(self, now_ms: int, over: bool = False) -> dict[str, Any]:
        """Return all of it, for ``progress.json``; of what is `over`, nothing is left to do."""
        with self._lock:
            trials, counts, best = list(self._trials), dict(self.counts), self.best
        done = len(trials)
        total = done if over else max(self.total or 0, self.begun, done)
        places = {trial.number: place for place, (trial, _, _) in enumerate(trials)}
        return {
            "format": 1,
            "started": self.started_ms,
            "updated": now_ms,
            "done": done,
            "total": total,
            "failed": counts[FAILED],
            "pruned": counts[PRUNED],
            "seconds_left": None if over else self._seconds_left(now_ms, done),
            "best": None
            if best is None
            else {
                "candidate": places.get(best[1]),
                "trial": best[1],
                "metric": self.names[0],
                "score": best[0],
                "params": _texts(best[2]),
            },
            "rounds": [{"candidates": total, "splits": 1, "done": done, "resources": None}],
            "candidates": [_texts(trial.params) for trial, _, _ in trials],
            "evaluations": self._evaluations(trials),
        }

    def _seconds_left(self, now_ms: int, done: int) -> float | None:
        gone = (now_ms - self.started_ms) / 1000
        left = [] if self.seconds is None else [max(0.0, self.seconds - gone)]
        if self.total is not None and done:
            left.append(gone / done * max(0, self.total - done))
        return round(min(left), 1) if left else None

    def _evaluations(self, trials: Sequence[tuple[Any, str, int]]) -> dict[str, list[Any]]:
        values = [values_of(trial, self.names) for trial, _, _ in trials]
        return {
            "candidate": list(range(len(trials))),
            "split": [0] * len(trials),
            "trial": [trial.number for trial, _, _ in trials],
            "state": [trial.state.name for trial, _, _ in trials],
            "ended": [now_ms for _, _, now_ms in trials],
            "failed": [trial.state.name == FAILED for trial, _, _ in trials],
            "duration": [_seconds(trial) for trial, _, _ in trials],
            **{name: [one.get(name) for one in values] for name in self.names},
        }

    def csv(self) -> bytes:
        """Return ``trials.csv``: a row a trial, in the order of their numbers."""
        with self._lock:
            trials = sorted(self._trials, key=lambda one: one[0].number)
        params = sorted({key for trial, _, _ in trials for key in trial.params})
        attrs = sorted({key for trial, _, _ in trials for key in trial.user_attrs})
        head = ["number", *self.names, "datetime_start", "datetime_complete", "duration"]
        head += [f"params_{key}" for key in params] + [f"user_attrs_{key}" for key in attrs]
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([*head, "state", "run_id"])
        for trial, run_id, _ in trials:
            values = values_of(trial, self.names)
            row = [trial.number, *(values.get(name, "") for name in self.names)]
            row += [trial.datetime_start, trial.datetime_complete, _seconds(trial)]
            row += [trial.params.get(key, "") for key in params]
            row += [trial.user_attrs.get(key, "") for key in attrs]
            writer.writerow([*row, trial.state.name, run_id])
        return buffer.getvalue().encode("utf-8", "backslashreplace")


def _seconds(trial: Any) -> float | None:
    duration = trial.duration
    return None if duration is None else float(duration.total_seconds())


def _texts(params: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): param_text(value) for key, value in params.items()}


# What else is read of a study


def best_before(study: Any, values: int) -> tuple[float, int, dict[str, Any]] | None:
    """Return value, number and params of the best trial of a study that goes on."""
    if values != 1:
        return None
    # Asking for the best of none is an error.
    found = [one for one in study.get_trials(deepcopy=False) if one.state.name == COMPLETE]
    if not found:
        return None
    best = study.best_trial
    return float(best.value), best.number, dict(best.params)


def trial_of(study: Any, number: int) -> Any:
    """Return a trial that is over, by its number; None if there is none."""
    if study is None:
        return None
    trials = study.get_trials(deepcopy=False)
    found = next((one for one in trials if one.number == number), None)
    return found if found is not None and found.state.is_finished() else None


def times_of(trial: Any, now_ms: int) -> tuple[int, int]:
    """Return when a trial started and ended, in milliseconds since 1970 UTC."""

    def of(moment: datetime | None) -> int:
        # Optuna's are of local time, without saying so.
        return now_ms if moment is None else int(moment.timestamp() * 1000)

    return of(trial.datetime_start), of(trial.datetime_complete)
