"""What a caller may see, as conditions of queries: what it may not see, no row leaves SQL with."""

from __future__ import annotations

from typing import Any

from fitscribe.core.caller import Caller
from fitscribe.stores.sql.engine import Connection

__all__ = ["hides", "limit", "limit_if_any", "visible", "visible_text"]


def visible(caller: Caller) -> list[int] | None:
    """Return the numbers of the experiments that a caller may see, or None for all."""
    if caller.experiments is None:
        return None
    return [int(one) for one in caller.experiments if one.isascii() and one.isdigit()]


def visible_text(caller: Caller) -> str | None:
    """Return the same numbers between commas, ``,1,2,``, for a rule to look into."""
    numbers = visible(caller)
    return None if numbers is None else f",{','.join(map(str, numbers))},"


def limit(connection: Connection, caller: Caller, column: str) -> tuple[str, list[Any]]:
    """Return the end of a WHERE or an ON: that the experiment in `column` may be seen.

    Returns
    -------
    tuple
        ``AND …`` with the values that it binds; nothing of both for who may see all.
    """
    numbers = visible(caller)
    if numbers is None:
        return "", []
    return f"AND {connection.among(column)}", [connection.listed(numbers)]


def limit_if_any(connection: Connection, caller: Caller, column: str) -> tuple[str, list[Any]]:
    """Return the same for a thing that may be of no experiment, which everybody sees."""
    numbers = visible(caller)
    if numbers is None:
        return "", []
    return f"AND ({column} IS NULL OR {connection.among(column)})", [connection.listed(numbers)]


def hides(
    connection: Connection, caller: Caller, run_id: str, condition: str = "true"
) -> tuple[str, list[Any]]:
    """Return the end of a WHERE: that `run_id`, where `condition` holds, is no run out of sight.

    A text that is no run's id is just a text.
    """
    numbers = visible(caller)
    if numbers is None:
        return "", []
    seen = connection.among("other.experiment")
    return (
        f"AND NOT ({condition} AND EXISTS (SELECT 1 FROM runs other "
        f"WHERE other.run_id = {run_id} AND NOT {seen}))",
        [connection.listed(numbers)],
    )
