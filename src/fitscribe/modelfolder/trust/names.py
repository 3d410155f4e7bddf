"""The names that a model's file may look up.

The lists lie beside, in ``lists/``: one file for each library, one line for each name. They are
the loader's; a file that is loaded cannot add to them. A name is exact: no module is trusted as a
whole, and nothing is imported to find out.

A list is read like this::

    # why these
    sklearn.tree._tree
        Tree()
        DecisionTree=

``Name`` may be instantiated (its ``__new__``, not its ``__init__``), ``Name()`` may be called as
well, ``Name=`` may only stand there, as a function that is a param.

What is on the lists is harmless to make and to call with any arguments: it opens no file, starts
nothing, imports nothing and evaluates no text. What it holds may still be nonsense, for which
there is :mod:`~fitscribe.modelfolder.trust.shapes`, and for what XGBoost and LightGBM keep as
bytes and text :mod:`~fitscribe.modelfolder.trust.boosters`. What CatBoost keeps is hardly looked
into.
"""

from __future__ import annotations

import threading
from collections.abc import Set
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name

from fitscribe import config
from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.distributions import distribution_of
from fitscribe.modelfolder.trust.parsed import CALLED, INSTANTIATED, named_now

__all__ = ["distributions", "listed", "may", "trust", "trusted"]

LISTS = Path(__file__).with_name("lists")
_ALL = frozenset({CALLED, INSTANTIATED})
_USES = {"()": _ALL, "=": frozenset[str]()}
_NEW = frozenset({INSTANTIATED})

# What the user named in this process.
_named: set[tuple[str, str]] = set()
_lock = threading.Lock()


@cache
def listed() -> dict[tuple[str, str], Set[str]]:
    """Return the names of all lists, as (module, name), and how each may be used."""
    found: dict[tuple[str, str], Set[str]] = {}
    for path in sorted(LISTS.glob("*.txt")):
        module = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.partition("#")[0].rstrip()
            if not text:
                continue
            if not text.startswith(" "):
                module = named_now(text)
                continue
            for name in text.split():
                end = name[-2:] if name.endswith("()") else name[-1:]
                uses = _USES.get(end, _NEW)
                plain = name.removesuffix(end) if end in _USES else name
                found[module, plain] = uses | found.get((module, plain), frozenset())
    return found


def distributions() -> frozenset[str]:
    """Return the distributions that the lists are of, as indexes spell them."""
    return frozenset(canonicalize_name(distribution_of(path.stem)) for path in LISTS.glob("*.txt"))


def may(module: str, name: str, uses: Set[str]) -> bool:
    """Return whether a file may look up a name and use it so."""
    allowed = listed().get((module, name))
    if allowed is not None and uses <= allowed:
        return True
    return (module, name) in _named or f"{module}.{name}" in _configured(config.TRUSTED.get())


@cache
def _configured(text: str | None) -> frozenset[str]:
    """Return the names that the user's own settings name."""
    names = frozenset(name.strip() for name in (text or "").split(",") if name.strip())
    for name in names:
        _split(name)
    return names


def trust(*names: str) -> None:
    """Let model files look up classes and functions of these names, in this process.

    For good, name them in your own settings: ``trusted = "my_package.LogScaler, …"``, or
    ``FITSCRIBE_TRUSTED``. A project's file cannot.

    Parameters
    ----------
    *names : str
        Full names, as a refusal prints them: ``"my_package.LogScaler"``. Each is exact.

    Raises
    ------
    InvalidParameter
        If one is no full name.

    See Also
    --------
    fitscribe.sklearn.load_model : ``trust="code"`` runs whatever one file names.

    Examples
    --------
    >>> import fitscribe.models
    >>> fitscribe.models.trust("my_package.LogScaler")
    """
    split = [_split(name) for name in names]
    with _lock:
        _named.update(split)


def trusted() -> list[str]:
    """Return the names that :func:`trust` and the settings added, in order of the alphabet."""
    told = {f"{module}.{name}" for module, name in _named}
    return sorted(told | _configured(config.TRUSTED.get()))


def _split(name: str) -> tuple[str, str]:
    """Return module and name. Raises InvalidParameter if a text is no full name."""
    module, dot, last = name.rpartition(".") if isinstance(name, str) else ("", "", "")
    if not dot or not all(part.isidentifier() for part in name.split(".")):
        raise InvalidParameter(
            f"{name!r} is no full name of a class or function. Name each as a refusal prints it: "
            "my_package.LogScaler."
        )
    return module, last
