"""Which model made an array that a metric is computed of.

It is recognised, in this order, by the object, by the memory that it lies in, by its content, and
by what it was made of. Nothing of the user's is kept alive: of an answer there are weak
references, a digest, and a copy while it is small. Where several models could have made an array
all of them are named, and none is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from fitscribe.core.entities import Dataset
from fitscribe.sklearn.content import Content, content_of
from fitscribe.sklearn.derived import FEWEST_ROWS, Unknown, is_constant
from fitscribe.sklearn.makers import Maker, maker_of
from fitscribe.sklearn.marks import Mark, mark_of_array
from fitscribe.sklearn.memory import Memory, owner_of

__all__ = [
    "Answer",
    "Origin",
    "Part",
    "forget_answers",
    "makers_named",
    "part_of",
    "remember",
    "rival_of",
]

Array = NDArray[Any]

MOST_ANSWERS = 256
MOST_BYTES_TOGETHER = 32 << 20


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Answer:
    """What a fitted model answered: a prediction, labels, a transformation.

    Parameters
    ----------
    maker : Maker
    dataset : Dataset or None
        What it was asked about.
    content : Content
    classes : ndarray or None
        What the columns are of, for probabilities.
    """

    maker: Maker
    dataset: Dataset | None
    content: Content
    classes: Array | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Which answers an array was made of.

    Parameters
    ----------
    answers : sequence of Answer
        All that could be; one of each model and data set.
    is_certain : bool
        Whether it is one of these without doubt.
    """

    answers: Sequence[Answer] = ()
    is_certain: bool = False

    @property
    def makers(self) -> list[Maker]:
        """The models, each once."""
        return list(dict.fromkeys(answer.maker for answer in self.answers))

    @property
    def maker(self) -> Maker | None:
        """The model, if it is known."""
        makers = self.makers
        return makers[0] if self.is_certain and len(makers) == 1 else None

    @property
    def dataset(self) -> Dataset | None:
        """The data that the model was asked about, if they are known."""
        found = {None if a.dataset is None else a.dataset.digest for a in self.answers}
        return self.answers[0].dataset if self.is_certain and len(found) == 1 else None

    @classmethod
    def of(cls, makers: Sequence[Maker], dataset: Dataset | None) -> Origin:
        """Return the origin of what one of several models answered, nobody knows which."""
        return cls([Answer(maker, dataset, _NOTHING) for maker in makers])

    @classmethod
    def joined(cls, origins: Sequence[Origin]) -> Origin:
        """Return the origin of what was computed of several arrays."""
        told = [origin for origin in origins if origin.answers]
        answers = _distinct([answer for origin in told for answer in origin.answers])
        return cls(answers, all(origin.is_certain for origin in told))


# What an answer holds that nobody looks at.
_NOTHING = Content(np.empty(0))
# All answers of this process that are not too old.
_answers: Memory[Answer] = Memory(MOST_ANSWERS, MOST_BYTES_TOGETHER)
# The same by model, data set and mark.
_by_content: dict[tuple[int, str | None, Mark], ref[Answer]] = {}


def remember(
    maker: Maker, dataset: Dataset | None, data: Any, classes: Any = None
) -> Answer | None:
    """Note that a model answered `data`; None if that is nothing that could be known again."""
    content = content_of(data)
    if content is None:
        return None
    # The same model asked about the same data again: one answer, in another place.
    key = id(maker), None if dataset is None else dataset.digest, content.mark
    known = _by_content.get(key)
    answer = None if known is None else known()
    if answer is None or answer.maker is not maker:
        answer = Answer(maker, dataset, content.keep(), classes)
        if len(_by_content) >= 2 * MOST_ANSWERS:
            _forget_dead()
        _by_content[key] = ref(answer)
    _answers.add(data, answer, answer.content.nbytes)
    return answer


def _forget_dead() -> None:
    for key, known in list(_by_content.items()):
        if known() is None:
            _by_content.pop(key, None)


