"""Beside MLflow: log models by all of its ways, and write down where they lie and what they say.

Usage: log_theirs.py FOLDER. Every folder with an MLmodel below FOLDER/store and FOLDER/downloaded
is loaded and asked; FOLDER/found.pkl has path, input, answers and the input example of each.
"""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import asked
import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.artifacts import download_artifacts
from mlflow.models import Model
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(0)
ARRAY = rng.normal(size=(60, 4))
LABELS = (ARRAY.sum(axis=1) > 0).astype(int)
FRAME = pd.DataFrame(ARRAY, columns=list("abcd"))
TEXTS = ["red and green", "blue", "green", "red"] * 5
REQUIREMENTS = ["scikit-learn"]


def models() -> dict[str, tuple[Any, Any]]:
    """Return models, and an input example of each."""
    return {
        "logistic": (LogisticRegression().fit(FRAME, LABELS), FRAME[:3]),
        "forest": (RandomForestClassifier(5, random_state=0).fit(ARRAY, LABELS), ARRAY[:3]),
        "pipe": (make_pipeline(StandardScaler(), Ridge()).fit(FRAME, ARRAY), FRAME[:3]),
        "scaler": (StandardScaler().fit(ARRAY), None),
        "texts": (
            make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, [0, 1] * 10),
            TEXTS[:2],
        ),
    }


def input_of(model: Any) -> Any:
    """Return what a loaded model is asked."""
    if hasattr(model, "feature_names_in_"):
        return FRAME
    first = model.steps[0][1] if hasattr(model, "steps") else model
    return TEXTS if isinstance(first, TfidfVectorizer) else ARRAY


def main(folder: Path) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = mlflow.create_experiment("theirs", (folder / "store").as_uri())
    mlflow.set_experiment(experiment_id=experiment)
    downloaded = folder / "downloaded"
    for name, (model, example) in models().items():
        for serialization_format in ("pickle", "cloudpickle"):
            with mlflow.start_run() as run:
                mlflow.sklearn.log_model(
                    model,
                    "model",
                    serialization_format=serialization_format,
                    registered_model_name=name,
                    input_example=example,
                    pip_requirements=REQUIREMENTS,
                    metadata={"of": name},
                )
            into = downloaded / f"run-{name}-{serialization_format}"
            download_artifacts(f"runs:/{run.info.run_id}/model", dst_path=str(into))
        mlflow.MlflowClient().set_registered_model_alias(name, "champion", 1)
        into = downloaded / f"version-{name}"
        into.mkdir()
        download_artifacts(f"models:/{name}@champion", dst_path=str(into))
    mlflow.sklearn.autolog(log_input_examples=True, silent=True)
    LogisticRegression(C=0.5).fit(FRAME, LABELS)
    RandomForestClassifier(3, random_state=0).fit(ARRAY, LABELS)
    GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit(ARRAY, ARRAY[:, 0])
    mlflow.sklearn.autolog(disable=True)
    found = []
    for file in sorted([*folder.glob("store/**/MLmodel"), *downloaded.glob("**/MLmodel")]):
        path = str(file.parent)
        model, described = mlflow.sklearn.load_model(path), Model.load(path)
        X = input_of(model)
        found.append(
            {
                "path": path,
                "X": X,
                "answers": asked.answers(model, X),
                "example": described.load_input_example(path),
                "signature": described.signature and described.signature.to_dict(),
            }
        )
    asked.keep(folder / "found.pkl", found)


if __name__ == "__main__":
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
