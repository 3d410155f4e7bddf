"""A folder of somebody else's, by every way that opens one: nothing in it is run or imported."""

from __future__ import annotations

import pickle
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression

import fitscribe.models
import fitscribe.pyfunc
import fitscribe.sklearn
from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.read import load, open_folder

MLMODEL = """
flavors:
  python_function:
    env: {conda: conda.yaml}
    loader_module: LOADER
    model_path: model.pkl
    predict_fn: predict
    code: code
    data: data
  sklearn:
    code: code
    pickled_model: model.pkl
    serialization_format: FORMAT
    sklearn_version: 1.5.0
    skops_trusted_types: [posix.system]
mlflow_version: 2.14.0
model_uuid: x
"""

WAYS: dict[str, Callable[[Path], Any]] = {
    "load": load,
    "sklearn.load_model": fitscribe.sklearn.load_model,
    "pyfunc.load_model": fitscribe.pyfunc.load_model,
    "models.get_model_info": fitscribe.models.get_model_info,
    "Model.load": Model.load,
    "open_folder": open_folder,
}


def folder_with(path: Path, **files: str | bytes) -> Path:
    """Return a folder as MLflow writes it, with a model that is sound, but for some files."""
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    path.mkdir()
    (path / "code").mkdir()
    (path / "code" / "evil_loader.py").write_text(f"open({str(path / 'mark')!r}, 'w')")
    (path / "data").write_bytes(pickle.dumps(model))
    (path / "model.pkl").write_bytes(pickle.dumps(model))
    (path / "requirements.txt").write_text("-e git+https://example.org/x#egg=x\n$(touch mark)\n")
    text = MLMODEL.replace("LOADER", "mlflow.sklearn").replace("FORMAT", "pickle")
    (path / "MLmodel").write_text(text)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (path / name.replace("_", ".")).write_bytes(data)
    return path


def by_tag(mark: Path) -> str:
    return f"flavors: !!python/object/apply:os.system ['touch {mark}']\n"


DOCUMENTS: dict[str, Callable[[Path], str]] = {
    "a tag that calls": by_tag,
    "a tag that imports": lambda mark: "flavors: !!python/module:antigravity\n",
    "a tag of a name": lambda mark: "flavors: !!python/name:os.system\n",
    "an object": lambda mark: "flavors: !!python/object/new:os.system [touch x]\n",
    "a merge of itself": lambda mark: "a: &a\n  <<: *a\nflavors: {}\n",
    "nine times nine": lambda mark: (
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
        + "metadata: {all: *a9}\nflavors: {}\n"
    ),
    "deep": lambda mark: "metadata: " + "[" * 5000 + "]" * 5000 + "\nflavors: {}\n",
    "a template": lambda mark: "flavors: {sklearn: {pickled_model: '{{ 7*7 }}${HOME}'}}\n",
    "another loader": lambda mark: (
        MLMODEL.replace("LOADER", "evil_loader")
        .replace("FORMAT", "pickle")
        .partition("sklearn:")[0]
    ),
    "an installed loader": lambda mark: MLMODEL.replace("LOADER", "antigravity").partition(
        "sklearn:"
    )[0],
    "another format": lambda mark: MLMODEL.replace("FORMAT", "evil_loader"),
    "a path outside": lambda mark: MLMODEL.replace("model.pkl", "../../../etc/passwd"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_runs_nothing(name: str, way: str, tmp_path: Path, home: Path) -> None:
    mark = tmp_path / "mark"
    folder = folder_with(tmp_path / "m", MLmodel=DOCUMENTS[name](mark))
    path = list(sys.path)
    tracemalloc.start()
    try:
        found = WAYS[way](folder)
    except (FitscribeError, FileNotFoundError):
        found = None
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 100 << 20
    assert not mark.exists()
    assert not (folder / "mark").exists()
    assert not {"antigravity", "evil_loader"} & set(sys.modules)
    assert sys.path == path
    # What cannot be read is refused by all who read it; what only names a loader is not.
    assert (
        (found is None)
        or name in ("a template", "another loader", "another format")
        or (way not in ("load", "sklearn.load_model", "pyfunc.load_model"))
    )


@pytest.mark.parametrize("way", ["load", "sklearn.load_model", "pyfunc.load_model"])
def test_a_sound_model_is_loaded_without_its_code(way: str, tmp_path: Path, home: Path) -> None:
    folder = folder_with(tmp_path / "m")
    path = list(sys.path)
    found = WAYS[way](folder)
    assert list(found.predict([[0.0], [1.0]])) == [0, 1]
    assert sys.path == path
    assert not (folder / "mark").exists()
