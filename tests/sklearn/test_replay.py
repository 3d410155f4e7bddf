"""Golden rows are replayed: by verify, and by loading with another scikit-learn."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.base
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import fitscribe.models
import fitscribe.sklearn
from fitscribe.cli import main
from fitscribe.errors import DamagedModel, InvalidParameter, NotFound, NotTrusted
from fitscribe.modelfolder import write
from fitscribe.modelfolder.golden import GOLDEN, Golden
from fitscribe.modelfolder.write import build, save
from fitscribe.sklearn import FitscribeWarning
from fitscribe.sklearn.quiet import unwarned

X = np.random.default_rng(0).normal(size=(50, 3))
Y = (X[:, 0] > 0).astype(int)


def fitted() -> Any:
    return LogisticRegression().fit(X, Y)


def saved(path: Path, model: Any, file: Any = ..., **changes: Any) -> Path:
    """Write a model whose golden answers are as they are, or as `changes` say; or that file."""
    if file is not ...:
        save(build(model, golden=file), path)
        return path
    rows = X[:5]
    names = [name for name in ("predict", "predict_proba", "transform") if hasattr(model, name)]
    answers = {name: getattr(model, name)(rows) for name in names}
    golden = Golden("given", rows, {**answers, **changes})
    save(build(model, golden=golden.to_bytes()), path)
    return path


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what writes a model as an older scikit-learn would."""

    def write_old(path: Path, model: Any, file: Any = ..., **changes: Any) -> Path:
        versions = {**write.versions_here(), "scikit-learn": "1.4.0"}
        with monkeypatch.context() as patch:
            patch.setattr(write, "versions_here", lambda: versions)
            patch.setattr(sklearn.base, "__version__", "1.4.0")
            return saved(path, model, file, **changes)

    return write_old


# ---- verify -----------------------------------------------------------------------------------


def test_the_same_answers_are_identical(tmp_path: Path) -> None:
    found = fitscribe.models.verify(saved(tmp_path / "m", fitted()))
    assert (found.outcome, found.method, found.difference) == ("identical", None, 0.0)
    assert list(found.methods) == ["predict", "predict_proba"]
    assert (found.versions, found.problems, found.rows, found.is_same) == ({}, (), 5, True)


def test_rounding_is_told_apart(tmp_path: Path) -> None:
    model = fitted()
    rounded = model.predict_proba(X[:5]) * (1 + 1e-13)
    found = fitscribe.models.verify(saved(tmp_path / "m", model, predict_proba=rounded))
    assert (found.outcome, found.method) == ("equal within 1e-9", "predict_proba")
    assert found.difference is not None
    assert 0 < found.difference < 1e-12
    assert found.is_same


def test_a_difference_names_the_method_its_size_and_the_versions(tmp_path: Path, old: Any) -> None:
    model = fitted()
    proba = model.predict_proba(X[:5])
    proba[0] = [0.0, 1.0]
    folder = old(tmp_path / "m", model, predict_proba=proba, predict=1 - model.predict(X[:5]))
    found = fitscribe.models.verify(folder)
    assert (found.outcome, found.method, found.difference) == ("different", "predict", None)
    assert found.methods["predict"].differing == 5
    size = found.methods["predict_proba"].difference
    assert size is not None
    assert 0.01 < size < 1
    assert found.versions == {"scikit-learn": ("1.4.0", sklearn.__version__)}
    assert not found.is_same


def test_a_model_without_rows_has_nothing_to_replay(tmp_path: Path) -> None:
    save(build(fitted()), tmp_path / "m")
    assert fitscribe.models.verify(tmp_path / "m").outcome == "nothing to replay"


def test_a_method_that_fails_now_is_different(tmp_path: Path) -> None:
    model = Ridge().fit(X, Y)
    found = fitscribe.models.verify(saved(tmp_path / "m", model, transform=X[:5]))
    assert (found.outcome, found.method) == ("different", "transform")
    assert found.problems == ("transform: the model has no such method here",)
    wide = Golden("given", np.ones((2, 9)), {"predict": np.ones(2)})
    save(build(model, golden=wide.to_bytes()), tmp_path / "n")
    found = fitscribe.models.verify(tmp_path / "n")
    assert found.outcome == "different"
    assert found.problems[0].startswith("predict: ValueError: X has 9 features")


def test_frames_are_replayed_as_frames(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = LogisticRegression().fit(frame, Y)
    golden = Golden("given", frame[:4], {"predict": model.predict(frame[:4])})
    save(build(model, golden=golden.to_bytes()), tmp_path / "m")
    assert fitscribe.models.verify(tmp_path / "m").outcome == "identical"


def test_verify_goes_the_safe_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_pipeline(FunctionTransformer(lambda data: data * 2), LogisticRegression())
    folder = saved(tmp_path / "m", model.fit(X, Y))
    for name in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):  # go on as somebody else
        monkeypatch.setenv(name, str(tmp_path / "other"))
    with pytest.raises(NotTrusted):
        fitscribe.models.verify(folder)
    assert fitscribe.models.verify(folder, trust="code").outcome == "identical"
    with pytest.raises(InvalidParameter, match="means nothing"):
        fitscribe.models.verify(folder, trust="all")


