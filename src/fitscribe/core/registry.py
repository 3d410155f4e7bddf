"""The words of the registry: registered models, their versions, aliases, and stages.

Names and fields are MLflow's. A version is a decimal number as text, as in MLflow's REST answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fitscribe.core.texts import listed
from fitscribe.core.values import Entity
from fitscribe.errors import InvalidParameter

__all__ = [
    "ModelVersion",
    "ModelVersionTag",
    "RegisteredModel",
    "RegisteredModelAlias",
    "RegisteredModelTag",
    "Stage",
]

# A logged model's tag that says which versions it is: JSON, as MLflow writes it.
TAG_VERSIONS = "mlflow.modelVersions"
# Prompts are registered models with this tag, and hidden unless they are asked for.
TAG_PROMPT = "mlflow.prompt.is_prompt"


class Stage:
    """The four stages of a version, as text; a version may move from each to each."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"
    ALL = (NONE, STAGING, PRODUCTION, ARCHIVED)
    # Into these a version may come alone: others that are in it are archived.
    ALONE = frozenset({STAGING, PRODUCTION})

    @staticmethod
    def from_string(stage: object) -> str:
        """Return a stage as it is written, given in any case of letters.

        Raises
        ------
        InvalidParameter
            If there is no such stage.
        """
        found = {one.lower(): one for one in Stage.ALL}.get(
            stage.lower() if isinstance(stage, str) else ""
        )
        if found is None:
            raise InvalidParameter(f"A stage is one of {', '.join(Stage.ALL)}, not {stage!r:.60}.")
        return found

    @staticmethod
    def asked_for(stages: object) -> tuple[str, ...]:
        """Return the stages that a user asks for, each once; all of them for none.

        Raises InvalidParameter.
        """
        chosen = {Stage.from_string(one) for one in listed(stages, "stages")}
        return tuple(one for one in Stage.ALL if one in chosen) or Stage.ALL

    @staticmethod
    def check_move(stage: object, archive_existing_versions: bool) -> str:
        """Return the stage that a version is to move to.

        Raises
        ------
        InvalidParameter
            If there is no such stage, or none that others could be archived from.
        """
        target = Stage.from_string(stage)
        if archive_existing_versions and target not in Stage.ALONE:
            raise InvalidParameter(
                "archive_existing_versions goes with the stages Staging and Production only, not "
                f"with {target}. Leave it out."
            )
        return target


@dataclass(frozen=True, slots=True)
class RegisteredModelTag(Entity):
    """A key and a text on a registered model."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ModelVersionTag(Entity):
    """A key and a text on a version."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class RegisteredModelAlias(Entity):
    """A word that stands for one version of a name."""

    alias: str
    version: str


@dataclass(frozen=True, slots=True)
class ModelVersion(Entity):
    """One version of a registered model.

    Parameters
    ----------
    name : str
        Of the registered model.
    version : str
        A decimal number: 1, 2, 3 … Each is given once.
    creation_timestamp, last_updated_timestamp : int
        Milliseconds since 1970 UTC.
    description, user_id : str or None
    current_stage : str
        One of :class:`Stage`.
    source : str or None
        The address of the model's files, as it was given.
    run_id : str or None
        The run that made the model.
    status : str
        ``READY``.
    tags : mapping of str to str
    aliases : tuple of str
        The words that stand for it, sorted.
    model_id : str or None
        The logged model that it is.
    digest : str or None
        Of its signed manifest, where it has one.
    """

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int | None = None
    description: str | None = None
    user_id: str | None = None
    current_stage: str = Stage.NONE
    source: str | None = None
    run_id: str | None = None
    status: str = "READY"
    status_message: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    run_link: str | None = None
    aliases: tuple[str, ...] = ()
    model_id: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class RegisteredModel(Entity):
    """A name with its versions.

    Parameters
    ----------
    name : str
    creation_timestamp, last_updated_timestamp : int or None
        Milliseconds since 1970 UTC; a version that is made, moved or deleted is an update, tags
        and aliases are none (as in MLflow).
    description : str or None
    latest_versions : tuple of ModelVersion
        The newest one of each stage that has any.
    tags : mapping of str to str
    aliases : mapping of str to str
        Each alias, and the version that it stands for.
    """

    name: str
    creation_timestamp: int | None = None
    last_updated_timestamp: int | None = None
    description: str | None = None
    latest_versions: Sequence[ModelVersion] = ()
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
