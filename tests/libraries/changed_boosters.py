"""Boosters of XGBoost and LightGBM whose own bytes were changed at random, read and used.

``python changed_boosters.py LIBRARY SEED FIRST LAST``: in a process of its own, for what gets past
the loader may crash it. Prints how many were refused and how many were used, and where it is, so
that a crash tells which change it was. Each change depends on the seed and its number alone.
"""

from __future__ import annotations

import copyreg
import faulthandler
import importlib
import io
import pickle
import random
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.trust.reader import read

__all__ = ["LIBRARIES", "forged"]

HANG_S = 30
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4))
R = 2 * X[:, 0] - X[:, 2] + 0.1 * RNG.normal(size=80)
Y, Y3 = (R > 0).astype(int), np.digitize(R, [-1.0, 1.0])
KINDS = pd.DataFrame(X[:, :3], columns=list("abc")).assign(
    e=pd.Categorical.from_codes(RNG.integers(0, 12, 80), [f"kind {i}" for i in range(12)])
)
Model = tuple[Any, Any]


def _xgboost() -> list[Model]:
    xgboost = importlib.import_module("xgboost")
    few = {"n_estimators": 3, "max_depth": 3, "n_jobs": 1}
    one, several = xgboost.XGBRegressor, xgboost.XGBClassifier
    return [
        (one(**few).fit(X, R), X),
        (several(**few, tree_method="exact", gamma=1).fit(X, Y3), X),
        (several(**few, booster="dart", rate_drop=0.5).fit(X, Y), X),
        (one(**few, enable_categorical=True, max_cat_to_onehot=1).fit(KINDS, R), KINDS),
        (one(**few, multi_strategy="multi_output_tree").fit(X, X[:, :2]), X),
        (several(n_estimators=3, n_jobs=1, booster="gblinear").fit(X, Y3), X),
    ]


def _lightgbm() -> list[Model]:
    lightgbm = importlib.import_module("lightgbm")
    few = {"n_estimators": 3, "num_leaves": 5, "verbose": -1, "n_jobs": 1, "min_child_samples": 5}
    bagged = {"subsample": 0.5, "subsample_freq": 1}
    one, several = lightgbm.LGBMRegressor, lightgbm.LGBMClassifier
    return [
        (one(**few).fit(X, R), X),
        (several(**few).fit(X, Y3), X),
        (one(**few, min_data_per_group=1, cat_smooth=0.1).fit(KINDS, R), KINDS),
        (one(**few, linear_tree=True).fit(X, R), X),
        (several(**few, boosting_type="rf", **bagged).fit(X, Y), X),
        (one(**few).fit(X[:8], R[:8]), X),
    ]


LIBRARIES: dict[str, tuple[Callable[[], list[Model]], str, str]] = {
    "xgboost": (_xgboost, "xgboost.core", "handle"),
    "lightgbm": (_lightgbm, "lightgbm.basic", "_handle"),
}


class _Forger(pickle.Pickler):
    """A pickler that writes other content where a booster has its own."""

    def __init__(self, library: str, change: Callable[[Any], Any], protocol: int) -> None:
        self.stream = io.BytesIO()
        super().__init__(self.stream, protocol)
        _, module, self.key = LIBRARIES[library]
        self.booster = importlib.import_module(module).Booster
        self.change, self.protocol = change, protocol

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is not self.booster:
            return NotImplemented
        state = obj.__getstate__()
        state[self.key] = self.change(state[self.key])
        if self.protocol < 2:
            return copyreg._reconstructor, (self.booster, object, None), state
        return copyreg.__newobj__, (self.booster,), state


def forged(library: str, model: Any, change: Callable[[Any], Any], protocol: int = 5) -> bytes:
    """Return the pickle of a model whose booster's content is what `change` makes of its own."""
    forger = _Forger(library, change, protocol)
    forger.dump(model)
    return forger.stream.getvalue()


