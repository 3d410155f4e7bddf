"""The contract of a registry: searches, changes, and who sees what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Batch
from fitscribe.core.ports import Store
from fitscribe.errors import (
    BadFilter,
    InvalidParameter,
    NotFound,
    PermissionDenied,
)
from fitscribe.testing.registry_case import AWAY, RegistryStoreCase, add_version, paged
from fitscribe.testing.tracking_case import add_run, model, run

__all__ = ["SearchesContract"]


class SearchesContract(RegistryStoreCase):
    """What is found, what is told, and to whom."""

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
