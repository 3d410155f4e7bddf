"""Beside MLflow: load every model folder of a folder, and write down what it is and says.

Usage: load_ours.py FOLDER; FOLDER/<name>/model are the models, FOLDER/<name>/X.pkl their input.
"""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import asked
import mlflow
import mlflow.pyfunc
import mlflow.sklearn
from mlflow.exceptions import MlflowException
from mlflow.models import Model

FIELDS = ("run_id", "model_uuid", "mlflow_version", "utc_time_created", "metadata", "flavors")


def served(folder: Path, X: Any) -> Any:
    """Return what python_function answers, or the error's name."""
    try:
        model = mlflow.pyfunc.load_model(str(folder))
    except MlflowException as error:
        return f"{type(error).__name__}"
    return asked.plain(model.predict(X))


def looked_at(folder: Path, X: Any) -> dict[str, Any]:
    """Return all that MLflow knows of a model folder."""
    described = Model.load(str(folder))
    model = mlflow.sklearn.load_model(str(folder))
    signature = described.signature
    return {
        "class": f"{type(model).__module__}.{type(model).__qualname__}",
        "answers": asked.answers(model, X),
        "served": served(folder, X),
        "fields": {name: getattr(described, name) for name in FIELDS},
        "signature": None if signature is None else signature.to_dict(),
        "example": described.load_input_example(str(folder)),
        "yaml": described.to_yaml(),
    }


def main(folder: Path) -> None:
    for model in sorted(folder.glob("*/model")):
        try:
            found = looked_at(model, asked.kept(model.parent / "X.pkl"))
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        asked.keep(model.parent / "found.pkl", found)


if __name__ == "__main__":
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
