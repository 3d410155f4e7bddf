"""What numpy 1 and numpy 2 write otherwise: names of modules, and generators of random numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

__all__ = ["STAND_INS", "spelled"]

# The private room of numpy and how this numpy spells it: as 1 does, or as 2. Most of 1.26 knows
# some of the other's modules and 2 warns of them, so neither is left to numpy.
_CORES: Final = ("numpy.core", "numpy._core")
_CORE: Final = str(np.empty(0).__reduce__()[0].__module__).rpartition(".")[0]
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


def _bit_generator(kind: Any = "MT19937") -> Any:
    """Return a bit generator, as numpy's function does that pickles call.

    numpy 1 is told the name of its class, and gets its state; numpy 2 is told the class, and gets
    its state and how it was seeded, which numpy 1 keeps for no generator.
    """
    cls = kind if isinstance(kind, type) else getattr(np.random, str(kind), None)
    if not isinstance(cls, type) or not issubclass(cls, np.random.BitGenerator):
        raise ValueError(f"{kind!r:.80} is no bit generator of numpy")
    # numpy 1 tells what a state is of by the name of the class.
    return type(cls.__name__, (cls,), {"__module__": cls.__module__, "__setstate__": _set_state})()


def _set_state(generator: Any, state: Any) -> None:
    """Give a bit generator its state, with or without how it was seeded."""
    generator.state = state[0] if isinstance(state, tuple) else state


def _generator(bits: Any = "MT19937", make: Any = _bit_generator) -> np.random.Generator:
    return np.random.Generator(_made(bits, make))


def _random_state(bits: Any = "MT19937", make: Any = _bit_generator) -> np.random.RandomState:
    return np.random.RandomState(_made(bits, make))


def _made(bits: Any, make: Any) -> Any:
    """Return a bit generator of what a pickle gives: itself, or what it is made of."""
    return bits if isinstance(bits, np.random.BitGenerator) else make(bits)


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
