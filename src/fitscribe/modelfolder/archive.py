"""Models in zip archives, as skops writes them: their members, and what ``schema.json`` names.

skops is not asked. Its schema says of each object which class it is of; here it becomes the same
symbols as those of a pickle.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.opcodes import CALLED, INSTANTIATED, Global, Made, Pairs, Uses

__all__ = ["Archive", "read_archive"]

SCHEMA = "schema.json"
MOST_MEMBERS = 10_000
MOST_SCHEMA = 64 << 20
MOST_DEPTH = 200
LONGEST_NAME = 1000
# Of these nodes the class only stands there: skops makes what they hold by functions of its own.
DATA_NODES = frozenset(
    (
        "BytearrayNode",
        "BytesNode",
        "DTypeNode",
        "MaskedArrayNode",
        "NdArrayNode",
        "RandomGeneratorNode",
        "RandomStateNode",
        "SetNode",
        "SliceNode",
        "SparseMatrixNode",
    )
)


@dataclass(frozen=True, slots=True)
class Archive:
    """What a model's zip archive holds.

    Parameters
    ----------
    members : dict
        Name of a file in it to its bytes when it is unpacked, as the archive says.
    types : tuple of str
        The full names that its schema has, each once.
    root : object
        The model as symbols; None without a schema.
    uses : dict
        As :class:`~fitscribe.modelfolder.trust.opcodes.Parsed` has it.
    """

    members: dict[str, int]
    types: tuple[str, ...] = ()
    root: Any = field(default=None, repr=False)
    uses: Uses = field(default_factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"members": dict(self.members), "types": list(self.types)}


def read_archive(data: bytes) -> Archive:
    """Return what a zip archive holds; nothing but its schema is unpacked.

    Raises
    ------
    DamagedModel
        If it is none, or its schema is none, or is larger than any model's.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MOST_MEMBERS:
                raise _no_archive(f"it has {len(infos):,} members")
            members = {info.filename[:LONGEST_NAME]: info.file_size for info in infos}
            if SCHEMA not in members:
                return Archive(members)
            with archive.open(SCHEMA) as stream:
                text = stream.read(MOST_SCHEMA + 1)
        if len(text) > MOST_SCHEMA:
            raise _no_archive(f"its {SCHEMA} has more than {MOST_SCHEMA:,} bytes")
        schema = json.loads(text)
        reader = _Schema()
        root = reader.symbol(schema, 0)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        OSError,
        RecursionError,
        RuntimeError,  # zipfile's word for an archive with a password
        ValueError,
    ) as error:
        raise _no_archive(str(error)) from None
    types = tuple(f"{module}.{name}" for module, name in reader.uses)
    return Archive(members, types, root, reader.uses)


def _no_archive(why: str) -> DamagedModel:
    return DamagedModel(
        f"The model's file is damaged, or no archive of a model: {why:.200}. Take a copy that is "
        "whole; nothing of it was run."
    )


class _Schema:
    """Turns nodes of a schema into symbols."""

    def __init__(self) -> None:
        self.uses: Uses = {}

    def symbol(self, node: Any, depth: int) -> Any:
        """Return a node as symbols; what has no known form keeps the names in it."""
        if depth > MOST_DEPTH:
            raise ValueError(f"more than {MOST_DEPTH} things lie in one another")
        if isinstance(node, list):
            return [self.symbol(item, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        loader, content = node.get("__loader__"), node.get("content")
        if loader == "JsonNode":
            return json.loads(content) if isinstance(content, str) else content
        if loader == "DictNode" and isinstance(content, dict):
            return self.pairs(content, depth)
        if loader in ("ListNode", "TupleNode") and isinstance(content, list):
            items = [self.symbol(item, depth + 1) for item in content]
            return tuple(items) if loader == "TupleNode" else items
        name = node.get("__class__")
        if not isinstance(name, str):
            return self.pairs(node, depth)
        if loader in ("FunctionNode", "TypeNode"):
            return self.named(node, name, content)
        found = self.name(str(node.get("__module__")), name)
        if loader not in DATA_NODES:
            use = INSTANTIATED if loader == "ObjectNode" else CALLED
            self.uses[found.module, found.name].add(use)
        made = Made(found, ())
        rest = {key: value for key, value in node.items() if not key.startswith("__")}
        made.state = self.symbol(content, depth + 1) if loader == "ObjectNode" else None
        if loader != "ObjectNode":
            made.args = (self.pairs(rest, depth),)
        return made

    def pairs(self, content: dict[str, Any], depth: int) -> Pairs:
        """Return a mapping as symbols."""
        found = Pairs()
        for key, value in content.items():
            found += [key, self.symbol(value, depth + 1)]
        return found

    def name(self, module: str, name: str) -> Global:
        """Note a name that loading would look up."""
        self.uses.setdefault((module, name), set())
        return Global(module, name)

    def named(self, node: dict[str, Any], name: str, content: Any) -> Global:
        """Return the function or class that a node stands for."""
        if isinstance(content, dict):
            module = content.get("module_path", content.get("__module__"))
            called = content.get("function", content.get("__class__"))
            if isinstance(module, str) and isinstance(called, str):
                return self.name(module, called)
        return self.name(str(node.get("__module__")), name)
