"""The methods of ``Client`` on registered models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from fitscribe.core.commands import NewVersion
from fitscribe.core.entities import PagedList
from fitscribe.core.registry import ModelVersion, RegisteredModel, Stage
from fitscribe.core.texts import check_key, check_tag, check_tags, listed
from fitscribe.core.uris import LocalPath, ModelId, RunArtifact, parse_model_uri
from fitscribe.errors import InvalidParameter, NotFound, NotSupported
from fitscribe.tracking.addresses import version_at
from fitscribe.tracking.connect import Connection
from fitscribe.tracking.registering import description_text, new_version, version_text

__all__ = ["RegistryMethods"]


class RegistryMethods:
    """Reads and writes registered models, their versions and aliases.

    Parameters
    ----------
    connection : Connection
        Where they are kept.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._store = connection.store

    # Names

    def create_registered_model(
        self,
        name: str,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        deployment_job_id: str | None = None,
    ) -> RegisteredModel:
        """Make a name without versions. Raises AlreadyExists, InvalidParameter."""
        _refuse_deployment_job(deployment_job_id)
        checked = check_tags(tags, "registered model tag")
        return self._store.create_registered_model(name, checked, description_text(description))

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Return a name with tags, aliases, and the newest version of each stage."""
        return self._store.get_registered_model(name)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give a name another one; versions, tags and aliases go along. Raises AlreadyExists."""
        return self._store.rename_registered_model(name, new_name)

    def update_registered_model(
        self, name: str, description: str | None = None, deployment_job_id: str | None = None
    ) -> RegisteredModel:
        """Set the description of a name."""
        _refuse_deployment_job(deployment_job_id)
        if description is None:
            _nothing_to_update("update_registered_model")
        return self._store.update_registered_model(name, description_text(description))

    def delete_registered_model(self, name: str) -> None:
        """Remove a name with its versions, aliases and tags; models and files stay."""
        self._store.delete_registered_model(name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Return a page of names that a filter finds; its ``token`` asks for the next."""
        order = listed(order_by, "order_by")
        return self._store.search_registered_models(
            filter_string or "", order, max_results, page_token or None
        )

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        """Set a tag of a name."""
        checked, text = check_tag(key, value, "registered model tag")
        self._store.set_registered_model_tag(name, checked, text)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag of a name; one that is not there is fine."""
        self._store.delete_registered_model_tag(name, key)

    # Versions

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        await_creation_for: int = 300,
        model_id: str | None = None,
    ) -> ModelVersion:
        """Make the next version of a name that is there.

        Parameters
        ----------
        name : str
        source : str
            ``models:/m-<id>``, ``runs:/<run id>/<model name>``, ``models:/<name>/<version>``, a
            folder, or any other address, which is kept and not read.
        run_id, model_id : str, optional
            Of a model that `source` does not tell.
        tags : dict, optional
        run_link, description : str, optional
        await_creation_for : int
            Accepted for MLflow's sake: a version is ready at once.

        Raises
        ------
        NotFound
            If there is no such name, logged model or version.
        InvalidParameter
            If `source` is of another run or model.
        """
        del await_creation_for
        new = new_version(
            self._connection, name, source, run_id, model_id, tags, run_link, description
        )
        return self._store.create_model_version(new)

    def copy_model_version(self, src_model_uri: str, dst_name: str) -> ModelVersion:
        """Make a version of one name the next version of another, which may be new.

        Parameters
        ----------
        src_model_uri : str
            ``models:/<name>/<version>``, ``models:/<name>@<alias>`` or ``models:/<name>/latest``.
        dst_name : str
        """
        parsed = parse_model_uri(src_model_uri)
        if isinstance(parsed, (LocalPath, ModelId, RunArtifact)):
            raise InvalidParameter(
                f"copy_model_version copies a version of a registered model, such as "
                f"models:/name/1, not {src_model_uri!r:.200}. Use register_model(...)."
            )
        copied = version_at(self._connection, parsed)
        new = NewVersion(
            dst_name,
            f"models:/{copied.name}/{copied.version}",
            copied.run_id,
            tags=copied.tags,
            run_link=copied.run_link,
            description=copied.description,
            make_model=True,
        )
        return self._store.create_model_version(new)

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """Return a version. Raises NotFound."""
        return self._store.get_model_version(name, version_text(version))

    def get_latest_versions(
        self, name: str, stages: Sequence[str] | None = None
    ) -> list[ModelVersion]:
        """Return the newest version in each of some stages, all by default, that has any."""
        return self._store.get_latest_versions(name, listed(stages, "stages"))

    def get_model_version_stages(self, name: str, version: str) -> list[str]:
        """Return the stages that a version may be in."""
        del name, version
        return list(Stage.ALL)

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        """Return the address of a version's files."""
        return self._store.get_model_version_download_uri(name, version_text(version))

    def update_model_version(
        self, name: str, version: str, description: str | None = None
    ) -> ModelVersion:
        """Set the description of a version."""
        if description is None:
            _nothing_to_update("update_model_version")
        text = description_text(description)
        return self._store.update_model_version(name, version_text(version), text)

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage: None, Staging, Production or Archived.

        With `archive_existing_versions` all others in that stage (Staging or Production) are
        archived, in the same transaction.
        """
        return self._store.transition_model_version_stage(
            name, version_text(version), stage, bool(archive_existing_versions)
        )

    def delete_model_version(self, name: str, version: str) -> None:
        """Remove a version and the aliases on it; its number is not given again."""
        self._store.delete_model_version(name, version_text(version))

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Return a page of versions that a filter finds; its ``token`` asks for the next."""
        order = listed(order_by, "order_by")
        return self._store.search_model_versions(
            filter_string or "", order, max_results, page_token or None
        )

    def set_model_version_tag(
        self,
        name: str,
        version: str | None = None,
        key: str | None = None,
        value: Any = None,
        stage: str | None = None,
    ) -> None:
        """Set a tag of a version, or of the newest version in a stage."""
        checked, text = check_tag(key, value, "model version tag")
        number = self._number(name, version, stage)
        self._store.set_model_version_tag(name, number, checked, text)

    def delete_model_version_tag(
        self,
        name: str,
        version: str | None = None,
        key: str | None = None,
        stage: str | None = None,
    ) -> None:
        """Remove a tag of a version, or of the newest in a stage; an absent one is fine."""
        number = self._number(name, version, stage)
        self._store.delete_model_version_tag(name, number, check_key("model version tag", key))

    def _number(self, name: str, version: str | None, stage: str | None) -> str:
        """Return a version's number, given by itself or by its stage."""
        if (version is None) == (stage is None):
            raise InvalidParameter("Give either version or stage.")
        if version is not None:
            return version_text(version)
        found = self._store.get_latest_versions(name, [str(stage)])
        if not found:
            raise NotFound(
                f"The registered model {name!r:.80} has no version in the stage {stage}."
            )
        return found[0].version

    # Aliases

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Let an alias stand for a version: ``models:/<name>@<alias>``. It is moved if it did."""
        self._store.set_registered_model_alias(name, alias, version_text(version))

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Remove an alias; one that is not there is fine."""
        self._store.delete_registered_model_alias(name, alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version that an alias stands for. Raises InvalidParameter without one."""
        return self._store.get_model_version_by_alias(name, alias)


def _refuse_deployment_job(given: object) -> None:
    if given is not None:
        raise NotSupported("fitscribe has no deployment jobs; leave deployment_job_id out.")


def _nothing_to_update(method: str) -> NoReturn:
    raise InvalidParameter(f"{method} needs a description; an empty text removes it.")
