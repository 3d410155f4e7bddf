"""The file ``MLmodel``: what a model folder says of itself.

Field for field as MLflow writes it (3.17); the files of 1.x, 2.x and 3.x are read, and keys that
this version does not know are kept.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fitscribe.core.clock import new_model_uuid, now_ms
from fitscribe.errors import InvalidParameter, NotFound
from fitscribe.modelfolder import yamltext
from fitscribe.modelfolder.example import read_example, read_serving_input
from fitscribe.modelfolder.params import ParamSchema
from fitscribe.modelfolder.schema import ModelSignature, Schema

__all__ = ["CODE", "MLFLOW_VERSION", "MLMODEL", "Model"]

MLMODEL = "MLmodel"
# The folder of a model's own code.
CODE = "code"
# The MLflow whose format we follow: it is named in every MLmodel and requirements.txt.
MLFLOW_VERSION = "3.17.2"

# Keys that stand in a file only if they have a value.
_OPTIONAL = (
    "artifact_path",
    "auth_policy",
    "env_vars",
    "metadata",
    "model_size_bytes",
    "resources",
    "run_id",
    "saved_input_example_info",
)
_ALWAYS = ("flavors", "mlflow_version", "model_id", "model_uuid", "prompts", "utc_time_created")
# Of a type hint in a Python function's signature, which estimators do not have.
_HINTS = ("is_signature_from_type_hint", "type_hint_from_example")


def _now() -> str:
    """Return the time as MLflow writes it: UTC without a zone, microseconds."""
    moment = datetime.datetime.fromtimestamp(now_ms() / 1000, datetime.UTC).replace(tzinfo=None)
    return moment.isoformat(" ", "microseconds")


@dataclass(kw_only=True)
class Model:
    """What an ``MLmodel`` file holds.

    Parameters
    ----------
    artifact_path : str or None
        Where it was logged to.
    run_id : str or None
        The run that logged it.
    utc_time_created : str
        When, as ``2026-01-31 12:00:00.000000``.
    flavors : dict
        Flavor name to what loads it: ``sklearn``, ``python_function``.
    signature : ModelSignature or None
        What it takes and gives.
    saved_input_example_info : dict or None
        Which file holds the input example, and of what type it is.
    model_uuid : str
        Its id: of a logged model that one's, else a fresh one.
    mlflow_version : str or None
        The MLflow whose format it has.
    metadata : dict or None
        The user's own.
    model_size_bytes : int or None
        Bytes of the files, the environment's and this one not counted.
    resources, env_vars, auth_policy, prompts
        As found in a file; fitscribe makes none.
    model_id : str or None
        Id of the logged model.
    extra : dict
        Keys of a file that have no field here.
    """

    artifact_path: str | None = None
    run_id: str | None = None
    utc_time_created: str | None = field(default_factory=_now)
    flavors: dict[str, dict[str, Any]] = field(default_factory=dict)
    signature: ModelSignature | None = None
    saved_input_example_info: dict[str, Any] | None = None
    model_uuid: str | None = field(default_factory=new_model_uuid)
    mlflow_version: str | None = MLFLOW_VERSION
    metadata: dict[str, Any] | None = None
    model_size_bytes: int | None = None
    resources: Any = None
    env_vars: list[str] | None = None
    auth_policy: Any = None
    model_id: str | None = None
    prompts: list[str] | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def add_flavor(self, name: str, **params: Any) -> Model:
        """Add how a library loads it, and return the model."""
        self.flavors[name] = params
        return self

    def get_input_schema(self) -> Schema | None:
        """Return the schema of what it takes, if it is known."""
        return self.signature.inputs if self.signature else None

    def get_output_schema(self) -> Schema | None:
        """Return the schema of what it gives, if it is known."""
        return self.signature.outputs if self.signature else None

    def get_params_schema(self) -> ParamSchema | None:
        """Return the schema of its params, if it has one."""
        return self.signature.params if self.signature else None

    def load_input_example(self, path: str | Path) -> Any:
        """Return the input example that is kept in the model's folder, or None.

        Parameters
        ----------
        path : str or Path
            The folder.

        Raises
        ------
        NotFound
            If there should be one and its file is missing.
        """
        return read_example(path, self)

    def get_serving_input(self, path: str | Path) -> str | None:
        """Return the request that sends the input example, JSON text, or None.

        Parameters and errors as :meth:`load_input_example`.
        """
        return read_serving_input(path, self)

    def to_dict(self) -> dict[str, Any]:
        """Return the keys and values of the file."""
        document: dict[str, Any] = {key: getattr(self, key) for key in _ALWAYS}
        for key in _OPTIONAL:
            value = getattr(self, key)
            if value is not None:
                document[key] = value
        if self.signature is not None:
            document["signature"] = self.signature.to_dict()
            document.update(dict.fromkeys(_HINTS, False))
        return document | self.extra

    def to_yaml(self) -> str:
        """Return the text of the file."""
        return yamltext.dump(self.to_dict())

    def save(self, path: str | Path) -> None:
        """Write the file, in one step; one that is there is replaced.

        Parameters
        ----------
        path : str or Path
            The file, or the folder that it lies in.
        """
        file = Path(path)
        if file.is_dir():
            file = file / MLMODEL
        text = self.to_yaml()
        beside = file.with_name(f".{file.name}.{new_model_uuid()[:12]}")
        try:
            beside.write_text(text, encoding="utf-8")
            os.replace(beside, file)
        finally:
            beside.unlink(missing_ok=True)

    def to_json(self) -> str:
        """Return the keys and values as JSON text."""
        return json.dumps(self.to_dict(), default=str)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Model:
        """Return the model of a file's keys and values.

        Raises
        ------
        InvalidParameter
            If flavors or signature have not the form that MLflow gives them.
        """
        known = {key: document[key] for key in (*_ALWAYS, *_OPTIONAL) if key in document}
        # What an old file does not say is not known; a fresh id or time would be a lie.
        known = {"model_uuid": None, "utc_time_created": None, "mlflow_version": None} | known
        created = known["utc_time_created"]
        if isinstance(created, datetime.datetime):  # written without quotes
            known["utc_time_created"] = created.isoformat(" ", "microseconds")
        flavors = known.setdefault("flavors", {})
        if not isinstance(flavors, dict) or not all(isinstance(v, dict) for v in flavors.values()):
            raise InvalidParameter(f"An MLmodel's flavors are mappings by name, not {flavors!r}.")
        forms = document.get("signature")
        if forms is not None and not isinstance(forms, Mapping):
            raise InvalidParameter(f"An MLmodel's signature is a mapping, not {forms!r:.80}.")
        signature = ModelSignature.from_dict(forms) if forms and any(forms.values()) else None
        read = {*_ALWAYS, *_OPTIONAL, "signature", *(_HINTS if signature else ())}
        extra = {key: value for key, value in document.items() if key not in read}
        return cls(**known, signature=signature, extra=extra)

    @classmethod
    def from_yaml(cls, text: str) -> Model:
        """Return the model of a file's text. Raises InvalidParameter if it is none."""
        document = yamltext.load(text)
        if not isinstance(document, dict):
            raise InvalidParameter(f"An MLmodel is a mapping, not {document!r:.80}.")
        return cls.from_dict(document)

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Return the model of a folder, or of the file itself.

        Raises
        ------
        NotFound
            If there is no such file.
        InvalidParameter
            If it is no MLmodel.
        """
        file = Path(path)
        if file.is_dir():
            file = file / MLMODEL
        if not file.is_file():
            if str(path).startswith(("models:/", "runs:/")):
                raise NotFound(
                    f"Model.load reads folders, and {str(path)!r} is an address: "
                    f"models.get_model_info({str(path)!r}) gives the same facts."
                )
            raise NotFound(f"There is no model at {str(path)!r}: {str(file)!r} is missing.")
        try:
            return cls.from_yaml(file.read_text(encoding="utf-8"))
        except (InvalidParameter, UnicodeDecodeError) as error:
            raise InvalidParameter(f"{str(file)!r} cannot be read. {error}") from error
