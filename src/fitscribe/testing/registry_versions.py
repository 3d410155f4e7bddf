"""The contract of a registry: versions, stages and aliases."""

from __future__ import annotations

import json

import pytest

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Batch, NewVersion
from fitscribe.core.ports import Store
from fitscribe.core.registry import Stage
from fitscribe.errors import (
    InvalidParameter,
    NotFound,
)
from fitscribe.testing.registry_case import AWAY, RegistryStoreCase, add_version
from fitscribe.testing.tracking_case import add_run, model, run

__all__ = ["VersionsContract"]


class VersionsContract(RegistryStoreCase):
    """How versions are made, moved and deleted."""

    def test_a_version_comes_back(self, store: Store) -> None:
        """With all that was said of it."""
        store.create_registered_model("iris")
        ada = store.acting_for(Caller("ada"))
        made = ada.create_model_version(
            NewVersion("iris", AWAY, "r" * 32, None, {"a.b": "ü"}, "http://x", "first", "sha:1")
        )
        assert made == store.get_model_version("iris", "1")
        assert (made.name, made.version, made.source) == ("iris", "1", AWAY)
        assert (made.run_id, made.model_id, made.run_link) == ("r" * 32, None, "http://x")
        assert (made.description, made.tags, made.digest) == ("first", {"a.b": "ü"}, "sha:1")
        assert (made.status, made.current_stage, made.user_id) == ("READY", "None", "ada")
        assert made.creation_timestamp == made.last_updated_timestamp
        assert store.get_model_version_download_uri("iris", "1") == AWAY
        found = store.get_registered_model("iris")
        assert found.latest_versions == (made,)
        assert (found.last_updated_timestamp or 0) >= made.creation_timestamp

    def test_a_logged_model_knows_its_versions(self, store: Store) -> None:
        """A version of it is of its run, and lies where it lies."""
        source = add_run(store, run("0"))
        made = model("0", source=source, tags={"mlflow.modelVersions": "no list"})
        store.log(Batch(models=[made]))
        address = f"models:/{made.model_id}"
        first = add_version(store, "iris", address)
        store.create_model_version(NewVersion("iris", address, source, made.model_id))
        third = store.create_model_version(NewVersion("copies", "models:/iris/1", make_model=True))
        for version in (first, third):
            assert (version.run_id, version.model_id) == (source, made.model_id)
        assert third.source == "models:/iris/1"
        where = store.get_logged_model(made.model_id).artifact_location
        assert store.get_model_version_download_uri("copies", "1") == where
        tags = store.get_logged_model(made.model_id).tags
        assert json.loads(tags["mlflow.modelVersions"]) == [
            {"name": "iris", "version": "1"},
            {"name": "iris", "version": "2"},
            {"name": "copies", "version": "1"},
        ]
        store.delete_logged_model(made.model_id)
        with pytest.raises(NotFound, match=made.model_id):
            store.get_model_version_download_uri("copies", "1")

    def test_what_a_run_made(self, store: Store) -> None:
        """A folder of a run, and a logged model under its name."""
        maker = add_run(store, run("0"))
        where = store.get_run(maker).info.artifact_uri
        found = add_version(store, "iris", f"runs:/{maker}/a b/model")
        assert (found.run_id, found.model_id) == (maker, None)
        assert store.get_model_version_download_uri("iris", "1") == f"{where}/a%20b/model"
        add_version(store, "iris", f"runs:/{maker}")
        assert store.get_model_version_download_uri("iris", "2") == where
        add_version(store, "iris", "runs:/unknown/model")
        with pytest.raises(NotFound, match="unknown"):
            store.get_model_version_download_uri("iris", "3")

    def test_a_copy_stays_what_it_was(self, store: Store) -> None:
        """Whatever is moved, renamed or deleted afterwards."""
        add_version(store, "iris", "s3://bucket/1")
        add_version(store, "iris", "s3://bucket/2")
        store.set_registered_model_alias("iris", "champion", "1")
        store.transition_model_version_stage("iris", "1", "Staging")
        sources = ["models:/iris@champion", "models:/iris/latest", "models:/iris/Staging"]
        copies = [add_version(store, "copies", source) for source in sources]
        assert [one.source for one in copies] == [f"models:/iris/{n}" for n in (1, 2, 1)]
        store.set_registered_model_alias("iris", "champion", "2")
        store.delete_registered_model("iris")
        found = [store.get_model_version_download_uri("copies", str(n)) for n in (1, 2, 3)]
        assert found == ["s3://bucket/1", "s3://bucket/2", "s3://bucket/1"]

    def test_a_source_that_will_not_do(self, store: Store) -> None:
        """Leaves no version, no name, and no gap in the numbers."""
        made = model("0")
        store.log(Batch(models=[made]))
        address = f"models:/{made.model_id}"
        bad: list[tuple[NewVersion, type[Exception]]] = [
            (NewVersion("iris", "", make_model=True), InvalidParameter),
            (NewVersion("iris", "a\0b", make_model=True), InvalidParameter),
            (NewVersion("iris", "x" * 5000, make_model=True), InvalidParameter),
            (NewVersion("iris", "models:/a/b/c", make_model=True), InvalidParameter),
            (NewVersion("iris", "s3://b/../c", make_model=True), InvalidParameter),
            (NewVersion("iris", "runs:/r/../c", make_model=True), InvalidParameter),
            (NewVersion("iris", "a\\..\\c", make_model=True), InvalidParameter),
            (NewVersion("iris", AWAY, "no run/id", make_model=True), InvalidParameter),
            (NewVersion("iris", "runs:/r/m", "other", make_model=True), InvalidParameter),
            (NewVersion("iris", address, None, "m-other", make_model=True), InvalidParameter),
            (NewVersion("iris", "models:/m-" + "0" * 32, make_model=True), NotFound),
            (NewVersion("iris", AWAY, None, "m-" + "0" * 32, make_model=True), NotFound),
        ]
        for new, error in bad:
            with pytest.raises(error):
                store.create_model_version(new)
        with pytest.raises(NotFound):
            store.get_registered_model("iris")
        assert add_version(store).version == "1"
        with pytest.raises(NotFound):
            add_version(store, "iris", "models:/m-" + "0" * 32)
        assert add_version(store).version == "2"

    def test_a_number_is_given_once(self, store: Store) -> None:
        """That of a deleted version is not given again."""
        assert [add_version(store).version for _ in range(3)] == ["1", "2", "3"]
        store.set_registered_model_alias("iris", "champion", "3")
        store.set_registered_model_alias("iris", "other", "1")
        store.set_model_version_tag("iris", "3", "k", "v")
        store.delete_model_version("iris", "3")
        with pytest.raises(NotFound, match="no version 3"):
            store.get_model_version("iris", "3")
        assert store.get_registered_model("iris").aliases == {"other": "1"}
        assert add_version(store).version == "4"
        for number in ("1", "2", "4"):
            store.delete_model_version("iris", number)
        assert store.get_registered_model("iris").latest_versions == ()
        assert add_version(store).version == "5"

    def test_a_version_is_a_whole_number(self, store: Store) -> None:
        """As text or not; anything else is refused."""
        add_version(store)
        for number in ("1", "01", 1):
            assert store.get_model_version("iris", number).version == "1"  # type: ignore[arg-type]  # numbers will do
        for wrong in ("", "one", "-1", "1.0", "１", None, 1.0, True, "latest"):
            with pytest.raises(InvalidParameter, match="whole number"):
                store.get_model_version("iris", wrong)  # type: ignore[arg-type]  # is refused

    def test_describing_and_tagging_a_version(self, store: Store) -> None:
        """Other versions stay as they are."""
        add_version(store)
        second = add_version(store)
        found = store.update_model_version("iris", "1", "better")
        assert found.description == "better"
        store.set_model_version_tag("iris", "1", "a", "1")
        store.set_model_version_tag("iris", "1", "b", "2")
        store.set_model_version_tag("iris", "1", "a", "3")
        store.delete_model_version_tag("iris", "1", "b")
        store.delete_model_version_tag("iris", "1", "never there")
        assert store.get_model_version("iris", "1").tags == {"a": "3"}
        assert store.get_model_version("iris", "2") == second

    # Stages

    def test_stages(self, store: Store) -> None:
        """Each to each, in any case of letters; the newest of each is found."""
        for _ in range(4):
            add_version(store)
        for version, stage in (("1", "production"), ("2", "PRODUCTION"), ("3", "archived")):
            moved = store.transition_model_version_stage("iris", version, stage)
            assert moved.current_stage == stage.capitalize()
        latest = store.get_latest_versions("iris")
        assert [(one.current_stage, one.version) for one in latest] == [
            ("None", "4"),
            ("Production", "2"),
            ("Archived", "3"),
        ]
        assert store.get_registered_model("iris").latest_versions == tuple(latest)
        chosen = store.get_latest_versions("iris", ["archived", "Staging", "none"])
        assert [one.version for one in chosen] == ["4", "3"]
        for wrong in ("", "Prod", None, 3):
            with pytest.raises(InvalidParameter, match="Staging, Production"):
                store.transition_model_version_stage("iris", "1", wrong)  # type: ignore[arg-type]  # is refused
        with pytest.raises(InvalidParameter):
            store.get_latest_versions("iris", ["Prod"])
        assert store.get_latest_versions("iris") == latest

    def test_one_version_alone_in_a_stage(self, store: Store) -> None:
        """Those that were in it are archived; others are not."""
        for stage in ("Production", "Production", "Staging", "None"):
            version = add_version(store).version
            store.transition_model_version_stage("iris", version, stage)
        add_version(store, "other")
        store.transition_model_version_stage("other", "1", "Production")
        store.transition_model_version_stage("iris", "4", "Production", True)
        stages = [store.get_model_version("iris", str(n)).current_stage for n in range(1, 5)]
        assert stages == ["Archived", "Archived", "Staging", "Production"]
        assert store.get_model_version("other", "1").current_stage == "Production"
        store.transition_model_version_stage("iris", "4", "Production", True)
        assert store.get_model_version("iris", "4").current_stage == "Production"
        for stage in (Stage.NONE, Stage.ARCHIVED):
            with pytest.raises(InvalidParameter, match="archive_existing_versions"):
                store.transition_model_version_stage("iris", "4", stage, True)

    # Aliases

    def test_aliases(self, store: Store) -> None:
        """One version may have several; set again, an alias is moved."""
        made = add_version(store)
        add_version(store)
        before = store.get_registered_model("iris").last_updated_timestamp
        for alias, version in (("champion", "1"), ("b", "1"), ("ä_-2", "2"), ("champion", "2")):
            store.set_registered_model_alias("iris", alias, version)
        found = store.get_registered_model("iris")
        assert found.aliases == {"b": "1", "champion": "2", "ä_-2": "2"}
        assert found.last_updated_timestamp == before
        assert store.get_model_version("iris", "2").aliases == ("champion", "ä_-2")
        assert store.get_model_version_by_alias("iris", "b") == store.get_model_version(
            "iris", "1"
        )
        assert store.get_model_version_by_alias("iris", "LATEST").version == "2"
        store.delete_registered_model_alias("iris", "b")
        store.delete_registered_model_alias("iris", "b")
        assert store.get_model_version("iris", "1") == made
        with pytest.raises(InvalidParameter, match="no alias 'b'"):
            store.get_model_version_by_alias("iris", "b")
        with pytest.raises(InvalidParameter, match="no alias 'Champion'"):
            store.get_model_version_by_alias("iris", "Champion")

    @pytest.mark.parametrize("alias", ["", "latest", "Latest", "v1", "V22", "a b", "a.b", "a@b"])
    def test_what_is_no_alias(self, store: Store, alias: str) -> None:
        """It would be read as something else."""
        add_version(store)
        before = store.changes()
        with pytest.raises(InvalidParameter):
            store.set_registered_model_alias("iris", alias, "1")
        assert store.changes() == before
