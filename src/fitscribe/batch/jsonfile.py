"""Rows in JSON: an object a line, or one array of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from fitscribe.errors import InvalidParameter

__all__ = ["JsonFile", "JsonLines"]

# Read at a time, in bytes.
BLOCK = 1 << 22
COUNTED = "Rows are counted from 0."
_COLUMN = re.compile(r"Column\(/([^)/]+)")


def _read(text: bytes, schema: Any = None) -> Any:
    """Return lines of JSON as a table, with the columns of a schema if there is one."""
    import pyarrow
    from pyarrow import json as arrow_json

    behavior = "infer" if schema is None else "ignore"
    return arrow_json.read_json(
        pyarrow.BufferReader(text),
        read_options=arrow_json.ReadOptions(
            use_threads=False, block_size=max(BLOCK, len(text) + 1)
        ),
        parse_options=arrow_json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior=behavior
        ),
    )


class JsonLines:
    """A file with a JSON object in each line; the first block tells its columns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.types = self._types_in(next(self._blocks(), b""))
        self.names: list[str] = list(self.types)
        self.total: int | None = None

    def _types_in(self, block: bytes) -> dict[str, Any]:
        """Return the columns of a block, and their types; None where values are of several."""
        import pyarrow

        if not block.strip():
            return {}
        try:
            return {field.name: field.type for field in _read(block).schema}
        except pyarrow.ArrowInvalid:
            rows = []
            for row, line in enumerate(filter(bytes.strip, block.split(b"\n"))):
                rows.append(_object(line))
                if rows[-1] is None:
                    raise InvalidParameter(
                        f"{str(self._path)!r}, row {row}{_where(line, None, '')}. {COUNTED}"
                    ) from None
        names = dict.fromkeys(name for found in rows for name in found or ())
        return {name: _type_in([(found or {}).get(name) for found in rows]) for name in names}

    def _blocks(self) -> Iterator[bytes]:
        """Yield whole lines, some 4 MB at a time."""
        rest = b""
        with self._path.open("rb") as file:
            while block := file.read(BLOCK):
                head, line_end, tail = block.rpartition(b"\n")
                if line_end:
                    yield rest + head + line_end
                    rest = tail
                else:
                    rest += tail
        if rest:
            yield rest

    def batches(
        self, columns: Sequence[str], types: Mapping[str, Any], rows: int
    ) -> Iterator[Any]:
        """Yield tables. Raises InvalidParameter with the row that is wrong, and its column."""
        import pyarrow

        wanted = {name: types.get(name, self.types[name]) for name in columns}
        mixed = [name for name, kind in wanted.items() if kind is None]
        if mixed:
            raise InvalidParameter(
                f"{str(self._path)!r}: the columns {mixed} have values of several types."
            )
        schema = pyarrow.schema(list(wanted.items()))
        done = 0
        for block in self._blocks():
            if block.strip():
                table = self._table(block, schema, done)
                done += table.num_rows
                yield from table.select(list(columns)).to_batches()

    def _table(self, block: bytes, schema: Any, done: int) -> Any:
        """Return lines as a table; `done` rows are before them."""
        import pyarrow

        try:
            return _read(block, schema)
        except pyarrow.ArrowInvalid as error:
            self._refuse(block, schema, done, error)

    def _refuse(self, block: bytes, schema: Any, done: int, error: Exception) -> NoReturn:
        """Raise InvalidParameter for the first line that is wrong by itself, or for all."""
        import pyarrow

        row = done
        for line in filter(bytes.strip, block.split(b"\n")):
            try:
                _read(line, schema)
            except pyarrow.ArrowInvalid as wrong:
                raise InvalidParameter(
                    f"{str(self._path)!r}, row {row}{_where(line, schema, str(wrong))}. {COUNTED}"
                ) from None
            row += 1
        found = _COLUMN.search(str(error))
        column = f", column {found[1]!r}" if found else ""
        raise InvalidParameter(
            f"{str(self._path)!r}, rows {done} to {row - 1}{column}: values of several types."
        ) from None

    def close(self) -> None:
        """Do nothing: the file is open while it is read."""


