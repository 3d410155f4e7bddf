"""A file to be scored, as it is told to whoever does it: here, or in another process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fitscribe.errors import InvalidParameter

__all__ = ["Job", "check_env"]

_ENVS = ("local", "venv")


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be asked of which model.

    Parameters
    ----------
    model_uri : str
        As it was given; messages name it.
    input_path, output_path : str
    temporary : str
        Under which name the output is written until it is whole.
    method, keep, overwrite, trust, params, part_rows
        As :func:`~fitscribe.batch.score.predict_file` was given them, checked.
    folder : str or None
        The model's folder, where it was found already.
    digest : str or None
        Of its manifest, where a store knows it.
    trusted : tuple of str
        Names that the user trusts (:func:`fitscribe.models.trusted`), of this process too.
    """

    model_uri: str
    input_path: str
    output_path: str
    temporary: str
    method: str | None
    keep: tuple[str, ...]
    overwrite: bool
    trust: str | None
    params: Mapping[str, Any] | None
    part_rows: int | None
    folder: str | None = None
    digest: str | None = None
    trusted: tuple[str, ...] = ()

    @property
    def located(self) -> tuple[Path, str | None] | None:
        """Where the model is; None where it has not been looked for yet."""
        return None if self.folder is None else (Path(self.folder), self.digest)

    def to_line(self) -> str:
        """Return the job as one line of text.

        Raises InvalidParameter if params cannot travel.
        """
        document = asdict(self)
        try:
            return json.dumps(document) + "\n"
        except (TypeError, ValueError) as error:
            raise InvalidParameter(
                f"params go to another process as JSON, which they are not: {error}. Give "
                'numbers, texts, lists and dicts, or ask the model in this process (env="local").'
            ) from None

    @classmethod
    def from_line(cls, line: str) -> Job:
        """Return the job of a line."""
        document = json.loads(line)
        for name in ("keep", "trusted"):
            document[name] = tuple(document[name])
        return cls(**document)


def check_env(env: object) -> str:
    """Return where a model is to run. Raises InvalidParameter if it is no such place."""
    if env not in _ENVS:
        raise InvalidParameter(
            f"env={env!r:.80} means nothing: 'local' asks the model in this process, 'venv' in a "
            "virtual environment with what it was saved with (made by uv where it is installed). "
            "Environments of conda are not made."
        )
    return str(env)
