"""Metrics computed after a fit: what they came to, and of which arrays.

Hooked are the functions of ``sklearn.metrics`` (in the cells of their decorators, so that it does
not matter when they were imported), scorers, and what :func:`watch_metric` is given. Whose an
array is, is found out behind the caller's back: see :mod:`fitscribe.sklearn.ledger`.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import FrameType, ModuleType
from typing import Any, TypeVar, cast

import numpy as np

from fitscribe.core.clock import now_ms
from fitscribe.core.entities import Dataset
from fitscribe.errors import InvalidParameter
from fitscribe.sklearn.answers import AskedCall, begun, dataset_of
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.copies import forget_copies, makers_of, may_be_copy
from fitscribe.sklearn.functions import hook_by_name, hook_functions, is_hooked, recorded_by
from fitscribe.sklearn.ledger import UNKNOWN, Score
from fitscribe.sklearn.makers import Maker, is_linked
from fitscribe.sklearn.memory import Memory
from fitscribe.sklearn.origins import Part, forget_answers, makers_named, part_of, rival_of
from fitscribe.sklearn.patch import is_installed
from fitscribe.sklearn.results import Result, result_of
from fitscribe.sklearn.roles import (
    DATA,
    TRUTH,
    Reading,
    call_text,
    names_given,
    reading_at,
    roles_of,
)
from fitscribe.sklearn.variables import argument_text, arrays_near, named
from fitscribe.sklearn.written import VariablePath
from fitscribe.tracking.active import Scope
from fitscribe.tracking.late import when_imported

__all__ = ["hook_metrics", "unhook_metrics", "watch_metric"]

F = TypeVar("F", bound=Callable[..., Any])

NOT_METRICS = frozenset({"check_scoring", "get_scorer", "get_scorer_names", "make_scorer"})
# Of data as well as of predictions: such a function counts only where it is of a prediction.
PAIRWISE = ("distances", "kernels", "kernel", "similarity", "distances_chunked", "argmin")
MOST_RESULTS = 64


def _is_array(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value)
    return hasattr(value, "__array__") and bool(getattr(value, "shape", True))


def _look_around(
    part: Part, value: Any, written: Sequence[VariablePath], given: Sequence[Any], frame: FrameType
) -> None:
    """Note what an argument that is nobody's answer itself may have been made of."""
    if written:
        part.named = makers_named(named(written, frame))
    if not part.named:
        near = (rival_of(array, value) for array in arrays_near(given, frame))
        part.rivals = [rival for rival in near if rival is not None]


