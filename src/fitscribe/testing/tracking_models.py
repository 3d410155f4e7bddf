"""The contract of a tracking store: logged models."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest

from fitscribe.core.clock import new_run_id
from fitscribe.core.commands import Batch, ModelChange, NewModel
from fitscribe.core.entities import LoggedModelInput, LoggedModelOutput
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import LoggedModelStatus
from fitscribe.core.values import Metric
from fitscribe.errors import FitscribeError, InvalidParameter, NotFound
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, fill, model, run

__all__ = ["LoggedModelsContract"]


def add_model(store: TrackingStore, made: NewModel) -> str:
    """Write one logged model and return its id."""
    store.log(Batch(models=[made]))
    return made.model_id


class LoggedModelsContract(TrackingStoreCase):
    """How logged models are made, linked, found, changed and deleted."""

    def test_a_model_comes_back(self, store: TrackingStore, experiment: str) -> None:
        """All that was said of it is there."""
        source = add_run(store, run(experiment))
        made = model(
            experiment,
            name="forest",
            created=77,
            source=source,
            model_type="classifier",
            status="PENDING",
            params={"depth": "3", "long": "x" * 5000},
            tags={"a.b %": "ü"},
            digest="d1",
        )
        found = store.get_logged_model(add_model(store, made))
        assert found.model_id == made.model_id
        assert found.experiment_id == experiment
        assert (found.name, found.model_type, found.status) == ("forest", "classifier", "PENDING")
        assert found.source_run_id == source
        assert found.creation_timestamp == found.last_updated_timestamp == 77
        assert found.params == made.params
        assert found.tags == made.tags
        assert found.digest == "d1"
        assert found.status_message is None
        assert found.metrics == ()
        root = store.get_experiment(experiment).artifact_location
        assert found.artifact_location == f"{root}/models/{made.model_id}/artifacts"

    def test_a_run_and_its_model_in_one_batch(self, store: TrackingStore, experiment: str) -> None:
        """Each names the other."""
        made = model(experiment)
        reader = run(experiment, model_inputs=[made.model_id])
        maker = run(experiment, model_outputs=[LoggedModelOutput(made.model_id, 4)])
        made = model(experiment, made.model_id, source=maker.run_id)
        store.log(Batch([maker, reader], [made]))
        store.log(Batch([maker, reader], [made]))
        assert store.get_run(maker.run_id).outputs.model_outputs == (
            LoggedModelOutput(made.model_id, 4),
        )
        assert store.get_run(reader.run_id).inputs.model_inputs == (
            LoggedModelInput(made.model_id),
        )
        assert store.get_logged_model(made.model_id).source_run_id == maker.run_id

    def test_a_model_is_made_once(self, store: TrackingStore, experiment: str) -> None:
        """Sent again, it stays as it is."""
        first = model(experiment, name="first", params={"a": "1"}, tags={"t": "1"})
        add_model(store, first)
        second = model(
            experiment, first.model_id, name="second", created=2, params={"a": "2"}, digest="d"
        )
        add_model(store, second)
        found = store.get_logged_model(first.model_id)
        assert (found.name, found.creation_timestamp, found.digest) == ("first", 1000, None)
        assert found.params == {"a": "1"}

    def test_a_refused_model_leaves_nothing(self, store: TrackingStore, experiment: str) -> None:
        """Neither it nor what came with it."""
        gone = store.create_experiment("gone").experiment_id
        store.delete_experiment(gone)
        bad: list[tuple[NewModel, type[FitscribeError]]] = [
            (model("4711"), NotFound),
            (model("one"), InvalidParameter),
            (model(gone), InvalidParameter),
            (model(experiment, source=new_run_id()), NotFound),
            (model(experiment, status="DONE"), InvalidParameter),
        ]
        for one, error in bad:
            good = model(experiment)
            record = run(experiment)
            with pytest.raises(error):
                store.log(Batch([record], [good, one]))
            with pytest.raises(NotFound):
                store.get_logged_model(good.model_id)
            with pytest.raises(NotFound):
                store.get_logged_model(one.model_id)
            with pytest.raises(NotFound):
                store.get_run(record.run_id)

    def test_the_newest_of_a_name_is_found(self, store: TrackingStore, experiment: str) -> None:
        """Among those that the run made, and are not in the bin."""
        source = add_run(store, run(experiment))
        other = add_run(store, run(experiment))
        old, new = (
            add_model(store, model(experiment, name="model", source=source, created=created))
            for created in (5, 6)
        )
        add_model(store, model(experiment, name="model", source=other, created=9))
        add_model(store, model(experiment, name="Model", source=source, created=9))
        for expected in (new, old):
            found = store.find_logged_model(source, "model")
            assert found is not None
            assert found.model_id == expected
            store.delete_logged_model(expected)
        assert store.find_logged_model(source, "model") is None
        assert store.find_logged_model(source, "x") is None

    def test_changing(self, store: TrackingStore, experiment: str) -> None:
        """What a change names is changed, the rest stays."""
        model_id = add_model(
            store, model(experiment, created=7, params={"a": "1"}, tags={"t": "1", "u": "2"})
        )
        before = store.get_logged_model(model_id)
        store.update_logged_model(
            model_id,
            ModelChange(
                LoggedModelStatus.FAILED, "disk full", {"t": "3"}, {"b": "x" * 300}, "digest"
            ),
        )
        found = store.get_logged_model(model_id)
        assert (found.status, found.status_message) == ("FAILED", "disk full")
        assert found.tags == {"t": "3", "u": "2"}
        assert found.params == {"a": "1", "b": "x" * 300}
        assert found.digest == "digest"
        assert found.creation_timestamp == 7
        assert found.last_updated_timestamp > before.last_updated_timestamp
        store.update_logged_model(model_id, ModelChange(tags={"v": ""}))
        found = store.get_logged_model(model_id)
        assert (found.status, found.status_message, found.digest) == (
            "FAILED",
            "disk full",
            "digest",
        )
        assert found.tags == {"t": "3", "u": "2", "v": ""}

    @pytest.mark.parametrize(
        "change",
        [
            ModelChange(params={"new": "1", "a": "1"}, tags={"t": "2"}),
            ModelChange(params={"a": "2"}, status="FAILED"),
            ModelChange(status="DONE", tags={"t": "2"}, params={"b": "1"}),
        ],
    )
    def test_a_refused_change_changes_nothing(
        self, store: TrackingStore, experiment: str, change: ModelChange
    ) -> None:
        """A param that is there, and a status that is none."""
        model_id = add_model(store, model(experiment, params={"a": "1"}, tags={"t": "1"}))
        before = store.get_logged_model(model_id)
        with pytest.raises(InvalidParameter):
            store.update_logged_model(model_id, change)
        assert store.get_logged_model(model_id) == before

    def test_tags_are_removed(self, store: TrackingStore, experiment: str) -> None:
        """One that is not there is NotFound."""
        model_id = add_model(store, model(experiment, tags={"a.b": "1", "c": "2"}))
        store.delete_logged_model_tag(model_id, "a.b")
        for key in ("a.b", "never seen"):
            with pytest.raises(NotFound):
                store.delete_logged_model_tag(model_id, key)
        assert store.get_logged_model(model_id).tags == {"c": "2"}

    def test_a_deleted_model_is_not_there(self, store: TrackingStore, experiment: str) -> None:
        """For every method; the run that made it is whole."""
        made = model(experiment)
        record = run(experiment, model_outputs=[LoggedModelOutput(made.model_id)])
        store.log(Batch([record], [made]))
        store.delete_logged_model(made.model_id)
        uses: list[Callable[[str], object]] = [
            store.get_logged_model,
            lambda model_id: store.update_logged_model(model_id, ModelChange(digest="d")),
            lambda model_id: store.delete_logged_model_tag(model_id, "a"),
            store.delete_logged_model,
        ]
        for use, model_id in itertools.product(uses, (made.model_id, "m-" + "0" * 32, "")):
            with pytest.raises(NotFound):
                use(model_id)
        assert store.search_logged_models([experiment]) == []
        assert len(store.get_run(record.run_id).outputs.model_outputs) == 1

    def test_metrics_of_models(self, store: TrackingStore, experiment: str) -> None:
        """The latest of each, for each dataset and run apart."""
        one, two = model(experiment), model(experiment)
        record = run(
            experiment,
            metrics=[
                Metric("acc", 0.9, 9, 0, one.model_id, "train", "d1"),
                Metric("acc", 0.8, 5, 1, one.model_id, "train", "d1"),
                Metric("acc", 0.7, 5, 1, one.model_id, "test", "d2"),
                Metric("loss", math.inf, 5, 0, one.model_id),
                Metric("acc", 0.1, 5, 0, two.model_id),
                Metric("acc", 0.2, 9, 9),
            ],
        )
        store.log(Batch([record], [one, two]))
        later = add_run(store, run(experiment, start=2000))
        fill(store, later, metrics=[Metric("acc", 0.6, 6, 0, one.model_id, "train", "d1")])
        found = {
            (point.key, point.dataset_name, point.dataset_digest, point.run_id): point.value
            for point in store.get_logged_model(one.model_id).metrics
        }
        assert found == {
            ("acc", "train", "d1", record.run_id): 0.8,
            ("acc", "test", "d2", record.run_id): 0.7,
            ("loss", None, None, record.run_id): math.inf,
            ("acc", "train", "d1", later): 0.6,
        }
        (point,) = store.get_logged_model(two.model_id).metrics
        assert point == Metric("acc", 0.1, 5, 0, two.model_id, None, None, record.run_id)
