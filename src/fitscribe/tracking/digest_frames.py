"""Digests of frames, column by column: pandas, polars, Arrow. None of them is imported here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from xxhash import xxh3_128

from fitscribe.tracking.digest_values import (
    MOST_BYTES,
    Look,
    Texts,
    Undigestible,
    array_digest,
    combined,
    is_of_words,
    is_sampled,
    number_digests,
    strided_digests,
    values_digest,
)

__all__ = [
    "arrow_columns",
    "frame_digest",
    "pandas_columns",
    "pandas_digest",
    "polars_columns",
    "polars_series_digest",
]

SAMPLED_BLOCKS = 64
SAMPLED_ROWS = 2000
TEXT_TYPES = {"string": np.int32, "large_string": np.int64}
NUMBER_TYPES = frozenset(
    {"float", "double", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))}
)
BINARY_TYPES = {"binary": np.int32, "large_binary": np.int64}


def frame_digest(labels: Sequence[Any], columns: Sequence[bytes], rows: int, look: Look) -> bytes:
    """Return the digest of a frame from those of its columns."""
    names = values_digest(labels, look)
    return combined(f"frame {rows}×{len(columns)}".encode(), names, *columns)


def _sampled(
    rows: int,
    cut: Callable[[int, int], Any],
    columns: Callable[[Any, Look], list[bytes]],
    look: Look,
) -> list[bytes]:
    """Return the digests of the columns of a frame too large to read: of 64 cuts of it."""
    look.partial = True
    last = max(0, rows - SAMPLED_ROWS)
    starts = [last * place // (SAMPLED_BLOCKS - 1) for place in range(SAMPLED_BLOCKS)]
    cuts = [columns(cut(start, SAMPLED_ROWS), look) for start in starts]
    return [combined(b"sampled", *parts) for parts in zip(*cuts, strict=True)]


# pandas


def pandas_columns(frame: Any, look: Look) -> list[bytes]:
    """Return the digest of each column of a ``pandas.DataFrame``; its index is not in them."""
    rows, count = frame.shape
    # Only where a frame may be that large its size is asked, which takes longer than to read one.
    if rows * count > MOST_BYTES // 16 and frame.memory_usage(index=False).sum() > MOST_BYTES:
        return _sampled(
            rows, lambda start, n: frame.iloc[start : start + n], _pandas_columns, look
        )
    return _pandas_columns(frame, look)


def _pandas_columns(frame: Any, look: Look) -> list[bytes]:
    whole = _one_array(frame)
    if whole is not None and not is_sampled(whole):
        return number_digests(whole)
    found: list[bytes] = []
    strided: list[tuple[int, np.ndarray[Any, Any]]] = []
    for _, column in frame.items():
        if isinstance(column.dtype, np.dtype):
            array = column if isinstance(column, np.ndarray) else column.to_numpy()
            strided_words = is_of_words(array.dtype) and not array.flags.c_contiguous
            if strided_words and not is_sampled(array):
                strided.append((len(found), array))
                found.append(b"")
                continue
            found.append(array_digest(array, look))
        else:
            found.append(pandas_digest(column.array, look))
    if strided:
        digests = strided_digests([array for _, array in strided])
        for (place, _), digest in zip(strided, digests, strict=True):
            found[place] = digest
    return found


def _one_array(frame: Any) -> np.ndarray[Any, Any] | None:
    """Return the one array of numbers that a frame is, if it is.

    To make a Series of each column takes longer than to read a short one.
    """
    if not getattr(getattr(frame, "_mgr", None), "is_single_block", False):
        return None
    array: np.ndarray[Any, Any] = frame.to_numpy()
    return array if array.dtype.kind in "biuf" and is_of_words(array.dtype) else None


def pandas_digest(values: Any, look: Look) -> bytes:
    """Return the digest of a pandas array (``Series.array``) or ``Index``.

    Raises
    ------
    Undigestible
        If it holds objects that have no digest.
    """
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and not hasattr(values, "levels"):
        if hasattr(values, "start") and hasattr(values, "step"):
            return combined(f"range {values.start} {values.stop} {values.step}".encode())
        return array_digest(values.to_numpy(), look)
    header = f"pandas {dtype} {len(values)}".encode()
    if hasattr(values, "levels"):  # a MultiIndex, which has no array
        parts = [pandas_digest(level, look) for level in values.levels]
        parts += [array_digest(np.asarray(codes), look) for codes in values.codes]
        return combined(header, values_digest(list(values.names), look), *parts)
    values = getattr(values, "array", values)
    return combined(header, _extension_digest(values, dtype, look))


def _extension_digest(values: Any, dtype: Any, look: Look) -> bytes:
    """Return the digest of a pandas array whose dtype is not numpy's."""
    if hasattr(dtype, "categories"):
        ordered = b"ordered" if dtype.ordered else b""
        codes = array_digest(np.asarray(values.codes), look)
        return combined(ordered, codes, pandas_digest(dtype.categories, look))
    if hasattr(values, "asi8"):
        return array_digest(values.asi8, look)
    if type(values).__name__.startswith("Arrow"):
        column = values.__arrow_array__()
        if str(column.type) in TEXT_TYPES:
            return _arrow_texts(column, TEXT_TYPES).digest()
        return arrow_digest(column, look)
    if type(values).__name__.startswith("StringArray"):
        return _object_texts(values)
    if hasattr(dtype, "numpy_dtype"):
        plain = values.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
        return combined(array_digest(plain, look), array_digest(values.isna(), look))
    if hasattr(values, "sp_values"):
        places = values.sp_index.to_int_index().indices
        fill = values_digest([values.fill_value], look)
        return combined(array_digest(values.sp_values, look), array_digest(places, look), fill)
    if hasattr(dtype, "subtype") and hasattr(values, "closed"):
        closed = str(values.closed).encode()
        return combined(
            closed, pandas_digest(values.left, look), pandas_digest(values.right, look)
        )
    return array_digest(np.asarray(values, dtype=object), look)


