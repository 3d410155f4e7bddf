"""What a model saw at its fit, as one small record that is kept beside it.

Later windows of data are counted on the same bins, so they are compared without the training
data. A profile holds no rows: values that fewer than five rows share are not named, text that is
nearly all different is known by its lengths, numbers that are all different have rounded bins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec.json
import numpy as np
from numpy.typing import NDArray

from fitscribe.errors import InvalidParameter
from fitscribe.monitoring.column import ColumnProfile, Kind, is_like
from fitscribe.monitoring.form import column_problem, decoded
from fitscribe.monitoring.moments import Moments, tallies
from fitscribe.monitoring.numbers import numbers_on, numbers_profiles, sparse_on, sparse_profiles
from fitscribe.monitoring.parts import Numbers, Other, Part, Sparse, Table, Texts
from fitscribe.monitoring.tables import table_of
from fitscribe.monitoring.texts import texts_on, texts_profile

__all__ = ["MOST_COLUMNS", "SAMPLE_ROWS", "VERSION", "Profile", "profile_of", "profile_on"]

VERSION = 1
SAMPLE_ROWS = 100_000
# What float64 holds exactly; no count is larger.
MOST_ROWS = 2**53
# A column takes some 2 kB.
MOST_COLUMNS = 1024


@dataclass(frozen=True)
class Profile:
    """What data held, column by column.

    Parameters
    ----------
    version : int
        Of the form, 1.
    rows : int
        How many rows there were.
    sampled_rows : int
        How many of them were counted in bins and levels.
    inputs, outputs : tuple of ColumnProfile
        One for each column, in the data's order.
    left_out : int
        How many columns have no profile, because there were more than 1,024 on a side.

    See Also
    --------
    profile_of : Makes one of training data.
    profile_on : Makes one of later data on the bins of the first.
    """

    version: int
    rows: int
    sampled_rows: int
    inputs: tuple[ColumnProfile, ...]
    outputs: tuple[ColumnProfile, ...] = ()
    left_out: int = 0

    def to_json(self) -> bytes:
        """Return the profile as JSON, what ``profile.json`` holds.

        Examples
        --------
        >>> import numpy as np
        >>> profile = profile_of(np.repeat([1.5, 2.5], 50))
        >>> Profile.from_json(profile.to_json()) == profile
        True
        """
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, text: bytes | str) -> Profile:
        """Return the profile that a JSON text holds.

        Parameters
        ----------
        text : bytes or str
            Of a file that may come from anywhere.

        Raises
        ------
        InvalidParameter
            If it is no JSON, of another version, too large, or anything in it is missing, unknown,
            of a wrong type, or counts do not add up.
        """
        profile = decoded(text, cls, VERSION)
        problem = _problem(profile)
        if problem:
            raise InvalidParameter(f"The profile does not add up: {problem}. Make it anew.")
        return profile

    def merge(self, other: Profile) -> Profile:
        """Return the profile of the rows of both.

        Counts are exact, means and variances up to rounding, so the order does not matter.

        Parameters
        ----------
        other : Profile
            With the same columns, bins and levels.

        Raises
        ------
        InvalidParameter
            If columns, bins or levels differ, or one of them is of a sample: what is counted of
            a part and what is counted of all cannot be added.

        Examples
        --------
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(1000, 2))
        >>> reference = profile_of(X)
        >>> first, second = profile_on(reference, X[:400]), profile_on(reference, X[400:])
        >>> first.merge(second).inputs[0].bins == reference.inputs[0].bins
        True
        """
        for profile in (self, other):
            if profile.sampled_rows != profile.rows:
                raise InvalidParameter(
                    f"A profile of a sample ({profile.sampled_rows:,} of {profile.rows:,} rows) "
                    "cannot be merged. Profiles of profile_on(reference, X) count every row."
                )
        return Profile(
            self.version,
            self.rows + other.rows,
            self.sampled_rows + other.sampled_rows,
            _merged("inputs", self.inputs, other.inputs),
            _merged("outputs", self.outputs, other.outputs),
            max(self.left_out, other.left_out),
        )


def _problem(profile: Profile) -> str | None:
    """Return what does not add up in a profile, in words for a person; None if all does."""
    if not 0 <= profile.sampled_rows <= profile.rows <= MOST_ROWS:
        return f"{profile.sampled_rows} of {profile.rows} rows are sampled"
    if profile.left_out < 0:
        return f"{profile.left_out} columns are left out"
    for what, columns in (("inputs", profile.inputs), ("outputs", profile.outputs)):
        if len(columns) > MOST_COLUMNS:
            return f"{len(columns)} {what}; there are {MOST_COLUMNS} at most"
        if len({column.name for column in columns}) < len(columns):
            return f"two {what} have one name"
        for column in columns:
            problem = column_problem(column, profile.rows, profile.sampled_rows)
            if problem:
                return f"{what}, column {column.name[:50]!r}: {problem}"
    return None


def _merged(
    what: str, some: Sequence[ColumnProfile], others: Sequence[ColumnProfile]
) -> tuple[ColumnProfile, ...]:
    if len(some) != len(others):
        raise InvalidParameter(
            f"Profiles with {len(some)} and {len(others)} {what} cannot be merged. Make both with "
            "profile_on(reference, X, outputs) on the same reference."
        )
    return tuple(a.merge(b) for a, b in zip(some, others, strict=True))


def profile_of(
    X: Any, outputs: Any = None, *, sample_rows: int = SAMPLE_ROWS, seed: int = 0
) -> Profile:
    """Return the profile of training data.

    Missing values, ranges, means and variances are of all rows, by one pass over X; bins and
    levels are of a sample. X is neither changed nor copied as a whole.

    Parameters
    ----------
    X : array-like, sparse matrix, frame or Series of shape (n_rows, n_columns) or (n_rows,)
        numpy, scipy, pandas, polars, Arrow, or a list of rows.
    outputs : same kinds of shape (n_rows,) or (n_rows, n_outputs), optional
        The target, or predictions.
    sample_rows : int
        How many rows are counted in bins at most.
    seed : int
        Of the choice of rows. The same data and seed give the same profile; no other random
        generator is touched.

    Returns
    -------
    Profile

    Raises
    ------
    InvalidParameter
        If data are of none of these kinds, or both have different numbers of rows. A single
        column that cannot be read does not fail: its kind is ``other``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.column_stack([np.arange(100) / 8, np.arange(100) % 2])
    >>> profile = profile_of(X, np.repeat(["no", "yes"], [70, 30]))
    >>> profile.rows, profile.inputs[0].moments.mean
    (100, 6.1875)
    >>> profile.inputs[1].levels
    Levels(values=(0.0, 1.0), counts=(50, 50), rest=0)
    >>> profile.outputs[0].levels
    Levels(values=('no', 'yes'), counts=(70, 30), rest=0)
    """
    if isinstance(sample_rows, bool) or not isinstance(sample_rows, int) or sample_rows < 1:
        raise InvalidParameter(f"sample_rows is a whole number from 1; got {sample_rows!r}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidParameter(f"seed is a whole number from 0; got {seed!r}.")
    tables = _tables(X, outputs)
    rows = tables[0].rows
    sample: NDArray[np.intp] | None = None
    if rows > sample_rows:
        random = np.random.default_rng(seed)
        sample = np.sort(random.choice(rows, sample_rows, replace=False, shuffle=False))
    sides = [tuple(_profiles(table, sample)) for table in tables]
    return Profile(
        VERSION,
        rows,
        rows if sample is None else sample_rows,
        sides[0],
        sides[1] if len(sides) > 1 else (),
        sum(max(0, len(table.names) - MOST_COLUMNS) for table in tables),
    )


def profile_on(reference: Profile, X: Any, outputs: Any = None) -> Profile:
    """Return the profile of later data on the bins and levels of a reference.

    Every row is counted, so profiles of parts can be merged.

    Parameters
    ----------
    reference : Profile
        Of the training data.
    X : same kinds as for :func:`profile_of`
        Columns are found by name where both have names, else by place. Further columns of a
        frame are left out.
    outputs : same kinds as for :func:`profile_of`, optional
        Without them the profile has none. A single one may have another name.

    Returns
    -------
    Profile
        Its columns have names and kinds of the reference. Values of another kind (a text among
        numbers) are counted as ``unlike``.

    Raises
    ------
    InvalidParameter
        If columns of the reference are not there, or for what :func:`profile_of` refuses.

    Examples
    --------
    >>> import numpy as np
    >>> reference = profile_of(np.repeat([1.0, 2.0], 50))
    >>> window = profile_on(reference, np.array([1.0, 2.0, 2.0, 3.0, np.nan]))
    >>> window.inputs[0].levels, window.inputs[0].missing
    (Levels(values=(1.0, 2.0), counts=(1, 2), rest=1), 1)
    """
    if not isinstance(reference, Profile):
        raise InvalidParameter(
            f"The reference is a Profile; got a {type(reference).__name__}. "
            "Read one by Profile.from_json(text), or make one by profile_of(X)."
        )
    tables = _tables(X, outputs)
    known = [reference.inputs, reference.outputs]
    sides = [
        tuple(_profiles_on(columns, table, what))
        for columns, table, what in zip(known, tables, ("inputs", "outputs"), strict=False)
    ]
    rows = tables[0].rows
    found = sides[1] if len(sides) > 1 else ()
    return Profile(VERSION, rows, rows, sides[0], found, reference.left_out)


def _tables(X: Any, outputs: Any) -> list[Table]:
    tables = [table_of(X)] if outputs is None else [table_of(X), table_of(outputs)]
    if len({table.rows for table in tables}) > 1:
        raise InvalidParameter(
            f"The inputs have {tables[0].rows:,} rows and the outputs {tables[1].rows:,}. "
            "Give the outputs of these inputs, one for each row."
        )
    return tables


def _profiles(table: Table, sample: NDArray[np.intp] | None) -> Iterator[ColumnProfile]:
    count = min(len(table.names), MOST_COLUMNS)
    place = 0
    for part in table.read(range(count), [None] * count):
        names = table.names[place : place + _width(part)]
        place += len(names)
        if isinstance(part, Numbers):
            yield from numbers_profiles(names, part, sample)
        elif isinstance(part, Sparse):
            yield from sparse_profiles(names, part, sample)
        elif isinstance(part, Texts):
            yield texts_profile(names[0], part, table.rows, sample)
        else:
            yield ColumnProfile(names[0], "other", part.missing, 0, 0, 0, Moments(0))


def _width(part: Part) -> int:
    return len(part.kinds) if isinstance(part, (Numbers, Sparse)) else 1


def _profiles_on(
    reference: Sequence[ColumnProfile], table: Table, what: str
) -> Iterator[ColumnProfile]:
    wanted: list[Kind | None] = [column.kind for column in reference]
    place = 0
    for part in table.read(_places(reference, table, what), wanted):
        columns = reference[place : place + _width(part)]
        place += len(columns)
        yield from _part_on(columns, part, table.rows)


def _part_on(columns: Sequence[ColumnProfile], part: Part, rows: int) -> Iterator[ColumnProfile]:
    """Yield profiles on columns of the reference, some of which may be of another kind."""
    kinds = part.kinds if isinstance(part, (Numbers, Sparse)) else [_kind(part)]
    if all(is_like(kind, column.kind) for kind, column in zip(kinds, columns, strict=True)):
        if isinstance(part, Numbers):
            yield from numbers_on(columns, part)
        elif isinstance(part, Sparse):
            yield from sparse_on(columns, part)
        elif isinstance(part, Texts):
            yield texts_on(columns[0], part, rows)
        else:
            yield columns[0].without_values(part.missing, 0)
    elif isinstance(part, (Numbers, Sparse)) and len(columns) > 1:
        for place, column in enumerate(columns):
            one = part.matrix[:, place : place + 1]
            yield from _part_on([column], type(part)(kinds[place : place + 1], one), rows)
    else:
        missing = _missing(part, rows)
        unlike = 0 if columns[0].kind == "other" else rows - missing
        yield columns[0].without_values(missing, unlike)


def _kind(part: Texts | Other) -> Kind:
    return part.kind if isinstance(part, Texts) else "other"


def _missing(part: Part, rows: int) -> int:
    """Return how many cells of a part's only column are missing."""
    if isinstance(part, Numbers):
        return tallies(part.matrix)[0].missing
    if isinstance(part, Sparse):
        return tallies(part.matrix.data.reshape(-1, 1))[0].missing
    if isinstance(part, Texts):
        return rows - sum(text is not None for text in part.cut(0, rows)) - part.unlike
    return part.missing


def _places(reference: Sequence[ColumnProfile], table: Table, what: str) -> list[int]:
    """Return where the columns of a reference are in data."""
    names = [column.name for column in reference]
    known = {name: place for place, name in enumerate(table.names)}
    if table.is_named and all(name in known for name in names):
        return [known[name] for name in names]
    by_place = not table.is_named or names == [str(place) for place in range(len(names))]
    # One target or prediction has many names, and is found by its place.
    by_place = by_place or (what == "outputs" and len(names) == 1)
    # Of a wide reference the first columns were kept.
    is_wide = len(names) == MOST_COLUMNS <= len(table.names)
    if by_place and (is_wide or len(table.names) == len(names)):
        return list(range(len(names)))
    absent = [name for name in names if name not in known][:5]
    raise InvalidParameter(
        f"The {what} have not the columns of the reference, which has {len(names)}: got "
        f"{len(table.names)}"
        + (f", without {', '.join(map(repr, absent))}" if absent else "")
        + ". Give the columns that the model was fitted on."
    )
