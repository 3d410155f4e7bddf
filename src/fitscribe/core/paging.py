"""Page tokens: where a search goes on, as text that a client hands back as it got it.

A token holds the sort values of the last row of a page (a *keyset*), not an offset: a page costs
the same wherever it lies, and a row that is added meanwhile shifts nothing. It is base64url of
JSON and no secret: what it holds only ever becomes bound parameters of a query.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from operator import index
from typing import TypeVar

from fitscribe.core.entities import PagedList
from fitscribe.errors import InvalidParameter

__all__ = ["MOST_RESULTS", "check_max_results", "decode_token", "encode_token", "gathered"]

T = TypeVar("T")
PAGE = 1000
# A store gives no more runs, experiments or models at once.
MOST_RESULTS = 50_000

_AGAIN = (
    "Hand back the token of the page before, with the same experiments, filter, order and view; "
    "or leave the token out to start at the first page."
)


def encode_token(query: Sequence[object], values: Sequence[object]) -> str:
    """Return the token of the page that follows a row.

    Parameters
    ----------
    query : sequence
        What was asked for: experiment ids, filter, order, view. Plain JSON values and sequences
        of them; a list and a tuple of the same items are the same.
    values : sequence of int, float, str, bool or None
        The sort values of the last row of the page. NaN and the infinities are kept.

    Returns
    -------
    str
        ASCII letters, digits, ``-`` and ``_``.
    """
    text = json.dumps([_digest(query), list(values)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii").rstrip("=")


def decode_token(token: str, query: Sequence[object]) -> tuple[int | float | str | None, ...]:
    """Return the sort values that :func:`encode_token` was given.

    Parameters
    ----------
    token : str
        As it came from the caller.
    query : sequence
        What is asked for now.

    Raises
    ------
    InvalidParameter
        If it is no page token, or one of another query.
    """
    digest, values = _read(token)
    if digest != _digest(query):
        raise InvalidParameter(f"The page token {token!r:.60} belongs to another search. {_AGAIN}")
    return values


def check_max_results(value: object, limit: int) -> int:
    """Return how many results a page may have, an integer from 1 to `limit`.

    Raises
    ------
    InvalidParameter
        If it is anything else.
    """
    try:
        number = index(value)  # type: ignore[arg-type]  # whatever has __index__
    except TypeError:
        number = 0
    if isinstance(value, bool) or not 1 <= number <= limit:
        given = f"{value!r:.40}" if number.bit_length() < 64 else "a larger one"
        raise InvalidParameter(
            f"max_results must be an integer from 1 to {limit}, not {given}. For more, ask "
            "for the next page with page_token."
        )
    return number


def _digest(query: Sequence[object]) -> str:
    """Return a short fingerprint of a query; it notices mistakes, it does not stop forgers."""
    text = json.dumps(list(query), separators=(",", ":"), sort_keys=True)
    return blake2b(text.encode("ascii"), digest_size=8).hexdigest()


def _read(token: object) -> tuple[str, tuple[int | float | str | None, ...]]:
    """Return the digest and the values of a token, or refuse what is none."""
    try:
        if not isinstance(token, str):
            raise ValueError
        padded = token + "=" * (-len(token) % 4)
        digest, values = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if not isinstance(digest, str) or not isinstance(values, list):
            raise ValueError
        if not all(value is None or isinstance(value, (int, float, str)) for value in values):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise InvalidParameter(f"{token!r:.60} is no page token. {_AGAIN}") from None
    return digest, tuple(values)


def gathered(page: Callable[[int, str | None], PagedList[T]], most: int | None) -> list[T]:
    """Return what is on all pages of a search, at most so many.

    Parameters
    ----------
    page : callable
        Given how many results and a token (None at first), returns a page.
    most : int or None
        None is no limit, 0 is none.

    Raises
    ------
    InvalidParameter
        If `most` is negative or no integer.

    Examples
    --------
    >>> gathered(lambda size, token: PagedList("ab"[:size]), 1)
    ['a']
    """
    if most is not None and (not hasattr(most, "__index__") or index(most) < 0):
        raise InvalidParameter(f"max_results is an integer from 0 on, or None, not {most!r:.60}.")
    found: list[T] = []
    token: str | None = None
    while most is None or len(found) < most:
        part = page(PAGE if most is None else min(PAGE, most - len(found)), token)
        found += part
        token = part.token
        if token is None:
            break
    return found
