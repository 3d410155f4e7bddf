"""What one recorded fit costs, as counts: modules, sockets, processes, transactions, passes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn import golden

RunPython = Callable[..., subprocess.CompletedProcess[str]]
# At most so many rows are predicted besides, for the signature and for rows to compare with.
FEW = 16

# Every event of the interpreter that opens a socket or starts a process, and every statement of
# every SQLite connection. Printed as a literal.
WATCHED = """
import sqlite3, sys, threading
sockets, processes, statements = [], [], []
def watch(event, arguments):
    if event.startswith("socket."):
        sockets.append((event, str(arguments)))
    elif event in ("subprocess.Popen", "os.system", "os.fork", "os.exec", "os.spawn"):
        processes.append((event, str(arguments[:2])))
connect = sqlite3.connect
def traced(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.set_trace_callback(statements.append)
    return connection
sqlite3.connect = traced
import numpy as np
from sklearn.linear_model import LogisticRegression
before = set(sys.modules)
sys.addaudithook(watch)
{body}
import atexit
atexit._run_exitfuncs()
print(dict(
    sockets=sockets,
    processes=processes,
    first=statements[:first],
    others=statements[first:],
    modules=sorted(set(sys.modules) - before),
    threads=threading.active_count(),
))
"""
FIT = """
import fitscribe.sklearn
fitscribe.sklearn.autolog(silent=True)
X = np.random.default_rng(0).normal(size=(200, 5))
y = np.arange(200) % 2
LogisticRegression().fit(X, y)
"""
AND_THREE = """
first = len(statements)
for C in (0.1, 1.0, 10.0):
    LogisticRegression(C=C).fit(X, y)
"""
# `import fitscribe.sklearn` and one fit need none of these; each costs more than the fit.
HEAVY = {
    "alembic",
    "pandas",
    "matplotlib",
    "sqlalchemy",
    "polars",
    "pyarrow",
    "psycopg",
    "IPython",
}


@pytest.fixture
def watched(run_python: RunPython) -> Callable[[str], dict[str, Any]]:
    """Return what runs a script in a new process and tells what it did."""

    def run(body: str) -> dict[str, Any]:
        done = run_python(WATCHED.replace("{body}", body))
        assert done.stderr == ""
        told: dict[str, Any] = ast.literal_eval(done.stdout)
        return told

    return run


def git(*arguments: str, cwd: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


# A fresh process


def test_fits_of_a_fresh_process(watched: Callable[[str], dict[str, Any]], tmp_path: Path) -> None:
    told = watched(FIT + AND_THREE)
    assert {name.split(".")[0] for name in told["modules"]} & HEAVY == set()
    assert told["sockets"] == []
    assert told["processes"] == []  # there is no repository here
    assert told["threads"] == 1
    assert (tmp_path / ".fitscribe" / "fitscribe.db").is_file()
    first, others = told["first"], told["others"]
    # Besides: to make the database; to look for runs of dead processes and for the experiment.
    assert transactions(first, "COMMIT") <= 1 + 2
    assert transactions(first, "BEGIN") <= 1 + 2 + 2
    assert 3 <= transactions(others, "COMMIT") <= 3 * 2
    assert transactions(others, "BEGIN") == transactions(others, "COMMIT")


def transactions(statements: list[str], word: str) -> int:
    """Return how many transactions begin, or are committed (those that only read are not)."""
    return sum(text.startswith(word) for text in statements)


def test_git_is_asked_once_for_many_fits(
    watched: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    git("init", "--quiet", cwd=tmp_path)
    git("commit", "--allow-empty", "--quiet", "--message=first", cwd=tmp_path)
    told = watched(FIT + AND_THREE)
    ((event, arguments),) = told["processes"]
    assert event == "subprocess.Popen"
    assert "'git'" in arguments
    assert told["sockets"] == []
    runs = fitscribe.Client(tmp_path / ".fitscribe").search_runs(["0"])
    assert len(runs) == 4
    assert {run.data.tags["fitscribe.source.git.dirty"] for run in runs} == {"false"}
    assert len({run.data.tags["mlflow.source.git.commit"] for run in runs}) == 1


# Passes over X


class Counting(ClassifierMixin, BaseEstimator):
    """A classifier of the user's own that notes how many rows each of its methods is given."""

    # Of the class: we may ask a copy of the fitted object.
    rows: ClassVar[dict[str, list[int]]] = {}

    def fit(self, X: Any, y: Any) -> Counting:
        self.classes_ = np.unique(y)
        self.rows.update(predict=[], predict_proba=[])
        return self

    def predict_proba(self, X: Any) -> Any:
        self.rows["predict_proba"].append(len(X))
        return np.tile([0.25, 0.75], (len(X), 1))

    def predict(self, X: Any) -> Any:
        self.rows["predict"].append(len(X))
        return np.full(len(X), self.classes_[-1])


def counted(monkeypatch: pytest.MonkeyPatch, cls: type, *names: str) -> dict[str, list[int]]:
    """Note how many rows the methods of a class of scikit-learn's are given."""
    rows: dict[str, list[int]] = {name: [] for name in names}

    def counting(name: str) -> Any:
        original = getattr(cls, name)

        def method(self: Any, X: Any, *arguments: Any, **options: Any) -> Any:
            rows[name].append(len(X))
            return original(self, X, *arguments, **options)

        return method

    for name in names:
        monkeypatch.setattr(cls, name, counting(name))
    return rows


@pytest.fixture
def data(home: Path) -> Any:
    fitscribe.sklearn.autolog(silent=True)
    X = np.random.default_rng(0).normal(size=(500, 4))
    yield X, (X[:, 0] > 0).astype(int)
    fitscribe.sklearn.autolog(disable=True)


def passes(rows: dict[str, list[int]], name: str) -> int:
    """Return how many passes over 500 rows there were, apart from a few rows."""
    few = sum(length for length in rows[name] if length <= FEW)
    assert few <= FEW
    assert {length for length in rows[name] if length > FEW} <= {500}
    return sum(length > FEW for length in rows[name])


def test_a_class_of_ones_own_is_asked_once_for_each_answer(data: Any) -> None:
    X, y = data
    model = Counting().fit(X, y)
    assert passes(model.rows, "predict_proba") == 1
    assert passes(model.rows, "predict") == 1  # its own rule: it need not be the likeliest class
    assert len(fitscribe.search_runs()) == 1


def test_where_predict_follows_from_the_probabilities_one_pass_is_made(
    data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = data
    rows = counted(
        monkeypatch, LogisticRegression, "decision_function", "predict", "predict_proba"
    )
    LogisticRegression().fit(X, y)
    assert passes(rows, "predict_proba") == 1
    assert passes(rows, "decision_function") == 1  # which predict_proba asks itself
    assert passes(rows, "predict") == 0


@pytest.mark.parametrize("cls", [KNeighborsClassifier, SVC])
def test_where_a_prediction_costs_more_than_the_fit_it_is_of_a_sample(
    data: Any, monkeypatch: pytest.MonkeyPatch, cls: type
) -> None:
    X, y = (np.tile(array, (20, 1) if array.ndim == 2 else 20) for array in data)
    rows = counted(monkeypatch, cls, "predict")
    cls().fit(X, y)
    assert sum(rows["predict"]) < len(X) / 2
    run = fitscribe.last_active_run()
    assert run is not None
    assert "training_accuracy_score" in run.data.metrics
    assert any("sample" in key for key in run.data.tags)


def test_the_data_are_read_once_for_the_profile_and_the_golden_rows(
    data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = data
    made: list[Any] = []
    original = golden.profile_of

    def noted(*arguments: Any) -> Any:
        made.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(golden, "profile_of", noted)
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, y)  # keeps two models
    assert len(made) == 1
    assert made[0][0] is X
    fitscribe.sklearn.autolog(silent=True, log_golden_rows=False, log_model_profiles=False)
    LogisticRegression().fit(X, y)
    assert len(made) == 1


def test_nothing_is_predicted_with_autologging_off(data: Any) -> None:
    X, y = data
    fitscribe.sklearn.autolog(disable=True)
    assert Counting().fit(X, y).rows == {"predict": [], "predict_proba": []}


def our_calls(call: Callable[[], Any]) -> list[str]:
    """Return the functions of ours that this thread enters while something is called."""
    entered: list[str] = []

    def note(frame: Any, event: str, argument: object) -> None:
        del argument
        if event == "call" and str(frame.f_globals.get("__name__")).startswith("fitscribe"):
            entered.append(frame.f_code.co_qualname)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return entered


# Where the caches hold nothing of ours two dozen calls take 50 µs, which is all there is.
@pytest.mark.usefixtures("autologging")
@pytest.mark.parametrize(
    ("what", "most"), [("predict", 34), ("score", 40), ("accuracy", 30), ("slice", 50)]
)
def test_a_call_after_the_fit_makes_few_calls_of_its_own(what: str, most: int) -> None:
    X = np.random.default_rng(0).normal(size=(200, 5))
    y = np.arange(200) % 2
    model = LogisticRegression().fit(X, y)
    labels, chances = model.predict(X), model.predict_proba(X)
    call = {
        "predict": lambda: model.predict(X),
        "score": lambda: model.score(X, y),
        "accuracy": lambda: accuracy_score(y, labels),
        "slice": lambda: roc_auc_score(y, chances[:, 1]),
    }[what]
    for _ in range(3):
        call()
    assert 0 < len(our_calls(call)) <= most
