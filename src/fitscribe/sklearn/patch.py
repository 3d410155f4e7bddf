"""Hooks on the methods that train: they can only add, never break.

Method → hook, the same for every supported scikit-learn (1.5 to 1.9):

============================  ===================================================================
``fit``                       :class:`Hook` in the ``__dict__`` of each class that defines it:
``fit_transform``             subclasses of ``BaseEstimator`` and the mixins among their bases
``fit_predict``               (``TransformerMixin``, ``ClusterMixin``, ``OutlierMixin`` …)
``partial_fit``
``fit_resample``              of imbalanced-learn's samplers
classes defined later         ``__init_subclass__`` of scikit-learn's mixins, extended
============================  ===================================================================

The closure cells of scikit-learn's decorators would reach ``fit`` of most classes, and
``fit_transform`` and ``fit_predict`` of few; they run after parameters were validated, while a
fit with invalid parameters must be recorded as failed. Attributes of classes are looked up at
each call, so instances made before are hooked too.

What a hook leaves as it was: looked up on a class it is the original function (so
``inspect.isfunction``, metadata routing and ``set_output`` see what they always saw; a call
``Ridge.fit(model, X, y)`` through the class is not recorded); looked up on an instance, it is a
bound method whose function seems to be the original; in the ``__dict__`` of the class it seems to
be the original, too; pickled, by name or by value, it becomes the original; frames of ours are
not counted by ``warnings.warn(..., stacklevel=2)``.

Left alone is what is no method of its instance, or has trained nothing when it returns: static
and class methods, properties, objects that can be called, coroutines, generators, whatever was
set on an instance. A method that replaces a hook (``setattr``, a decorator of the class), and a
class below an ``__init_subclass__`` that does not call ``super()``, are recorded after the next
``autolog()``, or the next task of a pool's worker.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import typing
import weakref
from collections.abc import Callable, Container, Iterator
from types import FunctionType, MethodType
from typing import Any, ClassVar, Protocol

import sklearn.base
from sklearn.base import BaseEstimator

from fitscribe.tracking.active import Scope, context_scope, scope
from fitscribe.tracking.stack import skipped_in_warnings

__all__ = [
    "ANSWERS",
    "METHODS",
    "STAGED",
    "Hook",
    "Recorder",
    "Recording",
    "add_kind",
    "hook_answers",
    "install",
    "is_installed",
    "uninstall",
]

METHODS = ("fit", "fit_transform", "fit_predict", "partial_fit", "fit_resample")
# What a fitted model is asked; hooked are the classes of those that a run has recorded.
# Those that are staged are generators: an answer after each stage.
STAGED = ("staged_predict", "staged_predict_proba", "staged_decision_function")
ANSWERS = (
    *("predict", "predict_proba", "predict_log_proba", "decision_function"),
    *("transform", "inverse_transform", "score_samples", "score"),
    *STAGED,
)
_ASKED = frozenset(ANSWERS)


class Recording(Protocol):
    """One outermost fit while it runs; neither method raises."""

    def finished(self, result: Any) -> None:
        """The fit returned."""

    def failed(self, error: BaseException) -> None:
        """The fit raised."""


class Stages(Recording, Protocol):
    """A call of one of :data:`STAGED`."""

    def stages(self, results: Any) -> Any:
        """Return a generator of the same."""


class Recorder(Protocol):
    """Decides what to do about a call; never raises."""

    def __call__(
        self,
        here: Scope,
        estimator: Any,
        method: str,
        function: Any,
        args: tuple[Any, ...],
        kwargs: Any,
    ) -> Recording | None:
        """Return a recording, or None if the call is none of ours; `here` is where it is made."""


# What a stand-in answers itself; everything else its original does.
_OWN = frozenset({"__call__", "__get__", "__reduce__", "__reduce_ex__"})


# Returns what a stand-in keeps for itself, whatever its original calls by that name.
_of = object.__getattribute__


class _StandIn:
    """Seems to be what it stands for: attributes, text and comparisons are the original's.

    Parameters
    ----------
    original : callable or descriptor
        What it stands for.
    name : str
        The method's name.
    owner : type
        The class whose ``__dict__`` it is in.
    """

    __slots__ = ("__weakref__", "name", "original", "owner")

    def __init__(self, original: Any, name: str, owner: type) -> None:
        for slot, value in (("original", original), ("name", name), ("owner", owner)):
            object.__setattr__(self, slot, value)

    def __getattribute__(self, name: str) -> Any:
        return _of(self, name) if name in _OWN else getattr(_of(self, "original"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_of(self, "original"), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_of(self, "original"), name)

    def __dir__(self) -> list[str]:
        return dir(_of(self, "original"))

    def __repr__(self) -> str:
        return repr(_of(self, "original"))

    def __eq__(self, other: object) -> bool:
        mine: Any = _of(self, "original")
        return bool(mine == (_of(other, "original") if isinstance(other, _StandIn) else other))

    def __hash__(self) -> int:
        return hash(_of(self, "original"))

    @skipped_in_warnings
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the original with an estimator and what it is given, and record it."""
        function = _of(self, "original")
        name = _of(self, "name")
        recorder = _Installed.answers if name in _ASKED else _Installed.recorder
        if recorder is None or context_scope().fit is not None or not args:
            return function(*args, **kwargs)
        if not isinstance(args[0], _Installed.kinds):
            return function(*args, **kwargs)
        recording: Any = recorder(scope(), args[0], name, function, args[1:], kwargs)
        if recording is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            recording.failed(error)
            raise
        recording.finished(result)
        return recording.stages(result) if name in STAGED else result


