"""Preparation is not a model: fits of scalers, encoders and the like, kept for the next run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from sklearn.base import BaseEstimator, MetaEstimatorMixin

from fitscribe.sklearn.describe import changed_params, class_name, param_text
from fitscribe.tracking.active import in_notebook

__all__ = [
    "added_up",
    "give_back",
    "is_composition",
    "is_preparation",
    "prepares_next",
    "remember",
    "take",
]

# Those whose fits are no runs, by module. MLflow leaves out a ColumnTransformer as well, whose
# columns and encoders people do compare.
MODULES = (
    "sklearn.preprocessing.",
    "sklearn.impute.",
    "sklearn.feature_extraction.",
    "sklearn.feature_selection.",
)
SELECTION = "sklearn.feature_selection."
UNIONS = frozenset(
    {
        ("sklearn.compose._column_transformer", "ColumnTransformer"),
        ("sklearn.pipeline", "FeatureUnion"),
    }
)
PIPELINE = ("sklearn.pipeline", "Pipeline")
ANSWERS = ("predict", "fit_predict", "predict_proba", "score_samples")
MOST = 50

_entries: ContextVar[tuple[dict[str, Any], ...]] = ContextVar("fitscribe_preparation", default=())


class _Notebook:
    """What the cells of a notebook share: a kernel may run each cell in a context of its own."""

    entries: tuple[dict[str, Any], ...] = ()


def is_preparation(estimator: Any) -> bool:
    """Whether a fit of this is preparation of the next one, and no model.

    True for the classes that MLflow excludes (``sklearn.preprocessing`` …) and classes derived
    from them, and for transformers of the user's own or of other packages that only transform.
    What is a run as well as preparation (:func:`prepares_next`) is none.
    """
    cls = type(estimator)
    if prepares_next(estimator):
        return False
    for base in cls.__mro__:
        module = base.__module__
        if module.startswith("sklearn.") and issubclass(base, BaseEstimator):
            if base is BaseEstimator:
                break
            if not module.startswith(MODULES):
                return False
            # A class derived from a scaler that can predict is a model.
            return not hasattr(cls, "predict")
    # imbalanced-learn's samplers: as a sampler resamples, it fits neighbours that are no models.
    if not hasattr(cls, "transform") and not hasattr(cls, "fit_resample"):
        return False
    return not any(hasattr(cls, name) for name in ANSWERS)


def prepares_next(estimator: Any) -> bool:
    """Whether its fit is a run, and preparation of the next one too.

    True for selectors that fit a model (RFE, RFECV, SequentialFeatureSelector, SelectFromModel),
    which are trained and compared as models are, and for :func:`is_composition`.
    """
    return _selects_by_model(estimator) or is_composition(estimator)


def _selects_by_model(estimator: Any) -> bool:
    return (
        isinstance(estimator, MetaEstimatorMixin)
        and any(base.__module__.startswith(SELECTION) for base in type(estimator).__mro__)
        and getattr(estimator, "prefit", False) is not True
    )


def is_composition(estimator: Any) -> bool:
    """Whether it is several transformers put together, and no model.

    A ColumnTransformer, a FeatureUnion, a Pipeline whose last step only transforms.
    """
    for base in type(estimator).__mro__:
        name = base.__module__, base.__name__
        if name in UNIONS:
            return not hasattr(type(estimator), "predict")
        if name == PIPELINE:
            steps = getattr(estimator, "steps", None)
            last = steps[-1] if isinstance(steps, list) and steps else None
            return isinstance(last, tuple) and _only_transforms(last[-1])
    return False


def _only_transforms(step: Any) -> bool:
    if step is None or isinstance(step, str):
        return True  # "passthrough", after steps that must be transformers
    if is_preparation(step) or prepares_next(step):
        return True
    return hasattr(step, "transform") and not hasattr(step, "predict")


def remember(
    estimator: Any,
    shape: tuple[int, ...] | None,
    more: Mapping[str, Any] | None = None,
    in_batches: bool = False,
) -> None:
    """Keep a preparation for the next run of this context; nothing of the data is kept.

    `more` is what else to say of it; `in_batches` adds its rows to those that it saw before.
    """
    entry = {
        "estimator_class": class_name(estimator),
        "params": {key: param_text(value) for key, value in changed_params(estimator).items()},
        "shape": None if shape is None else list(shape),
        **(more or {}),
    }
    entries = (*_kept(), entry)
    _keep((added_up(entries) if in_batches else entries)[-MOST:])


def added_up(entries: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the preparations with one entry for batches of the same: its rows are all of them."""
    found: list[dict[str, Any]] = []
    for entry in entries:
        alike = (one for one in found if _what(one) == _what(entry))
        before = next(alike, None)
        if before is None:
            found.append(dict(entry))
        else:
            before["shape"] = [before["shape"][0] + entry["shape"][0], *entry["shape"][1:]]
    return tuple(found)


def _what(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what is the same in two batches; entries without a shape are alike to none."""
    shape = entry["shape"]
    return entry["estimator_class"], entry["params"], shape[1:] if shape else object()


def give_back(entries: tuple[dict[str, Any], ...]) -> None:
    """Put preparations before those that are kept for the next run."""
    if entries:
        _keep(added_up((*entries, *_kept()))[-MOST:])


def take() -> tuple[dict[str, Any], ...]:
    """Return what was prepared since the last run, and forget it."""
    entries = _kept()
    if entries:
        _keep(())
    return entries


def _kept() -> tuple[dict[str, Any], ...]:
    return _Notebook.entries if in_notebook() else _entries.get()


def _keep(entries: tuple[dict[str, Any], ...]) -> None:
    if in_notebook():
        _Notebook.entries = entries
    else:
        _entries.set(entries)
