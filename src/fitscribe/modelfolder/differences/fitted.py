"""What two models learned: coefficients, importances, categories, numbers of trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.differences.change import ADDED, CHANGED, REMOVED, Change, changes_of
from fitscribe.modelfolder.symbols import Attribute, Part

__all__ = ["array_change", "fitted_changes", "list_note"]

MOST_NAMED = 5


def fitted_changes(
    before: Part,
    after: Part,
    names_before: Mapping[str, Sequence[str]] | None = None,
    names_after: Mapping[str, Sequence[str]] | None = None,
) -> list[Change]:
    """Return what differs in what two models learned.

    Parameters
    ----------
    before, after : Part
    names_before, names_after : mapping or None
        The path of a part to the names of the features that it gets, where they are known
        otherwise than by its ``feature_names_in_``.

    Returns
    -------
    list of Change
        Of arrays of the same length, with the largest change and the feature that has it.
    """
    old, new = dict(before.walk(fitted=True)), dict(after.walk(fitted=True))
    found = []
    for path, part in old.items():
        other = new.get(path)
        # Of what is another class, the change of the class says all.
        if other is None or other.cls != part.cls:
            continue
        first = (names_before or {}).get(path) or _feature_names(part)
        second = (names_after or {}).get(path) or _feature_names(other)
        for name, value in part.fitted.items():
            full = f"{path}.{name}" if path else name
            if name not in other.fitted:
                found.append(Change(full, REMOVED, value.kind))
                continue
            change = _change(full, value, other.fitted[name], first, second)
            if change is not None:
                found.append(change)
        for name, value in other.fitted.items():
            if name not in part.fitted:
                full = f"{path}.{name}" if path else name
                found.append(Change(full, ADDED, after=value.kind))
    return found


def _feature_names(part: Part) -> list[str]:
    found = part.fitted.get("feature_names_in_")
    return [str(name) for name in found.value] if found and isinstance(found.value, list) else []


def _change(
    path: str,
    before: Attribute,
    after: Attribute,
    names_before: Sequence[str],
    names_after: Sequence[str],
) -> Change | None:
    """Return how one attribute changed, or None if it did not, or cannot be compared."""
    first, second = before.value, after.value
    if isinstance(first, list) and isinstance(second, list):
        one, other = _numbers(first), _numbers(second)
        if one is not None and other is not None:
            return array_change(path, one, other, names_before, names_after)
        if repr(first) == repr(second):
            return None
        return Change(path, CHANGED, before.kind, after.kind, list_note(first, second))
    if first is None or second is None:
        same = before.kind == after.kind
        return None if same else Change(path, CHANGED, before.kind, after.kind)
    return None if repr(first) == repr(second) else Change(path, CHANGED, first, second)


def _numbers(value: list[Any]) -> NDArray[Any] | None:
    """Return lists of numbers as an array, or None if they are no block of numbers."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return None
    return array if array.dtype.kind in "biuf" and array.size else None


def array_change(
    path: str,
    before: NDArray[Any],
    after: NDArray[Any],
    names_before: Sequence[str] = (),
    names_after: Sequence[str] = (),
) -> Change | None:
    """Return how an array of numbers changed: how many differ, and the largest change.

    Features go by their names where both arrays have one for each column; else by their places.

    Examples
    --------
    >>> change = array_change("coef_", np.array([1.0, 2.0]), np.array([1.0, 5.0]), "ab", "ab")
    >>> change.note
    '1 of 2 differ, most b: 2 → 5'
    """
    named = _by_name(before, after, names_before, names_after)
    if named is not None:
        before, after, names, note = named
    elif before.shape != after.shape:
        return Change(path, CHANGED, _form(before), _form(after))
    else:
        names, note = _places(before, names_before, names_after), []
    one, other = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    differ = ~((one == other) | (np.isnan(one) & np.isnan(other)))
    count = int(differ.sum())
    if not count and not note:
        return None
    if count:
        with np.errstate(invalid="ignore", over="ignore"):
            moved = np.nan_to_num(np.abs(other - one), nan=np.inf)
        moved[~differ] = -1.0
        place = np.unravel_index(int(np.argmax(moved)), moved.shape)
        where = _where(place, names)
        told = f"{one[place]:.6g} → {other[place]:.6g}"
        note.insert(0, f"{count} of {differ.size} differ, most {where}: {told}")
    return Change(path, CHANGED, _form(before), _form(after), "; ".join(note))


def _by_name(
    before: NDArray[Any],
    after: NDArray[Any],
    names_before: Sequence[str],
    names_after: Sequence[str],
) -> tuple[NDArray[Any], NDArray[Any], Sequence[str], list[str]] | None:
    """Return the columns that both have, with their names, and which only one has."""
    fits = (
        before.ndim == after.ndim
        and before.shape[:-1] == after.shape[:-1]
        and len(set(names_before)) == before.shape[-1]
        and len(set(names_after)) == after.shape[-1]
    )
    if not fits or list(names_before) == list(names_after):
        return None
    shared = [name for name in names_before if name in set(names_after)]
    first = [list(names_before).index(name) for name in shared]
    second = [list(names_after).index(name) for name in shared]
    note = []
    for word, names, other in (
        ("without", names_before, names_after),
        ("new", names_after, names_before),
    ):
        rest = [name for name in names if name not in set(other)]
        if rest:
            note.append(f"{word}: {_listed(rest)}")
    return before[..., first], after[..., second], shared, note


def _places(array: NDArray[Any], names: Sequence[str], names_after: Sequence[str]) -> list[str]:
    same = len(names) == array.shape[-1] and list(names) == list(names_after)
    return list(names) if same else []


def _where(place: Sequence[Any], names: Sequence[str]) -> str:
    if names:
        last = names[int(place[-1])]
        rows = [int(at) for at in place[:-1]]
        return f"{last} in row {rows[0]}" if any(rows) else last
    if len(place) == 1:
        return f"[{int(place[0])}]"
    return f"[{', '.join(str(int(at)) for at in place)}]"


def _form(array: NDArray[Any]) -> str:
    return f"shape {array.shape}"


def list_note(before: Sequence[Any], after: Sequence[Any]) -> str:
    """Return in words how two lists differ, of lists of lists the places that do.

    Examples
    --------
    >>> list_note([["x", "y"]], [["x", "z"]])
    "[0]: without 'y', new 'z'"
    """
    nested = all(isinstance(item, list) for item in (*before, *after))
    if nested and len(before) == len(after):
        told = [
            f"[{place}]: {list_note(one, other)}"
            for place, (one, other) in enumerate(zip(before, after, strict=True))
            if repr(one) != repr(other)
        ]
        return "; ".join(told[:MOST_NAMED]) + ("; …" if len(told) > MOST_NAMED else "")
    first = {repr(item): item for item in before}
    second = {repr(item): item for item in after}
    changes = changes_of(first, second)
    without = [change.path for change in changes if change.kind == REMOVED]
    new = [change.path for change in changes if change.kind == ADDED]
    told = [
        f"{word} {_listed(held)}" for word, held in (("without", without), ("new", new)) if held
    ]
    return ", ".join(told) or "in another order"


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
