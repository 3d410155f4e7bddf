"""How a call of a metric is read: what each argument is, and the call as text.

Names of parameters decide what is a truth, a prediction, or data. What the source text says is
read once for each place in the code.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

from fitscribe.sklearn.variables import argument_text, paths_in_argument
from fitscribe.sklearn.weakly import kept_by_code, kept_weakly
from fitscribe.sklearn.written import VariablePath, source_of

__all__ = ["DATA", "TRUTH", "Reading", "call_text", "names_given", "reading_at", "roles_of"]

TRUTHS = frozenset({"y_true", "labels_true"})
# What is no prediction whatever lies in it.
OTHERS = frozenset({"sample_weight", "target_names", "classes", "pos_label"})
MOST_SHOWN = 32
TRUTH, DATA, PREDICTION = "truth", "data", "prediction"


@kept_weakly
def _parameters(function: Any) -> tuple[str, ...]:
    """Return the names of a function's positional parameters."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in parameters if parameter.kind in positional)


def names_given(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the names of the parameters that a function is given, positional ones first."""
    names = _parameters(function)
    if len(names) != len(args):
        names = names[: len(args)]
        names += tuple(f"#{place}" for place in range(len(names), len(args)))
    return (*names, *kwargs) if kwargs else names


class Reading(NamedTuple):
    """How a call of a metric at one place in the code is read.

    Parameters
    ----------
    places : sequence of (int, str, sequence of VariablePath)
        Of each argument that may be a prediction, or data: its place, its role, and the variables
        that its text names, with what it takes of them.
    text : str or None
        The arguments as they are written there, if that is how they are shown where all of them
        are arrays.
    """

    places: Sequence[tuple[int, str, Sequence[VariablePath]]]
    text: str | None


def _role(name: str, names: tuple[str, ...]) -> str | None:
    """Return what a parameter's array is; None if it is no prediction whatever lies in it."""
    # Beside a truth, labels are those that count; beside data they are clusters.
    if name in OTHERS or (name == "labels" and not TRUTHS.isdisjoint(names)):
        return None
    if name in TRUTHS:
        # It may equal what a perfect model predicts, so its content says nothing.
        return TRUTH
    return DATA if name == "X" else PREDICTION


def roles_of(names: tuple[str, ...]) -> list[tuple[int, str]]:
    """Return the places of the arguments that may be a prediction, or data, and what they are."""
    roles = [(place, _role(name, names)) for place, name in enumerate(names)]
    return [(place, role) for place, role in roles if role is not None]


@kept_by_code
def reading_at(code: CodeType, instruction: int, names: tuple[str, ...]) -> Reading:
    """Return how the call is read that an instruction makes, with parameters of these names."""
    places = [
        (place, role, paths_in_argument(code, instruction, (place, names[place])))
        for place, role in roles_of(names)
    ]
    texts = [source_of(code, instruction, place) for place in enumerate(names)]
    shown = [f"{name}={text}" for name, text in zip(names, texts, strict=True)]
    text = f"({', '.join(shown)})" if all(texts) else None
    return Reading(places, text)


def call_text(
    name: str, names: Sequence[str], values: Sequence[Any], frame: FrameType | None
) -> str:
    """Return a call as text, for ``metric_info.json``: numbers as they are (MLflow's rule)."""
    shown = []
    for place, (key, value) in enumerate(zip(names, values, strict=True)):
        text = "" if type(value) is np.ndarray else _plain(value)
        shown.append(f"{key}={text or argument_text(value, (place, key), frame)}")
    return f"{name}({', '.join(shown)})"


def _plain(value: Any) -> str:
    if value is not None and not isinstance(value, (bool, int, float, str, np.generic)):
        return ""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN + 2 else f"{text[: MOST_SHOWN + 1]}..."
