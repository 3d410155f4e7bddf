"""What is installed to ask a model in its own environment, and what is refused before."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import Ridge

from fitscribe.errors import InvalidParameter, MissingDependency, NotSupported, NotTrusted
from fitscribe.modelfolder.manifest import MANIFEST
from fitscribe.modelfolder.read import OpenFolder, open_folder
from fitscribe.modelfolder.scoring_environment import scoring_environment
from fitscribe.modelfolder.seal import SEAL
from fitscribe.modelfolder.write import build, save


def saved(path: Path, **options: Any) -> Path:
    save(build(Ridge().fit([[0.0], [1.0]], [0, 1]), **options), path)
    return path


def strangers(path: Path, *lines: str, python: str = "") -> OpenFolder:
    """Return a folder of somebody else's with these requirements."""
    saved(path)
    for name in (MANIFEST, SEAL):
        (path / name).unlink()
    (path / "requirements.txt").write_text("\n".join(lines))
    if python:
        text = (path / "MLmodel").read_text()
        here = platform.python_version()
        assert f"python_version: {here}" in text
        (path / "MLmodel").write_text(text.replace(f"version: {here}", f"version: {python}"))
    return open_folder(path)


def names(opened: OpenFolder, trust: str | None = None) -> list[str]:
    return [one.project for one in scoring_environment(opened, trust).requirements]


def test_a_models_requirements_come_first_and_ours_beside(tmp_path: Path) -> None:
    found = scoring_environment(open_folder(saved(tmp_path / "model")), None)
    told = [one.project for one in found.requirements]
    assert told[:3] == ["numpy", "scikit-learn", "scipy"]
    assert all(one.wanted.startswith("==") for one in found.requirements[:3])
    assert {"pyyaml", "sqlalchemy", "pyarrow", "pandas", "cloudpickle"} < set(told[3:])
    assert all(one.marker == "" for one in found.requirements)
    assert not {"skops", "psycopg", "fitscribe"} & set(told)


@pytest.mark.parametrize("lines", [None, ["Provides-Extra: postgres"]])
def test_metadata_that_are_not_of_this_version_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str] | None
) -> None:
    if lines is not None:
        place = tmp_path / "fitscribe-0.0.1.dist-info"
        place.mkdir()
        (place / "METADATA").write_text("\n".join(["Name: fitscribe", "Version: 0.0.1", *lines]))
    opened = open_folder(saved(tmp_path / "model"))
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(MissingDependency, match="install it anew"):
        scoring_environment(opened, None)


def test_an_estimator_needs_no_mlflow_and_fitscribe_is_there(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", pip_requirements=["mlflow==3.1", "fitscribe==0.0.1"])
    assert not {"mlflow", "fitscribe"} & set(names(open_folder(folder)))


def test_a_model_of_another_kind_keeps_mlflow(tmp_path: Path) -> None:
    opened = strangers(tmp_path / "model", "mlflow==3.1")
    opened.model.flavors.pop("sklearn")
    assert names(opened)[0] == "mlflow"


def test_a_file_of_skops_needs_skops(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", format="skops", pip_requirements=["numpy"])
    assert "skops" in names(open_folder(folder))


def test_packages_of_a_strangers_choice_are_not_installed(tmp_path: Path) -> None:
    usual = ["mlflow==3.17.2", "Scikit_Learn", "xgboost", "imbalanced-learn", "psutil", "pandas"]
    names(strangers(tmp_path / "usual", *usual))
    opened = strangers(tmp_path / "model", *usual, "numpi", "evil[x]==1")
    with pytest.raises(NotTrusted, match="say nothing: evil, numpi") as caught:
        names(opened)
    assert "--trust code" in str(caught.value)
    assert {"evil", "numpi"} < set(names(opened, "code"))


@pytest.mark.parametrize("trust", [None, "code"])
@pytest.mark.parametrize(
    "line",
    [
        "-r more.txt",
        "--index-url=here",
        "-e .",
        "numpy @ file:///tmp/numpy.whl",
        "./numpy",
        "${HOME}",
    ],
)
def test_lines_that_are_not_plain_are_refused_whoever_says_so(
    tmp_path: Path, line: str, trust: str | None
) -> None:
    opened = strangers(tmp_path / "model", "numpy", line)
    with pytest.raises(InvalidParameter, match="none of the plain form"):
        names(opened, trust)


@pytest.mark.parametrize("line", ["scikit-learn==1.2.2", "numpy==1.22.*,==1.22.4", "PyYAML===5.1"])
def test_versions_that_fitscribe_does_not_run_with_are_told(tmp_path: Path, line: str) -> None:
    with pytest.raises(NotSupported, match=r"fitscribe runs with .*>="):
        names(strangers(tmp_path / "model", line))


@pytest.mark.parametrize("line", ["scikit-learn<9", "scikit-learn==1.*", "numpy==99.1"])
def test_other_versions_are_left_to_pip(tmp_path: Path, line: str) -> None:
    assert names(strangers(tmp_path / "model", line))


def test_a_python_that_fitscribe_does_not_run_on_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match=r"by Python 3\.8\.10; fitscribe runs on >=3\.11"):
        names(strangers(tmp_path / "old", "numpy", python="3.8.10"))
    assert names(strangers(tmp_path / "new", "numpy", python="3.14.0rc1"))


@pytest.mark.parametrize(
    ("line", "limited"),
    [
        ("numpy==1.26.4", True),
        ("numpy==1.*", True),
        ("numpy<2", True),
        ("numpy~=1.26", True),
        ("pandas==2.1.4", True),
        ("numpy==2.0.1", False),
        ("numpy==2.*", False),
        ("numpy>=1.26", False),
        ("numpy", False),
        ("pandas==2.2.2", False),
        ("scipy==1.11.4", False),
    ],
)
def test_pyarrow_is_one_that_runs_with_the_models_numpy(
    tmp_path: Path, line: str, limited: bool
) -> None:
    opened = strangers(tmp_path / "model", line)
    found = [str(one) for one in scoring_environment(opened, None).requirements]
    assert ("pyarrow<26" in found) == limited
