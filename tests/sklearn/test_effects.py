"""Which functions of a user's may be called once more without that being seen."""

from __future__ import annotations

import functools
import logging
import math
import random
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn

from fitscribe.sklearn.effects import only_computes

CALLS: list[int] = []
CACHE: dict[int, int] = {}
NAMES = ["a", "b"]
WORD = re.compile(r"\w+")
STOP = frozenset({"a", "the"})
CHANCE = np.random.default_rng(0)
OLD_CHANCE = random.Random(0)
STEPS = iter([1, 2, 3])
ARRAY = np.zeros(3)
LOG = logging.getLogger("effects")
count = 0


class Own:
    def __call__(self, X: Any) -> Any:
        return X

    def method(self, X: Any) -> Any:
        return X


def scaled(factor: float) -> Any:
    return lambda X: X * factor


def counting() -> Any:
    n = 0

    def function(X: Any) -> Any:
        nonlocal n
        n += 1
        return X

    return function


def appending() -> Any:
    seen: list[Any] = []

    def function(X: Any) -> Any:
        seen.append(X)
        return X

    return function


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def log_of(X: Any) -> Any:
    return np.log1p(np.abs(X))


def with_ratio(X: Any) -> Any:
    X = X.copy()
    X["ratio"] = X["a"] / X["b"]
    X.columns = [str(column) for column in X.columns]
    return X


def tokens(text: str) -> list[str]:
    found = []
    for word in WORD.findall(text.lower()):
        if word not in STOP:
            found.append(word)
    return found


def sparse(X: Any) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix(X) if sp.issparse(X) else X


def by_row(X: Any) -> Any:
    return X.apply(lambda value: math.sqrt(value) if value > 0 else 0.0)


def both(X: Any) -> Any:
    return pd.concat([with_ratio(X), log_of(X)], axis=1)


def noisy(X: Any) -> Any:  # numpy's global state is put back
    return X + np.random.normal(size=X.shape) + random.random()


def total(X: Any) -> Any:
    n = 0
    for value in X:
        n += value
    return n


def prints(X: Any) -> Any:
    print(X.shape)
    return X


def yielded(text: str) -> Iterator[str]:
    for word in text.split():
        yield word.lower()


@pytest.mark.parametrize(
    "function",
    [
        *(
            np.log1p,
            np.nan_to_num,
            len,
            sorted,
            str,
            str.lower,
            math.sqrt,
            np.vectorize(math.sqrt),
        ),
        *(log_of, with_ratio, tokens, sparse, by_row, both, noisy, total, scaled(2.0)),
        *(lambda X: X[NAMES], lambda text: [CACHE.get(word) for word in text]),
        *(decorated(log_of), functools.partial(log_of), functools.partial(np.add, 1)),
        *(yielded, lambda text: " ".join(word for word in text.split() if word not in STOP)),
        *(print, prints, np.vectorize(prints)),  # what is printed in a look is dropped
    ],
)
def test_what_computes_may_be_called(function: Any) -> None:
    assert only_computes(function, on_copies=True)


def writes(X: Any) -> Any:
    with open("rows.txt", "w") as file:
        file.write(str(X))
    return X


def sets_global(X: Any) -> Any:
    global count
    count += 1
    return X


def sets_global_inside(X: Any) -> Any:
    def inner() -> None:
        global count
        count += 1

    inner()
    return X


def sets_attribute(X: Any) -> Any:
    sets_attribute.calls = 1
    return X


def sets_of_module(X: Any) -> Any:
    np.calls = 1
    return X


def sets_default(X: Any, cache: dict[int, Any] = {}) -> Any:
    cache[1] = X
    return X


def by_another_name(X: Any) -> Any:
    seen = CALLS
    seen.append(1)
    return X


def helper(seen: list[int], X: Any) -> Any:
    seen.append(1)
    return X


def by_operator(X: Any) -> Any:
    import operator

    operator.setitem(CACHE, 1, 2)
    return X


def by_os(X: Any) -> Any:
    import os

    os.environ["EFFECT"] = "1"
    return X


def waits(X: Any) -> Any:
    time.sleep(0.1)
    return X


def makes_a_class(X: Any) -> Any:
    class Inner:
        rows = X

    return Inner


async def is_awaited(X: Any) -> Any:
    return X


@pytest.mark.parametrize(
    "function",
    [
        *(open, CALLS.append, Own(), Own().method, CHANCE.normal, np.vectorize(writes)),
        *(
            writes,
            sets_global,
            sets_global_inside,
            sets_attribute,
            sets_of_module,
            sets_default,
            by_another_name,
        ),
        *(by_operator, by_os, waits, makes_a_class, counting(), appending()),
        *(decorated(writes), functools.partial(writes), functools.partial(helper, CALLS)),
        *(functools.lru_cache(log_of), functools.partial(appending())),
        lambda X: helper(CALLS, X),
        lambda X: writes(X),
        lambda X: list(map(CALLS.append, X)),
        lambda X: CALLS.__setitem__(0, 1),
        lambda X: getattr(CALLS, "append")(1),  # noqa: B009
        lambda X: np.multiply(X, 2, out=ARRAY),
        lambda X: X + CHANCE.normal(size=X.shape),
        lambda X: X + OLD_CHANCE.random(),
        lambda X: X + next(STEPS),
        lambda X: LOG.warning("called") or X,
        lambda X: sys.stdout.write("called") or X,
        lambda X: X.to_csv("called.csv") or X,
        lambda X: Own()(X),
        lambda X: nowhere(X),  # noqa: F821
    ],
)
def test_what_would_be_seen_is_not_called(function: Any) -> None:
    assert not only_computes(function, on_copies=True)


@pytest.mark.parametrize("function", [with_ratio, total, lambda y, p: np.add(y, p, out=y)])
def test_what_may_change_its_arguments_needs_copies(function: Any) -> None:
    assert only_computes(function, on_copies=True)
    assert not only_computes(function)


def test_a_function_of_a_librarys_tests_is_read_as_a_users() -> None:
    assert sklearn.__file__  # a library that is there
    log: list[int] = []
    namespace: dict[str, Any] = {"__name__": "sklearn.tests.test_kernels", "log": log}
    exec("def kernel(x, y, log):\n    log.append(1)\n    return (x * y).sum()", namespace)
    assert not only_computes(namespace["kernel"])
    exec("def product(x, y):\n    return (x * y).sum()", namespace)
    assert only_computes(namespace["product"])


def test_functions_that_call_each_other_are_read_once() -> None:
    def even(n: int) -> bool:
        return n == 0 or odd(n - 1)

    def odd(n: int) -> bool:
        return n != 0 and even(n - 1)

    assert only_computes(even)