@dataclass(slots=True)
class Part:
    """One array that a metric was given, as it was when it was given.

    Parameters
    ----------
    held : sequence of Answer
        Of the same object or memory.
    content : Content or None
        None where it is certain that it holds what those held.
    whole : Content or None
        What lies in the whole memory that it is a part of.
    earlier : sequence of Answer
        What was answered before.
    named : sequence of Maker
        Models that the text of the call names, by themselves or by their answers.
    rivals : sequence of Content
        Other arrays that the caller had, of which it may have been made.
    """

    held: Sequence[Answer]
    content: Content | None = None
    whole: Content | None = None
    earlier: Sequence[Answer] = ()
    named: Sequence[Maker] = ()
    rivals: Sequence[Content] = ()

    def origin(self) -> Origin:
        """Return whose it is."""
        content = self.content
        if content is None:
            return Origin(_distinct(self.held), True)
        for held in (self.whole, content):
            same = [] if held is None else self._holding(held)
            if same:
                return Origin(_distinct(same), True)
        equal = [answer for answer in self.earlier if answer.content.equals(content)]
        values = content.values
        if values is None:
            return self._among(equal, True)
        unknown = Unknown(values)
        if self.held:
            made = [answer for answer in self.held if _is_made(unknown, answer)]
            # Memory that was written over since holds nobody's answer.
            return Origin(_distinct(made or self.held), bool(made))
        if equal:
            # What an earlier run of the same code predicted may be equal by that alone.
            makers = {answer.maker for answer in equal}
            equal += [
                answer
                for answer in self.earlier
                if answer.maker not in makers
                and any(answer.maker.repeats(maker) for maker in makers)
                and _is_made(unknown, answer)
            ]
            certain = not is_constant(values) and not self._has_rival(unknown, equal[0])
            return self._among(equal, certain)
        if len(self.named) == 1:
            own = [answer for answer in self.earlier if answer.maker is self.named[0]]
            few = unknown.rows < FEWEST_ROWS
            made = [
                answer
                for answer in own
                # The text of the call is evidence where the values of so few rows are none.
                if _is_made(unknown, answer) or (few and _has_rows_of(unknown, answer))
            ]
            if made:
                return Origin(_distinct(made), True)
        made = [answer for answer in self.earlier if _is_made(unknown, answer)]
        if not made or len(self.named) > 1:
            return Origin(_distinct(made), not made)
        return Origin(_distinct(made), not self._has_rival(unknown, made[0]))

    def _holding(self, content: Content) -> Sequence[Answer]:
        """Return the answers of the same memory that it still holds, as far as one can tell."""
        if content.digest is None:
            return self.held
        return [answer for answer in self.held if answer.content.equals(content)]

    def _among(self, answers: Sequence[Answer], is_certain: bool) -> Origin:
        """Return those answers whose model the call names, if it names one of theirs."""
        if len(self.named) == 1:
            own = [answer for answer in answers if answer.maker is self.named[0]]
            if own:
                return Origin(_distinct(own), True)
        return Origin(_distinct(answers), is_certain)

    def _has_rival(self, unknown: Unknown, answer: Answer) -> bool:
        """Whether it was made as likely of something else, which is not the answer."""
        for rival in self.rivals:
            values = rival.values
            if (
                values is not None
                and _may_be_predicted(values)
                and unknown.is_made_of(values, None)
                and not _is_made(Unknown(values), answer)
            ):
                return True
        return False


def _has_rows_of(unknown: Unknown, answer: Answer) -> bool:
    values = answer.content.values
    return values is not None and len(values) == unknown.rows


def _is_made(unknown: Unknown, answer: Answer) -> bool:
    values = answer.content.values
    if values is None or not values.ndim:
        return False
    if unknown.rows != len(values) and unknown.values.size != values.size:
        return False
    return unknown.is_made_of(values, answer.classes)


def _distinct(answers: Sequence[Answer]) -> list[Answer]:
    """Return one answer of each model and data set.

    A fit that was done again (a cell, run once more) stands for the one before, whose model is
    gone by now.
    """
    found: dict[Any, Answer] = {}
    for answer in answers:
        data = None if answer.dataset is None else answer.dataset.digest
        found.setdefault((id(answer.maker), data), answer)
    distinct = list(found.values())
    if len(distinct) < 2:
        return distinct
    return [
        answer
        for place, answer in enumerate(distinct)
        if not _is_repeated(answer, distinct[place + 1 :])
    ]


def _is_repeated(answer: Answer, later: Sequence[Answer]) -> bool:
    mine = answer.maker
    return not mine.is_current and any(
        other.maker is not mine and other.maker.repeats(mine) for other in later
    )


def forget_answers() -> None:
    """Forget what was answered, and free the copies."""
    _answers.clear()


def part_of(data: Any, only_memory: bool = False) -> Part | None:
    """Return an array that a metric is given; None if it is no array, or certainly nobody's.

    Parameters
    ----------
    data : object
        An argument.
    only_memory : bool
        Whether only the object and its memory count: the truth may equal a prediction.
    """
    held = _answers.of(data)
    if only_memory and not held:
        return None
    whole = None
    if held and type(data) is np.ndarray:
        owner = data if data.base is None else owner_of(data)
        # A column has no mark before it is copied, so the whole comes first.
        same = _marked(held, owner) or ([] if owner is data else _marked(held, data))
        if same:
            return Part(same)
        whole = None if owner is data else content_of(owner)
    content = content_of(data)
    if content is None:
        return None
    return Part(
        held,
        content.keep(),
        None if whole is None else whole.keep(),
        () if only_memory else _answers.things(),
    )


def _marked(answers: Sequence[Answer], array: Array) -> Sequence[Answer]:
    """Return the answers that an array holds, by its mark."""
    mark = mark_of_array(array)
    if len(answers) == 1:
        return answers if answers[0].content.mark == mark else []
    return [answer for answer in answers if answer.content.mark == mark]


def makers_named(things: Sequence[Any]) -> list[Maker]:
    """Return the models among some objects, and those whose answers are among them."""
    found: dict[Maker, None] = {}
    for thing in things:
        for answer in _answers.of(thing):
            found[answer.maker] = None
        maker = maker_of(thing)
        if maker is not None:
            found[maker] = None
    return list(found)


def rival_of(array: Any, data: Any) -> Content | None:
    """Return what an array holds that is no answer, if `data` may have been made of it.

    That is one number for each row, or probabilities: a blend of several models.
    """
    if len(array) != len(data) or _answers.of(array):
        return None
    if not _may_be_predicted(array[:FEWEST_ROWS]):
        return None
    content = content_of(array)
    return None if content is None else content.keep()


def _may_be_predicted(values: Array) -> bool:
    """Whether it is one number for each row, or probabilities."""
    return values.ndim == 1 or bool(np.allclose(values.sum(axis=1), 1))
