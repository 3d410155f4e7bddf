"""The environment of a model folder, and a virtual environment made of it."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import Ridge

from fitscribe.errors import AlreadyExists, FitscribeError, InvalidParameter, NotFound
from fitscribe.modelfolder.manifest import MANIFEST
from fitscribe.modelfolder.model_environment import (
    ModelEnvironment,
    create_environment,
    environment_of,
)
from fitscribe.modelfolder.read import open_folder
from fitscribe.modelfolder.requirements import parse_requirements
from fitscribe.modelfolder.seal import SEAL
from fitscribe.modelfolder.write import build, save

# What nobody needs, so that no index is asked.
NOTHING = "no-such-package==1.0; python_version < '3'"


def saved(path: Path, **options: Any) -> Path:
    save(build(Ridge().fit([[0.0], [1.0]], [0, 1]), **options), path)
    return path


def test_the_environment_of_ones_own_folder(tmp_path: Path) -> None:
    found = environment_of(open_folder(saved(tmp_path / "model")))
    assert [one.name for one in found.requirements] == ["mlflow", "numpy", "scikit-learn", "scipy"]
    assert found.python == platform.python_version()
    assert found.text == (tmp_path / "model" / "requirements.txt").read_text() + "\n"
    assert found.differences() == []


def test_constraints_of_the_folder_count_for_what_is_required(tmp_path: Path) -> None:
    limits = tmp_path / "limits.txt"
    limits.write_text("numpy<1\npolars<0.1\n")
    folder = saved(tmp_path / "model", pip_requirements=["numpy", f"-c {limits}"])
    found = environment_of(open_folder(folder))
    assert [str(one) for one in found.constraints] == ["numpy<1", "polars<0.1"]
    assert [(one.package, one.wanted) for one in found.differences()] == [("numpy", "<1")]


def test_another_python_is_a_difference() -> None:
    found = ModelEnvironment((), python="3.8.10").differences()
    assert [(one.package, one.wanted) for one in found] == [("python", "==3.8.*")]
    assert ModelEnvironment((), python="3.8.10; evil").differences() == []


def test_a_folder_of_mlflow_tells_its_python(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    for name in (MANIFEST, SEAL):
        (folder / name).unlink()
    (folder / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.pkl, code: null}}")
    (folder / "python_env.yaml").write_text("python: 3.9.1\ndependencies: []\n")
    assert environment_of(open_folder(folder)).python == "3.9.1"
    (folder / "python_env.yaml").write_text("python: --evil\n")
    assert environment_of(open_folder(folder)).python is None
    (folder / "requirements.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidParameter, match="UTF-8"):
        environment_of(open_folder(folder))
    (folder / "requirements.txt").unlink()
    with pytest.raises(NotFound, match=r"requirements\.txt"):
        environment_of(open_folder(folder))


def test_an_environment_is_made_by_pip(tmp_path: Path) -> None:
    environment = ModelEnvironment(
        tuple(parse_requirements([NOTHING])), tuple(parse_requirements(["other<1"]))
    )
    target = tmp_path / "-env"
    target.mkdir()
    python = create_environment(environment, target)
    assert (target / "requirements.txt").read_text() == (
        'no-such-package==1.0; python_version < "3"\n'
    )
    assert (target / "constraints.txt").read_text() == "other<1\n"
    told = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert Path(told.stdout.strip()).resolve() == target.resolve()
    with pytest.raises(AlreadyExists):
        create_environment(environment, target)


def fake_uv(folder: Path, status: int) -> Path:
    """Return a program that notes how it is called."""
    program = folder / "uv"
    program.write_text(
        '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word" >> "$0.log"; done\n'
        'if [ "$1" = venv ]; then for last; do :; done; mkdir -p "$last"; exit 0; fi\n'
        f"echo no such package >&2; exit {status}\n"
    )
    program.chmod(0o755)
    return program


@pytest.mark.posix
def test_uv_gets_files_and_no_line_of_theirs(tmp_path: Path) -> None:
    uv = fake_uv(tmp_path, 0)
    target = tmp_path / "made" / "env"
    environment = ModelEnvironment(tuple(parse_requirements(["a[x]==1", "b"])), python="3.12.4")
    create_environment(environment, target, uv=str(uv))
    told = Path(f"{uv}.log").read_text().splitlines()
    venv = ["venv", "--quiet", "--python", "3.12", str(target)]
    python = str(target / "bin" / "python")
    install = ["pip", "install", "--python", python, "-r", str(target / "requirements.txt")]
    assert told == venv + install
    assert (target / "requirements.txt").read_text() == "a[x]==1\nb\n"


@pytest.mark.posix
def test_nothing_is_left_of_one_that_could_not_be_made(tmp_path: Path) -> None:
    uv = fake_uv(tmp_path, 1)
    target = tmp_path / "env"
    by_hand = "Try it by hand: .*uv run --no-project --python .* python -V"
    with pytest.raises(FitscribeError, match=f"(?s)no such package.*{by_hand}"):
        create_environment(ModelEnvironment(()), target, uv=str(uv))
    assert not target.exists()
    with pytest.raises(FitscribeError, match="cannot be run"):
        create_environment(ModelEnvironment(()), target, uv=str(tmp_path / "none"))
    assert not target.exists()
    assert os.listdir(tmp_path) != []


def test_an_error_of_pip_shows_its_last_lines_and_a_command_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    environment = ModelEnvironment(
        tuple(parse_requirements(["no-such[x]>=1.0", "b; os_name < 'a'"]))
    )
    with pytest.raises(FitscribeError) as caught:
        create_environment(environment, tmp_path / "env")
    told = str(caught.value)
    assert "No matching distribution found for no-such" in told
    command = shlex.split(told.splitlines()[-1].removeprefix("Try it by hand: "))
    assert command[1:] == [
        "-m",
        "pip",
        "install",
        "--dry-run",
        "no-such[x]>=1.0",
        'b; os_name < "a"',
    ]
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "No matching distribution found for no-such" in again.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.posix
def test_of_much_that_is_printed_the_last_lines_are_told(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nseq 1000 >&2; exit 3\n")
    uv.chmod(0o755)
    environment = ModelEnvironment(tuple(parse_requirements(["a==1"])), python="3.12.4")
    with pytest.raises(FitscribeError) as caught:
        create_environment(environment, tmp_path / "env", uv=str(uv))
    first, *lines, last = str(caught.value).splitlines()
    assert first.endswith("ended with 3.")
    assert lines == [str(number) for number in range(981, 1001)]
    assert last == f"Try it by hand: {uv} venv --quiet --python 3.12 {tmp_path / 'env'}"
