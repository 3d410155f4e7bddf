"""What a model needs to be loaded elsewhere: ``requirements.txt`` and its two companions.

The requirements are the distributions of the modules that the model's bytes name (noted while
they were written, see :mod:`fitscribe.modelfolder.formats.named`), pinned to the versions
installed here. No subprocess, nothing imported, nothing loaded again.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder import yamltext
from fitscribe.modelfolder.distributions import pins_of, version_of
from fitscribe.modelfolder.formats.named import HERE
from fitscribe.modelfolder.mlmodel import MLFLOW_VERSION

__all__ = [
    "conda_environment",
    "CONDA_FILE",
    "PYTHON_ENV_FILE",
    "PYTHON_VERSION",
    "REQUIREMENTS_FILE",
    "Environment",
    "choose_environment",
    "inferred_requirements",
    "version_differences",
]

CONDA_FILE = "conda.yaml"
PYTHON_ENV_FILE = "python_env.yaml"
REQUIREMENTS_FILE = "requirements.txt"
CONSTRAINTS_FILE = "constraints.txt"
PYTHON_VERSION = ".".join(map(str, sys.version_info[:3]))

# What scikit-learn cannot be imported without and what decides its numbers.
_COMPANIONS = {"sklearn": ("numpy", "scipy")}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_OPTION = re.compile(r"(-r|--requirement|-c|--constraint)[\s=]*(.+)")


@dataclass(frozen=True, slots=True)
class Environment:
    """The requirements of a model.

    Parameters
    ----------
    requirements : tuple of str
        Lines of ``requirements.txt``, ``mlflow`` among them.
    constraints : tuple of str
        Lines of ``constraints.txt``.
    conda : mapping or None
        A conda environment that the user gave; None makes one of the requirements.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    conda: Mapping[str, Any] | None = None

    def files(self) -> dict[str, bytes]:
        """Return the environment's files, name to content."""
        files = dict(_files(self.requirements, self.constraints))
        if self.conda is not None:
            files[CONDA_FILE] = yamltext.dump(self.conda).encode()
            python = _conda_python(self.conda)
            if python is not None:
                files[PYTHON_ENV_FILE] = _python_env(python)
        return files


@functools.lru_cache(maxsize=64)
def _files(requirements: tuple[str, ...], constraints: tuple[str, ...]) -> dict[str, bytes]:
    """Return the files of an environment; the same few are asked for again and again."""
    files = {
        PYTHON_ENV_FILE: _python_env(PYTHON_VERSION),
        CONDA_FILE: yamltext.dump(conda_environment(requirements)).encode(),
        REQUIREMENTS_FILE: "\n".join(requirements).encode(),
    }
    if constraints:
        files[CONSTRAINTS_FILE] = "\n".join(constraints).encode()
    return files


def conda_environment(requirements: Sequence[str]) -> dict[str, Any]:
    """Return a conda environment that installs the requirements with pip."""
    pip = version_of("pip")
    return {
        "channels": ["conda-forge"],
        "dependencies": [
            f"python={PYTHON_VERSION}",
            f"pip<={pip}" if pip else "pip",
            {"pip": list(requirements)},
        ],
        "name": "mlflow-env",
    }


def _conda_python(conda: Mapping[str, Any]) -> str | None:
    """Return the Python version that a conda environment names."""
    for line in conda.get("dependencies") or ():
        found = re.fullmatch(r"python\s*=+\s*([\d.]+)", line) if isinstance(line, str) else None
        if found:
            return found[1]
    return None


def _python_env(python: str) -> bytes:
    """Return ``python_env.yaml``: what virtualenv needs."""
    tools = [(name, version_of(name)) for name in ("pip", "setuptools")]
    lines = [
        yamltext.dump({"python": python}).rstrip(),
        "build_dependencies:",
        *(f"- {name}=={version}" if version else f"- {name}" for name, version in tools),
        "- wheel",
        "dependencies:",
        f"- -r {REQUIREMENTS_FILE}",
    ]
    return ("\n".join(lines) + "\n").encode()


def inferred_requirements(modules: Iterable[str]) -> list[str]:
    """Return ``name==version`` of the distributions that modules come from, sorted.

    Parameters
    ----------
    modules : iterable of str
        Full names, imported here. Those of the standard library and of ``__main__`` need
        nothing. A module that no distribution has is the user's own: what it imports counts.
    """
    pins: set[str] = set()
    # Of one distribution there are many modules.
    roots: set[str] = set()
    seen = set(HERE)
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        root = name.partition(".")[0]
        if name in seen or root in roots or root in sys.stdlib_module_names:
            continue
        seen.add(name)
        found = pins_of(root)
        if found:
            roots.add(root)
        pins.update(found)
        waiting += _COMPANIONS.get(root, ()) if found else _imports_of(name)
    return sorted(pins)


def _imports_of(name: str) -> set[str]:
    """Return the modules that a module's global names come from."""
    found = set()
    for value in list(vars(sys.modules[name]).values()) if name in sys.modules else ():
        if isinstance(value, ModuleType):
            found.add(value.__name__)
        elif isinstance(value, (type, FunctionType)) and isinstance(value.__module__, str):
            found.add(value.__module__)
    return found


