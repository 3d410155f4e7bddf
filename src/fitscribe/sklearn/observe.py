"""A fitted estimator and its data, seen: pure functions, no store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fitscribe.core.entities import Dataset
from fitscribe.sklearn.arguments import Arguments
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.options import Options
from fitscribe.sklearn.rows import shape_of
from fitscribe.sklearn.standin import calls_own_function, is_plain, reason_not_to_ask, stand_in
from fitscribe.sklearn.training import TrainingScores, training_scores
from fitscribe.tracking.datasets import Digest, dataset_entity, digest_of
from fitscribe.tracking.source import source_tags

__all__ = [
    "Digest",
    "Scores",
    "SeenData",
    "all_params",
    "digest_of",
    "may_overwrite",
    "scores",
    "seen_data",
    "shape_of",
]

SKIPPED = "fitscribe.training.skipped"
# Params that let an estimator work in its caller's arrays.
OVERWRITES = ("copy", "copy_X", "copy_x", "copy_X_train")


@dataclass(frozen=True, slots=True)
class SeenData:
    """The training data as it was before the fit.

    Parameters
    ----------
    entity : Dataset
        What the store keeps.
    digest : Digest
        Of X and y, every byte; partial for memory maps and for more than 4 GB.
    """

    entity: Dataset
    digest: Digest


@dataclass(frozen=True, slots=True)
class Scores:
    """What a look at the predictions found.

    Parameters
    ----------
    metrics : dict
        ``training_*``.
    files : dict
        Curves, as JSON by file name.
    tags : dict
        How they were computed.
    predicted : object
        Predicted labels or values, for the model's signature; None if nothing was predicted.
    classes : dict or None
        Of a classifier: its labels and how many rows have each.
    predict_seconds : float or None
        How long predicting took.
    intact : bool
        Whether the training data are what they were before the fit.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    predicted: Any = None
    classes: Mapping[str, Any] | None = None
    predict_seconds: float | None = None
    intact: bool = True


def seen_data(X: Any, y: Any, name: str) -> SeenData | None:
    """Return what is to be known of training data, or None for what cannot be read twice."""
    digest = digest_of(X, y)
    if digest is None:
        return None
    entity = dataset_entity(X, y, name=name, digest=digest, source_tags=source_tags())
    return SeenData(entity, digest)


def all_params(estimator: Any) -> Mapping[str, Any]:
    """Return an estimator's params, nested ones too; none if it cannot say.

    Of a search those of its best estimator as well: a candidate may be of another class.
    """
    try:
        found: Mapping[str, Any] = estimator.get_params(deep=True)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return {}
    best = getattr(estimator, "__dict__", {}).get("best_estimator_")
    if best is None:
        return found
    inner = {f"best_estimator___{key}": value for key, value in all_params(best).items()}
    return {**found, "best_estimator_": best, **inner}


def may_overwrite(estimator: Any, params: Mapping[str, Any]) -> bool:
    """Whether an estimator, or one inside it, may overwrite X: by a param, or by code unknown."""
    return _told_to(params) or not is_plain(estimator, params) or calls_own_function(params)


def _told_to(params: Mapping[str, Any]) -> bool:
    return any(
        value is False and key.rpartition("__")[2] in OVERWRITES for key, value in params.items()
    )


def scores(
    estimator: Any,
    params: Mapping[str, Any],
    arguments: Arguments,
    options: Options,
    attempts: Attempts,
    before: Digest | None,
) -> Scores:
    """Return the training scores, or why there are none; `before` is of X and y before the fit."""
    asked_later = options.log_facts or options.log_permutation_importance
    if not (options.log_training_metrics or asked_later):
        return Scores()
    overwrites = attempts("look for copy=False", lambda: may_overwrite(estimator, params))
    if overwrites and before is not None:
        after = attempts("digest X again", lambda: digest_of(arguments.X, arguments.y))
        if after != before:
            why = " (copy=False)" if _told_to(params) else ""
            attempts.note(f"training metrics: the fit overwrote its input{why}")
            return Scores(intact=False)
    if not options.log_training_metrics:
        return Scores()
    reason = attempts("tell whether to ask", lambda: reason_not_to_ask(estimator, params))
    if reason is not None:
        return Scores(tags={SKIPPED: f"predictions: {reason}"})
    asked = attempts("copy an estimator of your own", lambda: stand_in(estimator, params))
    found = training_scores(
        estimator if asked is None else asked,
        arguments.X,
        arguments.y,
        arguments.sample_weight,
        options.pos_label,
        attempts,
        overwrites is not False,
        options.log_curves,
    )
    return Scores(
        found.metrics,
        found.files,
        _tags(found),
        found.predicted,
        found.classes,
        found.predict_seconds,
    )


def _tags(found: TrainingScores) -> dict[str, str]:
    facts = found.facts if found.metrics else {}
    tags = {f"fitscribe.training.{key}": str(value) for key, value in facts.items()}
    if found.problems:
        tags[SKIPPED] = "\n".join(found.problems)
    return tags