class _Metric(AskedCall):
    """A call of a metric function."""

    def __init__(
        self,
        attempts: Attempts,
        frame: FrameType | None,
        function: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        self.attempts = attempts
        self.name = function.__name__
        names = names_given(function, args, kwargs)
        values = (*args, *kwargs.values()) if kwargs else args
        if frame is None:  # called by no code of anybody's
            reading = Reading([(place, role, ()) for place, role in roles_of(names)], None)
        else:
            reading = reading_at(frame.f_code, frame.f_lasti, names)
        places, text = reading
        self.parts: list[Part | Score] = []
        data: list[Any] = []
        for place, role, written in places:
            value = values[place]
            if type(value) is not np.ndarray and not _is_array(value):
                continue
            if role is DATA:
                data.append(value)
                continue
            known = _results.of(value) if _results.entries else ()
            if known:
                self.parts.append(known[-1])
                continue
            part = part_of(value, role is TRUTH)
            if part is None:  # certainly nobody's prediction
                continue
            self.parts.append(part)
            if not part.held and frame is not None:
                _look_around(part, value, written, values, frame)
        if not self.parts:
            # Of data alone, or of what nobody predicted.
            self.parts = [part for value in data if (part := part_of(value, True)) is not None]
        for value in values:
            if type(value) is not np.ndarray:
                text = None
        self.call = self.name + text if text else call_text(self.name, names, values, frame)

    def _keep(self, value: Any) -> None:
        result = value if isinstance(value, float) else result_of(self.name, value)
        if result is None:
            return
        known = not self.name.startswith("pairwise") and not self.name.endswith(PAIRWISE)
        score = Score(
            self.name,
            result,
            self.call,
            now_ms(),
            parts=self.parts,
            keeps_unattributed=known,
        )
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                _results.add(array, score)
        self.keep(score)


# Arrays that metrics returned, for those that are computed of them: ``auc(fpr, tpr)``.
_results: Memory[Score] = Memory(MOST_RESULTS)


def record_metric(
    here: Scope, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Metric | None:
    """Begin to record a call of a metric function; None if it is part of another call."""
    return begun(here, function.__name__, _Metric, function, args, kwargs)


def watch_metric(function: F) -> F:
    """Record what a metric function comes to, as the functions of ``sklearn.metrics`` are.

    Its first parameter is the truth if it is called ``y_true`` or ``labels_true``; all other
    arrays may be predictions. It is recorded while autologging is on.

    Parameters
    ----------
    function : callable
        A function of your own or of another library that returns a number, a dict or arrays of
        them. Where your module and its own have it by a name, that name is recorded from now on,
        until autologging is switched off.

    Returns
    -------
    callable
        What records it, for names elsewhere; it can be used as a decorator.

    Raises
    ------
    InvalidParameter
        If it is no function.

    Examples
    --------
    >>> import fitscribe.sklearn
    >>> def share_within_one(y_true, y_pred):
    ...     return float((abs(y_true - y_pred) <= 1).mean())
    >>> share_within_one = fitscribe.sklearn.watch_metric(share_within_one)
    """
    if not callable(function) or isinstance(function, type):
        raise InvalidParameter(
            f"watch_metric takes a function such as f(y_true, y_pred), not {function!r:.80}."
        )
    here = sys._getframe(1).f_globals
    home = vars(sys.modules.get(getattr(function, "__module__", ""), sys))
    places = [here] if home is here else [here, home]
    return cast(F, hook_by_name(function, record_metric, places))


# Scorers


class _Scorer(AskedCall):
    """A call of a scorer with a fitted model."""

    def __init__(
        self,
        attempts: Attempts,
        frame: FrameType | None,
        scorer: Any,
        makers: Sequence[Maker],
        args: list[Any],
        kwargs: Any,
    ) -> None:
        maker = makers[0]
        self.attempts, self.makers = attempts, makers
        self.scorer = scorer
        given = {**dict(zip(("X", "y_true"), args, strict=False)), **kwargs}
        X, y = given.get("X"), given.get("y_true", given.get("y"))
        self.dataset = self.describe(X, maker, frame, 1)
        name = UNKNOWN if self.dataset is None else self.dataset.name
        target = "" if y is None else f", {argument_text(y, (2, 'y'), frame)}"
        self.arguments = f"({maker.title}, {name}{target})"

    def _keep(self, value: Any) -> None:
        values = value if isinstance(value, dict) else {_name_of(self.scorer): value}
        for name, one in values.items():
            result = result_of(name, one)
            if result is not None:
                self.keep_score(name, result, f"{name}{self.arguments}", self.dataset)


def _name_of(scorer: Any) -> str:
    """Return a scorer's name: its function's, with scikit-learn's ``neg_`` where it is negated."""
    function = getattr(scorer, "_score_func", None)
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None) or type(function).__name__
    return f"neg_{name}" if getattr(scorer, "_sign", 1) < 0 else str(name)


def record_scorer(
    here: Scope, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Scorer | None:
    """Begin to record a scorer's ``__call__``; None if its model is of no run that we know."""
    del function
    scorer, estimator, *rest = args if len(args) > 1 else (args[0], kwargs.get("estimator"))
    if not is_linked(estimator) and not may_be_copy(estimator):
        return None
    others = {key: value for key, value in kwargs.items() if key != "estimator"}

    def asked(attempts: Attempts, frame: FrameType | None) -> _Scorer | None:
        makers = makers_of(estimator)
        return _Scorer(attempts, frame, scorer, makers, rest, others) if makers else None

    return begun(here, type(estimator).__name__, asked)


# Importances: one record, and not one of each of its many scores.


class _Importances(AskedCall):
    """A call of ``permutation_importance``."""

    def __init__(
        self,
        attempts: Attempts,
        frame: FrameType | None,
        makers: Sequence[Maker],
        given: Mapping[str, Any],
        name: str,
    ) -> None:
        self.attempts, self.makers = attempts, makers
        self.name = name
        X = given.get("X")
        self.columns = [str(column) for column in getattr(X, "columns", ())]
        self.dataset: Dataset | None = None
        if makers:
            self.dataset = self.attempts("describe the data", dataset_of, X, makers[0], frame, 1)
        self.call = call_text(name, [*given], [*given.values()], frame)

    def _keep(self, value: Any) -> None:
        if not self.makers:
            return
        content: dict[str, Any] = (
            _importances(value)
            if "importances" in value
            else {scorer: _importances(found) for scorer, found in value.items()}
        )
        if self.columns:
            content["feature_names"] = self.columns
        self.keep_score(self.name, Result(content=content), self.call, self.dataset)


def _importances(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the importances by one scorer, as JSON has them."""
    return {key: np.asarray(value).tolist() for key, value in found.items()}


def record_importances(
    here: Scope, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Importances | None:
    """Begin to record a call of ``permutation_importance``."""

    def asked(attempts: Attempts, frame: FrameType | None) -> _Importances:
        names = names_given(function, args, kwargs)
        given = dict(zip(names, (*args, *kwargs.values()), strict=True))
        makers = makers_of(given.get("estimator"))
        return _Importances(attempts, frame, makers, given, function.__name__)

    return begun(here, function.__name__, asked)


# Hooks

_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "sklearn.calibration": ("calibration_curve",),
    "sklearn.manifold._t_sne": ("trustworthiness",),
}
IMPORTANCES = "sklearn.inspection._permutation_importance"
METRICS, SCORERS = "sklearn.metrics", "sklearn.metrics._scorer"


def _hook_metrics(module: ModuleType) -> None:
    names = [name for name in module.__all__ if name not in NOT_METRICS]
    found = [getattr(module, name) for name in names]
    functions = [one for one in found if inspect.isfunction(one)]
    hook_functions(functions, record_metric)
    for function in functions:
        if not is_hooked(function):
            home = vars(sys.modules[function.__module__])
            hook_by_name(function, record_metric, [vars(module), home])


def _hook_named(module: ModuleType) -> None:
    found = [getattr(module, name) for name in _FUNCTIONS[module.__name__]]
    hook_functions(found, record_metric)


def _hook_importances(module: ModuleType) -> None:
    hook_functions([module.permutation_importance], record_importances)


def _hook_scorers(module: ModuleType) -> None:
    for name in ("_BaseScorer", "_MultimetricScorer"):
        cls = getattr(module, name)
        original = vars(cls)["__call__"]
        if not any(held is cls for held, _ in _scorers):
            _scorers.append((cls, original))
            cls.__call__ = recorded_by(original, record_scorer)


# Classes of scorers whose calls are recorded, and what was there before.
_scorers: list[tuple[Any, Any]] = []


def hook_metrics() -> None:
    """Record metrics from now on, of the modules that are imported later as well."""
    hooks = {
        METRICS: _hook_metrics,
        SCORERS: _hook_scorers,
        IMPORTANCES: _hook_importances,
        **dict.fromkeys(_FUNCTIONS, _hook_named),
    }
    for name, hook in hooks.items():
        when_imported(name, partial(_if_installed, hook))


def _if_installed(hook: Callable[[ModuleType], None], module: ModuleType) -> None:
    if is_installed():
        hook(module)


def unhook_metrics() -> None:
    """Put scorers back as they were, and let go; functions are by :func:`unhook_functions`."""
    _results.clear()
    forget_answers()
    forget_copies()
    while _scorers:
        cls, original = _scorers.pop()
        cls.__call__ = original
