"""The contract of a tracking store: what crosses the border of what a caller sees."""

from __future__ import annotations

import pytest

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Batch
from fitscribe.core.entities import Dataset, DatasetInput, LoggedModelOutput
from fitscribe.core.ports import TrackingStore
from fitscribe.core.values import Metric
from fitscribe.errors import AlreadyExists
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, add_runs, fill, model, run

__all__ = ["CrossingsContract"]

DATA = DatasetInput(Dataset("d", "e", "code", "{}"))


class CrossingsContract(TrackingStoreCase):
    """What crosses from an experiment that the caller does not see into one that it sees.

    Somebody who saw both made it: the caller reads its own side, and nothing that names the other.
    """

    @pytest.fixture
    def two(self, store: TrackingStore) -> tuple[TrackingStore, str, str]:
        """Return a store for who sees one of two experiments, and the ids of both."""
        seen = store.create_experiment("seen").experiment_id
        hidden = store.create_experiment("hidden").experiment_id
        eve = store.acting_for(Caller("eve", experiments=frozenset({seen})))
        return eve, seen, hidden

    def test_metrics_of_a_model(
        self, store: TrackingStore, two: tuple[TrackingStore, str, str]
    ) -> None:
        """Values that another experiment's run logged are neither read, found, nor sorted by."""
        eve, seen, hidden = two
        first, second = model(seen, name="first"), model(seen, name="second")
        store.log(Batch(models=[first, second]))
        here, there = add_runs(store, [run(seen), run(hidden)])
        own = Metric("m", 1.0, 1, 0, first.model_id)
        fill(store, here, metrics=[own, Metric("m", 2.0, 1, 0, second.model_id)])
        secrets = [Metric("m", 9.0, 2, 5, first.model_id, "d", "e")]
        secrets += [Metric("m", 8.0, 2, 5, first.model_id), Metric("n", 7.0, 1, 0, first.model_id)]
        fill(store, there, metrics=secrets)
        (metric,) = eve.get_logged_model(first.model_id).metrics
        assert (metric.value, metric.run_id) == (1.0, here)
        assert len(store.get_logged_model(first.model_id).metrics) == 4
        for text, names in (
            ("metrics.m > 5", []),
            ("metrics.n = 7", []),
            ("metrics.n IS NOT NULL", []),
            ("metrics.n IS NULL", ["second", "first"]),
            ("metrics.m = 1", ["first"]),
        ):
            found = eve.search_logged_models([seen], text)
            assert [one.name for one in found] == names, text
            assert all(one.run_id == here for item in found for one in item.metrics)
        for order, names in (
            ("metrics.m", ["first", "second"]),
            ("metrics.n DESC", ["second", "first"]),
        ):
            assert [one.name for one in eve.search_logged_models([seen], "", [order])] == names

    def test_models_that_runs_read_and_made(
        self, store: TrackingStore, two: tuple[TrackingStore, str, str]
    ) -> None:
        """Inputs, outputs and metrics of a run do not name another experiment's models."""
        eve, seen, hidden = two
        secret, own = model(hidden), model(seen)
        store.log(Batch(models=[secret, own]))
        both = [secret.model_id, own.model_id]
        points = [Metric("m", 1.0, 1, 0, one) for one in both]
        points.append(Metric("n", 1.0, 1, 0, secret.model_id, "d", "e"))
        here = add_run(store, run(seen, model_inputs=both, metrics=points))
        fill(store, here, model_outputs=[LoggedModelOutput(one) for one in both])
        for found in (eve.get_run(here), *eve.search_runs([seen])):
            assert [one.model_id for one in found.inputs.model_inputs] == [own.model_id]
            assert [one.model_id for one in found.outputs.model_outputs] == [own.model_id]
        assert len(store.get_run(here).inputs.model_inputs) == 2
        (point,) = eve.get_metric_history(here, "m")
        assert (point.value, point.model_id) == (1.0, own.model_id)
        (point,) = eve.get_metric_history(here, "n")
        assert (point.value, point.model_id, point.dataset_name) == (1.0, None, "d")

    def test_the_run_that_made_a_model(
        self, store: TrackingStore, two: tuple[TrackingStore, str, str]
    ) -> None:
        """A model's source is not told, found or sorted by, if it is another experiment's run."""
        eve, seen, hidden = two
        here, there = add_runs(store, [run(seen, "b" * 32), run(hidden, "a" * 32)])
        own, odd = model(seen, source=here, name="own"), model(seen, source=there, name="odd")
        store.log(Batch(models=[own, odd]))
        assert eve.get_logged_model(odd.model_id).source_run_id is None
        assert eve.get_logged_model(own.model_id).source_run_id == here
        for text, names in (
            (f"source_run_id = '{there}'", []),
            ("source_run_id LIKE 'a%'", []),
            ("source_run_id IS NULL", ["odd"]),
            (f"source_run_id = '{here}'", ["own"]),
        ):
            assert [one.name for one in eve.search_logged_models([seen], text)] == names, text
        page = eve.search_logged_models([seen], "", ["source_run_id"], 1)
        assert [one.name for one in page] == ["own"]
        rest = eve.search_logged_models([seen], "", ["source_run_id"], 1, page.token)
        assert [one.name for one in rest] == ["odd"]
        assert store.get_logged_model(odd.model_id).source_run_id == there

    def test_the_parent_of_a_run(
        self, store: TrackingStore, two: tuple[TrackingStore, str, str]
    ) -> None:
        """A parent in another experiment is no parent: not read, found or sorted by."""
        eve, seen, hidden = two
        secret, known = "a" * 32, "b" * 32
        add_runs(store, [run(hidden, secret), run(seen, known, start=1)])
        own, odd, free = "c" * 32, "d" * 32, "e" * 32
        add_runs(
            store,
            [
                run(seen, own, parent=known, start=2),
                run(seen, odd, parent=secret, start=3),
                run(seen, free, tags={"mlflow.parentRunId": "gone"}, start=4),
            ],
        )
        assert "mlflow.parentRunId" not in eve.get_run(odd).data.tags
        assert eve.get_run(own).data.tags["mlflow.parentRunId"] == known
        assert store.get_run(odd).data.tags["mlflow.parentRunId"] == secret
        parent = "tags.`mlflow.parentRunId`"
        for text, ids in (
            (f"{parent} = '{secret}'", []),
            (f"{parent} LIKE 'a%'", []),
            (f"{parent} IS NULL", [odd, known]),
            (f"{parent} != 'x'", [free, own]),
            (f"{parent} = '{known}'", [own]),
        ):
            assert [one.info.run_id for one in eve.search_runs([seen], text)] == ids, text
        for order, ids in (
            ([parent], [own, free, odd, known]),
            (["start_time", parent], [known, own, odd, free]),
        ):
            found: list[str] = []
            token = None
            while True:
                page = eve.search_runs([seen], "", order, max_results=1, page_token=token)
                found += [one.info.run_id for one in page]
                token = page.token
                if token is None:
                    break
            assert found == ids

    def test_names_and_counts(
        self, store: TrackingStore, two: tuple[TrackingStore, str, str]
    ) -> None:
        """A taken name tells no id, and what is counted is what the caller sees."""
        eve, seen, hidden = two
        for name, told_id in (("hidden", False), ("seen", True)):
            with pytest.raises(AlreadyExists) as refused:
                eve.create_experiment(name)
            assert (f"(id {seen if name == 'seen' else hidden})" in str(refused.value)) == told_id
        records = [
            run(one, metrics={"m": 1.0}, datasets=[DATA]) for one in (seen, hidden, hidden, hidden)
        ]
        store.log(Batch(records, [model(seen), model(hidden), model(hidden)]))
        counts = eve.info().counts
        assert counts == {
            "experiments": 1,
            "runs": 1,
            "metrics": 1,
            "logged_models": 1,
            "datasets": 1,
            "registered_models": 0,
            "model_versions": 0,
            "changes": len(eve.changes()),
        }
        assert store.info().counts["runs"] == 4
        assert set(
            store.acting_for(Caller("x", experiments=frozenset())).info().counts.values()
        ) == {0}
