"""What there is to find out about a fitted estimator, and where it goes.

It is looked at quietly, once; then its files are written, and last the rows that name them, in
one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec.json

from fitscribe.core.clock import Stopwatch, new_model_id
from fitscribe.core.commands import Batch, NewModel, RunChange, RunRecord
from fitscribe.core.entities import DatasetInput, LoggedModelOutput
from fitscribe.core.values import Metric, Param
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.write import UNSHARED
from fitscribe.sklearn import observe
from fitscribe.sklearn.arguments import Arguments
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.describe import is_search, params_of, results_of
from fitscribe.sklearn.facts import FILE, Looked, facts_of
from fitscribe.sklearn.finding import FILE as FINDINGS
from fitscribe.sklearn.finding import TAG as TAG_FINDINGS
from fitscribe.sklearn.finding import Finding, as_file, as_tag
from fitscribe.sklearn.flavor import build_folder, first_rows
from fitscribe.sklearn.generators import generators_of
from fitscribe.sklearn.golden import SKIPPED, Beside, Kept, beside_of
from fitscribe.sklearn.iterations import History
from fitscribe.sklearn.options import Options
from fitscribe.sklearn.preparation import take
from fitscribe.sklearn.quiet import quietly
from fitscribe.sklearn.running import Running
from fitscribe.sklearn.splits import FILE as PROVENANCE
from fitscribe.sklearn.splits import TAG as SPLIT
from fitscribe.sklearn.splits import (
    findings_of_splits,
    provenance_file,
    provenance_tag,
    side_of,
)
from fitscribe.sklearn.standin import draws_nothing, is_plain, is_sklearns, may_print
from fitscribe.sklearn.trials import Parent, candidates, results_csv, search_facts
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.artifacts import files_of_model, files_of_run
from fitscribe.tracking.registering import register_logged
from fitscribe.tracking.source import source_tags
from fitscribe.tracking.surroundings import ENVIRONMENT, environment_lock

__all__ = ["PREPARATION", "THINNED", "Findings", "Fit"]

PREPARATION = "preparation.json"
THINNED = "fitscribe.history.thinned"


class Fit(Protocol):
    """What is known of a fit before it is looked at.

    Attributes
    ----------
    estimator : object
    arguments : Arguments
        What it was given.
    options : Options
    attempts : Attempts
    stopwatch : Stopwatch
        Since the fit began.
    values : mapping
        Its params before the fit.
    params : sequence of Param
        The same as they are stored.
    dataset : SeenData or None
    digest : Digest or None
        Of the data before the fit.
    managed : bool
        Whether the run was opened for this fit; else it is the user's, who ends it.
    has_files : bool
        Whether the run has files already, written while the fit lasted.
    step : int
        Which training of its run it is, where one run has several; else 0.
    registers : bool
        Whether its model is registered, where one asked for that.
    running : Running
        What was seen while it ran.
    """

    estimator: Any
    arguments: Arguments
    options: Options
    attempts: Attempts
    stopwatch: Stopwatch
    values: Mapping[str, Any]
    params: list[Param]
    dataset: observe.SeenData | None
    digest: observe.Digest | None
    managed: bool
    has_files: bool
    step: int
    registers: bool
    running: Running

    def histories(self) -> Sequence[History]:
        """Return what the fitted estimator keeps of its iterations."""

    def incomplete(self) -> dict[str, str]:
        """Return the tags that say what is missing, if something is."""

    def inputs(self) -> Sequence[DatasetInput]:
        """Return the training data as the run's input."""


