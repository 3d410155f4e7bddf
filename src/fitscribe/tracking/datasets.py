"""Datasets as a run keeps them: name, digest, columns and sizes, in MLflow's forms."""

from __future__ import annotations

import functools
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from fitscribe.core.entities import Dataset
from fitscribe.core.texts import check_text
from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.containers import (
    is_arrow_table,
    is_pandas_frame,
    is_pandas_series,
    is_polars_frame,
    is_polars_series,
    is_sparse,
)
from fitscribe.modelfolder.infer import infer_schema
from fitscribe.tracking.dataset_sources import DatasetSource, get_source, source_of
from fitscribe.tracking.digest_columns import columns_profile
from fitscribe.tracking.digests import Digest, digest_of
from fitscribe.tracking.source import source_tags as tags_of_source

__all__ = [
    "Digest",
    "GivenDataset",
    "dataset_entity",
    "digest_of",
    "from_numpy",
    "from_pandas",
    "from_polars",
]

UNNAMED = "dataset"
# The digest in the database is a name's second half: 64 of the 128 bits tell datasets apart.
SHOWN_DIGITS = 16
MOST_DESCRIBED = 64


def dataset_entity(
    X: Any,
    y: Any = None,
    *,
    name: str,
    digest: Digest,
    source_tags: Mapping[str, str],
    most_turned: int | None = None,
) -> Dataset:
    """Return what a store keeps of training data.

    Parameters
    ----------
    X : array, sparse matrix, DataFrame or list of shape (rows, columns)
        Features.
    y : array, Series, DataFrame, list or None
        Targets, one for each row.
    name : str
        What it is called.
    digest : Digest
        Of X and y.
    source_tags : mapping of str to str
        Which code made it.
    most_turned : int, optional
        Of how many bytes of an array that does not lie in columns these have digests.

    Returns
    -------
    Dataset
        With MLflow's ``schema`` and ``profile``; ``fitscribe.digest`` in the profile has the whole
        digest, ``fitscribe.columns`` those of the columns (see :func:`columns_profile`), and
        ``fitscribe.partial`` says that it is of a sample.
    """
    key = digest.hex, name, type(X), type(y), most_turned, tuple(source_tags.values())
    found = _Described.datasets.get(key)
    if found is None:
        found = _described(X, y, name, digest, source_tags, most_turned)
        _Described.datasets[key] = found
        while len(_Described.datasets) > MOST_DESCRIBED:
            _Described.datasets.popitem(last=False)
    return found


class _Described:
    """Data that were described before: to describe them takes longer than their digest."""

    datasets: ClassVar[OrderedDict[tuple[Any, ...], Dataset]] = OrderedDict()


def _described(
    X: Any,
    y: Any,
    name: str,
    digest: Digest,
    source_tags: Mapping[str, str],
    most_turned: int | None,
) -> Dataset:
    features, targets = _laid_out(X), None if y is None else _laid_out(y)
    profile = _sizes(features, targets)
    profile["fitscribe.digest"] = digest.hex
    columns = {"features": X if is_arrow_table(X) else features}
    if y is not None:
        columns["targets"] = targets
    profile |= columns_profile(columns, digest, most_turned)
    if digest.partial:
        profile["fitscribe.partial"] = True
    return Dataset(
        name,
        digest.hex[:SHOWN_DIGITS],
        "code",
        json.dumps({"tags": dict(source_tags)}),
        json.dumps(_columns(features, targets)),
        json.dumps(profile),
    )


def _laid_out(data: Any) -> Any:
    """Return data that have no columns of their own, such as lists, as an array."""
    if is_pandas_frame(data) or is_pandas_series(data) or is_polars_frame(data):
        return data
    return data if is_polars_series(data) or is_sparse(data) else _rows(data)


def _columns(X: Any, y: Any) -> dict[str, Any]:
    """Return the schema in MLflow's form: columns of a frame, tensors of arrays."""
    if is_pandas_frame(X) or is_polars_frame(X):
        return {"mlflow_colspec": infer_schema(X).to_dict()}
    features = X if isinstance(X, np.ndarray) or is_sparse(X) else _rows(X)
    targets = None if y is None else _tensor(_rows(y))
    return {"mlflow_tensorspec": {"features": _tensor(features), "targets": targets}}


