"""Files of rows, written in parts under a temporary name that becomes theirs at the end."""

from __future__ import annotations

import base64
import datetime
import json
import math
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from fitscribe.batch.arrow import pyarrow_for
from fitscribe.errors import AlreadyExists, InvalidParameter, NotFound, StoreUnavailable

__all__ = ["Sink", "check_output", "new_file", "temporary_beside"]


class Sink(Protocol):
    """A file that is written in parts."""

    def write(self, batch: Any) -> None:
        """Write a record batch."""

    def close(self) -> None:
        """Write what belongs to the end, and let go of the file."""


class _JsonLines:
    """A JSON object a line; NaN and infinities are null, as JSON has none."""

    def __init__(self, path: str, schema: Any) -> None:
        self._file = open(path, "w", encoding="utf-8", newline="\n")  # noqa: SIM115  # closed by close
        self._names = list(schema.names)

    def write(self, batch: Any) -> None:
        """Write a record batch."""
        columns = [_plain(column) for column in batch.columns]
        for row in zip(*columns, strict=True):
            line = dict(zip(self._names, row, strict=True))
            self._file.write(json.dumps(line, ensure_ascii=False, default=_text) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _plain(column: Any) -> list[Any]:
    """Return a column's values as JSON has them."""
    values: list[Any] = column.to_pylist()
    return [
        None if isinstance(value, float) and not math.isfinite(value) else value
        for value in values
    ]


def _text(value: object) -> str:
    """Return a value that JSON has no form for, as MLflow's requests have it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


class _Parquet:
    def __init__(self, path: str, schema: Any) -> None:
        from pyarrow import parquet

        self._writer = parquet.ParquetWriter(path, schema)

    def write(self, batch: Any) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


def _arrow(path: str, schema: Any) -> Any:
    from pyarrow import ipc

    return ipc.new_file(path, schema)


def _csv(path: str, schema: Any) -> Any:
    from pyarrow import csv

    return csv.CSVWriter(path, schema)


_SINKS: dict[str, Callable[[str, Any], Sink]] = {
    ".parquet": _Parquet,
    ".arrow": _arrow,
    ".csv": _csv,
    ".jsonl": _JsonLines,
}


def check_output(path: Path, overwrite: bool) -> None:
    """Refuse an output that cannot be, before anything is read.

    Raises
    ------
    InvalidParameter
        If its ending names no format, or it is a folder.
    NotFound
        If its folder is not there.
    AlreadyExists
        If there is a file, unless `overwrite`.
    """
    if path.suffix.lower() not in _SINKS:
        raise InvalidParameter(
            f"{str(path)!r} is to end in one of {', '.join(_SINKS)}: it tells the format."
        )
    if not path.parent.is_dir():
        raise NotFound(f"The folder {str(path.parent)!r} of the output is not there; make it.")
    if path.is_dir():
        raise InvalidParameter(f"The output {str(path)!r} is a folder; give a file in it.")
    if not overwrite and os.path.lexists(path):
        raise AlreadyExists(
            f"The output {str(path)!r} is there already. Give another name, or overwrite it "
            "(overwrite=True, --overwrite)."
        )


def temporary_beside(path: Path) -> Path:
    """Return a name of nobody's, under which a file is written until it is whole."""
    return path.with_name(f".{path.stem[:80]}.{uuid.uuid4().hex[:12]}.tmp")


@contextmanager
def new_file(path: Path, temporary: Path, overwrite: bool) -> Iterator[Callable[[Any], Sink]]:
    """Give what makes a sink of an Arrow schema; its file gets its name when all went well.

    Whatever ends the block otherwise, Ctrl-C too, leaves nothing behind.

    Raises StoreUnavailable if it cannot be written, and what :func:`check_output` raises.
    """
    pyarrow = pyarrow_for("Files are read and written in parts")
    check_output(path, overwrite)
    opened: list[Sink] = []

    def make(schema: Any) -> Sink:
        opened.append(_SINKS[path.suffix.lower()](str(temporary), schema))
        return opened[-1]

    try:
        yield make
        for sink in opened:
            opened = []
            sink.close()
        check_output(path, overwrite)
        temporary.replace(path)
    except pyarrow.ArrowInvalid as error:  # CSV has no lists, say
        raise InvalidParameter(f"{str(path)!r} cannot hold the answers: {error}") from error
    except OSError as error:
        raise StoreUnavailable(f"{str(path)!r} cannot be written: {error}.") from error
    finally:
        _drop(opened, temporary)


def _drop(opened: list[Sink], temporary: Path) -> None:
    """Take a half file away."""
    for sink in opened:
        try:
            sink.close()
        except (OSError, ValueError):  # what has no room to end is deleted all the same
            pass
    temporary.unlink(missing_ok=True)
