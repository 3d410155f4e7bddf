"""Digests of arrays, sparse matrices and plain Python values, every byte, at memory speed.

A digest depends on values, dtype and shape, not on how the values lie in memory: an array in
Fortran order, a view with strides and a plain copy have one digest. Floats count by their bits
(0.0 and -0.0 differ). What is no C-contiguous array is read in blocks that fit into the cache.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from xxhash import xxh3_128, xxh3_128_digest

__all__ = [
    "Look",
    "Undigestible",
    "array_digest",
    "combined",
    "is_of_words",
    "is_sampled",
    "number_digests",
    "sparse_digest",
    "strided_digests",
    "values_digest",
]

# Measured: an array in Fortran order is read at 0.8 to 0.9 of the speed of `X.sum()` in blocks of
# this size, at a third of it when copied as a whole.
BLOCK = 512 << 10
# Measured: the columns of 40,000 × 20 floats in C order take 1.3 ms in blocks of this size, and
# 3.2 ms turned over as a whole.
TURNED = 256 << 10
MOST_BYTES = 4 << 30
SAMPLES = 256
SAMPLE = 64 << 10
MOST_DEPTH = 8
MOST_VALUES = 200_000_000
TEXTS_AT_ONCE = 100_000
INT64 = np.iinfo(np.int64)
# Their repr says all that they hold, the same in every process.
REPR_MODULES = frozenset({"datetime", "decimal", "fractions", "uuid", "ipaddress", "pandas"})


class Undigestible(Exception):
    """A thing whose content cannot be read twice, or has no text that is always the same."""


class Look:
    """How a digest was taken: `partial` says whether something was sampled."""

    __slots__ = ("partial",)

    def __init__(self) -> None:
        self.partial = False


def combined(*parts: bytes) -> bytes:
    """Return the digest of digests."""
    return xxh3_128_digest(b"".join(parts))


# Arrays


def array_digest(given: Any, look: Look) -> bytes:
    """Return the digest of a numpy array of any dtype, order and subclass.

    A memory map, and an array of more than 4 GB, is sampled at 256 places.

    Parameters
    ----------
    given : ndarray
        It is read only; its flags stay as they are.
    look : Look
        Told when the array was sampled.

    Raises
    ------
    Undigestible
        If it holds objects that have no digest.
    """
    if isinstance(given, np.ma.MaskedArray):
        return _masked_digest(given, look)
    array: np.ndarray[Any, Any] = np.asarray(given)
    kind = array.dtype.kind
    if kind in "OT":
        values = array.ravel().tolist()
        return combined(_header(array), values_digest(values, look))
    if kind == "V" and array.dtype.names:
        fields = (array_digest(array[name], look) for name in array.dtype.names)
        return combined(_header(array), *fields)
    # Most arrays own their memory, and are small enough to be read.
    if (array.base is not None or array.nbytes > MOST_BYTES) and is_sampled(given):
        look.partial = True
        return combined(_header(array), _sampled(array))
    if kind in "fc" and array.dtype.itemsize > (8 if kind == "f" else 16):
        return combined(_header(array), _in_blocks(array, _long_floats))
    if not array.flags.c_contiguous:
        return combined(_header(array), _in_blocks(array, np.ascontiguousarray))
    # At once, which takes half as long as bit by bit for what fits into a cache.
    return combined(_header(array), xxh3_128_digest(_bytes(array).data))


def is_sampled(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array is sampled: a (view of a) memory map, or more than 4 GB."""
    if array.nbytes > MOST_BYTES:
        return True
    base: Any = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return isinstance(base, mmap.mmap)


def _header(array: np.ndarray[Any, Any]) -> bytes:
    """Return what is in front of an array's bytes: its type and shape."""
    dtype = array.dtype
    name = repr(dtype.descr) if dtype.names else dtype.str
    return f"array {name} {array.shape}".encode()


