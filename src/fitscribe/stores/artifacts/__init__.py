"""Files of runs and models: the folder of this machine that an address names."""

from __future__ import annotations

from pathlib import Path

from fitscribe.core.ports import ArtifactStore
from fitscribe.core.uris import masked, scheme_of, text_of_file_uri
from fitscribe.errors import InvalidParameter, NotSupported
from fitscribe.stores.artifacts.local import LocalArtifacts

__all__ = ["open_artifacts"]


def open_artifacts(uri: str | Path) -> ArtifactStore:
    """Return the store of the files at an address; nothing is made before the first write.

    Parameters
    ----------
    uri : str or Path
        ``file:///…``, or a path (a Windows drive is one).

    Raises
    ------
    NotSupported
        For addresses of other places (``s3://…``).
    InvalidParameter
        If it is empty, or no address.
    """
    if isinstance(uri, Path):
        return LocalArtifacts(uri)
    if not isinstance(uri, str) or not uri.strip() or "\0" in uri:
        raise InvalidParameter(f"Artifacts need a folder or a file: address, not {uri!r}.")
    scheme = scheme_of(uri)
    if scheme == "":
        return LocalArtifacts(uri)
    if scheme == "file":
        return LocalArtifacts(text_of_file_uri(uri))
    raise NotSupported(
        f"fitscribe keeps artifacts in folders so far, not at {masked(uri)!r}. "
        "Use a path or file:///absolute/path."
    )
