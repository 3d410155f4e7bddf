"""What a user gives about logged models, checked: for the functions and for ``Client`` alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fitscribe.core.clock import new_model_id, now_ms, short_id
from fitscribe.core.commands import NewModel
from fitscribe.core.states import LoggedModelStatus
from fitscribe.core.texts import check_model_name, check_tag, check_tags, listed
from fitscribe.core.values import checked_params
from fitscribe.errors import InvalidParameter

__all__ = ["check_model_status", "checked_model", "model_params", "order_of_models"]


def model_params(params: Mapping[str, Any] | None) -> dict[str, str]:
    """Return a model's params as text, or raise InvalidParameter."""
    return {param.key: param.value for param in checked_params(params)}


def checked_model(
    experiment_id: str,
    name: str | None,
    source_run_id: str | None,
    tags: Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    model_type: str | None,
) -> NewModel:
    """Return a new logged model of what a user gave, PENDING, or raise InvalidParameter."""
    model_id = new_model_id()
    if model_type is not None:
        model_type = check_tag("model_type", model_type)[1]
    return NewModel(
        model_id,
        str(experiment_id),
        f"model · {short_id(model_id)}" if name is None else check_model_name(name),
        now_ms(),
        source_run_id,
        model_type,
        LoggedModelStatus.PENDING,
        model_params(params),
        check_tags(tags),
    )


def check_model_status(status: object) -> str:
    """Return a status that a logged model can have, or raise InvalidParameter."""
    if not isinstance(status, str) or status not in LoggedModelStatus.ALL:
        raise InvalidParameter(f"A logged model ends READY or FAILED, not {status!r:.80}.")
    return str(status)


def order_of_models(datasets: Sequence[Mapping[str, Any]] | None, order_by: Any) -> list[str]:
    """Return MLflow's order of logged models as ours; metrics on one dataset are refused."""
    if datasets is not None and listed(datasets, "datasets"):
        raise InvalidParameter(
            "Filter by dataset on runs instead: search_runs(\"datasets.name = '…'\")."
        )
    items = [order_by] if isinstance(order_by, Mapping) else listed(order_by, "order_by")
    return [_order(item) for item in items]


def _order(item: Any) -> str:
    if not isinstance(item, Mapping) or "field_name" not in item:
        raise InvalidParameter(
            "order_by takes dicts such as {'field_name': 'metrics.acc', 'ascending': False}, "
            f"not {item!r:.80}."
        )
    unknown = sorted(set(item) - {"field_name", "ascending"})
    if any(item[key] is not None for key in unknown):
        raise InvalidParameter(
            f"order_by takes field_name and ascending only, not {', '.join(unknown)}."
        )
    ascending = item.get("ascending")
    return f"{item['field_name']} {'DESC' if ascending is False else 'ASC'}"
