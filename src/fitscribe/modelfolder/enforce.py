"""An input is made to fit a model's signature before the model is asked, or refused with all
that is wrong with it.

MLflow's rules, with two differences. What a wider type holds exactly is taken, which for int64
as double depends on the values. And the container stays what it is: an array is not made a frame.

Names and types of an input are compared with the signature once for each kind of input; another
one of the same kind costs a look-up. Values are read only where a type differs.
"""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from fitscribe.errors import FitscribeWarning, InvalidParameter
from fitscribe.modelfolder.arrays import (
    fit_dtype,
    fit_objects,
    fit_tensor,
    fit_tensors,
)
from fitscribe.modelfolder.casts import NUMBERS, Step
from fitscribe.modelfolder.containers import (
    is_arrow_table,
    is_pandas_frame,
    is_pandas_series,
    is_polars_frame,
    is_polars_series,
    is_sparse,
)
from fitscribe.modelfolder.datatypes import Array, DataType, Map, Object
from fitscribe.modelfolder.frames import column_name
from fitscribe.modelfolder.matches import Match, match_columns, step_of, title_of, worked
from fitscribe.modelfolder.params import ParamSchema
from fitscribe.modelfolder.problems import Problem, refusal
from fitscribe.modelfolder.schema import ColSpec, Schema, TensorSpec
from fitscribe.modelfolder.tables import (
    ArrowTable,
    Found,
    Labels,
    ObjectTable,
    PandasSeries,
    PandasTable,
    PolarsSeries,
    PolarsTable,
    Table,
)
from fitscribe.modelfolder.values import ANY, numpy_type

__all__ = ["Enforcement", "enforce", "enforce_params"]

# So many kinds of input are remembered; a service sees a handful.
KINDS = 64
_NESTED = (Array, Object, Map)
_SCALARS = (str, bytes, bool, int, float, datetime.date, np.generic)


