"""Environment markers of requirements: where one applies (PEP 508)."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fitscribe.modelfolder.versions import is_specifier, takes

__all__ = ["Marker", "environment_here", "parse_marker"]

VARIABLES = (
    "extra",
    "implementation_name",
    "implementation_version",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_full_version",
    "python_version",
    "sys_platform",
)
MOST_DEPTH = 20
# A text in quotes, an operator, a word, a parenthesis.
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'[^'"\\\n]*'|"[^'"\\\n]*")"""
    r"""|(?P<op>===|~=|==|!=|<=|>=|<|>)|(?P<word>[a-z_]+)|(?P<other>[()]))""",
)
_Term: TypeAlias = tuple[bool, str]  # whether it is a variable, and its name or text


@dataclass(frozen=True, slots=True)
class Marker:
    """A condition: a comparison, or several joined by ``and`` and ``or``.

    Parameters
    ----------
    operator : str
        ``and``, ``or``, or how the two terms compare.
    left, right : Marker or term
    """

    operator: str
    left: Any
    right: Any

    def applies(self, environment: Mapping[str, str]) -> bool:
        """Return whether the condition holds where the variables are these."""
        if self.operator == "and":
            return bool(self.left.applies(environment) and self.right.applies(environment))
        if self.operator == "or":
            return bool(self.left.applies(environment) or self.right.applies(environment))
        left, right = (environment[name] if var else name for var, name in (self.left, self.right))
        return _compare(self.operator, left, right)

    def __str__(self) -> str:
        if self.operator in ("and", "or"):
            return f"({self.left}) {self.operator} ({self.right})"
        left, right = (name if var else f'"{name}"' for var, name in (self.left, self.right))
        return f"{left} {self.operator} {right}"


def environment_here() -> dict[str, str]:
    """Return what the variables of markers are in this Python."""
    version = sys.implementation.version
    level = "" if version.releaselevel == "final" else f"{version.releaselevel[0]}{version.serial}"
    return {
        "extra": "",
        "implementation_name": sys.implementation.name,
        "implementation_version": f"{version.major}.{version.minor}.{version.micro}{level}",
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def parse_marker(text: str) -> Marker | None:
    """Return the marker of a text, or None if it is none.

    Examples
    --------
    >>> parse_marker("python_version >= '3' and os_name == 'posix'").operator
    'and'
    """
    tokens = []
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        tokens.append((str(found.lastgroup), found[0].strip()))
        at = found.end()
    parser = _Parser(tokens)
    try:
        marker = parser.any_of(0)
    except _NoMarkerError:
        return None
    return marker if parser.at == len(tokens) else None


class _NoMarkerError(Exception):
    """A text is no marker."""


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def next(self) -> tuple[str, str]:
        """Return the next token without taking it."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def take(self) -> tuple[str, str]:
        """Return the next token."""
        token = self.next()
        self.at += 1
        return token

    def any_of(self, depth: int) -> Marker:
        """Read what is joined by ``or``."""
        marker = self.all_of(depth)
        while self.next() == ("word", "or"):
            self.take()
            marker = Marker("or", marker, self.all_of(depth))
        return marker

    def all_of(self, depth: int) -> Marker:
        """Read what is joined by ``and``."""
        marker = self.one(depth)
        while self.next() == ("word", "and"):
            self.take()
            marker = Marker("and", marker, self.one(depth))
        return marker

    def one(self, depth: int) -> Marker:
        """Read a comparison, or what stands in parentheses."""
        if depth > MOST_DEPTH:
            raise _NoMarkerError
        if self.next() == ("other", "("):
            self.take()
            marker = self.any_of(depth + 1)
            if self.take() != ("other", ")"):
                raise _NoMarkerError
            return marker
        left = self.term()
        kind, operator = self.take()
        if (kind, operator) == ("word", "not"):
            operator = "not in" if self.take() == ("word", "in") else ""
        if kind != "op" and operator not in ("in", "not in"):
            raise _NoMarkerError
        right = self.term()
        if left[0] == right[0]:  # one of the two is a variable
            raise _NoMarkerError
        return Marker(operator, left, right)

    def term(self) -> _Term:
        """Read a variable or a text."""
        kind, text = self.take()
        if kind == "text":
            return False, text[1:-1]
        if kind == "word" and text in VARIABLES:
            return True, text
        raise _NoMarkerError


def _compare(operator: str, left: str, right: str) -> bool:
    """Compare as versions where both are, else as texts."""
    if operator in ("in", "not in"):
        return (left in right) == (operator == "in")
    if is_specifier(operator, right):
        return takes(operator, right, left)
    if operator in ("==", "!="):
        return (left == right) == (operator == "==")
    if operator in ("<=", ">="):
        return left == right or _compare(operator[0], left, right)
    if operator in ("<", ">"):
        return left < right if operator == "<" else left > right
    return False
