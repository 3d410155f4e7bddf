"""``autolog(disable=True)`` puts every name that was patched back exactly."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

# Everything that could be reached: the contents of classes, modules and cells, by identity.
SCRIPT = """
import importlib, pkgutil, signal, sys, threading, warnings
from concurrent.futures import ThreadPoolExecutor

import joblib, numpy as np, sklearn
from sklearn.utils import all_estimators

for found in pkgutil.walk_packages(sklearn.__path__, "sklearn."):
    if any(part in found.name for part in (".tests", ".externals", ".experimental")):
        continue
    try:
        importlib.import_module(found.name)
    except ImportError:
        pass
all_estimators()
import fitscribe, fitscribe.sklearn
fitscribe.set_tracking_uri("home")

THEIRS = ("sklearn", "joblib", "threading", "concurrent", "warnings", "logging", "random")

def places():
    kept = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in THEIRS:
            for key, value in list(vars(module).items()):
                # What a module notes of itself is no patch.
                if callable(value) and not key.startswith("__"):
                    kept[name, key] = value
                if isinstance(value, type) and value.__module__.partition(".")[0] in THEIRS:
                    for attribute, held in list(vars(value).items()):
                        if callable(held) or hasattr(held, "__get__"):
                            kept[name, key, attribute] = held
                        look_into(kept, (name, key, attribute), held)
                look_into(kept, (name, key), value)
    kept["meta_path"] = tuple(sys.meta_path)
    kept["sys", "excepthook"] = sys.excepthook
    kept["SIGTERM"] = signal.getsignal(signal.SIGTERM)
    return kept

def look_into(kept, where, value):
    value = getattr(value, "__func__", value)
    cells = getattr(value, "__closure__", None)
    for place, cell in enumerate(cells if isinstance(cells, tuple) else ()):
        try:
            kept[(*where, place)] = cell.cell_contents
        except ValueError:
            pass

def differences(before, after):
    changed = [key for key in before.keys() | after.keys() if key != "meta_path"
               and before.get(key) is not after.get(key)]
    changed += [] if before["meta_path"] == after["meta_path"] else ["meta_path"]
    return sorted(map(str, changed))

def use():
    from sklearn.cluster import KMeans
    from sklearn.inspection import permutation_importance
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.metrics import accuracy_score, get_scorer
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    rng = np.random.default_rng(0)
    X, y = rng.random((40, 3)), np.arange(40) % 2
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    accuracy_score(y, model.predict(X))
    get_scorer("f1")(model, X, y)
    KMeans(2, n_init=1).fit_predict(X)
    cross_val_score(model, X, y)
    SGDClassifier().partial_fit(X, y, classes=[0, 1])
    GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2, n_jobs=2).fit(X, y)
    permutation_importance(model, X, y, n_repeats=2)
    with fitscribe.sklearn.autolog_disabled():
        LogisticRegression().fit(X, y)

use()  # what is imported on the way
before = places()
fitscribe.sklearn.autolog(silent=True)
while_on = differences(before, places())
use()
fitscribe.sklearn.autolog(disable=True)
fitscribe.autolog(silent=True)
with fitscribe.start_run():  # what runs need is put back once none is open
    use()
fitscribe.sklearn.autolog(disable=True)
after = differences(before, places())
on = {word: any(word in one for one in while_on) for word in WORDS}
print("missing while on:", [word for word, found in on.items() if not found])
print("left:", after[:20], len(after))
"""
WORDS = [
    "'LogisticRegression', 'fit'",
    "'accuracy_score'",
    "'cross_val_score'",
    "'_BaseScorer', '__call__'",
    "'_MultimetricScorer', '__call__'",
    "'Pipeline', '_log_message'",
    "'warnings', '_showwarnmsg'",
    "'Thread', 'start'",
    "'ThreadPoolExecutor', 'submit'",
    "'Parallel', '__call__'",
    "'__init_subclass__'",
    "'permutation_importance'",
]

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_every_patched_name_is_put_back(run_python: Run) -> None:
    done = run_python(f"WORDS = {WORDS!r}\n{SCRIPT}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["missing while on: []", "left: [] 0"], done.stdout


def test_a_run_that_is_open_is_still_taken_into_threads(run_python: Run) -> None:
    done = run_python(
        """
        import threading, fitscribe, fitscribe.sklearn
        start = threading.Thread.start
        fitscribe.set_tracking_uri("home")
        fitscribe.sklearn.autolog(silent=True)
        run = fitscribe.start_run()
        fitscribe.sklearn.autolog(disable=True)
        thread = threading.Thread(target=lambda: fitscribe.log_metric("a", 1.0))
        thread.start(); thread.join()
        fitscribe.end_run()
        print(fitscribe.get_run(run.info.run_id).data.metrics)
        fitscribe.sklearn.autolog(disable=True)
        print(threading.Thread.start is start)
        """
    )
    assert done.stdout.splitlines() == ["{'a': 1.0}", "True"], done.stderr
