"""How the columns of an input fit those of a signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from fitscribe.modelfolder.arrays import HOLD_MISSING, fit_dtype, fit_objects
from fitscribe.modelfolder.casts import NUMBERS, Step, first_inexact, step_for, type_fits
from fitscribe.modelfolder.datatypes import DataType
from fitscribe.modelfolder.problems import Problem
from fitscribe.modelfolder.schema import ColSpec, ColumnName
from fitscribe.modelfolder.tables import Found, Table
from fitscribe.modelfolder.values import ANY

__all__ = ["Match", "Work", "match_columns", "step_of", "title_of", "worked"]


class Work(NamedTuple):
    """A column whose values have to be read."""

    column: int
    spec: ColSpec
    found: Found
    step: Step


class Match(NamedTuple):
    """How the names and types of one kind of input fit.

    Parameters
    ----------
    order : tuple of int or None
        The columns to take, None for all as they are.
    work : tuple of Work
    problems : tuple of Problem
        Whatever the values are.
    missing, extra : tuple
        Names.
    """

    order: tuple[int, ...] | None
    work: tuple[Work, ...]
    problems: tuple[Problem, ...]
    missing: tuple[ColumnName, ...]
    extra: tuple[ColumnName, ...]


def match_columns(table: Table, specs: Sequence[ColSpec]) -> Match:
    """Compare names and types with the schema."""
    count, names = len(table.types), table.names
    by_name = specs[0].name is not None and names is not None
    places: Sequence[int | None]
    if by_name and names is not None:
        where: dict[ColumnName | None, int] = {}
        for place, name in enumerate(names):
            where.setdefault(name, place)
        places = [where.get(spec.name) for spec in specs]
        wanted = {spec.name for spec in specs}
        extra = tuple(name for name in names if name not in wanted)
        twice = tuple(name for name in wanted if names.count(name) > 1)
    else:
        places = [place if place < count else None for place in range(len(specs))]
        extra, twice = (), ()
    problems = [Problem(f"column {name!r}", "one of the name", "several") for name in twice]
    if not by_name and count != len(specs):
        problems.append(Problem("the input", _counted(len(specs)), _counted(count)))
        return Match(None, (), tuple(problems), (), ())
    missing, work, order = [], [], []
    for spec, at in zip(specs, places, strict=True):
        if at is None:
            if spec.required:
                missing.append(spec.name)
            continue
        order.append(at)
        found = table.found(at)
        step = step_of(found, spec)
        if step is Step.refuse and not _is_whole(found, spec):
            told = str(table.types[at])
            problems.append(Problem(title_of(spec, at), repr(spec.type), told))
        elif step is not Step.keep or _checks_missing(found, spec):
            work.append(Work(at, spec, found, step))
    same = order == list(range(count))
    return Match(
        None if same else tuple(order),
        tuple(work),
        tuple(problems),
        tuple(name for name in missing if name is not None),
        extra,
    )


def step_of(found: Found, spec: ColSpec) -> Step:
    """Return what a column needs, as far as types tell."""
    wanted = spec.type
    if wanted == ANY:
        return Step.keep
    if found.plain is not None:
        if found.plain.kind == "O":
            return Step.look
        if isinstance(wanted, DataType) and wanted in NUMBERS:
            return step_for(found.plain, wanted.to_numpy())
    return Step.keep if type_fits(found.type, wanted) else Step.refuse


def _is_whole(found: Found, spec: ColSpec) -> bool:
    """Whether floats stand where integers should: NaN among them may be why."""
    floats = found.plain is not None and found.plain.kind == "f"
    return floats and spec.type in (DataType.integer, DataType.long)


def _checks_missing(found: Found, spec: ColSpec) -> bool:
    """Whether a missing value would be a problem, which the column's type cannot tell."""
    return spec.required and found.nullable and spec.type not in HOLD_MISSING


def worked(table: Table, work: Work) -> tuple[Any, Problem | None]:
    """Return a column as the signature has it (None: as it is), or what is wrong with it."""
    column, spec, found, step = work
    title, wanted = title_of(spec, column), repr(spec.type)
    if step is Step.look:
        return fit_objects(table.objects(column), spec.type, spec.required, title)
    if _checks_missing(found, spec):
        row = table.first_missing(column)
        if row is not None:
            return None, Problem(title, wanted, "no value", row)
    if step is Step.keep or not isinstance(spec.type, DataType):
        return None, None
    target = spec.type.to_numpy()
    if step is Step.refuse:
        problem = fit_dtype(table.numbers(column), target, title)[1]
        return None, problem and problem._replace(expected=wanted)
    if step is Step.try_cast:
        values = table.numbers(column)
        row = first_inexact(values, values.astype(target))
        if row is not None:
            hint = "a float of this size does not hold the integer exactly"
            return None, Problem(title, wanted, str(table.types[column]), row, hint)
    return table.cast(column, target), None


def title_of(spec: ColSpec, place: int) -> str:
    """Return what a column is called in messages."""
    return f"column {place if spec.name is None else spec.name!r}"


def _counted(count: int) -> str:
    return f"{count} column" if count == 1 else f"{count} columns"
