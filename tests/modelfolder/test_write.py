"""A model becomes a folder, and an object again."""

from __future__ import annotations

import hashlib
import importlib
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import estimators
import joblib
import numpy as np
import pytest
import yaml
from sklearn.base import BaseEstimator
from sklearn.cluster import DBSCAN
from sklearn.decomposition import PCA
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import fitscribe.sklearn
from fitscribe.errors import AlreadyExists, InvalidParameter
from fitscribe.modelfolder.formats import FORMATS, dump
from fitscribe.modelfolder.manifest import MANIFEST, FileEntry, Manifest
from fitscribe.modelfolder.read import load, read_model
from fitscribe.modelfolder.seal import SEAL
from fitscribe.modelfolder.write import ModelFolder, build, save

ALONE = ["MLmodel", "conda.yaml", "manifest.json", "model.pkl", "python_env.yaml"]
ALONE += ["requirements.txt", "seal.json"]


def logistic() -> LogisticRegression:
    X, y = estimators.data()
    return LogisticRegression().fit(X, y)


def listed(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


# ---- there and back ---------------------------------------------------------------------------


def test_a_method_of_a_text_is_kept_and_searched_for_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    monkeypatch.setattr(pickle, "whichmodule", lambda obj, name: searched.append(name))
    model = FunctionTransformer(kw_args={"names": "{}_x".format})
    save(build(model), tmp_path / "model")
    found = load(tmp_path / "model")
    assert found.kw_args["names"]("a") == "a_x"  # type: ignore[attr-defined]
    assert searched == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_that_is_asked_for_is_used(format: str, tmp_path: Path) -> None:
    model = logistic()
    folder = build(model, format=format)
    assert folder.model.flavors["sklearn"]["serialization_format"] == format
    assert (b"cloudpickle" in folder.files["requirements.txt"]) == (format == "cloudpickle")
    save(folder, tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").coef_, model.coef_)


def test_a_lambda_in_a_pipeline_takes_cloudpickle(tmp_path: Path) -> None:
    shift = 2.0
    X, y = estimators.data()
    model = make_pipeline(FunctionTransformer(lambda X: X + shift), LogisticRegression())
    model.fit(X, y)
    folder = build(model)
    assert folder.model.flavors["sklearn"]["serialization_format"] == "cloudpickle"
    save(folder, tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").predict(X), model.predict(X))
    with pytest.raises(InvalidParameter, match=r"Pipeline cannot be written as pickle.*cloudpick"):
        build(model, format="pickle")


SCRIPT = """
import sys
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from fitscribe.modelfolder.write import build, save

class Doubler(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.factor_ = 2
        return self
    def transform(self, X):
        return np.asarray(X) * self.factor_

save(build(make_pipeline(Doubler()).fit([[1.0]])), sys.argv[1])
"""
READER = """
import sys
from fitscribe.modelfolder.read import load
print(load(sys.argv[1]).transform([[21.0]]).tolist())
"""


def test_a_class_of_a_script_is_kept_with_the_model(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    folder = tmp_path / "model"
    subprocess.run([sys.executable, tmp_path / "script.py", folder], check=True)
    assert read_model(folder).flavors["sklearn"]["serialization_format"] == "cloudpickle"
    done = subprocess.run(
        [sys.executable, "-c", READER, folder], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[[42.0]]\n"


def test_any_object_can_be_kept_and_what_cannot_predict_is_not_served(tmp_path: Path) -> None:
    folder = build({"a": [1, 2]})
    assert list(folder.model.flavors) == ["sklearn"]
    save(folder, tmp_path / "model")
    assert load(tmp_path / "model") == {"a": [1, 2]}
    assert list(build(PCA()).model.flavors) == list(build(DBSCAN()).model.flavors) == ["sklearn"]


def test_the_flavors_are_mlflow_s() -> None:
    flavors = build(logistic(), pyfunc_predict_fn="predict_proba").model.flavors
    version = ".".join(map(str, sys.version_info[:3]))
    assert flavors == {
        "sklearn": {
            "code": None,
            "pickled_model": "model.pkl",
            "serialization_format": "pickle",
            "sklearn_version": flavors["sklearn"]["sklearn_version"],
            "skops_trusted_types": None,
        },
        "python_function": {
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": "mlflow.sklearn",
            "model_path": "model.pkl",
            "predict_fn": "predict_proba",
            "python_version": version,
        },
    }


# ---- digest and size --------------------------------------------------------------------------


def test_the_digest_is_of_the_manifest_and_the_manifest_of_all_files() -> None:
    folder = build(logistic(), input_example=[[1.0, 2.0]])
    written = folder.files["manifest.json"]
    assert folder.digest == hashlib.sha256(written).hexdigest()
    manifest = Manifest.from_bytes(written)
    others = folder.files.keys() - {"manifest.json", "seal.json"}
    assert manifest.files == {name: FileEntry.of(folder.files[name]) for name in others}
    assert manifest.to_bytes() == written


def test_equal_models_are_equal_bytes() -> None:
    one, other = logistic(), logistic()
    first, second = build(one), build(other, metadata={"a": 1}, pip_requirements=["numpy"])
    assert first.files["model.pkl"] == second.files["model.pkl"]
    assert build(one.set_params(C=2)).files["model.pkl"] != first.files["model.pkl"]
    assert first.model.model_uuid != second.model.model_uuid
    assert first.digest != second.digest


@pytest.mark.parametrize("format", ["pickle", "cloudpickle"])
def test_a_large_array_is_copied_once(format: str) -> None:
    """A stream of bytes takes an eighth more, which is new memory each time."""
    model = LogisticRegression()
    model.coef_ = np.asfortranarray(np.random.default_rng(0).random((1000, 1000)))
    model.part_ = model.coef_[:, 0]  # no array of its own
    build(model, format=format)  # modules are looked up once
    tracemalloc.start()
    try:
        written = build(model, format=format).files["model.pkl"]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1.1 * len(written)
    read = pickle.loads(written)
    assert (read.coef_ == model.coef_).all()
    assert (read.part_ == model.part_).all()


def test_the_bytes_are_the_same_in_another_process() -> None:
    code = (
        "import estimators; from sklearn.linear_model import LogisticRegression\n"
        "from fitscribe.modelfolder.write import build\n"
        "print(build(LogisticRegression().fit(*estimators.data())).files['model.pkl'].hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ
        | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(Path(estimators.__file__).parent)},
    )
    assert done.stdout.strip() == build(logistic()).files["model.pkl"].hex()


def test_the_size_is_of_the_files_but_those_of_the_environment() -> None:
    folder = build(logistic(), input_example=np.ones((2, 4)))
    counted = ("model.pkl", "input_example.json", "serving_input_example.json")
    assert folder.model.model_size_bytes == sum(len(folder.files[name]) for name in counted)


# ---- what cannot be pickled -------------------------------------------------------------------


class Stubborn(BaseEstimator):
    """Its copying fails with an error of its own."""

    def __getstate__(self) -> object:
        raise NotImplementedError("this one stays here")


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize("format", [None, *FORMATS])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: FunctionTransformer(kw_args={"lock": threading.Lock()}), "lock"),
        (lambda: FunctionTransformer(kw_args={"rows": (i for i in ())}), "generator"),
        (lambda: FunctionTransformer(kw_args={"file": sys.__stdout__}), "TextIOWrapper|files"),
        (lambda: FunctionTransformer(kw_args={"deep": deep()}), "recursion"),
        (Stubborn, "this one stays here"),
    ],
)
def test_a_model_that_cannot_be_pickled_says_why(make: Any, reason: str, format: Any) -> None:
    model = make()
    with pytest.raises(InvalidParameter, match=reason) as caught:
        build(model, format=format)
    text = str(caught.value)
    assert text.startswith(f"A {type(model).__name__} cannot be written as {format or ''}")
    assert text.endswith("ake what holds open files, locks or connections out of the model.")
    assert ("Use the format cloudpickle" in text) == (format == "pickle")
    assert isinstance(caught.value.__cause__, Exception)


def test_an_unknown_format_is_refused_before_anything_else() -> None:
    with pytest.raises(InvalidParameter, match="Unrecognized serialization format: 'joblib'"):
        build(Stubborn(), format="joblib", code_paths=["nowhere"])


@pytest.mark.usefixtures("home")
def test_joblib_is_read_and_not_written_and_the_error_says_what_would_do(tmp_path: Path) -> None:
    writers: list[Callable[..., Any]] = [
        lambda **options: fitscribe.sklearn.save_model(logistic(), tmp_path / "no", **options),
        lambda **options: fitscribe.sklearn.log_model(logistic(), **options),
        fitscribe.sklearn.autolog,
    ]
    for write in writers:
        with pytest.raises(InvalidParameter) as caught:
            write(serialization_format="joblib")
        assert str(caught.value) == (
            "Unrecognized serialization format: 'joblib'. Use one of pickle, cloudpickle, skops. "
            "Files of joblib are read, and not written: pickle holds all that they hold, and is "
            "faster; skops makes files of forests as small."
        )
    assert not (tmp_path / "no").exists()
    assert fitscribe.search_logged_models(output_format="list") == []
    # A folder whose file joblib wrote, as its owner put it there.
    save(build(logistic()), tmp_path / "model")
    for name in (MANIFEST, SEAL):
        (tmp_path / "model" / name).unlink()
    model = logistic()
    joblib.dump(model, tmp_path / "model" / "model.pkl", compress=3)
    loaded = fitscribe.sklearn.load_model(tmp_path / "model")
    assert loaded.coef_.tolist() == model.coef_.tolist()


def test_a_wrong_path_is_refused_before_the_model_is_pickled() -> None:
    with pytest.raises(InvalidParameter, match=r"code_paths names 'nowhere', which is not there"):
        build(Stubborn(), code_paths=["nowhere"])


# ---- where it is put --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder() -> ModelFolder:
    return build(logistic())


def test_folders_above_are_made_and_nothing_is_left_beside(
    tmp_path: Path, folder: ModelFolder
) -> None:
    save(folder, tmp_path / "a" / "b")
    save(folder, str(tmp_path / "a" / "c"))
    (tmp_path / "a" / "empty").mkdir()
    save(folder, tmp_path / "a" / "empty")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b", "c", "empty"]
    for name in ("b", "c", "empty"):
        assert listed(tmp_path / "a" / name) == ALONE


def test_a_name_of_the_greatest_length_can_be_used(tmp_path: Path, folder: ModelFolder) -> None:
    save(folder, tmp_path / ("m" * 255))
    assert listed(tmp_path / ("m" * 255)) == ALONE


def test_what_is_there_stays(tmp_path: Path, folder: ModelFolder) -> None:
    file, full = tmp_path / "file", tmp_path / "full"
    file.write_text("mine")
    full.mkdir()
    (full / "mine").write_text("mine")
    for target in (file, full, file / "below"):
        with pytest.raises(AlreadyExists, match="already exists and is not empty"):
            save(folder, target)
    assert listed(tmp_path) == ["file", "full/mine"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]
    assert file.read_text() == (full / "mine").read_text() == "mine"


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, folder: ModelFolder) -> None:
    # A file in the place of a folder: the second one cannot be written.
    broken = ModelFolder({"a": b"", "a/b": b""}, folder.model, folder.digest)
    with pytest.raises(OSError, match="a"):
        save(broken, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    with pytest.raises(OSError, match="a"):
        save(broken, tmp_path / "empty")
    assert listed(tmp_path) == []


def test_of_several_writers_one_wins(tmp_path: Path, folder: ModelFolder) -> None:
    def attempt(_: int) -> bool:
        try:
            save(folder, tmp_path / "model")
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(32))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert listed(tmp_path / "model") == ALONE


