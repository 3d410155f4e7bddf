"""``import mlflow`` gives fitscribe: for scripts that cannot be edited.

Modules that fitscribe has under another name are the same objects; one that it does not have is
refused by a sentence that says what there is.
"""

from __future__ import annotations

import difflib
import dis
import functools
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import NoReturn

from fitscribe.errors import InvalidState

__all__ = ["install_as_mlflow", "refuse", "refuse_attribute"]

MODULES = {
    "mlflow": "fitscribe",
    # A name's last part is the module's own: importing sets it on the package above.
    "mlflow.artifacts": "fitscribe.artifacts",
    "mlflow.client": "fitscribe.client",
    "mlflow.data": "fitscribe.data",
    "mlflow.data.numpy_dataset": "fitscribe.data",
    "mlflow.data.pandas_dataset": "fitscribe.data",
    "mlflow.data.polars_dataset": "fitscribe.data",
    "mlflow.entities": "fitscribe.entities",
    "mlflow.entities.model_registry": "fitscribe.entities",
    "mlflow.exceptions": "fitscribe.exceptions",
    "mlflow.models": "fitscribe.models",
    "mlflow.models.signature": "fitscribe.models",
    "mlflow.pyfunc": "fitscribe.pyfunc",
    "mlflow.pyfunc.model": "fitscribe.pyfunc",
    "mlflow.sklearn": "fitscribe.sklearn",
    "mlflow.tracking": "fitscribe.tracking",
    "mlflow.tracking.client": "fitscribe.tracking.client",
    "mlflow.tracking.fluent": "fitscribe.tracking.fluent",
    "mlflow.types": "fitscribe.types",
    "mlflow.types.schema": "fitscribe.types",
}


def install_as_mlflow() -> None:
    """Let ``import mlflow`` give fitscribe from here on, in this process.

    Call it before anything imports mlflow. ``python -m fitscribe run script.py`` does it for a
    script.

    Raises
    ------
    InvalidState
        If the real mlflow is imported already.
    """
    found = sys.modules.get("mlflow")
    if found is not None and not getattr(found, "__fitscribe__", False):
        raise InvalidState(
            "mlflow is imported already, so its names are taken. Call install_as_mlflow() before "
            "the first import of mlflow, or run the script by: python -m fitscribe run SCRIPT."
        )
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Answers for ``mlflow`` and all below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "mlflow" and not fullname.startswith("mlflow."):
            return None
        if fullname not in MODULES:
            known = ", ".join(sorted(set(MODULES)))
            raise ModuleNotFoundError(
                f"fitscribe stands in for mlflow here and has no {fullname}. It has {known}.",
                name=fullname,
            )
        return importlib.util.spec_from_loader(fullname, _Alias(MODULES[fullname]))


class _Alias(Loader):
    """Gives a module that is there under another name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.name)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has put its own there
        module.__dict__["__fitscribe__"] = True
        # What is below a module is asked of the finder only if the module can have something.
        module.__dict__.setdefault("__path__", [])
        module.__dict__.setdefault("__getattr__", functools.partial(refuse, self.name))


def refuse(module: str, name: str) -> NoReturn:
    """Raise for a name that `module` does not have, with a sentence that helps.

    ``from fitscribe import name`` shows an ImportError's text only, so there it is one.

    Raises
    ------
    AttributeError or ImportError
    """
    public = importlib.import_module(module).__dict__.get("__all__", ())
    message = _has_none(module, name, public)
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name in ("__getattr__", "refuse"):
        frame = frame.f_back
    if frame is not None and _imports_from(frame):
        raise ImportError(message, name=module)
    raise AttributeError(message)


def refuse_attribute(owner: str, name: str, public: Sequence[str]) -> NoReturn:
    """Raise AttributeError for a method that a class does not have, with the same sentence."""
    raise AttributeError(_has_none(owner, name, public))


def _has_none(owner: str, name: str, public: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, public, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" It has: {', '.join(public)}."
    return f"{owner} has no {name!r}; if it is MLflow's, this release does not do it.{hint}"


def _imports_from(frame: FrameType) -> bool:
    """Whether the frame is executing ``from … import …``."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM"
