"""What a fitted model is asked after its fit: predictions are remembered, scores are kept."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextvars import Token
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, TypeVar

from fitscribe.core.clock import now_ms
from fitscribe.core.entities import Dataset
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.copies import makers_of
from fitscribe.sklearn.ledger import Score, problems, store_scores
from fitscribe.sklearn.makers import Maker
from fitscribe.sklearn.options import Options, current
from fitscribe.sklearn.origins import Origin, remember
from fitscribe.sklearn.patch import STAGED
from fitscribe.sklearn.prepared import Prepared, learned_from, made_by, note_made, preparer
from fitscribe.sklearn.results import Result, result_of
from fitscribe.sklearn.splits import carry_side, side_of
from fitscribe.sklearn.variables import argument_text, variable_name
from fitscribe.tracking import active
from fitscribe.tracking.active import Scope
from fitscribe.tracking.behind import write_behind
from fitscribe.tracking.datasets import dataset_entity, digest_of
from fitscribe.tracking.source import source_tags

__all__ = ["AskedCall", "begun", "dataset_of", "keep", "record_answer"]

Call = TypeVar("Call", bound="AskedCall")

MOST_DATASETS = 64
UNNAMED = "unknown_dataset"
# Turning an array over, for the digests of its columns, takes longer than to read it. A fit takes
# longer still; a prediction need not.
MOST_TURNED = 256 << 10


class _Seen:
    """Data that were described before: describing takes longer than the digest of small ones."""

    datasets: ClassVar[OrderedDict[tuple[str, str, type], Dataset]] = OrderedDict()


def dataset_of(X: Any, maker: Maker, position: int = 0, parameter: str = "X") -> Dataset | None:
    """Return what is known of data that a model is asked about; None if they cannot be read twice.

    `position` and `parameter` say which argument of the call of ours they are. Of what the model
    was trained on its run knows more already.
    """
    digest = digest_of(X)
    if digest is None:
        return None
    if digest.hex == maker.digest_of_X:
        return maker.trained_on
    name = variable_name(X, (position, parameter)) or UNNAMED
    key = digest.hex, name, type(X)
    found = _Seen.datasets.get(key)
    if found is None:
        found = dataset_entity(
            X, name=name, digest=digest, source_tags=source_tags(), most_turned=MOST_TURNED
        )
        _Seen.datasets[key] = found
        while len(_Seen.datasets) > MOST_DATASETS:
            _Seen.datasets.popitem(last=False)
    return found


def _asking_options() -> Options | None:
    """Return the options if what happens here is recorded: outside of every recorded call."""
    options = current()
    if options is None or not options.log_post_training_metrics:
        return None
    here = active.scope()
    if here.observing or here.fit is not None or (options.exclusive and here.runs):
        return None
    return options


def begun(what: str, make: Callable[[Options], Call | None]) -> Call | None:
    """Return a call that has begun to be recorded; None if it is none of ours."""
    options = _asking_options()
    if options is None:
        return None
    attempts = Attempts(what, options.silent)
    call = attempts("begin", lambda: make(options))
    if call is None:
        attempts.tell()
    else:
        call.begin()
    return call


def keep(score: Score) -> None:
    """Store a metric soon."""
    score.active = active.current_run()
    if score.active is None:
        score.last = active.last_run()
    write_behind(store_scores, score)


class AskedCall:
    """A call after the fit while it lasts: what happens inside is part of it."""

    def __init__(self, what: str, options: Options, makers: Sequence[Maker] = ()) -> None:
        self.attempts = Attempts(what, options.silent)
        self.token: Token[Scope] | None = None
        # Whose model is asked: several, where it is a copy of equal ones.
        self.makers = makers

    def keep_score(self, name: str, result: Result, call: str, dataset: Dataset | None) -> None:
        """Store soon what the model that was asked is worth."""
        maker = self.makers[0] if len(self.makers) == 1 else None
        known = None if maker is not None else Origin.of(self.makers, dataset)
        keep(Score(name, result, call, now_ms(), maker, dataset, known=known))

    def describe(self, X: Any, maker: Maker, position: int = 0) -> Dataset | None:
        """Return what is known of data that the model is asked about, and look for leaks."""
        found = self.attempts("describe the data", lambda: dataset_of(X, maker, position))
        training = maker.training
        if training is not None and found is not None and found is not maker.trained_on:
            self.attempts("see the rows", lambda: training.see(X, found))
        return found

    def begin(self) -> None:
        """Begin; nothing of ours comes between this and the call."""
        self.token = active.swap(fit=self)

    def finished(self, result: Any) -> None:
        """The call returned."""
        self._restore()
        self.attempts("keep what was computed", lambda: self._keep(result))
        if problems:
            self.attempts.problems += problems
            problems.clear()
        self.attempts.tell()

    def failed(self, error: BaseException) -> None:
        """The call raised: there is nothing to keep."""
        self._restore()

    def _restore(self) -> None:
        if self.token is not None:
            active.restore(self.token)

    def _keep(self, result: Any) -> None:
        raise NotImplementedError


class _Answer(AskedCall):
    """A call of ``predict``, ``transform`` …: its result is known again when a metric sees it."""

    def __init__(
        self, makers: Sequence[Maker], estimator: Any, method: str, X: Any, options: Options
    ) -> None:
        super().__init__(makers[0].title, options, makers)
        columns = method.endswith(("_proba", "decision_function"))
        self.classes = getattr(estimator, "classes_", None) if columns else None
        # Before the call, which may overwrite its input.
        self.dataset = self.describe(X, makers[0])

    def _keep(self, result: Any) -> None:
        for maker in self.makers:
            remember(maker, self.dataset, result, self.classes)


class _Staged(_Answer):
    """A call of ``staged_predict`` …: an answer after each stage, which is a step of the run."""

    def _keep(self, result: Any) -> None:
        """Nothing was computed yet."""

    def stages(self, results: Any) -> Any:
        """Yield the same, and know each of them again."""
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

    def __init__(self, one: Prepared, X: Any, options: Options) -> None:
        super().__init__(one.title, options)
        self.one = one
        self.X = X

    def _keep(self, result: Any) -> None:
        X, self.X = self.X, None
        side = side_of(X)
        early = side is not None and any(self.one is other for other in side.split.learned)
        was_fitted_on = any(self.one is other for other in learned_from(X))
        made = [self.one] if early or was_fitted_on else []
        note_made([*made, *made_by(X)], result)
        carry_side(X, result)


class _Scored(AskedCall):
    """A call of ``score``."""

    def __init__(self, makers: Sequence[Maker], X: Any, y: Any, options: Options) -> None:
        maker = makers[0]
        super().__init__(maker.title, options, makers)
        self.title = maker.title
        self.dataset = self.describe(X, maker)
        name = UNNAMED if self.dataset is None else self.dataset.name
        target = (
            "" if y is None else f", y={argument_text(y, (1, 'y')) or f'<{type(y).__name__}>'}"
        )
        self.call = f"{maker.title}.score(X={name}{target})"

    def _keep(self, value: Any) -> None:
        name = f"{self.title}_score"
        result = result_of(name, value)
        if result is not None:
            self.keep_score(name, result, self.call, self.dataset)


def record_answer(
    estimator: Any, method: str, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> AskedCall | None:
    """Begin to record a call of a fitted model; None if it is none of ours."""
    del function
    return begun(
        type(estimator).__name__, lambda options: _asked(estimator, method, args, kwargs, options)
    )


def _asked(
    estimator: Any,
    method: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    options: Options,
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
        call = _Transformed(one, X, options)
    elif method == "score":
        call = _Scored(makers, X, args[1] if len(args) > 1 else kwargs.get("y"), options)
    else:
        kind = _Staged if method in STAGED else _Answer
        call = kind(makers, estimator, method, X, options)
    return call
