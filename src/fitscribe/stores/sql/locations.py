"""Where artifacts lie: kept relative to the store's root, told as ``file:`` addresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from fitscribe.core.uris import artifacts_of_model, artifacts_of_run, file_uri, scheme_of
from fitscribe.errors import InvalidParameter

__all__ = ["Locations", "absolute_location"]

LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Locations:
    """Resolves locations against the artifact root.

    Parameters
    ----------
    root : str
        An address without a slash at its end.
    """

    root: str

    def of_experiment(self, experiment: int, given: str | None) -> str:
        """Return where an experiment's artifacts lie; `given` is what its row says."""
        return f"{self.root}/{experiment}" if given is None else given

    def of_run(self, experiment: int, given: str | None, run_id: str) -> str:
        """Return where a run's artifacts lie."""
        return artifacts_of_run(self.of_experiment(experiment, given), run_id)

    def of_model(self, experiment: int, given: str | None, model_id: str) -> str:
        """Return where a logged model's artifacts lie."""
        return artifacts_of_model(self.of_experiment(experiment, given), model_id)


def absolute_location(given: object) -> str | None:
    """Return an artifact location as an address that means the same everywhere.

    Raises
    ------
    InvalidParameter
        If it is empty, too long, or leads to a run.
    """
    if given is None:
        return None
    if not isinstance(given, (str, PurePath)):
        raise InvalidParameter(
            f"An artifact location is a folder or its address, not {given!r:.80}."
        )
    given = str(given)
    scheme = scheme_of(given)
    if not given.strip() or len(given) > LONGEST or scheme in ("runs", "models"):
        raise InvalidParameter(
            f"An artifact location is a folder or its address, up to {LONGEST} characters, "
            f"not {given!r:.80}. Leave it out for the store's own."
        )
    if scheme:
        return given.rstrip("/")
    return file_uri(Path(given).expanduser().absolute())
