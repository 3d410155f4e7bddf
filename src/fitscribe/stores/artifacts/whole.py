"""A folder of files, from paths and bytes to what lies on disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import TypeAlias

from fitscribe.errors import InvalidParameter
from fitscribe.stores.artifacts.blobs import Blobs
from fitscribe.stores.artifacts.paths import segments, stored_name
from fitscribe.stores.artifacts.reach import Folder
from fitscribe.stores.artifacts.staging import write_new

__all__ = ["Plan", "fill", "planned"]

Plan: TypeAlias = dict[tuple[str, ...], dict[str, bytes]]


def planned(files: Mapping[str, bytes]) -> Plan:
    """Return what each folder holds (name on disk to content), parents before children.

    Raises
    ------
    UnsafePath
        If one of the paths is none.
    InvalidParameter
        If something would be a file and a folder.
    """
    plan: Plan = {(): {}}
    for path, data in files.items():
        *above, name = [stored_name(part) for part in segments(path)] or [""]
        if not name:
            raise InvalidParameter("A file of the folder has an empty path; give it a name.")
        for depth in range(1, len(above) + 1):
            plan.setdefault(tuple(above[:depth]), {})
        plan[tuple(above)][name] = data
    for folder in plan:
        if folder and folder[-1] in plan[folder[:-1]]:
            raise InvalidParameter(
                f"{'/'.join(folder)!r} would be a file and a folder. "
                "Give one of them another name."
            )
    return plan


def fill(
    top: Folder,
    folder: Folder,
    plan: Plan,
    blobs: Blobs,
    alone: Collection[tuple[str, ...]] = (),
) -> None:
    """Write what `plan` says into an empty folder of the store whose root is `top`.

    The paths in `alone` are files of their own even if the store has their bytes.
    """
    for parts, files in plan.items():
        with ExitStack() as opened:
            here = folder
            for part in parts:
                here = opened.enter_context(here.below(part, make=True))
            for name, data in files.items():
                if (*parts, name) in alone:
                    write_new(here, name, data)
                else:
                    blobs.write(top, here, name, data)
