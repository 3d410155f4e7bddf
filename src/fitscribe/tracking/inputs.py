"""What a user gave to ``log_input``, as a run keeps it; loads neither numpy nor pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from fitscribe.core.entities import (
    TAG_CONTEXT,
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
)
from fitscribe.core.texts import check_tag, check_tags, listed
from fitscribe.core.values import check_int64
from fitscribe.errors import InvalidParameter

M = TypeVar("M", LoggedModelInput, LoggedModelOutput)

__all__ = ["dataset_input", "dataset_inputs", "model_inputs", "model_outputs"]


def dataset_input(
    dataset: Any, context: str | None = None, tags: Mapping[str, Any] | None = None
) -> DatasetInput:
    """Return a run's use of a dataset (as it is, if it is one), or raise InvalidParameter."""
    if isinstance(dataset, DatasetInput):
        return dataset
    entity = dataset.to_entity() if hasattr(dataset, "to_entity") else dataset
    if not isinstance(entity, Dataset):
        raise InvalidParameter(
            "A dataset is made by fitscribe.data.from_numpy, from_pandas or from_polars; "
            f"a {type(dataset).__name__} is none."
        )
    kept = [InputTag(*pair) for pair in check_tags(tags).items()]
    if context is not None:
        kept.append(InputTag(*check_tag(TAG_CONTEXT, context)))
    return DatasetInput(entity, tuple(kept))


def dataset_inputs(
    datasets: Sequence[Any] | None,
    contexts: Sequence[str | None] | None,
    tags_list: Sequence[Mapping[str, Any] | None] | None,
) -> list[DatasetInput]:
    """Return a run's use of each dataset that is not None, with its context and tags."""
    given = listed(datasets, "datasets")
    besides: list[list[Any]] = []
    for name, values in (("contexts", contexts), ("tags_list", tags_list)):
        besides.append([None] * len(given) if values is None else listed(values, name))
        if len(besides[-1]) != len(given):
            raise InvalidParameter(
                f"There are {len(given)} datasets and {len(besides[-1])} {name}; give one for "
                "each dataset (None where there is nothing to say), or leave them out."
            )
    return [
        dataset_input(dataset, context, tags)
        for dataset, context, tags in zip(given, *besides, strict=True)
        if dataset is not None
    ]


def model_inputs(models: Any) -> list[LoggedModelInput]:
    """Return models that a run read, or raise InvalidParameter; None is none."""
    given = [models] if isinstance(models, LoggedModelInput) else listed(models, "models")
    return [_checked(LoggedModelInput, model) for model in given if model is not None]


def model_outputs(models: Any) -> list[LoggedModelOutput]:
    """Return models that a run made, or raise InvalidParameter; None is none."""
    given = [models] if isinstance(models, LoggedModelOutput) else listed(models, "models")
    made = [_checked(LoggedModelOutput, model) for model in given]
    return [LoggedModelOutput(one.model_id, check_int64("A step", one.step)) for one in made]


def _checked(kind: type[M], model: Any) -> M:
    if not isinstance(model, kind) or not isinstance(model.model_id, str):
        raise InvalidParameter(
            f"A model is given as {kind.__name__}(model_id), not as {model!r:.80}."
        )
    return model
