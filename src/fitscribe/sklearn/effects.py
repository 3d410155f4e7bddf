"""Whether a function of the user's own may be called once more without that being seen.

Training metrics need one more prediction, which calls the functions among an estimator's params
(a ``FunctionTransformer``, a kernel, a tokenizer). Most only compute. Some count or write: for
those it is better to have no metrics. The function's code tells, and what it reads from outside;
where that is not sure, the function is not called. What it prints is dropped (`quiet.py`).
"""

from __future__ import annotations

import builtins
import datetime
import decimal
import dis
import enum
import fractions
import functools
import random
import re
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import PurePath
from types import (
    BuiltinFunctionType,
    CodeType,
    EllipsisType,
    FunctionType,
    MethodDescriptorType,
    ModuleType,
    NoneType,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

__all__ = ["only_computes", "sets_outer_variable"]

MOST_FUNCTIONS = 50

# Of the standard library, what computes and nothing else; `random` is put back after a look.
COMPUTING = frozenset(
    {
        *("bisect", "cmath", "collections", "copy", "datetime", "decimal", "enum", "fractions"),
        *("functools", "heapq", "html", "itertools", "json", "math", "numbers", "operator"),
        *("random", "re", "statistics", "string", "textwrap", "typing", "unicodedata"),
        *("warnings", "zlib", "hashlib", "base64", "calendar", "difflib", "types", "dataclasses"),
    }
)
# Installed packages that are there to do something.
ACTING = frozenset(
    {
        *("IPython", "boto3", "click", "fitscribe", "fsspec", "httpx", "joblib", "loguru"),
        *("matplotlib", "mlflow", "plotly", "psycopg", "redis", "requests", "rich", "seaborn"),
        *("sqlalchemy", "tensorboard", "tqdm", "urllib3", "wandb"),
    }
)
# Folders that packages are installed in.
INSTALLED = frozenset({"site-packages", "dist-packages"})
BUILTINS_WITH_EFFECTS = frozenset(
    {
        *("__import__", "breakpoint", "compile", "delattr", "eval", "exec", "globals", "help"),
        *("input", "open", "setattr", "vars"),
    }
)
# Attributes that write, whoever has them.
ACTS = frozenset(
    {
        *("dump", "flush", "save", "savefig", "savetxt", "savez", "send", "sleep"),
        *("to_clipboard", "to_csv", "to_excel", "to_feather", "to_hdf", "to_parquet", "to_pickle"),
        *("to_sql", "tofile", "write", "writelines", "write_bytes", "write_csv", "write_text"),
    }
)
# Names and instructions that change what they are used on. That may be the rows, which are
# copies; if something else that can be changed is in reach, it may be that.
CHANGES = frozenset(
    {
        *("add", "append", "appendleft", "clear", "delitem", "difference_update", "discard"),
        *("extend", "fill", "getattr", "insert", "intersection_update", "itemset", "methodcaller"),
        *("pop", "popitem", "popleft", "put", "remove", "resize", "reverse", "setdefault"),
        *("setflags", "setitem", "sort", "update"),
    }
)
CHANGING_STEPS = frozenset({"STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE"})
CHANGING_OPTIONS = frozenset({"out", "inplace"})
REFUSED_STEPS = frozenset(
    {
        *("DELETE_ATTR", "DELETE_DEREF", "GET_AITER", "GET_AWAITABLE", "IMPORT_STAR"),
        "LOAD_BUILD_CLASS",
    }
)
CONSTANT = (
    *(NoneType, EllipsisType, bool, int, float, complex, str, bytes, range, slice, enum.Enum),
    *(re.Pattern, np.generic, np.dtype, np.ufunc, decimal.Decimal, fractions.Fraction),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo),
)
CHANGEABLE = (list, dict, set, deque, bytearray, np.ndarray)
# Generators of their own, which a look cannot put back.
DRAWING = (random.Random, np.random.Generator, np.random.RandomState, np.random.BitGenerator)


def only_computes(function: Any, on_copies: bool = False) -> bool:
    """Whether a callable only computes, as far as its code tells.

    Parameters
    ----------
    function : object
        What is among the params of an estimator.
    on_copies : bool
        Whether it may change what it is given.

    Returns
    -------
    bool
        False where it writes, draws from a generator of its own or changes something outside of
        it, and where that cannot be told (an object with a ``__call__``, a method).

    Examples
    --------
    >>> only_computes(lambda X: X * 2)
    True
    >>> only_computes(lambda X: open("rows").write(X))
    False
    """
    reader = _Reader()
    if not reader.may_call(function):
        return False
    if not on_copies and (reader.changes or reader.in_place):
        return False
    return not (reader.changes and reader.changeable)


@functools.lru_cache(maxsize=1024)
def sets_outer_variable(code: CodeType) -> bool:
    """Whether a function, or one inside it, writes a global or a variable of an enclosing one."""
    return any(
        step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")
        or (step.opname in ("STORE_DEREF", "DELETE_DEREF") and step.argval in code.co_freevars)
        for part in _parts(code)
        for step in dis.get_instructions(part)
    )