def choose_environment(
    inferred: Sequence[str],
    conda_env: Mapping[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
) -> Environment:
    """Return the environment that a model gets: what was found, or what the user says.

    ``mlflow`` is put first where nobody names it, so that a real MLflow can serve the model.

    Parameters
    ----------
    inferred : sequence of str
        What was found.
    conda_env : mapping, path or None
        A whole conda environment, or its file.
    pip_requirements : sequence of str, path or None
        All requirements, or a requirements file. ``-r`` and ``-c`` lines are followed.
    extra_pip_requirements : sequence of str, path or None
        Requirements beside those found; of the same package, these count.

    Raises
    ------
    InvalidParameter
        If more than one of the three is given, or a file cannot be read.
    """
    given = {
        "conda_env": conda_env,
        "pip_requirements": pip_requirements,
        "extra_pip_requirements": extra_pip_requirements,
    }
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise InvalidParameter(f"Only one of {', '.join(given)} can be given; got {named}.")
    if conda_env is not None:
        return _of_conda(_read_conda(conda_env))
    constraints: list[str] = []
    if pip_requirements is not None:
        lines = _read_requirements("pip_requirements", pip_requirements, constraints)
    elif extra_pip_requirements is not None:
        lines = _read_requirements("extra_pip_requirements", extra_pip_requirements, constraints)
        named_here = {_package(line) for line in lines}
        lines = sorted({*lines, *(pin for pin in inferred if _package(pin) not in named_here)})
    else:
        lines = list(inferred)
    if constraints:
        lines.append(f"-c {CONSTRAINTS_FILE}")
    return Environment(tuple(_with_mlflow(lines)), tuple(constraints))


def _package(line: str) -> str | None:
    """Return the package that a requirement names, as indexes spell it; None for an option."""
    found = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else None


def _with_mlflow(lines: Sequence[str]) -> list[str]:
    """Return the lines with MLflow's own in front, unless it is there."""
    if {_package(line) for line in lines} & {"mlflow", "mlflow-skinny"}:
        return list(lines)
    return [f"mlflow=={MLFLOW_VERSION}", *lines]


def _read_requirements(
    argument: str, given: Sequence[str] | str | Path, constraints: list[str]
) -> list[str]:
    """Return requirement lines of a list or a file; constraints are added to `constraints`."""
    if isinstance(given, (str, Path)):
        return _expand([f"-r {given}"], Path(), constraints, ())
    if isinstance(given, Sequence) and all(isinstance(line, str) for line in given):
        return _expand(given, Path(), constraints, ())
    raise InvalidParameter(
        f"{argument} is a list of lines as 'pandas>=2', or the path of a requirements file; "
        f"got {given!r:.80}."
    )


def _expand(
    lines: Iterable[str], folder: Path, constraints: list[str], inside: tuple[Path, ...]
) -> list[str]:
    """Return lines without comments, ``-r`` replaced by what the file holds, each line once."""
    result: dict[str, None] = {}
    for line in lines:
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if not text:
            continue
        option = _OPTION.fullmatch(text)
        if option is None:
            result[" ".join(text.split())] = None
            continue
        file = folder / option[2].strip().strip("\"'")
        if file.resolve() in inside:
            continue  # a file that names itself
        try:
            held = file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidParameter(
                f"The requirements file {str(file)!r} cannot be read: {error}"
            ) from error
        found = _expand(held, file.parent, constraints, (*inside, file.resolve()))
        if option[1] in ("-c", "--constraint"):
            constraints += [item for item in found if item not in constraints]
        else:
            result.update(dict.fromkeys(found))
    return list(result)


def _read_conda(given: Mapping[str, Any] | str | Path) -> Mapping[str, Any]:
    """Return a conda environment from itself or from its file."""
    if isinstance(given, (str, Path)):
        try:
            given = yamltext.load(Path(given).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidParameter(
                f"The conda environment {str(given)!r} cannot be read: {error}"
            ) from error
    if not isinstance(given, Mapping):
        raise InvalidParameter(
            f"conda_env is a dict as conda's environment files have it, or the path of one; "
            f"got {given!r:.80}."
        )
    dependencies = given.get("dependencies") or []
    lists = [dependencies]
    if isinstance(dependencies, list):
        lists += [item.get("pip") or [] for item in dependencies if isinstance(item, Mapping)]
    for found in lists:
        if not isinstance(found, list):
            raise InvalidParameter(
                f"conda_env has {found!r:.80} for a list of dependencies; give ['numpy', ...]."
            )
    return given


def _of_conda(conda: Mapping[str, Any]) -> Environment:
    """Return the environment of a conda one: as given, with MLflow in its list for pip."""
    dependencies = list(conda.get("dependencies") or ())
    lines: list[str] = []
    for item in dependencies:
        if isinstance(item, Mapping):
            lines += item.get("pip") or ()
    lines = _with_mlflow(lines)
    others = [d for d in dependencies if not (isinstance(d, Mapping) and "pip" in d)]
    return Environment(
        tuple(lines), conda={**conda, "dependencies": [*others, {"pip": list(lines)}]}
    )


def version_differences(folder: Path) -> list[str]:
    """Return what has another version here than in a model folder's environment.

    Parameters
    ----------
    folder : Path
        Its ``requirements.txt`` and ``python_env.yaml`` are read, if they are there. Of Python
        the first two numbers count; MLflow itself does not.

    Returns
    -------
    list of str
        As ``numpy 2.4.6 (here 2.3.0)``.
    """
    found = []
    python = re.search(r"(?m)^python: '?(\d+\.\d+)", _text_of(folder / PYTHON_ENV_FILE))
    here = ".".join(map(str, sys.version_info[:2]))
    if python and python[1] != here:
        found.append(f"Python {python[1]} (here {here})")
    for line in _text_of(folder / REQUIREMENTS_FILE).splitlines():
        pin = re.fullmatch(r"\s*([\w.-]+)(?:\[.*\])?==([\w.!+-]+)\s*", line)
        if pin is None or _package(pin[1]) in ("mlflow", "mlflow-skinny"):
            continue
        installed = version_of(pin[1])
        if installed != pin[2].partition("+")[0]:
            found.append(f"{pin[1]} {pin[2]} (here {installed or 'not installed'})")
    return found


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # it informs only
        return ""