def _change_bytes(content: bytearray, chance: random.Random) -> bytearray:
    """Change one to four places: anywhere, or in numbers and in what begins a value."""
    found = bytearray(content)
    places = [match.end() for match in re.finditer(rb"\[\$[lLUd]#L|[}\w]L\x00|SL", found)]
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = chance.randrange(len(found) - 8)
        if chance.random() < 0.5:
            place = min(chance.choice(places) + chance.randrange(40), len(found) - 8)
        how = chance.randrange(5)
        if how == 0:
            found[place] ^= 1 << chance.randrange(8)
        elif how == 1:
            found[place] = chance.choice((0, 1, 2, 0x7F, 0x80, 0xFF))
        elif how == 2:
            value = chance.choice((-1, 0, 1, 7, 1 << 20, -(1 << 20), chance.getrandbits(31)))
            found[place : place + 4] = value.to_bytes(4, "big", signed=True)
        elif how == 3:
            digits = [
                at for at in range(place, min(place + 60, len(found))) if found[at] in DIGITS
            ]
            if digits:
                found[chance.choice(digits)] = chance.choice(b"0123456789-e")
        else:
            other = chance.randrange(len(found) - 8)
            found[place : place + 4] = found[other : other + 4]
    return found


DIGITS = b"0123456789"
WORDS = (
    "0",
    "1",
    "2",
    "-1",
    "-2",
    "-7",
    "99",
    "1000000",
    "-99999999",
    "2147483647",
    "x",
    "",
    "1e9",
)


def _change_text(content: str, chance: random.Random) -> str:
    """Change one to four places: characters, digits, words or lines; sizes may be made to fit."""
    text = content
    end = text.find("parameters:")
    for _ in range(chance.choice((1, 1, 2, 4))):
        end = min(end if end > 0 else len(text), len(text))
        how = chance.randrange(6)
        if how == 0:
            place = chance.randrange(end)
            text = text[:place] + chr(chance.randrange(1, 127)) + text[place + 1 :]
        elif how < 4:
            form = r"\d" if how == 1 else r"(?<=[ =\n])[^ =\n]+(?=[ \n])"
            match = chance.choice(list(re.finditer(form, text[:end])))
            word = str(chance.randrange(10)) if how == 1 else chance.choice(WORDS)
            text = text[: match.start()] + word + text[match.end() :]
        else:
            lines = text[:end].split("\n")
            at = chance.randrange(len(lines))
            lines[at : at + 1] = [] if how == 4 else [lines[at], chance.choice(lines)]
            text = "\n".join(lines) + text[end:]
    return _sizes_made_to_fit(text) if chance.random() < 0.7 else text


def _sizes_made_to_fit(text: str) -> str:
    """Return a text whose trees are as long as it says."""
    starts = [match.start() + 1 for match in re.finditer(r"\nTree=", text)]
    ends = [*starts, text.find("end of trees")][1:] if starts else []
    sizes = " ".join(str(end - start) for start, end in zip(starts, ends, strict=True))
    return re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", text, count=1)


def changed(content: Any, chance: random.Random) -> Any:
    """Return other content than a booster's own."""
    return (_change_text if type(content) is str else _change_bytes)(content, chance)


def use(model: Any, rows: Any) -> None:
    """Let compiled code read all that a model holds."""
    asked = [model.predict]
    if hasattr(model, "predict_proba"):
        asked.append(model.predict_proba)
    if type(model).__module__.startswith("lightgbm"):
        asked += [
            lambda rows: model.predict(rows, pred_leaf=True),
            lambda rows: model.predict(rows, pred_contrib=True),
            lambda rows: model.booster_.feature_importance("gain"),
        ]
    else:
        booster = model.get_booster()
        matrix = importlib.import_module("xgboost").DMatrix
        categorical = rows is KINDS
        asked += [
            lambda rows: booster.predict(matrix(rows, enable_categorical=categorical)),
            model.apply,
            lambda rows: booster.predict(
                matrix(rows, enable_categorical=categorical), pred_contribs=True
            ),
            lambda rows: booster.get_score(importance_type="gain"),
        ]
    for ask in asked:
        try:
            ask(rows)
        except Exception:  # noqa: BLE001 - whatever it says of nonsense, it says it
            pass


def main(library: str, seed: int, first: int, last: int) -> None:
    """Change, read and use."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    faulthandler.enable()
    models = LIBRARIES[library][0]()
    refused = used = 0
    for number in range(first, last):
        chance = random.Random(f"{seed} {number}")
        model, rows = models[number % len(models)]
        data = forged(library, model, lambda content, chance=chance: changed(content, chance))
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        print(number, file=sys.stderr, flush=True)
        try:
            found = read(data)
        except FitscribeError:
            refused += 1
            continue
        use(found, rows)
        used += 1
    faulthandler.cancel_dump_traceback_later()
    print(refused, used)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
