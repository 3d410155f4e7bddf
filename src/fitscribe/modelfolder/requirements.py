"""Lines of a ``requirements.txt`` that may be a stranger's, and what differs from them here.

Only plain lines are taken: a name, extras, versions, a marker. What pip would do besides (options,
addresses, paths, other files, variables of the environment) is refused, for it reaches further
than the packages of an index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.distributions import installed_version

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
# Of what a plain line is written: nothing that begins a path, an address or a variable.
_PLAIN = re.compile(r"[A-Za-z0-9._\-\[\](),=<>!~+* ;\"'\t]*")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that a model needs.

    Parameters
    ----------
    name : str
        As the file has it.
    extras : tuple of str
    wanted : str
        The versions that it may have: ``==1.5.2``; empty for any.
    marker : str
        Where it is needed, by PEP 508; empty for everywhere.
    """

    name: str
    extras: tuple[str, ...] = ()
    wanted: str = ""
    marker: str = ""

    @property
    def project(self) -> str:
        """The name as indexes spell it."""
        return str(canonicalize_name(self.name))

    @property
    def is_needed_here(self) -> bool:
        """Whether its marker holds for this Python."""
        try:
            return not self.marker or Marker(self.marker).evaluate({"extra": ""})
        except (UndefinedComparison, UndefinedEnvironmentName):
            return True

    def is_met_by(self, version: str) -> bool:
        """Whether a version is one of those."""
        try:
            return SpecifierSet(self.wanted).contains(version, prereleases=True)
        except InvalidVersion:
            return False

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f"; {self.marker}" if self.marker else ""
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
    text = line.strip()
    if len(text) > LONGEST_LINE or _PLAIN.fullmatch(text) is None:
        raise _not_plain(line)
    try:
        found = Parsed(text)
        for one in found.specifier:
            if one.operator == "===":  # which takes any text
                Version(one.version)
    except (InvalidRequirement, InvalidVersion, RecursionError):
        raise _not_plain(line) from None
    marker = "" if found.marker is None else str(found.marker)
    return Requirement(found.name, tuple(sorted(found.extras)), str(found.specifier), marker)


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
    found = []
    for one in requirements:
        if one.project in SERVING or not one.is_needed_here:
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
