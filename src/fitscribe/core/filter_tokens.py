"""The words of the search language: text to tokens, words to numbers, refusals with a caret.

Reading takes time in proportion to the text: a token begins where the one before it ended, and
no pattern gives back what it matched.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple, NoReturn

from fitscribe.errors import BadFilter

__all__ = ["MAX_LENGTH", "Reader", "Token", "number_of"]

MAX_LENGTH = 100_000


class Token(NamedTuple):
    """A piece of a text, from `start` to before `end`.

    Parameters
    ----------
    kind : {"word", "text", "name", "symbol", "end"}
        What it is: a bare word, text in single quotes, something in backticks or double quotes
        (a key or a text, as its place has it), an operator or bracket, or the end.
    value : str
        What it says, without the quotes.
    """

    kind: str
    value: str
    start: int
    end: int


# The quantifiers are possessive (*+, ++): what was matched is never given back, so that a quote
# which is not closed costs one pass, and not one for each pair of quotes behind it.
_TOKEN = re.compile(
    r"""\s*+(?: (?P<word>[^\s'"`()=<>!,;]++)
              | (?P<text>'(?:[^']++|'')*+')
              | (?P<name>"(?:[^"]++|"")*+" | `(?:[^`]++|``)*+`)
              | (?P<symbol>[<>=!]=|<>|[()=<>!,;])
              | (?P<end>\Z) )""",
    re.VERBOSE,
)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Reader:
    """A text, and how far it was read.

    Parameters
    ----------
    text : str
        What to read.
    what : str
        What the text is, for messages: ``"filter"``.

    Attributes
    ----------
    token : Token
        What comes next.
    """

    def __init__(self, text: str, what: str) -> None:
        if not isinstance(text, str):
            raise BadFilter(f"The {what} must be text, not {type(text).__name__}: {text!r:.80}.")
        if len(text) > MAX_LENGTH:
            raise BadFilter(
                f"The {what} has {len(text):,} characters; up to {MAX_LENGTH:,} are read. "
                "Split it into several searches."
            )
        self.text = text
        self.what = what
        if odd := _UNSTORABLE.search(text):
            self.refuse(odd.start(), f"no key or value holds {odd[0]!r}", "Leave it out.")
        self.token = self._token_at(0)

    def _token_at(self, position: int) -> Token:
        match = _TOKEN.match(self.text, position)
        if match is None:  # only a quote without its partner fits none of the kinds
            while self.text[position].isspace():
                position += 1
            quote = self.text[position]
            self.refuse(
                position,
                f"the quote {quote} is not closed",
                f"Close it with another {quote}. A {quote} inside the quotes is doubled.",
            )
        kind = str(match.lastgroup)
        start, end = match.span(kind)
        value = match[kind]
        if kind in ("text", "name"):
            value = value[1:-1].replace(value[0] * 2, value[0])
        return Token(kind, value, start, end)

    def take(self) -> Token:
        """Return the next token and step over it."""
        token = self.token
        self.token = self._token_at(token.end)
        return token

    def take_symbol(self, *symbols: str) -> Token | None:
        """Return the next token and step over it, if it is one of these symbols."""
        if self.token.kind == "symbol" and self.token.value in symbols:
            return self.take()
        return None

    def take_keyword(self, *keywords: str) -> str | None:
        """Return the next word in capitals and step over it, if it is one of these."""
        if self.token.kind == "word" and self.token.value.upper() in keywords:
            return self.take().value.upper()
        return None

    def source(self, token: Token) -> str:
        """Return a token as it is written, for messages."""
        written = self.text[token.start : token.end]
        if not written:
            return "the end"
        return written if len(written) <= 40 else f"{written[:40]}…"

    def refuse(self, position: int, problem: str, advice: str) -> NoReturn:
        """Raise BadFilter with the text around `position`, and a caret under it."""
        first = max(0, position - 60)
        last = position + 40
        before = "…" if first else ""
        after = "…" if last < len(self.text) else ""
        caret = " " * (len(before) + position - first) + "^"
        raise BadFilter(
            f"Cannot read the {self.what} at character {position + 1}: {_on_one_line(problem)}.\n"
            f"  {before}{_on_one_line(self.text[first:last])}{after}\n"
            f"  {caret}\n"
            f"  {_on_one_line(advice)}",
            position,
        )


def _on_one_line(text: str) -> str:
    """Return text of the same length that moves no cursor: line ends and controls are spaces."""
    return "".join([character if character.isprintable() else " " for character in text])


def number_of(word: str) -> int | float | None:
    """Return the number that a word is, or None: ``3``, ``-.5e3``, ``nan``, ``Infinity``.

    A whole number of more than 64 bits becomes a float; what is too large for that is none.
    """
    if "_" in word or not word.isascii():  # float() takes 1_000 and the digits of every script
        return None
    try:
        value = float(word)
    except ValueError:
        return None
    if word.lstrip("+-").isdigit() and len(word) <= 20 and -(2**63) <= int(word) < 2**63:
        return int(word)
    return None if math.isinf(value) and word[-1].isdigit() else value
