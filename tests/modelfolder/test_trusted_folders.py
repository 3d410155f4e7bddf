"""Who may load what: a folder of one's own, a stranger's, and one that somebody changed."""

from __future__ import annotations

import json
import os
import pickle
import py_compile
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from fitscribe.errors import DamagedModel, FitscribeError, InvalidParameter, NotTrusted
from fitscribe.modelfolder import formats, seal
from fitscribe.modelfolder.manifest import MANIFEST, Manifest
from fitscribe.modelfolder.read import load
from fitscribe.modelfolder.write import build, save

X, Y = [[0.0], [1.0], [2.0]], [0, 1, 1]


def fitted() -> LogisticRegression:
    return LogisticRegression().fit(X, Y)


def saved(path: Path, model: Any, **options: Any) -> Path:
    """Write a model, and return its folder."""
    save(build(model, **options), path)
    return path


def as_stranger(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Go on as a user whose settings lie elsewhere."""
    for name in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(name, str(home))


def with_lambda() -> Any:
    return make_pipeline(FunctionTransformer(lambda x: np.asarray(x) + 1), LogisticRegression())


def test_ones_own_code_is_loaded_and_a_strangers_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = with_lambda().fit(X, Y)
    answers = model.predict(X).tolist()
    folder = saved(tmp_path / "model", model)
    assert Manifest.from_bytes((folder / MANIFEST).read_bytes()).contains_code
    assert load(folder).predict(X).tolist() == answers  # type: ignore[attr-defined]
    as_stranger(monkeypatch, tmp_path / "other")
    with pytest.raises(NotTrusted, match=r"code itself .*at pipeline\.steps\[0\]\.func"):
        load(folder)
    assert load(folder, trust="code").predict(X).tolist() == answers  # type: ignore[attr-defined]


def test_a_class_of_a_script_comes_back_in_another_process_of_the_same_user(
    tmp_path: Path,
) -> None:
    code = tmp_path / "script.py"
    code.write_text("""
import sys
from sklearn.base import BaseEstimator, TransformerMixin
from fitscribe.modelfolder.read import load
from fitscribe.modelfolder.write import build, save
class Plus(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None): return self
    def transform(self, X): return [[x + 1 for x in row] for row in X]
save(build(Plus().fit([[1]])), sys.argv[1])
""")

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments, str(tmp_path / "model")]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, env=os.environ | environment
        )

    assert not run(str(code)).returncode
    loads = "import sys; from fitscribe.modelfolder.read import load; "
    loads += "print(load(sys.argv[1]).transform([[1]]))"
    assert run("-c", loads).stdout == "[[2]]\n"
    stranger = run("-c", loads, XDG_CONFIG_HOME=str(tmp_path / "x"), HOME=str(tmp_path / "x"))
    assert "NotTrusted" in stranger.stderr
    assert "code itself" in stranger.stderr


def test_the_key_is_the_users_alone(tmp_path: Path) -> None:
    saved(tmp_path / "model", with_lambda().fit(X, Y))
    path = seal.key_path()
    seal._keys.clear()
    if os.name == "posix":  # elsewhere the folder's own permissions count
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o644)
        with pytest.raises(NotTrusted):
            load(tmp_path / "model")
        # What cannot be sealed is written all the same.
        assert "seal.json" not in build(fitted()).files
        path.chmod(0o600)
    load(tmp_path / "model")


def test_a_flipped_bit_is_found_before_anything_is_built(tmp_path: Path) -> None:
    code = tmp_path / "own.py"
    code.write_text("VALUE = 1\n" * 200)
    folder = saved(tmp_path / "model", fitted(), input_example=np.eye(1), code_paths=[str(code)])
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    assert len(files) == 10
    for file in files:
        sound = file.read_bytes()
        for start in range(0, len(sound), 1024):
            place = start + min(1024, len(sound) - start) * 7 // 13
            changed = bytearray(sound)
            changed[place] ^= 1 << (place % 8)
            file.write_bytes(changed)
            with pytest.raises(DamagedModel) as found:
                load(folder)
            # Of the manifest and its seal one cannot tell which was changed.
            names = (file.name, "manifest.json")
            assert any(name in str(found.value) for name in names), (file, place)
        file.write_bytes(sound)
    load(folder)


def test_what_is_missing_or_new_is_found(tmp_path: Path) -> None:
    code = tmp_path / "own.py"
    code.write_text("VALUE = 1\n")
    folder = saved(tmp_path / "model", fitted(), code_paths=[str(code)])
    (folder / "registered_model_meta").write_text("model_name: x\n")  # MLflow's, beside
    load(folder)
    (folder / "code" / "more.py").write_text("raise SystemExit")
    with pytest.raises(DamagedModel, match=r"'code/more.py' that was not there"):
        load(folder)
    (folder / "code" / "more.py").unlink()
    (folder / "conda.yaml").unlink()
    with pytest.raises(DamagedModel, match=r"'conda.yaml' is missing"):
        load(folder)


def test_the_digest_that_a_store_knows_counts(tmp_path: Path) -> None:
    built = build(fitted())
    save(built, tmp_path / "model")
    load(tmp_path / "model", digest=built.digest)
    load(tmp_path / "model", digest="0" * 32)  # of an older fitscribe
    with pytest.raises(DamagedModel, match="not the one that its store knows"):
        load(tmp_path / "model", digest="0" * 64)
    (tmp_path / "model" / MANIFEST).unlink()
    with pytest.raises(DamagedModel, match="is missing"):
        load(tmp_path / "model", digest=built.digest)


def test_whoever_changes_all_of_a_folder_is_a_stranger(tmp_path: Path) -> None:
    own, other = build(fitted()), build(with_lambda().fit(X, Y))
    save(own, tmp_path / "model")
    # The files of another model with a manifest that fits, under this one's seal.
    for name, data in other.files.items():
        if name != "seal.json":
            (tmp_path / "model" / name).write_bytes(data)
    with pytest.raises(DamagedModel):
        load(tmp_path / "model")
    (tmp_path / "model" / "seal.json").unlink()
    with pytest.raises(NotTrusted):
        load(tmp_path / "model")


def test_code_is_what_was_written_whatever_lies_beside_it(tmp_path: Path) -> None:
    source = tmp_path / "own_step.py"
    source.write_text(
        "from sklearn.base import BaseEstimator\n"
        "class Step(BaseEstimator):\n"
        "    def fit(self, X, y=None): return self\n"
        "    def predict(self, X): return 'own'\n"
    )
    run = [sys.executable, "-c"]
    save_it = (
        "import sys; from fitscribe.modelfolder.write import build, save; import own_step;"
        "save(build(own_step.Step(), code_paths=['own_step.py']), 'model')"
    )
    done = subprocess.run([*run, save_it], check=False, cwd=tmp_path, capture_output=True)
    assert not done.returncode, done.stderr
    source.unlink()
    inside = tmp_path / "model" / "code"
    # Compiled code that Python would take for the file's: of the same time and size.
    forged = tmp_path / "forged.py"
    forged.write_text("open('mark', 'w')\n")
    compiled = Path(py_compile.compile(str(forged), str(tmp_path / "forged.pyc")) or "")
    header = compiled.read_bytes()[:8]
    status = (inside / "own_step.py").stat()
    header += int(status.st_mtime).to_bytes(4, "little") + status.st_size.to_bytes(4, "little")
    cache = inside / "__pycache__" / f"own_step.{sys.implementation.cache_tag}.pyc"
    cache.parent.mkdir()
    cache.write_bytes(header + compiled.read_bytes()[16:])
    load_it = "from fitscribe.modelfolder.read import load; print(load('model').predict(1))"
    done = subprocess.run(
        [*run, load_it], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "own\n", done.stderr
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
def test_ones_own_code_loads_with_numpy_1_and_2(core: bytes) -> None:
    text = core + b".multiarray\n_reconstruct"
    data = pickle.dumps([np.arange(3.0), np.random.RandomState(0)], 2)
    data = re.sub(rb"numpy\._?core\.multiarray\n_reconstruct", text, data)
    assert text in data
    array, generator = formats.load(data, "pickle", runs_code=True)  # type: ignore[misc]
    assert array.tolist() == [0.0, 1.0, 2.0]
    assert generator.normal() == np.random.RandomState(0).normal()


@pytest.mark.parametrize("word", ["yes", "CODE", True, "", ["code"]])
def test_trust_is_one_word(tmp_path: Path, word: Any) -> None:
    folder = saved(tmp_path / "model", fitted())
    with pytest.raises(InvalidParameter, match="means nothing"):
        load(folder, trust=word)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": "1"},
        {"files": []},
        {"files": {"../x": [1, "0" * 64]}},
        {"files": {"/x": [1, "0" * 64]}},
        {"files": {"a": [-1, "0" * 64]}},
        {"files": {"a": [1 << 60, "0" * 64]}},
        {"files": {"a": [1, "x" * 64]}},
        {"files": {"a": 1}},
        {"types": [1]},
        {"estimators": None},
        {"golden": 1},
    ],
)
def test_a_manifest_is_read_strictly(change: dict[str, Any]) -> None:
    document = json.loads(build(fitted()).files[MANIFEST])
    with pytest.raises(FitscribeError):
        Manifest.from_bytes(json.dumps({**document, **change}).encode())
    with pytest.raises(DamagedModel):
        Manifest.from_bytes(json.dumps({**document, **change}).encode()[:-5])


def test_a_copied_folder_is_still_ones_own(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", with_lambda().fit(X, Y))
    shutil.copytree(folder, tmp_path / "copy")
    load(tmp_path / "copy")
