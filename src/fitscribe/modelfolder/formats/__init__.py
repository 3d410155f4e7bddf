"""How a model becomes bytes, and an object again: one file a format, found by its name here."""

from __future__ import annotations

# By name, not as a module: `pickle` is here what `formats/pickle.py` holds.
from pickle import PicklingError

from fitscribe.errors import InvalidParameter, NotSupported
from fitscribe.modelfolder.formats.named import Dump, NotPortable
from fitscribe.modelfolder.formats.pickle import dump as dump_by_name
from fitscribe.modelfolder.formats.pickle import load as load_by_name
from fitscribe.modelfolder.formats.skops import dump as dump_as_skops
from fitscribe.modelfolder.trust.reader import read
from fitscribe.modelfolder.trust.skops import read_skops

__all__ = ["FORMATS", "Dump", "check_format", "dump", "load"]

FORMATS = ("pickle", "cloudpickle", "skops")
# What is read, as pickles are, and not written.
_READ_ONLY = "joblib"
# What pickling raises for a thing that it cannot take, by any of the ways a class may refuse.
_REFUSALS = (
    PicklingError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)


def check_format(format: object) -> str | None:
    """Return a format's name if there is one of that name; None is the choice by the object.

    Raises
    ------
    InvalidParameter
        If there is none.
    """
    if format is None or (isinstance(format, str) and format in FORMATS):
        return format
    told = f"Unrecognized serialization format: {format!r}. Use one of {', '.join(FORMATS)}."
    if format == _READ_ONLY:
        told += (
            " Files of joblib are read, and not written: pickle holds all that they hold, and is "
            "faster; skops makes files of forests as small."
        )
    raise InvalidParameter(told)


def dump(obj: object, format: str | None = None) -> Dump:
    """Return an object as bytes, with the modules that the bytes name.

    Parameters
    ----------
    obj : object
        Any object; it is not changed.
    format : {"pickle", "cloudpickle", "skops"} or None
        None takes ``pickle``, and ``cloudpickle`` for an object that holds what only this script
        has: classes and functions of ``__main__``, lambdas, functions in functions.

    Raises
    ------
    InvalidParameter
        If there is no such format, or it cannot take the object.
    MissingDependency
        If the format needs a library that is not installed.
    """
    if check_format(format) == "skops":
        try:
            return dump_as_skops(obj)
        except _REFUSALS as error:
            raise _refused(obj, "skops", error) from error
    if format != "cloudpickle":
        try:
            return dump_by_name(obj, portable=format is None)
        except (NotPortable, *_REFUSALS) as error:
            if format is not None:
                raise _refused(obj, format, error) from error
    # Deferred: most models need no cloudpickle.
    from fitscribe.modelfolder.formats.cloudpickle import dump as dump_by_value

    try:
        return dump_by_value(obj)
    except _REFUSALS as error:
        raise _refused(obj, "cloudpickle", error) from error


def _refused(obj: object, format: str, error: Exception) -> InvalidParameter:
    """Return the error for an object that a format cannot take."""
    # Cloudpickle takes all that the others take, and is what None comes to in the end.
    other = {
        "pickle": "Use the format cloudpickle, or take",
        "skops": "Use the format pickle, or cloudpickle if it holds code of its own, or take",
    }.get(format, "Take")
    return InvalidParameter(
        f"A {type(obj).__name__} cannot be written as {format}: {str(error).rstrip('.')}. "
        f"{other} what holds open files, locks or connections out of the model."
    )


def load(
    data: bytes | memoryview, format: str, *, runs_code: bool, what: str = "The model"
) -> object:
    """Return the object of a model's file.

    It is the one place where a model's file becomes an object.

    Parameters
    ----------
    data : bytes or memoryview
    format : str
        The format that its folder states.
    runs_code : bool
        Whether it may run what it names: this user wrote it, or said so. Else only what is
        listed is looked up, and what it holds is looked at.
    what : str
        What it is called in messages.

    Raises
    ------
    NotTrusted, DamagedModel
        If `runs_code` is False, and it names what is not listed or does not fit together.
    NotSupported
        If this version does not read the format.
    MissingDependency
        If the format or the model needs a library that is not installed.
    """
    if format not in FORMATS:
        raise NotSupported(
            f"The model is written as {format!r}; this version reads {', '.join(FORMATS)}."
        )
    if format == "skops":
        return read_skops(bytes(data), what, runs_code=runs_code)
    # cloudpickle writes pickles: what it built of code is built by functions that they name.
    return load_by_name(data) if runs_code else read(data, what)
