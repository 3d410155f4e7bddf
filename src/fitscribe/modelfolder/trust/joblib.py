"""Files of joblib: a pickle in which the bytes of each array follow the object that stands for it.

joblib itself is not asked: it would unpickle arrays of objects whatever they name.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.parsed import WRAPPER, named_now

__all__ = ["load_with_arrays"]

Known = Mapping[tuple[str, str], Any]
# Python's own unpickler in Python, which can be asked where it is in the file.
_Base: Any = pickle._Unpickler


class _Wrapper:
    """What stands for an array."""

    shape: tuple[int, ...]
    order: str
    dtype: np.dtype[Any]
    numpy_array_alignment_bytes: int | None = None

    def read(self, stream: io.BytesIO, known: Known) -> NDArray[Any]:
        """Return the array, whose bytes come next."""
        if self.dtype.hasobject:
            return _loaded(stream, known)  # type: ignore[no-any-return]
        if self.numpy_array_alignment_bytes is not None:
            stream.read(stream.read(1)[0])
        size = math.prod(self.shape) * self.dtype.itemsize
        data = bytearray(stream.read(size))
        if len(data) != size:
            raise DamagedModel("An array in the model's file is cut off; take a copy of it all.")
        array: NDArray[Any] = np.frombuffer(data, self.dtype)
        if self.order == "F":
            return array.reshape(self.shape[::-1]).T
        return array.reshape(self.shape)


class _Unpickler(_Base):  # type: ignore[misc]
    """An unpickler that puts arrays where their wrappers are."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(_Base.dispatch)

    def __init__(self, stream: io.BytesIO, known: Known) -> None:
        super().__init__(stream)
        self.stream, self.known = stream, known

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name means, which was seen before."""
        found = named_now(module), name
        return _Wrapper if found == WRAPPER else self.known[found]

    def load_build(self) -> None:
        """Set the state of an object; an array takes the place of its wrapper."""
        _Base.load_build(self)
        if type(self.stack[-1]) is _Wrapper:
            self.stack.append(self.stack.pop().read(self.stream, self.known))

    dispatch[pickle.BUILD[0]] = load_build


def _loaded(stream: io.BytesIO, known: Known) -> Any:
    return _Unpickler(stream, known).load()


def load_with_arrays(data: bytes | memoryview, known: Known) -> Any:
    """Return the object of a file of joblib.

    Parameters
    ----------
    data : bytes or memoryview
        Not compressed.
    known : mapping
        What each name in it means, by (module, name); it looks up no others.
    """
    return _loaded(io.BytesIO(data), known)