class Enforcement:
    """What a schema does to each input; keep it as long as the model.

    Parameters
    ----------
    schema : Schema
        Not to be changed afterwards.
    records : bool
        Whether the model takes lists of dicts as they are (a ``DictVectorizer`` does); they are
        checked then, and do not become frames.

    Examples
    --------
    >>> import numpy as np
    >>> from fitscribe.modelfolder.infer import infer_schema
    >>> enforce = Enforcement(infer_schema(np.eye(2)))
    >>> enforce(np.array([[1, 2]]))
    array([[1., 2.]])
    """

    def __init__(self, schema: Schema, records: bool = False) -> None:
        self._records = records
        self._tensors = [spec for spec in schema.inputs if isinstance(spec, TensorSpec)]
        self._columns = [spec for spec in schema.inputs if isinstance(spec, ColSpec)]
        self._named = schema.has_input_names()
        # What infer_schema says of data that it has no columns for.
        self._anything = self._columns == [ColSpec(ANY)]
        self._numbers = _common_dtype(self._columns)
        self._labels = Labels()
        self._matches: dict[Any, Match] = {}
        self._told = False

    def __call__(self, data: Any) -> Any:
        """Return an input as the schema has it.

        Parameters
        ----------
        data : array, sparse matrix, DataFrame, Series, Arrow table, list, dict or scalar
            It is not changed.

        Returns
        -------
        object
            The same object if nothing had to change; else one of the same class. Lists of rows
            become arrays, dicts and lists of dicts become pandas frames; for tensors, frames and
            lists become arrays.

        Raises
        ------
        InvalidParameter
            If it does not fit; the message has every problem.
        MissingDependency
            If a dict has to become a frame and pandas is not installed.

        Warns
        -----
        FitscribeWarning
            Once, if there are columns that the schema does not have. They are left out.
        """
        if self._anything:
            return data
        if self._tensors:
            return self._as_tensors(data)
        if isinstance(data, np.ndarray) and data.dtype.kind != "O":
            return self._as_array(data)
        if is_sparse(data):
            return self._as_array(data)
        if len(self._columns) == 1 and not self._named and self._is_single(data):
            return data
        table = self._table(data)
        if isinstance(table, Problem):
            raise refusal([table])
        match, changed = self._checked(table)
        if self._records and isinstance(data, list) and table.names is not None:
            return data
        if match.extra:
            self._tell(match.extra)
        if match.order is None and not changed and data is getattr(table, "data", None):
            return data
        return table.assembled(match.order, changed)

    # Columns

    def _table(self, data: Any) -> Table | Problem:
        """Return an input as columns, or why it has none."""
        if is_pandas_frame(data):
            return PandasTable(data, self._labels)
        if is_polars_frame(data):
            return PolarsTable(data)
        if is_arrow_table(data):
            return ArrowTable(data)
        if is_pandas_series(data):
            return PandasSeries(data)
        if is_polars_series(data):
            return PolarsSeries(data)
        if isinstance(data, Mapping):
            return self._of_mapping(data)
        wanted = f"rows of {len(self._columns)} columns"
        if isinstance(data, np.ndarray):
            if data.ndim != 2 and len(self._columns) > 1:
                return Problem("the array", wanted, f"shape {data.shape}")
            return ObjectTable(data.T.tolist() if data.ndim == 2 else [list(data)])
        if not isinstance(data, (list, tuple)):
            return Problem("the input", wanted, type(data).__name__)
        if data and all(isinstance(row, dict) for row in data):
            names = dict.fromkeys(name for row in data for name in row)
            return self._of_mapping({name: [row.get(name) for row in data] for name in names})
        return _of_rows(data, len(self._columns), wanted)

    def _of_mapping(self, data: Mapping[Any, Any]) -> Table | Problem:
        """Return a dict as the columns of a frame; one of single values is one row."""
        nested = {spec.name for spec in self._columns if isinstance(spec.type, _NESTED)}
        columns: list[Any] = []
        for name, value in data.items():
            whole = isinstance(value, (list, tuple, np.ndarray)) or hasattr(value, "to_numpy")
            if whole and name in nested:
                # A list is one value of a column of lists, a list of lists is the column.
                whole = any(map(_is_row, value))
            if not whole:
                columns.append([value])
            elif isinstance(value, (list, tuple)):
                columns.append(list(value))
            else:
                array = np.asarray(value)
                columns.append(array if array.ndim == 1 else list(array))
        if len({len(column) for column in columns}) > 1:
            shown = ", ".join(
                f"{name!r} has {len(c)}" for name, c in zip(data, columns, strict=True)
            )
            return Problem("the dict", "as many values in each column", shown)
        return ObjectTable(columns, tuple(map(column_name, data)))

    def _checked(self, table: Table) -> tuple[Match, dict[int, Any]]:
        """Return how a table fits, and the columns that change, by position."""
        key = (type(table), table.names, table.types)
        match = self._matches.get(key)
        if match is None:
            match = match_columns(table, self._columns)
            if len(self._matches) >= KINDS:
                self._matches.clear()
            self._matches[key] = match
        problems = list(match.problems)
        changed: dict[int, Any] = {}
        for work in match.work:
            column, problem = worked(table, work)
            if problem is not None:
                problems.append(problem)
            elif column is not None:
                changed[work.column] = column
        if problems or match.missing:
            raise refusal(problems, match.missing)
        return match, changed

    # Arrays of one dtype

    def _as_array(self, data: Any) -> Any:
        """Return an array or a sparse matrix, whose columns go by position."""
        count = len(self._columns)
        problems = []
        if count == 1 and isinstance(self._columns[0].type, Array) and not is_sparse(data):
            problem = _problem_of(list(np.atleast_1d(data)), self._columns[0], "the array")
            if problem is not None:
                raise refusal([problem])
            return data
        if data.ndim == 2 and data.shape[1] == count:
            pass
        elif not (data.ndim == 1 and count == 1):
            hint = "one row is .reshape(1, -1)" if data.shape == (count,) else ""
            wanted = f"shape (-1, {count})"
            problems.append(Problem("the array", wanted, f"shape {data.shape}", None, hint))
        if self._numbers is not None:
            data, problem = fit_dtype(data, self._numbers, "the array")
            problems += [] if problem is None else [problem]
        else:
            found = Found(numpy_type(data.dtype), data.dtype, False)
            problems += [
                Problem(title_of(spec, place), repr(spec.type), str(data.dtype))
                for place, spec in enumerate(self._columns)
                if step_of(found, spec) is Step.refuse
            ]
        if problems:
            raise refusal(problems)
        return data

    def _is_single(self, data: Any) -> bool:
        """Whether data is a value, or a list of values, of the one column without a name."""
        (spec,) = self._columns
        if isinstance(data, _SCALARS):
            problem = _problem_of([data], spec, "the value")
        elif isinstance(data, (list, tuple)) and (
            not isinstance(spec.type, DataType) or not any(map(_is_row, data))
        ):
            problem = _problem_of(data, spec, "the list")
        else:
            return False
        if problem is not None:
            raise refusal([problem])
        return True

    # Tensors

    def _as_tensors(self, data: Any) -> Any:
        """Return an input as the tensors of the schema."""
        if not self._named:
            made, problems = fit_tensor(data, self._tensors[0])
            if problems:
                raise refusal(problems)
            return made
        made, problems, missing, extra = fit_tensors(data, self._tensors)
        if problems or missing:
            raise refusal(problems, missing)
        if extra:
            self._tell(extra)
        return made

    def _tell(self, extra: Any) -> None:
        """Warn once of columns that are left out."""
        if not self._told:
            self._told = True
            warnings.warn(
                f"The input has columns that the model's signature has not: {list(extra)}. They "
                "are left out. (Told once for this model.)",
                FitscribeWarning,
                stacklevel=4 if self._columns else 5,  # of who called predict
            )


