"""The contract of :class:`~fitscribe.core.ports.RegistryStore` as tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Batch, NewVersion
from fitscribe.core.entities import PagedList
from fitscribe.core.filter_tree import quoted
from fitscribe.core.ports import RegistryStore, Store
from fitscribe.core.registered_names import check_registered_name
from fitscribe.core.registry import ModelVersion, Stage
from fitscribe.errors import (
    AlreadyExists,
    BadFilter,
    InvalidParameter,
    NotFound,
    PermissionDenied,
)
from fitscribe.testing.tracking_case import add_run, model, run

__all__ = ["RegistryStoreContract"]

T = TypeVar("T")

AWAY = "s3://bucket/model"


def is_name(text: str) -> bool:
    """Whether a registered model can have that name."""
    try:
        return check_registered_name(text) == text
    except InvalidParameter:
        return False


def add_version(store: RegistryStore, name: str = "iris", source: str = AWAY) -> ModelVersion:
    """Make a version of a name, and the name where it is not there."""
    return store.create_model_version(NewVersion(name, source, make_model=True))


def paged(page: Callable[[str | None], PagedList[T]]) -> list[T]:
    """Return what is on all pages."""
    found: list[T] = []
    token: str | None = None
    while True:
        part = page(token)
        found += part
        token = part.token
        if token is None:
            return found


class RegistryStoreContract:
    """Tests that every registry passes: subclass it and say how to make an empty store."""

    def new_store(self, folder: Path) -> Store:
        """Return an empty store; `folder` is an empty folder that it may use."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """Return an empty store."""
        folder = tmp_path / "store"
        folder.mkdir()
        store = self.new_store(folder)
        yield store
        store.close()

    # Names

    def test_it_is_a_registry(self, store: Store) -> None:
        """It has the methods, and nothing in it."""
        assert isinstance(store, RegistryStore)
        assert store.search_registered_models() == []
        assert store.search_model_versions() == []

    def test_a_name_comes_back(self, store: Store) -> None:
        """With all that was said of it."""
        made = store.create_registered_model("iris 🌸", {"a.b %": "ü"}, "flowers\n" * 900)
        assert made == store.get_registered_model("iris 🌸")
        assert (made.name, made.tags, made.aliases) == ("iris 🌸", {"a.b %": "ü"}, {})
        assert made.description == "flowers\n" * 900
        assert made.creation_timestamp == made.last_updated_timestamp
        assert made.latest_versions == ()
        with pytest.raises(AlreadyExists, match="iris"):
            store.create_registered_model("iris 🌸")
        store.create_registered_model("Iris 🌸")

    def test_what_is_no_name_is_refused_everywhere(self, store: Store) -> None:
        """And makes nothing."""
        uses: list[Callable[[str], object]] = [
            store.create_registered_model,
            store.get_registered_model,
            store.delete_registered_model,
            lambda name: store.rename_registered_model("iris", name),
            lambda name: add_version(store, name),
            lambda name: store.set_registered_model_alias(name, "a", "1"),
            lambda name: store.get_latest_versions(name),
        ]
        add_version(store)
        before = store.changes()
        for use in uses:
            for name in ("", "a/b", "a%2Fb", "a\0", " a", "\u0430dmin"):
                with pytest.raises(InvalidParameter):
                    use(name)
        assert store.changes() == before

    def test_what_is_not_there(self, store: Store) -> None:
        """A name, a version, an alias."""
        store.create_registered_model("empty")
        uses: list[Callable[[str], object]] = [
            store.get_registered_model,
            store.delete_registered_model,
            store.get_latest_versions,
            lambda name: store.rename_registered_model(name, "other"),
            lambda name: store.update_registered_model(name, "d"),
            lambda name: store.set_registered_model_tag(name, "k", "v"),
            lambda name: store.delete_registered_model_tag(name, "k"),
            lambda name: store.create_model_version(NewVersion(name, AWAY)),
            lambda name: store.delete_registered_model_alias(name, "a"),
            lambda name: store.get_model_version_by_alias(name, "a"),
            lambda name: store.get_model_version_by_alias(name, "latest"),
        ]
        for use in uses:
            with pytest.raises(NotFound, match="fitscribe models registered"):
                use("no such name")
        of_versions: list[Callable[[str], object]] = [
            lambda name: store.get_model_version(name, "1"),
            lambda name: store.get_model_version(name, "9" * 29),
            lambda name: store.update_model_version(name, "1", "d"),
            lambda name: store.delete_model_version(name, "1"),
            lambda name: store.transition_model_version_stage(name, "1", "Staging"),
            lambda name: store.get_model_version_download_uri(name, "1"),
            lambda name: store.set_model_version_tag(name, "1", "k", "v"),
            lambda name: store.delete_model_version_tag(name, "1", "k"),
            lambda name: store.set_registered_model_alias(name, "a", "1"),
            lambda name: store.create_model_version(NewVersion("empty", f"models:/{name}/1")),
            lambda name: store.create_model_version(NewVersion("empty", f"models:/{name}/latest")),
            lambda name: store.create_model_version(
                NewVersion("empty", f"models:/{name}/staging")
            ),
        ]
        for use in of_versions:
            for name in ("empty", "no such name"):
                with pytest.raises(NotFound):
                    use(name)
        with pytest.raises(InvalidParameter, match="no alias"):
            store.get_model_version_by_alias("empty", "champion")

    def test_describing_and_tagging_a_name(self, store: Store) -> None:
        """A description is an update, a tag is none."""
        made = store.create_registered_model("iris")
        assert made.last_updated_timestamp is not None
        store.set_registered_model_tag("iris", "a", "1")
        store.set_registered_model_tag("iris", "b", "2")
        store.set_registered_model_tag("iris", "a", "")
        store.delete_registered_model_tag("iris", "b")
        store.delete_registered_model_tag("iris", "never there")
        found = store.get_registered_model("iris")
        assert found.tags == {"a": ""}
        assert found.last_updated_timestamp == made.last_updated_timestamp
        found = store.update_registered_model("iris", "flowers")
        assert found.description == "flowers"
        assert store.update_registered_model("iris", None).description is None

    def test_renaming(self, store: Store) -> None:
        """All that belongs to a name goes along, and the old name is free."""
        add_version(store)
        store.set_registered_model_alias("iris", "champion", "1")
        store.set_registered_model_tag("iris", "k", "v")
        store.create_registered_model("taken")
        for name in ("taken", "iris"):
            with pytest.raises(AlreadyExists):
                store.rename_registered_model("iris", name)
        found = store.rename_registered_model("iris", "flowers")
        assert (found.name, found.aliases, found.tags) == (
            "flowers",
            {"champion": "1"},
            {"k": "v"},
        )
        assert store.get_model_version("flowers", "1").name == "flowers"
        assert store.get_model_version_by_alias("flowers", "champion").version == "1"
        assert add_version(store, "iris").version == "1"
        assert add_version(store, "flowers").version == "2"

    def test_deleting_a_name(self, store: Store) -> None:
        """Its versions, aliases and tags are gone; a new one of that name has none of them."""
        add_version(store)
        other = add_version(store, "other")
        store.set_registered_model_alias("iris", "champion", "1")
        store.set_registered_model_tag("iris", "k", "v")
        store.set_model_version_tag("iris", "1", "k", "v")
        store.delete_registered_model("iris")
        assert [one.name for one in store.search_registered_models()] == ["other"]
        assert store.search_model_versions() == [other]
        made = store.create_registered_model("iris")
        assert (made.tags, made.aliases, made.latest_versions) == ({}, {}, ())

    def test_whatever_is_a_name_comes_back(self, store: Store) -> None:
        """Names, descriptions and tags, by themselves and through a filter."""
        words = st.text(max_size=12).filter(is_name)
        texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))

        @settings(max_examples=25, deadline=None)
        @given(names=st.lists(words, min_size=1, max_size=4, unique=True), text=texts)
        def check(names: list[str], text: str) -> None:
            for name in names:
                store.create_registered_model(name, {"k": text}, text)
            for name in names:
                found = store.get_registered_model(name)
                assert (found.name, found.description, found.tags) == (name, text, {"k": text})
                assert store.search_registered_models(f"name = {quoted(name)}") == [found]
            everything = [one.name for one in store.search_registered_models()]
            assert everything == sorted(names)
            for name in names:
                store.delete_registered_model(name)
            assert store.search_registered_models() == []

        check()

    # Versions

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

    # Searches

    def test_searching_names(self, store: Store) -> None:
        """By name and tags, with all of the language, in order and page by page."""
        for number, name in enumerate(("b", "a", "A", "it's")):
            store.create_registered_model(name, {"n": str(number), "team": "x"} if number else {})
        for text, names in (
            ("", ["A", "a", "b", "it's"]),
            ("name = 'a'", ["a"]),
            ("name != 'a'", ["A", "b", "it's"]),
            ("name ILIKE 'A'", ["A", "a"]),
            ("name LIKE '%''s'", ["it's"]),
            ("name IN ('a', 'b', 'c')", ["a", "b"]),
            ("tags.team = 'x' AND tag.n != '1'", ["A", "it's"]),
            ("tags.n LIKE '_' OR NOT name = 'a'", ["A", "a", "b", "it's"]),
            ("NOT (tags.team = 'x')", ["b"]),
            ("tags.team IS NULL", ["b"]),
            ("creation_timestamp > 0 AND last_updated_timestamp < 5", []),
            ("tag.`mlflow.prompt.is_prompt` != 'true' AND name = 'a'", ["a"]),
        ):
            assert [one.name for one in store.search_registered_models(text)] == names, text
            pages = paged(partial(store.search_registered_models, text, (), 1))
            assert [one.name for one in pages] == names, text
        found = store.search_registered_models("", ["name DESC"])
        assert [one.name for one in found] == ["it's", "b", "a", "A"]
        store.update_registered_model("a", "later")
        found = store.search_registered_models("", ["timestamp DESC"], 4)
        assert {one.name for one in found} == {"a", "A", "b", "it's"}
        for wrong in ("nothing = 1", "metrics.a > 1", "name >", "version_number = 1"):
            with pytest.raises(BadFilter):
                store.search_registered_models(wrong)
        for most in (0, 1001):
            with pytest.raises(InvalidParameter):
                store.search_registered_models(max_results=most)

    def test_searching_versions(self, store: Store) -> None:
        """By what they are; the last updated first."""
        one, two = add_run(store, run("0")), add_run(store, run("0"))
        for name, source in (("a", f"runs:/{one}/m"), ("a", f"runs:/{two}/m"), ("b", AWAY)):
            add_version(store, name, source)
        store.set_model_version_tag("a", "2", "team", "x")
        store.transition_model_version_stage("b", "1", "Staging")
        order = ["name", "version_number DESC"]
        for text, names in (
            ("", ["a/2", "a/1", "b/1"]),
            ("name = 'a'", ["a/2", "a/1"]),
            ("name LIKE 'B'", []),
            (f"run_id = '{one}'", ["a/1"]),
            (f"run_id IN ('{one}', '{two}')", ["a/2", "a/1"]),
            (f"run_id != '{one}'", ["a/2"]),
            ("run_id IS NULL", ["b/1"]),
            ("model_id IS NULL", ["a/2", "a/1", "b/1"]),
            ("source_path LIKE 's3:%'", ["b/1"]),
            ("version_number > 1", ["a/2"]),
            ("version_number IN (1, 3)", ["a/1", "b/1"]),
            ("current_stage = 'Staging'", ["b/1"]),
            ("tags.team = 'x'", ["a/2"]),
            ("NOT tags.team = 'x' AND (name = 'a' OR name = 'b')", ["a/1", "b/1"]),
            ("tag.`mlflow.prompt.is_prompt` != 'true'", ["a/2", "a/1", "b/1"]),
        ):
            found = store.search_model_versions(text, order)
            assert [f"{v.name}/{v.version}" for v in found] == names, text
            pages = paged(partial(store.search_model_versions, text, order, 1))
            assert pages == found, text
        for key in ("run_id", "model_id DESC", "current_stage", "last_updated_timestamp"):
            pages = paged(partial(store.search_model_versions, "", [key], 1))
            assert pages == store.search_model_versions("", [key])
            assert len(pages) == 3
        newest = store.search_model_versions("", (), 10_000)
        times = [one.last_updated_timestamp or 0 for one in newest]
        assert times == sorted(times, reverse=True)
        token = store.search_model_versions("", (), 1).token
        with pytest.raises(InvalidParameter):
            store.search_model_versions("name = 'a'", (), 1, token)
        for wrong in ("nothing = 1", "version_number = '1'", "run_id = a"):
            with pytest.raises(BadFilter):
                store.search_model_versions(wrong)

    def test_prompts_are_hidden_unless_they_are_asked_for(self, store: Store) -> None:
        """They are registered models with a tag."""
        tag = "mlflow.prompt.is_prompt"
        store.create_registered_model("prompt", {tag: "true"})
        store.create_registered_model("model", {tag: "false"})
        add_version(store)
        for text, names in (
            ("", ["iris", "model"]),
            ("name LIKE '%'", ["iris", "model"]),
            (f"tags.`{tag}` = 'true'", ["prompt"]),
            (f"tags.`{tag}` IS NOT NULL", ["model", "prompt"]),
            (f"name LIKE '%' AND tag.`{tag}` != 'true'", ["iris", "model"]),
        ):
            assert [one.name for one in store.search_registered_models(text)] == names, text
        store.set_model_version_tag("iris", "1", tag, "true")
        assert store.search_model_versions() == []
        assert len(store.search_model_versions(f"tags.`{tag}` = 'true'")) == 1

    # Who changed what, and who may see it

    def test_every_change_is_told(self, store: Store) -> None:
        """In the order of commits, with the caller; what changes nothing is not told."""
        eve = store.acting_for(Caller("eve"))
        name, first, second = (
            ("registered_model", "iris"),
            ("model_version", "iris/1"),
            ("model_version", "iris/2"),
        )
        uses: list[tuple[Callable[[], object], list[tuple[str, str]]]] = [
            (lambda: eve.create_registered_model("iris"), [name]),
            (lambda: eve.update_registered_model("iris", "d"), [name]),
            (lambda: eve.set_registered_model_tag("iris", "k", "v"), [name]),
            (lambda: eve.delete_registered_model_tag("iris", "k"), [name]),
            (lambda: eve.delete_registered_model_tag("iris", "k"), []),
            (lambda: add_version(eve), [first]),
            (
                lambda: add_version(eve, "new"),
                [("registered_model", "new"), ("model_version", "new/1")],
            ),
            (lambda: add_version(eve), [second]),
            (lambda: eve.update_model_version("iris", "1", "d"), [first]),
            (lambda: eve.set_model_version_tag("iris", "01", "k", "v"), [first]),
            (lambda: eve.delete_model_version_tag("iris", "1", "k"), [first]),
            (lambda: eve.delete_model_version_tag("iris", "1", "k"), []),
            (lambda: eve.set_registered_model_alias("iris", "a", "1"), [name]),
            (lambda: eve.delete_registered_model_alias("iris", "a"), [name]),
            (lambda: eve.delete_registered_model_alias("iris", "a"), []),
            (lambda: eve.transition_model_version_stage("iris", "1", "Staging"), [first]),
            (
                lambda: eve.transition_model_version_stage("iris", "2", "Staging", True),
                [second, first],
            ),
            (lambda: eve.delete_model_version("iris", "1"), [first]),
            (
                lambda: eve.rename_registered_model("iris", "flowers"),
                [name, ("registered_model", "flowers")],
            ),
            (
                lambda: eve.delete_registered_model("flowers"),
                [("model_version", "flowers/2"), ("registered_model", "flowers")],
            ),
        ]
        after = 0
        for use, expected in uses:
            use()
            changes = store.changes(after)
            assert [(change.kind, change.id) for change in changes] == expected
            assert {change.caller for change in changes} <= {"eve"}
            after = changes[-1].seq if changes else after

    def test_versions_out_of_sight(self, store: Store) -> None:
        """A version of a run or a model that the caller does not see is not there."""
        hidden = store.create_experiment("hidden").experiment_id
        eve = store.acting_for(Caller("eve", experiments=frozenset({"0"})))
        secret = add_run(store, run(hidden))
        made, own = model(hidden, source=secret), model("0", source=secret)
        store.log(Batch(models=[made, own]))
        add_version(store)
        add_version(store, "iris", f"models:/{own.model_id}")
        add_version(store, "iris", f"runs:/{secret}/m")
        add_version(store, "iris", f"models:/{made.model_id}")
        for alias, version in (("own", "2"), ("theirs", "4")):
            store.set_registered_model_alias("iris", alias, version)
        found = eve.get_registered_model("iris")
        assert found.aliases == {"own": "2"}
        assert [one.version for one in found.latest_versions] == ["2"]
        assert [one.version for one in eve.search_model_versions("", ["version_number"])] == [
            "1",
            "2",
        ]
        assert eve.get_model_version("iris", "2").run_id is None
        assert store.get_model_version("iris", "2").run_id == secret
        assert eve.search_model_versions(f"run_id = '{secret}'") == []
        assert len(eve.search_model_versions("run_id IS NULL")) == 2
        assert eve.get_model_version_by_alias("iris", "latest").version == "2"
        with pytest.raises(InvalidParameter, match="no alias"):
            eve.get_model_version_by_alias("iris", "theirs")
        for number in ("3", "4"):
            with pytest.raises(NotFound):
                eve.get_model_version("iris", number)
            with pytest.raises(NotFound):
                eve.delete_model_version("iris", number)
            with pytest.raises(NotFound):
                add_version(eve, "copies", f"models:/iris/{number}")
        with pytest.raises(NotFound):
            add_version(eve, "copies", f"models:/{made.model_id}")
        for use in (
            lambda: eve.delete_registered_model("iris"),
            lambda: eve.rename_registered_model("iris", "mine"),
        ):
            with pytest.raises(PermissionDenied, match="eve"):
                use()
        told = [change.id for change in eve.changes() if change.kind == "model_version"]
        assert told == ["iris/1", "iris/2"]
        counts = eve.info().counts
        assert (counts["registered_models"], counts["model_versions"]) == (1, 2)
        assert counts["changes"] == len(eve.changes())
        counts = store.info().counts
        assert (counts["model_versions"], counts["changes"]) == (4, len(store.changes()))
        for folder in ("/etc", "file:///etc", "etc"):
            with pytest.raises(PermissionDenied, match="may not register the folder"):
                add_version(eve, "mine", folder)
        add_version(eve, "mine")
        eve.rename_registered_model("mine", "yours")
        eve.delete_registered_model("yours")
