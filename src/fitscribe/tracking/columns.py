"""Which columns of two recorded datasets differ."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fitscribe.core.entities import Dataset
from fitscribe.errors import InvalidParameter
from fitscribe.tracking.digest_columns import COLUMNS, LEFT_OUT

__all__ = ["ColumnChange", "changed_columns"]


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column in which two datasets differ.

    Parameters
    ----------
    name : str
        Its label; of an array its place, ``"0"``, ``"1"``, ….
    change : str
        ``"changed"``, ``"added"`` or ``"removed"``.
    role : str
        ``"features"`` or ``"targets"``.
    """

    name: str
    change: str
    role: str = "features"


def changed_columns(before: Dataset, after: Dataset) -> list[ColumnChange]:
    """Return the columns in which a recorded dataset differs from an earlier one.

    A column has changed if any value in it has, its type, or the order of rows. The order of
    columns and the index of a frame do not count: where nothing else differs nothing is returned,
    though the digests of the datasets differ.

    Parameters
    ----------
    before, after : Dataset
        As runs have them: ``run.inputs.dataset_inputs[0].dataset``.

    Returns
    -------
    list of ColumnChange
        Features before targets, those of `after` first, each in its order.

    Raises
    ------
    InvalidParameter
        If the columns of one of them have no digests. Wide data, more than two dimensions and
        matrices in sparse rows have none; ``fitscribe.columns_left_out`` in the profile says why.

    Examples
    --------
    >>> import numpy as np
    >>> from fitscribe.data import from_numpy
    >>> X = np.eye(3)
    >>> before = from_numpy(X).to_entity()
    >>> X[2, 1] = 5
    >>> changed_columns(before, from_numpy(X).to_entity())
    [ColumnChange(name='1', change='changed', role='features')]
    """
    if before.digest == after.digest:
        return []
    earlier, later = _columns(before), _columns(after)
    changes: list[ColumnChange] = []
    for role in ("features", "targets"):
        old, new = earlier.get(role, {}), later.get(role, {})
        for name, digest in new.items():
            if old.get(name) != digest:
                changes.append(ColumnChange(name, "changed" if name in old else "added", role))
        changes += [ColumnChange(name, "removed", role) for name in old if name not in new]
    return changes


def _columns(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Return the digests of a dataset's columns, by role and name."""
    profile: Any = json.loads(dataset.profile or "{}")
    left_out = profile.get(LEFT_OUT)
    if left_out or COLUMNS not in profile:
        reasons = "; ".join(f"{role}: {why}" for role, why in (left_out or {}).items())
        why = f" ({reasons})" if reasons else ""
        raise InvalidParameter(
            f"Columns of the dataset {dataset.name!r} ({dataset.digest}) have no digests{why}: "
            "only the digest of all of it can be compared."
        )
    found: dict[str, dict[str, str]] = profile[COLUMNS]
    return found
