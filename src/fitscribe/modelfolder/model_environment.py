"""The environment that a model folder asks for: what it says, what differs here, a new one."""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitscribe.errors import AlreadyExists, FitscribeError, InvalidParameter, NotFound
from fitscribe.modelfolder import yamltext
from fitscribe.modelfolder.environment import (
    CONSTRAINTS_FILE,
    PYTHON_ENV_FILE,
    REQUIREMENTS_FILE,
)
from fitscribe.modelfolder.look import versions_of
from fitscribe.modelfolder.read import OpenFolder
from fitscribe.modelfolder.requirements import (
    Requirement,
    VersionDifference,
    environment_differences,
    parse_requirements,
)

__all__ = [
    "ModelEnvironment",
    "create_environment",
    "environment_of",
    "minor_of",
    "python_in",
]

MOST_BYTES = 1 << 20
# So much is told of what a program printed that failed.
LAST_LINES = 20
_CONSTRAINED = re.compile(rf"-c\s*{re.escape(CONSTRAINTS_FILE)}")
_PYTHON = re.compile(r"(\d{1,2}\.\d{1,3})(?:\.\d{1,3}\w{0,10})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ModelEnvironment:
    """What a model folder asks for.

    Parameters
    ----------
    requirements : tuple of Requirement
        Of its ``requirements.txt``.
    constraints : tuple of Requirement
        Of its ``constraints.txt``, if the other names it.
    python : str or None
        The version of Python that the model was written with.
    """

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    python: str | None = None

    @property
    def text(self) -> str:
        """The requirements as pip reads them."""
        return "".join(f"{one}\n" for one in self.requirements)

    def differences(self) -> list[VersionDifference]:
        """Return what is not here as it is asked for; of Python, another minor version."""
        found = []
        minor = minor_of(self.python)
        if minor is not None and minor != minor_of(platform.python_version()):
            found.append(VersionDifference("python", f"=={minor}.*", platform.python_version()))
        return found + environment_differences((*self.requirements, *self._limits()))

    def _limits(self) -> list[Requirement]:
        """Return the constraints of what is required: a constraint alone asks for nothing."""
        asked = {one.project for one in self.requirements}
        return [one for one in self.constraints if one.project in asked]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "python": self.python,
            "requirements": [str(one) for one in self.requirements],
            "constraints": [str(one) for one in self.constraints],
            "differences": [
                {"package": one.package, "wanted": one.wanted, "here": one.here}
                for one in self.differences()
            ],
        }


def environment_of(opened: OpenFolder) -> ModelEnvironment:
    """Return the environment that an open folder asks for.

    Raises
    ------
    NotFound
        If it has no ``requirements.txt``.
    InvalidParameter
        If a line of it is none that is taken from a file; the message names it.
    """
    lines = _read(opened, REQUIREMENTS_FILE)
    plain = [line for line in lines if _CONSTRAINED.fullmatch(line.strip()) is None]
    constraints: list[Requirement] = []
    if len(plain) < len(lines):
        constraints = parse_requirements(_read(opened, CONSTRAINTS_FILE))
        for one in constraints:
            if one.extras:
                raise InvalidParameter(f"The constraint {str(one)!r:.200} has extras.")
    return ModelEnvironment(
        tuple(parse_requirements(plain)), tuple(constraints), _python_of(opened)
    )


def _read(opened: OpenFolder, name: str) -> list[str]:
    """Return the lines of a file, as pip sees them."""
    data = opened.read(name)
    if len(data) > MOST_BYTES:
        raise InvalidParameter(f"The model's {name} has {len(data):,} bytes.")
    try:
        return data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidParameter(f"The model's {name} is no UTF-8 text: {error}.") from None


def _python_of(opened: OpenFolder) -> str | None:
    told = versions_of(opened).get("python")
    if told is None:
        try:
            document = yamltext.load("\n".join(_read(opened, PYTHON_ENV_FILE)))
        except (NotFound, InvalidParameter):
            return None
        told = document.get("python") if isinstance(document, dict) else None
    return told if isinstance(told, str) and _PYTHON.fullmatch(told) else None


