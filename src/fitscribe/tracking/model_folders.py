"""Looking into models by their addresses, without loading them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fitscribe.errors import DamagedModel, FitscribeError, InvalidParameter
from fitscribe.modelfolder.contents import ModelContents
from fitscribe.modelfolder.differences import ModelDifference, Side, compare
from fitscribe.modelfolder.golden import kept_in
from fitscribe.modelfolder.look import contents_of
from fitscribe.modelfolder.model_environment import ModelEnvironment, environment_of
from fitscribe.modelfolder.read import OpenFolder, check_trust, load_opened
from fitscribe.tracking.addresses import open_model

__all__ = ["diff", "environment", "inspect"]

# What running a file's own code raises before it is a model.
_CODE_FAILS = (ArithmeticError, AttributeError, ImportError, LookupError, TypeError, ValueError)


def inspect(model_uri: str | Path) -> ModelContents:
    """Return what a model holds and what loading it would touch, without loading it.

    Parameters
    ----------
    model_uri : str or Path
        ``runs:/<run id>/model``, ``models:/m-<id>``, a version of a registered model, or a
        folder, of fitscribe or of MLflow.

    Returns
    -------
    ModelContents
        Classes, params and fitted attributes, read off the file's symbols; the names that it
        looks up and whether the loader lists them; who wrote it; versions and requirements;
        whether :func:`fitscribe.sklearn.load_model` would load it, and else why not. ``print``
        shows it all, ``to_dict()`` is JSON.

    Raises
    ------
    NotFound
        If there is no such run, model or folder.
    DamagedModel
        If a byte of the folder is not what was written.
    NotSupported
        If it is a model of another library.

    Notes
    -----
    Nothing that the file names is imported, and nothing of it is made or run. MLflow has no such
    thing.

    Examples
    --------
    >>> import fitscribe.models, fitscribe.sklearn
    >>> from sklearn.linear_model import Ridge
    >>> info = fitscribe.sklearn.log_model(Ridge(alpha=0.5))
    >>> found = fitscribe.models.inspect(info.model_uri)
    >>> found.model.cls, found.loads, found.contains_code
    ('sklearn.linear_model._ridge.Ridge', True, False)
    """
    return contents_of(open_model(model_uri))


def environment(model_uri: str | Path) -> ModelEnvironment:
    """Return what a model's folder says that it needs.

    Parameters
    ----------
    model_uri : str or Path
        As for :func:`inspect`.

    Returns
    -------
    ModelEnvironment
        ``requirements``, ``python``, and ``differences()``: what is not installed here as it is
        asked for.

    Raises
    ------
    NotFound
        If there is no such model, or its folder has no ``requirements.txt``.
    InvalidParameter
        If a line of that file is more than a package, its extras, versions and a marker.
    DamagedModel
        If a byte of the folder is not what was written.

    Examples
    --------
    >>> import fitscribe.models, fitscribe.sklearn
    >>> from sklearn.linear_model import Ridge
    >>> info = fitscribe.sklearn.log_model(Ridge())
    >>> needed = fitscribe.models.environment(info.model_uri)
    >>> [one.name for one in needed.requirements], needed.differences()
    (['mlflow', 'numpy', 'scikit-learn', 'scipy'], [])
    """
    return environment_of(open_model(model_uri))


def diff(
    a: str | Path, b: str | Path, trust: str | None = None, *, rows: Iterable[Any] | None = None
) -> ModelDifference:
    """Return what differs between two models, seen from the first.

    Parameters
    ----------
    a, b : str or Path
        As for :func:`inspect`.
    trust : {"code"}, optional
        Run whatever the files name, as of :func:`fitscribe.sklearn.load_model`. Without it, one
        that would not be loaded is compared by what its file says.
    rows : iterable of array-like, optional
        Sets of rows, ``[X_test]`` say; each is asked of both models. By default the golden rows
        of both, where they have any.

    Returns
    -------
    ModelDifference
        Classes and steps, params, what was learned, signature, environment and answers. It shows
        in a notebook, ``print`` shows it elsewhere, ``to_dict()`` is JSON.

    Raises
    ------
    NotFound, DamagedModel, NotSupported
        As :func:`inspect`.
    InvalidParameter
        If `trust` is another word.

    Examples
    --------
    >>> import fitscribe.models, fitscribe.sklearn
    >>> from sklearn.linear_model import Ridge
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> one = fitscribe.sklearn.log_model(Ridge().fit(X, y))
    >>> other = fitscribe.sklearn.log_model(Ridge(alpha=0.5).fit(X, y))
    >>> found = fitscribe.models.diff(one.model_uri, other.model_uri, rows=[X])
    >>> print(found.params[0])
    ~ alpha: 1.0 → 0.5 (the default before)
    >>> found.answers[0].differing
    2
    """
    check_trust(trust)
    opened = [open_model(model_uri) for model_uri in (a, b)]
    before, after = (_side(uri, one, trust) for uri, one in zip((a, b), opened, strict=True))
    if rows is not None:
        return compare(before, after, [("", held) for held in rows])
    golden = [(side.name, kept_in(one)) for side, one in zip((before, after), opened, strict=True)]
    return compare(before, after, [(name, kept.rows) for name, kept in golden if kept])


def _side(model_uri: str | Path, opened: OpenFolder, trust: str | None) -> Side:
    """Return a model with what is known of its file, loaded if it may be."""
    contents = contents_of(opened)
    try:
        return Side(str(model_uri), contents, load_opened(opened, trust))
    except InvalidParameter as error:
        if not isinstance(error, DamagedModel):
            raise
        return Side(str(model_uri), contents, reason=str(error))
    except FitscribeError as error:
        return Side(str(model_uri), contents, reason=str(error))
    except _CODE_FAILS as error:
        return Side(str(model_uri), contents, reason=f"{type(error).__name__}: {error}")
