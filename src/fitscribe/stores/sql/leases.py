"""Leases: which process keeps a run open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Lease, RunRecord
from fitscribe.core.entities import TAG_ENDED_BY
from fitscribe.core.states import RunStatus
from fitscribe.stores.sql.changes import append_one
from fitscribe.stores.sql.codes import CHANGED_RUN
from fitscribe.stores.sql.engine import Connection, Writer
from fitscribe.stores.sql.statements import Row, Statement
from fitscribe.stores.sql.visibility import limit

__all__ = ["add", "beat", "end_abandoned", "open_leases"]

_LEASE = (
    ("run_id", "text"),
    ("host", "text"),
    ("boot_id", "text"),
    ("pid", "bigint"),
    ("pid_started", "bigint"),
    ("heartbeat", "bigint"),
)

# 0 is RUNNING: a run that has ended has no lease.
_SET = Statement(
    "INSERT INTO leases (run, host, boot_id, pid, pid_started, heartbeat) "
    "SELECT r.id, i.host, i.boot_id, i.pid, i.pid_started, i.heartbeat "
    "FROM {incoming} JOIN runs r ON r.run_id = i.run_id WHERE r.status = 0 "
    "ON CONFLICT (run) DO UPDATE SET host = excluded.host, boot_id = excluded.boot_id, "
    "pid = excluded.pid, pid_started = excluded.pid_started, heartbeat = excluded.heartbeat",
    _LEASE,
)

_DROP = Statement(
    "DELETE FROM leases "
    "WHERE run IN (SELECT r.id FROM {incoming} JOIN runs r ON r.run_id = i.run_id)",
    (("run_id", "text"),),
)


def add(writer: Writer, records: Iterable[RunRecord]) -> None:
    """Keep the leases of runs that a batch makes or reopens, drop those of runs that it ends."""
    kept: dict[str, Row] = {}
    dropped: list[Row] = []
    for record in records:
        change = record.change
        lease = record.create.lease if record.create is not None else None
        if change is not None:
            lease = change.lease or lease
            if change.status in RunStatus.TERMINAL and not change.reopen:
                dropped.append((record.run_id,))
                continue
        if lease is not None:
            kept[record.run_id] = _row(record.run_id, lease)
    writer.apply(_SET, list(kept.values()))
    writer.apply_to_old(_DROP, dropped)


def _row(run_id: str, lease: Lease) -> Row:
    return (
        run_id,
        lease.host,
        lease.boot_id,
        lease.pid,
        lease.pid_started,
        lease.heartbeat,
    )


def open_leases(connection: Connection, caller: Caller) -> list[tuple[str, Lease]]:
    """Return run id and lease of each run that is running under one."""
    where, values = limit(connection, caller, "r.experiment")
    rows = connection.rows(
        "SELECT r.run_id, l.host, l.boot_id, l.pid, l.pid_started, l.heartbeat "
        f"FROM leases l JOIN runs r ON r.id = l.run WHERE r.status = 0 {where} ORDER BY l.run",
        values,
    )
    return [(run_id, Lease(*lease)) for run_id, *lease in rows]


def beat(connection: Connection, caller: Caller, run_ids: Sequence[str], lease: Lease) -> None:
    """Renew leases; a run that its lease had ended runs again."""
    where, allowed = limit(connection, caller, "experiment")
    ended_by = connection.names.find(connection, [TAG_ENDED_BY]).get(TAG_ENDED_BY, 0)
    runs = connection.rows(
        "SELECT id, run_id, status, EXISTS (SELECT 1 FROM tags t WHERE t.run = runs.id "
        f"AND t.key = {ended_by} AND t.head = 'lease') FROM runs "
        f"WHERE {connection.among('run_id')} AND lifecycle = 0 {where}",
        [connection.listed(run_ids), *allowed],
    )
    for number, run_id, status, ended_by_lease in runs:
        if status != 0 and not ended_by_lease:
            continue
        if status != 0:
            connection.execute(
                "UPDATE runs SET status = 0, end_time = NULL WHERE id = ?", [number]
            )
            connection.execute("DELETE FROM tags WHERE run = ? AND key = ?", [number, ended_by])
            append_one(connection, caller, CHANGED_RUN, run_id)
        connection.execute(
            "INSERT INTO leases (run, host, boot_id, pid, pid_started, heartbeat) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run) DO UPDATE SET host = excluded.host, "
            "boot_id = excluded.boot_id, pid = excluded.pid, "
            "pid_started = excluded.pid_started, heartbeat = excluded.heartbeat",
            [number, *_row(run_id, lease)[1:]],
        )


def end_abandoned(
    connection: Connection, caller: Caller, run_ids: Sequence[str], ended_by: int
) -> None:
    """End runs under a lease as KILLED, at their last heartbeat.

    Parameters
    ----------
    ended_by : int
        The number of the key ``fitscribe.ended_by``.
    """
    killed = RunStatus.ALL.index(RunStatus.KILLED)
    where, allowed = limit(connection, caller, "r.experiment")
    runs = connection.rows(
        "SELECT r.id, r.run_id, r.experiment, r.start_time, l.heartbeat "
        "FROM leases l JOIN runs r ON r.id = l.run "
        f"WHERE r.status = 0 AND {connection.among('r.run_id')} {where}",
        [connection.listed(run_ids), *allowed],
    )
    for number, run_id, experiment, start, heartbeat in runs:
        connection.execute(
            "UPDATE runs SET status = ?, end_time = ? WHERE id = ?",
            [killed, max(heartbeat, start), number],
        )
        connection.execute(
            "INSERT INTO tags (run, key, experiment, start_time, head) "
            "VALUES (?, ?, ?, ?, 'lease') "
            "ON CONFLICT (run, key) DO UPDATE SET head = 'lease', text = NULL",
            [number, ended_by, experiment, start],
        )
        connection.execute("DELETE FROM leases WHERE run = ?", [number])
        append_one(connection, caller, CHANGED_RUN, run_id)
