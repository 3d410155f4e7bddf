"""Doing something with a module now if it is imported, else as soon as it is.

Importing it ourselves would make everybody pay for what few use.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["stop_waiting", "when_imported"]


def when_imported(name: str, do: Callable[[ModuleType], object]) -> None:
    """Call `do` with a module once it has run.

    Parameters
    ----------
    name : str
        The module's full name.
    do : callable
        A second call for the same module, before it is imported, takes the place of the first.
    """
    module = sys.modules.get(name)
    if module is not None and not _is_being_imported(module):
        do(module)
        return
    for finder in sys.meta_path:
        if isinstance(finder, _Waiting) and finder.name == name:
            finder.do = do
            return
    sys.meta_path.insert(0, _Waiting(name, do))


def stop_waiting() -> None:
    """Wait for no import any more, whatever was to be done after it."""
    for finder in list(sys.meta_path):
        if isinstance(finder, _Waiting):
            sys.meta_path.remove(finder)


def _is_being_imported(module: ModuleType) -> bool:
    return bool(getattr(module.__spec__, "_initializing", False))


class _Waiting(MetaPathFinder):
    """Waits for one module's import; it finds nothing else."""

    def __init__(self, name: str, do: Callable[[ModuleType], object]) -> None:
        self.name = name
        self.do = do

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Following(spec.loader, self.do)
        return spec


class _Following(Loader):
    """A loader that does something with what it loaded."""

    def __init__(self, loader: Any, do: Callable[[ModuleType], object]) -> None:
        self.loader = loader
        self.do = do

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self.loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        assert module.__spec__ is not None
        module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.do(module)
