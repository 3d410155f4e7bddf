"""Which installed distribution a module comes from, asked once a process for each.

``importlib.metadata.packages_distributions()`` answers for all modules and reads every
distribution's list of files for it (0.1 to 0.3 s); most modules are found by name instead.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from importlib import metadata

__all__ = ["distribution_of", "installed_version", "pins_of", "version_of"]

# Modules whose distribution has another name. What is missing here is looked up the slow way.
_NAMES = {
    "Bio": "biopython",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "category_encoders": "category-encoders",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "imblearn": "imbalanced-learn",
    "pkg_resources": "setuptools",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "umap": "umap-learn",
    "yaml": "PyYAML",
}
_INSTALLED_IN = ("site-packages", "dist-packages")


def distribution_of(root: str) -> str:
    """Return what the distribution of a top-level module is called, if it is known or the same.

    Examples
    --------
    >>> distribution_of("imblearn"), distribution_of("xgboost")
    ('imbalanced-learn', 'xgboost')
    """
    return _NAMES.get(root, root)


def installed_version(distribution: str) -> str | None:
    """Return the whole version of an installed distribution, None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


@functools.cache
def version_of(distribution: str) -> str | None:
    """Return the version of an installed distribution, None if it is not installed.

    A local label (``+cpu``) is left out: no index has it.
    """
    version = installed_version(distribution)
    return None if version is None else version.partition("+")[0]


@functools.cache
def pins_of(root: str) -> tuple[str, ...]:
    """Return ``name==version`` of what a top-level module comes from.

    Parameters
    ----------
    root : str
        Name of a module without dots.

    Returns
    -------
    tuple of str
        Usually one; several for a namespace that distributions share; none for the standard
        library and for modules that no distribution has.
    """
    if root in sys.stdlib_module_names:
        return ()
    name = distribution_of(root)
    if version_of(name) is not None and (root in _NAMES or _holds(name, root)):
        return (f"{name}=={version_of(name)}",)
    file = _file_of(root)
    if file is None or not any(part in file for part in _INSTALLED_IN):
        return ()  # a script's own, or made while running
    names = sorted(set(_packages().get(root, ())))
    return tuple(f"{found}=={version_of(found)}" for found in names)


@functools.cache
def _packages() -> dict[str, list[str]]:
    """Return the distributions of every installed module."""
    return dict(metadata.packages_distributions())


def _file_of(root: str) -> str | None:
    """Return where an imported module lies, None if it is not imported or has no file."""
    module = sys.modules.get(root)
    file = getattr(module, "__file__", None)
    paths = [file] if file else list(getattr(module, "__path__", ()))
    return os.path.realpath(paths[0]) if paths else None


def _holds(distribution: str, root: str) -> bool:
    """Return whether a module is the one that the distribution of that name installed.

    A script's own ``data.py`` is not the distribution ``data``, though that may be installed.
    """
    file = _file_of(root)
    if file is None:
        return True
    found = metadata.distribution(distribution)
    if file.startswith(os.path.realpath(str(found.locate_file(""))) + os.sep):
        return True
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))
