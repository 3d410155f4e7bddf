"""What a user gave to ``log_input``, as a run keeps it; loads neither numpy nor pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fitscribe.core.entities import TAG_CONTEXT, Dataset, DatasetInput, InputTag
from fitscribe.core.texts import check_tag
from fitscribe.errors import InvalidParameter

__all__ = ["dataset_input", "dataset_inputs"]


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
    kept = [InputTag(*check_tag(key, value)) for key, value in (tags or {}).items()]
    if context is not None:
        kept.append(InputTag(*check_tag(TAG_CONTEXT, context)))
    return DatasetInput(entity, tuple(kept))


def dataset_inputs(
    datasets: Sequence[Any] | None,
    contexts: Sequence[str | None] | None,
    tags_list: Sequence[Mapping[str, Any] | None] | None,
) -> list[DatasetInput]:
    """Return a run's use of each dataset that is not None, with its context and tags."""
    given = list(datasets or [])
    besides: list[list[Any]] = []
    for name, values in (("contexts", contexts), ("tags_list", tags_list)):
        besides.append([None] * len(given) if values is None else list(values))
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