def minor_of(version: str | None) -> str | None:
    """Return ``3.11`` of ``3.11.7``; None of what is no version of Python."""
    found = None if version is None else _PYTHON.fullmatch(version)
    return None if found is None else found[1]


def create_environment(
    environment: ModelEnvironment, folder: str | Path, *, uv: str | None = None
) -> Path:
    """Make a virtual environment in a folder, with what a model asks for; return its Python.

    The packages are asked of the index that pip or uv is set up with. What a package does when it
    is built and installed is not looked at: look at the list first.

    Parameters
    ----------
    environment : ModelEnvironment
    folder : str or Path
        Not there yet, or empty.
    uv : str or None
        The program, which also finds the version of Python; None for Python's own venv and pip,
        with the Python that runs this.

    Raises
    ------
    AlreadyExists
        If there is something in the folder.
    FitscribeError
        If it could not be made; nothing of it is left.
    """
    target = Path(folder).absolute()
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise AlreadyExists(
            f"{str(target)!r:.300} already exists and is not empty. Choose another folder."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    done = False
    try:
        python = python_in(target)
        if uv is None:
            _make(target)
        else:
            wanted = minor_of(environment.python) or minor_of(platform.python_version())
            _run([uv, "venv", "--quiet", "--python", str(wanted), str(target)])
        pip = [str(python), "-m", "pip"] if uv is None else [uv, "pip"]
        options = ["--disable-pip-version-check"] if uv is None else ["--python", str(python)]
        try_by_hand = _command_to_try(environment, uv)
        _run([*pip, "install", *options, *_files(environment, target)], try_by_hand)
        done = True
    finally:
        if not done:
            shutil.rmtree(target, ignore_errors=True)
    return python


def _make(target: Path) -> None:
    """Make an environment by Python's own venv."""
    try:
        venv.create(target, with_pip=True, symlinks=os.name == "posix")
    except (OSError, subprocess.CalledProcessError) as error:
        raise FitscribeError(f"The environment was not made: {error}.") from error


def python_in(target: Path) -> Path:
    """Return where the Python of a virtual environment is."""
    names = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return target.joinpath(*names)


def _files(environment: ModelEnvironment, target: Path) -> list[str]:
    """Write what is to be installed; return the options that name the files."""
    found = []
    for option, name, held in (
        ("-r", REQUIREMENTS_FILE, environment.requirements),
        ("-c", CONSTRAINTS_FILE, environment.constraints),
    ):
        if held or option == "-r":
            file = target / name
            file.write_text("".join(f"{one}\n" for one in held), encoding="utf-8")
            found += [option, str(file)]
    return found


def _command_to_try(environment: ModelEnvironment, uv: str | None) -> str:
    """Return a command line that asks for the same, and leaves nothing behind."""
    asked = [str(one) for one in environment.requirements]
    if uv is None:
        return shlex.join([sys.executable, "-m", "pip", "install", "--dry-run", *asked])
    wanted = minor_of(environment.python) or minor_of(platform.python_version())
    each = [word for one in asked for word in ("--with", one)]
    return shlex.join([uv, "run", "--no-project", "--python", str(wanted), *each, "python", "-V"])


def _run(command: Sequence[str], try_by_hand: str = "") -> None:
    """Run a program; the last of what it prints is told if it fails."""
    try:
        ran = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise FitscribeError(f"{command[0]!r:.200} cannot be run: {error}.") from error
    if ran.returncode != 0:
        printed = (ran.stderr.strip() or ran.stdout.strip()).splitlines()[-LAST_LINES:]
        told = "\n".join(printed)[-2000:] or "It printed nothing."
        raise FitscribeError(
            f"The environment was not made: {' '.join(command[:3])} … ended with "
            f"{ran.returncode}.\n{told}\n"
            f"Try it by hand: {try_by_hand or shlex.join(command)}"
        )
