"""What a folder holds, told without loading it; nothing that a file names is imported."""

from __future__ import annotations

import importlib
import json
import pickle
import struct
import sys
from pathlib import Path
from typing import Any

import estimators
import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from fitscribe.errors import DamagedModel, NotFound, UnsafePath
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.look import look_at
from fitscribe.modelfolder.manifest import MANIFEST
from fitscribe.modelfolder.seal import SEAL
from fitscribe.modelfolder.symbols import Part, read_part
from fitscribe.modelfolder.trust.opcodes import parse
from fitscribe.modelfolder.write import build, save

X, Y = [[0.0, 1.0], [1.0, 3.0], [2.0, 5.0], [4.0, 1.0]], [0, 1, 1, 0]


def saved(path: Path, model: Any, **options: Any) -> Path:
    """Write a model, and return its folder."""
    save(build(model, **options), path)
    return path


def part(model: Any, protocol: int = 5) -> Part:
    found = read_part(parse(pickle.dumps(model, protocol)))
    assert found is not None
    return found


def as_mlflow(folder: Path) -> Path:
    """Make a folder what MLflow would have written."""
    for name in (MANIFEST, SEAL):
        (folder / name).unlink(missing_ok=True)
    return folder


def as_stranger(folder: Path) -> Path:
    """Make a folder what somebody else would have written."""
    (folder / SEAL).unlink()
    return folder


# Params and what was learned, off the symbols


@pytest.mark.parametrize("protocol", range(6))
def test_params_and_fitted_attributes_are_those_of_the_model(protocol: int) -> None:
    model = LogisticRegression(C=0.25, class_weight={0: 1, 1: 2.5}).fit(X, Y)
    found = part(model, protocol)
    assert found.cls == "sklearn.linear_model._logistic.LogisticRegression"
    mine = {name: value for name, value in vars(model).items() if not name.endswith("_")}
    mine["class_weight"] = {"0": 1, "1": 2.5}
    assert found.params == mine
    assert set(found.fitted) == {name for name in vars(model) if name.endswith("_")}
    assert found.fitted["coef_"].kind == "array of float64, shape (1, 2)"
    assert found.fitted["coef_"].value == model.coef_.tolist()
    assert found.fitted["n_features_in_"].value == 2


def is_told(part: Part, name: str, value: Any) -> bool:
    """Whether a param of scikit-learn is among the params or the parts of what was read."""
    if name in part.params:
        plain = value is None or isinstance(value, (bool, int, float, str))
        plain = plain and not isinstance(value, np.generic)
        return not plain or repr(part.params[name]) == repr(value)
    held = [*part.params, *part.parts]
    if name in part.parts or any(one.startswith((f"{name}.", f"{name}[")) for one in held):
        return True
    return isinstance(value, list) and all(step[0] in part.parts for step in value)


@pytest.mark.filterwarnings("ignore:Class .* is deprecated:FutureWarning")
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_all_params_of_every_estimator_are_told(protocol: int) -> None:
    missing = []
    for name in estimators.cases():
        model = estimators.make(name)
        found = part(model, protocol)
        params = model.get_params(deep=False)
        missing += [(name, key) for key, value in params.items() if not is_told(found, key, value)]
    assert missing == []


def test_steps_have_their_names_and_columns_stay() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    columns = ColumnTransformer(
        [("num", StandardScaler(), ["a"]), ("cat", OneHotEncoder(), ["b"]), ("no", "drop", [0])]
    )
    model = Pipeline([("prepare", columns), ("skip", "passthrough"), ("ridge", Ridge())])
    found = part(model.fit(frame, [0.0, 1.0]))
    paths = [path for path, _ in found.walk()]
    assert paths == ["", "prepare", "prepare.num", "prepare.cat", "ridge"]
    assert found.params["steps.skip"] == "passthrough"
    assert found.parts["prepare"].params["transformers.num.columns"] == ["a"]
    assert found.parts["prepare"].params["transformers.no"] == "drop"
    # What was fitted is a copy that transformers_ holds; the param is as it was given.
    encoder = found.parts["prepare"].fitted_parts["transformers_.cat"]
    assert encoder.fitted["categories_"].kind == "list of 1"
    assert encoder.fitted["categories_"].value == [["x", "y"]]
    assert "categories_" not in found.parts["prepare"].parts["cat"].fitted
    names = found.parts["prepare"].fitted["feature_names_in_"]
    assert names.value == ["a", "b"]


