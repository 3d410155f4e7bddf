"""How far a search is: what each candidate came to on each split, as it comes in.

Results are noted by whichever thread has them, in one step that needs no lock. One reader at a
time (the thread that publishes, and at the end the search's own) puts them into columns.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from fitscribe.sklearn.describe import param_text

__all__ = ["Progress"]

# What `_fit_and_score` is told of its place in a search, in scikit-learn 1.5 to 1.9.
CANDIDATE, SPLIT, PARAMS = "candidate_progress", "split_progress", "parameters"


@dataclass(slots=True)
class _Round:
    """One call for candidates: a grid has one, halving and a Bayesian search have several.

    Parameters
    ----------
    first : int
        The number of its first candidate in the search.
    candidates, splits : int
        How many.
    resources : int or None
        What halving gives to each fit.
    started_ms : int
        Milliseconds since 1970 UTC.
    """

    first: int
    candidates: int
    splits: int
    resources: int | None
    started_ms: int
    done: int = 0


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """What one candidate came to on one split."""

    place: int
    ended_ms: int
    result: Mapping[str, Any]


@dataclass(slots=True)
class Progress:
    """The evaluations of a search: those that were handed out, and those that came back.

    Parameters
    ----------
    started_ms : int
        When the search began, in milliseconds since 1970 UTC.
    metric : str or None
        The one that says which candidate is best; None is the first.
    """

    started_ms: int
    metric: str | None = None
    _rounds: list[_Round] = field(default_factory=list)
    _params: list[Mapping[str, Any]] = field(default_factory=list)
    # Of each evaluation that was handed out: (round, candidate, split).
    _places: list[tuple[int, int, int]] = field(default_factory=list)
    _ended: list[_Evaluation] = field(default_factory=list)
    # Of the reader.
    _read: int = 0
    _failed: int = 0
    _texts: list[dict[str, str]] = field(default_factory=list)
    _columns: dict[str, list[Any]] = field(default_factory=dict)
    # Of each candidate that is not done yet: its score on each split.
    _scores: dict[int, dict[int, float]] = field(default_factory=dict)
    _best: tuple[int, float, int] | None = None

    # Who hands out, and who hears

    def begin_round(self, task: Mapping[str, Any], resources: int | None, now_ms: int) -> None:
        """Begin a call for candidates; `task` is the keywords of its first evaluation."""
        candidates, splits = task[CANDIDATE][1], task[SPLIT][1]
        first = len(self._params)
        self._rounds.append(_Round(first, candidates, splits, resources, now_ms))

    def begin(self, task: Mapping[str, Any]) -> int:
        """Note an evaluation that is handed out; return its place."""
        last = self._rounds[-1]
        candidate = last.first + task[CANDIDATE][0]
        while len(self._params) <= candidate:
            self._params.append(task[PARAMS] or {})
        self._places.append((len(self._rounds) - 1, candidate, task[SPLIT][0]))
        return len(self._places) - 1

    def note(self, place: int, result: Mapping[str, Any], now_ms: int) -> None:
        """Note what an evaluation returned."""
        self._ended.append(_Evaluation(place, now_ms, result))

    # Who reads

    @property
    def ended(self) -> int:
        """How many evaluations came back."""
        return len(self._ended)

    def document(self, now_ms: int, over: bool = False) -> dict[str, Any]:
        """Return all of it, for ``progress.json``; of what is `over`, nothing is left to do."""
        self._take_in()
        total = sum(one.candidates * one.splits for one in self._rounds)
        return {
            "format": 1,
            "started": self.started_ms,
            "updated": now_ms,
            "done": self._read,
            "total": total,
            "failed": self._failed,
            "seconds_left": None if over else self._seconds_left(now_ms),
            "best": self._best_so_far(),
            "rounds": [
                {
                    "candidates": one.candidates,
                    "splits": one.splits,
                    "done": one.done,
                    "resources": one.resources,
                }
                for one in self._rounds
            ],
            "candidates": self._texts,
            "evaluations": self._columns,
        }

    def _seconds_left(self, now_ms: int) -> float | None:
        """Return how long the round takes still, if its evaluations go on as they did."""
        if not self._rounds or not self._rounds[-1].done:
            return None
        last = self._rounds[-1]
        each = (now_ms - last.started_ms) / 1000 / last.done
        return round(each * (last.candidates * last.splits - last.done), 1)

    def _best_so_far(self) -> dict[str, Any] | None:
        if self._best is None:
            return None
        _, score, back = self._best
        candidate = -back
        return {
            "candidate": candidate,
            "metric": self.metric,
            "score": score,
            "params": self._texts[candidate],
        }

    def _take_in(self) -> None:
        """Put what came in since the last time into the columns."""
        for params in self._params[len(self._texts) :]:
            self._texts.append({str(key): _text(value) for key, value in params.items()})
        while self._read < len(self._ended):
            one = self._ended[self._read]
            number, candidate, split = self._places[one.place]
            row: dict[str, Any] = {
                "candidate": candidate,
                "split": split,
                "ended": one.ended_ms,
                "failed": bool(one.result.get("fit_error")),
                "fit_time": one.result.get("fit_time"),
                "score_time": one.result.get("score_time"),
            }
            scores = _scores(one.result, "test_scores")
            row |= {f"test_{name}": value for name, value in scores.items()}
            trained = _scores(one.result, "train_scores")
            row |= {f"train_{name}": value for name, value in trained.items()}
            self._add(row)
            self._rounds[number].done += 1
            if row["failed"] or all(map(math.isnan, scores.values())):
                self._failed += 1
            self._compare(number, candidate, split, scores)

    def _add(self, row: Mapping[str, Any]) -> None:
        """Add a row; a column that is new, or has no value here, is filled with None."""
        for name in row:
            if name not in self._columns:
                self._columns[name] = [None] * self._read
        for name, column in self._columns.items():
            column.append(row.get(name))
        self._read += 1

    def _compare(
        self, number: int, candidate: int, split: int, scores: Mapping[str, float]
    ) -> None:
        """Make a candidate whose splits are all done the best, if it is."""
        if self.metric is None:
            self.metric = next(iter(scores), None)
        of_splits = self._scores.setdefault(candidate, {})
        of_splits[split] = scores.get(self.metric or "", math.nan)
        if len(of_splits) < self._rounds[number].splits:
            return
        del self._scores[candidate]
        mean = float(np.average([[of_splits[one] for one in sorted(of_splits)]], axis=1)[0])
        # Scores of halving's iterations cannot be compared: the last one counts, as it does there.
        # Of equal candidates it is the first.
        iteration = 0 if self._rounds[number].resources is None else number
        rank = (iteration, mean, -candidate)
        if not math.isnan(mean) and (self._best is None or rank > self._best):
            self._best = rank

    # What is there when a search is interrupted

    def results(self) -> dict[str, Any] | None:
        """Return the candidates whose splits are all done, as in ``cv_results_``.

        Ranks are left out, which only all candidates together have; None if there is none.
        """
        self._take_in()
        rows = self._rows_of_candidates()
        if not rows:
            return None
        found: dict[str, Any] = {}
        for name in ("fit_time", "score_time"):
            found |= _means(name, self._table(name, rows))
        for name in sorted({str(key) for params in self._params for key in params}):
            column = np.ma.MaskedArray(np.empty(len(rows), dtype=object), mask=True)
            for at, candidate in enumerate(rows):
                if name in self._params[candidate]:
                    column[at] = self._params[candidate][name]
            found[f"param_{name}"] = column
        found["params"] = [self._params[candidate] for candidate in rows]
        numbers = [self._places[places[0]][0] for places in rows.values()]
        if self._rounds[0].resources is not None:
            found["iter"] = np.asarray(numbers)
            found["n_resources"] = np.asarray([self._rounds[one].resources for one in numbers])
        for name in [key for key in self._columns if key.startswith(("test_", "train_"))]:
            table = self._table(name, rows)
            found |= {f"split{at}_{name}": column for at, column in enumerate(table.T)}
            found |= _means(name, table)
        return found

    def _rows_of_candidates(self) -> dict[int, list[int]]:
        """Return for each candidate that is done the places of its evaluations, by split."""
        back = {one.place: at for at, one in enumerate(self._ended)}
        found: dict[int, list[int]] = {}
        for place, (_, candidate, _) in enumerate(self._places):
            if place in back:
                found.setdefault(candidate, []).append(place)
        splits = self._rounds[0].splits if self._rounds else 0
        return {candidate: places for candidate, places in found.items() if len(places) == splits}

    def _table(self, name: str, rows: Mapping[int, list[int]]) -> np.ndarray[Any, Any]:
        """Return a column as a row a candidate and a column a split."""
        at = {one.place: number for number, one in enumerate(self._ended)}
        values = self._columns[name]
        cells = [[values[at[place]] for place in places] for places in rows.values()]
        return np.asarray(
            [[math.nan if cell is None else cell for cell in row] for row in cells], dtype=float
        )


def _means(name: str, table: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {f"mean_{name}": table.mean(axis=1), f"std_{name}": table.std(axis=1)}


def _scores(result: Mapping[str, Any], key: str) -> dict[str, float]:
    """Return scores by name; scikit-learn gives a single one bare."""
    found = result.get(key)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        return {"score": float(found)}
    return {str(name): float(value) for name, value in found.items()}


def _text(value: Any) -> str:
    """Return a param as text; of what has code of the user's own to say it, only the class.

    This runs beside the search.
    """
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(_text, value[:100]))
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if isinstance(value, _SAID) or inspect.isroutine(value) or inspect.isclass(value):
        return param_text(value)
    return type(value).__name__


_SAID = (type(None), str, bytes, int, float, complex, np.generic, BaseEstimator)
