"""What a person wants to know of a fit, gathered: one file, metrics, tags and findings.

``fitted_attributes.json`` has a section for each thing that there is to say:

``estimators``
    By name (``""`` for the outermost): class, changed params, fitted attributes.
``classes``
    Labels and how many of the training rows have each.
``features``, ``selection``
    Coefficients, importances; what selectors kept and dropped.
``transformers``, ``features_out``
    What each transformer of a ColumnTransformer or a FeatureUnion gets and gives; what comes out
    where the outermost estimator only transforms.
``trees``, ``members``, ``clusters``, ``outliers``
    Of models that have them.
``time``, ``memory``, ``threads``
    Seconds of the fit, of its steps and of predicting; peak memory; jobs, backend, threads.
``left_out``
    What was not looked at and why; a tag, ``fitscribe.left_out``, says the same.

What is asked of the model is bounded by its class and by shapes, never by the clock: equal fits
have equal keys. A model with code of the user's own is not asked at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec.json
import numpy as np

from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.attributes import attribute_metrics, attributes_of
from fitscribe.sklearn.chance import unset_random_states
from fitscribe.sklearn.clusters import clusters_of, labels_of
from fitscribe.sklearn.compositions import features_out, transformers_of
from fitscribe.sklearn.convergence import stopped_early
from fitscribe.sklearn.describe import changed_params, class_name, param_values
from fitscribe.sklearn.features import feature_names, features_of, selection_of
from fitscribe.sklearn.finding import Finding
from fitscribe.sklearn.importances import FILE as PERMUTED
from fitscribe.sklearn.importances import permuted, reason_not_to_permute
from fitscribe.sklearn.members import asks_members, even_rows, member_metrics, members_of, rows_for
from fitscribe.sklearn.observe import Scores, may_overwrite
from fitscribe.sklearn.options import Options
from fitscribe.sklearn.outliers import is_detector, outliers_of
from fitscribe.sklearn.parts import Parts, parts_of, seen_by_model
from fitscribe.sklearn.preparation import is_composition
from fitscribe.sklearn.rows import shape_of, take_rows
from fitscribe.sklearn.running import Running
from fitscribe.sklearn.standin import (
    calls_own_function,
    class_is_plain,
    is_plain,
    reason_not_to_ask,
    stand_in,
)
from fitscribe.sklearn.targets import target_array
from fitscribe.sklearn.threads import threads_of
from fitscribe.sklearn.trees import tree_metrics, trees_of

__all__ = ["FILE", "Facts", "Looked", "facts_of"]

FILE = "fitted_attributes.json"
CHANGED = "fitscribe.changed_params"
WARNINGS = "fitscribe.warnings"
LEFT_OUT = "fitscribe.left_out"

# Labels of 80 or 128 bits stay numpy's in a list; what else is no JSON becomes text.
_encode = msgspec.json.Encoder(enc_hook=str).encode


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked at.

    Parameters
    ----------
    estimator : object
        The fitted estimator.
    params : mapping of str to object
        All of its params, those of the estimators inside it among them.
    X, y : object
        The training data.
    scores : Scores
        What a look at the predictions found.
    running : Running
        What was seen while the fit ran.
    """

    estimator: Any
    params: Mapping[str, Any]
    X: Any
    y: Any
    scores: Scores
    running: Running


@dataclass(slots=True)
class Facts:
    """What was found.

    Parameters
    ----------
    sections : dict
        Of the file.
    metrics : dict of str to float
    tags : dict of str to str
    findings : list of Finding
    files : dict of str to bytes
        Beside the file of the sections.
    """

    sections: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, section: str, told: Any) -> None:
        """Add a section, if there is something to say."""
        if told:
            self.sections[section] = told

    def leave_out(self, what: str, why: str) -> None:
        """Say that something was not looked at."""
        self.left_out.append(f"{what}: {why}")

    def file(self) -> bytes:
        """Return what the file holds."""
        return _encode({"format": 1, **self.sections})


