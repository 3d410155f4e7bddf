"""What the metrics of a run are called, and their way into its rows and files.

Keys are MLflow's: ``{metric}{-N}_{dataset}``, where N counts the calls of the metric in the run.
Data are known by their digest: the same data have the same name in a run, and of other data that
are called so too the second is ``X_test-2``. All of this happens behind the caller's back, in the
order of the calls: see :mod:`fitscribe.tracking.behind`.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec.json

from fitscribe.core.commands import Batch, RunRecord
from fitscribe.core.entities import TAG_CONTEXT, Dataset, DatasetInput, InputTag
from fitscribe.core.values import Metric
from fitscribe.errors import FitscribeError, StoreUnavailable
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.finding import FILE as FINDINGS
from fitscribe.sklearn.finding import TAG as TAG_FINDINGS
from fitscribe.sklearn.finding import Finding, as_file, as_tag, read_file
from fitscribe.sklearn.makers import Maker
from fitscribe.sklearn.origins import Origin, Part
from fitscribe.sklearn.results import Result
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.artifacts import RunFiles, files_of_run
from fitscribe.tracking.connect import connect

__all__ = ["UNKNOWN", "Score", "problems", "store_scores"]

INFO, UNATTRIBUTED = "metric_info.json", "unattributed_metrics.json"
UNKNOWN = "unknown_dataset"
MOST_RUNS = 1000
MOST_UNATTRIBUTED = 1000
_ODD = re.compile(r"[^\w\-. ]+")


@dataclass(eq=False, slots=True)
class Score:
    """A metric that was computed: of what, and what it came to.

    Parameters
    ----------
    name : str
        The metric's.
    given : Result or float
        What it came to; most come to a number.
    call : str
        The call as text, for ``metric_info.json``.
    timestamp : int
    maker : Maker or None
        The model that was asked, where it was given itself.
    dataset : Dataset or None
        The data that it was asked about.
    parts : sequence
        The arrays that it was given, or the scores whose results they are.
    active : OpenRun or None
        Where it is kept if it is of no one model.
    last : (str, str) or None
        Address and id of the last run, where none was active.
    keeps_unattributed : bool
        Whether it is a metric even if no model is known for it.
    known : Origin or None
        Whose the arrays are, once that was found out.
    key : str or None
        What it is called, once it has a name: one that is stored again keeps it.
    """

    name: str
    given: Result | float
    call: str
    timestamp: int
    maker: Maker | None = None
    dataset: Dataset | None = None
    parts: list[Part | Score] = field(default_factory=list)
    active: OpenRun | None = None
    last: tuple[str, str] | None = None
    keeps_unattributed: bool = True
    known: Origin | None = None
    key: str | None = None

    @property
    def result(self) -> Result:
        """What it came to."""
        given = self.given
        return Result({"": float(given)}) if isinstance(given, float) else given

    def settle(self) -> Origin:
        """Find out whose it is; once."""
        if self.known is None:
            self.known = Origin.joined(
                [
                    part.settle() if isinstance(part, Score) else part.origin()
                    for part in self.parts
                ]
            )
            if self.maker is None:
                self.maker, self.dataset = self.known.maker, self.known.dataset
            self.parts.clear()
        return self.known


class _Ledger:
    """What the metrics of one run are called so far."""

    def __init__(self, run: OpenRun) -> None:
        self.run = run
        files = self.files()
        self.info: dict[str, str] = _read(files, INFO)
        self.unattributed: dict[str, Any] = _read(files, UNATTRIBUTED)
        self.counts: dict[tuple[str, int], int] = {}
        self.names: dict[str, str] = {}
        self.inputs: set[tuple[str, str]] = set()
        # A run that was taken up again goes on counting.
        for text in self.info.values():
            self.ordinal(str(text).partition("(")[0])

    def files(self) -> RunFiles:
        """Return the run's folder."""
        return files_of_run(self.run.connection, self.run.experiment_id, self.run.run_id)

    def ordinal(self, name: str, step: int = 0) -> str:
        """Return a metric's name with the number of this call of it, at one step of the run."""
        number = self.counts[name, step] = self.counts.get((name, step), 0) + 1
        return name if number == 1 else f"{name}-{number}"

    def name_of(self, dataset: Dataset | None) -> str:
        """Return what data are called in this run."""
        if dataset is None:
            return UNKNOWN
        known = self.names.get(dataset.digest)
        plain = _ODD.sub("_", dataset.name).strip("_") or UNKNOWN
        if known is None or known.startswith(UNKNOWN) > plain.startswith(UNKNOWN):
            known, number = plain, 1
            while known in self.names.values():
                number += 1
                known = f"{plain}-{number}"
            self.names[dataset.digest] = known
        return known


