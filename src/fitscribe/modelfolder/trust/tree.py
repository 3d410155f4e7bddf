"""The tree of a file of skops while it is looked at, and written anew.

Of two nodes with one number skops builds the first, so the second is taken away; a module gets the
name that was looked at, and files are named in the order in which they are met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fitscribe.errors import DamagedModel, NotSupported
from fitscribe.modelfolder.trust.archive import Archive
from fitscribe.modelfolder.trust.parsed import CALLED, Global, Parsed, named_now

__all__ = ["Tree", "damaged"]

# More are no model, or a very large one: a vocabulary of a million words has two million.
MOST_NODES = 4_000_000
MOST_DEPTH = 64
_ENDINGS = (".npy", ".npz", ".bin")


def damaged(what: str) -> DamagedModel:
    """Return the error for a tree that skops did not write."""
    return DamagedModel(
        f"The model's file is damaged, or no model that skops wrote: {what:.200}. Take a copy "
        "that is whole; nothing of it was run."
    )


class Tree:
    """The tree of a file while it is looked at.

    Parameters
    ----------
    archive : Archive
    whole : bool
        Whether what is written anew keeps nodes that repeat another one, as skops writes them.
    loaders : mapping
        What reads a node, by the name of its loader: called with the tree, the node, and how deep
        its parts lie.
    """

    def __init__(
        self, archive: Archive, whole: bool, loaders: Mapping[str, Callable[..., Any]]
    ) -> None:
        self.archive, self.whole, self.loaders = archive, whole, loaders
        self.parsed = Parsed()
        # What skops imports, and all that it may be told to trust.
        self.imports: set[tuple[str, str]] = set()
        self.names: set[tuple[str, str]] = set()
        # The files that it reads, by the names that they have there.
        self.files: dict[str, bytes] = {}
        self.renamed: dict[str, str] = {}
        self.schema: dict[str, Any] = {}
        self._numbers: dict[int, int] = {}
        # By number: the loader of a node and what it makes.
        self._met: dict[int, tuple[str, Any]] = {}
        self._count = 0

    def node(self, state: Any, depth: int, *loaders: str) -> Any:
        """Return what a node makes, as symbols; `state` becomes what is written anew.

        Parameters
        ----------
        state : dict
        depth : int
            How many nodes it lies in.
        *loaders : str
            The loaders that it may have; any if none is named.
        """
        if type(state) is not dict:
            raise damaged(f"there is no node, but {state!r:.40}")
        self._count += 1
        if depth > MOST_DEPTH or self._count > MOST_NODES:
            raise damaged(
                f"more than {MOST_DEPTH} nodes lie in one another, or {MOST_NODES:,} in all"
            )
        number, is_known = self._numbered(state)
        if is_known and number not in self._met:
            raise damaged("an object holds itself")
        if is_known and not self.whole:
            loader, made = self._met[number]
            state.clear()
            state["__id__"] = number
        else:
            loader = str(state.get("__loader__"))
            reads = self.loaders.get(loader)
            if reads is None:
                module, name = self.named(state)
                raise NotSupported(
                    f"The model's file builds {module}.{name} by {loader:.40}, which this "
                    "version does not read. Nothing of it was run."
                )
            made = reads(self, state, depth + 1)
            if number:
                self._met[number] = loader, made
        if loaders and loader not in loaders:
            raise damaged(f"there is a {loader} where {' or '.join(loaders)} belongs")
        return made

    def _numbered(self, state: dict[str, Any]) -> tuple[int, bool]:
        """Give a node the next number, or that of the one it repeats; return whether it does."""
        given = state.get("__id__")
        if given is None:
            return 0, False
        if type(given) is not int or given <= 0:
            raise damaged(f"a node has the number {given!r:.40}")
        is_known = given in self._numbers
        number = state["__id__"] = self._numbers.setdefault(given, len(self._numbers) + 1)
        return number, is_known

    def named(self, state: dict[str, Any]) -> tuple[str, str]:
        """Return what a node names, as it is called now."""
        module, name = state.get("__module__"), state.get("__class__")
        if type(module) is not str or type(name) is not str:
            raise damaged("a node names nothing")
        module = state["__module__"] = named_now(module)
        return module, name

    def use(self, name: tuple[str, str], *how: str) -> Global:
        """Note that a name is looked up, and how it is used."""
        self.parsed.uses.setdefault(name, set()).update(how)
        self.names.add(name)
        self.imports.add(name)
        return Global(*name)

    def calls(self, state: dict[str, Any], plain: frozenset[tuple[str, str]]) -> Global:
        """Note that what a node names is called, if it is none of the plain ones."""
        name = self.named(state)
        if name not in plain:
            return self.use(name, CALLED)
        self.names.add(name)
        return Global(*name)

    def file(self, state: dict[str, Any], checked: Callable[[bytes], bytes | None] | None) -> None:
        """Take over the file that a node names, and look at it."""
        given = state.get("file")
        if type(given) is not str:
            raise damaged("a node names no file")
        name = self.renamed.get(given)
        if name is None:
            content = self.archive.read(given)
            changed = None if checked is None else checked(content)
            # By the end of their names, so that one content is not taken for two kinds.
            name = f"{len(self.files)}{given[-4:] if given[-4:] in _ENDINGS else ''}"
            self.renamed[given] = name
            self.files[name] = content if changed is None else changed
        elif checked is not None:
            checked(self.files[name])
        state["file"] = name
