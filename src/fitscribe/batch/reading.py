"""Files of rows, read in parts as Arrow tables: Parquet, Arrow, CSV, JSON.

Rows are counted from 0; a header is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from fitscribe.batch.arrow import pyarrow_for
from fitscribe.batch.jsonfile import JsonFile, JsonLines
from fitscribe.errors import InvalidParameter, NotFound

__all__ = ["Source", "check_input", "evened", "open_source"]

# A part of a CSV file is read at a time, in bytes; a row is to fit into it.
BLOCK = 1 << 22
# Read at once of a column of Parquet, in bytes. Without it whole columns of a row group are read.
BUFFER = 1 << 18
# What Arrow says of a CSV file that is wrong; its rows count from 1, the header being the first.
_CSV_VALUE = re.compile(r"In CSV column #(\d+): Row #(\d+): CSV conversion error to (\S+?):")
_CSV_WIDTH = re.compile(r"Row #(\d+): (Expected \d+ columns, got \d+)")


class Source(Protocol):
    """A file that is read in parts.

    `types` has the Arrow types that its columns have by themselves, where they are known before
    they are read; of text alone it is text.
    """

    names: list[str]
    types: dict[str, Any]
    total: int | None

    def batches(
        self, columns: Sequence[str], types: Mapping[str, Any], rows: int
    ) -> Iterator[Any]:
        """Yield record batches with these columns.

        `types` has what columns are to be read as, by formats that do not say it themselves.
        """

    def close(self) -> None:
        """Let go of the file."""


class _Parquet:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        from pyarrow import parquet

        self._file = parquet.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
        schema = self._file.schema_arrow
        self.names: list[str] = list(schema.names)
        self.types = dict(zip(schema.names, schema.types, strict=True))
        self.total: int | None = self._file.metadata.num_rows

    def batches(
        self, columns: Sequence[str], types: Mapping[str, Any], rows: int
    ) -> Iterator[Any]:
        """Yield record batches; a name with a dot is a column, not a part of one."""
        for batch in self._file.iter_batches(batch_size=rows, columns=list(columns)):
            yield batch.select(list(columns))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Arrow:
    """An Arrow file, also called Feather; or a stream of Arrow in a file."""

    def __init__(self, path: Path) -> None:
        import pyarrow

        with path.open("rb") as file:
            is_file = file.read(6) == b"ARROW1"
        self._path, self._is_file = path, is_file
        self._map = pyarrow.memory_map(str(path))
        schema = self._reader().schema
        self.names: list[str] = list(schema.names)
        self.types = dict(zip(schema.names, schema.types, strict=True))
        self.total: int | None = None

    def _reader(self, columns: Sequence[str] | None = None) -> Any:
        from pyarrow import ipc

        options = None
        if columns is not None:
            places = [self.names.index(name) for name in columns]
            options = ipc.IpcReadOptions(included_fields=places)
        self._map.seek(0)
        if self._is_file:
            return ipc.open_file(self._map, options=options)
        return ipc.open_stream(self._map, options=options)

    def batches(
        self, columns: Sequence[str], types: Mapping[str, Any], rows: int
    ) -> Iterator[Any]:
        """Yield record batches as they were written; what is not compressed stays on disk."""
        reader = self._reader(columns)
        if self._is_file:
            for place in range(reader.num_record_batches):
                yield reader.get_batch(place).select(list(columns))
        else:
            for batch in reader:
                yield batch.select(list(columns))

    def close(self) -> None:
        """Close the file."""
        self._map.close()


class _Csv:
    """A CSV file with a header, in UTF-8."""

    def __init__(self, path: Path) -> None:
        import pyarrow

        self._path = path
        self.names: list[str] = []
        try:
            self.names = list(self._reader(None, {}).schema.names)
        except pyarrow.ArrowInvalid as error:
            self._refuse(str(error))
            raise
        self.types: dict[str, Any] = dict.fromkeys(self.names, pyarrow.string())
        self.total: int | None = None

    def _reader(self, columns: Sequence[str] | None, types: Mapping[str, Any]) -> Any:
        from pyarrow import csv

        return csv.open_csv(
            self._path,
            # Only one thread counts the rows, which errors name.
            read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=csv.ParseOptions(
                newlines_in_values=True,
                # In a file of one column an empty line is a row whose value is missing.
                ignore_empty_lines=len(self.names) != 1,
            ),
            # Nothing between two commas is no value; any other text is what it says: "NA" may be
            # a country.
            convert_options=csv.ConvertOptions(
                column_types=dict(types),
                include_columns=columns,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    def batches(
        self, columns: Sequence[str], types: Mapping[str, Any], rows: int
    ) -> Iterator[Any]:
        """Yield record batches.

        Raises InvalidParameter with the row and the column of what is not of its type.
        """
        import pyarrow

        try:
            yield from self._reader(list(columns), types)
        except pyarrow.ArrowInvalid as error:
            self._refuse(str(error))
            raise

    def _refuse(self, told: str) -> None:
        """Raise InvalidParameter if Arrow says where it was; the value is not told."""
        found = _CSV_VALUE.search(told)
        if found is not None:
            name = self.names[int(found[1])]
            raise InvalidParameter(
                f"{str(self._path)!r}, row {int(found[2]) - 2}, column {name!r}: the text is no "
                f"{found[3]}. Rows are counted from 0, without the header."
            )
        found = _CSV_WIDTH.search(told)
        if found is not None:
            raise InvalidParameter(
                f"{str(self._path)!r}, row {int(found[1]) - 2}: {found[2]}. Rows are counted from "
                "0, without the header."
            )

    def close(self) -> None:
        """Do nothing: a reader goes with its batches."""


_SOURCES: dict[str, tuple[str, Callable[[Path], Source]]] = {
    ".parquet": ("Parquet", _Parquet),
    ".arrow": ("Arrow", _Arrow),
    ".csv": ("CSV", _Csv),
    ".jsonl": ("JSON lines", JsonLines),
    ".json": ("JSON", JsonFile),
}


class _Told:
    """A source whose failures name the file and the row."""

    def __init__(self, path: Path, format: str, source: Source) -> None:
        self._path, self._format, self._source = path, format, source
        self.names, self.types, self.total = source.names, source.types, source.total

    def batches(
        self, columns: Sequence[str], types: Mapping[str, Any], rows: int
    ) -> Iterator[Any]:
        import pyarrow

        done = 0
        try:
            for batch in self._source.batches(columns, types, rows):
                done += batch.num_rows
                yield batch
        except (pyarrow.ArrowException, OSError) as error:
            _refuse(self._path, self._format, error, f" after row {done}")

    def close(self) -> None:
        self._source.close()


def _refuse(path: Path, format: str, error: Exception, where: str = "") -> NoReturn:
    """Raise InvalidParameter for a file that is not what its name says."""
    first = str(error).partition("\n")[0]
    raise InvalidParameter(
        f"{str(path)!r} cannot be read as {format}{where}: {first[:300]}"
    ) from error


def check_input(path: Path) -> None:
    """Refuse an input that cannot be, by its name. Raises InvalidParameter, NotFound."""
    if path.suffix.lower() not in _SOURCES:
        raise InvalidParameter(
            f"{str(path)!r} is to end in one of {', '.join(_SOURCES)}: it tells the format."
        )
    if not path.is_file():
        what = "is a folder; give one file" if path.is_dir() else "is not there"
        raise NotFound(f"The input {str(path)!r} {what}.")


def open_source(path: Path) -> Source:
    """Open a file by the ending of its name.

    Raises
    ------
    InvalidParameter
        For another ending, or a file that is not of the format.
    NotFound
        If there is no such file.
    MissingDependency
        If pyarrow is not installed.
    """
    check_input(path)
    pyarrow = pyarrow_for("Files are read and written in parts")
    format, make = _SOURCES[path.suffix.lower()]
    try:
        source = make(path)
    except (pyarrow.ArrowException, OSError) as error:
        _refuse(path, format, error)
    return _Told(path, format, source)


def evened(batches: Iterator[Any], rows: int) -> Iterator[Any]:
    """Yield tables of so many rows, the last of fewer; nothing is copied."""
    import pyarrow

    waiting: list[Any] = []
    count = 0
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            piece = batch.slice(start, rows - count)
            start += piece.num_rows
            count += piece.num_rows
            waiting.append(piece)
            if count == rows:
                yield pyarrow.Table.from_batches(waiting)
                waiting, count = [], 0
    if waiting:
        yield pyarrow.Table.from_batches(waiting)
