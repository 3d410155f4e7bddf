"""The JSON forms that schemas are expected to have."""

from __future__ import annotations

import json
from typing import Any

from fitscribe.modelfolder.infer import infer_schema

ANY = [{"type": "any", "required": True}]


def forms(data: Any) -> list[dict[str, Any]]:
    """Return the JSON form of the data's schema, through text."""
    return json.loads(infer_schema(data).to_json())


def tensor(dtype: str, *shape: int, name: str | None = None) -> dict[str, Any]:
    form: dict[str, Any] = {
        "type": "tensor",
        "tensor-spec": {"dtype": dtype, "shape": list(shape)},
    }
    return form if name is None else {"name": name, **form}


def column(type: Any, name: Any = None, required: bool = True) -> dict[str, Any]:
    form = dict(type) if isinstance(type, dict) else {"type": type}
    if name is not None:
        form["name"] = name
    return {**form, "required": required}


def array_of(items: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": items}}