def _object(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line is; None if it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _type_in(values: list[Any]) -> Any:
    """Return the Arrow type of values; None if they have several."""
    import pyarrow

    try:
        return pyarrow.array(values).type
    except (pyarrow.ArrowException, TypeError, OverflowError):
        return None


def _where(line: bytes, schema: Any, told: str) -> str:
    """Return the column of a line that is wrong, without the value."""
    import pyarrow

    values = _object(line)
    if values is None:
        return ": it is no JSON object"
    for field in schema or ():
        try:
            pyarrow.array([values.get(field.name)], type=field.type)
        except (pyarrow.ArrowException, OverflowError, TypeError):
            return f", column {field.name!r}: the value is no {field.type}"
    found = _COLUMN.search(told)
    return f", column {found[1]!r}: the value does not fit" if found else ": it does not fit"


class JsonFile:
    """One JSON array of objects, or a request as a scoring server takes; read as a whole."""

    def __init__(self, path: Path) -> None:
        try:
            content = json.loads(path.read_bytes())
        except ValueError as error:
            raise InvalidParameter(f"{str(path)!r} is no JSON: {error}.") from None
        self._path = path
        self._rows = _rows_of(path, content)
        self.names: list[str] = list(dict.fromkeys(name for row in self._rows for name in row))
        self.types: dict[str, Any] = {}
        self.total: int | None = len(self._rows)

    def batches(
        self, columns: Sequence[str], types: Mapping[str, Any], rows: int
    ) -> Iterator[Any]:
        """Yield record batches. Raises InvalidParameter with the row and the column."""
        import pyarrow

        arrays = []
        for name in columns:
            values = [row.get(name) for row in self._rows]
            try:
                arrays.append(pyarrow.array(values, type=types.get(name)))
            except (pyarrow.ArrowException, OverflowError, TypeError) as error:
                self._refuse(name, values, types.get(name), error)
        if arrays:
            yield pyarrow.record_batch(arrays, names=list(columns))

    def _refuse(self, name: str, values: list[Any], wanted: Any, error: Exception) -> NoReturn:
        """Raise InvalidParameter for the first value that is not of its type."""
        import pyarrow

        for row, value in enumerate(values):
            try:
                pyarrow.array([value], type=wanted)
            except (pyarrow.ArrowException, OverflowError, TypeError):
                raise InvalidParameter(
                    f"{str(self._path)!r}, row {row}, column {name!r}: the value is no {wanted}. "
                    f"{COUNTED}"
                ) from None
        raise InvalidParameter(
            f"{str(self._path)!r}, column {name!r}: values of several types."
        ) from error

    def close(self) -> None:
        """Do nothing: all is read."""


def _rows_of(path: Path, content: Any) -> list[dict[str, Any]]:
    """Return the rows of a document."""
    if isinstance(content, dict) and len(content) == 1:
        ((kind, value),) = content.items()
        if kind == "dataframe_records":
            content = value
        if kind == "dataframe_split" and isinstance(value, dict):
            names, data = value.get("columns"), value.get("data")
            if isinstance(names, list) and isinstance(data, list):
                content = [
                    dict(zip(names, row, strict=True))
                    if isinstance(row, list) and len(row) == len(names)
                    else row
                    for row in data
                ]
    if not isinstance(content, list):
        raise InvalidParameter(
            f'{str(path)!r} is to hold one array of objects, [{{"column": value, …}}, …], or '
            "dataframe_records or dataframe_split as a scoring server takes them."
        )
    for row, value in enumerate(content):
        if not isinstance(value, dict):
            raise InvalidParameter(
                f"{str(path)!r}, row {row}: it is no object of as many values as there are "
                f"columns. {COUNTED}"
            )
    return content
