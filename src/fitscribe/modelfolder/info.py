"""What ``log_model`` and ``get_model_info`` return: a model's facts, without the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.schema import ModelSignature

__all__ = ["ModelInfo"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Facts of a model, by MLflow's names.

    Parameters
    ----------
    model_uri : str
        The address to load it by.
    model_id, run_id : str or None
        The logged model, and the run that made it.
    name : str or None
    flavors : mapping
        What loads it.
    signature : ModelSignature or None
    artifact_path, model_uuid, mlflow_version, utc_time_created : str or None
        As its ``MLmodel`` file says.
    saved_input_example_info, metadata : mapping or None
    params, tags : mapping
        Of the logged model.
    registered_model_version : int or None
        Which version of a registered model it is, if it was registered, or asked for by that.
    """

    model_uri: str
    model_id: str | None
    run_id: str | None
    name: str | None
    flavors: Mapping[str, Any]
    signature: ModelSignature | None
    artifact_path: str | None
    model_uuid: str | None
    mlflow_version: str | None
    utc_time_created: str | None
    saved_input_example_info: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    registered_model_version: int | None = None

    @classmethod
    def of(
        cls,
        model: Model,
        model_uri: str,
        name: str | None = None,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        registered_model_version: int | None = None,
    ) -> ModelInfo:
        """Return the facts of what an ``MLmodel`` file says, with what a store knows."""
        return cls(
            model_uri,
            model.model_id,
            model.run_id,
            name,
            model.flavors,
            model.signature,
            model.artifact_path,
            model.model_uuid,
            model.mlflow_version,
            model.utc_time_created,
            model.saved_input_example_info,
            model.metadata,
            params or {},
            tags or {},
            registered_model_version,
        )
