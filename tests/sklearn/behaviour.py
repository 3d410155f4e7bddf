"""All that a user can see of an estimator: its class, its trainings, and what it is asked then.

A story is a dict of plain values, to be compared with the story of the same calls elsewhere.
Left out of it is only what two runs of scikit-learn alone do not have in common: addresses, and
how long something took.
"""

from __future__ import annotations

import contextlib
import copyreg
import inspect
import io
import pickle
import pydoc
import random
import re
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import cloudpickle
import estimators
import joblib
import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone
from sklearn.utils import estimator_html_repr

from fitscribe.tracking.stack import SKIPPED_FILE

__all__ = ["METHODS", "differences", "has_jobs", "in_two_jobs", "story_of"]

METHODS = ("fit", "fit_transform", "fit_predict", "partial_fit")
# What a fitted estimator is asked: what autologging hooks, and what it does not.
ASKED = (
    *("predict", "predict_proba", "predict_log_proba", "decision_function"),
    *("transform", "inverse_transform", "score_samples", "score"),
    *("staged_predict", "staged_predict_proba", "staged_decision_function"),
    *("apply", "decision_path", "kneighbors", "get_feature_names_out", "get_metadata_routing"),
)
ADDRESS = re.compile(r"0x[0-9a-f]+|sk-[a-z]+-id-\d+")
# In HTML the middle of a long text is left out.
CUT_ADDRESS = re.compile(r"sk-[a-z]+-id-\d+|[0-9a-fx.]*&gt;")
NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")
TIMES = re.compile(r"_times?_?$|_time_per_")
WRONG = "wrong"

Story = dict[str, Any]


def plain(value: Any) -> Any:
    """Return a value as what can be compared exactly: types, bytes, texts without addresses."""
    kind = type(value).__name__
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic)):
        return kind, repr(value)
    if isinstance(value, np.ndarray):
        content = [plain(one) for one in value.ravel()] if value.dtype.hasobject else None
        return kind, str(value.dtype), value.shape, value.tobytes() if content is None else content
    if sp.issparse(value):
        return kind, value.shape, plain(value.tocoo().data), plain(value.toarray())
    if isinstance(value, dict):
        return kind, [(plain(key), plain(one)) for key, one in value.items() if not _timed(key)]
    if isinstance(value, (list, tuple)):
        return kind, [plain(one) for one in value]
    if isinstance(value, types.GeneratorType):
        return kind, value.__qualname__, [plain(one) for one in value]
    if isinstance(value, BaseEstimator):
        return kind, plain(vars(value))
    if isinstance(value, (set, frozenset)):
        return kind, sorted(str(plain(one)) for one in value)
    if hasattr(value, "_serialize"):  # metadata routing
        return kind, plain(value._serialize())
    if hasattr(value, "get_tree_stats"):  # a tree of neighbours counts how often it was asked
        return kind, plain(value.get_arrays())
    with contextlib.suppress(Exception):
        return kind, pickle.dumps(value)
    return kind, ADDRESS.sub("", repr(value))


def _timed(key: Any) -> bool:
    return isinstance(key, str) and TIMES.search(key) is not None