def test_a_search_has_its_estimator_and_its_grid() -> None:
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit(X, Y)
    found = part(search)
    assert found.parts["estimator"].cls.endswith("Ridge")
    assert found.params["param_grid"] == {"alpha": [0.1, 1.0]}


def test_other_objects_are_their_names() -> None:
    model = RandomForestClassifier(3, random_state=np.random.RandomState(0)).fit(X, Y)
    found = part(model)
    assert found.params["random_state"] == "<numpy.random._pickle.__randomstate_ctor>"
    assert found.fitted["estimators_"].kind == "list of 3"
    assert part(FunctionTransformer(np.log1p)).params["func"].endswith("log1p")
    assert part(Ridge(alpha=np.float64(0.5))).params["alpha"] == 0.5


SCALARS = st.none() | st.booleans() | st.integers(-(2**200), 2**200) | st.text(max_size=200)
VALUES = st.recursive(
    SCALARS | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([0, 2, 4, 5]))
def test_plain_values_come_back_as_they_are(value: Any, protocol: int) -> None:
    model = Ridge(alpha=value)
    found = part(model, protocol)
    assert found.params["alpha"] == value


def test_what_holds_itself_and_what_grows_by_sharing_end() -> None:
    held: list[Any] = []
    held.append(held)
    many: list[Any] = [1]
    for _ in range(60):
        many = [many, many, many]
    stepped: list[Any] = [("a", StandardScaler())]
    stepped.append(stepped)
    for value in (held, many, stepped):
        model = Ridge(alpha=value)
        model.learned_ = value
        json.dumps(part(model).to_dict())
    loop = Ridge()
    loop.alpha = loop
    assert part(loop).parts["alpha"].params == {}


@pytest.mark.parametrize("size", [1, 100_000])
def test_long_texts_and_arrays_are_cut(size: int) -> None:
    model = Ridge(alpha="x" * size)
    model.learned_ = np.zeros(size)
    found = part(model)
    assert len(found.params["alpha"]) <= 301
    assert (found.fitted["learned_"].value is None) == (size > 10_000)


# A folder


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=2.0)).fit(X, Y)
    signature = infer_signature(np.array(X), np.array(Y))
    folder = saved(tmp_path / "model", model, signature=signature)
    found = look_at(folder)
    assert (found.written_by, found.loads, found.reason) == ("own", True, None)
    assert found.model is not None
    assert found.model.parts["logisticregression"].params["C"] == 2.0
    assert all(name.is_listed for name in found.names)
    places = {name.name: name.place for name in found.names}
    assert places["sklearn.preprocessing._data.StandardScaler"] == "pipeline.steps[0]"
    assert found.signature == signature
    assert found.differing_versions == {}
    assert any(line.startswith("scikit-learn==") for line in found.requirements)
    assert found.size == sum(
        file.stat().st_size for file in folder.iterdir() if file.name not in (MANIFEST, SEAL)
    )
    assert json.loads(json.dumps(found.to_dict()))["model"]["parts"]
    assert "Loads         yes" in str(found)


def test_code_of_a_stranger_is_named_with_the_ways_on(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(lambda x: x), Ridge()).fit(X, Y)
    folder = saved(tmp_path / "model", model)
    mine = look_at(folder)
    assert (mine.loads, mine.contains_code, mine.format) == (True, True, "cloudpickle")
    found = look_at(as_stranger(folder))
    assert (found.written_by, found.loads, found.contains_code) == ("stranger", False, True)
    assert found.reason is not None
    assert "code itself" in found.reason
    assert 'trust="code"' in found.reason
    refused = {name.name for name in found.names if not name.is_listed}
    assert any(name.startswith("cloudpickle.") for name in refused)
    assert "NOT LISTED: cloudpickle." in str(found)


def test_a_folder_of_mlflow_tells_its_versions(tmp_path: Path) -> None:
    folder = as_mlflow(saved(tmp_path / "model", Ridge().fit(X, Y)))
    text = (folder / "MLmodel").read_text()
    (folder / "MLmodel").write_text(text.replace("sklearn_version:", "sklearn_version: 1.0.2 #"))
    found = look_at(folder)
    assert (found.written_by, found.digest, found.loads) == ("mlflow", None, True)
    assert found.versions["scikit-learn"] == "1.0.2"
    assert found.differing_versions["scikit-learn"][0] == "1.0.2"
    assert set(found.files) >= {"MLmodel", "model.pkl", "requirements.txt"}
    assert "scikit-learn 1.0.2 (here " in str(found)


