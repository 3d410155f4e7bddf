"""Which columns two models take and give."""

from __future__ import annotations

from typing import Any

from fitscribe.modelfolder.differences.change import ADDED, REMOVED, Change, changes_of
from fitscribe.modelfolder.schema import ModelSignature, TensorSpec

__all__ = ["signature_changes"]


def signature_changes(before: ModelSignature | None, after: ModelSignature | None) -> list[Change]:
    """Return the columns, tensors and params that were added, removed, or have other types."""
    if before is None or after is None:
        if before is after:
            return []
        kind = ADDED if before is None else REMOVED
        return [Change("signature", kind, note="the other has none")]
    found = []
    for name in ("inputs", "outputs", "params"):
        found += changes_of(_columns(before, name), _columns(after, name))
    return found


def _columns(signature: ModelSignature, name: str) -> dict[str, Any]:
    """Return each column's type by ``inputs.age``, of those without names by ``inputs[0]``."""
    schema: Any = getattr(signature, name)
    if schema is None:
        return {}
    if name == "params":
        return {f"params.{one.name}": repr(one) for one in schema.params}
    return {
        f"{name}[{place}]" if one.name is None else f"{name}.{one.name}": _type(one)
        for place, one in enumerate(schema.inputs)
    }


def _type(one: Any) -> str:
    if isinstance(one, TensorSpec):
        return f"{one.type}, shape {one.shape}"
    return f"{one.type!r}{'' if one.required else ', optional'}"