# ---- code and other files ---------------------------------------------------------------------


def test_code_goes_along_and_is_found_at_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    (source / "package" / "__pycache__").mkdir(parents=True)
    (source / "package" / "__init__.py").write_text("from own_step import step\n")
    (source / "package" / "__pycache__" / "x.py").touch()
    (source / "package" / "old.pyc").touch()
    (source / "own_step.py").write_text("def step(X): return X * 3\n")
    monkeypatch.setattr(sys, "path", [str(source), *sys.path])
    step = importlib.import_module("own_step").step
    folder = build(
        FunctionTransformer(step), code_paths=[source / "package", str(source / "own_step.py")]
    )
    assert folder.model.flavors["sklearn"]["code"] == "code"
    assert sorted(name for name in folder.files if name.startswith("code")) == [
        "code/own_step.py",
        "code/package/__init__.py",
    ]
    save(folder, tmp_path / "model")
    sys.path.remove(str(source))
    monkeypatch.delitem(sys.modules, "own_step")
    loaded = load(tmp_path / "model")
    assert loaded.transform(np.ones((1, 1))).tolist() == [[3.0]]
    load(tmp_path / "model")
    # From a copy of what was verified, and only once.
    (place,) = [found for found in sys.path if Path(found, "own_step.py").is_file()]
    assert sys.path[0] == place != str(tmp_path / "model" / "code")
    monkeypatch.delitem(sys.modules, "own_step")


