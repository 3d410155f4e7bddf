"""A thing that is not the same in two models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ADDED", "CHANGED", "MOVED", "REMOVED", "Change", "changes_of"]

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Parameters
    ----------
    path : str
        What differs: ``scaler.with_mean``, a column, a package; empty for the model itself.
    kind : {"added", "removed", "changed", "moved"}
        Seen from the first model.
    before, after : object
        Numbers and texts, alone or in lists and dicts; None where there is none.
    note : str
        What a person wants to know of it besides.
    """

    path: str
    kind: str
    before: Any = None
    after: Any = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "path": self.path,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "note": self.note,
        }

    def __str__(self) -> str:
        name = self.path or "model"
        note = f" ({self.note})" if self.note else ""
        if self.kind == ADDED:
            return f"+ {name}{_told(self.after)}{note}"
        if self.kind == REMOVED:
            return f"- {name}{_told(self.before)}{note}"
        return f"~ {name}: {_short(self.before)} → {_short(self.after)}{note}"


def _told(value: Any) -> str:
    return "" if value is None else f": {_short(value)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 120 else text[:120] + "…"


def changes_of(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return what differs between two mappings of plain values, in their order.

    Values are compared as they are written: ``nan`` is ``nan``, and ``1`` is not ``True``.

    Examples
    --------
    >>> [str(change) for change in changes_of({"a": 1, "b": 2}, {"b": 3, "c": 4})]
    ['- a: 1', '~ b: 2 → 3', '+ c: 4']
    """
    found = []
    for key, value in before.items():
        if key not in after:
            found.append(Change(key, REMOVED, before=value))
        elif repr(value) != repr(after[key]):
            found.append(Change(key, CHANGED, value, after[key]))
    found += [Change(key, ADDED, after=after[key]) for key in after if key not in before]
    return found
