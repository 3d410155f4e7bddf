"""``fitscribe models show|env|diff``: what they print and return."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import fitscribe
import fitscribe.models
import fitscribe.sklearn
from fitscribe.cli import main
from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.seal import SEAL
from fitscribe.modelfolder.write import build, save
from fitscribe.tracking.connect import disconnect

Output = pytest.CaptureFixture[str]
X, Y = [[0.0, 1.0], [1.0, 3.0], [2.0, 5.0], [4.0, 1.0]], [0, 1, 1, 0]


def saved(path: Path, model: Any, **options: Any) -> Path:
    """Write a model, and return its folder."""
    save(build(model, **options), path)
    return path


def test_a_logged_model_is_shown_by_each_of_its_addresses(home: Path, capsys: Output) -> None:
    model = LogisticRegression(C=0.5).fit(X, Y)
    with fitscribe.start_run() as run:
        info = fitscribe.sklearn.log_model(model, registered_model_name="churn")
    for address in (info.model_uri, f"runs:/{run.info.run_id}/model", "models:/churn/1"):
        assert main(["models", "show", address, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["model"]["params"]["C"] == 0.5
        assert told["loads"] is True
        assert told["written_by"] == "own"
    assert fitscribe.models.inspect("models:/churn/1").to_dict()["names"] == told["names"]


def test_a_folder_is_shown_where_nothing_is_recorded(home: Path, capsys: Output) -> None:
    folder = saved(home.parent / "folder", make_pipeline(StandardScaler(), Ridge()).fit(X, Y))
    assert main(["models", "show", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "ridge: sklearn.linear_model._ridge.Ridge" in out
    assert "alpha = 1.0" in out
    assert main(["models", "show", folder.as_uri()]) == 0
    assert capsys.readouterr().out == out
    assert not home.exists()
    assert main(["models", "show", "models:/m-1234"]) == 1
    assert "Nothing is recorded" in capsys.readouterr().err
    assert main(["models", "show", str(home.parent / "none")]) == 1
    assert "There is no file or folder" in capsys.readouterr().err


def test_what_a_stranger_wrote_does_not_drive_the_terminal(home: Path, capsys: Output) -> None:
    model = make_pipeline(FunctionTransformer(lambda x: x, kw_args={"a": "\x1b[31m\n"}), Ridge())
    folder = saved(home.parent / "folder", model.set_params(ridge__alpha="\x1b]0;title\x07"))
    (folder / SEAL).unlink()
    text = (folder / "requirements.txt").read_text() + "\n\x1b[2J"
    assert main(["models", "show", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "Loads         no" in out
    assert 'trust="code"' in out
    (folder / "requirements.txt").write_text(text)
    assert main(["models", "show", str(folder)]) == 1
    assert "requirements.txt" in capsys.readouterr().err


def test_a_folder_that_the_store_knows_otherwise_is_refused(home: Path) -> None:
    info = fitscribe.sklearn.log_model(Ridge().fit(X, Y))
    other = saved(home.parent / "other", Ridge(alpha=2).fit(X, Y))
    folder = Path(fitscribe.artifacts.download_artifacts(info.model_uri))
    for file in other.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    disconnect()
    with pytest.raises(DamagedModel, match="its store knows"):
        fitscribe.models.inspect(info.model_uri)


# env


def test_what_a_model_needs_is_printed_and_checked(home: Path, capsys: Output) -> None:
    folder = saved(home.parent / "folder", Ridge().fit(X, Y))
    assert main(["models", "env", str(folder)]) == 0
    assert capsys.readouterr().out == (folder / "requirements.txt").read_text() + "\n"
    assert main(["models", "env", str(folder), "--check"]) == 0
    assert "as the model asks" in capsys.readouterr().out
    other = saved(
        home.parent / "other",
        Ridge().fit(X, Y),
        pip_requirements=["scikit-learn==0.24.2", "no-such-package[extra]>=1", "numpy"],
    )
    assert main(["models", "env", str(other), "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["package", "wanted", "here"]
    assert [line.split()[0] for line in lines[1:]] == ["scikit-learn", "no-such-package"]
    assert main(["models", "env", str(other), "--check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["requirements"][2] == "no-such-package[extra]>=1"
    assert told["differences"][1] == {
        "package": "no-such-package",
        "wanted": ">=1",
        "here": None,
    }


def test_a_line_that_reaches_further_is_refused_and_nothing_is_made(
    home: Path, capsys: Output
) -> None:
    folder = saved(home.parent / "folder", Ridge().fit(X, Y))
    for name in ("manifest.json", SEAL):
        (folder / name).unlink()
    (folder / "requirements.txt").write_text("numpy\n--index-url https://example.org\n")
    target = home.parent / "venv"
    for more in ([], ["--check"], ["--create", str(target)]):
        assert main(["models", "env", str(folder), *more]) == 1
        assert "--index-url https://example.org" in capsys.readouterr().err
    assert not target.exists()


# diff


def test_two_models_are_compared(home: Path, capsys: Output) -> None:
    one = fitscribe.sklearn.log_model(Ridge().fit(X, Y))
    other = saved(home.parent / "other", Ridge(alpha=2.0).fit(X, Y))
    assert main(["models", "diff", one.model_uri, str(other)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"- {one.model_uri}\n+ {other}\n")
    assert "~ alpha: 1.0 → 2.0 (the default before)" in out
    assert main(["models", "diff", one.model_uri, str(other), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["params"][0]["after"] == 2.0
    assert main(["models", "diff", str(other), str(other)]) == 0
    assert "Nothing differs" in capsys.readouterr().out


def test_a_strangers_code_is_run_only_on_request(home: Path, capsys: Output) -> None:
    mark = home.parent / "mark"

    class Marks:
        def __reduce__(self) -> Any:
            return (Path.touch, (mark,))

    one = saved(home.parent / "one", Ridge(alpha=Marks()))
    other = saved(home.parent / "other", Ridge())
    mark.unlink(missing_ok=True)
    for folder in (one, other):
        (folder / SEAL).unlink()
    assert main(["models", "diff", str(one), str(other)]) == 0
    out = capsys.readouterr().out
    assert not mark.exists()
    assert "Not loaded" in out
    assert "Path.touch" in out
    assert main(["models", "diff", str(one), str(other), "--trust", "code"]) == 0
    assert mark.exists()
