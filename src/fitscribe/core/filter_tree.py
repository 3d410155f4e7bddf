"""A filter as a tree, and the tree as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["And", "Comparison", "Node", "Not", "Or", "OrderItem", "Scalar", "quoted", "render"]

Scalar = str | float | int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A key held against a value.

    Parameters
    ----------
    entity : {"attribute", "metric", "param", "tag", "dataset"}
        What the key belongs to.
    key : str
        The key; an attribute's own name, not an alias.
    operator : str
        In capitals, with one space between words; one of ``filter_schemas.OPERATORS``.
    value : str, float, int, tuple of them, or None
        A tuple for ``IN`` and ``NOT IN``, None for ``IS NULL`` and ``IS NOT NULL``.
    position : int
        Where it begins in the text; two comparisons are equal wherever they stand.
    """

    entity: str
    key: str
    operator: str
    value: Scalar | tuple[Scalar, ...] | None
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All terms hold; two or more."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one term holds; two or more."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold."""

    term: Node


Node = Comparison | And | Or | Not


@dataclass(frozen=True, slots=True)
class OrderItem:
    """A key to sort by; `position` is where it stands in its item."""

    entity: str
    key: str
    ascending: bool = True
    position: int = field(default=0, compare=False)


_BARE_KEY = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)


def render(node: Node) -> str:
    """Return text that ``parse`` reads as an equal tree."""
    if isinstance(node, Not):
        return f"NOT {_enclosed(node.term, And, Or)}"
    if isinstance(node, And):
        return " AND ".join([_enclosed(term, And, Or) for term in node.terms])
    if isinstance(node, Or):
        return " OR ".join([_enclosed(term, Or) for term in node.terms])
    key = node.key if _BARE_KEY.fullmatch(node.key) else quoted(node.key, "`")
    # An attribute goes without its entity: the one spelling that all of MLflow's searches take.
    name = key if node.entity == "attribute" else f"{node.entity}s.{key}"
    if node.value is None:
        return f"{name} {node.operator}"
    if isinstance(node.value, tuple):
        return f"{name} {node.operator} ({', '.join(map(_literal, node.value))})"
    return f"{name} {node.operator} {_literal(node.value)}"


def quoted(text: str, quote: str = "'") -> str:
    """Return text in quotes, with the quotes inside doubled."""
    return quote + text.replace(quote, quote * 2) + quote


def _enclosed(node: Node, *kinds: type) -> str:
    """Return a term's text, in brackets if it is one of these kinds."""
    return f"({render(node)})" if isinstance(node, kinds) else render(node)


def _literal(value: Scalar) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)
