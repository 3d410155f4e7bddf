"""A cross-validation is one run: every fold and metric, the splitter, and which rows it held out.

The fits of its folds open no runs. A run of the user's is filled by the first of its validations,
and by the first model that is fitted in it.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec.json
import numpy as np
from sklearn.base import is_classifier

from fitscribe.core.commands import Batch, RunChange, RunRecord
from fitscribe.core.states import RunStatus
from fitscribe.core.values import Metric, Param
from fitscribe.sklearn import observe
from fitscribe.sklearn.arguments import Arguments
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.calls import RecordedCall
from fitscribe.sklearn.chance import unset_random_states
from fitscribe.sklearn.describe import param_of, title_of
from fitscribe.sklearn.finding import FILE as FINDINGS
from fitscribe.sklearn.finding import TAG as TAG_FINDINGS
from fitscribe.sklearn.finding import Finding, as_file, as_tag, finding
from fitscribe.sklearn.folds import Folds
from fitscribe.sklearn.functions import hook_functions
from fitscribe.sklearn.leaks import findings_of_validation
from fitscribe.sklearn.makers import Maker
from fitscribe.sklearn.options import Options, current
from fitscribe.sklearn.origins import remember
from fitscribe.sklearn.patch import is_installed
from fitscribe.sklearn.quiet import quietly
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun, Scope
from fitscribe.tracking.artifacts import files_of_run

__all__ = ["MODULE", "hook_validations"]

MODULE = "sklearn.model_selection._validation"
TAG_FUNCTION = "fitscribe.function"
TAG_SPLITS = "fitscribe.split_digest"
FAILED = "fit_failed"
FILE, PREDICTIONS = "cross_validation.json", "out_of_fold_predictions.npy"


def record_validation(
    here: Scope, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Validation | _Unrecorded | None:
    """Begin to record a call; None if it is none of ours."""
    options = current(here)
    if options is None or (options.exclusive and here.runs):
        return None
    if not options.log_cross_validations:
        return _Unrecorded()
    attempts = Attempts(function.__name__, options.silent)
    recording = attempts(
        "begin to record", lambda: _Validation(function, args, kwargs, attempts, options)
    )
    if recording is None:
        attempts.tell()
    return recording


class _Unrecorded:
    """A call that is not to be recorded: neither are the fits of its folds."""

    def __init__(self) -> None:
        self.scope = active.swap(fit=self)

    def finished(self, result: Any) -> None:
        """Go on."""
        active.restore(self.scope)

    def failed(self, error: BaseException) -> None:
        """Go on."""
        active.restore(self.scope)


@dataclass
class Outcome:
    """What a validation came to, as it is stored.

    Parameters
    ----------
    metrics : list of (key, step, value)
    facts : dict
        For the file.
    files : dict of str to bytes
    tags : dict of str to str
    """

    metrics: list[tuple[str, int, float]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, values: Any) -> None:
        """Take a column of one value a fold: as a history, and its mean and deviation."""
        column = np.asarray(values)
        if column.ndim != 1 or column.dtype.kind not in "fiu" or not len(column):
            return
        self.metrics += [(key, step, float(value)) for step, value in enumerate(column)]
        self.metrics.append((f"mean_{key}", 0, float(np.mean(column))))
        self.metrics.append((f"std_{key}", 0, float(np.std(column))))
        self.facts[key] = column.tolist()

    def add_curve(self, key: str, steps: Iterable[int], table: Any) -> None:
        """Take a table of one row a point and one column a fold: the means are a history."""
        values = np.asarray(table, dtype=np.float64)
        for step, mean, deviation in zip(
            steps, values.mean(axis=1), values.std(axis=1), strict=True
        ):
            self.metrics.append((f"mean_{key}", int(step), float(mean)))
            self.metrics.append((f"std_{key}", int(step), float(deviation)))
        self.facts[key] = values.tolist()


class _Validation(RecordedCall):
    """One call of a validation function while it runs."""

    claims = "validation"

    def __init__(
        self,
        function: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        attempts: Attempts,
        options: Options,
    ) -> None:
        self.function = function
        bound = inspect.signature(function).bind(*args, **kwargs)
        bound.apply_defaults()
        self.given: Mapping[str, Any] = bound.arguments
        self.folds = Folds(attempts)
        # Called by whoever sends the tasks: see `fitscribe.tracking.tasks`.
        self.watch = self.folds.watch
        super().__init__(
            self.given["estimator"],
            Arguments(self.given.get("X"), self.given.get("y")),
            attempts,
            options,
        )

    def tags(self) -> dict[str, str]:
        """Return the tags that the run begins with."""
        return {**super().tags(), TAG_FUNCTION: self.function.__name__}

    def title(self, values: Mapping[str, Any] | None) -> str:
        """Return what people call the run."""
        return f"{self.function.__name__} {title_of(self.estimator, values)}"

    def finished(self, result: Any) -> None:
        """Store what came out."""
        self.running.end()
        active.restore(self.scope)
        self.attempts("record the validation", lambda: self._finished(result))

    def _finished(self, result: Any) -> None:
        run = self._run_to_fill()
        if run is None:
            return
        attempts, name = self.attempts, self.function.__name__
        try:
            found = attempts("read the scores", lambda: outcome_of(name, self.given, result))
            found = found or Outcome()
            with quietly([], False, False), active.enter(observing=True):
                params = attempts("read the splitter", self._splitter) or []
                findings = attempts("look for findings", lambda: self._findings(found)) or []
            if findings:
                found.files[FINDINGS] = as_file(findings)
                found.tags[TAG_FINDINGS] = as_tag(findings)
            attempts("write the files", lambda: self._write_files(run, found, params))
            store = partial(self._store, run, found, params)
            self.ended = bool(attempts("store the run", lambda: self._reaching(store)))
            if self.ended and name == "cross_val_predict":
                attempts("know the predictions again", lambda: self._remember(run, result))
        finally:
            if not self.ended:
                self._end(run, {}, RunStatus.FINISHED)
            self._leave()

    def _findings(self, found: Outcome) -> list[Finding]:
        """Return the warnings that were shown, a fold's failure among them, and unset seeds."""
        if not self.options.log_findings:
            return []
        told = list(self.running.findings())
        lost = sum(value != value for key, _, value in found.metrics if key.startswith("test_"))
        if lost and not any(one.kind == FAILED for one in told):
            text = f"{lost} scores are nan: the fits failed, or the scorers, and nobody was told."
            told.append(finding(FAILED, text, count=lost))
        params = {**observe.all_params(self.estimator), "cv": self.given.get("cv")}
        leaks = findings_of_validation(self.given) if self.options.log_provenance else []
        return [*told, *unset_random_states(self.estimator, params), *leaks]

    def _remember(self, run: OpenRun, result: Any) -> None:
        """Note whose the out-of-fold predictions are, for metrics that are computed of them."""
        dataset = None if self.dataset is None else self.dataset.entity
        remember(Maker(run, None, self.function.__name__, dataset), dataset, result)

    def _splitter(self) -> list[Param]:
        """Return the splitter, its own params, and the scoring, as params of the run."""
        from sklearn.model_selection import check_cv  # imported by whoever calls these functions

        cv, scoring = self.given.get("cv"), self.given.get("scoring")
        found: dict[str, Any] = {} if scoring is None else {"scoring": scoring}
        if cv is None or isinstance(cv, (int, np.integer)) or hasattr(cv, "split"):
            splitter = check_cv(cv, self.arguments.y, classifier=is_classifier(self.estimator))
            found["cv"] = splitter
            found |= {
                f"cv__{key}": value
                for key, value in vars(splitter).items()
                if not key.startswith("_") and isinstance(value, (int, float, str, type(None)))
            }
        else:
            found["cv"] = "given splits"
        found |= {key: self.given[key] for key in ("param_name",) if key in self.given}
        # Estimators have params called cv, scoring and splitter, too.
        return [param_of(f"validation__{key}", value) for key, value in found.items()]

    def _write_files(self, run: OpenRun, found: Outcome, params: list[Param]) -> None:
        seen = self.folds.seen
        content = {
            "format": 1,
            "function": self.function.__name__,
            "params": {param.key: param.value for param in params},
            "folds": [
                {"train_rows": fold.train_rows, "test_rows": fold.test_rows} for fold in seen
            ],
            "split_digest": self._split_digest(),
            **found.facts,
        }
        target = files_of_run(run.connection, run.experiment_id, run.run_id)
        files = {FILE: msgspec.json.encode(content), **found.files}
        if self.managed:
            target.store.put_folder(target.folder, files, unshared=files)
            return
        for name, data in files.items():
            target.put_bytes(name, data)

    def _split_digest(self) -> str | None:
        data = "" if self.dataset is None else self.dataset.entity.digest
        return self.folds.digest(data)

    def _store(self, run: OpenRun, found: Outcome, params: list[Param]) -> bool:
        end_ms = self.stopwatch.read_ms()
        splits = self._split_digest()
        entity = None if self.dataset is None else self.dataset.entity
        name, digest = (None, None) if entity is None else (entity.name, entity.digest)
        record = RunRecord(
            run.run_id,
            params=params,
            metrics=[
                Metric(key, value, end_ms, step, None, name, digest)
                for key, step, value in found.metrics
            ],
            tags={
                **found.tags,
                **({} if splits is None else {TAG_SPLITS: splits}),
                **self.incomplete(),
            },
            datasets=self.inputs(),
            change=RunChange(status=RunStatus.FINISHED, end_time=end_ms) if self.managed else None,
        )
        run.store.log(Batch([record]))
        return True


