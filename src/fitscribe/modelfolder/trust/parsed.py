"""What a pickle holds, as symbols: names, objects that would be made, and plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.numpys import spelled

__all__ = [
    "CALLED",
    "INSTANTIATED",
    "NOBODY",
    "WRAPPER",
    "Global",
    "Items",
    "Made",
    "Pairs",
    "Parsed",
    "Uses",
    "named_now",
]

# How a name is used besides standing there: it is called, or an instance is made of it without its
# ``__init__``.
CALLED, INSTANTIATED = "called", "instantiated"
# Modules that pickles call otherwise: those of Python 2, and one that scikit-learn 1.5 named as if
# it lay anywhere, where it may be anybody's.
_RENAMED = {
    "__builtin__": "builtins",
    "_loss": "sklearn._loss._loss",
    "copy_reg": "copyreg",
}
# How joblib keeps an array: its bytes follow this object in the file.
WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")


def named_now(module: str) -> str:
    """Return what a module that a pickle names is called, here."""
    if module.startswith("numpy."):
        return spelled(module)
    return _RENAMED.get(module, module)


class Global:
    """A name that a pickle looks up."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"


class Made:
    """An object that a pickle makes: what is called, with what, and what it gets then."""

    __slots__ = ("args", "items", "known", "made_by", "state")

    def __init__(self, made_by: Global, args: Any) -> None:
        self.made_by, self.args = made_by, args
        self.state: Any = None
        self.items: list[Any] = []
        # What a check found it to be: a forest has one type of array in a thousand places.
        self.known: Any = None


# What stands for a callee that is no name.
NOBODY = Global("", "")


class Pairs(list[Any]):
    """A dict: keys and values in turn."""

    __slots__ = ()


class Items(list[Any]):
    """A set."""

    __slots__ = ()


# The names that a pickle looks up, in order, and how it uses each of them.
Uses = dict[tuple[str, str], set[str]]


@dataclass(slots=True)
class Parsed:
    """What a pickle holds.

    Parameters
    ----------
    root : object
        The object, as symbols.
    uses : dict
        The names that are looked up, as (module, name), in order; of each, how it is used besides
        standing there: ``"called"``, or ``"instantiated"`` without its ``__init__``.
    made : list of Made
        Every object that is made, in order; also those that the root does not hold in the end.
    frames : list of int
        Where the opcodes lie that begin a frame.
    blocks : list of (int, memoryview)
        The bytes that may be written to: where the opcode lies that makes them, and what they
        are.
    wrong : DamagedModel or None
        The first thing that it would do and that no model needs. Only what is built of code
        (cloudpickle's) does so as well, which names functions that are not listed.
    end : int
        How many bytes were read.
    """

    root: Any = None
    uses: Uses = field(default_factory=dict)
    made: list[Made] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    blocks: list[tuple[int, memoryview]] = field(default_factory=list)
    wrong: DamagedModel | None = None
    end: int = 0

    def make(self, made_by: Global, args: Any) -> Made:
        """Return an object that a name makes of arguments, and keep it among those that are."""
        made = Made(made_by, args)
        self.made.append(made)
        return made