def test_rows_that_were_changed_are_no_proof(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m", fitted())
    (folder / GOLDEN).write_bytes((folder / GOLDEN).read_bytes().replace(b"given", b"givem"))
    with pytest.raises(DamagedModel, match=r"golden\.json"):
        fitscribe.models.verify(folder)
    with pytest.raises(NotFound):
        fitscribe.models.verify(tmp_path / "nowhere")


def test_nothing_is_drawn_or_warned(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m", fitted())
    np.random.seed(0)
    fitscribe.models.verify(folder)
    drawn = np.random.random()
    np.random.seed(0)
    assert drawn == np.random.random()


# ---- loading ----------------------------------------------------------------------------------


def test_another_version_with_the_same_answers_is_no_warning(tmp_path: Path, old: Any) -> None:
    folder = old(tmp_path / "m", fitted())
    filters = list(warnings.filters)
    loaded = fitscribe.sklearn.load_model(folder)  # warnings are errors here
    assert loaded.predict(X).tolist() == fitted().predict(X).tolist()
    assert list(warnings.filters) == filters


def test_another_version_with_other_answers_is_one_warning(tmp_path: Path, old: Any) -> None:
    folder = old(tmp_path / "m", fitted(), predict_proba=np.full((5, 2), 0.5))
    with pytest.warns() as told:
        fitscribe.sklearn.load_model(folder)
    (one,) = told
    assert one.category is FitscribeWarning
    assert one.filename == __file__
    text = str(one.message)
    assert text.startswith("The model was written with scikit-learn 1.4.0, and here is ")
    assert "predict_proba differs by up to 0." in text
    assert text.endswith("Load it with scikit-learn 1.4.0, or fit it anew.")


def test_warnings_of_other_kinds_are_shown() -> None:
    with pytest.warns(UserWarning, match="mine"), unwarned(InconsistentVersionWarning):
        warnings.warn("mine", UserWarning, stacklevel=1)


def test_labels_that_differ_are_told(tmp_path: Path, old: Any) -> None:
    model = fitted()
    folder = old(tmp_path / "m", model, predict=1 - model.predict(X[:5]))
    with pytest.warns(FitscribeWarning, match="predict differs in labels or columns on its 5"):
        fitscribe.sklearn.load_model(folder)


@pytest.mark.parametrize("file", [None, b"{}"])
def test_without_rows_that_can_be_read_the_warning_is_scikit_learns(
    tmp_path: Path, old: Any, file: bytes | None
) -> None:
    folder = old(tmp_path / "m", fitted(), file)
    with pytest.warns() as told:
        fitscribe.sklearn.load_model(folder)
    assert [one.category for one in told] == [InconsistentVersionWarning]


def test_rows_that_cannot_be_asked_are_one_warning(tmp_path: Path, old: Any) -> None:
    wide = Golden("given", np.ones((2, 9)), {"predict": np.ones(2)}).to_bytes()
    folder = old(tmp_path / "m", fitted(), wide)
    with pytest.warns() as told:
        fitscribe.sklearn.load_model(folder)
    assert [one.category for one in told] == [FitscribeWarning]


def test_the_same_version_is_not_replayed(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m", fitted(), predict_proba=np.full((5, 2), 0.5))
    fitscribe.sklearn.load_model(folder)  # warnings are errors here


# ---- the command ------------------------------------------------------------------------------


def test_the_command_prints_and_returns_what_came_of_it(
    home: Path, tmp_path: Path, old: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "verify", str(saved(tmp_path / "m", fitted()))]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "identical (5 golden rows)"
    folder = old(tmp_path / "n", fitted(), predict_proba=np.full((5, 2), 0.5))
    assert main(["models", "verify", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("different (5 golden rows)")
    assert f"scikit-learn: 1.4.0 when it was written, {sklearn.__version__} here" in printed
    assert main(["models", "verify", str(folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["method"]) == ("different", "predict_proba")
    assert told["versions"]["scikit-learn"] == ["1.4.0", sklearn.__version__]
    save(build(fitted()), tmp_path / "o")
    assert main(["models", "verify", str(tmp_path / "o")]) == 0
    assert capsys.readouterr().out == "nothing to replay\n"
    assert main(["models", "verify", str(tmp_path / "nowhere")]) == 1


def test_the_command_knows_addresses(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = fitscribe.sklearn.log_model(fitted(), name="m", golden_rows=X[:3])
    assert main(["models", "verify", info.model_uri]) == 0
    assert "identical (3 golden rows)" in capsys.readouterr().out
