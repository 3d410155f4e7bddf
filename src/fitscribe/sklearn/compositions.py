"""Transformers that are put together: who they are, which columns each gets, what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fitscribe.sklearn.attributes import plain
from fitscribe.sklearn.describe import class_name

__all__ = ["features_out", "transformers_in", "transformers_of"]

MOST_SHOWN = 200
# Names of so many features are asked for.
MOST_NAMED = 100_000
# Where they are kept, the fitted ones first.
HELD = ("transformers_", "transformers", "transformer_list", "steps")


def transformers_in(estimator: Any) -> list[tuple[Any, ...]]:
    """Return ``(name, transformer)``, with the columns behind it where it gets only some.

    What is left out or passed through is a text in the transformer's place.
    """
    own: Mapping[str, Any] = getattr(estimator, "__dict__", {})
    for name in HELD:
        found = own.get(name)
        if isinstance(found, list):
            return [one for one in found if isinstance(one, tuple) and 2 <= len(one) <= 3]
    return []


def transformers_of(part: Any) -> list[dict[str, Any]] | None:
    """Return what each transformer of a ColumnTransformer or a FeatureUnion is given and gives.

    None for other estimators. `part` is fitted.
    """
    own: Mapping[str, Any] = getattr(part, "__dict__", {})
    if "transformers_" not in own and "transformer_list" not in own:
        return None
    widths = own.get("output_indices_")
    told = []
    for name, transformer, *columns in transformers_in(part):
        one: dict[str, Any] = {
            "name": str(name),
            "class": transformer
            if transformer is None or isinstance(transformer, str)
            else class_name(transformer),
        }
        if columns:
            given = columns[0]
            one["columns"] = str(given) if isinstance(given, slice) else plain(_listed(given))
        if isinstance(widths, Mapping) and isinstance(widths.get(name), slice):
            one["features_out"] = widths[name].stop - widths[name].start
        told.append(one)
    return told


def _listed(columns: Any) -> Any:
    """Return columns as a list or an array: an Index, a Series and a range are neither."""
    if isinstance(columns, (str, int, np.integer)):
        return [columns]
    return columns if isinstance(columns, (list, tuple)) else list(columns)


def features_out(composition: Any, asking: bool) -> dict[str, Any] | None:
    """Return how many features come out of transformers, and the names of up to 200.

    Parameters
    ----------
    composition : object
        Fitted transformers that are put together.
    asking : bool
        Whether they may be asked for names.
    """
    widths = getattr(composition, "__dict__", {}).get("output_indices_")
    told: dict[str, Any] = {}
    if isinstance(widths, Mapping) and widths:
        told["count"] = max(one.stop for one in widths.values())
    if not asking or told.get("count", 0) > MOST_NAMED:
        return told or None
    try:
        names = composition.get_feature_names_out()
    except (AttributeError, TypeError, ValueError):  # one of them has no names to give
        return told or None
    return {"count": len(names), "names": [str(name) for name in names[:MOST_SHOWN]]}