def _object_texts(values: Any) -> bytes:
    """Return the digest of a pandas array of texts that are Python objects, as Arrow's."""
    missing = np.asarray(values.isna())
    texts = Texts()
    encoded = [
        b"" if absent else text.encode("utf-8", "surrogatepass")
        for text, absent in zip(np.asarray(values, dtype=object).tolist(), missing, strict=True)
    ]
    texts.add(b"".join(encoded), np.fromiter(map(len, encoded), np.int64, len(encoded)), missing)
    return texts.digest()


# Arrow


def arrow_columns(table: Any, look: Look) -> list[bytes]:
    """Return the digest of each column of a ``pyarrow.Table`` or ``RecordBatch``."""
    if table.nbytes > MOST_BYTES:
        return _sampled(table.num_rows, table.slice, _arrow_columns, look)
    return _arrow_columns(table, look)


def _arrow_columns(table: Any, look: Look) -> list[bytes]:
    return [arrow_digest(column, look) for column in table.columns]


def arrow_digest(column: Any, look: Look) -> bytes:
    """Return the digest of an Arrow array, whatever its chunks and offsets are."""
    name = str(column.type)
    if not column.null_count and name in NUMBER_TYPES:
        return _arrow_plain(column, look)
    header = f"arrow {name} {len(column)}".encode()
    for types in (TEXT_TYPES, BINARY_TYPES):
        if name in types:
            return combined(header, _arrow_texts(column, types).digest())
    if name in ("string_view", "binary_view"):
        plain = "large_" + name.removesuffix("_view")
        types = TEXT_TYPES if name == "string_view" else BINARY_TYPES
        return combined(header, _arrow_texts(column.cast(plain), types).digest())
    if name.startswith("dictionary"):
        return combined(header, arrow_digest(_decoded(column), look))
    if sys.modules["pyarrow"].types.is_primitive(column.type):
        return combined(header, _arrow_numbers(column))
    return combined(header, values_digest(column.to_pylist(), look))


def _chunks(column: Any) -> list[Any]:
    """Return the parts of an Arrow array that are not empty, as they lie in memory."""
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    return [chunk for chunk in chunks if len(chunk)]


def _decoded(column: Any) -> Any:
    """Return a dictionary-encoded column as its values; each chunk may have codes of its own."""
    return column.cast(column.type.value_type)


def _missing(chunk: Any) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    if not chunk.null_count:
        return None
    missing: np.ndarray[Any, np.dtype[np.bool_]] = chunk.is_null().to_numpy(zero_copy_only=False)
    return missing


