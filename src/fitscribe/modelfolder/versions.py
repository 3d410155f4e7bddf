"""Versions of Python packages: their order, and what a specifier takes (PEP 440)."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

__all__ = ["Version", "is_specifier", "parse_version", "takes"]

_VERSION = re.compile(
    r"""v?
    (?:(?P<epoch>[0-9]+)!)?
    (?P<release>[0-9]+(?:\.[0-9]+)*)
    (?:[-_.]?(?P<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<pre_n>[0-9]+)?)?
    (?P<post>-(?P<post_only>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_n>[0-9]+)?)?
    (?P<dev>[-_.]?dev[-_.]?(?P<dev_n>[0-9]+)?)?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
# What may stand before ``.*``.
_PREFIX = re.compile(r"v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*", re.ASCII | re.IGNORECASE)
_LETTERS = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
LONGEST = 100
_FIRST, _LAST = -1, 1
# A part of a local version: texts come before numbers.
_Local = tuple[tuple[int, int, str], ...]


class Version(NamedTuple):
    """A version, in the order of versions.

    Parameters
    ----------
    epoch : int
    release : tuple of int
        Without zeros at its end.
    pre, post, dev, local : tuple
        Such that they compare as versions do.
    """

    epoch: int
    release: tuple[int, ...]
    pre: tuple[int, str, int]
    post: tuple[int, int]
    dev: tuple[int, int]
    local: _Local

    @property
    def public(self) -> Version:
        """The version without its local part."""
        return self._replace(local=())

    @property
    def is_before_release(self) -> bool:
        """Whether it is a pre-release or a development release."""
        return self.pre[0] == 0 or self.dev[0] == 0

    @property
    def base(self) -> tuple[int, tuple[int, ...]]:
        """Epoch and release alone."""
        return self.epoch, self.release


@functools.lru_cache(maxsize=1024)
def parse_version(text: str) -> Version | None:
    """Return a version, or None if a text is none.

    Examples
    --------
    >>> parse_version("1.0rc1") < parse_version("1.0") == parse_version("1")
    True
    """
    found = _VERSION.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        return None
    release = [int(part) for part in found["release"].split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    has_post = found["post"] is not None
    has_dev = found["dev"] is not None
    if found["pre"] is not None:
        letter = found["pre"].lower()
        pre = (0, _LETTERS.get(letter, letter), int(found["pre_n"] or 0))
    else:  # a development release of nothing else comes before all pre-releases
        pre = (_FIRST if has_dev and not has_post else _LAST, "", 0)
    number = int(found["post_only"] or found["post_n"] or 0)
    return Version(
        int(found["epoch"] or 0),
        tuple(release),
        pre,
        (0, number) if has_post else (_FIRST, 0),
        (0, int(found["dev_n"] or 0)) if has_dev else (_LAST, 0),
        _local(found["local"]),
    )


def _local(text: str | None) -> _Local:
    parts = re.split(r"[-_.]", text.lower()) if text else []
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def is_specifier(operator: str, version: str) -> bool:
    """Whether an operator and a version are one of PEP 440."""
    if operator == "===":
        return re.fullmatch(r"[A-Za-z0-9.+!_-]{1,100}", version) is not None
    if version.endswith(".*"):
        plain = _PREFIX.fullmatch(version[:-2]) is not None and len(version) <= LONGEST
        return operator in ("==", "!=") and plain
    found = parse_version(version)
    if found is None or (found.local and operator not in ("==", "!=")):
        return False
    return operator != "~=" or "." in _release(version)


def takes(operator: str, wanted: str, version: str) -> bool:
    """Return whether a specifier takes a version.

    Parameters
    ----------
    operator, wanted : str
        Of a specifier: see :func:`is_specifier`.
    version : str

    Examples
    --------
    >>> takes("~=", "1.4.2", "1.4.9"), takes("==", "1.4.*", "1.5.0")
    (True, False)
    """
    if operator == "===":
        return version.strip().lower() == wanted.lower()
    here = parse_version(version)
    if here is None:
        return False
    if wanted.endswith(".*"):
        return _begins(here, version, wanted[:-2]) == (operator == "==")
    other = parse_version(wanted)
    if other is None:
        return False
    if operator in ("==", "!="):
        return ((here if other.local else here.public) == other) == (operator == "==")
    if operator == "~=":
        parts = _release(wanted).split(".")
        epoch = f"{other.epoch}!" if other.epoch else ""
        return here.public >= other and _begins(here, version, epoch + ".".join(parts[:-1]))
    if operator == ">=":
        return here.public >= other
    if operator == "<=":
        return here.public <= other
    if operator == ">":
        return _after(here, other)
    return _before(here, other)


def _before(here: Version, other: Version) -> bool:
    """Whether a version is smaller; pre-releases of the other are not."""
    if here >= other:
        return False
    same = here.base == other.base and (other.post[0] != 0 or here.post == other.post)
    return not (same and here.is_before_release and not other.is_before_release)


def _after(here: Version, other: Version) -> bool:
    """Whether a version is greater; post-releases and local ones of the other are not."""
    if here <= other or here.public == other:
        return False
    same = here.base == other.base and here.pre == other.pre
    return not (same and here.post[0] == 0 and other.post[0] != 0)


def _release(text: str) -> str:
    found = _VERSION.fullmatch(text.strip())
    return "" if found is None else found["release"]


def _begins(here: Version, version: str, prefix: str) -> bool:
    """Whether a version begins with another, part by part."""
    wanted = parse_version(prefix)
    if wanted is None or here.epoch != wanted.epoch:
        return False
    asked = [int(part) for part in _release(prefix).split(".")]
    has = [int(part) for part in _release(version).split(".")]
    has += [0] * (len(asked) - len(has))
    return has[: len(asked)] == asked
