"""Models of many bytes: read once, digested once, and not copied more often than must be."""

from __future__ import annotations

import gzip
import hashlib
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder import manifest
from fitscribe.modelfolder.look import look_at
from fitscribe.modelfolder.read import load, open_folder
from fitscribe.modelfolder.trust.reader import read
from fitscribe.modelfolder.write import build, save

# Noise, so that no format makes it small.
KEPT = np.random.default_rng(0).normal(size=1_000_000)


def large() -> LogisticRegression:
    """Return a model that keeps an array of eight megabytes."""
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    model.kept_ = KEPT
    return model


def saved(path: Path, model: Any, **options: Any) -> Path:
    """Write a model as a stranger's, and return its folder."""
    save(build(model, **options), path)
    (path / "seal.json").unlink()
    return path


def check_kept(model: Any) -> None:
    assert np.array_equal(model.kept_, KEPT)
    model.kept_[0] = 7  # nobody else's memory
    assert model.kept_.flags.aligned


@pytest.mark.parametrize("trust", [None, "code"])
@pytest.mark.parametrize("format", ["pickle", "cloudpickle", "skops"])
def test_a_large_model_comes_back(tmp_path: Path, format: str, trust: str | None) -> None:
    folder = saved(tmp_path / "model", large(), format=format)
    check_kept(load(folder, trust=trust))
    found = look_at(folder)
    assert found.loads
    assert found.model is not None
    assert "kept_" in found.model.fitted


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_a_large_model_of_mlflow_comes_back(tmp_path: Path, protocol: int) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.pkl}}")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(large(), protocol))
    check_kept(load(tmp_path))


@pytest.mark.parametrize(
    "write",
    [
        lambda model, file: joblib.dump(model, file),
        lambda model, file: file.write_bytes(
            gzip.compress(pickle.dumps([model, np.random.default_rng(0).bytes(5 << 20)]), 1)
        ),
    ],
)
def test_a_large_file_is_unpacked(tmp_path: Path, write: Callable[[Any, Path], object]) -> None:
    file = tmp_path / "model.pkl"
    write(large(), file)
    content = manifest.read_content(tmp_path, file.name)
    assert isinstance(content, memoryview)
    found = read(content)
    check_kept(found[0] if isinstance(found, list) else found)


def test_large_content_is_what_the_file_holds(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(5 << 20)
    (tmp_path / "file").write_bytes(data)
    found = manifest.read_content(tmp_path, "file", len(data))
    assert found == data
    assert isinstance(found, memoryview)
    assert found.readonly
    assert manifest.read_file(tmp_path, "file") == data
    for size in (len(data) - 1, len(data) + 1, 1, 0):
        with pytest.raises(DamagedModel, match="its size or SHA-256 differs"):
            manifest.read_content(tmp_path, "file", size)


def test_a_flipped_bit_of_a_large_file_is_found(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", large())
    file = folder / "model.pkl"
    data = bytearray(file.read_bytes())
    for place in (0, len(data) // 2, len(data) - 1):
        data[place] ^= 4
        file.write_bytes(data)
        with pytest.raises(DamagedModel, match=r"'model.pkl' is not what was written"):
            load(folder)
        data[place] ^= 4
    file.write_bytes(data)
    load(folder)


def test_each_file_is_read_once_and_digested_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "model", large(), input_example=np.eye(1))
    files = {file.name: file.stat().st_size for file in folder.iterdir()}
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    digested: Counter[int] = Counter()
    was_read: Counter[str] = Counter()
    sha256, read_content = hashlib.sha256, manifest.read_content

    def counted(data: Any = b"", **options: Any) -> Any:
        digested[len(data)] += 1
        return sha256(data, **options)

    def noted(place: Path, name: str, size: int | None = None) -> Any:
        was_read[name] += 1
        return read_content(place, name, size)

    monkeypatch.setattr(hashlib, "sha256", counted)
    monkeypatch.setattr(manifest, "read_content", noted)
    load(folder, digest=digest)
    assert was_read == dict.fromkeys(files, 1)
    digested.subtract(files.values())
    assert not any(digested.values())


def test_what_is_opened_keeps_a_large_file_once(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", large())
    opened = open_folder(folder)
    assert opened.content("model.pkl") is opened.content("model.pkl")
    assert isinstance(opened.read("MLmodel"), bytes)


def test_a_large_forest_of_a_folder_is_checked(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(6_000, 2)), random.integers(0, 2, 6_000)
    model = RandomForestClassifier(20, random_state=0).fit(X, y)
    sound = saved(tmp_path / "sound", model)
    assert isinstance(open_folder(sound).content("model.pkl"), memoryview)
    assert load(sound).predict(X).tolist() == model.predict(X).tolist()  # type: ignore[attr-defined]
    tree = model[19].tree_
    state = tree.__getstate__()
    state["nodes"]["right_child"][0] = tree.node_count
    tree.__setstate__(state)
    with pytest.raises(DamagedModel, match="a Tree in it cannot be used"):
        load(saved(tmp_path / "forged", model))
