"""The contract of a registry: names of registered models."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.core.commands import NewVersion
from fitscribe.core.filter_tree import quoted
from fitscribe.core.ports import Store
from fitscribe.errors import (
    AlreadyExists,
    InvalidParameter,
    NotFound,
)
from fitscribe.testing.registry_case import AWAY, RegistryStoreCase, add_version, is_name

__all__ = ["NamesContract"]


class NamesContract(RegistryStoreCase):
    """How names are made, changed and deleted."""

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
