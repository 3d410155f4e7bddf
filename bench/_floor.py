"""What recording a fit costs at least: the same content, written by hand for these workloads.

No fitscribe here. Every part is the cheapest way known: one prediction pass, one sort for the
curves, one hash over the bytes, one SQLite transaction in WAL mode.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sqlite3
import time
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

__all__ = ["Floor"]

TABLES = """
CREATE TABLE runs(id INTEGER PRIMARY KEY, run_id TEXT UNIQUE, experiment INT, name TEXT,
    status TEXT, start INT, end INT, parent INT, artifacts TEXT);
CREATE TABLE params(run INT, key TEXT, value TEXT, PRIMARY KEY(run, key)) WITHOUT ROWID;
CREATE TABLE tags(run INT, key TEXT, value TEXT, PRIMARY KEY(run, key)) WITHOUT ROWID;
CREATE TABLE metrics(run INT, key TEXT, step INT, value REAL, time INT,
    PRIMARY KEY(run, key, step)) WITHOUT ROWID;
CREATE TABLE datasets(run INT, name TEXT, digest TEXT, schema TEXT);
CREATE TABLE models(run INT, model_id TEXT, path TEXT, digest TEXT);
CREATE INDEX by_metric ON metrics(key, value, run);
CREATE INDEX by_param ON params(key, value, run);
"""


class Floor:
    """Records fits into a folder.

    Parameters
    ----------
    folder : Path
        For the database and the model files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.executescript(TABLES)
        names = ("numpy", "scikit-learn", "cloudpickle")
        self.requirements = "\n".join(f"{name}=={metadata.version(name)}" for name in names)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def record(self, estimator: Any, X: Any, y: Any, started: float) -> None:
        """Record one fitted classifier."""
        run_id = uuid.uuid4().hex
        params = {key: str(value) for key, value in estimator.get_params(deep=True).items()}
        proba = estimator.predict_proba(X)
        metrics, curves = scores(np.asarray(y), proba, estimator.classes_)
        digest = data_digest(X, y)
        self._files(run_id, estimator, X, proba, curves)
        tags = {"user": "me", "source": __file__, "estimator": type(estimator).__name__}
        children = []
        results = getattr(estimator, "cv_results_", None)
        if results is not None:
            with (self.folder / f"{run_id}.csv").open("w") as table:
                for name, column in results.items():
                    table.write(f"{name},{','.join(map(str, column))}\n")
            children = list(candidates(estimator, results))
        self.write_rows(
            run_id, params, metrics, tags, (digest, str(np.shape(X))), started, children
        )

    def _files(
        self, run_id: str, estimator: Any, X: Any, proba: Any, curves: dict[str, Any]
    ) -> None:
        data = pickle.dumps(estimator, protocol=5)
        name = hashlib.sha256(data).hexdigest()
        columns = [str(c) for c in getattr(X, "columns", range(X.shape[1]))]
        description = json.dumps(
            {"columns": columns, "output": str(proba.dtype), "requirements": self.requirements}
        )
        folder = self.folder / run_id
        folder.mkdir()
        for file, content in (
            ("model.pkl", data),
            ("MLmodel", description.encode()),
            ("requirements.txt", self.requirements.encode()),
            ("curves.json", json.dumps(curves).encode()),
        ):
            beside = folder / f".{file}"
            beside.write_bytes(content)
            os.replace(beside, folder / file)
        (folder / "digest").write_text(name)

    def write_rows(
        self,
        run_id: str,
        params: dict[str, str],
        metrics: dict[str, float],
        tags: dict[str, str],
        dataset: tuple[str, str],
        started: float,
        children: list[tuple[dict[str, str], dict[str, float]]],
    ) -> None:
        """Write one run and its children in one transaction."""
        database, now = self.database, int(time.time() * 1000)
        database.execute("BEGIN IMMEDIATE")
        insert = "INSERT INTO runs VALUES (NULL, ?, 0, ?, 'FINISHED', ?, ?, ?, ?)"
        row: tuple[object, ...] = (run_id, "run", int(started * 1000), now, None, run_id)
        parent = database.execute(insert, row).lastrowid
        database.execute("INSERT INTO datasets VALUES (?, 'X', ?, ?)", (parent, *dataset))
        database.execute("INSERT INTO models VALUES (?, ?, ?, '')", (parent, run_id, run_id))
        for number, (one_params, one_metrics) in enumerate([(params, metrics), *children]):
            run = parent
            if number:
                row = (uuid.uuid4().hex, "child", int(started * 1000), now, parent, "")
                run = database.execute(insert, row).lastrowid
            database.executemany(
                "INSERT INTO params VALUES (?, ?, ?)", [(run, *p) for p in one_params.items()]
            )
            database.executemany(
                "INSERT INTO metrics VALUES (?, ?, 0, ?, ?)",
                [(run, key, value, now) for key, value in one_metrics.items()],
            )
            database.executemany(
                "INSERT INTO tags VALUES (?, ?, ?)", [(run, *t) for t in tags.items()]
            )
        database.execute("COMMIT")


