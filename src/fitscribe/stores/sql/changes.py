"""The sequence of changes, in the order of commits; and who has sent which batch."""

from __future__ import annotations

from typing import Any

from fitscribe.core.caller import Caller
from fitscribe.core.clock import now_ms
from fitscribe.core.entities import Change
from fitscribe.stores.sql.codes import CHANGED_KINDS
from fitscribe.stores.sql.engine import AlreadyWritten, Connection, Writer
from fitscribe.stores.sql.statements import Row, Rule, Statement
from fitscribe.stores.sql.visibility import visible

__all__ = ["append", "append_one", "read", "remember", "shown"]

_APPEND = Statement(
    "INSERT INTO changes (kind, id, caller, request_id, at) "
    "SELECT i.kind, i.id, i.caller, i.request_id, i.at FROM {incoming}",
    (
        ("kind", "smallint"),
        ("id", "text"),
        ("caller", "text"),
        ("request_id", "text"),
        ("at", "bigint"),
    ),
)

_REPEATED = Rule(
    "repeated",
    Statement(
        "SELECT w.last_seq FROM {incoming} JOIN writers w ON w.writer = i.writer "
        "WHERE w.last_seq >= i.seq",
        (("writer", "text"), ("seq", "bigint")),
    ),
    lambda row: AlreadyWritten(row),
)

_REMEMBER = Statement(
    "INSERT INTO writers (writer, last_seq, at) "
    "SELECT i.writer, i.seq, i.at FROM {incoming} WHERE true "
    "ON CONFLICT (writer) DO UPDATE SET last_seq = excluded.last_seq, at = excluded.at",
    (("writer", "text"), ("seq", "bigint"), ("at", "bigint")),
)


def remember(writer: Writer, name: str, seq: int) -> None:
    """Note that a writer's batch is written; one that was noted before stops here."""
    writer.check(_REPEATED, [(name, seq)])
    writer.apply(_REMEMBER, [(name, seq, now_ms())])


def append(writer: Writer, caller: Caller, changed: list[tuple[int, str]]) -> None:
    """Append one line for each thing that changed: kind and id."""
    now = now_ms()
    name, request = caller.name, caller.request_id
    writer.apply(_APPEND, [(kind, what, name, request, now) for kind, what in changed])


def append_one(connection: Connection, caller: Caller, kind: int, what: str) -> None:
    """Append one line."""
    connection.execute(
        "INSERT INTO changes (kind, id, caller, request_id, at) VALUES (?, ?, ?, ?, ?)",
        [kind, what, caller.name, caller.request_id, now_ms()],
    )


def shown(connection: Connection, caller: Caller) -> tuple[str, list[Any]]:
    """Return the end of a WHERE on ``changes c``: that the caller may see what was changed."""
    numbers = visible(caller)
    if numbers is None:
        return "", []
    if connection.name == "sqlite":
        name, number = (
            "substr(c.id, 1, instr(c.id, '/') - 1)",
            "substr(c.id, instr(c.id, '/') + 1)",
        )
    else:
        name, number = "split_part(c.id, '/', 1)", "split_part(c.id, '/', 2)"
    version = (
        "FROM model_versions v JOIN registered_models g ON g.id = v.registered "
        f"WHERE c.kind = 4 AND g.name = {name} AND CAST(v.version AS TEXT) = {number}"
    )
    # The condition is the same for all kinds, so the list is bound once. Names are everybody's;
    # so are versions of no experiment.
    return (
        "AND (c.kind = 3 OR EXISTS (SELECT 1 FROM experiments e WHERE "
        f"{connection.among('e.id')} AND e.id = CASE c.kind "
        "WHEN 0 THEN CAST(c.id AS INTEGER) "
        "WHEN 1 THEN (SELECT r.experiment FROM runs r WHERE r.run_id = c.id) "
        "WHEN 2 THEN (SELECT m.experiment FROM logged_models m WHERE m.model_id = c.id) "
        f"ELSE (SELECT v.experiment {version}) END) "
        f"OR EXISTS (SELECT 1 {version} AND v.experiment IS NULL))",
        [connection.listed(numbers)],
    )


def read(connection: Connection, caller: Caller, after: int, limit: int) -> list[Change]:
    """Return what was changed after a sequence number, of what the caller may see."""
    allowed, values = shown(connection, caller)
    rows: list[Row] = connection.rows(
        f"SELECT c.seq, c.kind, c.id, c.caller, c.at FROM changes c WHERE c.seq > ? {allowed} "
        "ORDER BY c.seq LIMIT ?",
        [after, *values, limit],
    )
    return [Change(seq, CHANGED_KINDS[kind], *rest) for seq, kind, *rest in rows]
