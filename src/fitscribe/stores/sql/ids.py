"""Ids as users write them, and what is said where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from fitscribe.errors import InvalidParameter, NotFound

__all__ = [
    "check_given",
    "check_run_id",
    "experiment_number",
    "experiment_numbers",
    "no_experiment",
    "no_model",
    "no_registered_model",
    "no_run",
    "no_version",
]

LARGEST = 2**31 - 1
_RUN_ID = re.compile(r"[\w.\-]{1,250}", re.ASCII)


def experiment_number(experiment_id: object) -> int:
    """Return an experiment's number.

    Raises
    ------
    InvalidParameter
        If the id is no decimal number.
    NotFound
        If no store could have that many experiments.
    """
    text = str(experiment_id)
    if not (text.isascii() and text.isdigit()) or len(text) > 30:
        raise InvalidParameter(
            f"An experiment id is a decimal number as text, not {experiment_id!r:.60}. "
            "By its name: get_experiment_by_name(...)."
        )
    number = int(text)
    if number > LARGEST:
        raise no_experiment(text)
    return number


def experiment_numbers(experiment_ids: str | Iterable[str]) -> list[int]:
    """Return the numbers of experiments to search in; what no store could have is left out."""
    ids = [experiment_ids] if isinstance(experiment_ids, str) else experiment_ids
    numbers = set()
    for one in ids:
        with suppress(NotFound):
            numbers.add(experiment_number(one))
    return sorted(numbers)


def check_run_id(run_id: object) -> str:
    """Return an id that a new run can have, or raise InvalidParameter."""
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise InvalidParameter(
            f"A run id is 1 to 250 letters, digits, '_', '-' and '.', not {run_id!r:.60}."
        )
    return run_id


def check_given(key: object) -> None:
    """Refuse a key to look for that is no text; any text may be looked for."""
    if not isinstance(key, str):
        raise InvalidParameter(f"A key is text, not {type(key).__name__}: {key!r:.80}.")


def no_experiment(experiment_id: object) -> NotFound:
    """Return the error for an experiment that is not there."""
    return NotFound(
        f"There is no experiment with id {str(experiment_id)!r:.60}. "
        "List them: fitscribe experiments list"
    )


def no_run(run_id: object) -> NotFound:
    """Return the error for a run that is not there."""
    return NotFound(f"There is no run {run_id!r:.80}. List them: fitscribe runs list")


def no_model(model_id: object) -> NotFound:
    """Return the error for a logged model that is not there."""
    return NotFound(f"There is no logged model {model_id!r:.80}. List them: fitscribe models list")


def no_registered_model(name: object) -> NotFound:
    """Return the error for a name that is not registered."""
    return NotFound(
        f"There is no registered model {name!r:.80}. List them: fitscribe models registered"
    )


def no_version(name: str, version: object) -> NotFound:
    """Return the error for a version that is not there."""
    return NotFound(
        f"The registered model {name!r:.80} has no version {version}. "
        f"List them: fitscribe models versions {name!r:.80}"
    )
