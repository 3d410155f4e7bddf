"""What the source text of a call says of its arguments.

The text is that at an instruction of a code object, so nothing of the call is touched.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from pathlib import PurePath
from types import CodeType

from fitscribe.sklearn.weakly import kept_by_code

__all__ = ["IN", "VariablePath", "Place", "file_name", "name_of", "paths_of", "source_of"]

MOST_TEXT = 60
# A function of such a name gets data from elsewhere.
LOADERS = ("load", "fetch_", "make_", "read_", "scan_", "genfromtxt")
# Between a loader's name and that of the variable that may hold the path.
IN = "\0"
# Where a call's text is longer, nobody reads a name out of it.
MOST_SOURCE = 4000
# An argument's position in a call, counted without ``self``, and its name.
Place = tuple[int, str]
# A variable and what is taken of it: attributes by name, items by a tuple of their one key.
# ``self.answers["forest"]`` is ``("self", "answers", ("forest",))``.
VariablePath = tuple[str, *tuple[str | tuple[object], ...]]


@kept_by_code
def source_of(code: CodeType, instruction: int, place: Place) -> str:
    """Return the text of an argument; empty where it cannot be read, or is long."""
    node = _argument_at(code, instruction, place)
    text = "" if node is None else ast.unparse(node)
    return text if len(text) <= MOST_TEXT else ""


@kept_by_code
def name_of(code: CodeType, instruction: int, place: Place) -> str | None:
    """Return a readable name of an argument, or None.

    It may be that of a loader, and after :data:`IN` of the variable that may hold a path.
    """
    given = _argument_at(code, instruction, place)
    return None if given is None else _readable(given)


@kept_by_code
def paths_of(code: CodeType, instruction: int, place: Place) -> tuple[VariablePath, ...]:
    """Return the variables that the text of an argument names, and what it takes of them."""
    given = _argument_at(code, instruction, place)
    return () if given is None else tuple(dict.fromkeys(_paths(given)))


def _paths(node: ast.AST) -> Iterator[VariablePath]:
    whole = _path(node)
    if whole is not None:
        yield whole
        return
    for child in ast.iter_child_nodes(node):
        yield from _paths(child)


def _path(node: ast.AST) -> VariablePath | None:
    """Return the path that an expression is; None if it is more than that."""
    if isinstance(node, ast.Name):
        return (node.id,)
    step: str | tuple[object]
    if isinstance(node, ast.Attribute):
        step = node.attr
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        step = (node.slice.value,)
    else:
        return None
    before = _path(node.value)
    return None if before is None else (*before, step)


@kept_by_code
def _argument_at(code: CodeType, instruction: int, place: Place) -> ast.expr | None:
    """Return the text of an argument of the call that an instruction makes, parsed."""
    call = _call_at(code, instruction)
    if call is None:
        return None
    position, name = place
    given = next((word.value for word in call.keywords if word.arg == name), None)
    if given is not None:
        return given
    for one in call.args[: position + 1]:
        if isinstance(one, ast.Starred):
            # ``fit(*load_iris(return_X_y=True))``
            return one.value if _loader(one.value) is not None else None
    return call.args[position] if position < len(call.args) else None


def _call_at(code: CodeType, instruction: int) -> ast.Call | None:
    """Return the call that an instruction makes, from its source text, if that can be read."""
    positions = list(code.co_positions())
    if not 0 <= instruction // 2 < len(positions):
        return None
    first, last, start, end = positions[instruction // 2]
    if first is None or last is None or start is None or end is None:
        return None
    lines = [line.encode() for line in linecache.getlines(code.co_filename)[first - 1 : last]]
    if len(lines) != last - first + 1:
        return None
    # Columns count bytes; the last line is cut before the first, for they may be one.
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    text = b"".join(lines)
    if len(text) > MOST_SOURCE:
        return None
    try:
        found = ast.parse(b"(" + text + b"\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return found if isinstance(found, ast.Call) else None


def _readable(node: ast.expr) -> str | None:
    """Return an expression as people would name it, or None.

    ``self.X_test`` is ``X_test``; what a function or a method makes of a thing has its name; what
    comes of a file has that of the file, and what a loader gives has the loader's.
    """
    loaded = _loader(node)
    if loaded is not None:
        return loaded
    if isinstance(node, ast.Attribute) and node.attr in ("values", "array"):
        return _readable(node.value)
    if isinstance(node, ast.Call):
        about = node.args[0] if node.args else None
        if isinstance(about, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)):
            return _readable(about)
        return _readable(node.func.value) if isinstance(node.func, ast.Attribute) else None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.value.id in ("self", "cls"):
            return node.attr
    elif not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        return None
    text = ast.unparse(node)
    return text if len(text) <= MOST_TEXT else None


def _loader(node: ast.expr) -> str | None:
    """Return what data are called that a function loads, whatever part of them is taken."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    name = str(getattr(function, "attr", None) or getattr(function, "id", ""))
    if not name.startswith(LOADERS):
        return None
    source = node.args[0] if node.args else None
    if isinstance(source, ast.Constant):
        return file_name(source.value) or name
    return f"{name}{IN}{source.id}" if isinstance(source, ast.Name) else name


def file_name(path: object) -> str | None:
    """Return a file's name without folders and ending: ``data/train.csv`` is ``train``."""
    name = PurePath(path).stem if isinstance(path, (str, PurePath)) else ""
    return name if 0 < len(name) <= MOST_TEXT else None
