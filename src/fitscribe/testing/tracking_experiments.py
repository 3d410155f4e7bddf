"""The contract of a tracking store: experiments."""

from __future__ import annotations

import pytest

from fitscribe.core.clock import now_ms
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import LifecycleStage, ViewType
from fitscribe.errors import (
    AlreadyExists,
    FitscribeError,
    InvalidParameter,
    InvalidState,
    NotFound,
)
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, add_runs, fill, run

__all__ = ["ExperimentsContract"]


class ExperimentsContract(TrackingStoreCase):
    """How experiments are made, named, deleted and taken back."""

    def test_a_fresh_store_has_the_default_experiment(self, store: TrackingStore) -> None:
        """It has the id 0 and the name Default, and nothing else is there."""
        (only,) = store.search_experiments(view_type=ViewType.ALL)
        assert (only.experiment_id, only.name) == ("0", "Default")
        assert store.get_experiment("0") == only
        assert store.get_experiment_by_name("Default") == only

    def test_what_is_made_is_returned(self, store: TrackingStore) -> None:
        """What create returned is what get finds."""
        before = now_ms()
        made = store.create_experiment("naïve % Bayes", None, {"team": "red", "a.b": ""})
        assert made.name == "naïve % Bayes"
        assert made.experiment_id.isdecimal()
        assert made.lifecycle_stage == LifecycleStage.ACTIVE
        assert made.tags == {"team": "red", "a.b": ""}
        assert made.creation_time is not None
        assert before <= made.creation_time <= now_ms()
        assert made.last_update_time == made.creation_time
        assert store.get_experiment(made.experiment_id) == made
        assert store.get_experiment_by_name(made.name) == made

    def test_each_has_a_place_of_its_own(self, store: TrackingStore) -> None:
        """Without a location, artifacts lie below the store's root, apart from all others."""
        one, two = store.create_experiment("one"), store.create_experiment("two")
        places = {e.artifact_location for e in (one, two, store.get_experiment("0"))}
        assert len(places) == 3
        for made in (one, two):
            root, _, last = made.artifact_location.rpartition("/")
            assert last == made.experiment_id
            assert root + "/0" == store.get_experiment("0").artifact_location

    def test_a_given_location_is_kept(self, store: TrackingStore) -> None:
        """Runs lie below it."""
        made = store.create_experiment("elsewhere", "file:///data/elsewhere/")
        assert made.artifact_location == "file:///data/elsewhere"
        run_id = add_run(store, run(made.experiment_id))
        assert (
            store.get_run(run_id).info.artifact_uri == f"file:///data/elsewhere/{run_id}/artifacts"
        )

    @pytest.mark.parametrize("location", ["", " ", "runs:/1/model", "models:/m/1", "x" * 3000])
    def test_a_location_that_is_none_is_refused(self, store: TrackingStore, location: str) -> None:
        """Nothing is made."""
        with pytest.raises(InvalidParameter):
            store.create_experiment("one", location)
        assert store.get_experiment_by_name("one") is None

    @pytest.mark.parametrize("name", ["", " ", "x" * 501, "a\0b", "\ud800"])
    def test_a_name_that_is_none_is_refused(self, store: TrackingStore, name: str) -> None:
        """By create and rename, before anything is written."""
        made = store.create_experiment("one")
        with pytest.raises(InvalidParameter):
            store.create_experiment(name)
        with pytest.raises(InvalidParameter):
            store.rename_experiment(made.experiment_id, name)
        assert store.get_experiment(made.experiment_id) == made

    @pytest.mark.parametrize("name", ["x" * 500, "模型 🌲", "a'b\"c`d", "%", "_", "\\", " a", "A"])
    def test_odd_names_are_names(self, store: TrackingStore, name: str) -> None:
        """They are found letter by letter, and no other one is."""
        store.create_experiment("a")
        made = store.create_experiment(name)
        assert made.name == name
        assert store.get_experiment_by_name(name) == made

    def test_active_names_are_unique(self, store: TrackingStore) -> None:
        """A second one is refused, and nothing is made."""
        store.create_experiment("one")
        with pytest.raises(AlreadyExists, match="one"):
            store.create_experiment("one", tags={"second": "yes"})
        assert len(store.search_experiments(view_type=ViewType.ALL)) == 2

    def test_a_deleted_one_frees_its_name(self, store: TrackingStore) -> None:
        """The active one is found by the name, and without one the latest deleted."""
        first = store.create_experiment("one").experiment_id
        store.delete_experiment(first)
        second = store.create_experiment("one").experiment_id
        found = store.get_experiment_by_name("one")
        assert found is not None
        assert found.experiment_id == second != first
        store.delete_experiment(second)
        found = store.get_experiment_by_name("one")
        assert found is not None
        assert found.experiment_id == second
        assert found.lifecycle_stage == LifecycleStage.DELETED
        assert store.get_experiment(first).lifecycle_stage == LifecycleStage.DELETED

    @pytest.mark.parametrize("experiment_id", ["one", "", "-1", "1.0", "1 ", "٣", "9" * 31])
    def test_an_id_is_a_decimal_number(self, store: TrackingStore, experiment_id: str) -> None:
        """Every method refuses other text."""
        for use in (
            lambda: store.get_experiment(experiment_id),
            lambda: store.rename_experiment(experiment_id, "two"),
            lambda: store.delete_experiment(experiment_id),
            lambda: store.restore_experiment(experiment_id),
            lambda: store.set_experiment_tags(experiment_id, {"a": "b"}),
            lambda: store.delete_experiment_tag(experiment_id, "a"),
            lambda: store.search_runs([experiment_id]),
            lambda: store.search_logged_models([experiment_id]),
            lambda: add_run(store, run(experiment_id)),
        ):
            with pytest.raises(InvalidParameter):
                use()

    @pytest.mark.parametrize("experiment_id", ["17", str(2**31), str(2**63), "9" * 30])
    def test_what_is_not_there(self, store: TrackingStore, experiment_id: str) -> None:
        """It is NotFound, and by a name None; a search finds nothing."""
        for use in (
            lambda: store.get_experiment(experiment_id),
            lambda: store.rename_experiment(experiment_id, "two"),
            lambda: store.delete_experiment(experiment_id),
            lambda: store.restore_experiment(experiment_id),
            lambda: store.set_experiment_tags(experiment_id, {"a": "b"}),
            lambda: store.delete_experiment_tag(experiment_id, "a"),
            lambda: add_run(store, run(experiment_id)),
        ):
            with pytest.raises(NotFound):
                use()
        assert store.get_experiment_by_name(experiment_id) is None

    def test_renaming(self, store: TrackingStore) -> None:
        """The new name is taken, the old one is free."""
        one = store.create_experiment("one").experiment_id
        two = store.create_experiment("two").experiment_id
        store.rename_experiment(one, "uno")
        assert store.get_experiment(one).name == "uno"
        assert store.get_experiment_by_name("one") is None
        store.rename_experiment(one, "uno")
        with pytest.raises(AlreadyExists, match="two"):
            store.rename_experiment(one, "two")
        assert store.get_experiment(one).name == "uno"
        store.delete_experiment(two)
        store.rename_experiment(one, "two")
        with pytest.raises(InvalidState):
            store.rename_experiment(two, "three")

    def test_deleting_takes_the_runs_along_and_restoring_brings_them_back(
        self, store: TrackingStore, experiment: str
    ) -> None:
        """A run that was in the bin before stays there."""
        kept, gone = add_runs(store, [run(experiment), run(experiment)])
        store.delete_run(gone)
        store.delete_experiment(experiment)
        store.delete_experiment(experiment)
        for run_id in (kept, gone):
            assert store.get_run(run_id).info.lifecycle_stage == LifecycleStage.DELETED
        store.restore_experiment(experiment)
        store.restore_experiment(experiment)
        assert store.get_experiment(experiment).lifecycle_stage == LifecycleStage.ACTIVE
        assert store.get_run(kept).info.lifecycle_stage == LifecycleStage.ACTIVE
        assert store.get_run(gone).info.lifecycle_stage == LifecycleStage.DELETED

    def test_nothing_is_written_in_the_bin(self, store: TrackingStore, experiment: str) -> None:
        """A deleted experiment takes no runs, tags or restored runs."""
        run_id = add_run(store, run(experiment, tags={"a": "1"}))
        store.set_experiment_tags(experiment, {"a": "1"})
        store.delete_experiment(experiment)
        for use in (
            lambda: add_run(store, run(experiment)),
            lambda: fill(store, run_id, params={"a": 1}),
            lambda: store.delete_tag(run_id, "a"),
            lambda: store.restore_run(run_id),
            lambda: store.set_experiment_tags(experiment, {"a": "2"}),
            lambda: store.delete_experiment_tag(experiment, "a"),
        ):
            with pytest.raises(InvalidParameter, match=r"[Rr]estore"):
                use()
        assert store.get_experiment(experiment).tags == {"a": "1"}
        assert store.get_run(run_id).data.params == {}
        assert len(store.search_runs([experiment], view_type=ViewType.ALL)) == 1

    def test_restoring_a_name_that_was_taken(self, store: TrackingStore) -> None:
        """It is refused until a new name is given, and nothing moves before."""
        old = store.create_experiment("one").experiment_id
        run_id = add_run(store, run(old))
        store.delete_experiment(old)
        store.create_experiment("one")
        for name in (None, "one", "Default"):
            with pytest.raises(AlreadyExists):
                store.restore_experiment(old, name)
        assert store.get_experiment(old).lifecycle_stage == LifecycleStage.DELETED
        assert store.get_run(run_id).info.lifecycle_stage == LifecycleStage.DELETED
        store.restore_experiment(old, "older")
        assert store.get_experiment(old).name == "older"
        assert store.get_run(run_id).info.lifecycle_stage == LifecycleStage.ACTIVE

    def test_tags(self, store: TrackingStore, experiment: str) -> None:
        """Others stay, the last value counts, what is removed is gone."""
        store.set_experiment_tags(experiment, {"a": "1", "b.c % ü": "x" * 5000})
        store.set_experiment_tags(experiment, {"a": "2", "d": ""})
        found = store.get_experiment(experiment)
        assert found.tags == {"a": "2", "b.c % ü": "x" * 5000, "d": ""}
        assert found.last_update_time is not None
        assert found.creation_time is not None
        assert found.last_update_time >= found.creation_time
        store.delete_experiment_tag(experiment, "a")
        for key in ("a", "never seen", "x" * 300):
            with pytest.raises(NotFound):
                store.delete_experiment_tag(experiment, key)
        assert set(store.get_experiment(experiment).tags) == {"b.c % ü", "d"}

    def test_view_types(self, store: TrackingStore, experiment: str) -> None:
        """Active ones, deleted ones, or all."""
        store.delete_experiment(experiment)
        names = {
            view: {found.name for found in store.search_experiments(view_type=view)}
            for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL)
        }
        assert names == {1: {"Default"}, 2: {"an experiment"}, 3: {"Default", "an experiment"}}

    @pytest.mark.parametrize("page", [1, 2, 3, 100])
    def test_pages_are_newest_first(self, store: TrackingStore, page: int) -> None:
        """Each experiment is on one page, and the last page has no token."""
        made = [store.create_experiment(str(number)).experiment_id for number in range(6)]
        found: list[str] = []
        token = None
        while True:
            part = store.search_experiments(max_results=page, page_token=token)
            assert 0 < len(part) <= page
            found += [one.experiment_id for one in part]
            token = part.token
            if token is None:
                break
            assert len(part) == page
        assert found == [*reversed(made), "0"]

    def test_a_token_belongs_to_its_search(self, store: TrackingStore, experiment: str) -> None:
        """Another search, and what is no token, is refused."""
        token = store.search_experiments(max_results=1).token
        assert token is not None
        for use in (
            lambda: store.search_experiments("name != 'x'", page_token=token),
            lambda: store.search_experiments(order_by=["name"], page_token=token),
            lambda: store.search_experiments(view_type=ViewType.ALL, page_token=token),
            lambda: store.search_runs([experiment], page_token=token),
            lambda: store.search_experiments(page_token=token[:-3]),
            lambda: store.search_experiments(page_token="x"),
        ):
            with pytest.raises(InvalidParameter, match="page token"):
                use()

    @pytest.mark.parametrize("number", [0, -1, 10**9, 1.5])
    def test_a_page_has_a_size(self, store: TrackingStore, number: int) -> None:
        """Sizes that are none are refused."""
        with pytest.raises(FitscribeError, match="max_results"):
            store.search_experiments(max_results=number)
