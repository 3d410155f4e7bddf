"""Where a dataset came from, and fetching it from there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitscribe.core.entities import Dataset, DatasetInput
from fitscribe.core.uris import file_uri, path_of_file_uri, scheme_of
from fitscribe.errors import InvalidParameter, NotFound, NotSupported, StoreUnavailable
from fitscribe.stores.artifacts import open_artifacts
from fitscribe.tracking.artifacts import RunFiles

__all__ = ["DatasetSource", "get_source", "source_of"]

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """Where a dataset came from.

    Parameters
    ----------
    source_type : str
        ``local``, ``http``, ``code``, or the scheme of another address.
    facts : mapping
        What MLflow keeps of it: ``{"uri": …}``, ``{"url": …}``, ``{"tags": …}``.

    Examples
    --------
    >>> source_of("https://example.org/iris.csv").to_dict()
    {'url': 'https://example.org/iris.csv'}
    """

    source_type: str
    facts: Mapping[str, Any]

    @property
    def uri(self) -> str | None:
        """The address of the data; None for data that code made."""
        found = self.facts.get("uri") or self.facts.get("url")
        return None if found is None else str(found)

    @property
    def url(self) -> str | None:
        """The same, as MLflow calls it for the web."""
        return self.uri

    def to_dict(self) -> dict[str, Any]:
        """Return what MLflow keeps of it."""
        return dict(self.facts)

    def to_json(self) -> str:
        """Return the same as JSON."""
        return json.dumps(self.to_dict())

    def load(self, dst_path: str | Path | None = None) -> str:
        """Return a local path of the data.

        Parameters
        ----------
        dst_path : str or Path, optional
            A folder to copy it into. By default a file is read where it lies, and a page of the
            web is fetched into a new temporary folder.

        Raises
        ------
        NotFound
            If it is not there any more.
        NotSupported
            If code made it, or its address is neither a path nor http(s).
        StoreUnavailable
            If the web does not answer.
        """
        uri = self.uri
        scheme = "" if uri is None else scheme_of(uri)
        if uri is not None and scheme in ("", "file"):
            path = Path(uri) if scheme == "" else path_of_file_uri(uri)
            return _copied(path.absolute(), dst_path)
        if uri is not None and scheme in ("http", "https"):
            return _fetched(uri, dst_path)
        raise NotSupported(
            f"Data of the source {self.source_type!r} cannot be loaded: "
            f"{'code made it' if uri is None else uri}. fitscribe loads paths and http(s)."
        )


def _copied(path: Path, dst_path: str | Path | None) -> str:
    if not path.exists():
        raise NotFound(f"The data is not at {str(path)!r} any more.")
    return RunFiles(open_artifacts(file_uri(path.parent)), "").download(path.name, dst_path)


def _fetched(url: str, dst_path: str | Path | None) -> str:
    """Fetch a file; it appears under its name when all of it is there."""
    # Late: every fit loads this module, and hardly any loads the web.
    import urllib.error
    import urllib.parse
    import urllib.request

    name = os.path.basename(urllib.parse.urlsplit(url).path) or "dataset_source"
    folder = Path(tempfile.mkdtemp(prefix="fitscribe-") if dst_path is None else dst_path)
    folder.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=".fetched-", dir=folder)
    try:
        with (
            os.fdopen(handle, "wb") as file,
            urllib.request.urlopen(url, timeout=PATIENCE_S) as answer,
        ):
            shutil.copyfileobj(answer, file)
        os.replace(part, folder / name)
    except urllib.error.HTTPError as error:
        kind = NotFound if error.code in (404, 410) else StoreUnavailable
        raise kind(f"{url} cannot be fetched: {error.code} {error.reason}.") from error
    except OSError as error:
        raise StoreUnavailable(f"{url} cannot be fetched: {error}.") from error
    finally:
        Path(part).unlink(missing_ok=True)
    return str(folder / name)


def source_of(given: str | Path | DatasetSource) -> DatasetSource:
    """Return the source that a path or an address names."""
    if isinstance(given, DatasetSource):
        return given
    if not isinstance(given, (str, os.PathLike)) or not str(given):
        raise InvalidParameter(
            f"A source is a path, an address or a DatasetSource, not {given!r:.80}."
        )
    text = os.fspath(given)
    scheme = scheme_of(text)
    if scheme in ("http", "https"):
        return DatasetSource("http", {"url": text})
    uri = text if scheme else file_uri(Path(text).absolute())
    return DatasetSource("local" if scheme in ("", "file") else scheme, {"uri": uri})


def get_source(dataset: Any) -> DatasetSource:
    """Return where a dataset came from; ``get_source(...).load()`` fetches it.

    Parameters
    ----------
    dataset : Dataset, DatasetInput or GivenDataset
        Of ``run.inputs.dataset_inputs``, or as ``from_pandas`` gives it.

    Raises
    ------
    InvalidParameter
        If it is none of these.
    """
    if isinstance(dataset, DatasetInput):
        dataset = dataset.dataset
    entity = dataset.to_entity() if hasattr(dataset, "to_entity") else dataset
    if not isinstance(entity, Dataset):
        raise InvalidParameter(
            "get_source takes a dataset of run.inputs.dataset_inputs or of fitscribe.data, not "
            f"{type(dataset).__name__}."
        )
    try:
        facts = json.loads(entity.source)
    except ValueError:
        facts = None
    return DatasetSource(
        entity.source_type, facts if isinstance(facts, dict) else {"uri": entity.source}
    )