class Hook(_StandIn):
    """A descriptor that stands for a training method in a class's ``__dict__``.

    Its ``__class__`` is the original's, for ``isinstance(vars(cls)["fit"], FunctionType)`` is how
    ``unittest.mock`` and others tell methods. A function that another class or module defines is
    the exception: cloudpickle would copy it where it names the function itself.
    """

    __slots__ = ("recorded",)

    def __init__(self, original: Any, name: str, owner: type) -> None:
        super().__init__(original, name, owner)
        is_function = inspect.isfunction(original)
        recorded = Recorded(original, name, owner) if is_function else None
        object.__setattr__(self, "recorded", recorded)

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__" and not _is_at_home(self):
            return Hook
        return super().__getattribute__(name)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        original = _of(self, "original")
        if instance is None or _Installed.recorder is None or context_scope().fit is not None:
            # Inside another fit nothing is recorded, and no frame of ours is in a traceback.
            return original.__get__(instance, owner)
        if not isinstance(instance, _Installed.kinds):
            # A mixin's method, on an object that is no estimator.
            return original.__get__(instance, owner)
        if (
            _of(self, "name") in _ASKED
            and id(instance) not in _Installed.recorded
            and not _Installed.may_be_asked(instance)
        ):
            return original.__get__(instance, owner)
        recorded = _of(self, "recorded")
        if recorded is not None:
            return MethodType(recorded, instance)
        # A descriptor decides itself whether the method is there (AttributeError if not).
        return _recorded(original.__get__(instance, owner), instance, _of(self, "name"))

    def __reduce__(self) -> tuple[Any, ...]:
        # ``cast`` returns its second argument: whoever opens the pickle needs nothing of ours.
        return typing.cast, (object, _of(self, "original"))


