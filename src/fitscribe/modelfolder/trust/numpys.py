"""What numpy 1 and numpy 2 write otherwise: names of modules, and generators of random numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.random import _pickle

__all__ = ["STAND_INS", "spelled"]

# The private room of numpy and how this numpy spells it: as 1 does, or as 2. Most of 1.26 knows
# some of the other's modules and 2 warns of them, so neither is left to numpy.
_CORES: Final = ("numpy.core", "numpy._core")
_CORE: Final = str(np.empty(0).__reduce__()[0].__module__).rpartition(".")[0]
_NUMPYS: Any = _pickle
# A name that both have at another place.
_MOVED: Final = {"numpy.rec": "numpy"}


def spelled(module: str) -> str:
    """Return what a module of numpy, of whatever version, is called by the one that is here.

    Examples
    --------
    >>> spelled("numpy.core.multiarray") == spelled("numpy._core.multiarray")
    True
    >>> spelled("numpy.corelib")
    'numpy.corelib'
    """
    for core in _CORES:
        if module == core or module.startswith(f"{core}."):
            return _CORE + module[len(core) :]
    return _MOVED.get(module, module)


def _bit_generator(*made_of: Any) -> Any:
    """Return a bit generator, as numpy's function does that pickles call.

    numpy 1 gives the name of its class, and then a state; numpy 2 the class, and then a state
    and how it was seeded, which numpy 1 keeps for no generator.
    """
    if not made_of or not isinstance(made_of[0], type):
        return _NUMPYS.__bit_generator_ctor(*made_of)
    (cls,) = made_of
    if not issubclass(cls, np.random.BitGenerator):
        raise ValueError(f"{cls.__name__} is no bit generator of numpy")
    # numpy tells what a state is of by the name of the class.
    return type(cls.__name__, (cls,), {"__module__": cls.__module__, "__setstate__": _set_state})()


def _set_state(generator: Any, state: Any) -> None:
    """Give a bit generator its state, with or without how it was seeded."""
    generator.state = state[0] if isinstance(state, tuple) else state


def _generator(*made_of: Any) -> Any:
    """Return a generator on a bit generator that is made, as numpy 2 gives it, or named."""
    if made_of and isinstance(made_of[0], np.random.BitGenerator):
        return np.random.Generator(made_of[0])
    return _NUMPYS.__generator_ctor(*made_of)


def _random_state(*made_of: Any) -> Any:
    """Return a ``RandomState`` on a bit generator that is made, as numpy 2 gives it, or named."""
    if made_of and isinstance(made_of[0], np.random.BitGenerator):
        return np.random.RandomState(made_of[0])
    return _NUMPYS.__randomstate_ctor(*made_of)


# What numpy 1 does not have, or cannot do with what numpy 2 writes: in its place, this.
STAND_INS: Final[dict[tuple[str, str], Any]] = (
    {}
    if _CORE == "numpy._core"
    else {
        ("numpy", "bool"): np.bool_,
        ("numpy.random._pickle", "__bit_generator_ctor"): _bit_generator,
        ("numpy.random._pickle", "__generator_ctor"): _generator,
        ("numpy.random._pickle", "__randomstate_ctor"): _random_state,
    }
)