def _rows(data: Any) -> np.ndarray[Any, Any]:
    """Return data as an array; rows of different lengths are objects."""
    try:
        return np.asarray(data)
    except ValueError:
        rows = np.empty(len(data), dtype=object)
        for place, row in enumerate(data):
            rows[place] = row
        return rows


def _tensor(data: Any) -> str:
    """Return the schema of one array as JSON."""
    if type(data) is np.ndarray and data.ndim and data.dtype.kind in "biufc":
        return _numeric_tensor(data.dtype, data.shape[1:])
    return infer_schema(data).to_json()


@functools.lru_cache(maxsize=256)
def _numeric_tensor(dtype: np.dtype[Any], beyond_rows: tuple[int, ...]) -> str:
    """Return the schema of arrays of numbers, which their type and columns tell."""
    return infer_schema(np.empty((1, *beyond_rows), dtype)).to_json()


def _sizes(X: Any, y: Any) -> dict[str, Any]:
    """Return rows and elements of a frame; of arrays shape, number of elements and of bytes."""
    if is_pandas_frame(X) or is_polars_frame(X):
        rows, columns = X.shape
        return {"num_rows": int(rows), "num_elements": int(rows) * int(columns)}
    sizes = _array_sizes("features", X)
    return sizes if y is None else {**sizes, **_array_sizes("targets", y)}


def _array_sizes(what: str, data: Any) -> dict[str, Any]:
    if is_sparse(data):
        shape = [int(length) for length in data.shape]
        values = getattr(data, "data", None)
        held = int(values.nbytes) if isinstance(values, np.ndarray) else 0
        size = int(np.prod(shape, dtype=np.int64))
        return {f"{what}_shape": shape, f"{what}_size": size, f"{what}_nbytes": held}
    array = _rows(data)
    return {
        f"{what}_shape": list(array.shape),
        f"{what}_size": int(array.size),
        f"{what}_nbytes": int(array.nbytes),
    }