class Recorded(_StandIn):
    """The function of a bound method: calls are recorded.

    To ``isinstance`` it is a function, by which ``inspect`` finds its file and its variables. To
    cloudpickle it is not, which would copy the original of a script's class past the hook there.
    """

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            asker = str(sys._getframe(1).f_globals.get("__name__", ""))
            return Recorded if asker.endswith("cloudpickle") else FunctionType
        if name == "__wrapped__":
            # Where ``inspect`` looks for what it wraps, and for the source of that.
            return _of(self, "original")
        return super().__getattribute__(name)

    def __reduce__(self) -> tuple[Any, ...]:
        # Where the pickle is opened: what the class has there, a hook or the plain function.
        name, owner = _of(self, "name"), _of(self, "owner")
        held = vars(owner).get(name)
        if isinstance(held, Hook) and _of(held, "original") is _of(self, "original"):
            return inspect.getattr_static, (owner, name)
        return typing.cast, (object, _of(self, "original"))


def _is_at_home(hook: Hook) -> bool:
    """Whether the original is no function, or one that its class itself defines."""
    original, owner = _of(hook, "original"), _of(hook, "owner")
    if not inspect.isfunction(original):
        return True
    home = f"{owner.__qualname__}.{_of(hook, 'name')}"
    return original.__module__ == owner.__module__ and original.__qualname__ == home


def _recorded(bound: Any, instance: Any, name: str) -> Any:
    """Return what a descriptor gave, recording where it is a method of the instance."""
    if type(bound) is MethodType and bound.__self__ is instance:
        return MethodType(Recorded(bound.__func__, name, type(instance)), instance)
    if type(bound) is functools.partial and isinstance(bound.func, MethodType):
        inner = _recorded(bound.func, instance, name)
        again = functools.partial(inner, *bound.args, **bound.keywords)
        vars(again).update(vars(bound))
        return again
    return bound


class _Installed:
    """What is in place in this process."""

    recorder: Recorder | None = None
    # What is an estimator: besides scikit-learn's, the classes that are watched.
    kinds: ClassVar[tuple[type, ...]] = (BaseEstimator,)
    answers: Recorder | None = None
    recorded: Container[int] = ()
    may_be_asked: Callable[[Any], bool] = bool
    hooked: ClassVar[list[weakref.ref[type]]] = []
    # Classes whose answers are hooked, with all their bases, by id.
    asked: ClassVar[dict[int, weakref.ref[type]]] = {}
    subclassing: ClassVar[list[tuple[type, Any]]] = []


_lock = threading.RLock()


def is_installed() -> bool:
    """Whether hooks are in place in this process."""
    return _Installed.recorder is not None


def install(
    recorder: Recorder,
    answers: Recorder | None = None,
    recorded: Container[int] = (),
    may_be_asked: Callable[[Any], bool] = bool,
) -> None:
    """Put hooks on every estimator class, those to come included.

    Doing it again reaches classes whose methods were replaced since (``setattr``, a decorator).

    Parameters
    ----------
    recorder : Recorder
        Of fits.
    answers : Recorder, optional
        Of what fitted models are asked, for classes given to :func:`hook_answers`.
    recorded : container of int, optional
        The ids of the models that runs have recorded.
    may_be_asked : callable, optional
        Whether another estimator's answers are of interest, a copy's of such a model, say.
    """
    with _lock:
        if _Installed.recorder is None:
            _extend_subclassing()
        hook_classes()
        _Installed.asked.clear()
        _Installed.recorder = recorder
        _Installed.answers, _Installed.recorded = answers, recorded
        _Installed.may_be_asked = staticmethod(may_be_asked)


def hook_classes() -> None:
    """Hook what is not hooked yet: classes rebuilt from a pickle get their methods late."""
    with _lock:
        for cls in _estimator_classes():
            _hook_own(cls)


def add_kind(cls: type) -> None:
    """Take a class, and those derived from it, for estimators until :func:`uninstall`."""
    with _lock:
        if not issubclass(cls, _Installed.kinds):
            _Installed.kinds += (cls,)
        if is_installed():
            hook_classes()