def _arrow_texts(column: Any, types: dict[str, Any]) -> Texts:
    """Return texts or bytes of variable length."""
    texts = Texts()
    for chunk in _chunks(column):
        missing = _missing(chunk)
        if missing is not None:
            # What lies below a missing text is not said.
            chunk = chunk.fill_null("" if types is TEXT_TYPES else b"")
        _, offsets, said = chunk.buffers()
        ends = np.frombuffer(offsets, types[str(chunk.type)])
        ends = ends[chunk.offset : chunk.offset + len(chunk) + 1]
        view = b"" if said is None else memoryview(said)[int(ends[0]) : int(ends[-1])]
        texts.add(view, np.diff(ends).astype(np.int64), missing)
    return texts


def _arrow_plain(column: Any, look: Look) -> bytes:
    """Return the digest of numbers none of which is missing: that of an array of them."""
    dtype = np.dtype(column.type.to_pandas_dtype())
    parts = [chunk.to_numpy() for chunk in _chunks(column)]
    if len(parts) == 1:
        return array_digest(parts[0], look)
    return array_digest(np.concatenate([np.empty(0, dtype), *parts]), look)


def _arrow_numbers(column: Any) -> bytes:
    """Return the digest of numbers, flags and times; zero lies where one is missing."""
    numbers, absent = xxh3_128(), xxh3_128()
    for chunk in _chunks(column):
        missing = _missing(chunk)
        if str(chunk.type) == "bool":
            chunk = chunk.cast("uint8")
        width = chunk.type.bit_width // 8
        plain = np.frombuffer(chunk.buffers()[1], f"u{width}")
        plain = plain[chunk.offset : chunk.offset + len(chunk)]
        known = plain if missing is None else np.where(missing, plain.dtype.type(0), plain)
        numbers.update(known.data)
        absent.update(bytes(len(chunk)) if missing is None else missing.data)
    return combined(numbers.digest(), absent.digest())


# polars


def polars_columns(frame: Any, look: Look) -> list[bytes]:
    """Return the digest of each column of a ``polars.DataFrame``."""
    if frame.estimated_size() > MOST_BYTES:
        return _sampled(frame.height, frame.slice, _polars_columns, look)
    return _polars_columns(frame, look)


def _polars_columns(frame: Any, look: Look) -> list[bytes]:
    return [polars_series_digest(column, look) for column in frame.get_columns()]


def polars_series_digest(column: Any, look: Look) -> bytes:
    """Return the digest of a ``polars.Series``, whatever its chunks are; Arrow is not asked.

    Raises
    ------
    Undigestible
        If it holds objects that have no digest.
    """
    header = f"polars {column.dtype} {len(column)}".encode()
    try:
        plain = column.dtype.is_integer() or column.dtype.is_float()
        if plain and not column.null_count():
            # As that of an array of the same numbers.
            return array_digest(column.to_numpy(), look)
        return combined(header, _polars_digest(column, look))
    except sys.modules["polars"].exceptions.PolarsError as error:
        raise Undigestible(str(error)) from error


def _polars_digest(column: Any, look: Look) -> bytes:
    name = column.dtype.base_type().__name__
    if name in ("Categorical", "Enum"):
        # The codes of equal columns may differ.
        column, name = column.cast(sys.modules["polars"].String), "String"
    if name == "String":
        return _polars_texts(column)
    if name == "Boolean":
        column = column.cast(sys.modules["polars"].UInt8)
    elif name != "Decimal" and column.dtype.is_temporal():
        column = column.to_physical()
    elif name == "Decimal" or not column.dtype.is_numeric():
        return values_digest(column.to_list(), look)
    if not column.null_count():
        return array_digest(column.to_numpy(), look)
    missing = array_digest(column.is_null().to_numpy(), look)
    return combined(array_digest(column.fill_null(0).to_numpy(), look), missing)


def _polars_texts(column: Any) -> bytes:
    """Return the digest of a column of texts, joined by polars itself."""
    missing = column.is_null().to_numpy() if column.null_count() else None
    # Adding nothing lays a column of one repeated text out, which polars up to 1.9 (at least)
    # does not join: it panics, and tells the terminal so.
    plain = column + "" if missing is None else column.fill_null("")
    texts = Texts()
    if len(column):
        lengths = plain.str.len_bytes().to_numpy().astype(np.int64)
        texts.add(plain.str.join("").item().encode(), lengths, missing)
    return texts.digest()
