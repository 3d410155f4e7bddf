"""SQL that is told once and runs on both engines.

A statement works on *incoming rows*, which it names ``{incoming}`` and reads as the relation
``i``. SQLite is in this process: it runs the statement once for each row, with the row's values
bound. PostgreSQL is a round trip away: it runs the statement once, over arrays of all rows.
Other placeholders are ``?``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["Columns", "Row", "Rule", "RunRows", "Statement", "Values", "as_pyformat"]

Row = tuple[Any, ...]
Values = Sequence[Any]
Columns = tuple[tuple[str, str], ...]


def as_pyformat(sql: str) -> str:
    """Return SQL with psycopg's placeholders instead of ``?``."""
    return sql.replace("%", "%%").replace("?", "%s")


@dataclass(frozen=True)
class Statement:
    """A statement over incoming rows.

    Parameters
    ----------
    template : str
        The SQL, with ``{incoming}`` where the relation ``i`` is read.
    columns : tuple of (str, str)
        Name and PostgreSQL type of each value of a row.
    """

    template: str
    columns: Columns

    @cached_property
    def sqlite(self) -> str:
        """The text for one row."""
        values = ", ".join(f"? AS {name}" for name, _ in self.columns)
        return self.template.replace("{incoming}", f"(SELECT {values}) i")

    @cached_property
    def postgresql(self) -> str:
        """The text for arrays of rows."""
        arrays = ", ".join(f"%s::{kind}[]" for _, kind in self.columns)
        names = ", ".join(name for name, _ in self.columns)
        template = self.template.replace("%", "%%")
        return template.replace("{incoming}", f"unnest({arrays}) AS i({names})")


@dataclass(frozen=True)
class Rule:
    """What must be true of incoming rows: a select that finds those of which it is not.

    Parameters
    ----------
    name : str
        Which rule; PostgreSQL answers with it.
    statement : Statement
        Finds the rows that break the rule.
    error : callable
        Takes a found row (as JSON gives it back) and returns what to raise.
    """

    name: str
    statement: Statement
    error: Callable[[Row], Exception]

    @cached_property
    def postgresql(self) -> str:
        """A statement that stops the transaction if a row is found."""
        return (
            f"SELECT fitscribe_refuse('{self.name}', row_to_json(o)::text) "
            f"FROM ({self.statement.postgresql} LIMIT 1) o"
        )


@dataclass(frozen=True)
class RunRows:
    """An insert of many rows, each of which belongs to a run.

    The run's own columns are copied into each row. SQLite has looked them up before and binds
    them, PostgreSQL joins.

    Parameters
    ----------
    table : str
        Where to.
    copied : tuple of str
        Columns of `runs` that the table has too, after ``run``: experiment, start_time.
    columns : tuple of (str, str)
        Name and PostgreSQL type of the row's own values, which follow its run id.
    conflict : str
        What follows the rows: ``ON CONFLICT …``.
    """

    table: str
    copied: tuple[str, ...]
    columns: Columns
    conflict: str

    @property
    def _into(self) -> str:
        names = ("run", *self.copied, *(name for name, _ in self.columns))
        return f"INSERT INTO {self.table} ({', '.join(names)})"

    @cached_property
    def sqlite(self) -> str:
        """The text for one row: id of the run, copied columns, own values."""
        marks = ", ".join("?" * (1 + len(self.copied) + len(self.columns)))
        return f"{self._into} VALUES ({marks}) {self.conflict}"

    @cached_property
    def postgresql(self) -> str:
        """The text for arrays: public run ids, own values."""
        arrays = ", ".join(f"%s::{kind}[]" for _, kind in self.columns)
        names = ", ".join(name for name, _ in self.columns)
        copied = "".join(f"r.{name}, " for name in self.copied)
        own = ", ".join(f"i.{name}" for name, _ in self.columns)
        return (
            f"{self._into} SELECT r.id, {copied}{own} "
            f"FROM unnest(%s::text[], {arrays}) AS i(run_id, {names}) "
            f"JOIN runs r ON r.run_id = i.run_id {self.conflict}"
        )