def facts_of(looked: Looked, options: Options, attempts: Attempts) -> Facts:
    """Return what there is to know of a fit.

    Parameters
    ----------
    looked : Looked
    options : Options
        Whether facts, findings and importances are wanted.
    attempts : Attempts
        The guard of each step.
    """
    facts = Facts()
    parts = attempts("find the parts", lambda: parts_of(looked.estimator))
    parts = parts or [("", looked.estimator)]
    steps: dict[str, Callable[[], None]] = {}
    if options.log_facts:
        steps = {
            "read the fitted attributes": lambda: _attributes(facts, looked, parts),
            "read the features": lambda: _features(facts, looked, parts),
            "look at the model": lambda: _model(facts, looked, parts),
            "tell time, memory and threads": lambda: _resources(facts, looked),
        }
    if options.log_findings:
        steps["look for chance"] = lambda: facts.findings.extend(
            unset_random_states(looked.estimator, looked.params)
        )
        steps["look at convergence"] = lambda: _warnings(facts, looked, parts)
    if options.log_permutation_importance:
        steps["permute the features"] = lambda: _permuted(facts, looked)
    for name, step in steps.items():
        attempts(name, step)
    if facts.left_out:
        facts.sections["left_out"] = facts.left_out
        facts.tags[LEFT_OUT] = "\n".join(facts.left_out)
    return facts


def _attributes(facts: Facts, looked: Looked, parts: Parts) -> None:
    shape = shape_of(looked.X)
    rows = shape[0] if shape else None
    changed = list(changed_params(looked.estimator, looked.params))
    facts.sections["estimators"] = {
        name: {
            "class": class_name(part),
            "changed_params": _changed(part) if name else changed,
            "attributes": attributes_of(part, rows),
        }
        for name, part in parts
    }
    if changed:
        facts.tags[CHANGED] = ", ".join(changed)
    facts.metrics |= attribute_metrics(parts)
    facts.add("classes", looked.scores.classes)


def _changed(part: Any) -> list[str]:
    if not class_is_plain(type(part)) or not hasattr(part, "get_params"):
        return []
    return list(changed_params(part, param_values(part)))


def _features(facts: Facts, looked: Looked, parts: Parts) -> None:
    model = parts[-1][1]
    has_own = calls_own_function(looked.params)
    asking = not has_own and is_plain(looked.estimator, looked.params)
    named = feature_names(parts, asking)
    facts.add("features", features_of(model, named))
    selections = {}
    for name, part in parts:
        names = getattr(part, "__dict__", {}).get("feature_names_in_")
        told = selection_of(part, None if names is None else [str(one) for one in names])
        if told is not None:
            selections[name] = told
            facts.metrics["features_selected"] = float(told["selected"])
    facts.add("selection", selections)
    composed = {name: transformers_of(part) for name, part in parts}
    facts.add("transformers", {name: one for name, one in composed.items() if one})
    if is_composition(looked.estimator):
        made = features_out(looked.estimator, asking)
        if made is not None:
            facts.sections["features_out"] = made
            facts.metrics["n_features_out"] = float(made["count"])
        # A union has it as a property, and says nothing before the first of them has it.
        given = getattr(looked.estimator, "n_features_in_", None) if asking else None
        if given is not None:
            facts.metrics["n_features_in"] = float(given)


def _model(facts: Facts, looked: Looked, parts: Parts) -> None:
    """Look at what the model is: trees, an ensemble, a clusterer, a detector."""
    model = parts[-1][1]
    told = trees_of(model)
    if told is not None:
        facts.add("trees", told)
        facts.metrics |= tree_metrics(told)
    labels = labels_of(model)
    if labels is None and not is_detector(model) and not asks_members(model):
        return
    reason = _reason(looked)
    shape = shape_of(looked.X)
    rows = shape[0] if shape else 0

    def given(index: Any) -> Any:
        # A copy, for some estimators work in what they are given.
        return seen_by_model(looked.estimator, take_rows(looked.X, index))

    if asks_members(model):
        if reason is None and not _is_transformed(parts):
            _members(facts, looked, model, given, rows)
        else:
            facts.leave_out("members", reason or "the target was transformed")
    elif is_detector(model):
        ask = None if reason else lambda index: model.score_samples(given(index))
        section, metrics = outliers_of(model, rows, ask)
        facts.add("outliers", section)
        facts.metrics |= metrics
        if not section:
            facts.leave_out("outliers", reason or "no finite score")
    elif labels is not None:
        usable = given if reason is None and len(labels) == rows else None
        section, metrics = clusters_of(model, labels, usable)
        facts.add("clusters", section)
        facts.metrics |= metrics
        if "silhouette" not in section:
            facts.leave_out("silhouette", reason or "not defined for these clusters or distances")


