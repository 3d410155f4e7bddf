"""The parser of the search language; :mod:`fitscribe.core.filters` has its grammar.

Each refusal names the place, what was found there, and what would do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple, NoReturn

from fitscribe.core.filter_schemas import (
    DATASET_KEYS,
    EQUALITY,
    KINDS,
    LIST,
    NULL,
    OPERATORS,
    ORDER,
    PATTERN,
    FilterSchema,
)
from fitscribe.core.filter_tokens import Reader, Token, number_of
from fitscribe.core.filter_tree import And, Comparison, Node, Not, Or, OrderItem, Scalar, quoted
from fitscribe.core.texts import MAX_KEY

__all__ = ["Parser"]

# SQLAlchemy writes nested SQL with some 20 frames of Python's stack a level, of 1,000 in all.
MAX_DEPTH = 30
# SQLite takes expressions 1,000 deep, and a chain of ANDs is as deep as it is long.
MAX_COMPARISONS = 500
# SQLite binds at most 32,766 values to a statement.
MAX_LISTED = 10_000

_CONSTANTS = {"true": "True", "false": "False", "none": "None"}
_SAME_OPERATOR = {"==": "=", "<>": "!="}
_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "ASC", "DESC"})


class _Group:
    """What was read of one bracket, or of the whole: ``a AND b OR NOT c``."""

    def __init__(self, bracket: Token | None = None) -> None:
        self.bracket = bracket
        self.alternatives: list[Node] = []  # joined by OR
        self.terms: list[Node] = []  # joined by AND, since the last OR
        self.negations = 0  # NOTs before the term that comes next

    def add_term(self, term: Node) -> None:
        for _ in range(self.negations):
            term = Not(term)
        self.negations = 0
        self.terms.append(term)

    def end_alternative(self) -> None:
        self.alternatives.append(self.terms[0] if len(self.terms) == 1 else And((*self.terms,)))
        self.terms = []

    def node(self) -> Node:
        self.end_alternative()
        return self.alternatives[0] if len(self.alternatives) == 1 else Or((*self.alternatives,))


class _Key(NamedTuple):
    """A key as it was read."""

    entity: str
    key: str
    kind: str  # what it holds: a key of OPERATORS
    position: int
    written: str


class Parser(Reader):
    """Reads one text, from left to right and never back."""

    def __init__(self, text: str, schema: FilterSchema, what: str) -> None:
        super().__init__(text, what)
        self.schema = schema
        self.comparisons = 0
        self.listed = 0

    def expression(self) -> Node:
        """Read the whole text as a filter: NOT before AND before OR.

        Open brackets are kept on a list and not on Python's stack, which a user can exhaust.
        """
        groups = [_Group()]
        while True:
            self._openings(groups)
            groups[-1].add_term(self._comparison())
            while len(groups) > 1 and self.take_symbol(")"):
                term = groups.pop().node()
                groups[-1].add_term(term)
            connective = self.take_keyword("AND", "OR")
            if connective == "OR":
                groups[-1].end_alternative()
            elif connective is None:
                break
        bracket = groups[-1].bracket
        if bracket and self.token.kind == "end":
            self.refuse(bracket.start, "this bracket is not closed", "Close it with ).")
        self._expect_end(
            "AND, OR or )" if bracket else "AND or OR", "Join comparisons by AND or OR."
        )
        return groups[0].node()

    def order_item(self) -> OrderItem:
        """Read the whole text as a key to sort by."""
        key = self._key()
        if key.entity not in self.schema.sortable:
            entities = ", ".join(sorted(f"{entity}s" for entity in self.schema.sortable))
            self.refuse(
                key.position,
                f"{self.schema.what} are not sorted by {key.entity}s",
                f"They are sorted by {entities}.",
            )
        descending = self.take_keyword("ASC", "DESC") == "DESC"
        self._expect_end(
            "ASC, DESC or the end", "Write one key to an item; put a key with spaces in backticks."
        )
        return OrderItem(key.entity, key.key, not descending, key.position)

    def _openings(self, groups: list[_Group]) -> None:
        """Step over each NOT and ( that stands before a comparison."""
        while True:
            opening = self.token
            if self.take_symbol("("):
                groups.append(_Group(opening))
            elif self.take_keyword("NOT"):
                groups[-1].negations += 1
            else:
                return
            if sum(1 + group.negations for group in groups) > MAX_DEPTH + 1:
                self.refuse(
                    opening.start,
                    f"brackets and NOTs are more than {MAX_DEPTH} deep here",
                    "Write it flatter, or as several searches.",
                )

    def _comparison(self) -> Comparison:
        key = self._key()
        self.comparisons += 1
        if self.comparisons > MAX_COMPARISONS:
            self.refuse(
                key.position,
                f"these are more than {MAX_COMPARISONS} comparisons",
                "Write key IN (…) for many values of one key, or several searches.",
            )
        operator = self._operator(key)
        value: Scalar | tuple[Scalar, ...] | None = None
        if operator in LIST:
            value = self._list(key, operator)
        elif operator not in NULL:
            value = self._value(key, operator)
        return Comparison(key.entity, key.key, operator, value, key.position)

    # Keys

    def _key(self) -> _Key:
        token = self.take()
        entity, name, start, end = "attribute", token.value, token.start, token.end
        if token.kind == "word" and "." in token.value:
            prefix, _, name = token.value.partition(".")
            entity = self.schema.entities.get(prefix) or self._unknown_entity(token, prefix)
            start += len(prefix) + 1
            if not name and self.token.kind == "name" and self.token.start == end:
                end = self.token.end
                name = self.take().value
        elif token.kind != "name" and not _is_plain(token):
            self.refuse(
                token.start,
                f"a key should come here, not {self.source(token)}",
                "Write a key such as metrics.accuracy or start_time.",
            )
        if entity == "attribute":
            name = self.schema.aliases.get(name, name)
            kind = self.schema.attributes.get(name) or self._unknown_attribute(start, name)
        else:
            kind = KINDS[entity]
            self._check_name(entity, name, start)
        return _Key(entity, name, kind, token.start, self.text[token.start : end])

    def _check_name(self, entity: str, name: str, position: int) -> None:
        """Refuse the key of a metric, param, tag or dataset that nothing can have."""
        if not name:
            self.refuse(
                position,
                f"the key of the {entity} is missing",
                f"Write it behind the dot; odd ones in backticks: {entity}s.`a key`.",
            )
        if len(name) > MAX_KEY:
            self.refuse(
                position,
                f"this key has {len(name):,} characters",
                f"A key has {MAX_KEY} at most.",
            )
        if entity == "dataset" and name not in DATASET_KEYS:
            self._unknown(position, "datasets", "key", name, DATASET_KEYS)

    def _unknown_entity(self, token: Token, prefix: str) -> NoReturn:
        usual = [f"{entity}s" for entity in dict.fromkeys(self.schema.entities.values())]
        self._unknown(token.start, self.schema.what, "entity", prefix, usual)

    def _unknown_attribute(self, position: int, name: str) -> NoReturn:
        entities = {*self.schema.entities.values()} - {"attribute", "dataset"}
        keyed = " or ".join(sorted(f"{entity}s.{name:.40}" for entity in entities))
        self._unknown(
            position,
            self.schema.what,
            "attribute",
            name,
            [*self.schema.attributes],
            f" Other keys need their entity: {keyed}.",
        )

    def _unknown(
        self,
        position: int,
        owners: str,
        what: str,
        name: str,
        known: Sequence[str],
        more: str = "",
    ) -> NoReturn:
        """Refuse a name that is not in a table; name the nearest one and all of them."""
        nearest = get_close_matches(name[:MAX_KEY], known, n=1)
        guess = f"Did you mean {nearest[0]}? " if nearest else ""
        self.refuse(
            position,
            f"{owners} have no {what} {name[:40]!r}",
            f"{guess}They have {', '.join(known)}.{more}",
        )

    # Operators and values

    def _operator(self, key: _Key) -> str:
        start = self.token.start
        if symbol := self.take_symbol(*EQUALITY, *ORDER, *_SAME_OPERATOR):
            operator = _SAME_OPERATOR.get(symbol.value, symbol.value)
        elif self.take_keyword("IS"):
            operator = "IS NOT NULL" if self.take_keyword("NOT") else "IS NULL"
            if not self.take_keyword("NULL"):
                self._expected("NULL", f"Write {key.written} {operator}.")
        else:
            negation = "NOT " if self.take_keyword("NOT") else ""
            word = self.take_keyword("LIKE", "ILIKE", "IN")
            if word is None:
                advice = f"Write one of {'  '.join(OPERATORS[key.kind])}."
                if _is_plain(self.token) and not negation:
                    advice += " Put a key with spaces in backticks."
                self._expected(f"an operator after {key.written[:40]}", advice)
            operator = negation + word
        if operator not in OPERATORS[key.kind]:
            holds = "a number" if key.kind in ("metric", "number") else "text"
            self.refuse(
                start,
                f"{operator} does not go with {key.written[:40]}, which is {holds}",
                f"These do: {'  '.join(OPERATORS[key.kind])}.",
            )
        return operator

    def _list(self, key: _Key, operator: str) -> tuple[Scalar, ...]:
        if not self.take_symbol("("):
            self._expected("a list in brackets", _example(key, operator, "…"))
        values: list[Scalar] = []
        while True:
            values.append(self._value(key, operator))
            comma = self.take_symbol(",")
            if self.take_symbol(")"):  # behind a comma, too: Python writes ('a',)
                break
            if not comma:
                self._expected("a comma or )", _example(key, operator, "…"))
        self.listed += len(values)
        if self.listed > MAX_LISTED:
            self.refuse(
                key.position,
                f"the lists have more than {MAX_LISTED:,} values up to here",
                "Split them into several searches.",
            )
        return tuple(values)

    def _value(self, key: _Key, operator: str) -> Scalar:
        token = self.take()
        in_quotes = token.kind == "text" or self.text[token.start : token.start + 1] == '"'
        if not in_quotes and not _is_plain(token):
            advice = f"Write {key.written} IS NULL." if token.value.upper() == "NULL" else ""
            self.refuse(
                token.start,
                f"a value should come here, not {self.source(token)}",
                advice or "Write a number, or text in single quotes.",
            )
        if key.kind in ("metric", "number") or operator in ORDER:
            return self._number(key, operator, token, in_quotes)
        if in_quotes:
            return self._status(operator, token) if key.kind == "status" else token.value
        number = number_of(token.value)
        if key.kind == "param" and operator not in PATTERN:
            if token.value.lower() in _CONSTANTS:
                return _CONSTANTS[token.value.lower()]
            if number is not None:
                return number if math.isfinite(number) else str(number)
        if key.kind == "id" and isinstance(number, int):
            return token.value
        self.refuse(
            token.start,
            "the text value needs quotes",
            _example(key, operator, quoted(token.value)),
        )

    def _number(self, key: _Key, operator: str, token: Token, in_quotes: bool) -> int | float:
        number = number_of(token.value)
        if in_quotes:
            advice = "Text is compared with = != LIKE ILIKE." if key.kind == "param" else ""
            if number is not None:
                advice = _example(key, operator, token.value)
            self.refuse(
                token.start,
                f"{key.written[:40]} {operator} takes a number, and quotes make text",
                advice or "Write a number, without quotes.",
            )
        if number is None:
            self.refuse(
                token.start,
                f"{self.source(token)} is not a number (of up to 64 bits)",
                _example(key, operator, "0.5" if key.kind in ("metric", "param") else "0"),
            )
        if math.isfinite(number):
            return number
        if key.kind != "metric":
            self.refuse(token.start, "only metrics are nan or inf", "Write a number.")
        if math.isnan(number) and operator not in EQUALITY:
            self.refuse(
                token.start,
                f"nan goes with = and != only, not with {operator}",
                f"Write {key.written} = nan.",
            )
        return number

    def _status(self, operator: str, token: Token) -> str:
        """Return a status or a pattern of one; all of them are in capitals."""
        status = token.value.upper()
        if operator not in PATTERN and status not in self.schema.statuses:
            self._unknown(token.start, self.schema.what, "status", status, self.schema.statuses)
        return status

    # The end, and what should have come

    def _expect_end(self, instead: str, advice: str) -> None:
        if self.token.kind == "end":
            return
        start = self.token.start
        if self.take_symbol(")"):
            self.refuse(start, "this bracket was not opened", "Leave it out.")
        self._expected(instead, advice)

    def _expected(self, what: str, advice: str) -> NoReturn:
        self.refuse(
            self.token.start, f"{what} should come here, not {self.source(self.token)}", advice
        )


def _is_plain(token: Token) -> bool:
    """Whether a token is a bare word and no keyword."""
    return token.kind == "word" and token.value.upper() not in _KEYWORDS


def _example(key: _Key, operator: str, value: str) -> str:
    """Return the sentence that shows how the comparison is written with this value."""
    if operator in LIST:
        value = "(…, …)" if value == "…" else f"({value}, …)"
    return f"Write {key.written[:80]} {operator} {value}."
