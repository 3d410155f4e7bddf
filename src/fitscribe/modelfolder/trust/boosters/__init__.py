"""Whether the content of boosters fits together, before their own libraries read it.

XGBoost and LightGBM keep what they learned as bytes or text, and their readers believe it. It is
looked at on symbols, in Python, and neither library is imported for it. Of CatBoost's, no more is
looked at than where it begins and ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.arrays import ENCODE
from fitscribe.modelfolder.trust.boosters.lightgbm import check_lightgbm
from fitscribe.modelfolder.trust.boosters.xgboost import check_xgboost
from fitscribe.modelfolder.trust.parsed import Made, Pairs
from fitscribe.modelfolder.trust.refusal import class_of
from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["CHECKS"]

_BYTES = (("builtins", "bytearray"), ("builtins", "bytes"))
# What looking at content of another kind raises.
_NONSENSE = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)


def _contents(made: Made, *keys: str) -> list[Any]:
    """Return what an object's state has under some keys, however often."""
    state = made.state
    need(type(state) is Pairs, "it has a state")
    # A key that is no plain text may be equal to one.
    need(all(type(key) is str for key in state[::2]), "its state has names")
    found = [value for key, value in zip(state[::2], state[1::2], strict=True) if key in keys]
    need(found, "its state has content")
    return found


def _bytes_of(value: Any) -> bytes:
    """Return the bytes that a pickle makes, in any of the ways that protocols have."""
    if type(value) is Made:
        made_by = value.made_by.module, value.made_by.name
        need(not value.items and value.state is None, "its content is bytes")
        need(type(value.args) is tuple, "its content is bytes")
        if made_by == ENCODE:
            text, encoding = value.args
            need(encoding == "latin1", "its content is bytes")
            return text.encode("latin1") if type(text) is str else _latin(text)
        need(made_by in _BYTES, "its content is bytes")
        return _bytes_of(value.args[0]) if value.args else b""
    need(isinstance(value, (bytes, memoryview)), "its content is bytes")
    return bytes(value)


def _latin(text: Any) -> bytes:
    """Return the bytes of a long text, which is kept as its UTF-8."""
    return bytes(text).decode("utf-8", "surrogatepass").encode("latin1")


def _xgboost(made: Made) -> None:
    """Check XGBoost's."""
    for content in _contents(made, "handle"):
        check_xgboost(_bytes_of(content))


def _lightgbm(made: Made) -> None:
    """Check LightGBM's."""
    for content in _contents(made, "_handle", "handle"):
        if type(content) is not str:  # a long text is kept as its UTF-8
            need(isinstance(content, (bytes, memoryview)), "its content is text")
            content = bytes(content).decode()
        check_lightgbm(content)


def _catboost(made: Made) -> None:
    """Check where the model of CatBoost's begins and ends; what is in between is FlatBuffers."""
    if made.state is None:
        return
    need(type(made.state) is Pairs, "it has a state")
    need(all(type(key) is str for key in made.state[::2]), "its state has names")
    for key, value in zip(made.state[::2], made.state[1::2], strict=True):
        if key == "__model":
            content = _bytes_of(value)
            need(content[:4] == b"CBM1", "it is a model of CatBoost")
            size = int.from_bytes(content[4:8], "little")
            need(0 < size <= len(content) - 8, "it is as long as it says")


def _checked(check: Callable[[Made], None]) -> Callable[[Made], None]:
    """Return a check whose error names what was looked at."""

    def checked(made: Made) -> None:
        try:
            check(made)
        except DoesNotFit as error:
            raise _refused(made, str(error)) from None
        except _NONSENSE as error:
            raise _refused(made, f"{type(error).__name__}: {error}") from error

    return checked


def _refused(made: Made, why: str) -> DamagedModel:
    found = class_of(made)
    name = "model" if found is None else found.name
    return DamagedModel(
        f"A {name} in the model's file cannot be used, {why}. It is damaged or forged, or of "
        "another version of its library; take a copy of which you know where it comes from. "
        "Nothing of it was run."
    )


# By module and name of the class.
CHECKS: dict[tuple[str, str], Callable[[Made], None]] = {
    **{
        ("catboost.core", f"CatBoost{kind}"): _checked(_catboost)
        for kind in ("", "Classifier", "Ranker", "Regressor")
    },
    ("lightgbm.basic", "Booster"): _checked(_lightgbm),
    ("xgboost.core", "Booster"): _checked(_xgboost),
}