def outcome_of(name: str, given: Mapping[str, Any], result: Any) -> Outcome:
    """Return the metrics, facts and files of what a validation function returned.

    Parameters
    ----------
    name : str
        The function's.
    given : mapping
        Its arguments.
    result : object
        What it returned.
    """
    found = Outcome()
    _READERS[name](found, given, result)
    return found


def _read_scores(found: Outcome, given: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    for key, values in result.items():
        if key not in ("estimator", "indices"):
            found.add(key, values)
    if "test_score" in result:
        _name_score(found, given)


def _read_score(found: Outcome, given: Mapping[str, Any], result: Any) -> None:
    found.add("test_score", result)
    _name_score(found, given)


def _name_score(found: Outcome, given: Mapping[str, Any]) -> None:
    """Call the mean of the one score by its name, too, by which one would look for it."""
    scoring = given.get("scoring")
    if isinstance(scoring, str):
        mean = next((value for key, _, value in found.metrics if key == "mean_test_score"), None)
        if mean is not None:
            found.metrics.append((f"mean_test_{scoring}", 0, mean))


def _read_predictions(found: Outcome, given: Mapping[str, Any], result: Any) -> None:
    found.facts["method"] = given["method"]
    if isinstance(result, list) and len({np.shape(one) for one in result}) > 1:
        # Of several outputs with other numbers of classes: a file of each.
        several = {PREDICTIONS.replace(".", f"_{at}."): one for at, one in enumerate(result)}
    else:
        several = {PREDICTIONS: result}
    for name, one in several.items():
        predictions = np.asarray(one)
        if predictions.dtype != object:
            buffer = io.BytesIO()
            np.save(buffer, predictions, allow_pickle=False)
            found.files[name] = buffer.getvalue()


def _read_learning_curve(found: Outcome, given: Mapping[str, Any], result: Any) -> None:
    sizes = np.asarray(result[0])
    found.facts["train_sizes"] = sizes.tolist()
    names = ("train_score", "test_score", "fit_time", "score_time")
    for key, table in zip(names, result[1:], strict=False):
        found.add_curve(key, sizes, table)


def _read_validation_curve(found: Outcome, given: Mapping[str, Any], result: Any) -> None:
    points = [str(point) for point in given["param_range"]]
    found.facts |= {"param_name": given["param_name"], "param_range": points}
    for key, table in zip(("train_score", "test_score"), result, strict=True):
        found.add_curve(key, range(len(points)), table)


def _read_permutations(found: Outcome, given: Mapping[str, Any], result: Any) -> None:
    score, permuted, p = result
    found.metrics += [("test_score", 0, float(score)), ("p_value", 0, float(p))]
    found.facts |= {
        "score": float(score),
        "permutation_scores": np.asarray(permuted).tolist(),
        "p_value": float(p),
    }


_READERS: Mapping[str, Callable[[Outcome, Mapping[str, Any], Any], None]] = {
    "cross_validate": _read_scores,
    "cross_val_score": _read_score,
    "cross_val_predict": _read_predictions,
    "learning_curve": _read_learning_curve,
    "validation_curve": _read_validation_curve,
    "permutation_test_score": _read_permutations,
}


def hook_validations(module: Any) -> None:
    """Record the functions of ``sklearn.model_selection``'s module from now on."""
    if is_installed():
        hook_functions([getattr(module, name) for name in _READERS], record_validation)