def differences(one: Any, other: Any, where: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield where two stories differ, and what each has there, shortened."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            missing = "(nothing)"
            yield from differences(
                one.get(key, missing), other.get(key, missing), f"{where}/{key}"
            )
    elif (
        isinstance(one, (list, tuple))
        and isinstance(other, (list, tuple))
        and len(one) == len(other)
    ):
        for place, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from differences(mine, theirs, f"{where}/{place}")
    elif one != other:
        yield where, repr(one)[:300], repr(other)[:300]


# What is said of a class and its methods


def described(method: Any) -> Story:
    """Return what can be asked of a method, found on an instance or a class."""
    return {
        "signature": str(inspect.signature(method)),
        "names": (method.__name__, method.__qualname__, method.__module__),
        "doc": (method.__doc__, inspect.getdoc(method)),
        "repr": ADDRESS.sub("", repr(method)),
        "kind": (type(method), inspect.ismethod(method), inspect.isfunction(method)),
        "wraps": inspect.unwrap(method).__qualname__,
        "keeps": sorted(name for name in dir(method) if name != "__wrapped__"),
        "source": (inspect.getsourcefile(method), inspect.getsourcelines(method)[1]),
        "annotations": repr(inspect.get_annotations(getattr(method, "__func__", method))),
    }


def of_class(model: Any, methods: tuple[str, ...]) -> Story:
    """Return what a class and its instance say of themselves."""
    cls = type(model)
    # Both are noted on a class by whoever asks first.
    copyreg._slotnames(cls), getattr(cls, "__annotations__", None)
    seen: Story = {
        "help": ADDRESS.sub("", pydoc.plain(pydoc.render_doc(cls))),
        "class": (str(inspect.signature(cls)), cls.__doc__, repr(cls), cls.__mro__),
        "names": (sorted(vars(cls)), dir(cls), dir(model)),
        "kinds": [(key, isinstance(one, types.FunctionType)) for key, one in vars(cls).items()],
    }
    for name in methods:
        if hasattr(model, name):
            seen[f"model.{name}"] = described(getattr(model, name))
        if callable(getattr(cls, name, None)):
            seen[f"class.{name}"] = described(getattr(cls, name))
            seen[f"static.{name}"] = ADDRESS.sub("", repr(inspect.getattr_static(cls, name)))
    return seen


# What comes of a call


def _lines_of(error: BaseException) -> list[tuple[str, str, int | None]]:
    frames = traceback.extract_tb(error.__traceback__)
    return [
        (frame.filename, frame.name, frame.lineno)
        for frame in frames
        if frame.filename not in (SKIPPED_FILE, __file__)
    ]


def of_error(error: BaseException | None) -> Any:
    """Return an exception, those that it came of, and where it came through."""
    if error is None:
        return None
    # Several jobs fail, and which is first is chance; that one's traceback is a text.
    text = "" if type(error).__name__ == "_RemoteTraceback" else str(error)
    return {
        "type": (type(error), ADDRESS.sub("", text), plain(getattr(error, "__notes__", ()))),
        "lines": _lines_of(error),
        "from": (of_error(error.__cause__), of_error(error.__context__)),
        "hides": error.__suppress_context__,
    }


def came_of(call: Callable[[], Any], itself: Any = None) -> Any:
    """Return what a call returns or raises, and what it writes and warns of."""
    seen: Story = {}
    out, err = io.StringIO(), io.StringIO()
    with (
        warnings.catch_warnings(record=True) as shown,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        warnings.simplefilter("default")
        try:
            result = call()
            seen["result"] = "itself" if result is itself else plain(result)
        except Exception as error:
            seen["error"] = of_error(error)
    seen["warnings"] = [
        (w.category, str(w.message), w.filename, w.lineno, w.source) for w in shown
    ]
    seen["printed"] = [NUMBER.sub("0", text.getvalue()) for text in (out, err)]
    return seen


def of_chance() -> Any:
    return np.random.get_state()[1].tolist(), np.random.get_state()[2:], random.getstate()


def seeded() -> None:
    random.seed(1)
    np.random.seed(1)


def kept(model: Any) -> Story:
    """Return a fitted estimator as it is kept: attributes, pickles, clones, texts."""
    seen: Story = {"attributes": plain(vars(model)), "order": list(vars(model))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some classes are deprecated
        # How long its fits took is in a search's pickle, as long as it holds them.
        if not any(_timed(key) for key in [*vars(model), *getattr(model, "cv_results_", ())]):
            # Opened and written again, for which equal texts are one object is chance.
            seen["pickle"] = pickle.dumps(pickle.loads(pickle.dumps(model)))
            seen["html"] = CUT_ADDRESS.sub("&gt;", estimator_html_repr(model))
        seen["cloudpickle"] = b"fitscribe" in cloudpickle.dumps(model)
        seen["clone"] = plain(clone(model))
        seen["repr"] = repr(model)
        seen["tags"] = repr(getattr(model, "__sklearn_tags__", model.get_params)())
    return seen


# Stories


def new_model(name: str, **params: Any) -> BaseEstimator:
    """Return an estimator, with those of the params that it has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some classes are deprecated
        model = estimators.make(name)
        known = model.get_params(deep=False)
        model.set_params(**{key: value for key, value in params.items() if key in known})
    return model


def given_to(model: Any, method: str, y: Any) -> Story:
    """Return what a training method is given beside X."""
    given: Story = {} if y is None else {"y": y}
    if "classes" in inspect.signature(getattr(model, method)).parameters:
        several = type(model).__name__ == "MultiOutputClassifier"
        given["classes"] = [[0, 1], [0, 1]] if several else np.unique(y)
    return given


def answers(model: Any, X: Any, y: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a fitted estimator answers, to right questions and to wrong ones."""
    transformed: Any = None
    if hasattr(model, "transform"):
        with warnings.catch_warnings(), contextlib.suppress(Exception):
            warnings.simplefilter("ignore")
            transformed = model.transform(X)
    for name in ASKED:
        if not hasattr(model, name):
            continue
        data: tuple[Any, ...] = (X,)
        if name == "inverse_transform":
            data = (transformed,)
        elif name == "score" and y is not None:
            data = (X, y)
        elif name.startswith("get_"):
            data = ()
        method = getattr(model, name)
        yield name, came_of(lambda method=method, data=data: method(*data))
        if data:
            yield f"{name}, wrongly", came_of(lambda method=method: method(WRONG))


def story_of(name: str, method: str) -> Story:
    """Train a new estimator twice, ask it, and train it wrongly; {} if it has no such method."""
    X, y = estimators.data_for(name)
    # What old versions of scipy's optimizer print comes as late as the process ends.
    is_noisy = name.startswith("LogisticRegression")
    model = new_model(name, verbose=int(method == "fit" and not is_noisy))
    if not hasattr(model, method):
        return {}  # with these params it is not there
    seeded()
    seen: Story = {}
    given = given_to(model, method, y)
    for turn in ("first", "second"):
        seen[turn] = came_of(lambda: getattr(model, method)(X, **given), model)
    seen["kept"] = kept(model)
    if method == "fit":
        seen.update(answers(model, X, y))
        seen["class"] = of_class(model, (*METHODS, *ASKED))
        seen["kept then"] = kept(model)
    seen["wrong"] = came_of(lambda: getattr(model, method)(WRONG, **given), model)
    if seen["first"]["warnings"]:
        strict = new_model(name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            seen["strict"] = came_strictly_of(lambda: getattr(strict, method)(X, **given))
    seen["chance"] = of_chance()
    return seen


def came_strictly_of(call: Callable[[], Any]) -> Story:
    """Return what a call raises where warnings are errors."""
    try:
        call()
    except Exception as error:
        return {"error": of_error(error)}
    return {}


def has_jobs(name: str) -> bool:
    """Whether an estimator can work in several jobs."""
    return "n_jobs" in new_model(name).get_params(deep=False)


def in_two_jobs(name: str, backend: str) -> Story:
    """Train an estimator with ``n_jobs=2`` and ask it."""
    X, y = estimators.data_for(name)
    model = new_model(name, n_jobs=2)
    seeded()
    seen: Story = {}
    with joblib.parallel_config(backend):
        seen["fit"] = came_of(lambda: estimators.fit(model, X, y), model)
        for asked in ("predict", "predict_proba", "transform", "score"):
            if hasattr(model, asked):
                data = (X, y) if asked == "score" and y is not None else (X,)
                method = getattr(model, asked)
                seen[asked] = came_of(lambda method=method, data=data: method(*data))
        seen["kept"] = kept(model)
        if hasattr(model, "_tree"):  # its counts, which threads add to at once
            del seen["kept"]["pickle"]
        if name != "OutputCodeClassifier":  # two of its jobs fail in two ways: either is first
            seen["wrong"] = came_of(lambda: estimators.fit(model, WRONG, y), model)
    seen["chance"] = of_chance()
    return seen
