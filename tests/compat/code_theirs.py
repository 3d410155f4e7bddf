"""Beside MLflow: save models that run code of the user's own.

Usage: code_theirs.py FOLDER. Each of FOLDER/{own,code,loader} is a model that adds 1000 to x.
"""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd

ADDER = """
import pathlib

def add(frame):
    return frame["x"] + 1000

class Loaded:
    def __init__(self, path):
        self.constant = int(pathlib.Path(path).read_text())

    def predict(self, frame):
        return frame["x"] + self.constant

def _load_pyfunc(path):
    return Loaded(path)
"""


class Own(mlflow.pyfunc.PythonModel):
    """A model that lives in this script only."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input["x"] + 1000


def main(folder: Path) -> None:
    package = folder / "adder"
    package.mkdir()
    (package / "__init__.py").write_text(ADDER)
    (folder / "data").write_text("1000")
    same: dict[str, Any] = {"pip_requirements": ["pandas"]}
    mlflow.pyfunc.save_model(
        str(folder / "own"),
        python_model=Own(),
        input_example=pd.DataFrame({"x": [0.0]}),
        **same,
    )
    sys.path.insert(0, str(folder))
    import adder

    class ByPackage(mlflow.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return adder.add(model_input)

    code = {"code_paths": [str(package)]} | same
    mlflow.pyfunc.save_model(str(folder / "code"), python_model=ByPackage(), **code)
    mlflow.pyfunc.save_model(
        str(folder / "loader"), loader_module="adder", data_path=str(folder / "data"), **code
    )


if __name__ == "__main__":
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
