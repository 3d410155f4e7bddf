"""Beside MLflow: save every estimator of a folder by `mlflow.sklearn.save_model`.

Usage: save_theirs.py FOLDER FORMAT; FOLDER/<name>/estimator.pkl are the estimators. It prints the
names of those that MLflow could not save, with the reason.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import asked
import mlflow.sklearn
from mlflow.models import infer_signature


def options(estimator: Any, X: Any, serialization_format: str) -> dict[str, Any]:
    """Return how an estimator is saved: with an example and a signature where they are taken."""
    # Named, or MLflow starts a process for each to find them.
    found: dict[str, Any] = {"pip_requirements": ["scikit-learn"]}
    if hasattr(X, "shape"):
        found["signature"] = infer_signature(X)
    if serialization_format == "skops":
        import skops.io

        found["skops_trusted_types"] = skops.io.get_untrusted_types(data=skops.io.dumps(estimator))
    return found


def main(folder: Path, serialization_format: str) -> None:
    refused = {}
    for file in sorted(folder.glob("*/estimator.pkl")):
        estimator, X = asked.kept(file), asked.kept(file.with_name("X.pkl"))
        try:
            mlflow.sklearn.save_model(
                estimator,
                str(file.parent / serialization_format),
                serialization_format=serialization_format,
                **options(estimator, X, serialization_format),
            )
        except Exception as error:
            refused[file.parent.name] = f"{type(error).__name__}: {error}"[:300]
    print(json.dumps(refused))


if __name__ == "__main__":
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), sys.argv[2])