def test_the_code_of_what_can_be_served_is_named_for_mlflow_too(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    flavors = build(logistic(), code_paths=[tmp_path / "a.py"]).model.flavors
    assert flavors["python_function"]["code"] == "code"


def test_extra_files_go_along(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a b.txt").write_bytes(b"\x00note")
    (tmp_path / "card.md").write_text("card")
    folder = build(logistic(), extra_files=[tmp_path / "notes", tmp_path / "card.md"])
    assert folder.files["extra_files/notes/a b.txt"] == b"\x00note"
    assert folder.model.flavors["sklearn"]["extra_files"] == [
        {"path": "extra_files/notes/a b.txt"},
        {"path": "extra_files/card.md"},
    ]
    assert yaml.safe_load(folder.files["MLmodel"])["flavors"] == folder.model.flavors


def test_the_working_directory_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.py").touch()
    monkeypatch.chdir(tmp_path / "project")
    assert "code/project/a.py" in build(logistic(), code_paths=["."]).files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"code_paths": "a.py"}, "code_paths is a list of paths, not 'a.py'"),
        ({"extra_files": Path("a.py")}, "extra_files is a list of paths"),
        ({"extra_files": ["nowhere"]}, "extra_files names 'nowhere', which is not there"),
        ({"code_paths": ["x/a.py", "y/a.py"]}, "names two things that become 'code/a.py'"),
    ],
)
def test_wrong_paths_are_refused(
    arguments: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").touch()
    with pytest.raises(InvalidParameter, match=message):
        build(logistic(), **arguments)


class OwnIsotonic(IsotonicRegression):
    """In a derived class ``__getstate__`` takes what predicts out of the object itself."""


@pytest.mark.parametrize("format", ["pickle", "cloudpickle"])
def test_an_object_is_not_changed_by_being_written(format: str) -> None:
    model = OwnIsotonic().fit([1.0, 2.0, 3.0], [1.0, 3.0, 2.0])
    before = dict(vars(model))
    data = dump(model, format).data
    assert vars(model) == before
    assert pickle.loads(data).predict([2.5]) == model.predict([2.5])