class Findings:
    """What a look at a fitted estimator found, on its way into files and rows."""

    def __init__(self, fit: Fit, run: OpenRun, end_ms: int) -> None:
        self.fit = fit
        self.run = run
        self.end_ms = end_ms
        self.metrics: dict[str, float] = {}
        self.histories: Sequence[History] = ()
        self.signature: ModelSignature | None = None
        # Those of the fit itself, not of its data.
        self.numbers: dict[str, float] = {}
        self.params: list[Param] = []
        self.tags: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.findings: list[Finding] = []
        self.prepared: tuple[dict[str, Any], ...] = ()
        self.models: list[NewModel] = []
        self.folders: dict[str, Mapping[str, bytes]] = {}
        # What is kept of the data beside its models, and beside the last of them.
        self.beside = Beside()
        self.kept = Kept()
        self.children: list[RunRecord] = []

    def look_quietly(self) -> None:
        """Look, and leave warnings and generators as they were."""
        estimator, attempts = self.fit.estimator, self.fit.attempts
        params = attempts("read all params", self._all_params) or {}
        generators = attempts("look for generators", lambda: generators_of(estimator, params))
        # Most of the cost of looking away is copying numpy's global state.
        drawing = not attempts("tell who draws", lambda: draws_nothing(estimator, params))
        printing = attempts("tell who prints", lambda: may_print(estimator, params)) is not False
        with quietly(generators or [], drawing, printing):
            self.look(params)

    def _all_params(self) -> Mapping[str, Any]:
        """Return the params after the fit, those of the estimators inside too."""
        estimator, before = self.fit.estimator, self.fit.values
        # Of a search only its own were read, and code of the user's may have changed them.
        if before and is_plain(estimator, before) and not is_search(estimator):
            return before
        return observe.all_params(estimator)

    def look(self, params: Mapping[str, Any]) -> None:
        """Look at the estimator: scores, curves, models, candidates."""
        fit, attempts, options = self.fit, self.fit.attempts, self.fit.options
        scores = observe.scores(
            fit.estimator, params, fit.arguments, options, attempts, fit.digest
        )
        self.metrics.update(scores.metrics)
        self.files.update(scores.files)
        self.tags.update(scores.tags)
        if options.log_histories:
            attempts("read the histories", self._read_histories)
        self.take_preparation()
        if options.log_facts or options.log_findings or options.log_permutation_importance:
            attempts("gather the facts", lambda: self._gather_facts(params, scores))
        if options.log_provenance:
            attempts("tell where the data came from", self._tell_provenance)
        if options.log_models:
            self._look_at_data(scores)
            kept = self._kept(fit.estimator, params)
            attempts("keep the model", lambda: self._keep("model", fit.estimator, scores, kept))
        attempts("look at the search", lambda: self._look_at_search(scores))

    def _read_histories(self) -> None:
        self.histories = self.fit.histories()
        thinned = [one for one in self.histories if len(one.points) < one.length]
        if thinned:
            self.tags[THINNED] = "\n".join(
                f"{one.key}: {len(one.points)} of {one.length} points" for one in thinned
            )

    def _gather_facts(self, params: Mapping[str, Any], scores: observe.Scores) -> None:
        fit = self.fit
        looked = Looked(
            fit.estimator, params, fit.arguments.X, fit.arguments.y, scores, fit.running
        )
        facts = facts_of(looked, fit.options, fit.attempts)
        if fit.options.log_facts:
            self.files[FILE] = facts.file()
        self.files.update(facts.files)
        for key, value in facts.metrics.items():
            scored = key.startswith("training_")
            (self.metrics if scored else self.numbers)[key] = value
        self.tags.update(facts.tags)
        self.findings += facts.findings

    def _tell_provenance(self) -> None:
        given = self.fit.arguments
        side = side_of(given.X, given.y)
        if side is not None:
            self.files[PROVENANCE] = provenance_file(side)
            self.tags[SPLIT] = provenance_tag(side)
            if self.fit.options.log_findings:
                self.findings += findings_of_splits(side, given.X)

    def take_warnings(self) -> None:
        """Tell of the warnings alone: the fit failed, and there is nothing else to look at."""
        self.fit.running.end()
        if self.fit.options.log_findings:
            self.findings += self.fit.running.findings()

    def take_preparation(self) -> None:
        """Make what was prepared for this fit a file of its run."""
        self.prepared = take()
        if self.prepared:
            self.files[PREPARATION] = msgspec.json.encode(self.prepared)

    def _look_at_search(self, scores: observe.Scores) -> None:
        search, attempts = self.fit.estimator, self.fit.attempts
        results = results_of(search) if is_search(search) else None
        if results is None:
            return
        facts = attempts("read the best candidate", lambda: search_facts(search))
        if facts is not None:
            self.params += facts[0]
            self.metrics.update(facts[1])
        best = getattr(search, "best_estimator_", None)
        if best is not None and self.fit.options.log_models:
            attempts("keep the best estimator", lambda: self._keep_best(best, scores))
        self.keep_candidates(results)

    def keep_candidates(self, results: Mapping[str, Any]) -> None:
        """Make each candidate a child run, and all of them a table."""
        search, attempts = self.fit.estimator, self.fit.attempts
        table = attempts("write cv_results.csv", lambda: results_csv(results))
        if table is not None:
            self.files["cv_results.csv"] = table
        parent = Parent(
            self.run.run_id,
            self.run.experiment_id,
            source_tags()["mlflow.user"],
            self.fit.stopwatch.start_ms,
            self.end_ms,
            source_tags(),
            self.fit.inputs(),
        )
        most = self.fit.options.max_tuning_runs
        found = attempts(
            "record the candidates", lambda: candidates(search, results, parent, most)
        )
        self.children = found or []

    def _look_at_data(self, scores: observe.Scores) -> None:
        """Find what is kept of the data beside its models."""
        options, X = self.fit.options, self.fit.arguments.X
        golden, profile = options.log_golden_rows, options.log_model_profiles
        if X is None or not scores.intact or not (golden or profile):
            return
        example = None
        if options.log_input_examples and golden:
            example = self.fit.attempts("keep an example", lambda: first_rows(X))
        found = self.fit.attempts(
            "profile the data",
            lambda: beside_of(X, scores.predicted, example, golden=golden, profile=profile),
        )
        self.beside = found or Beside()

    def _kept(self, estimator: Any, params: Mapping[str, Any]) -> Kept:
        """Return what is kept beside a model, which is asked for it."""
        found = self.fit.attempts("golden rows", lambda: self.beside.of(estimator, params))
        self.kept = found or Kept()
        if self.kept.skipped is not None:
            self.tags[SKIPPED] = self.kept.skipped
        return self.kept

    def _keep_best(self, best: Any, scores: observe.Scores) -> None:
        """Keep the best estimator of a search, which gives the search's own answers."""
        is_asked = is_sklearns(type(self.fit.estimator))
        kept = self.kept if is_asked else self._kept(best, observe.all_params(best))
        self._keep("best_estimator", best, scores, kept)

    def _keep(self, name: str, estimator: Any, scores: observe.Scores, kept: Kept) -> None:
        """Make a model's folder and the row that names it."""
        model_id = new_model_id()
        files = files_of_model(self.run.connection, self.run.experiment_id, model_id)
        folder = build_folder(
            estimator,
            X=self.fit.arguments.X,
            scores=scores,
            options=self.fit.options,
            model_id=model_id,
            run_id=self.run.run_id,
            artifact_path=files.uri,
            attempts=self.fit.attempts,
            kept=kept,
        )
        self.folders[files.path(None)] = folder.files
        self.signature = folder.model.signature
        self.models.append(
            NewModel(
                model_id,
                self.run.experiment_id,
                name,
                self.end_ms,
                self.run.run_id,
                params={param.key: param.value for param in self.fit.params}
                if name == "model"
                else {param.key: param.value for param in params_of(estimator)},
                tags=source_tags(),
                digest=folder.digest,
            )
        )

    def write_files(self) -> None:
        """Write the files; the rows that name them come after."""
        attempts = self.fit.attempts
        if self.fit.options.log_provenance:
            installed = attempts("tell what is installed", environment_lock)
            if installed is not None:
                self.files[ENVIRONMENT] = installed
        if self.findings:
            self.tags[TAG_FINDINGS] = as_tag(self.findings)
            self.files[FINDINGS] = as_file(self.findings)
        run = self.run
        store = run.connection.artifacts
        for path, files in list(self.folders.items()):
            done = attempts("write a model", _put, store, path, files)
            if done is None:
                model_id = os.path.basename(os.path.dirname(path))
                self.models = [model for model in self.models if model.model_id != model_id]
        if not self.files:
            return
        attempts("write the files", self._write_run_files)

    def _write_run_files(self) -> None:
        target = files_of_run(self.run.connection, self.run.experiment_id, self.run.run_id)
        if self.fit.managed and not self.fit.has_files and not self.fit.step:
            # What is installed is the same for many runs, so its bytes are kept once.
            own = self.files.keys() - {ENVIRONMENT}
            target.store.put_folder(target.folder, self.files, unshared=own)
            return
        for name, data in self.files.items():
            target.put_bytes(name, data)

    @property
    def model_id(self) -> str | None:
        """The id of the model that is kept, if it is."""
        return next((one.model_id for one in self.models if one.name == "model"), None)

    def write_rows(self) -> bool:
        """Store everything else, in one transaction."""
        fit = self.fit
        entity = None if fit.dataset is None else fit.dataset.entity
        model_id = self.model_id
        end_ms = fit.stopwatch.read_ms()
        record = RunRecord(
            self.run.run_id,
            params=self.params,
            metrics=[
                *(
                    Metric(
                        key,
                        value,
                        self.end_ms,
                        fit.step,
                        model_id,
                        None if entity is None else entity.name,
                        None if entity is None else entity.digest,
                    )
                    for key, value in self.metrics.items()
                ),
                *(
                    Metric(one.key, value, self.end_ms, step)
                    for one in self.histories
                    for step, value in one.points
                ),
                *(
                    Metric(key, value, self.end_ms, fit.step)
                    for key, value in self.numbers.items()
                ),
            ],
            tags={**self.tags, **fit.incomplete()},
            datasets=fit.inputs(),
            model_outputs=[LoggedModelOutput(model.model_id, fit.step) for model in self.models],
            change=RunChange(status="FINISHED", end_time=end_ms) if fit.managed else None,
        )
        self.run.store.log(Batch([record, *self.children], self.models))
        if model_id is not None:
            active.remember_last_model(self.run.tracking_uri, model_id)
            name = fit.options.registered_model_name
            if name is not None and fit.registers:
                fit.attempts(
                    "register the model", register_logged, self.run.connection, name, model_id
                )
        return True


def _put(store: Any, path: str, files: Mapping[str, bytes]) -> bool:
    store.put_folder(path, files, unshared=UNSHARED)
    return True
