"""What differs between two models: classes, params, what was learned, columns, versions, answers.

All but importances and answers is read off the symbols of the files, so that it can be told of
models that are not loaded.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.contents import ModelContents
from fitscribe.modelfolder.differences.answers import AnswerDifference, answer_difference
from fitscribe.modelfolder.differences.change import Change, changes_of
from fitscribe.modelfolder.differences.fitted import array_change, fitted_changes
from fitscribe.modelfolder.differences.loaded import feature_names, importances
from fitscribe.modelfolder.differences.parts import class_changes, param_changes
from fitscribe.modelfolder.differences.signatures import signature_changes
from fitscribe.modelfolder.requirements import parse_requirement

__all__ = ["AnswerDifference", "Change", "ModelDifference", "Side", "compare"]

MOST_SHOWN = 50
SECTIONS = {
    "classes": "Classes and steps",
    "params": "Params",
    "fitted": "Learned",
    "signature": "Signature",
    "environment": "Environment",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of two models.

    Parameters
    ----------
    name : str
        What it is called.
    contents : ModelContents
    model : object
        The model itself; None if it was not loaded.
    reason : str
        Why not.
    """

    name: str
    contents: ModelContents
    model: Any = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ModelDifference:
    """What differs between two models, seen from the first.

    Parameters
    ----------
    before, after : str
        What the two are called.
    classes : tuple of Change
        Steps and estimators that were added, removed or moved, or are of another class.
    params : tuple of Change
        By path, as ``scaler.with_mean``; first those whose new value is no default.
    fitted : tuple of Change
        What was learned, as ``model.coef_``, with the largest change.
    signature : tuple of Change
        Columns by ``inputs.age``.
    environment : tuple of Change
        Packages, with their versions.
    answers : tuple of AnswerDifference
        One for each set of rows that both were asked.
    not_loaded : dict
        Name of a model to why it was not loaded: importances and answers are missing then.
    not_told : tuple of str
        Models of whose file nothing can be read without loading it.
    """

    before: str
    after: str
    classes: tuple[Change, ...] = ()
    params: tuple[Change, ...] = ()
    fitted: tuple[Change, ...] = ()
    signature: tuple[Change, ...] = ()
    environment: tuple[Change, ...] = ()
    answers: tuple[AnswerDifference, ...] = ()
    not_loaded: dict[str, str] = field(default_factory=dict)
    not_told: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found that differs."""
        sections = any(getattr(self, name) for name in SECTIONS)
        return not sections and not any(one.differing != 0 for one in self.answers)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        found: dict[str, Any] = {"before": self.before, "after": self.after}
        for name in SECTIONS:
            found[name] = [change.to_dict() for change in getattr(self, name)]
        found["answers"] = [one.to_dict() for one in self.answers]
        found["not_loaded"] = dict(self.not_loaded)
        found["not_told"] = list(self.not_told)
        return found

    def _sections(self) -> Iterable[tuple[str, list[str]]]:
        """Yield headings and their lines."""
        for name, heading in SECTIONS.items():
            changes = getattr(self, name)
            lines = [str(change) for change in changes[:MOST_SHOWN]]
            if len(changes) > MOST_SHOWN:
                lines.append(f"and {len(changes) - MOST_SHOWN} more")
            if lines:
                yield heading, lines
        if self.answers:
            yield "Answers", [str(one) for one in self.answers]
        if self.not_loaded:
            lines = [f"{name}: {why}" for name, why in self.not_loaded.items()]
            yield "Not loaded", [line for text in lines for line in text.split("\n")]
        if self.not_told:
            yield "Nothing can be told of the objects in", list(self.not_told)

    def __str__(self) -> str:
        lines = [f"- {self.before}", f"+ {self.after}"]
        if self.is_empty:
            lines += ["", "Nothing differs of what was compared."]
        for heading, held in self._sections():
            lines += ["", heading, *(f"  {line}" for line in held)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<p>- {html.escape(self.before)}<br>+ {html.escape(self.after)}</p>"]
        if self.is_empty:
            parts.append("<p>Nothing differs of what was compared.</p>")
        for heading, lines in self._sections():
            items = "".join(f"<li><code>{html.escape(line)}</code></li>" for line in lines)
            parts.append(f"<h4>{heading}</h4><ul>{items}</ul>")
        return f"<div>{''.join(parts)}</div>"


def compare(before: Side, after: Side, rows: Iterable[tuple[str, Any]] = ()) -> ModelDifference:
    """Return what differs between two models.

    Parameters
    ----------
    before, after : Side
    rows : iterable of (str, array-like)
        Sets of rows that both are asked, if both were loaded, with the name of the model whose
        golden rows they are; it is empty for other rows.

    Returns
    -------
    ModelDifference
    """
    one, other = before.contents, after.contents
    classes: list[Change] = []
    params: list[Change] = []
    fitted: list[Change] = []
    if one.model is not None and other.model is not None:
        classes = class_changes(one.model, other.model)
        params = param_changes(one.model, other.model)
        fitted = fitted_changes(
            one.model, other.model, feature_names(before.model), feature_names(after.model)
        )
    answers = []
    if before.model is not None and after.model is not None:
        fitted += _importance_changes(before.model, after.model)
        answers = [
            replace(answer_difference(before.model, after.model, held), golden_of=name)
            for name, held in rows
        ]
    sides = (before, after)
    return ModelDifference(
        before.name,
        after.name,
        tuple(classes),
        tuple(params),
        tuple(fitted),
        tuple(signature_changes(one.signature, other.signature)),
        tuple(changes_of(_environment(one), _environment(other))),
        tuple(answers),
        {side.name: side.reason for side in sides if side.model is None},
        tuple(side.name for side in sides if side.contents.model is None),
    )


def _importance_changes(before: Any, after: Any) -> list[Change]:
    """Return how importances changed of the parts that have them in both."""
    first, second = importances(before), importances(after)
    names_before, names_after = feature_names(before), feature_names(after)
    found = []
    for path, held in first.items():
        if path in second:
            change = array_change(
                f"{path}.feature_importances_" if path else "feature_importances_",
                np.asarray(held, dtype=float),
                np.asarray(second[path], dtype=float),
                names_before.get(path, ()),
                names_after.get(path, ()),
            )
            if change is not None:
                found.append(change)
    return found


def _environment(contents: ModelContents) -> dict[str, str]:
    """Return Python and packages with the versions that they are wanted in."""
    found = dict(contents.versions)
    for line in contents.requirements:
        try:
            one = parse_requirement(line.partition(" #")[0])
        except InvalidParameter:
            found[line] = "as it stands"
            continue
        found[one.project] = str(one).removeprefix(one.name).removeprefix("==")
    return found