def candidates(search: Any, results: Any) -> Any:
    """Yield params and metrics of each candidate."""
    base = {key: str(value) for key, value in search.estimator.get_params().items()}
    columns = [name for name in results if not name.startswith(("param",))]
    for place, row in enumerate(results["params"]):
        params = {**base, **{key: str(value) for key, value in row.items()}}
        yield params, {name: float(results[name][place]) for name in columns}


def data_digest(X: Any, y: Any) -> str:
    """Return a digest of every byte."""
    digest = xxhash.xxh3_128()
    if hasattr(X, "columns"):
        for name in X.columns:
            column = X[name].to_numpy()
            if column.dtype == object:
                digest.update("\0".join(column).encode())
            else:
                digest.update(np.ascontiguousarray(column).data)
    else:
        digest.update(X.data)
    digest.update(np.ascontiguousarray(y).data)
    return digest.hexdigest()


def scores(y: Any, proba: Any, classes: Any) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the seven metrics of a binary classifier and its three curves, from one sort."""
    n = len(y)
    truth = y == classes[1]
    guess = proba[:, 1] > proba[:, 0]
    tp = int(np.count_nonzero(truth & guess))
    fp = int(np.count_nonzero(guess)) - tp
    fn = int(np.count_nonzero(truth)) - tp
    tn = n - tp - fp - fn
    support = np.array([tn + fp, tp + fn]) / n
    precision = np.array([tn / max(tn + fn, 1), tp / max(tp + fp, 1)])
    recall = np.array([tn / max(tn + fp, 1), tp / max(tp + fn, 1)])
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    order = np.argsort(-proba[:, 1], kind="stable")
    ranked = truth[order]
    steps = np.r_[np.nonzero(np.diff(proba[order, 1]))[0], n - 1]
    tps = np.cumsum(ranked)[steps]
    fps = 1 + steps - tps
    tpr, fpr = np.r_[0, tps / tps[-1]], np.r_[0, fps / fps[-1]]
    picked = np.where(truth, proba[:, 1], proba[:, 0])
    accuracy = (tp + tn) / n
    metrics = {
        "precision": float(precision @ support),
        "recall": float(recall @ support),
        "f1": float(f1 @ support),
        "accuracy": accuracy,
        "log_loss": float(-np.log(np.clip(picked, 1e-15, 1)).mean()),
        "roc_auc": float(np.trapezoid(tpr, fpr) if hasattr(np, "trapezoid") else 0.0),
        "score": accuracy,
    }
    curves = {
        "roc": [fpr.tolist(), tpr.tolist()],
        "pr": [(tps / (tps + fps)).tolist(), (tps / tps[-1]).tolist()],
        "confusion": [[tn, fp], [fn, tp]],
    }
    return metrics, curves