class _Page:
    """What is to be added to one run."""

    def __init__(self, ledger: _Ledger) -> None:
        self.ledger = ledger
        self.scores: list[Score] = []
        self.metrics: list[Metric] = []
        self.inputs: dict[tuple[str, str], DatasetInput] = {}
        self.files: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        # Whether metrics of a model, and those of no one model, were added.
        self.has_attributed = self.has_unattributed = False

    def add(self, score: Score) -> None:
        """Add a metric of a model."""
        maker, dataset, ledger = score.maker, score.dataset, self.ledger
        assert maker is not None
        name = ledger.name_of(dataset)
        if score.key is None:
            score.key = f"{ledger.ordinal(score.name, maker.step)}_{name}"
        ledger.info[score.key] = score.call
        self.has_attributed = True
        for part, value in score.result.values.items():
            key = _ODD.sub("_", f"{score.key}.{part}" if part else score.key)
            digest = None if dataset is None else dataset.digest
            named = None if dataset is None else name
            self.metrics.append(
                Metric(key, value, score.timestamp, maker.step, maker.model_id, named, digest)
            )
        self._add_content(score)
        if dataset is not None and not _is_training(maker, dataset):
            self.inputs[name, dataset.digest] = DatasetInput(
                replace(dataset, name=name), (InputTag(TAG_CONTEXT, "eval"),)
            )
            if maker.training is not None:
                self._add_findings(maker.training.check(replace(dataset, name=name)))

    def _add_findings(self, found: Sequence[Finding]) -> None:
        """Add what is wrong with the data to what the run's fit was found to be."""
        if not found:
            return
        before = self.files.get(FINDINGS)
        if before is None:
            before = _bytes(self.ledger.files(), FINDINGS)
        known = [] if before is None else list(read_file(before))
        known += [one for one in found if one not in known]
        self.files[FINDINGS] = as_file(known)
        self.tags[TAG_FINDINGS] = as_tag(known)

    def _add_content(self, score: Score) -> None:
        result = score.result
        file = _ODD.sub("_", str(score.key))
        if result.text is not None:
            self.files[f"{file}.txt"] = result.text.encode("utf-8", "replace")
        elif result.content is not None:
            content = {"format": 1, "call": score.call, "value": result.content}
            self.files[f"{file}.json"] = msgspec.json.encode(content)

    def add_unattributed(self, score: Score, makers: Sequence[Maker]) -> None:
        """Add a metric that is of no one model, with all that it could be of."""
        told = self.ledger.unattributed
        if score.key is None:
            if len(told) >= MOST_UNATTRIBUTED:
                return
            number, score.key = 1, score.name
            while score.key in told:
                number += 1
                score.key = f"{score.name}-{number}"
        result = score.result
        told[score.key] = {
            "value": result.values.get("", result.content if result.text is None else result.text),
            "call": score.call,
            "candidates": [
                {"run_id": maker.run.run_id, "model_id": maker.model_id, "estimator": maker.title}
                for maker in makers
            ],
        }
        self.has_unattributed = True

    def write_files(self) -> bool:
        """Write the files; the rows come after."""
        ledger = self.ledger
        # Once for all metrics of this page: a run may have thousands.
        if self.has_attributed:
            self.files[INFO] = msgspec.json.encode(dict(sorted(ledger.info.items())))
        if self.has_unattributed:
            self.files[UNATTRIBUTED] = msgspec.json.encode(ledger.unattributed)
        files = ledger.files()
        for name, data in self.files.items():
            files.put_bytes(name, data)
        return True

    def record(self) -> RunRecord:
        """Return the rows."""
        new = {key: one for key, one in self.inputs.items() if key not in self.ledger.inputs}
        return RunRecord(
            self.ledger.run.run_id,
            metrics=self.metrics,
            datasets=list(new.values()),
            tags=self.tags,
        )


