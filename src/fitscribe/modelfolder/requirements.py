"""Lines of a ``requirements.txt`` that may be a stranger's, and what differs from them here.

Only plain lines are taken: a name, extras, versions, a marker. What pip would do besides (options,
addresses, paths, other files, variables of the environment) is refused, for it reaches further
than the packages of an index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.distributions import installed_version
from fitscribe.modelfolder.markers import Marker, environment_here, parse_marker
from fitscribe.modelfolder.versions import is_specifier, takes

__all__ = [
    "Requirement",
    "VersionDifference",
    "environment_differences",
    "parse_requirement",
    "parse_requirements",
]

MOST_LINES = 10_000
LONGEST_LINE = 2000
# Named in every folder so that MLflow can serve the model; fitscribe loads it without.
SERVING = ("mlflow", "mlflow-skinny")

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_LINE = re.compile(
    rf"(?P<name>{_NAME})\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    rf"(?:\((?P<inner>[^()]*)\)|(?P<versions>[^;()]*))\s*(?:;(?P<marker>.*))?",
    re.ASCII,
)
_EXTRA = re.compile(_NAME, re.ASCII)
_SPECIFIER = re.compile(r"(===|~=|==|!=|<=|>=|<|>)\s*(\S+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that a model needs.

    Parameters
    ----------
    name : str
        As the file has it.
    extras : tuple of str
    specifiers : tuple of (str, str)
        Operators and versions, all of which hold.
    marker : Marker or None
        Where it is needed; None for everywhere.
    """

    name: str
    extras: tuple[str, ...] = ()
    specifiers: tuple[tuple[str, str], ...] = ()
    marker: Marker | None = None

    @property
    def project(self) -> str:
        """The name as indexes spell it."""
        return re.sub(r"[-_.]+", "-", self.name).lower()

    @property
    def wanted(self) -> str:
        """The versions alone: ``==1.5.2``; empty for any."""
        return ",".join(f"{operator}{version}" for operator, version in self.specifiers)

    def is_met_by(self, version: str) -> bool:
        """Whether a version is one of those."""
        return all(takes(operator, wanted, version) for operator, wanted in self.specifiers)

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = "" if self.marker is None else f"; {self.marker}"
        return f"{self.name}{extras}{self.wanted}{marker}"


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """A package that is not here as it was there.

    Parameters
    ----------
    package : str
    wanted : str
        ``==1.5.2``; empty for any version.
    here : str or None
        The version that is installed; None if none is.
    """

    package: str
    wanted: str
    here: str | None


def parse_requirement(line: str) -> Requirement:
    """Return the requirement of one line.

    Raises
    ------
    InvalidParameter
        If it is no plain one.

    Examples
    --------
    >>> found = parse_requirement("pandas[parquet] == 2.2.3 ; python_version >= '3.11'")
    >>> str(found)
    'pandas[parquet]==2.2.3; python_version >= "3.11"'
    """
    found = _LINE.fullmatch(line.strip()) if len(line) <= LONGEST_LINE else None
    if found is None:
        raise _not_plain(line)
    extras = [text.strip() for text in (found["extras"] or "").split(",") if text.strip()]
    if not all(_EXTRA.fullmatch(extra) for extra in extras):
        raise _not_plain(line)
    text = found["inner"] if found["inner"] is not None else found["versions"]
    specifiers = []
    for part in (text or "").split(","):
        if not part.strip():
            continue
        one = _SPECIFIER.fullmatch(part.strip())
        if one is None or not is_specifier(one[1], one[2]):
            raise _not_plain(line)
        specifiers.append((one[1], one[2]))
    marker = None
    if found["marker"] is not None:
        marker = parse_marker(found["marker"])
        if marker is None:
            raise _not_plain(line)
    return Requirement(found["name"], tuple(extras), tuple(specifiers), marker)


def parse_requirements(lines: Iterable[str]) -> list[Requirement]:
    """Return the requirements of lines; comments and empty lines say nothing.

    Raises
    ------
    InvalidParameter
        If one is no plain requirement; the message names it.
    """
    found = []
    for number, line in enumerate(lines):
        if number >= MOST_LINES:
            raise InvalidParameter(f"The requirements have more than {MOST_LINES:,} lines.")
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text:
            found.append(parse_requirement(text))
    return found


def environment_differences(requirements: Iterable[Requirement]) -> list[VersionDifference]:
    """Return which packages are not installed here as they are required.

    Parameters
    ----------
    requirements : iterable of Requirement
        Those whose marker does not apply here are left out, and MLflow: it is named so that
        MLflow can serve a model, which is loaded without it.

    Returns
    -------
    list of VersionDifference
        In the order of the requirements.

    Examples
    --------
    >>> environment_differences([parse_requirement("numpy>=1.26")])
    []
    """
    here = environment_here()
    found = []
    for one in requirements:
        if one.project in SERVING or (one.marker is not None and not one.marker.applies(here)):
            continue
        version = installed_version(one.name)
        if version is None or not one.is_met_by(version):
            found.append(VersionDifference(one.name, one.wanted, version))
    return found


def _not_plain(line: str) -> InvalidParameter:
    return InvalidParameter(
        f"The requirement {line.strip()!r:.200} is none of the plain form "
        "`name[extras]==version; marker`. Options, addresses, paths, other files and variables "
        "are not taken from a model's folder: install by hand what you know."
    )
