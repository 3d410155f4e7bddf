"""Which model made an array that a metric is computed of.

It is recognised, in this order, by the object, by the memory that it lies in, by its content, and
by what it was made of. Nothing of the user's is kept alive: of an answer there are weak
references, a digest, and a copy while it is small. Where several models could have made an array
all of them are named, and none is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_128

from fitscribe.core.entities import Dataset
from fitscribe.sklearn.derived import FEWEST_ROWS, Unknown, is_constant
from fitscribe.sklearn.makers import Maker, maker_of
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
    "values_of",
]

Array = NDArray[Any]

MOST_ANSWERS = 256
# An answer of more bytes is known by its memory and its content only.
MOST_BYTES = 4 << 20
MOST_BYTES_TOGETHER = 32 << 20


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Answer:
    """What a fitted model answered: a prediction, labels, a transformation.

    Parameters
    ----------
    maker : Maker
    dataset : Dataset or None
        What it was asked about.
    digest : bytes or None
        Of its content.
    values : ndarray or None
        A copy, of float64 or of objects.
    classes : ndarray or None
        What the columns are of, for probabilities.
    """

    maker: Maker
    dataset: Dataset | None
    digest: bytes | None
    values: Array | None
    classes: Array | None = None

    def is_in(self, owner: Any) -> bool:
        """Whether this is what an array, which owns its memory, holds now."""
        values = values_of(owner)
        return values is not None and _digest(values) == self.digest


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
        return cls([Answer(maker, dataset, None, None) for maker in makers])

    @classmethod
    def joined(cls, origins: Sequence[Origin]) -> Origin:
        """Return the origin of what was computed of several arrays."""
        told = [origin for origin in origins if origin.answers]
        answers = _distinct([answer for origin in told for answer in origin.answers])
        return cls(answers, all(origin.is_certain for origin in told))


# All answers of this process that are not too old.
_answers: Memory[Answer] = Memory(MOST_ANSWERS, MOST_BYTES_TOGETHER)
_by_content: WeakValueDictionary[tuple[int, str | None, bytes | None], Answer]
_by_content = WeakValueDictionary()


def values_of(data: Any) -> Array | None:
    """Return an array of float64, or of objects, of what predictions come in; None for others.

    A list of arrays (probabilities of several outputs) is put side by side.
    """
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], np.ndarray):
        parts = [values_of(part) for part in data]
        whole = [part.reshape(len(part), -1) for part in parts if part is not None and part.ndim]
        if len(whole) != len(data) or len({len(part) for part in whole}) != 1:
            return None
        if any(part.dtype == object for part in whole):
            return None
        return np.hstack(whole)
    try:
        array = np.asarray(data)
    except (TypeError, ValueError, RuntimeError):
        return None
    if array.ndim == 0:
        return None
    if array.dtype.kind in "biuf":
        return array.astype(np.float64, copy=False)
    return array.astype(object, copy=False) if array.dtype.kind in "OUST" else None


def _digest(values: Array) -> bytes | None:
    """Return the digest of values, whatever shape they have."""
    if values.dtype == object:
        if values.size > MOST_BYTES // 8:
            return None
        return xxh3_128("\0".join(map(str, values.ravel().tolist())).encode()).digest()
    flat = np.ascontiguousarray(values).reshape(-1)
    return xxh3_128(flat.data).digest()


def remember(
    maker: Maker, dataset: Dataset | None, data: Any, classes: Any = None
) -> Answer | None:
    """Note that a model answered `data`; None if that is nothing that could be known again."""
    values = values_of(data)
    if values is None:
        return None
    digest = _digest(values)
    # The same model asked about the same data again: one answer, in another place.
    key = id(maker), None if dataset is None else dataset.digest, digest
    answer = _by_content.get(key)
    if answer is None or answer.maker is not maker:
        kept = values.copy() if values.nbytes <= MOST_BYTES else None
        answer = _by_content[key] = Answer(maker, dataset, digest, kept, classes)
    _answers.add(data, answer, 0 if answer.values is None else answer.values.nbytes)
    return answer


@dataclass(slots=True)
class Part:
    """One array that a metric was given, as it was when it was given.

    Parameters
    ----------
    held : list of Answer
        Of the same object or memory.
    digest : bytes or None
    values : ndarray or None
        A copy, where the answers held do not settle it.
    earlier : sequence of Answer
        What was answered before.
    named : list of Maker
        Models that the text of the call names, by themselves or by their answers.
    rivals : list of ndarray
        Other arrays that the caller had, of which it may have been made.
    """

    held: list[Answer]
    digest: bytes | None
    values: Array | None
    earlier: Sequence[Answer] = ()
    named: list[Maker] = field(default_factory=list)
    rivals: list[Array] = field(default_factory=list)

    @property
    def is_settled(self) -> bool:
        """Whether the object or its memory tell all."""
        return self.values is None and bool(self.held)

    def origin(self) -> Origin:
        """Return whose it is."""
        same = [answer for answer in self.held if self.digest in (answer.digest, None)]
        if same or self.is_settled:
            return Origin(_distinct(same or self.held), True)
        equal = [answer for answer in self.earlier if answer.digest == self.digest]
        if self.values is None:
            return self._among(equal, True)
        unknown = Unknown(self.values)
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
            certain = not is_constant(self.values) and not self._has_rival(unknown, equal[0])
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
            if unknown.is_made_of(rival, None) and not _is_made(Unknown(rival), answer):
                return True
        return False


def _has_rows_of(unknown: Unknown, answer: Answer) -> bool:
    return answer.values is not None and len(answer.values) == unknown.rows


def _is_made(unknown: Unknown, answer: Answer) -> bool:
    values = answer.values
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
    values = values_of(data)
    if values is None:
        return None
    digest = _digest(values)
    if any(answer.digest == digest for answer in held):
        return Part(held, digest, None)
    if held and isinstance(data, np.ndarray):
        owner = owner_of(data)
        intact = [answer for answer in held if data is not owner and answer.is_in(owner)]
        if intact:
            return Part(intact, intact[0].digest, None)
    if values.nbytes > MOST_BYTES:
        return Part(held, digest, None, () if only_memory else _answers.things())
    earlier = () if only_memory else _answers.things()
    return Part(held, digest, values.copy(), earlier)


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


def rival_of(array: Any, data: Any) -> Array | None:
    """Return a copy of an array that is no answer, if `data` may have been made of it.

    That is one number for each row, or probabilities: a blend of several models.
    """
    if len(array) != len(data) or _answers.of(array):
        return None
    values = values_of(array)
    if values is None or values.nbytes > MOST_BYTES:
        return None
    if values.ndim == 2 and not np.allclose(values.sum(axis=1), 1):
        return None
    return values.copy()
