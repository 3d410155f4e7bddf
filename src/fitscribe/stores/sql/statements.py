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

__all__ = ["Columns", "Row", "Rows", "Rule", "Statement", "Values", "as_pyformat"]

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
class Rows:
    """An insert of many rows, each of which belongs to a run, to a model, or to both.

    A row begins with the public ids of its owners, for which the table has their numbers. SQLite
    has looked those up before and binds them, PostgreSQL joins. A model that is not there, or
    None, is number 0.

    Parameters
    ----------
    table : str
        Where to.
    owners : tuple of {"run", "model"}
        Columns of the numbers; a run comes before a model.
    columns : tuple of (str, str)
        Name and PostgreSQL type of the row's own values, which follow its owners.
    conflict : str
        What follows the rows: ``ON CONFLICT …``.
    copied : tuple of str
        Columns of `runs` that the table has too: experiment, start_time.
    """

    table: str
    owners: tuple[str, ...]
    columns: Columns
    conflict: str = "ON CONFLICT DO NOTHING"
    copied: tuple[str, ...] = ()

    @cached_property
    def given(self) -> Columns:
        """Name and PostgreSQL type of all values of a row."""
        return (*((f"{owner}_id", "text") for owner in self.owners), *self.columns)

    @property
    def _into(self) -> str:
        own = [name for name, _ in self.columns]
        names = [self.owners[0], *self.copied, *self.owners[1:], *own]
        return f"INSERT INTO {self.table} ({', '.join(names)})"

    @cached_property
    def sqlite(self) -> str:
        """The text for one row: number of the first owner, copied columns, the other, values."""
        marks = ", ".join("?" * (len(self.copied) + len(self.given)))
        return f"{self._into} VALUES ({marks}) {self.conflict}"

    @cached_property
    def postgresql(self) -> str:
        """The text for arrays: public ids, own values."""
        arrays = ", ".join(f"%s::{kind}[]" for _, kind in self.given)
        names = ", ".join(name for name, _ in self.given)
        own = [f"i.{name}" for name, _ in self.columns]
        joins = ""
        if "model" in self.owners:
            own.insert(0, "coalesce(m.id, 0)")
            joins = "LEFT JOIN logged_models m ON m.model_id = i.model_id "
        if "run" in self.owners:
            own[:0] = ["r.id", *(f"r.{name}" for name in self.copied)]
            joins = f"JOIN runs r ON r.run_id = i.run_id {joins}"
        return (
            f"{self._into} SELECT {', '.join(own)} "
            f"FROM unnest({arrays}) AS i({names}) {joins}{self.conflict}"
        )
