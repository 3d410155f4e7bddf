"""The registry over SQL: one method is one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fitscribe.core.caller import Caller
from fitscribe.core.commands import NewVersion
from fitscribe.core.entities import PagedList
from fitscribe.core.registered_names import check_registered_name
from fitscribe.core.registry import (
    TAG_VERSIONS,
    ModelVersion,
    RegisteredModel,
    Stage,
)
from fitscribe.stores.sql import model_versions, registered_models
from fitscribe.stores.sql.engine import Connection, Engine
from fitscribe.stores.sql.ids import check_given
from fitscribe.stores.sql.locations import Locations
from fitscribe.stores.sql.version_sources import check_source, download_uri, origin_of

__all__ = ["SqlRegistry"]


class SqlRegistry:
    """Registered models in SQLite or PostgreSQL (see :class:`RegistryStore`).

    Parameters
    ----------
    engine : Engine
        Connections to the database.
    locations : Locations
        Where artifacts lie.
    caller : Caller
        On whose behalf it acts.
    """

    def __init__(self, engine: Engine, locations: Locations, caller: Caller) -> None:
        self._engine = engine
        self._locations = locations
        self._caller = caller

    # Registered models

    def create_registered_model(
        self, name: str, tags: Mapping[str, str] = {}, description: str | None = None
    ) -> RegisteredModel:
        """Make a name without versions. Raises AlreadyExists."""
        check_registered_name(name)
        keys = self._engine.number_keys(tags)
        with self._engine.write() as connection:
            numbered = {keys[key]: value for key, value in tags.items()}
            number = registered_models.create(
                connection, self._caller, name, numbered, description
            )
            return self._registered(connection, number)

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Return a name with its tags, its aliases, and the newest version of each stage."""
        with self._engine.read() as connection:
            return self._registered(connection, registered_models.number_of(connection, name))

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give a name with all that belongs to it another one. Raises AlreadyExists."""
        check_registered_name(new_name)
        with self._engine.write() as connection:
            number = registered_models.rename(connection, self._caller, name, new_name)
            return self._registered(connection, number)

    def update_registered_model(self, name: str, description: str | None) -> RegisteredModel:
        """Set the description."""
        with self._engine.write() as connection:
            number = registered_models.update(connection, self._caller, name, description)
            return self._registered(connection, number)

    def delete_registered_model(self, name: str) -> None:
        """Remove a name with its versions, aliases and tags; models and files stay."""
        with self._engine.write() as connection:
            registered_models.delete(connection, self._caller, name)

    def search_registered_models(
        self,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Return a page of names, sorted by name unless `order_by` says otherwise."""
        from fitscribe.stores.sql.search_registry import search_registered_models

        with self._engine.read() as connection:
            numbers = search_registered_models(
                connection, filter_string, order_by, max_results, page_token
            )
            found = registered_models.read(connection, self._caller, numbers)
            return PagedList(found, numbers.token)

    def get_latest_versions(self, name: str, stages: Sequence[str] = ()) -> list[ModelVersion]:
        """Return the newest version in each of some stages, all by default, that has any."""
        chosen = Stage.asked_for(stages)
        with self._engine.read() as connection:
            return registered_models.latest_versions(connection, self._caller, name, chosen)

    def set_registered_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag; other tags stay."""
        number = self._engine.number_keys([key])[key]
        with self._engine.write() as connection:
            registered_models.set_tag(connection, self._caller, name, number, value)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag; one that is not there is fine."""
        check_given(key)
        with self._engine.write() as connection:
            registered_models.delete_tag(connection, self._caller, name, key)

    # Versions

    def create_model_version(self, new: NewVersion) -> ModelVersion:
        """Make the next version of a name."""
        name = check_registered_name(new.name)
        check_source(new.source)
        keys = self._engine.number_keys([*new.tags, TAG_VERSIONS])
        with self._engine.write() as connection:
            origin = origin_of(connection, self._caller, new)
            registered = registered_models.find(connection, name) if new.make_model else None
            if registered is None and new.make_model:
                registered = registered_models.create(connection, self._caller, name, {}, None)
            if registered is None:
                registered = registered_models.number_of(connection, name)
            number = model_versions.create(connection, self._caller, registered, new, origin, keys)
            return self._version(connection, number)

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """Return a version with its tags and aliases."""
        with self._engine.read() as connection:
            return self._version(connection, self._number_of(connection, name, version))

    def update_model_version(
        self, name: str, version: str, description: str | None
    ) -> ModelVersion:
        """Set the description."""
        with self._engine.write() as connection:
            registered = registered_models.number_of(connection, name)
            number = model_versions.update(
                connection, self._caller, registered, name, version, description
            )
            return self._version(connection, number)

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage; with the flag all others that are in it to Archived."""
        target = Stage.check_move(stage, archive_existing_versions)
        with self._engine.write() as connection:
            registered = registered_models.number_of(connection, name)
            number = model_versions.transition(
                connection,
                self._caller,
                registered,
                name,
                version,
                target,
                archive_existing_versions,
            )
            return self._version(connection, number)

    def delete_model_version(self, name: str, version: str) -> None:
        """Remove a version with its tags and the aliases on it."""
        with self._engine.write() as connection:
            registered = registered_models.number_of(connection, name)
            model_versions.delete(connection, self._caller, registered, name, version)

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        """Return the address of a version's files."""
        with self._engine.read() as connection:
            number = self._number_of(connection, name, version)
            return download_uri(connection, self._caller, self._locations, number)

    def search_model_versions(
        self,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 10_000,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Return a page of versions, the last updated first unless `order_by` says otherwise."""
        from fitscribe.stores.sql.search_registry import search_model_versions

        with self._engine.read() as connection:
            numbers = search_model_versions(
                connection, self._caller, filter_string, order_by, max_results, page_token
            )
            found = model_versions.read(connection, self._caller, numbers)
            return PagedList(found, numbers.token)

    def set_model_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        """Set a tag of a version; other tags stay."""
        number = self._engine.number_keys([key])[key]
        with self._engine.write() as connection:
            registered = registered_models.number_of(connection, name)
            model_versions.set_tag(
                connection, self._caller, registered, name, version, number, value
            )

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag of a version; one that is not there is fine."""
        check_given(key)
        with self._engine.write() as connection:
            registered = registered_models.number_of(connection, name)
            model_versions.delete_tag(connection, self._caller, registered, name, version, key)

    # Aliases

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Let an alias stand for a version; one that stood for another is moved."""
        with self._engine.write() as connection:
            registered_models.set_alias(connection, self._caller, name, alias, version)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Remove an alias; one that is not there is fine."""
        with self._engine.write() as connection:
            registered_models.delete_alias(connection, self._caller, name, alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version that an alias stands for; ``latest`` is the newest one."""
        with self._engine.read() as connection:
            registered = registered_models.number_of(connection, name)
            number = model_versions.find_by_alias(
                connection, self._caller, registered, name, alias
            )
            return self._version(connection, number)

    # Inside

    def _registered(self, connection: Connection, number: int) -> RegisteredModel:
        return registered_models.read(connection, self._caller, [number])[0]

    def _version(self, connection: Connection, number: int) -> ModelVersion:
        return model_versions.read(connection, self._caller, [number])[0]

    def _number_of(self, connection: Connection, name: str, version: str) -> int:
        registered = registered_models.number_of(connection, name)
        return model_versions.number_of(connection, self._caller, registered, name, version)
