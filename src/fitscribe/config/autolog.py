"""The options of ``autolog`` as a table, its levels, and who says what they are.

The first of these that says something counts: the call, the environment, the user's own file, the
project's file, and then the default, which is the level ``standard``. Whoever names a level has
said what it sets; what is named besides wins over the level.

A project's file may come from anybody, so it can only narrow what is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fitscribe.config.environment import read
from fitscribe.config.files import SettingsFile, project_file, user_file
from fitscribe.config.setting import Setting
from fitscribe.errors import InvalidParameter

__all__ = ["AUTOLOG", "LEVELS", "OPTIONS", "TABLE", "Chosen", "Option", "chosen", "refusal"]

LEVELS = ("light", "standard", "full")
TABLE = "autolog."
LEVEL = "log"
DEFAULT = "default"
CALL = "the call"
ALL = "all"
WORDS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Parameters
    ----------
    name : str
        The parameter of ``autolog``.
    default : bool, int, str or None
        What it is on the level ``standard``. A bool is a flag, an int or None a count (None for
        all), a str a word.
    sentence : str
        What it does.
    light, full : bool, int, str or None
        What it is on the other levels; without, the levels say nothing of it.
    narrows : bool or None
        Which value of a flag records less; None if a project's file may not say it.
    """

    name: str
    default: bool | int | str | None
    sentence: str
    light: Any = ...
    full: Any = ...
    narrows: bool | None = None

    @property
    def setting(self) -> Setting:
        """Its variable and its key."""
        return Setting(
            f"FITSCRIBE_AUTOLOG_{self.name.upper()}",
            None,
            self.sentence,
            TABLE + self.name,
            self.narrows is not None or self.name in (LEVEL, "max_tuning_runs"),
        )

    def at(self, level: str) -> Any:
        """Return what a level says of it; ``...`` for nothing."""
        if level == "standard":
            return self.default if self.light is not ... else ...
        return self.light if level == "light" else self.full

    def check(self, value: Any, where: str) -> Any:
        """Return a value of a file, checked."""
        if self.name == LEVEL:
            return check_level(value, where)
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
            raise InvalidParameter(f"{where} must be true or false, not {value!r:.80}.")
        if isinstance(self.default, str):
            if isinstance(value, str):
                return value
            raise InvalidParameter(f"{where} must be a text, not {value!r:.80}.")
        if value == ALL:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise InvalidParameter(
            f'{where} must be a number from 0 on, or "{ALL}", not {value!r:.80}.'
        )

    def read(self, text: str, where: str) -> Any:
        """Return the value that a variable's text stands for."""
        if isinstance(self.default, bool):
            return self.check(WORDS.get(text.strip().lower(), text), where)
        if self.default is None and text.strip().isdecimal():
            return int(text)
        return self.check(text.strip().lower(), where)


def check_level(value: Any, where: str) -> str:
    """Return a level, checked."""
    if isinstance(value, str) and value in LEVELS:
        return value
    raise InvalidParameter(f"{where} must be one of {', '.join(LEVELS)}, not {value!r:.80}.")


def _group(
    name: str, sentence: str, light: bool, standard: bool = True, narrows: bool | None = False
) -> Option:
    return Option(name, standard, sentence, light, True, narrows)