def _reason(looked: Looked) -> str | None:
    """Return why the model may not be asked."""
    if not is_plain(looked.estimator, looked.params) or calls_own_function(looked.params):
        return "code of your own is not called once more"
    if not looked.scores.intact:
        return "the fit overwrote its input"
    if shape_of(looked.X) is None:
        return "X has no length"
    try:
        take_rows(looked.X, np.arange(1))
    except (TypeError, ValueError, IndexError, KeyError):
        return "rows of X cannot be chosen"
    return reason_not_to_ask(looked.estimator, looked.params)


def _is_transformed(parts: Parts) -> bool:
    return any(name.rpartition("__")[2] == "regressor_" for name, _ in parts)


def _members(
    facts: Facts, looked: Looked, model: Any, given: Callable[[Any], Any], rows: int
) -> None:
    target = None if looked.y is None else target_array(looked.y)
    if target is None or target.ndim != 1 or len(target) != rows:
        facts.leave_out("members", "the target is no single column")
        return
    index = even_rows(rows, rows_for(model))
    predicted = looked.scores.predicted
    known = isinstance(predicted, np.ndarray) and len(predicted) == rows
    own = predicted[index] if known else None
    told = members_of(model, given(index), target[index], own)
    facts.add("members", {"rows": len(index), "sampled_from": rows, **told})
    facts.metrics |= member_metrics(told)


def _permuted(facts: Facts, looked: Looked) -> None:
    """Ask how much score is lost as each feature is shuffled."""
    if looked.y is None:
        return
    # A search scores by a function of the user's; its best estimator scores by itself.
    model = getattr(looked.estimator, "__dict__", {}).get("best_estimator_", looked.estimator)
    reason: str | None = "the fit overwrote its input"
    if looked.scores.intact:
        reason = reason_not_to_permute(model, looked.X)
        reason = reason or reason_not_to_ask(looked.estimator, looked.params)
    if reason is not None:
        facts.leave_out("permutation_importance", reason)
        return
    names = getattr(looked.X, "columns", None)
    facts.files[PERMUTED] = permuted(
        stand_in(model, looked.params),
        looked.X,
        looked.y,
        None if names is None else [str(name) for name in names],
        may_overwrite(looked.estimator, looked.params),
    )


def _warnings(facts: Facts, looked: Looked, parts: Parts) -> None:
    shown = list(looked.running.findings())
    facts.findings += shown
    categories = looked.running.categories()
    if categories:
        facts.tags[WARNINGS] = categories
    if not any(one.kind == "not_converged" for one in shown):
        facts.findings += stopped_early(parts)


def _resources(facts: Facts, looked: Looked) -> None:
    running = looked.running
    times: dict[str, Any] = {"fit": running.seconds}
    facts.metrics["fit_time"] = running.seconds
    if looked.scores.predict_seconds is not None:
        times["predict"] = looked.scores.predict_seconds
        facts.metrics["predict_time"] = looked.scores.predict_seconds
    steps = running.steps()
    if steps:
        times["steps"] = steps
    facts.sections["time"] = times
    before, after = running.memory
    if before is not None and after is not None:
        facts.sections["memory"] = {"peak_bytes": after, "grown_bytes": after - before}
        facts.metrics["peak_memory_bytes"] = float(after)
    facts.sections["threads"] = threads_of(looked.params)
