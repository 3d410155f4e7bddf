"""Golden rows are asked again: does a loaded model still answer what it answered then?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from fitscribe.modelfolder.golden import (
    DIFFERENT,
    EQUAL,
    IDENTICAL,
    Compared,
    Golden,
    compare,
    kept_in,
)
from fitscribe.modelfolder.read import OpenFolder, check_trust, load_opened
from fitscribe.modelfolder.write import versions_here
from fitscribe.sklearn.attempt import Attempts, FitscribeWarning
from fitscribe.sklearn.generators import generators_of
from fitscribe.sklearn.golden import answers_of
from fitscribe.sklearn.observe import all_params
from fitscribe.sklearn.quiet import quietly, unwarned
from fitscribe.tracking.addresses import open_model
from fitscribe.tracking.stack import level_of_caller

__all__ = ["Verification", "load_checked", "verify"]

NOTHING = "nothing to replay"
SKLEARN = "scikit-learn"
_WORST = (IDENTICAL, EQUAL, DIFFERENT)


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of a model's golden rows.

    Parameters
    ----------
    outcome : {"identical", "equal within 1e-9", "different", "nothing to replay"}
        The worst of its methods.
    method : str or None
        The method that differs most; None if none does.
    difference : float or None
        Of that method, the largest of two numbers relative to the largest number of their column;
        None where what differs are no numbers.
    methods : dict
        Name of each method that was replayed to :class:`~.golden.Compared`.
    versions : dict
        Of Python and libraries those that differ: name to (when it was written, here); None for
        what is not installed.
    problems : tuple of str
        Why a method could not be asked, a sentence each.
    rows : int
        How many rows were replayed.
    """

    outcome: str
    method: str | None = None
    difference: float | None = 0.0
    methods: Mapping[str, Compared] = field(default_factory=dict)
    versions: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    rows: int = 0

    @property
    def is_same(self) -> bool:
        """Whether no answer differs by more than rounding."""
        return self.outcome != DIFFERENT


def verify(model_uri: str | Path, trust: str | None = None) -> Verification:
    """Ask a model again about its golden rows, and compare the answers with those of its fit.

    Parameters
    ----------
    model_uri : str or Path
        As for :func:`fitscribe.sklearn.load_model`.
    trust : {"code"}, optional
        As for :func:`fitscribe.sklearn.load_model`, by which it is loaded.

    Returns
    -------
    Verification

    Raises
    ------
    NotTrusted, DamagedModel, NotFound
        As :func:`fitscribe.sklearn.load_model`.

    Examples
    --------
    >>> import numpy as np, fitscribe, fitscribe.models, fitscribe.sklearn
    >>> from sklearn.linear_model import Ridge
    >>> model = Ridge().fit([[0.0], [1.0]], [0.0, 1.0])
    >>> rows = np.array([[0.25], [0.5]])
    >>> info = fitscribe.sklearn.log_model(model, name="ridge", golden_rows=rows)
    >>> fitscribe.models.verify(info.model_uri).outcome
    'identical'
    """
    check_trust(trust)
    opened = open_model(model_uri)
    versions = _different_versions(opened)
    golden = kept_in(opened)
    with unwarned(InconsistentVersionWarning):
        model = load_opened(opened, trust=trust)
    if golden is None:
        return Verification(NOTHING, versions=versions)
    return _replay(model, golden, versions)


def load_checked(opened: OpenFolder, trust: str | None) -> Any:
    """Return a folder's model; of another scikit-learn's, if it has golden rows, replayed."""
    versions = _different_versions(opened)
    if SKLEARN not in versions or opened.manifest is None or opened.manifest.golden is None:
        return load_opened(opened, trust=trust)
    attempts = Attempts("golden rows", silent=True)
    golden = attempts("read", lambda: kept_in(opened))
    if golden is None:
        return load_opened(opened, trust=trust)
    with unwarned(InconsistentVersionWarning):
        model = load_opened(opened, trust=trust)
    found = attempts("replay", lambda: _replay(model, golden, versions))
    if found is None or not found.is_same:
        warnings.warn(_sentence(found, versions), FitscribeWarning, stacklevel=level_of_caller())
    return model


def _sentence(found: Verification | None, versions: Mapping[str, Any]) -> str:
    """Return what is to be told of a model that does not answer as it did."""
    then, here = versions[SKLEARN]
    head = f"The model was written with scikit-learn {then}, and here is {here}: "
    if found is None:
        return head + "its golden rows could not be replayed, so its answers may differ."
    if found.difference is not None:
        how = f"by up to {found.difference:.2g} of the largest value"
    else:
        how = "in labels or columns"
    asked = f"{found.method} differs {how}" if found.method else "it cannot be asked"
    return (
        f"{head}{asked} on its {found.rows} golden rows. Load it with scikit-learn {then}, or "
        "fit it anew."
    )


def _different_versions(opened: OpenFolder) -> dict[str, tuple[str | None, str | None]]:
    """Return the versions that are others here than in a folder's manifest."""
    if opened.manifest is None:
        return {}
    then, here = opened.manifest.versions, versions_here()
    names = [*then, *(name for name in here if name not in then)]
    pairs = {name: (then.get(name), here.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _replay(
    model: Any, golden: Golden, versions: Mapping[str, tuple[str | None, str | None]]
) -> Verification:
    """Ask a model again, unnoticed."""
    attempts = Attempts(type(model).__name__, silent=True)
    params = all_params(model)
    with quietly(generators_of(model, params)):
        now = answers_of(model, golden.rows, attempts, methods=list(golden.answers))
    methods = {
        name: compare(then, now[name]) if name in now else Compared(DIFFERENT, None, None)
        for name, then in golden.answers.items()
    }
    for name in golden.answers.keys() - now.keys():
        if not hasattr(model, name):
            attempts.note(f"{name}: the model has no such method here")
    if not methods:
        return Verification(NOTHING, versions=versions)
    worst = max(methods, key=lambda name: _badness(methods[name]))
    outcome = methods[worst].outcome
    rows = golden.rows
    return Verification(
        outcome,
        None if outcome == IDENTICAL else worst,
        methods[worst].difference,
        methods,
        versions,
        tuple(attempts.problems),
        int(rows.shape[0]) if hasattr(rows, "shape") else len(rows),
    )


def _badness(one: Compared) -> tuple[int, float, int]:
    difference = float("inf") if one.difference is None else one.difference
    return _WORST.index(one.outcome), difference, one.differing or 0