OPTIONS: Sequence[Option] = (
    Option(LEVEL, "standard", "The level: light, standard or full."),
    Option("disable", False, "Whether autologging is off.", narrows=True),
    Option("exclusive", False, "Record nothing while a run of yours is active.", narrows=True),
    Option(
        "disable_for_unsupported_versions",
        False,
        "Record nothing under an untested scikit-learn.",
        narrows=True,
    ),
    Option("silent", False, "Print nothing and do not warn."),
    Option("serialization_format", "pickle", "Of the model file: pickle, cloudpickle or skops."),
    _group("log_models", "The fitted estimator as a logged model.", light=False),
    _group("log_model_signatures", "The model's columns and types.", light=False),
    Option(
        "log_input_examples",
        False,
        "The first five rows of X with the model: real rows, so no level turns it on.",
        narrows=False,
    ),
    _group(
        "log_golden_rows", "Made-up rows with the model's answers.", light=False, standard=False
    ),
    _group("log_model_profiles", "What each column of X held, with the model.", light=False),
    _group("log_datasets", "The training data: name, schema, shape, digest.", light=True),
    _group("log_training_metrics", "Metrics of the training data.", light=True),
    _group("log_curves", "Curves of the training data.", light=False),
    _group("log_post_training_metrics", "Metrics computed of a model's predictions.", light=True),
    _group("log_facts", "What the fit came to: fitted_attributes.json.", light=False),
    _group("log_findings", "Warnings and what else one should know.", light=True),
    _group("log_histories", "Values of each iteration.", light=False),
    _group("log_partial_fits", "partial_fit, as steps of one run.", light=True),
    _group("log_preparation", "What prepared the data: preparation.json.", light=True),
    _group("log_cross_validations", "cross_validate and the like, a run each.", light=True),
    _group("log_progress", "A search's progress while it runs.", light=False),
    Option("max_tuning_runs", None, "How many candidates of a search are runs, or all.", 5, None),
    Option("log_transformers", False, "Runs of fits that only prepare data.", narrows=False),
    Option(
        "log_permutation_importance",
        False,
        "What shuffling each feature of the training data costs in score: many predictions.",
        narrows=False,
    ),
    _group("log_provenance", "Splits, leaks of test rows, what is installed.", light=False),
    _group(
        "log_source_details",
        "The uncommitted diff and the script's arguments, masked.",
        light=False,
        standard=False,
    ),
)
_BY_NAME = {option.name: option for option in OPTIONS}
AUTOLOG = tuple(option.setting for option in OPTIONS)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value of one option, and who chose it."""

    value: Any
    source: str


def chosen(given: Mapping[str, Any], alone: bool = False) -> dict[str, Chosen]:
    """Return the value of every option.

    Parameters
    ----------
    given : mapping of str to object
        What the call says; not checked here, but for the level.
    alone : bool
        Whether to ask neither the environment nor files.

    Raises
    ------
    InvalidParameter
        If the environment or a file says something that cannot be.
    """
    layers = [layer for layer in _layers(given, alone) if layer]
    found = {}
    for option in OPTIONS:
        found[option.name] = Chosen(option.default, DEFAULT)
        for layer in layers:
            if option.name in layer:
                found[option.name] = layer[option.name]
                break
            level = layer.get(LEVEL)
            value = ... if level is None else option.at(level.value)
            if level is not None and value is not ...:
                found[option.name] = Chosen(value, f"{LEVEL}={level.value!r}, {level.source}")
                break
    return found


def _layers(given: Mapping[str, Any], alone: bool) -> Iterator[dict[str, Chosen]]:
    call = {name: Chosen(value, CALL) for name, value in given.items() if name in _BY_NAME}
    if call.get(LEVEL, Chosen(None, CALL)).value is None:
        call.pop(LEVEL, None)
    else:
        check_level(call[LEVEL].value, f"autolog: {LEVEL}")
    yield call
    if alone:
        return
    texts = zip(OPTIONS, (setting.name for setting in AUTOLOG), strict=True)
    yield {
        option.name: Chosen(option.read(text, name), name)
        for option, name in texts
        if (text := read(name)) is not None
    }
    for file in (user_file(), project_file()):
        yield {} if file is None else _said(file)


def _said(file: SettingsFile) -> dict[str, Chosen]:
    """Return what a file says, without what it may not say."""
    said = {}
    for option in OPTIONS:
        key = TABLE + option.name
        if key in file.values:
            value = option.check(file.values[key], file.named(key))
            if refusal(file, key) is None:
                said[option.name] = Chosen(value, file.named(key))
    return said


def refusal(file: SettingsFile, key: str) -> str | None:
    """Return why a file may not say one of the options, and what would do; None if it may."""
    option = _BY_NAME.get(key.removeprefix(TABLE))
    if option is None:
        return "there is no such option"
    value = file.values[key]
    if not file.is_project or (option.narrows is not None and value is option.narrows):
        return None
    if option.narrows is False and option.default is True:
        return None  # it is on anyway
    if option.narrows is True and value is False:
        return None  # it is off anyway
    if option.name == "max_tuning_runs" or (option.name == LEVEL and value != "full"):
        return None
    return (
        "a project may only narrow what is recorded; set "
        f"{option.setting.name}, say it in your own file, or give it to autolog()"
    )
