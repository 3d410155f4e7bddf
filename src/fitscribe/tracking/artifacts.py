"""A run's files: what ``log_text``, ``log_figure``, ``log_table`` … write, and reading them."""

from __future__ import annotations

import io
import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fitscribe.core.clock import new_dataset_id, now_ms
from fitscribe.core.entities import FileInfo
from fitscribe.core.ports import ArtifactStore
from fitscribe.core.texts import check_key
from fitscribe.core.uris import artifacts_of_model, artifacts_of_run
from fitscribe.core.values import check_int64
from fitscribe.errors import InvalidParameter, MissingDependency, NotFound
from fitscribe.stores.artifacts import open_artifacts
from fitscribe.tracking.connect import HOME, Connection, root_path

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunFiles", "files_at", "files_of_run", "path_text"]

_roots: dict[tuple[str, str], str] = {}


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The artifact folder of one run or model: an artifact store and a folder in it.

    Every ``artifact_file`` and ``artifact_path`` below is relative to that folder, with ``/``
    between segments. Errors: UnsafePath for a path that leaves it, NotFound for what is not
    there, StoreUnavailable if the disk cannot be written.
    """

    store: ArtifactStore
    folder: str
    # What the folder is called in a run: MLflow shows a model as a folder of the run that made it.
    shown: str = ""

    @property
    def uri(self) -> str:
        """Address of the folder."""
        return f"{self.store.uri.rstrip('/')}/{self.folder}" if self.folder else self.store.uri

    def path(self, artifact_file: str | PurePath | None) -> str:
        """Return the path in the store."""
        below = "" if artifact_file is None else path_text(artifact_file)
        return "/".join(part for part in (self.folder, below) if part)

    def put_bytes(self, artifact_file: str, data: bytes) -> None:
        """Write a file."""
        if not artifact_file:
            raise InvalidParameter("A file of a run needs a name, such as 'notes/first.txt'.")
        self.store.put_bytes(self.path(artifact_file), data)

    def put_file(self, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Copy a local file, or a folder, into `artifact_path` under its own name."""
        source = _local(local_path)
        if not source.exists():
            raise InvalidParameter(f"There is no file {str(source)!r:.200} to log.")
        target = "/".join(part for part in (path_text(artifact_path or ""), source.name) if part)
        if source.is_dir():
            self.put_files_of(source, target)
        else:
            self.store.put_file(self.path(target), source)

    def put_files_of(self, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Copy what a local folder holds into `artifact_path`; runs in it are left out."""
        root = _local(local_dir)
        if not root.is_dir():
            raise InvalidParameter(f"There is no folder {str(root)!r:.200} to log.")
        for source in _files_below(root, root_path(self.store)):
            below = source.relative_to(root).as_posix()
            target = "/".join(part for part in (path_text(artifact_path or ""), below) if part)
            self.store.put_file(self.path(target), source)

    def put_text(self, text: str, artifact_file: str) -> None:
        """Write text as UTF-8."""
        if not isinstance(text, str):
            raise InvalidParameter(
                f"log_text takes text, not {type(text).__name__}. Others: log_dict, log_stream."
            )
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise InvalidParameter(
                f"The text has a lone surrogate at character {error.start}, which is no unicode "
                "text. Bytes are kept by log_stream(io.BytesIO(...), ...)."
            ) from None
        self.put_bytes(artifact_file, data)

    def put_stream(self, stream: Any, artifact_file: str) -> None:
        """Write what a binary file-like object gives from where it stands to its end."""
        data = stream.read() if hasattr(stream, "read") else None
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise InvalidParameter(
                "log_stream takes a binary file-like object, such as io.BytesIO or "
                f"open(…, 'rb'), not {type(stream).__name__}. Text: log_text(...)."
            )
        self.put_bytes(artifact_file, bytes(data))

    def put_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Write JSON, or YAML if the file's name ends in .yml or .yaml (MLflow's rule)."""
        if path_text(artifact_file).endswith((".yml", ".yaml")):
            import yaml

            class Dumper(yaml.SafeDumper):
                """Writes what plain YAML has no form for as JSON would."""

            Dumper.add_multi_representer(
                object, lambda dumper, value: dumper.represent_data(_plain(value))
            )
            text = yaml.dump(dictionary, Dumper=Dumper, sort_keys=True, allow_unicode=True)
        else:
            text = _json(dictionary, indent=2)
        self.put_text(text, artifact_file)

    def put_figure(
        self, figure: Any, artifact_file: str, save_kwargs: Mapping[str, Any] | None = None
    ) -> None:
        """Write a matplotlib figure, or a plotly one (.html, or an image by its kaleido)."""
        options = dict(save_kwargs or {})
        suffix = PurePath(path_text(artifact_file)).suffix.lower()
        if hasattr(figure, "savefig"):
            buffer = io.BytesIO()
            figure.savefig(buffer, **{"format": suffix.lstrip(".") or "png", **options})
            self.put_bytes(artifact_file, buffer.getvalue())
        elif hasattr(figure, "to_html"):
            if suffix in (".html", ".htm"):
                options = {"include_plotlyjs": True, "auto_open": False, **options}
                options.pop("auto_open")
                self.put_text(figure.to_html(**options), artifact_file)
            else:
                image = figure.to_image(**{"format": suffix.lstrip("."), **options})
                self.put_bytes(artifact_file, image)
        else:
            raise InvalidParameter(
                f"log_figure takes a matplotlib or plotly figure, not {type(figure).__name__}."
            )

    def put_image(
        self,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Write an image under a file name, or as one of a series (`key`, `step`).

        An array is H×W, H×W×1, H×W×3 or H×W×4; integers are 0 to 255, floats 0 to 1.
        """
        if (artifact_file is None) == (key is None):
            raise InvalidParameter("log_image needs either artifact_file or key.")
        if artifact_file is None:
            # The names of a series of images in MLflow 3, which its pages and clients read.
            when = now_ms() if timestamp is None else check_int64("A timestamp", timestamp)
            safe = check_key("image", key).replace("/", "~")
            at = 0 if step is None else check_int64("The step of an image", step)
            stem = f"images/{safe}+step+{at}+timestamp+{when}+{new_dataset_id()}"
            artifact_file = f"{stem}.png"
        picture = _as_picture(image)
        buffer = io.BytesIO()
        suffix = PurePath(path_text(artifact_file)).suffix.lower().lstrip(".") or "png"
        picture.save(buffer, format={"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix))
        self.put_bytes(artifact_file, buffer.getvalue())

    def put_table(self, data: Any, artifact_file: str) -> None:
        """Write columns (dict or DataFrame) as JSON; rows are added to a table that is there."""
        if path_text(artifact_file).endswith(".parquet"):
            raise InvalidParameter(
                f"Tables are kept as JSON, so {artifact_file!r:.200} would be no Parquet file. "
                "Choose a name that ends in .json, or write the file and use log_artifact(...)."
            )
        columns, rows = _table_of(data)
        path = self.path(artifact_file)
        if self.store.is_file(path):
            before = self._table(artifact_file)
            names = list(before["columns"])
            names += [name for name in columns if name not in names]
            rows = [
                *_reordered(before["columns"], before["data"], names),
                *_reordered(columns, rows, names),
            ]
            columns = names
        table = {"columns": columns, "data": [_cell(row) for row in rows]}
        self.put_text(_json(table), artifact_file)

    def read_table(self, artifact_file: str) -> pd.DataFrame:
        """Return a table as a DataFrame."""
        found = self._table(artifact_file)
        table: pd.DataFrame = pandas().DataFrame(found["data"], columns=found["columns"])
        return table

    def _table(self, artifact_file: str) -> dict[str, Any]:
        """Return columns and rows of a table that is there."""
        try:
            found = json.loads(self.store.read(self.path(artifact_file)))
        except ValueError:
            found = None
        if not isinstance(found, dict) or not {"columns", "data"} <= set(found):
            raise InvalidParameter(
                f"The file {artifact_file!r:.200} is no table that log_table wrote. "
                "Choose another name for the table."
            )
        return found

    def list(self, path: str | None = None) -> list[FileInfo]:
        """Return the entries of a folder, paths relative to the run's own."""
        cut = len(self.folder) + 1 if self.folder else 0
        before = f"{self.shown}/" if self.shown else ""
        return [
            FileInfo(before + entry.path[cut:], entry.is_dir, entry.file_size)
            for entry in self.store.list(self.path(path))
        ]

    def download(self, path: str | None, destination: str | Path | None = None) -> str:
        """Return a local path: where the file lies, or a copy in `destination` if given.

        A folder is copied under its own name, as MLflow does; all of the files without one.
        """
        inside = self.path(path)
        is_folder = self.store.is_folder(inside)
        if not (is_folder or self.store.is_file(inside)):
            what = f"no artifact {path!r:.200}" if path else "nothing"
            raise NotFound(f"There is {what} in {self.uri}.")
        if destination is None:
            local = self.store.local_path(inside)
            if local is not None:
                return str(local)
            destination = tempfile.mkdtemp(prefix="fitscribe-")
        into = _local(destination).absolute() / self.shown
        if is_folder and path:
            into /= PurePosixPath(inside).name
        return str(self.store.download(inside, into))


def path_text(path: object) -> str:
    """Return a path among artifacts as text; what the store allows in it, the store says."""
    if isinstance(path, PurePath):
        return path.as_posix()
    if isinstance(path, str):
        return path
    raise InvalidParameter(f"A file of a run is named by text, not by {path!r:.80}.")


def _local(path: object) -> Path:
    """Return a path of this machine, or raise InvalidParameter for what cannot be one."""
    try:
        local = Path(path)  # type: ignore[arg-type]  # the reason for the except
        local.exists()  # a name that is too long
        if b"\0" in os.fsencode(local):
            raise ValueError("it holds a NUL character")
    except (TypeError, ValueError, OSError) as error:
        raise InvalidParameter(f"{path!r:.80} is no path of a file: {error!s:.200}.") from None
    return local


def _json(value: Any, indent: int | None = None) -> str:
    """Return JSON; lone surrogates, which only JSON can hold, are escaped."""
    try:
        text = json.dumps(value, default=_plain, ensure_ascii=False, indent=indent)
        try:
            text.encode()
        except UnicodeEncodeError:
            text = json.dumps(value, default=_plain, indent=indent)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidParameter(f"This cannot be written as JSON: {error!s:.200}.") from error
    return text


def files_at(connection: Connection, artifact_uri: str) -> RunFiles:
    """Return the files at an address of a store: below its root, or at a place of their own."""
    root = connection.artifacts.uri.rstrip("/") + "/"
    if artifact_uri.startswith(root):
        # Ids have nothing to decode; what a user called a folder below a run may.
        return RunFiles(connection.artifacts, unquote(artifact_uri[len(root) :]))
    return RunFiles(open_artifacts(artifact_uri), "")


def files_of_run(connection: Connection, experiment_id: str, run_id: str) -> RunFiles:
    """Return the files of a run without asking the store for it (its experiment once)."""
    return files_at(connection, artifacts_of_run(_root(connection, experiment_id), run_id))


def files_of_model(connection: Connection, experiment_id: str, model_id: str) -> RunFiles:
    """Return the files of a logged model without asking the store for it."""
    return files_at(connection, artifacts_of_model(_root(connection, experiment_id), model_id))


def _root(connection: Connection, experiment_id: str) -> str:
    key = (connection.uri, experiment_id)
    if key not in _roots:
        _roots[key] = connection.store.get_experiment(experiment_id).artifact_location.rstrip("/")
    return _roots[key]


def _files_below(root: Path, artifacts: Path) -> list[Path]:
    """Return the files below a folder, without homes of runs: copies of copies would not end."""
    found = []
    for folder, below, names in os.walk(root):
        here = Path(folder)
        below[:] = sorted(
            name for name in below if name != HOME and (here / name).resolve() != artifacts
        )
        found += [here / name for name in sorted(names)]
    return found


def _plain(value: Any) -> Any:
    """Return what JSON can hold for a numpy scalar or array, a date, a set, odd containers."""
    for method in ("tolist", "isoformat"):
        if hasattr(value, method):
            return getattr(value, method)()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return list(value)
    return str(value)


def _cell(value: Any) -> Any:
    """Return what a table holds for a value; missing and not finite ones are null, as MLflow's."""
    if isinstance(value, (list, tuple)):
        return [_cell(item) for item in value]
    if hasattr(value, "tolist"):
        return _cell(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if hasattr(value, "getpixel"):
        raise InvalidParameter(
            "A table holds no images. Log each by log_image(...), and its name in the table."
        )
    return None if type(value).__name__ in ("NaTType", "NAType") else value


def _table_of(data: Any) -> tuple[list[str], list[list[Any]]]:
    """Return (columns, rows) of a DataFrame or of a dict of columns or of single values."""
    if hasattr(data, "to_dict") and hasattr(data, "columns"):
        columns = {str(name): list(data[name]) for name in data.columns}
    elif isinstance(data, Mapping):
        columns = {
            str(name): list(value)
            if isinstance(value, Sequence) and not isinstance(value, (str, bytes))
            else (value.tolist() if hasattr(value, "tolist") else [value])
            for name, value in data.items()
        }
    else:
        raise InvalidParameter(
            f"log_table takes a DataFrame or a dict of columns, not {type(data).__name__}."
        )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidParameter(f"The columns of a table must be equally long, not {lengths}.")
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def _reordered(columns: list[str], rows: list[list[Any]], wanted: list[str]) -> list[list[Any]]:
    places = [columns.index(name) if name in columns else None for name in wanted]
    return [[None if place is None else row[place] for place in places] for row in rows]


def _as_picture(image: Any) -> Any:
    """Return a PIL image of an array, or the image itself."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingDependency("log_image needs Pillow: pip install pillow") from None
    if isinstance(image, Image.Image):
        return image
    if not hasattr(image, "dtype") or image.ndim not in (2, 3):
        raise InvalidParameter(
            "log_image takes a PIL image or an array of shape H×W, H×W×1, H×W×3 or H×W×4, not "
            f"{type(image).__name__} of shape {getattr(image, 'shape', None)}."
        )
    if image.ndim == 3 and image.shape[2] not in (1, 3, 4):
        raise InvalidParameter(f"An image has 1, 3 or 4 channels, not {image.shape[2]}.")
    if image.dtype.kind == "f":
        if image.size and not (image.min() >= 0 and image.max() <= 1):  # NaN is neither
            raise InvalidParameter("The floats of an image must lie between 0 and 1.")
        image = (image * 255).round()
    elif image.dtype.kind == "b":
        image = image * 255
    elif image.size and (image.min() < 0 or image.max() > 255):
        raise InvalidParameter("The integers of an image must lie between 0 and 255.")
    image = image.astype("uint8")
    return Image.fromarray(image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image)


def pandas() -> Any:
    """Return the pandas module, or say how to get it."""
    try:
        import pandas as module
    except ImportError:
        raise MissingDependency(
            "This returns a pandas DataFrame: pip install 'fitscribe[pandas]'. "
            'search_runs(..., output_format="list") works without it.'
        ) from None
    return module
