"""Keys, names and texts as users give them, checked before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fitscribe.errors import InvalidParameter

__all__ = [
    "MAX_EXPERIMENT_NAME",
    "MAX_KEY",
    "MAX_TEXT",
    "check_key",
    "check_model_name",
    "check_tag",
    "check_tags",
    "check_text",
    "listed",
    "pairs",
    "unwritable",
]

MAX_KEY = 250
MAX_EXPERIMENT_NAME = 500
MAX_TEXT = 10_000_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def check_key(kind: str, key: object) -> str:
    """Return `key` if it can name a metric, param or tag.

    Any text will do (unicode, ``%``, parentheses) except control characters, lone surrogates,
    and more than 250 characters. MLflow refuses more; what it takes, we take.

    Parameters
    ----------
    kind : str
        What the key names, for the message: ``"metric"``, ``"param"``, ``"tag"``.
    key : object
        The key as given.

    Raises
    ------
    InvalidParameter
        If it is not text, is empty, too long, or holds a character that no file or page shows.
    """
    if not isinstance(key, str):
        raise InvalidParameter(
            f"A {kind} key must be text, not {type(key).__name__}: {key!r:.80}."
        )
    if not key or key.isspace():
        raise InvalidParameter(f"A {kind} key must not be empty.")
    if len(key) > MAX_KEY:
        raise InvalidParameter(
            f"A {kind} key may have {MAX_KEY} characters; {key[:40]!r}… has {len(key)}."
        )
    if _CONTROL.search(key):
        raise InvalidParameter(
            f"A {kind} key may not hold control characters or lone surrogates: {key!r}."
        )
    return key


def check_model_name(name: object) -> str:
    """Return a name that a logged model can have: it stands in addresses, so none of ``/:.%"'``.

    Raises
    ------
    InvalidParameter
        If it is not text, is empty, or has one of these.
    """
    if not isinstance(name, str):
        raise InvalidParameter(f"A model's name is text, not {type(name).__name__}: {name!r:.80}.")
    if not name.strip() or set(name) & set("/:.%\"'"):
        raise InvalidParameter(
            f"A model's name has none of / : . % \" ' and is not empty; {name!r:.80} will not do."
        )
    return check_key("model name", name)


def check_text(kind: str, key: str, text: str) -> str:
    """Return `text` if a database can keep it whole; `kind` and `key` name it in the message."""
    if len(text) > MAX_TEXT:
        raise InvalidParameter(
            f"The {kind} {key!r} has {len(text):,} characters; up to {MAX_TEXT:,} are kept. "
            "Log it as an artifact with log_text(...)."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidParameter(
            f"The {kind} {key!r} holds a lone surrogate at character {error.start}, which is no "
            "unicode text."
        ) from None
    if "\0" in text:
        raise InvalidParameter(
            f"The {kind} {key!r} holds a NUL character, which PostgreSQL cannot keep; "
            "log it as an artifact with log_artifact(...)."
        )
    return text


def check_tag(key: object, value: object, kind: str = "tag") -> tuple[str, str]:
    """Return a tag's key and its value as text, both checked."""
    name = check_key(kind, key)
    try:
        text = value if isinstance(value, str) else str(value)
    except ValueError as error:
        raise unwritable(kind, name, error) from error
    return name, check_text(kind, name, text)


def check_tags(given: object, kind: str = "tag") -> dict[str, str]:
    """Return tags as text, keys and values checked; None gives none."""
    return dict(check_tag(key, value, kind) for key, value in pairs(given, f"{kind}s"))


def pairs(given: object, what: str) -> list[tuple[Any, Any]]:
    """Return the items of a dict that a user gave, or raise InvalidParameter; None gives none."""
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise InvalidParameter(
            f"The {what} are a dict, such as {{'key': 'value'}}, not {type(given).__name__}: "
            f"{given!r:.80}."
        )
    return list(given.items())


def listed(given: Any, what: str) -> list[Any]:
    """Return what a user gave as a list: a text or a number alone is one; None gives none.

    Raises
    ------
    InvalidParameter
        If it cannot be iterated.
    """
    if given is None:
        return []
    if isinstance(given, (str, int)):
        return [given]
    try:
        if not isinstance(given, (bytes, Mapping)):
            return list(given)
    except TypeError:  # an array without axes says that it can be iterated, and cannot
        pass
    raise InvalidParameter(f"{what} is a list, not {type(given).__name__}: {given!r:.80}.")


def unwritable(kind: str, key: str, error: ValueError) -> InvalidParameter:
    """Return what is raised for a value without a text, such as an integer of 4,301 digits."""
    return InvalidParameter(f"The {kind} {key!r} cannot be written as text: {error}")
