"""What ``autolog`` is asked: its arguments, the environment and files, checked."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec

import numpy as np

from fitscribe import config
from fitscribe.core.entities import TAG_PARENT
from fitscribe.core.registered_names import check_registered_name
from fitscribe.core.texts import check_tag
from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.formats import check_format
from fitscribe.sklearn.options import Options

__all__ = ["Asked", "asked", "declares"]

P = ParamSpec("P")

# MLflow keeps back the first only; of the next two it overwrites what is given, and the last
# would hang every run below one that need not exist.
OURS = ("mlflow.autologging", "estimator_name", "estimator_class", TAG_PARENT)
# Those that are no options of what is recorded.
SWITCHES = ("log", "disable", "disable_for_unsupported_versions")


def declares(
    do: Callable[[Mapping[str, Any]], None],
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Let a function only declare its parameters: `do` is called with those that are given.

    A default that is spelled out is an answer; one that is left out is for others to say.
    """

    def around(function: Callable[P, None]) -> Callable[P, None]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise TypeError(f"autolog(): {error}") from None
            do(given)

        return call

    return around


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked.

    Parameters
    ----------
    options : Options
    off : bool
        Whether autologging is to be off.
    only_supported : bool
        Whether it is to be off under a scikit-learn that was not tested.
    refused : list of str
        What files say in vain and nobody was told, a sentence each.
    """

    options: Options
    off: bool
    only_supported: bool
    refused: list[str]


def asked(given: Mapping[str, Any]) -> Asked:
    """Return what a call of ``autolog`` asks, with what others say where it says nothing.

    Parameters
    ----------
    given : mapping of str to object
        The arguments that were given, by name.
    """
    name = given.get("registered_model_name")
    registered = None if name is None else check_registered_name(name)
    # To be turned off nobody has to be asked, and be a file nonsense.
    alone = given.get("disable") is True
    config.look_again()
    found: dict[str, Any] = {}
    for name, one in config.chosen(given, alone).items():
        try:
            found[name] = _checked(name, one.value)
        except InvalidParameter as error:
            if name in given:
                raise
            raise InvalidParameter(f"{error} {one.source} says so.") from error
    switches = {name: found.pop(name) for name in SWITCHES}
    tags = _tags(given.get("extra_tags"))
    options = Options(
        **found,
        pos_label=given.get("pos_label"),
        extra_tags=tags,
        registered_model_name=registered,
    )
    return Asked(
        options,
        off=switches["disable"],
        only_supported=switches["disable_for_unsupported_versions"],
        refused=[] if alone else config.refused_untold(),
    )


def _checked(name: str, value: object) -> object:
    if name == "log":
        return value
    if name == "max_tuning_runs":
        return _count(name, value)
    if name == "serialization_format":
        return _format(value)
    return _flag(name, value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidParameter(f"autolog: {name} must be True or False, not {value!r}.")
    return value


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    wrong = f"autolog: {name} must be an integer or None (all), not {value!r}."
    if isinstance(value, (bool, np.bool_)):
        raise InvalidParameter(wrong)
    try:
        count = operator.index(value)  # type: ignore[arg-type]  # numpy's integers, too
    except TypeError as error:
        raise InvalidParameter(wrong) from error
    if count < 0:
        # The first half is MLflow's sentence, which tests of other projects match.
        raise InvalidParameter(
            f"`{name}` must be non-negative, instead got {count}. Use 0 for none, None for all."
        )
    return count


def _format(value: object) -> str:
    found = check_format(value)
    if found is None:
        raise InvalidParameter("serialization_format is a name; leave it out for pickle.")
    return found


def _tags(tags: object) -> Mapping[str, str]:
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise InvalidParameter(f"autolog: extra_tags must be a dict, not {type(tags).__name__}.")
    checked = dict(check_tag(key, value) for key, value in tags.items())
    for key in checked:
        if key in OURS or key.startswith("fitscribe."):
            raise InvalidParameter(
                f"autolog: extra_tags cannot set {key!r}, which autologging sets itself. "
                "Choose another key."
            )
    return checked