def _is_training(maker: Maker, dataset: Dataset) -> bool:
    trained_on = maker.trained_on
    return trained_on is not None and trained_on.digest == dataset.digest


_ledgers: OrderedDict[tuple[str, str], _Ledger] = OrderedDict()


def _ledger_of(run: OpenRun) -> _Ledger:
    key = (run.tracking_uri, run.run_id)
    found = _ledgers.get(key)
    if found is None:
        found = _ledgers[key] = _Ledger(run)
        if len(_ledgers) > MOST_RUNS:
            _ledgers.popitem(last=False)
    _ledgers.move_to_end(key)
    return found


def _read(files: RunFiles, name: str) -> dict[str, Any]:
    """Return what a file of a run holds, if it is there."""
    try:
        found = msgspec.json.decode(_bytes(files, name) or b"{}")
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _bytes(files: RunFiles, name: str) -> bytes | None:
    try:
        return files.store.read(files.path(name))
    except FitscribeError:
        return None


# What could not be stored, to be told where the user's code calls us next.
problems: list[str] = []


def store_scores(scores: list[Score]) -> list[Score]:
    """Store metrics in the order in which they were computed; return those to try again."""
    attempts = Attempts("metrics")
    pages: dict[tuple[str, str], _Page] = {}
    for score in scores:
        attempts(f"tell whose {score.name} is", partial(_put, score, pages))
    stores: dict[int, list[_Page]] = {}
    for page in pages.values():
        if attempts("write the files of metrics", page.write_files):
            stores.setdefault(id(page.ledger.run.store), []).append(page)
    waiting = []
    for together in stores.values():
        if attempts("write metrics", partial(_write, together)) is False:
            waiting += [score for page in together for score in page.scores]
    problems.extend(attempts.problems)
    return waiting


def _put(score: Score, pages: dict[tuple[str, str], _Page]) -> None:
    """Write a metric on the page of its run, if there is a run that it could be kept on."""
    makers = score.settle().makers
    if score.maker is None and not score.keeps_unattributed:
        return
    run = score.maker.run if score.maker else score.active or (makers[-1].run if makers else None)
    if run is None and score.last is not None:
        uri, run_id = score.last
        info = connect(uri).store.get_run(run_id).info
        run = OpenRun(run_id, info.experiment_id, info.run_name, uri)
    if run is None:
        return
    key = run.tracking_uri, run.run_id
    page = pages.get(key)
    if page is None:
        page = pages[key] = _Page(_ledger_of(run))
    page.scores.append(score)
    if score.maker is not None:
        page.add(score)
    else:
        page.add_unattributed(score, makers)


def _write(pages: Sequence[_Page]) -> bool:
    """Store the rows of runs that one store keeps; False if it cannot take them now."""
    records = [page.record() for page in pages]
    records = [record for record in records if record.metrics or record.datasets]
    store = pages[0].ledger.run.store
    try:
        if records:
            store.log(Batch(records))
    except StoreUnavailable:
        return False
    except FitscribeError:
        if len(pages) == 1:
            raise
        # One run was deleted, say; the others' are kept.
        return all([_write([page]) for page in pages])
    for page in pages:
        page.ledger.inputs.update(page.inputs)
    return True
