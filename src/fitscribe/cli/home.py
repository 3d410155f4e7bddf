"""Whether anything is recorded where a command looks."""

from __future__ import annotations

from fitscribe.errors import NotFound
from fitscribe.tracking.connect import database_of, get_tracking_uri, path_text

__all__ = ["check_home"]


def check_home() -> None:
    """Raise NotFound where nothing was recorded: looking makes no database."""
    database = database_of(get_tracking_uri())
    if database is not None and not database.is_file():
        raise NotFound(
            f"Nothing is recorded in {path_text(database.parent)} yet. Record a fit there with "
            "fitscribe.sklearn.autolog(), go to a folder with runs, or name one by --uri."
        )
