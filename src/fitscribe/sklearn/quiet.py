"""Looking at a fitted estimator without a trace: no warning, no output, no number drawn.

A hidden ``predict`` may warn, and may draw from a generator that the user's next call would have
drawn from. ``warnings.catch_warnings`` is no way out: it makes once-only warnings repeat, and is
seen by all threads. Instead one filter is put in front that matches only while *this* context
looks at a model; a warning that a filter ignores leaves no note in any registry.
"""

from __future__ import annotations

import random
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from sklearn import config_context

from fitscribe.tracking.active import enter, scope

__all__ = ["plain_task", "quietly", "unwarned"]


# Matches no text at all.
NEVER = "(?!)"


class _WhileObserving:
    """Stands where a warnings filter has a compiled pattern: matches in our own looks only.

    scikit-learn sends the filters to its workers, by `pattern` or by pickle: there it is a
    pattern that never matches.
    """

    pattern = NEVER

    def __reduce__(self) -> tuple[Any, ...]:
        return re.compile, (NEVER,)

    def match(self, text: str) -> bool:
        """Whether the warning is of our doing."""
        del text
        return scope().observing


_unwarned: ContextVar[bool] = ContextVar("fitscribe_unwarned", default=False)


class _WhileUnwarned(_WhileObserving):
    """The same in a context that wants no warnings of one category."""

    def match(self, text: str) -> bool:
        """Whether the warning is such a context's."""
        del text
        return _unwarned.get()


_FILTER = ("ignore", _WhileObserving(), Warning, None, 0)
_lock = threading.Lock()
_lookers = 0
STREAMS = ("stdout", "stderr")


@contextmanager
def quietly(
    generators: Iterable[Any], drawing: bool = True, printing: bool = True
) -> Iterator[None]:
    """Work unnoticed: warnings and output of this context are dropped, the rest is put back.

    Parameters
    ----------
    generators : iterable
        Numpy's ``RandomState`` and ``Generator`` objects to put back, and trees of neighbours.
    drawing : bool
        Put the global states of numpy and ``random`` back as well; False where it is known that
        nothing is drawn from them.
    printing : bool
        Drop what is written to ``sys.stdout`` and ``sys.stderr``; False where it is known that
        nothing is.
    """
    held = [(generator, _state(generator)) for generator in generators]
    ours = random.getstate() if drawing else None
    theirs = np.random.get_state(legacy=False) if drawing else None
    _add_filter()
    try:
        with ExitStack() as stack:
            if printing:
                stack.enter_context(_muted())
            stack.enter_context(enter(observing=True))
            stack.enter_context(config_context())
            stack.enter_context(np.errstate(all="ignore"))
            yield
    finally:
        _remove_filter()
        if theirs is not None and ours is not None:
            np.random.set_state(theirs)
            random.setstate(ours)
        for generator, state in held:
            _restore(generator, state)


def _add_filter() -> None:
    # Straight into the list: the functions of ``warnings`` would also reset what was shown.
    global _lookers
    with _lock:
        _lookers += 1
        if _lookers == 1:
            warnings.filters.insert(0, _FILTER)  # type: ignore[attr-defined]  # a list


def _remove_filter() -> None:
    global _lookers
    with _lock:
        _lookers -= 1
        if _lookers == 0:
            # Somebody's catch_warnings may have put another list in place meanwhile.
            filters: Any = warnings.filters
            while _FILTER in filters:
                filters.remove(_FILTER)


@contextmanager
def unwarned(category: type[Warning]) -> Iterator[None]:
    """Drop the warnings of one category that this context raises, and no other's.

    ``warnings.catch_warnings`` is no way out here either.
    """
    entry: Any = ("ignore", _WhileUnwarned(), category, None, 0)
    token = _unwarned.set(True)
    with _lock:
        warnings.filters.insert(0, entry)  # type: ignore[attr-defined]  # a list
    try:
        yield
    finally:
        _unwarned.reset(token)
        with _lock:
            filters: Any = warnings.filters
            while entry in filters:
                filters.remove(entry)


class _Muted:
    """Stands where a standard stream is: drops what our own looks write, passes on the rest."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> Any:
        """Write what is not of our doing; return what the stream does, which may be None."""
        return len(text) if scope().observing else self._stream.write(text)


@contextmanager
def _muted() -> Iterator[None]:
    ours: list[tuple[str, _Muted]] = []
    try:
        with _lock:
            for name in STREAMS:
                stream = getattr(sys, name)
                if stream is not None:
                    ours.append((name, _Muted(stream)))
                    setattr(sys, *ours[-1])
        yield
    finally:
        with _lock:
            for name, muted in ours:
                _take_out(name, muted)


def _take_out(name: str, muted: _Muted) -> None:
    """Put back what a stream of ours stands for; another thread's may stand before it."""
    stream = getattr(sys, name)
    if stream is muted:
        setattr(sys, name, muted._stream)
    while type(stream) is _Muted:
        if stream._stream is muted:
            stream._stream = muted._stream
        stream = stream._stream


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.RandomState):
        return generator.get_state(legacy=False)
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.__getstate__()


def _restore(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    else:
        generator.__setstate__(state)


def plain_task(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a task of scikit-learn's ``Parallel`` that leaves the warnings filters alone.

    From 1.8 on its tasks set filters up anew, which makes warnings that were shown once show
    again. In a hidden ``predict`` there is nothing to filter.
    """
    inner, config = getattr(function, "function", None), getattr(function, "config", None)
    if inner is None or not isinstance(config, dict):
        return function

    def plain(*args: Any, **kwargs: Any) -> Any:
        with config_context(**config):
            return inner(*args, **kwargs)

    return plain