class _Reader:
    """Follows one function to whatever it calls.

    Attributes
    ----------
    changes : bool
        Whether one of the functions changes something that it was given or made.
    in_place : bool
        Whether one of them adds to a variable (``X += 1``), which changes an array.
    changeable : bool
        Whether one of them has something in reach that others would see change.
    """

    def __init__(self) -> None:
        self.seen: set[CodeType] = set()
        self.changes = self.in_place = self.changeable = False

    def may_call(self, function: Any) -> bool:
        """Whether calling it only computes, as long as not both attributes are true."""
        if isinstance(function, np.vectorize):
            return self.may_call(function.pyfunc)
        if isinstance(function, functools.partial):
            bound = (*function.args, *function.keywords.values())
            return self.may_call(function.func) and all(map(self._may_be_read, bound))
        if not isinstance(function, FunctionType) or _may_use(function.__module__):
            return _is_of_library(function)
        if function.__code__ in self.seen:
            return True
        self.seen.add(function.__code__)
        return len(self.seen) <= MOST_FUNCTIONS and self._reads_well(function)

    def _reads_well(self, function: FunctionType) -> bool:
        code = function.__code__
        if sets_outer_variable(code):
            return False
        steps: list[dis.Instruction] = []
        for part in _parts(code):
            steps += dis.get_instructions(part)
            self.changes |= bool(CHANGING_OPTIONS & _texts(part))
        for place, step in enumerate(steps):
            name = str(step.argval)
            if step.opname in REFUSED_STEPS:
                return False
            if step.opname == "STORE_ATTR" and not _is_local(steps, place):
                return False
            if step.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_GLOBAL"):
                if name in ACTS:
                    return False
                self.changes |= name in CHANGES or name.startswith("__")
            self.changes |= step.opname in CHANGING_STEPS
            self.in_place |= step.opname == "BINARY_OP" and step.argrepr.endswith("=")
        return all(map(self._may_be_read, _outside(function, steps)))

    def _may_be_read(self, value: Any) -> bool:
        """Whether a function that has a value from outside may only compute with it."""
        if isinstance(value, ModuleType):
            return _may_use(value.__name__)
        if isinstance(value, (tuple, frozenset)):
            return all(map(self._may_be_read, value))
        if isinstance(value, (FunctionType, functools.partial, np.vectorize)):
            return self.may_call(value)
        if isinstance(value, CONSTANT):
            return True
        if value is _MISSING or isinstance(value, DRAWING) or hasattr(value, "__next__"):
            return False
        self.changeable |= not callable(value)
        return isinstance(value, CHANGEABLE) or _is_of_library(value)


_MISSING = object()


def _parts(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)


def _outside(function: FunctionType, steps: list[dis.Instruction]) -> Iterator[Any]:
    """Yield what a function reads that is not given to it."""
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # empty still
            yield _MISSING
    for step in steps:
        if step.opname == "LOAD_GLOBAL":
            name = step.argval
            yield function.__globals__.get(name, getattr(builtins, name, _MISSING))
        elif step.opname == "IMPORT_NAME":
            yield sys.modules.get(step.argval, _MISSING)


def _texts(code: CodeType) -> set[str]:
    """Return the texts among a function's constants, names of keyword arguments among them."""
    found: set[str] = set()
    for constant in code.co_consts:
        items = constant if isinstance(constant, tuple) else (constant,)
        found.update(item for item in items if isinstance(item, str))
    return found


def _is_local(steps: list[dis.Instruction], place: int) -> bool:
    """Whether an attribute is set on what a local variable holds (``X.columns = ...``)."""
    place -= 1
    while steps[place].opname == "LOAD_ATTR":
        place -= 1
    return steps[place].opname.startswith("LOAD_FAST")


def _is_of_library(value: Any) -> bool:
    """Whether a value is a library's function or class, or an object of a library's class."""
    owner = getattr(value, "__self__", None)
    if isinstance(owner, (*CHANGEABLE, *DRAWING)):
        return False
    if isinstance(value, BuiltinFunctionType) and value.__name__ in BUILTINS_WITH_EFFECTS:
        return False
    if isinstance(value, (MethodDescriptorType, WrapperDescriptorType)):
        value = value.__objclass__
    named = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(named, "__module__", None)
    return module == "builtins" or _may_use(module)


@functools.lru_cache(maxsize=1024)
def _may_use(module: str | None) -> bool:
    """Whether a module is a library that computes; its tests' own functions are no part of it."""
    if ".tests." in str(module):
        return False
    top = str(module).partition(".")[0]
    if top in sys.stdlib_module_names:
        return top.removeprefix("_") in COMPUTING
    found = sys.modules.get(top)
    where = getattr(found, "__file__", None) or next(iter(getattr(found, "__path__", ())), "")
    return top not in ACTING and not INSTALLED.isdisjoint(PurePath(where).parts)
