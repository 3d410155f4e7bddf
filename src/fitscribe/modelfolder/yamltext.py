"""YAML as PyYAML writes it, at a hundredth of its time for the plain files of a model folder.

:func:`dump` writes what it is sure of itself: nested mappings and lists of plain words, versions,
dates, JSON texts, integers, flags and nulls. For everything else it asks PyYAML, so the text is
the same either way.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import Any

from fitscribe.errors import InvalidParameter

__all__ = ["dump", "load"]

# Text that needs no quotes: it begins with a letter or a slash and is none of YAML's own words.
# A colon or a space may stand inside, where they cannot be read as a key or a comment.
_WORD = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)"
    r"[A-Za-z/](?:[\w./+@=~%\\,()<>!-]|:(?=[^\s:])|[ ](?=[^\s#:]))*",
    re.ASCII | re.IGNORECASE,
)
# A version of three or more parts, or hexadecimal digits that are no number.
_VERSION = re.compile(r"\d+\.\d+\.\w[\w.+-]*|(?!0b[01]*\Z)(?=\d*[a-f])[0-9a-f]{2,}", re.ASCII)
# A date or a JSON text of printable ASCII: single quotes.
_QUOTED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}|[\[{\"][ -~]*", re.ASCII)
_LONGEST_KEY = 100
MOST_VALUES = 1_000_000
# Unicode's line ends: PyYAML leaves them bare, and then reads them as spaces.
_BARE = re.compile("[\x85\u2028\u2029]")


class _Unsure(Exception):
    """PyYAML has to say how a value is written."""


def dump(document: Mapping[str, Any]) -> str:
    """Return YAML text in block style with sorted keys, lines not folded.

    Equal to ``yaml.safe_dump(document, width=inf, allow_unicode=True)``, but for the rare
    characters that PyYAML would not read back: where one occurs, all of its text is ASCII.

    Raises
    ------
    InvalidParameter
        If it holds what YAML has no plain form for.
    """
    lines: list[str] = []
    try:
        _write_mapping(document, "", lines)
    except _Unsure:
        return _ask_yaml(document)
    return "\n".join(lines) + "\n"


def _ask_yaml(document: Mapping[str, Any]) -> str:
    """Return PyYAML's text."""
    import yaml

    try:
        text: str = yaml.safe_dump(dict(document), width=math.inf, allow_unicode=True)
        if _BARE.search(text):
            text = yaml.safe_dump(dict(document), width=math.inf)
        load(text)  # refuses half of a surrogate pair: better now than when it is needed
    except (yaml.YAMLError, InvalidParameter) as error:
        raise InvalidParameter(f"YAML cannot hold this: {error}. Use text and numbers.") from error
    return text


def _write_mapping(mapping: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    """Append the lines of a mapping that is not empty."""
    if not mapping:
        raise _Unsure
    if not all(isinstance(key, str) for key in mapping):
        raise _Unsure
    for key in sorted(mapping):
        if len(key) > _LONGEST_KEY:
            raise _Unsure
        value = mapping[key]
        name = f"{indent}{_text(key)}:"
        if type(value) is dict and value:
            lines.append(name)
            _write_mapping(value, indent + "  ", lines)
        elif type(value) is list and value:
            lines.append(name)
            _write_list(value, indent, lines)
        else:
            lines.append(f"{name} {_scalar(value)}")


def _write_list(items: list[Any], indent: str, lines: list[str]) -> None:
    """Append the lines of a list that is not empty."""
    for item in items:
        if type(item) is dict and item:
            start = len(lines)
            _write_mapping(item, indent + "  ", lines)
            lines[start] = f"{indent}- {lines[start].lstrip()}"
        else:
            lines.append(f"{indent}- {_scalar(item)}")


def _scalar(value: object) -> str:
    """Return the text of one value."""
    if type(value) is str:
        return _text(value)
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    raise _Unsure


@functools.lru_cache(maxsize=512)
def _text(text: str) -> str:
    """Return text as it is, or in single quotes; keys and versions come again in every file."""
    if _WORD.fullmatch(text) or _VERSION.fullmatch(text):
        return text
    if _QUOTED.fullmatch(text):
        return "'" + text.replace("'", "''") + "'"
    raise _Unsure


def load(text: str) -> Any:
    """Return what a YAML text holds: plain values, never objects.

    Raises
    ------
    InvalidParameter
        If it is no YAML, or more of it than a file of a model or a run has: a short text may
        stand for a long one, by repeating what it named.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: a date that no calendar has.
        raise InvalidParameter(f"This is no YAML: {error}") from error
    _check_size(found)
    return found


def _check_size(document: Any) -> None:
    """Raise InvalidParameter if a document holds too many values, each counted where it stands."""
    waiting, count = [document], 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            count += len(value)
            if count > MOST_VALUES:
                raise InvalidParameter(
                    f"This YAML stands for more than {MOST_VALUES:,} values, which no file has "
                    "that is meant to be read."
                )
            waiting += value.values() if isinstance(value, dict) else value