def _bytes(array: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the bytes of a C-contiguous array, not copied (dates have no buffer of their own)."""
    return array.reshape(-1).view(np.uint8)


def _masked_digest(array: Any, look: Look) -> bytes:
    """Return the digest of a masked array; the values below the mask count too."""
    mask = np.ma.getmask(array)
    hidden = b"" if mask is np.ma.nomask else array_digest(mask, look)
    return combined(b"masked", array_digest(np.ma.getdata(array), look), hidden)


def _in_blocks(
    array: np.ndarray[Any, Any],
    plain: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]],
) -> bytes:
    digest = xxh3_128()
    _update_in_blocks(digest, array, plain)
    return digest.digest()


def _update_in_blocks(
    digest: Any,
    array: np.ndarray[Any, Any],
    plain: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]],
) -> None:
    """Feed an array in C order, some rows at a time, each block made contiguous by `plain`."""
    if array.nbytes <= BLOCK or array.ndim == 0:
        digest.update(_bytes(plain(array)))
        return
    row_bytes = array.nbytes // len(array)
    if row_bytes > BLOCK and array.ndim > 1:
        for row in array:
            _update_in_blocks(digest, row, plain)
        return
    rows = max(1, BLOCK // row_bytes)
    for start in range(0, len(array), rows):
        digest.update(_bytes(plain(array[start : start + rows])))


def _long_floats(block: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return long doubles as pairs of doubles; their own bytes hold padding."""
    parts = block.view(block.real.dtype) if block.dtype.kind == "c" and block.ndim else block
    with np.errstate(all="ignore"):
        high = parts.astype(np.complex128 if parts.dtype.kind == "c" else np.float64)
        return np.stack([high, (parts - high).astype(high.dtype)])


def _sampled(array: np.ndarray[Any, Any]) -> bytes:
    """Return the digest of 64 kB from each of 256 places at equal distances, or of all."""
    digest = xxh3_128(b"sampled")
    if not array.flags.c_contiguous and array.flags.f_contiguous:
        # In the order of the file: each place would be 256 pages in the other one.
        digest.update(b"F")
        array = array.T
    flat: Any = array.reshape(-1) if array.flags.c_contiguous else array.flat
    length = max(1, SAMPLE // max(1, array.dtype.itemsize))
    starts = range(0, array.size, length)
    if array.size > SAMPLES * length:
        last = array.size - length
        starts = [last * place // (SAMPLES - 1) for place in range(SAMPLES)]  # type: ignore[assignment]  # a sequence of integers as well
    for start in starts:
        block = np.ascontiguousarray(flat[start : start + length])
        digest.update(_bytes(block).data)
    return digest.digest()


def strided_digests(columns: Sequence[np.ndarray[Any, Any]]) -> list[bytes]:
    """Return the digests of 1-d arrays of one length that lie interleaved in memory.

    They are read side by side, a few rows at a time, so that each line of the cache is loaded
    once and not once per column. The digests are those of :func:`array_digest`.
    """
    digests = [xxh3_128() for _ in columns]
    stride = sum(max(abs(column.strides[0]) // len(columns), 1) for column in columns)
    rows = max(512, BLOCK // stride)
    for start in range(0, len(columns[0]), rows):
        for digest, column in zip(digests, columns, strict=True):
            digest.update(_bytes(np.ascontiguousarray(column[start : start + rows])).data)
    return [
        combined(_header(column), digest.digest())
        for digest, column in zip(digests, columns, strict=True)
    ]


def is_of_words(dtype: np.dtype[Any]) -> bool:
    """Whether each value is a word of 1, 2, 4 or 8 bytes: numbers, flags, times."""
    return dtype.kind in "biufmM" and dtype.itemsize <= 8


def number_digests(array: np.ndarray[Any, Any]) -> list[bytes]:
    """Return the digests of the columns of a 2-d array of such words.

    They are those of :func:`array_digest`. What does not lie in columns is turned over in blocks
    that stay in the cache.
    """
    rows, count = array.shape
    header = f"array {array.dtype.str} {(rows,)}".encode()
    words = array.view(f"u{array.itemsize}")  # times have no buffer
    turned = words.T
    step = rows if turned.flags.c_contiguous else max(1, TURNED // max(1, words.itemsize * count))
    if rows <= step:
        return [
            xxh3_128_digest(header + xxh3_128_digest(column))
            for column in np.ascontiguousarray(turned)
        ]
    digests = [xxh3_128() for _ in range(count)]
    for start in range(0, rows, step):
        for digest, column in zip(
            digests, np.ascontiguousarray(turned[:, start : start + step]), strict=True
        ):
            digest.update(column)
    return [xxh3_128_digest(header + digest.digest()) for digest in digests]


# Sparse matrices


def sparse_digest(matrix: Any, look: Look) -> bytes:
    """Return the digest of a scipy sparse matrix or array as it is stored, never made dense."""
    kind: str = matrix.format
    parts: tuple[Any, ...]
    if kind in ("csr", "csc", "bsr"):
        parts = (matrix.data, matrix.indices, matrix.indptr)
    elif kind == "dia":
        parts = (matrix.data, matrix.offsets)
    elif kind in ("coo", "lil", "dok"):
        entries = matrix.tocoo()
        places = getattr(entries, "coords", None) or (entries.row, entries.col)
        parts = (entries.data, *places)
    else:
        raise Undigestible(f"a sparse matrix of the format {kind}")
    header = f"sparse {kind} {matrix.shape}".encode()
    return combined(header, *(array_digest(part, look) for part in parts))


# Python values


class Texts:
    """The digest of a column of texts: which are missing, how long they are, what they say.

    It depends on nothing else, so that texts of Python, of pandas and of Arrow are alike.
    """

    __slots__ = ("_lengths", "_missing", "_said")

    def __init__(self) -> None:
        self._missing = xxh3_128()
        self._lengths = xxh3_128()
        self._said = xxh3_128()

    def add(
        self,
        said: Any,
        lengths: np.ndarray[Any, np.dtype[np.int64]],
        missing: np.ndarray[Any, np.dtype[np.bool_]] | None = None,
    ) -> None:
        """Add some texts: their bytes as one buffer, and the length of each in bytes."""
        self._said.update(said)
        self._lengths.update(lengths.data)
        self._missing.update(bytes(len(lengths)) if missing is None else missing.data)

    def add_list(self, texts: Sequence[str]) -> None:
        """Add texts that are all there."""
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[start : start + TEXTS_AT_ONCE]
            joined = "".join(some)
            if joined.isascii():
                self.add(joined.encode(), np.fromiter(map(len, some), np.int64, len(some)))
            else:
                # Lone surrogates are text to Python.
                encoded = [text.encode("utf-8", "surrogatepass") for text in some]
                lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
                self.add(b"".join(encoded), lengths)

    def digest(self) -> bytes:
        """Return the digest of all texts."""
        return combined(self._missing.digest(), self._lengths.digest(), self._said.digest())


def values_digest(values: Sequence[Any], look: Look, depth: int = 0) -> bytes:
    """Return the digest of a list of Python values, of lists in it too.

    Numbers, texts, bytes, None, dates, numpy arrays and scalars, lists, tuples and dicts have
    digests. Nothing of a value's own class is called but what the standard library, numpy and
    pandas wrote.

    Raises
    ------
    Undigestible
        If there is anything else in it, or it holds itself.
    """
    if depth > MOST_DEPTH or len(values) > MOST_VALUES:
        raise Undigestible("too deep or too many values")
    kinds = set(map(type, values))
    if not kinds:
        return combined(b"no values")
    if len(kinds) == 1:
        return _alike_digest(kinds.pop(), values, look, depth)
    if len(kinds) > 256:
        raise Undigestible("values of too many classes")
    order = sorted(kinds, key=lambda kind: (kind.__module__, kind.__qualname__))
    place = {kind: number for number, kind in enumerate(order)}
    places = bytes(map(place.__getitem__, map(type, values)))
    apart = (
        _alike_digest(kind, [value for value in values if type(value) is kind], look, depth)
        for kind in order
    )
    return combined(b"mixed", xxh3_128(places).digest(), *apart)


def _alike_digest(kind: type, values: Sequence[Any], look: Look, depth: int) -> bytes:
    """Return the digest of values of exactly one class."""
    header = f"{kind.__module__}.{kind.__qualname__} {len(values)}".encode()
    if kind is type(None):
        return combined(header)
    if issubclass(kind, str):
        texts = Texts()
        texts.add_list(values if kind is str else [str.__str__(value) for value in values])
        return combined(header, texts.digest())
    if issubclass(kind, int):
        return combined(header, _integers_digest(values))
    if issubclass(kind, float):
        return combined(header, xxh3_128(np.array(values, np.float64).data).digest())
    if issubclass(kind, (list, tuple)):
        return combined(header, _nested_digest(values, look, depth))
    if issubclass(kind, dict):
        keys = [list(dict.keys(value)) for value in values]
        items = [list(dict.values(value)) for value in values]
        return combined(
            header, _nested_digest(keys, look, depth), _nested_digest(items, look, depth)
        )
    if issubclass(kind, np.ndarray):
        return combined(header, *(array_digest(value, look) for value in values))
    return combined(header, _tokens_digest(kind, values))


def _nested_digest(values: Sequence[Sequence[Any]], look: Look, depth: int) -> bytes:
    """Return the digest of sequences: how long they are, and what is in them."""
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    if int(lengths.sum()) > MOST_VALUES:
        raise Undigestible("too many values")
    inner = list(chain.from_iterable(values))
    return combined(xxh3_128(lengths.data).digest(), values_digest(inner, look, depth + 1))


def _integers_digest(values: Sequence[int]) -> bytes:
    """Return the digest of integers, of any size."""
    if min(values) >= INT64.min and max(values) <= INT64.max:
        return xxh3_128(np.fromiter(map(int, values), np.int64, len(values)).data).digest()
    return xxh3_128(" ".join(map(int.__repr__, values)).encode()).digest()


def _tokens_digest(kind: type, values: Sequence[Any]) -> bytes:
    """Return the digest of values of a class whose bytes or text say all."""
    tokens: list[bytes]
    if kind in (bytes, bytearray):
        tokens = [bytes(value) for value in values]
    elif issubclass(kind, np.generic):
        tokens = [value.dtype.str.encode() + value.tobytes() for value in values]
    elif kind is complex or kind.__module__.partition(".")[0] in REPR_MODULES:
        tokens = [repr(value).encode("utf-8", "surrogatepass") for value in values]
    else:
        raise Undigestible(f"values of the class {kind.__module__}.{kind.__qualname__}")
    lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
    return combined(xxh3_128(lengths.data).digest(), xxh3_128(b"".join(tokens)).digest())
