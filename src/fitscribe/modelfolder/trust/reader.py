"""A pickle becomes an object, if all that it names is listed and all that it holds fits."""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from fitscribe.errors import DamagedModel, MissingDependency, NotSupported
from fitscribe.modelfolder.distributions import distribution_of
from fitscribe.modelfolder.trust.arguments import check_arguments
from fitscribe.modelfolder.trust.joblib import load_with_arrays
from fitscribe.modelfolder.trust.lent import lend
from fitscribe.modelfolder.trust.names import may
from fitscribe.modelfolder.trust.numpys import STAND_INS
from fitscribe.modelfolder.trust.opcodes import parse
from fitscribe.modelfolder.trust.parsed import WRAPPER, Parsed, named_now
from fitscribe.modelfolder.trust.refusal import refusal
from fitscribe.modelfolder.trust.shapes import check_shapes
from fitscribe.modelfolder.trust.stream import stream_of
from fitscribe.modelfolder.trust.unpack import unpacked

__all__ = ["check_names", "looked_up", "read", "wrong_content"]

# What building an object from wrong content raises: its classes look at what they are given.
_WRONG_CONTENT = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
    pickle.PickleError,
)
# Such errors of libraries, by the module that they are looked up in.
_OWN_ERRORS = {"catboost.core": "CatBoostError", "lightgbm.basic": "LightGBMError"}


def wrong_content(parsed: Parsed) -> tuple[type[Exception], ...]:
    """Return what building an object raises where a file's content is wrong.

    What the file names has been looked up before.
    """
    named = {module for module, _ in parsed.uses}.intersection(_OWN_ERRORS)
    return *_WRONG_CONTENT, *(getattr(sys.modules[one], _OWN_ERRORS[one]) for one in named)


class _Unpickler(pickle.Unpickler):
    """An unpickler that knows the names which were looked up before, and no others."""

    def __init__(
        self,
        data: bytes | memoryview,
        known: Mapping[tuple[str, str], Any],
        lent: Iterable[memoryview],
    ) -> None:
        super().__init__(stream_of(data), buffers=lent)
        self.known = known

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name means; KeyError cannot be, for all names were seen before."""
        return self.known[named_now(module), name]


def check_names(parsed: Parsed, what: str) -> None:
    """Raise NotTrusted if a file looks up a name that is not listed."""
    names = ((name, uses) for name, uses in parsed.uses.items() if name != WRAPPER)
    refused = [name for name, uses in names if not may(*name, uses)]
    if refused:
        raise refusal(parsed, refused, what)


def read(data: bytes | memoryview, what: str = "The model") -> Any:
    """Return the object of a pickle; only what is listed is imported, made or called.

    Parameters
    ----------
    data : bytes or memoryview
        A pickle, or a file of joblib, as it is or compressed.
    what : str
        What the file is called in messages.

    Raises
    ------
    NotTrusted
        If it names what is not listed; nothing was imported.
    DamagedModel
        If it is no pickle, or what it holds does not fit together.
    MissingDependency
        If it needs a library that is not installed.
    NotSupported
        If it needs another version of a library.

    Notes
    -----
    The file is read twice: on symbols first, and only then by Python's own unpickler, which gets
    the names that were found and no others. What trees copy, it gets as views of the file.
    """
    build, wrong = _builder(unpacked(data), what)
    try:
        model = build()
    except wrong as error:
        raise DamagedModel(
            f"{what} cannot be built of what its file holds: {type(error).__name__}: {error}"
        ) from error
    check_shapes(model, what)
    return model


def _builder(
    data: bytes | memoryview, what: str
) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """Return what builds the object of a pickle, and the errors of that if its content is wrong.

    What may not be built raises as :func:`read` does. The symbols are gone when it is built: of a
    forest they are a hundred thousand objects, which the garbage collector would look at again
    and again.
    """
    parsed = parse(data)
    check_names(parsed, what)
    if parsed.wrong is not None:
        raise parsed.wrong
    check_arguments(parsed)
    known = {name: looked_up(*name) for name in parsed.uses if name != WRAPPER}
    if WRAPPER in parsed.uses:
        return partial(load_with_arrays, data, known), wrong_content(parsed)
    rest, lent = lend(data, parsed)
    return _Unpickler(rest, known, lent).load, wrong_content(parsed)


def looked_up(module: str, name: str) -> Any:
    """Return what a listed name means here."""
    if (module, name) in STAND_INS:
        return STAND_INS[module, name]
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] == library != error.name:
            raise NotSupported(
                f"The model needs {module}, which the installed {library} does not have: it was "
                "written with another version. `fitscribe models env` says which."
            ) from error
        missing = error.name or library
        raise MissingDependency(
            f"The model needs {missing}, which is not installed: "
            f"pip install {distribution_of(missing.partition('.')[0])}."
        ) from error
    try:
        return getattr(found, name)
    except AttributeError as error:
        raise NotSupported(
            f"The model needs {module}.{name}, which the installed version does not have: it was "
            "written with another one. `fitscribe models env` says which."
        ) from error
