"""What a person should know of a run, a sentence each: ``findings.json``.

The file is ``{"format": 1, "findings": [{"kind": …, "text": …, …}]}``. Beside ``kind`` and
``text``, the numbers of the sentence are there by name (``count``, ``rows``). The kinds are a tag
too, ``fitscribe.findings``, so that runs can be searched by them:
``tags."fitscribe.findings" LIKE '%not_converged%'``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec.json

__all__ = ["FILE", "TAG", "Finding", "as_file", "as_tag", "finding", "read_file"]

FILE = "findings.json"
TAG = "fitscribe.findings"

Count = int | float | str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know.

    Parameters
    ----------
    kind : str
        A word to search for: ``not_converged``, ``warning``, ``unset_random_state`` …
    text : str
        A sentence.
    counts : dict
        Its numbers, by name.
    """

    kind: str
    text: str
    counts: dict[str, Count] = field(default_factory=dict)


def finding(kind: str, text: str, **counts: Count) -> Finding:
    """Return a finding.

    Examples
    --------
    >>> finding("duplicate_rows", "3 rows of X_test are in X_train as well", rows=3).counts
    {'rows': 3}
    """
    return Finding(kind, text, counts)


def as_file(findings: Iterable[Finding]) -> bytes:
    """Return what ``findings.json`` holds."""
    told = [{"kind": one.kind, "text": one.text, **one.counts} for one in findings]
    return msgspec.json.encode({"format": 1, "findings": told})


def as_tag(findings: Iterable[Finding]) -> str:
    """Return the kinds, each once, in order of the alphabet."""
    return ", ".join(sorted({one.kind for one in findings}))


def read_file(data: bytes) -> Sequence[Finding]:
    """Return the findings of a file, to which others may be added."""
    told: list[dict[str, Any]] = msgspec.json.decode(data)["findings"]
    return [Finding(one.pop("kind"), one.pop("text"), one) for one in told]
