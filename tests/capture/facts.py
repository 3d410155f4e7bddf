"""The facts of a snippet: what its docstring says, and whether what was recorded satisfies them.

It asks nothing but MLflow's own functions, so the same facts are judged under either tracker. What
has no place in MLflow is looked for in two files of a run: ``unattributed_metrics.json`` (key to
``value`` and ``candidates``) and ``findings.json`` (``findings``: objects with a ``text``).
"""

from __future__ import annotations

import ast
import fnmatch
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Fact", "Records", "facts_of", "judge"]

PARENT = "mlflow.parentRunId"
FUNCTION = "fitscribe.function"
CONTEXT = "mlflow.data.context"
KINDS = (
    *("runs", "no run", "run", "status", "param", "no metric", "metric", "history"),
    *("unattributed", "children", "child", "dataset", "artifact", "tag", "no finding", "finding"),
)
# Of which, how many words follow: at least, and at most (the value after `=` apart).
WORDS = {
    "runs": (1, 1),
    "no run": (1, 1),
    "run": (1, 2),
    "status": (2, 2),
    "param": (2, 2),
    "no metric": (2, 2),
    "metric": (2, 2),
    "history": (3, 3),
    "unattributed": (1, 1),
    "children": (2, 2),
    "child": (2, 2),
    "dataset": (3, 3),
    "artifact": (2, 2),
    "tag": (2, 2),
    "no finding": (2, 2),
    "finding": (2, 2),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a docstring.

    Parameters
    ----------
    kind : str
        One of the grammar's (README.md).
    words : tuple of str
        What follows it.
    expression : str or None
        What stands behind ``=``.
    """

    kind: str
    words: tuple[str, ...]
    expression: str | None

    def __str__(self) -> str:
        text = f"{self.kind} {' '.join(self.words)}"
        return text if self.expression is None else f"{text} = {self.expression}"


def facts_of(path: Path) -> list[Fact]:
    """Return the facts of a snippet.

    Raises
    ------
    ValueError
        If the docstring has none, or a line is no fact.
    """
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    _, found, lines = told.partition("\n\nfacts:\n")
    if not found or not lines.strip():
        raise ValueError(f"{path.name} has no facts in its docstring.")
    return [_fact(line.strip(), path.name) for line in lines.splitlines() if line.strip()]


def _fact(line: str, where: str) -> Fact:
    kind = next((kind for kind in KINDS if line.startswith(f"{kind} ")), None)
    if kind is None:
        raise ValueError(f"{where}: {line!r} is no fact; it begins with one of {KINDS}.")
    rest, equals, expression = line[len(kind) :].partition(" = ")
    words = tuple(rest.split())
    least, most = WORDS[kind]
    if not least <= len(words) <= most:
        raise ValueError(f"{where}: {line!r} has {len(words)} words after {kind!r}.")
    if equals:
        ast.parse(expression.strip(), mode="eval")
    return Fact(kind, words, expression.strip() if equals else None)


class Records:
    """What was recorded, as MLflow's functions tell it.

    Parameters
    ----------
    mlflow : module
        MLflow, or fitscribe.
    """

    def __init__(self, mlflow: Any) -> None:
        self._mlflow = mlflow
        self._client = mlflow.MlflowClient()
        self.all = mlflow.search_runs(search_all_experiments=True, output_format="list")
        # The first run of several is the one that began first.
        self.all.sort(key=lambda run: run.info.start_time)

    @property
    def top(self) -> list[Any]:
        """The runs without a parent."""
        return [run for run in self.all if PARENT not in run.data.tags]

    def of(self, what: str) -> list[Any]:
        """Return the runs without a parent of a class, or of a function that validates."""
        return [run for run in self.top if what in _names(run)]

    def children(self, run: Any) -> list[Any]:
        """Return the runs below one."""
        return [one for one in self.all if one.data.tags.get(PARENT) == run.info.run_id]

    def history(self, run: Any, key: str) -> list[float]:
        """Return the values of a metric, by step."""
        points = self._client.get_metric_history(run.info.run_id, key)
        return [point.value for point in sorted(points, key=lambda one: (one.step, one.timestamp))]

    def artifacts(self, run: Any, path: str | None = None) -> Iterator[str]:
        """Yield the paths of a run's files."""
        for entry in self._client.list_artifacts(run.info.run_id, path):
            if entry.is_dir:
                yield from self.artifacts(run, entry.path)
            else:
                yield entry.path

    def told(self, run: Any, name: str) -> Any:
        """Return what is in a JSON file of a run, or None."""
        if name not in self.artifacts(run):
            return None
        return self._mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/{name}")


def _names(run: Any) -> set[str]:
    """Return what a fact may call a run: a cross-validation goes by its function."""
    tags = run.data.tags
    name = tags.get(FUNCTION) or tags.get("estimator_name")
    return set() if name is None else {name}


def judge(fact: Fact, records: Records, values: Mapping[str, Any]) -> bool:
    """Whether a fact holds; `values` are the last globals of the script."""
    wanted = None
    if fact.expression is not None:
        wanted = eval(fact.expression, dict(values))  # the corpus is ours
    return _JUDGES[fact.kind](fact, records, wanted)


def _runs(fact: Fact, records: Records, wanted: Any) -> bool:
    return len(records.top) == int(fact.words[0])


def _run(fact: Fact, records: Records, wanted: Any) -> bool:
    found = len(records.of(fact.words[0]))
    return found == int(fact.words[1][1:]) if len(fact.words) == 2 else found > 0


def _status(fact: Fact, records: Records, wanted: Any) -> bool:
    return any(run.info.status == fact.words[1] for run in records.of(fact.words[0]))


def _text(fact: Fact, records: Records, wanted: Any) -> bool:
    what = "params" if fact.kind == "param" else "tags"
    for run in records.of(fact.words[0]):
        for text in _matching(getattr(run.data, what), fact.words[1]):
            if fact.expression is None or text == str(wanted):
                return True
    return False


def _metric(fact: Fact, records: Records, wanted: Any) -> bool:
    return any(
        _has(_matching(run.data.metrics, fact.words[1]), fact, wanted)
        for run in records.of(fact.words[0])
    )


def _history(fact: Fact, records: Records, wanted: Any) -> bool:
    for run in records.of(fact.words[0]):
        for key in fnmatch.filter(run.data.metrics, fact.words[1]):
            points = records.history(run, key)
            if len(points) == int(fact.words[2]) and (
                fact.expression is None or all(map(_equal, points, wanted))
            ):
                return True
    return False


def _unattributed(fact: Fact, records: Records, wanted: Any) -> bool:
    for run in records.all:
        for told in _matching(records.told(run, "unattributed_metrics.json") or {}, fact.words[0]):
            if told.get("candidates") is not None and _has([told["value"]], fact, wanted):
                return True
    return False


def _children(fact: Fact, records: Records, wanted: Any) -> bool:
    found = records.of(fact.words[0])
    return bool(found) and len(records.children(found[0])) == int(fact.words[1])


def _child(fact: Fact, records: Records, wanted: Any) -> bool:
    return any(
        _has(_matching(child.data.metrics, fact.words[1]), fact, wanted)
        for run in records.of(fact.words[0])
        for child in records.children(run)
    )


def _dataset(fact: Fact, records: Records, wanted: Any) -> bool:
    what, name, context = fact.words
    return any(
        given.dataset.name == name
        and any(tag.key == CONTEXT and tag.value == context for tag in given.tags)
        for run in records.of(what)
        for given in run.inputs.dataset_inputs
    )


def _artifact(fact: Fact, records: Records, wanted: Any) -> bool:
    return any(
        fnmatch.filter(records.artifacts(run), fact.words[1]) for run in records.of(fact.words[0])
    )


def _finding(fact: Fact, records: Records, wanted: Any) -> bool:
    return any(
        fact.words[1].casefold() in str(finding.get("text", "")).casefold()
        for run in records.of(fact.words[0])
        for finding in (records.told(run, "findings.json") or {}).get("findings", [])
    )


_JUDGES = {
    "runs": _runs,
    "run": _run,
    "no run": lambda *given: not _run(*given),
    "status": _status,
    "param": _text,
    "tag": _text,
    "metric": _metric,
    "no metric": lambda *given: not _metric(*given),
    "history": _history,
    "unattributed": _unattributed,
    "children": _children,
    "child": _child,
    "dataset": _dataset,
    "artifact": _artifact,
    "finding": _finding,
    "no finding": lambda *given: not _finding(*given),
}


def _matching(given: Mapping[str, Any], pattern: str) -> list[Any]:
    wanted = re.compile(fnmatch.translate(pattern))
    return [value for key, value in given.items() if wanted.match(key)]


def _has(values: list[float], fact: Fact, wanted: Any) -> bool:
    if fact.expression is None:
        return bool(values)
    return any(_equal(value, wanted) for value in values)


def _equal(value: float, wanted: Any) -> bool:
    return math.isclose(value, float(wanted), rel_tol=1e-9, abs_tol=1e-9)
