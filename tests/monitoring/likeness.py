"""Whether two profiles say the same."""

from __future__ import annotations

from typing import Any

from fitscribe.monitoring.column import ColumnProfile
from fitscribe.monitoring.profile import Profile

__all__ = ["alike", "by_name"]


def by_name(profile: Profile) -> dict[str, ColumnProfile]:
    return {column.name: column for column in profile.inputs}


def alike(one: Profile, other: Profile) -> None:
    """Assert that profiles are equal; means and variances up to rounding."""
    assert (one.rows, one.sampled_rows) == (other.rows, other.sampled_rows)
    assert len(one.inputs) == len(other.inputs)
    assert len(one.outputs) == len(other.outputs)
    mine, theirs = one.inputs + one.outputs, other.inputs + other.outputs
    for a, b in zip(mine, theirs, strict=True):
        assert without_floats(a) == without_floats(b)
        scale = max(abs(a.moments.minimum or 0), abs(a.moments.maximum or 0))
        assert close(a.moments.mean, b.moments.mean, scale)
        assert close(a.moments.variance, b.moments.variance, scale * scale)


def close(one: float | None, other: float | None, scale: float) -> bool:
    if one is None or other is None:
        return one is other
    # The smallest floats of all are rounded.
    return abs(one - other) <= 1e-9 * max(abs(other), scale if scale < 1e300 else 0) + 1e-300


def without_floats(column: ColumnProfile) -> dict[str, Any]:
    moments = column.moments
    kept = (moments.count, moments.minimum, moments.maximum)
    return {**vars(column), "moments": kept}
