"""A file of skops becomes an object, if all that it names is listed and all that it holds fits.

What the file or its folder says of trust is not asked: skops is told to trust the names that this
loader's lists let in, and no others.
"""

from __future__ import annotations

import json
from typing import Any

from fitscribe.errors import DamagedModel, MissingDependency, NotSupported
from fitscribe.modelfolder.trust.archive import Archive, archived
from fitscribe.modelfolder.trust.arguments import check_arguments
from fitscribe.modelfolder.trust.nodes import SCHEMA, parse
from fitscribe.modelfolder.trust.reader import check_names, looked_up, wrong_content
from fitscribe.modelfolder.trust.shapes import check_shapes
from fitscribe.modelfolder.trust.tree import Tree

__all__ = ["OLDEST", "read_skops", "skops_io", "written"]

# Of older ones, the loaders were easier to deceive.
OLDEST = (0, 16)


def skops_io() -> Any:
    """Return ``skops.io``.

    Raises
    ------
    MissingDependency
        If it is not installed.
    NotSupported
        If it is older than we trust.
    """
    wanted = ".".join(map(str, OLDEST))
    try:
        # Deferred: it imports all of scikit-learn.
        import skops
        import skops.io
    except ImportError as error:
        raise MissingDependency(
            f"The format skops needs {error.name or 'skops'}, which is not installed: "
            f'pip install "skops>={wanted}".'
        ) from error
    version = str(skops.__version__)
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < OLDEST:
        raise NotSupported(
            f"skops {version} is installed, which is too old to be asked to read or write "
            f'models: pip install "skops>={wanted}".'
        )
    return skops.io


def read_skops(data: bytes, what: str = "The model", *, runs_code: bool = False) -> Any:
    """Return the object of a file of skops; only what is listed is imported, made or called.

    Parameters
    ----------
    data : bytes
    what : str
        What the file is called in messages.
    runs_code : bool
        Whether it may import, make and call whatever it names: its names and what it holds are
        not looked at then, its form and size are.

    Raises
    ------
    NotTrusted
        If it names what is not listed; nothing was imported.
    DamagedModel
        If it is no file of skops, or what it holds does not fit together.
    MissingDependency
        If skops is not installed, or a library that it needs.
    NotSupported
        If it needs another version of a library.
    """
    tree = parse(Archive(data))
    if not runs_code:
        check_names(tree.parsed, what)
        check_arguments(tree.parsed)
    skops = skops_io()
    for name in tree.imports:
        looked_up(*name)
    names = sorted(".".join(name) for name in tree.names)
    try:
        model = skops.loads(written(tree, compress=False), trusted=names)
    except wrong_content(tree.parsed) as error:
        raise DamagedModel(
            f"{what} cannot be built of what its file holds: {type(error).__name__}: {error}"
        ) from error
    if not runs_code:
        check_shapes(model, what)
    return model


def written(tree: Tree, *, compress: bool) -> bytes:
    """Return a file that says what was read of another one, and nothing besides."""
    schema = json.dumps(tree.schema, separators=(",", ":")).encode()
    return archived({**tree.files, SCHEMA: schema}, compress)
