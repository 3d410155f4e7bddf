"""What a fitted model is asked after its fit: predictions are remembered, scores are kept."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextvars import Token
from dataclasses import replace
from functools import partial
from types import CodeType, FrameType, GeneratorType
from typing import Any, ClassVar, TypeVar

from fitscribe.core.clock import now_ms
from fitscribe.core.entities import Dataset
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.copies import makers_of
from fitscribe.sklearn.ledger import UNKNOWN, Score, problems, store_scores
from fitscribe.sklearn.makers import Maker
from fitscribe.sklearn.marks import mark_of_table
from fitscribe.sklearn.options import current
from fitscribe.sklearn.origins import Origin, remember
from fitscribe.sklearn.patch import STAGED
from fitscribe.sklearn.prepared import Prepared, learned_from, made_by, note_made, preparer
from fitscribe.sklearn.results import Result, result_of
from fitscribe.sklearn.splits import carry_side, side_of
from fitscribe.sklearn.variables import argument_text, calling_frame, variable_name
from fitscribe.tracking import active
from fitscribe.tracking.active import Scope
from fitscribe.tracking.behind import write_behind
from fitscribe.tracking.datasets import Digest, dataset_entity, digest_of
from fitscribe.tracking.source import source_tags
from fitscribe.tracking.stack import skipped_in_warnings

__all__ = ["AskedCall", "begun", "dataset_of", "record_answer"]

Call = TypeVar("Call", bound="AskedCall")
# A digest, the data, and what the mark has by its id.
Marked = tuple[str, Dataset, tuple[CodeType, object]]

MOST_DATASETS = 64
# Turning an array over, for the digests of its columns, takes longer than to read it. A fit takes
# longer still; a prediction need not.
MOST_TURNED = 256 << 10


class _Seen:
    """Data that were described before, by their mark and the place in the code.

    The code and the labels are kept; the same data there have the same name.
    """

    marked: ClassVar[OrderedDict[tuple[object, ...], Marked]] = OrderedDict()


def dataset_of(X: Any, maker: Maker, frame: FrameType | None, position: int = 0) -> Dataset | None:
    """Return what is known of data that a model is asked about; None if they cannot be read twice.

    `position` says which argument of the call they are that `frame` is in. Of what the model was
    trained on its run knows more already.
    """
    mark, labels = mark_of_table(X)
    if frame is None or mark is None:
        digest = digest_of(X)
        if digest is None:
            return None
        if digest.hex == maker.digest_of_X:
            return maker.trained_on
        return _described(X, digest, variable_name(X, (position, "X"), frame))
    place = (*mark, id(frame.f_code), frame.f_lasti)
    seen = _Seen.marked.get(place)
    if seen is None:
        digest = digest_of(X)
        if digest is None:
            return None
        found = _described(X, digest, variable_name(X, (position, "X"), frame))
        seen = _Seen.marked[place] = digest.hex, found, (frame.f_code, labels)
        while len(_Seen.marked) > MOST_DATASETS:
            _Seen.marked.popitem(last=False)
    return maker.trained_on if seen[0] == maker.digest_of_X else seen[1]


def _described(X: Any, digest: Digest, name: str | None) -> Dataset:
    """Return what is known of data."""
    return dataset_entity(
        X,
        name=name or UNKNOWN,
        digest=digest,
        source_tags=source_tags(),
        most_turned=MOST_TURNED,
    )


def begun(here: Scope, what: str, make: Callable[..., Call | None], *given: Any) -> Call | None:
    """Return a call that has begun to be recorded; None if it is none of ours.

    `here` is where it is made; `make` makes the recording of the attempts, of the frame that made
    the call, and of what is `given`.
    """
    options = current(here)
    if options is None or not options.log_post_training_metrics:
        return None
    if here.observing or (options.exclusive and here.runs):
        return None
    attempts = Attempts(what, options.silent)
    # Between them are who asks to begin, and the hook.
    call = attempts("begin", make, attempts, calling_frame(2), *given)
    if call is None:
        attempts.tell()
        return None
    # Nothing of ours comes between this and the call.
    call.here, call.token = here, active.swap(call, here)
    return call


class AskedCall:
    """A call after the fit while it lasts: what happens inside is part of it."""

    attempts: Attempts
    # Whose model is asked: several, where it is a copy of equal ones.
    makers: Sequence[Maker] = ()
    # The scope before it, and what leads back there; :func:`begun` sets them.
    here: Scope
    token: Token[Scope]

    def keep(self, score: Score) -> None:
        """Store a metric soon."""
        runs = self.here.runs
        if runs:
            score.active = runs[-1]
        else:
            score.last = active.last_run()
        write_behind(store_scores, score)

    def keep_score(
        self, name: str, result: Result | float, call: str, dataset: Dataset | None
    ) -> None:
        """Store soon what the model that was asked is worth."""
        maker = self.makers[0] if len(self.makers) == 1 else None
        known = None if maker is not None else Origin.of(self.makers, dataset)
        self.keep(Score(name, result, call, now_ms(), maker, dataset, known=known))

    def describe(
        self, X: Any, maker: Maker, frame: FrameType | None, position: int = 0
    ) -> Dataset | None:
        """Return what is known of data that the model is asked about, and look for leaks."""
        found = self.attempts("describe the data", dataset_of, X, maker, frame, position)
        training = maker.training
        if training is None or found is None or found is maker.trained_on:
            return found
        if training.is_new(found):
            self.attempts("see the rows", training.see, X, found)
        return found

    def finished(self, result: Any) -> None:
        """The call returned."""
        active.restore(self.token)
        self.attempts("keep what was computed", self._keep, result)
        if problems:
            self.attempts.problems += problems
            problems.clear()
        if self.attempts.problems:
            self.attempts.tell()

    def failed(self, error: BaseException) -> None:
        """The call raised: there is nothing to keep."""
        active.restore(self.token)

    def _keep(self, result: Any) -> None:
        raise NotImplementedError


class _Answer(AskedCall):
    """A call of ``predict``, ``transform`` …: its result is known again when a metric sees it."""

    def __init__(
        self,
        attempts: Attempts,
        frame: FrameType | None,
        makers: Sequence[Maker],
        estimator: Any,
        method: str,
        X: Any,
    ) -> None:
        self.attempts, self.makers = attempts, makers
        columns = method.endswith(("_proba", "decision_function"))
        self.classes = getattr(estimator, "classes_", None) if columns else None
        # Before the call, which may overwrite its input.
        self.dataset = self.describe(X, makers[0], frame)

    def _keep(self, result: Any) -> None:
        for maker in self.makers:
            remember(maker, self.dataset, result, self.classes)


class _Staged(_Answer):
    """A call of ``staged_predict`` …: an answer after each stage, which is a step of the run."""

    def _keep(self, result: Any) -> None:
        """Nothing was computed yet."""

    def stages(self, results: Any) -> Any:
        """Return a generator of the same; what is none (a list of a user's class) as it is."""
        if type(results) is not GeneratorType:
            return results
        known = self._known_again(results)
        known.__name__, known.__qualname__ = results.__name__, results.__qualname__
        return known

    @skipped_in_warnings
    def _known_again(self, results: Any) -> Any:
        for step in itertools.count(1):
            token = active.swap(fit=self)
            try:
                result = next(results, self)
            finally:
                active.restore(token)
            if result is self:
                return
            for maker in self.makers:
                at_step = replace(maker, step=step)
                keep = partial(remember, at_step, self.dataset, result, self.classes)
                self.attempts("know a stage again", keep)
            yield result


class _Transformed(AskedCall):
    """A call of ``transform`` of a preparation: what it makes of a part of data is that part."""

    def __init__(self, attempts: Attempts, one: Prepared, X: Any) -> None:
        self.attempts = attempts
        self.one = one
        self.X = X

    def _keep(self, result: Any) -> None:
        X, self.X = self.X, None
        side = side_of(X)
        early = side is not None and any(part.split.taught(self.one) for part in side.chain())
        was_fitted_on = any(self.one is other for other in learned_from(X))
        made = [self.one] if early or was_fitted_on else []
        note_made([*made, *made_by(X)], result)
        carry_side(X, result)


class _Scored(AskedCall):
    """A call of ``score``."""

    def __init__(
        self, attempts: Attempts, frame: FrameType | None, makers: Sequence[Maker], X: Any, y: Any
    ) -> None:
        maker = makers[0]
        self.attempts, self.makers = attempts, makers
        self.title = maker.title
        self.dataset = self.describe(X, maker, frame)
        name = UNKNOWN if self.dataset is None else self.dataset.name
        target = "" if y is None else f", y={argument_text(y, (1, 'y'), frame)}"
        self.call = f"{maker.title}.score(X={name}{target})"

    def _keep(self, value: Any) -> None:
        name = f"{self.title}_score"
        result = value if isinstance(value, float) else result_of(name, value)
        if result is not None:
            self.keep_score(name, result, self.call, self.dataset)


def record_answer(
    here: Scope,
    estimator: Any,
    method: str,
    function: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> AskedCall | None:
    """Begin to record a call of a fitted model; None if it is none of ours."""
    del function
    return begun(here, type(estimator).__name__, _asked, estimator, method, args, kwargs)


def _asked(
    attempts: Attempts,
    frame: FrameType | None,
    estimator: Any,
    method: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> AskedCall | None:
    makers = makers_of(estimator)
    X = args[0] if args else kwargs.get("X")
    if X is None:
        return None
    call: AskedCall
    if not makers:
        one = preparer(estimator)
        if one is None or method != "transform":
            return None
        call = _Transformed(attempts, one, X)
    elif method == "score":
        y = args[1] if len(args) > 1 else kwargs.get("y")
        call = _Scored(attempts, frame, makers, X, y)
    else:
        kind = _Staged if method in STAGED else _Answer
        call = kind(attempts, frame, makers, estimator, method, X)
    return call