def test_a_library_that_is_not_installed_is_named(tmp_path: Path) -> None:
    folder = as_mlflow(saved(tmp_path / "model", Ridge().fit(X, Y)))
    data = pickle.dumps(Ridge(), 4).replace(
        b"sklearn.linear_model._ridge", b"xgboost_not.here_at_all.abc"
    )
    (folder / "model.pkl").write_bytes(data)
    found = look_at(folder)
    assert not found.loads
    assert "xgboost_not.here_at_all.abc.Ridge" in str(found.reason)


@pytest.mark.parametrize("compress", [0, ("gzip", 3), ("xz", 3)])
def test_files_of_joblib_are_read(tmp_path: Path, compress: Any) -> None:
    folder = as_mlflow(saved(tmp_path / "model", Ridge().fit(X, Y)))
    joblib.dump(Ridge(alpha=3.0).fit(X, Y), folder / "model.pkl", compress=compress)
    found = look_at(folder)
    assert found.loads
    assert found.model is not None
    assert found.model.params["alpha"] == 3.0
    assert "coef_" in found.model.fitted


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", Ridge().fit(X, Y))
    data = (folder / "model.pkl").read_bytes()
    (folder / "model.pkl").write_bytes(data[:-1] + b"x")
    with pytest.raises(DamagedModel, match=r"model\.pkl"):
        look_at(folder)
    found = look_at(as_mlflow(folder))
    assert not found.loads
    assert "damaged" in str(found.reason)
    (folder / "model.pkl").unlink()
    with pytest.raises(NotFound):
        look_at(folder)
    (folder / "MLmodel").write_text("flavors: {sklearn: {pickled_model: ../x, code: null}}")
    with pytest.raises(UnsafePath):
        look_at(folder)


def test_code_that_the_folder_brings_is_told(tmp_path: Path) -> None:
    source = tmp_path / "brought_along.py"
    source.write_text("class Scaler:\n    pass\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        module = importlib.import_module("brought_along")
        folder = saved(tmp_path / "model", module.Scaler(), code_paths=[str(source)])
    del sys.modules["brought_along"]
    found = look_at(folder)
    assert found.code_files == ("code/brought_along.py",)
    assert "Own code      code/brought_along.py" in str(found)
    assert found.loads
    assert not found.contains_code
    stranger = look_at(as_stranger(folder))
    assert "brought_along.Scaler" in str(stranger.reason)
    assert "brought_along" not in sys.modules


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    model = Ridge()
    vars(model).update({f"param{number}": number for number in range(5000)})
    found = look_at(saved(tmp_path / "model", model))
    assert len(str(found).splitlines()) == 2001
    assert len(found.to_dict()["model"]["params"]) > 5000


# Archives of skops


def skops(path: Path, model: Any) -> Path:
    """Return a folder with a model that skops wrote, as MLflow lays it out."""
    save(build(model, format="skops"), path)
    return as_mlflow(path)


def test_an_archive_of_skops_is_listed(tmp_path: Path) -> None:
    steps = make_pipeline(FunctionTransformer(struct.calcsize), Ridge(alpha=0.5).fit(X, Y))
    found = look_at(skops(tmp_path / "model", steps))
    assert found.members is not None
    assert "schema.json" in found.members
    assert any(name.endswith(".npy") for name in found.members)
    assert found.model is not None
    assert found.model.parts["ridge"].params["alpha"] == 0.5
    assert [name.name for name in found.names if not name.is_listed] == ["_struct.calcsize"]
    assert not found.loads
    assert "_struct.calcsize, at pipeline.steps[0].func" in str(found.reason)
    assert "schema.json" in str(found)
    json.dumps(found.to_dict())
    assert look_at(skops(tmp_path / "listed", Ridge().fit(X, Y))).loads


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"", b"PK\x05\x06" + b"\0" * 18])
def test_a_damaged_archive_is_told(tmp_path: Path, data: bytes) -> None:
    folder = skops(tmp_path / "model", Ridge().fit(X, Y))
    (folder / "model.skops").write_bytes(data)
    found = look_at(folder)
    assert not found.loads
    assert "damaged" in str(found.reason)
