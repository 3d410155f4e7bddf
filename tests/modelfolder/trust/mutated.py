"""Models whose content was changed at random, read and used.

``python mutated.py KIND SEED COUNT``: in a process of its own, for what gets past the loader may
crash it. Prints how many were refused and how many were used, and where it is, so that a crash
tells which change it was.
"""

from __future__ import annotations

import faulthandler
import pickle
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.svm import SVC, SVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.trust.reader import read

__all__ = ["KINDS"]

HANG_S = 20
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 1)
CATEGORIES = X.copy()
CATEGORIES[:, 3] = RNG.integers(0, 6, len(X))
S = sparse.random(30, 20, 0.2, random_state=0)


def boosted() -> Any:
    model = HistGradientBoostingClassifier(max_iter=3, categorical_features=[3], random_state=0)
    return model.fit(CATEGORIES, Y)


KINDS: dict[str, Callable[[], list[Any]]] = {
    "tree": lambda: [
        DecisionTreeClassifier(random_state=0).fit(X, Y),
        RandomForestClassifier(3, random_state=0).fit(X, Y),
        ExtraTreesRegressor(3, random_state=0).fit(X, X[:, :2]),
        GradientBoostingClassifier(n_estimators=3, random_state=0).fit(X, Y),
        IsolationForest(n_estimators=3, max_features=2, random_state=0).fit(X),
    ],
    "predictor": lambda: [boosted()],
    "neighbours": lambda: [
        KNeighborsClassifier(algorithm="kd_tree", leaf_size=5).fit(X, Y),
        KNeighborsClassifier(
            algorithm="ball_tree",
            leaf_size=5,
            metric="seuclidean",
            metric_params={"V": np.ones(4)},
        ).fit(X, Y),
        LocalOutlierFactor(novelty=True, algorithm="kd_tree").fit(X),
    ],
    "sparse": lambda: [S.asformat(form) for form in ("csr", "csc", "coo", "bsr", "dia")],
    "svm": lambda: [
        SVC(probability=False).fit(X, Y),
        SVR().fit(X, Y),
        OneClassSVM().fit(X),
        SVC(kernel="precomputed").fit(X @ X.T, Y),
        SVC().fit(sparse.csr_matrix(X), Y),
    ],
    "coefficients": lambda: [LogisticRegression().fit(X, Y)],
}


def use(model: Any) -> None:
    """Let compiled code read all that a model holds."""
    if sparse.issparse(model):
        for form in ("csr", "csc", "coo"):
            made = model.asformat(form)
            made.sum_duplicates()
            made @ np.ones(model.shape[1])
            made.T @ made
            made + made
        model.toarray()
        return
    X_used = X @ X.T if getattr(model, "kernel", None) == "precomputed" else X
    for method in ("predict", "predict_proba", "decision_function", "apply", "score_samples"):
        asked = getattr(model, method, None)
        if asked is not None:
            asked(X_used)
            if type(model).__name__ == "SVC" and model._sparse:
                asked(sparse.csr_matrix(X_used))
    for name in ("kneighbors", "decision_path"):
        if hasattr(model, name):
            getattr(model, name)(X_used)


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return a pickle with some bytes that are others, most of them where arrays lie."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        place = chance.randrange(20, len(found))
        how = chance.randrange(4)
        if how == 0:
            found[place] ^= 1 << chance.randrange(8)
        elif how == 1:
            found[place] = chance.choice((0, 1, 2, 0x7F, 0x80, 0xFF))
        elif how == 2:  # a whole number, large or negative
            start = place - place % 8
            value = chance.choice((-1, 0, 1, 1 << 20, 1 << 40, -(1 << 33), chance.getrandbits(62)))
            found[start : start + 8] = value.to_bytes(8, "little", signed=True)
        else:
            other = chance.randrange(20, len(found) - 8)
            found[place : place + 8] = found[other : other + 8][: len(found) - place]
    return bytes(found[: len(data)])


def main(kind: str, seed: int, count: int) -> None:
    """Change, read and use."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    faulthandler.enable()
    models = [pickle.dumps(model, 5) for model in KINDS[kind]()]
    chance = random.Random(seed)
    refused = used = 0
    for number in range(count):
        data = changed(models[number % len(models)], chance)
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        print(number, file=sys.stderr, flush=True)
        try:
            model = read(data)
        except FitscribeError:
            refused += 1
            continue
        try:
            use(model)
        except Exception:  # noqa: BLE001 - whatever it says of nonsense, it says it
            pass
        used += 1
    faulthandler.cancel_dump_traceback_later()
    print(refused, used)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
