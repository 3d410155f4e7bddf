"""Who acts on a store."""

from __future__ import annotations

import functools
import getpass
from dataclasses import dataclass

__all__ = ["Caller", "local_caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The one on whose behalf a store acts; every change keeps the name.

    Parameters
    ----------
    name : str
        User name. On one's own machine, the operating system's.
    roles : frozenset of str
        What a server has granted; empty on one's own machine.
    request_id : str or None
        The request that this call belongs to, for the audit.
    experiments : frozenset of str or None
        Ids of the experiments that the caller may see; None is all of them. Stores apply it in
        SQL, so a page of results is full and a count is right.
    """

    name: str
    roles: frozenset[str] = frozenset()
    request_id: str | None = None
    experiments: frozenset[str] | None = None

    def may_see(self, experiment_id: str) -> bool:
        """Whether the caller may see this experiment and what is in it."""
        return self.experiments is None or experiment_id in self.experiments


@functools.cache
def local_caller() -> Caller:
    """Return the operating system's user, who may see everything."""
    try:
        return Caller(getpass.getuser())
    except (OSError, KeyError, ImportError):  # a container without a passwd entry has no name
        return Caller("unknown")