def _common_dtype(columns: list[ColSpec]) -> np.dtype[Any] | None:
    """Return the dtype that an array of the columns has; None if not all are numbers or flags."""
    if not columns or any(spec.type not in NUMBERS for spec in columns):
        return None
    dtypes = {spec.type.to_numpy() for spec in columns if isinstance(spec.type, DataType)}
    return np.result_type(*dtypes)


def _is_row(value: object) -> bool:
    return isinstance(value, (list, tuple, dict, np.ndarray))


def _of_rows(data: list[Any] | tuple[Any, ...], count: int, wanted: str) -> Table | Problem:
    """Return the columns of a list of rows, or of values of one column."""
    if not data:
        return ObjectTable([[] for _ in range(count)])
    if not any(map(_is_row, data)):
        return ObjectTable([list(data)])
    width = None
    for number, row in enumerate(data):
        length = len(row) if isinstance(row, (list, tuple, np.ndarray)) else None
        width = length if number == 0 else width
        if length is None or length != width:
            found = type(row).__name__ if length is None else f"{length} values"
            return Problem("the list", wanted, found, number)
    return ObjectTable([list(column) for column in zip(*data, strict=True)])


def _problem_of(values: Any, spec: ColSpec, place: str) -> Problem | None:
    return fit_objects(values, spec.type, spec.required, place)[1]


def enforce(data: Any, schema: Schema) -> Any:
    """Return an input as a schema has it, once; see :class:`Enforcement`."""
    return Enforcement(schema)(data)


def enforce_params(params: Any, schema: ParamSchema | None) -> dict[str, Any]:
    """Return the params of a prediction, with the defaults of those that are not given.

    Parameters
    ----------
    params : dict or None
        None counts as empty.
    schema : ParamSchema or None
        None for a model that takes no params.

    Raises
    ------
    InvalidParameter
        If it is no dict, or values are of other types; all of them are told.

    Warns
    -----
    FitscribeWarning
        If there are names that the schema does not have. They are left out, as by MLflow.
    """
    if params is None:
        params = {}
    if not isinstance(params, Mapping):
        raise InvalidParameter(f"Params are a dict of name to value, not {params!r:.80}.")
    specs = {spec.name: spec for spec in (schema.params if schema is not None else ())}
    unknown = [name for name in params if name not in specs]
    if unknown:
        known = f"It takes {', '.join(specs)}." if specs else "It takes none."
        warnings.warn(
            f"The model's signature has no params {unknown}; they are left out. {known}",
            FitscribeWarning,
            stacklevel=3,
        )
    fitted, problems = {}, []
    for name, spec in specs.items():
        try:
            fitted[name] = spec.fit(params[name]) if name in params else spec.default
        except InvalidParameter as error:
            problems.append(str(error))
    if problems:
        raise InvalidParameter("\n".join(problems))
    return fitted