class GivenDataset:
    """Data that a user describes for :func:`fitscribe.log_input`.

    Parameters
    ----------
    features : array, sparse matrix, DataFrame
        The data.
    targets : array or str, optional
        Targets; of a DataFrame, the name of their column.
    source : str, optional
        Where it came from: a path or an address. The code that runs if it is not given.
    name, digest : str, optional
        Its name, and a fingerprint to be kept instead of ours.
    predictions : str, optional
        Of a DataFrame, the name of the column of predictions.
    """

    def __init__(
        self,
        features: Any,
        targets: Any = None,
        source: str | Path | DatasetSource | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        in_frame = is_pandas_frame(features) or is_polars_frame(features)
        for what, column in (("targets", targets), ("predictions", predictions)):
            if in_frame and column is not None and column not in list(features.columns):
                raise InvalidParameter(
                    f"{what}={column!r:.80} is no column of the data; these are: "
                    f"{', '.join(map(str, list(features.columns)[:10]))}."
                )
        self.features = features
        self.targets = targets
        self.predictions = predictions
        beside = None if in_frame else targets
        found = digest_of(features, beside)
        if found is None:
            raise InvalidParameter(
                f"A {type(features).__name__} cannot be read twice, so it has no digest. "
                "Give an array or a DataFrame of numbers, texts and times."
            )
        self._entity = _given(
            dataset_entity(
                features,
                beside,
                name=UNNAMED if name is None else _checked_name(name),
                digest=found,
                source_tags=tags_of_source(),
            ),
            source,
            digest,
        )

    @property
    def name(self) -> str:
        """What it is called."""
        return self._entity.name

    @property
    def digest(self) -> str:
        """A fingerprint of every byte; 16 hexadecimal characters."""
        return self._entity.digest

    @property
    def source(self) -> DatasetSource:
        """Where it came from."""
        return get_source(self._entity)

    @property
    def schema(self) -> str | None:
        """Columns or tensors, as JSON."""
        return self._entity.schema

    @property
    def profile(self) -> dict[str, Any]:
        """Sizes."""
        found: dict[str, Any] = json.loads(self._entity.profile or "{}")
        return found

    @property
    def df(self) -> Any:
        """The DataFrame, as given."""
        return self.features

    def to_entity(self) -> Dataset:
        """Return what a store keeps."""
        return self._entity

    def to_dict(self) -> dict[str, str | None]:
        """Return what a store keeps, by name: source, schema and profile are JSON."""
        return self._entity.to_dictionary()

    def to_json(self) -> str:
        """Return :meth:`to_dict` as JSON."""
        return json.dumps(self.to_dict())

    # What the documentation of MLflow's client calls for its log_inputs.
    _to_mlflow_entity = to_entity


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InvalidParameter(f"A dataset's name is text, such as 'iris', not {name!r:.80}.")
    return check_text("name of dataset", name[:40], name)


def _given(entity: Dataset, source: Any, digest: str | None) -> Dataset:
    """Return a dataset with the source and the digest that its user gave."""
    kind, where = entity.source_type, entity.source
    if source is not None:
        found = source_of(source)
        kind, where = found.source_type, found.to_json()
    if digest is None:
        digest = entity.digest
    elif not isinstance(digest, str) or not 1 <= len(digest) <= 36:
        raise InvalidParameter(f"A digest has 1 to 36 characters, not {digest!r:.60}.")
    else:
        check_text("digest of dataset", "digest", digest)
    return Dataset(entity.name, digest, kind, where, entity.schema, entity.profile)


def from_numpy(
    features: Any,
    source: str | Path | DatasetSource | None = None,
    targets: Any = None,
    name: str | None = None,
    digest: str | None = None,
) -> GivenDataset:
    """Return a dataset of arrays.

    Parameters
    ----------
    features : array or sparse matrix of shape (rows, ...)
        Features.
    source : str, optional
        A path or an address that it came from.
    targets : array of shape (rows, ...), optional
        Targets.
    name, digest : str, optional
        Name, and a fingerprint to be kept instead of ours.

    Raises
    ------
    InvalidParameter
        If the data has no digest: an iterator, an array of objects of unknown classes.

    Examples
    --------
    >>> import numpy as np
    >>> from_numpy(np.eye(3), name="corners").profile["features_shape"]
    [3, 3]
    """
    return GivenDataset(_array(features), _optional(targets), source, name, digest)


def _array(data: Any) -> Any:
    """Return an array; a sparse matrix as it is."""
    if is_sparse(data):
        return data
    if isinstance(data, Mapping):
        raise InvalidParameter(
            "from_numpy takes an array, not a dict of them: make a dataset of each, or a frame."
        )
    try:
        return np.asarray(data)
    except ValueError as error:
        raise InvalidParameter(f"This is no array: {error!s:.200}.") from error


def _optional(data: Any) -> Any:
    return None if data is None else _array(data)


def from_pandas(
    df: Any,
    source: str | Path | DatasetSource | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> GivenDataset:
    """Return a dataset of a ``pandas.DataFrame``; `targets` and `predictions` name columns.

    Raises
    ------
    InvalidParameter
        If `df` is no DataFrame of pandas, or a named column is not in it.
    """
    _check_frame("pandas", is_pandas_frame, df)
    return GivenDataset(df, targets, source, name, digest, predictions)


def from_polars(
    df: Any,
    source: str | Path | DatasetSource | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> GivenDataset:
    """Return a dataset of a ``polars.DataFrame``; `targets` and `predictions` name columns.

    Raises
    ------
    InvalidParameter
        If `df` is no DataFrame of polars, or a named column is not in it.
    """
    _check_frame("polars", is_polars_frame, df)
    return GivenDataset(df, targets, source, name, digest, predictions)


def _check_frame(library: str, is_frame: Callable[[Any], bool], df: Any) -> None:
    if not is_frame(df):
        kind = f"{type(df).__module__}.{type(df).__qualname__}"
        raise InvalidParameter(f"from_{library} takes a {library}.DataFrame, not {kind}.")
