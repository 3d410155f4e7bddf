"""Hooks on the methods that train: they can only add, never break.

Method → hook, the same for every supported scikit-learn (1.5 to 1.9):

============================  ===================================================================
``fit``                       :class:`Hook` in the ``__dict__`` of each class that defines it:
``fit_transform``             subclasses of ``BaseEstimator`` and the mixins among their bases
``fit_predict``               (``TransformerMixin``, ``ClusterMixin``, ``OutlierMixin`` …)
classes defined later         ``__init_subclass__`` of scikit-learn's mixins, extended
============================  ===================================================================

The closure cells of scikit-learn's decorators would reach ``fit`` of most classes, and
``fit_transform`` and ``fit_predict`` of few; they run after parameters were validated, while a
fit with invalid parameters must be recorded as failed. Attributes of classes are looked up at
each call, so instances made before are hooked too.

What a hook leaves as it was: looked up on a class it is the original function (so
``inspect.isfunction``, metadata routing and ``set_output`` see what they always saw; a call
``Ridge.fit(model, X, y)`` through the class is not recorded); looked up on an instance, it is a
bound method with name, docstring and signature of the original (``functools.wraps``); pickled by
value (a class of ``__main__``), it becomes the original; frames of ours are not counted by
``warnings.warn(..., stacklevel=2)``.
"""

from __future__ import annotations

import functools
import inspect
import threading
import typing
import weakref
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any, ClassVar, Protocol

import sklearn.base
from sklearn.base import BaseEstimator

from fitscribe.tracking.active import scope
from fitscribe.tracking.stack import skipped_in_warnings

__all__ = ["METHODS", "Hook", "Recorder", "Recording", "install", "is_installed", "uninstall"]

METHODS = ("fit", "fit_transform", "fit_predict")


class Recording(Protocol):
    """One outermost fit while it runs; neither method raises."""

    def finished(self, result: Any) -> None:
        """The fit returned."""

    def failed(self, error: BaseException) -> None:
        """The fit raised."""


class Recorder(Protocol):
    """Decides what to do about a call; never raises."""

    def __call__(
        self, estimator: Any, method: str, function: Any, args: tuple[Any, ...], kwargs: Any
    ) -> Recording | None:
        """Return a recording, or None if the call is none of ours."""


class Hook:
    """A descriptor that stands for a training method in a class's ``__dict__``.

    Parameters
    ----------
    original : callable or descriptor
        What stood there: a function, or scikit-learn's ``available_if`` descriptor.
    name : str
        The method's name.
    """

    def __init__(self, original: Any, name: str) -> None:
        self.original = original
        self.name = name
        self.wrapper = _wrap(original, name) if inspect.isfunction(original) else None
        functools.update_wrapper(self, original)
        self.__isabstractmethod__ = getattr(original, "__isabstractmethod__", False)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None or _Installed.recorder is None or scope().fit is not None:
            # Inside another fit nothing is recorded, and no frame of ours is in a traceback.
            return self.original.__get__(instance, owner)
        if self.wrapper is not None:
            return MethodType(self.wrapper, instance)
        # A descriptor decides itself whether the method is there (AttributeError if not).
        bound = self.original.__get__(instance, owner)
        function = getattr(bound, "__func__", None)
        if function is None:
            return bound
        return MethodType(_wrap(function, self.name), instance)

    def __set_name__(self, owner: type, name: str) -> None:
        if hasattr(self.original, "__set_name__"):
            self.original.__set_name__(owner, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the original; a descriptor itself is only reached through ``__dict__``."""
        return self.original(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        # ``cast`` returns its second argument: whoever opens the pickle needs nothing of ours.
        return typing.cast, (object, self.original)


def _wrap(function: Any, name: str) -> Any:
    """Return a function that records around `function`; the frame is hidden from warnings."""

    @functools.wraps(function)
    @skipped_in_warnings
    def recorded(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        recorder = _Installed.recorder
        if recorder is None or scope().fit is not None:
            return function(self, *args, **kwargs)
        recording = recorder(self, name, function, args, kwargs)
        if recording is None:
            return function(self, *args, **kwargs)
        try:
            result = function(self, *args, **kwargs)
        except BaseException as error:
            recording.failed(error)
            raise
        recording.finished(result)
        return result

    return recorded


class _Installed:
    """What is in place in this process."""

    recorder: Recorder | None = None
    hooks: ClassVar[list[tuple[weakref.ref[type], str]]] = []
    subclassing: ClassVar[list[tuple[type, Any]]] = []


_lock = threading.RLock()


def is_installed() -> bool:
    """Whether hooks are in place in this process."""
    return _Installed.recorder is not None


def install(recorder: Recorder) -> None:
    """Put hooks on every estimator class, those to come included; doing it again is fine."""
    with _lock:
        if _Installed.recorder is None:
            _extend_subclassing()
            for cls in _estimator_classes():
                _hook_class(cls)
        _Installed.recorder = recorder


def uninstall() -> None:
    """Put everything back as it was."""
    with _lock:
        _Installed.recorder = None
        for base, original in _Installed.subclassing:
            _put(base, "__init_subclass__", original)
        for reference, name in _Installed.hooks:
            cls = reference()
            hook = None if cls is None else cls.__dict__.get(name)
            if isinstance(hook, Hook):
                _put(cls, name, hook.original)
        _Installed.subclassing.clear()
        _Installed.hooks.clear()


def _put(cls: Any, name: str, value: Any) -> None:
    setattr(cls, name, value)


def _estimator_classes() -> Iterator[type]:
    """Yield every subclass of BaseEstimator that exists now, once."""
    seen: set[type] = set()
    waiting = [BaseEstimator]
    while waiting:
        cls = waiting.pop()
        if cls not in seen:
            seen.add(cls)
            yield cls
            waiting += cls.__subclasses__()


def _hook_class(cls: type) -> None:
    """Hook the training methods that the class and its bases define themselves."""
    for base in cls.__mro__:
        for name in METHODS:
            original = base.__dict__.get(name)
            if original is None or isinstance(original, (Hook, staticmethod, classmethod)):
                continue
            if not (inspect.isfunction(original) or hasattr(type(original), "__get__")):
                continue
            try:
                setattr(base, name, Hook(original, name))
            except TypeError:  # a class of C
                continue
            _Installed.hooks.append((weakref.ref(base), name))


def _extend_subclassing() -> None:
    """Hook classes as they are defined: after each of scikit-learn's ``__init_subclass__``.

    These wrap ``transform`` and ``fit_transform`` of a new class for ``set_output``; hooking after
    the outermost of them leaves their work inside ours.
    """
    bases: list[Any] = []
    # The mixins of scikit-learn may have no class yet that is derived from them and BaseEstimator.
    mixins = [thing for thing in vars(sklearn.base).values() if isinstance(thing, type)]
    for cls in (*mixins, *_estimator_classes()):
        bases += [
            base
            for base in cls.__mro__
            if "__init_subclass__" in base.__dict__
            and base not in bases
            and base.__module__.startswith("sklearn.")
        ]
    for base in bases:
        original = base.__dict__.get("__init_subclass__")
        if isinstance(original, classmethod):
            _Installed.subclassing.append((base, original))
            _put(base, "__init_subclass__", classmethod(_then_hook(original.__func__)))


def _then_hook(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def init_subclass(cls: type, **kwargs: Any) -> None:
        function(cls, **kwargs)
        if _Installed.recorder is not None and issubclass(cls, BaseEstimator):
            _hook_class(cls)

    return init_subclass
