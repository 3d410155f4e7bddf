"""What is looked at before an object is built: arguments that cost memory, or are run as text."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.arrays import (
    EMPTY,
    ENCODE,
    check_array,
    check_buffer,
    check_dtype,
    check_masked,
    check_scalar,
)
from fitscribe.modelfolder.trust.boosters import CHECKS as BOOSTERS
from fitscribe.modelfolder.trust.parsed import Global, Made, Pairs, Parsed, named_now

__all__ = ["check_arguments"]

DISTRIBUTIONS = "scipy.stats._distn_infrastructure"
DISCRETE = ("scipy.stats._continuous_distns", "scipy.stats._discrete_distns")
# How scipy's two kinds of distributions take a location and a scale.
_LOCATIONS = (("loc=0, scale=1", "loc, scale"), ("loc=0", "loc, 1"))


# What looking at arguments of another kind raises; DamagedModel is none of these.
_NONSENSE = (ArithmeticError, AttributeError, LookupError, TypeError)


def check_arguments(parsed: Parsed) -> None:
    """Look at what an object would be made of, where its class does not.

    Raises
    ------
    DamagedModel
        If an array of numpy is not what its content is, what a booster holds does not fit
        together, a distribution of scipy holds other text than scipy wrote, which it runs, or a
        function that could reach anything is called otherwise than scipy does.
    """
    modules = {module for module, _ in parsed.uses}
    checks: dict[tuple[str, str], Callable[[Made], object]] = dict(_CHECKS)
    if any(module.startswith("scipy.stats.") for module in modules):
        known = {key for key in parsed.uses if key[0].startswith("scipy.stats.")}
        checks |= dict.fromkeys(known, _distribution)
    wanted = checks.keys() & parsed.uses.keys()
    if not wanted:
        return
    # Also what is thrown away again is made first.
    for made in parsed.made:
        check = checks.get((made.made_by.module, made.made_by.name))
        if check is None:
            continue
        try:
            check(made)
        except _NONSENSE as error:
            raise DamagedModel(
                f"The model's file makes a {made.made_by!r} of what it cannot be: {error}. "
                "It is damaged or forged; nothing of it was run."
            ) from error


def _distribution(made: Made) -> None:
    """Check the text in a distribution of scipy, which is run when the object is built."""
    state = made.state
    if state is None:
        return
    # A key that is no plain text may be equal to one.
    if type(state) is not Pairs or any(type(key) is not str for key in state[::2]):
        raise _foreign(made, state)
    pairs = list(zip(state[::2], state[1::2], strict=True))
    templates = [value for key, value in pairs if key == "_parse_arg_template"]
    shapes = [value for key, value in pairs if key == "shapes"]
    if not templates:
        return
    names = shapes[-1].replace(",", " ").split() if shapes and shapes[-1] else []
    if not all(name.isidentifier() for name in names):
        raise _foreign(made, shapes[-1])
    text: str = importlib.import_module(DISTRIBUTIONS).parse_arg_template
    listed = f"{', '.join(names)}, " if names else ""
    written = [
        text % {"shape_arg_str": listed, "locscale_in": given, "locscale_out": taken}
        for given, taken in _LOCATIONS
    ]
    for template in templates:
        if template not in written:
            raise _foreign(made, template)


def _latin(made: Made) -> None:
    """Check ``codecs.encode``: old protocols write bytes by it, as latin1."""
    args = made.args
    if type(args) is not tuple or len(args) != 2 or args[1] != "latin1":
        raise DamagedModel(
            "The model's file encodes a text in another way than as bytes are written. Nothing "
            "of it was run."
        )


def _bytes(made: Made) -> None:
    """Check ``bytes`` and ``bytearray``: of a number they would set memory aside."""
    args = made.args
    held = args[0] if type(args) is tuple and len(args) == 1 else None
    encoded = type(held) is Made and (held.made_by.module, held.made_by.name) == ENCODE
    if args != () and not encoded and not isinstance(held, (bytes, memoryview)):
        raise DamagedModel(
            "The model's file makes bytes of something else than bytes. Nothing of it was run."
        )


def _reconstructed(made: Made) -> None:
    """Check ``copyreg``'s way to make an instance: of an array it would set memory aside."""
    args = made.args
    base = args[1] if type(args) is tuple and len(args) == 3 else None
    if type(base) is not Global or str(base) != "builtins.object" or args[2] is not None:
        raise DamagedModel(
            "The model's file makes an object by the way of another class than object, and no "
            "estimator does. Nothing of it was run."
        )
    cls = args[0]
    check = BOOSTERS.get((cls.module, cls.name)) if type(cls) is Global else None
    if check is not None:
        check(made)


def _method(made: Made) -> None:
    """Check ``getattr``: scipy's discrete distributions keep a method of their own by it."""
    if not _is_entropy(made):
        raise DamagedModel(
            "The model's file calls getattr where no distribution of scipy does, and could reach "
            "anything by it. Nothing of it was run."
        )


def _is_entropy(made: object) -> bool:
    if type(made) is not Made or type(made.args) is not tuple or len(made.args) != 2:
        return False
    owner, name = made.args
    is_scipys = type(owner) is Made and owner.made_by.module in DISCRETE
    return is_scipys and name == "_entropy" and type(name) is str


def _vectorized(made: Made) -> None:
    """Check ``numpy.vectorize``, which calls what it holds."""
    state = made.state if type(made.state) is Pairs else []
    called = [value for key, value in zip(state[::2], state[1::2], strict=True) if key == "pyfunc"]
    plain = all(type(key) is str for key in state[::2])
    if not plain or not called or not all(map(_is_entropy, called)):
        raise DamagedModel(
            "The model's file holds a numpy.vectorize that no distribution of scipy made: it "
            "would call what it is given. Nothing of it was run."
        )


def _foreign(made: Made, found: object) -> DamagedModel:
    return DamagedModel(
        f"A distribution in the model's file ({made.made_by!r}) holds text that scipy did not "
        f"write, and would run it: {str(found)!r:.120}. Nothing of it was run."
    )


_CHECKS: dict[tuple[str, str], Callable[[Made], object]] = {
    ENCODE: _latin,
    ("builtins", "bytearray"): _bytes,
    EMPTY: _bytes,
    ("builtins", "getattr"): _method,
    ("copyreg", "_reconstructor"): _reconstructed,
    ("numpy", "vectorize"): _vectorized,
    ("numpy", "dtype"): check_dtype,
    (named_now("numpy._core.multiarray"), "_reconstruct"): check_array,
    (named_now("numpy._core.multiarray"), "scalar"): check_scalar,
    (named_now("numpy._core.numeric"), "_frombuffer"): check_buffer,
    ("numpy.ma.core", "_mareconstruct"): check_masked,
    **BOOSTERS,
}