def uninstall() -> None:
    """Put everything back as it was."""
    with _lock:
        _Installed.recorder = _Installed.answers = None
        for base, original in _Installed.subclassing:
            _put(base, "__init_subclass__", original)
        hooked = [
            cls for cls in (reference() for reference in _Installed.hooked) if cls is not None
        ]
        # Beside those that were hooked, classes made from another's ``__dict__`` (dataclasses).
        for cls in (*hooked, *_estimator_classes()):
            for name in (*METHODS, *ANSWERS):
                hook = vars(cls).get(name)
                if isinstance(hook, Hook):
                    _put(cls, name, _of(hook, "original"))
        _Installed.kinds = (BaseEstimator,)
        _Installed.subclassing.clear()
        _Installed.hooked.clear()
        _Installed.asked.clear()


def _put(cls: type, name: str, value: Any) -> None:
    # Past a metaclass that forbids or counts what is set.
    type.__setattr__(cls, name, value)


def _estimator_classes() -> Iterator[type]:
    """Yield every estimator class that exists now and every base of theirs, once."""
    seen: set[int] = set()  # ids, for a metaclass may have made its classes unhashable
    waiting: list[type] = list(_Installed.kinds)
    while waiting:
        cls = waiting.pop()
        if id(cls) not in seen:
            seen.add(id(cls))
            yield cls
            waiting += type.__subclasses__(cls) if issubclass(cls, _Installed.kinds) else ()
            waiting += cls.__bases__


def _hook_class(cls: type) -> None:
    """Hook the training methods that the class and its bases define themselves."""
    for base in cls.__mro__:
        _hook_own(base)


def hook_answers(cls: type) -> None:
    """Hook what the instances of a class are asked once they are fitted."""
    known = _Installed.asked.get(id(cls))
    if known is not None and known() is cls:
        return
    with _lock:
        if _Installed.answers is not None:
            for base in cls.__mro__:
                _hook_own(base, ANSWERS)
            _Installed.asked[id(cls)] = weakref.ref(cls)


def _hook_own(cls: type, names: tuple[str, ...] = METHODS) -> None:
    """Hook methods in the class's ``__dict__``: the training methods, if nothing else is said."""
    own = cls.__dict__
    for name in names:
        original = own.get(name)
        # Most classes have none of their own, or were hooked at an earlier fit.
        if original is None or type(original) is Hook:
            continue
        if name not in STAGED and not _trains(original):
            continue
        try:
            _put(cls, name, Hook(original, name, cls))
        except TypeError:  # a class of C
            continue
        _Installed.hooked.append(weakref.ref(cls))


def _trains(original: Any) -> bool:
    """Whether it gives a method of an instance that has trained it when it returns."""
    kind = type(original)
    if issubclass(kind, (Hook, staticmethod, classmethod)) or hasattr(kind, "__set__"):
        return False
    if not hasattr(kind, "__get__"):
        return False
    return not (
        inspect.iscoroutinefunction(original)
        or inspect.isgeneratorfunction(original)
        or inspect.isasyncgenfunction(original)
    )


def _extend_subclassing() -> None:
    """Hook classes as they are defined: after each of scikit-learn's ``__init_subclass__``.

    These wrap ``transform`` and ``fit_transform`` of a new class for ``set_output``; hooking after
    the outermost of them leaves their work inside ours.
    """
    # The mixins of scikit-learn may have no class yet that is derived from them and BaseEstimator.
    mixins = [thing for thing in vars(sklearn.base).values() if isinstance(thing, type)]
    bases = {
        id(base): base
        for cls in (*mixins, *_estimator_classes())
        for base in cls.__mro__
        if "__init_subclass__" in base.__dict__ and str(base.__module__).startswith("sklearn.")
    }
    for base in bases.values():
        original = base.__dict__.get("__init_subclass__")
        if isinstance(original, classmethod):
            _Installed.subclassing.append((base, original))
            _put(base, "__init_subclass__", classmethod(_then_hook(original.__func__)))


def _then_hook(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def init_subclass(cls: type, **kwargs: Any) -> None:
        function(cls, **kwargs)
        if _Installed.recorder is not None and issubclass(cls, _Installed.kinds):
            _hook_class(cls)

    return init_subclass
