"""How much a caller may see: the numbers of ``fitscribe db info``."""

from __future__ import annotations

from fitscribe.core.caller import Caller
from fitscribe.stores.sql import changes
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.visibility import limit, limit_if_any

__all__ = ["counted"]

# Table, as what is counted, to where its experiment is found.
_EXPERIMENTS = {
    "experiments": "c.id",
    "runs": "c.experiment",
    "metrics": "(SELECT r.experiment FROM runs r WHERE r.id = c.run)",
    "logged_models": "c.experiment",
    "datasets": "c.experiment",
}


def counted(connection: Connection, caller: Caller) -> dict[str, int]:
    """Return the number of rows of each kind, of what the caller may see."""
    limits = {name: limit(connection, caller, at) for name, at in _EXPERIMENTS.items()}
    limits["registered_models"] = "", []  # names are everybody's
    limits["model_versions"] = limit_if_any(connection, caller, "c.experiment")
    limits["changes"] = changes.shown(connection, caller)
    rows = connection.gather(
        [
            (f"SELECT count(*) FROM {name} c WHERE true {where}", values)
            for name, (where, values) in limits.items()
        ]
    )
    return {name: found[0][0] for name, found in zip(limits, rows, strict=True)}
