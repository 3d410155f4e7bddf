"""Copies of recorded models: by ``copy``, by pickle, by a file.

Nothing is written into an estimator, so a copy is known by what it holds alone. What small models
hold is noted as they are recorded, and outlives them. A large one is looked at when a stranger of
its class is asked, and is known as long as it is there and unchanged. A copy that was fitted
again, or got another param, is none. Where several recorded models hold the same, the copy may be
of any of them.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, ClassVar

from fitscribe.sklearn.makers import (
    Held,
    Maker,
    is_as_held,
    is_linked,
    link,
    maker_of,
    parts_held,
)
from fitscribe.sklearn.state import state_digest
from fitscribe.tracking.stack import is_between

__all__ = ["forget_copies", "makers_of", "may_be_copy", "note_state"]

# What a model may hold that is read at the end of its fit: things, and bytes in arrays. Shapes
# decide, so that it is the same each time. A tree has about 50 things, a forest many trees.
EARLY_VALUES, EARLY_BYTES = 400, 256 << 10
# And what may be read once it is asked for.
LATE_VALUES, LATE_BYTES = 20_000, 16 << 20
MOST_MEMBERS = 8
MOST_MODELS = 256
MOST_STRANGERS = 256
# Where scikit-learn has what gives a method to those only that can do it.
OPTIONAL = "sklearn.utils._available_if"


@dataclass(eq=False, slots=True)
class _Model:
    """A recorded model: its class, itself, what it holds once that was read, and whose it is."""

    cls: weakref.ref[type]
    estimator: weakref.ref[Any]
    maker: Maker
    digest: bytes | None
    was_read: bool = False

    def holds(self) -> bytes | None:
        """Return the fingerprint of what it held when it was recorded, if that is known."""
        estimator = self.estimator()
        if self.digest is None and not self.was_read and estimator is not None:
            if maker_of(estimator) is not self.maker:
                return None
            self.was_read = True
            self.digest = state_digest(estimator, LATE_VALUES, LATE_BYTES)
        return self.digest


@dataclass(eq=False, slots=True)
class _Stranger:
    """An estimator that was read, what it held then, and whose copy it may be.

    `among` is how many models had been recorded when it was compared.
    """

    estimator: weakref.ref[Any]
    held: Held
    digest: bytes | None
    makers: tuple[Maker, ...] = ()
    among: int = -1

    def compare(self, cls: type) -> tuple[Maker, ...]:
        """Find out whose copy it may be, where models were recorded since it was compared."""
        with _Known.lock:
            if self.digest is None or self.among == _Known.count:
                return self.makers
            self.among = _Known.count
            models = [one for one in _Known.models.values() if one.cls() is cls]
        found = [one.maker for one in models if one.holds() == self.digest]
        # A fit that was done again stands for the one before, as with what they predict.
        self.makers = tuple(
            maker
            for place, maker in enumerate(found)
            if maker.is_current or not any(later.repeats(maker) for later in found[place + 1 :])
        )
        return self.makers


class _Known:
    # Those whose content is known by their number, others by the negative id of themselves.
    models: ClassVar[OrderedDict[int, _Model]] = OrderedDict()
    strangers: ClassVar[OrderedDict[int, _Stranger]] = OrderedDict()
    classes: ClassVar[dict[int, weakref.ref[type]]] = {}
    count = 0
    lock = threading.RLock()


def note_state(estimator: Any, maker: Maker, early: bool = True) -> None:
    """Note a model that was recorded a moment ago; of a small one what it holds, if `early`."""
    digest = None
    if early:
        digest = state_digest(estimator, EARLY_VALUES, EARLY_BYTES, MOST_MEMBERS)
    cls = weakref.ref(type(estimator))
    with _Known.lock:
        _Known.count += 1
        key = -id(estimator) if digest is None else _Known.count
        _Known.models[key] = _Model(cls, weakref.ref(estimator), maker, digest)
        _Known.models.move_to_end(key)
        _Known.classes[id(type(estimator))] = cls
        while len(_Known.models) > MOST_MODELS:
            _Known.models.popitem(last=False)


def may_be_copy(estimator: Any) -> bool:
    """Whether an estimator may be a copy of a recorded model: fitted, and of the class of one."""
    cls = type(estimator)
    known = _Known.classes.get(id(cls))
    if known is None or known() is not cls:
        return False
    stranger = _stranger(estimator)
    if stranger is not None:
        is_settled = stranger.digest is None or stranger.among == _Known.count
        return bool(stranger.makers) or not is_settled
    return not _inside_sklearn() and any(
        name[-1:] == "_" for _, names, _ in parts_held(estimator) for name in names
    )


def _inside_sklearn() -> bool:
    """Whether scikit-learn asks: the trees of a forest of nobody's are not worth to be read."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (is_between(frame) or frame.f_globals.get("__name__") == OPTIONAL):
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).startswith("sklearn.")


def makers_of(estimator: Any) -> Sequence[Maker]:
    """Return who an estimator is, or may be a copy of; nobody, if it was not recorded."""
    maker = maker_of(estimator)
    if maker is not None:
        return (maker,)
    if is_linked(estimator) or not may_be_copy(estimator):
        return ()
    stranger = _stranger(estimator) or _read(estimator)
    makers = stranger.compare(type(estimator))
    if len(makers) == 1:
        # From now on it is known as its original is, until it is changed.
        link(estimator, makers[0])
    return makers


def _stranger(estimator: Any) -> _Stranger | None:
    """Return what was found out of an estimator, if it holds the same still."""
    found = _Known.strangers.get(id(estimator))
    if found is None or found.estimator() is not estimator:
        return None
    return found if is_as_held(found.held) else None


def _read(estimator: Any) -> _Stranger:
    key = id(estimator)

    def gone(reference: object) -> None:
        found = _Known.strangers.get(key)
        if found is not None and found.estimator is reference:
            _Known.strangers.pop(key, None)

    held = parts_held(estimator)
    digest = state_digest(estimator, LATE_VALUES, LATE_BYTES)
    stranger = _Stranger(weakref.ref(estimator, gone), held, digest)
    with _Known.lock:
        _Known.strangers[key] = stranger
        while len(_Known.strangers) > MOST_STRANGERS:
            _Known.strangers.popitem(last=False)
    return stranger


def forget_copies() -> None:
    """Forget all models, and who was compared with them."""
    with _Known.lock:
        _Known.models.clear()
        _Known.strangers.clear()
        _Known.classes.clear()
