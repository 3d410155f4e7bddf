"""Model folders whose model skops wrote, here or in MLflow."""

from __future__ import annotations

import io
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import estimators
import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import Birch
from sklearn.ensemble import RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from test_every_estimator import answers, fitted
from threadpoolctl import threadpool_limits

from fitscribe.errors import InvalidParameter, NotTrusted
from fitscribe.modelfolder.formats import dump
from fitscribe.modelfolder.formats import load as load_format
from fitscribe.modelfolder.read import load
from fitscribe.modelfolder.write import build, save

SOAK = bool(os.environ.get("FITSCRIBE_SOAK"))
X, Y = [[0.0], [1.0], [2.0]], [0, 1, 1]


class Own(BaseEstimator):
    """An estimator that no list names."""

    def fit(self, X: Any, y: Any = None) -> Own:
        self.seen_ = len(X)
        return self


class OwnIsotonic(IsotonicRegression):
    """Its `__getstate__` takes away what it predicts with."""


def test_writing_leaves_no_trace_on_a_model() -> None:
    model = OwnIsotonic().fit([1, 2, 3], [1, 2, 3])
    before = set(vars(model))
    data = dump(make_pipeline(model), "skops").data
    assert set(vars(model)) == before
    assert model.predict([2]).tolist() == [2]
    assert load_format(data, "skops", runs_code=True).predict([2]).tolist() == [2]  # type: ignore[attr-defined]


def schema_of(data: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read("schema.json"))


def test_a_folder_is_laid_out_as_mlflow_does(tmp_path: Path) -> None:
    model = RandomForestClassifier(3, random_state=0).fit(X, Y)
    folder = build(model, format="skops")
    assert "model.pkl" not in folder.files
    flavors = folder.model.flavors
    assert flavors["sklearn"] == {
        "code": None,
        "pickled_model": "model.skops",
        "serialization_format": "skops",
        "sklearn_version": flavors["sklearn"]["sklearn_version"],
        "skops_trusted_types": ["sklearn.tree._tree.Tree"],
    }
    assert flavors["python_function"]["model_path"] == "model.skops"
    assert any(line.startswith(b"skops==") for line in folder.files["requirements.txt"].split())
    save(folder, tmp_path / "model")
    assert load(tmp_path / "model").predict(X).tolist() == [0, 1, 1]  # type: ignore[attr-defined]
    # As MLflow reads it.
    trusted = flavors["sklearn"]["skops_trusted_types"]
    found = skops.io.load(tmp_path / "model" / "model.skops", trusted=trusted)
    assert found.predict(X).tolist() == [0, 1, 1]
    plain = build(LogisticRegression().fit(X, Y), format="skops").model.flavors["sklearn"]
    assert plain["skops_trusted_types"] is None


def in_mlflows_layout(path: Path, model: Any, trusted: list[str] | None) -> Path:
    """Return a folder as MLflow 3.17 writes it: skops' own file, no manifest."""
    path.mkdir()
    skops.io.dump(model, path / "model.skops")
    types = "null" if trusted is None else json.dumps(trusted)
    (path / "MLmodel").write_text(
        f"""
flavors:
  python_function:
    env: {{conda: conda.yaml, virtualenv: python_env.yaml}}
    loader_module: mlflow.sklearn
    model_path: model.skops
    predict_fn: predict
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.skops
    serialization_format: skops
    sklearn_version: 1.9.1
    skops_trusted_types: {types}
mlflow_version: 3.17.2
"""
    )
    return path


def test_a_folder_of_mlflow_is_loaded_whatever_it_says_of_trust(tmp_path: Path) -> None:
    model = RandomForestClassifier(3, random_state=0).fit(X, Y)
    for trusted in (None, ["sklearn.tree._tree.Tree"], ["os.system"]):
        path = in_mlflows_layout(tmp_path / str(trusted), model, trusted)
        assert load(path).predict(X).tolist() == [0, 1, 1]  # type: ignore[attr-defined]


def test_a_file_cannot_vouch_for_itself(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(os.system), LogisticRegression())
    path = in_mlflows_layout(tmp_path / "model", model, ["posix.system", "nt.system"])
    with pytest.raises(NotTrusted, match=r"system, at pipeline\.steps\[0\]\.func"):
        load(path)
    assert load(path, trust="code").steps[0][1].func is os.system  # type: ignore[attr-defined]


def test_ones_own_classes_come_back_and_a_strangers_do_not(tmp_path: Path) -> None:
    save(build(Own().fit(X), format="skops"), tmp_path / "model")
    assert load(tmp_path / "model").seen_ == 3  # type: ignore[attr-defined]
    (tmp_path / "model" / "seal.json").unlink()
    with pytest.raises(NotTrusted, match=r"test_skops_folders\.Own, at own"):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Birch(), "type Birch are not supported"),
        (FunctionTransformer(lambda x: x), r"<lambda>, which cannot be found by that name"),
        (FunctionTransformer([].append), "append, which cannot be found by that name"),
    ],
)
def test_what_skops_cannot_hold_is_refused_before_anything_is_written(
    model: Any, why: str
) -> None:
    with pytest.raises(InvalidParameter, match=why) as refused:
        build(model, format="skops")
    assert "Use the format pickle, or cloudpickle" in str(refused.value)


def test_equal_models_are_equal_bytes_without_addresses() -> None:
    made = [RandomForestClassifier(3, random_state=0).fit(X, Y) for _ in range(2)]
    first, second = (dump(model, "skops").data for model in made)
    assert first == second
    assert dump(clone(made[0]).set_params(max_depth=1).fit(X, Y), "skops").data != first
    own, theirs = schema_of(first), schema_of(skops.io.dumps(made[0]))
    assert own["__id__"] == 1
    # Besides numbers and names of files, it is what skops wrote.
    assert _plain(own) == _plain(theirs)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_DEFLATED}


def _plain(state: Any) -> Any:
    if isinstance(state, dict):
        kept = {key: _plain(value) for key, value in state.items()}
        return {key: value for key, value in kept.items() if key not in ("__id__", "file")}
    return [_plain(value) for value in state] if isinstance(state, list) else state


@pytest.mark.soak
@pytest.mark.parametrize("name", estimators.cases()[:: 1 if SOAK else 9])
def test_every_estimator_gives_the_same_answers_after_skops(name: str, tmp_path: Path) -> None:
    with threadpool_limits(1):
        model = fitted(name)
        before = answers(model, name)
        if name == "Birch":
            with pytest.raises(InvalidParameter, match="Use the format pickle"):
                build(model, format="skops")
            return
        folder = build(model, format="skops")
        save(folder, tmp_path / "model")
        (tmp_path / "model" / "seal.json").unlink()  # as a stranger's is read
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some classes are deprecated
            found = load(tmp_path / "model")
            theirs = skops.io.loads(
                folder.files["model.skops"],
                trusted=folder.model.flavors["sklearn"]["skops_trusted_types"],
            )
        for one in (found, theirs):
            assert type(one) is type(model)
            after = answers(one, name)
            assert after.keys() == before.keys()
            for method, expected in before.items():
                if getattr(expected, "dtype", np.dtype(object)).kind == "f":
                    np.testing.assert_allclose(after[method], expected, rtol=1e-12)
                else:
                    np.testing.assert_equal(after[method], expected)
        # Neither writing nor predicting changed it.
        assert build(model, format="skops").files["model.skops"] == folder.files["model.skops"]
