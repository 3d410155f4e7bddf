"""Which steps and estimators two models have, and with which params."""

from __future__ import annotations

import inspect
import sys
from types import FunctionType
from typing import Any

import numpy as np

from fitscribe.modelfolder.differences.change import (
    ADDED,
    CHANGED,
    MOVED,
    REMOVED,
    Change,
    changes_of,
)
from fitscribe.modelfolder.symbols import Part

__all__ = ["class_changes", "defaults_of", "param_changes"]


def class_changes(before: Part, after: Part) -> list[Change]:
    """Return the steps that were added, removed, moved, or are of another class."""
    old = {path: part.cls for path, part in before.walk()}
    new = {path: part.cls for path, part in after.walk()}
    found = changes_of(old, new)
    owners = dict(after.walk())
    for path, part in before.walk():
        if path not in owners:
            continue
        first = [name for name in part.parts if name in owners[path].parts]
        second = [name for name in owners[path].parts if name in part.parts]
        if first != second:
            found.append(Change(path, MOVED, ", ".join(first), ", ".join(second), "order"))
    return found


def param_changes(before: Part, after: Part) -> list[Change]:
    """Return the params that differ, those first that are not what their class would take.

    Of a step that only one of the two has, and of one whose class changed, those are told that
    are no defaults.
    """
    old, new = dict(before.walk()), dict(after.walk())
    found: list[tuple[bool, Change]] = []
    for path in [*old, *(path for path in new if path not in old)]:
        one, other = old.get(path), new.get(path)
        if one is not None and other is not None and one.cls == other.cls:
            defaults = defaults_of(one.cls)
            for change in changes_of(one.params, other.params):
                found.append(_placed(path, change, defaults))
            continue
        for part, kind in ((one, REMOVED), (other, ADDED)):
            if part is not None:
                found += [(True, change) for change in _set_params(path, part, kind)]
    # Sorting keeps the order of the file among equals.
    return [change for _, change in sorted(found, key=lambda pair: not pair[0])]


def _placed(path: str, change: Change, defaults: dict[str, Any]) -> tuple[bool, Change]:
    """Return a param's change below its path, and whether the new value is no default."""
    name = change.path
    is_set = change.kind == REMOVED or not _is_default(change.after, name, defaults)
    notes = []
    if change.kind == CHANGED:
        for word, value in (("before", change.before), ("after", change.after)):
            if _is_default(value, name, defaults):
                notes.append(f"the default {word}")
    full = f"{path}.{name}" if path else name
    return is_set, Change(full, change.kind, change.before, change.after, ", ".join(notes))


def _set_params(path: str, part: Part, kind: str) -> list[Change]:
    """Return the params of a part that are not the defaults of its class."""
    defaults = defaults_of(part.cls)
    found = []
    for name, value in part.params.items():
        # Of a class that nobody has imported here, no defaults are known: all are told.
        if not _is_default(value, name, defaults):
            before, after = (value, None) if kind == REMOVED else (None, value)
            found.append(Change(f"{path}.{name}" if path else name, kind, before, after))
    return found


def _is_default(value: Any, name: str, defaults: dict[str, Any]) -> bool:
    return name in defaults and repr(value) == repr(defaults[name])


def defaults_of(cls: str) -> dict[str, Any]:
    """Return the defaults of a class's params, if somebody has imported it; nothing is imported.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> defaults_of("sklearn.linear_model._ridge.Ridge")["alpha"]
    1.0
    """
    module, _, name = cls.rpartition(".")
    found = getattr(sys.modules.get(module), name, None)
    if not isinstance(found, type):
        return {}
    try:
        params = inspect.signature(found.__init__).parameters.values()  # type: ignore[misc]  # only its signature is looked at
    except (TypeError, ValueError):
        return {}
    return {one.name: _plain(one.default) for one in params if one.default is not one.empty}


def _plain(default: Any) -> Any:
    """Return a default in the form that params have in a :class:`Part`."""
    if isinstance(default, np.generic):
        return default.item()
    if isinstance(default, (list, tuple)):
        return [_plain(item) for item in default]
    if isinstance(default, (type, FunctionType)):
        return f"{default.__module__}.{default.__qualname__}"
    return default
