"""The contract of a tracking store: the sequence of changes, repeated batches, callers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fitscribe.core.caller import Caller
from fitscribe.core.clock import now_ms
from fitscribe.core.commands import Batch, Lease, ModelChange, RunRecord
from fitscribe.core.entities import Change, LoggedModelOutput
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import RunStatus, ViewType
from fitscribe.core.values import Metric, Param
from fitscribe.errors import InvalidParameter, NotFound
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, add_runs, fill, model, run

__all__ = ["CallersContract", "ChangesContract", "RepeatedBatchesContract"]


def told(changes: list[Change]) -> list[tuple[str, str]]:
    """Return what was changed: kind and id."""
    return [(change.kind, change.id) for change in changes]


class ChangesContract(TrackingStoreCase):
    """What the sequence says."""

    def test_every_change_is_told(self, store: TrackingStore) -> None:
        """In the order of commits, with the caller and the time."""
        before = now_ms()
        eve = store.acting_for(Caller("eve", request_id="r-1"))
        made = model("1")
        record = run("1", tags={"t": "1"})
        uses: list[tuple[Callable[[], object], list[tuple[str, str]]]] = [
            (lambda: eve.create_experiment("one"), [("experiment", "1")]),
            (
                lambda: eve.log(Batch([record], [made])),
                [("model", made.model_id), ("run", record.run_id)],
            ),
            (lambda: eve.set_experiment_tags("1", {"a": "1"}), [("experiment", "1")]),
            (lambda: eve.delete_experiment_tag("1", "a"), [("experiment", "1")]),
            (lambda: eve.rename_experiment("1", "uno"), [("experiment", "1")]),
            (lambda: eve.delete_tag(record.run_id, "t"), [("run", record.run_id)]),
            (lambda: eve.delete_run(record.run_id), [("run", record.run_id)]),
            (lambda: eve.delete_run(record.run_id), []),
            (lambda: eve.restore_run(record.run_id), [("run", record.run_id)]),
            (
                lambda: eve.update_logged_model(made.model_id, ModelChange(tags={"t": "1"})),
                [("model", made.model_id)],
            ),
            (
                lambda: eve.delete_logged_model_tag(made.model_id, "t"),
                [("model", made.model_id)],
            ),
            (lambda: eve.delete_logged_model(made.model_id), [("model", made.model_id)]),
            (
                lambda: eve.delete_experiment("1"),
                [("run", record.run_id), ("experiment", "1")],
            ),
            (
                lambda: eve.restore_experiment("1"),
                [("experiment", "1"), ("run", record.run_id)],
            ),
        ]
        after = 0
        for use, expected in uses:
            use()
            changes = store.changes(after)
            assert sorted(told(changes)) == sorted(expected)
            assert {change.caller for change in changes} <= {"eve"}
            assert all(before <= change.at <= now_ms() for change in changes)
            numbers = [change.seq for change in changes]
            assert numbers == sorted(set(numbers))
            assert all(number > after for number in numbers)
            after = max([after, *numbers])

    def test_reading_on(self, store: TrackingStore, experiment: str) -> None:
        """After a number, so many at a time."""
        ids = [add_run(store, run(experiment)) for _ in range(5)]
        (first, *_) = store.changes()
        assert told([first]) == [("experiment", experiment)]
        found: list[Change] = []
        while part := store.changes(found[-1].seq if found else first.seq, limit=2):
            assert len(part) <= 2
            found += part
        assert told(found) == [("run", run_id) for run_id in ids]
        assert store.changes(found[-1].seq) == []

    def test_leases_change_runs(self, store: TrackingStore, experiment: str) -> None:
        """Ending and reviving are told; a heartbeat is not."""
        lease = Lease("host", "boot", 1, 2, 3)
        run_id = add_run(store, run(experiment, lease=lease))
        after = store.changes()[-1].seq
        store.beat([run_id], lease)
        assert store.changes(after) == []
        store.end_abandoned([run_id])
        store.beat([run_id], lease)
        assert told(store.changes(after)) == [("run", run_id)] * 2


class RepeatedBatchesContract(TrackingStoreCase):
    """A writer may send a batch again when it does not know whether it arrived."""

    def test_a_repeated_batch_has_one_effect(self, store: TrackingStore, experiment: str) -> None:
        """Later changes by others stay, and nothing is told twice."""
        record = run(experiment, tags={"t": "1"}, metrics={"m": 1.0})
        first = Batch([record], writer="w", seq=1)
        store.log(first)
        store.log(Batch([RunRecord(record.run_id, tags={"t": "2"})], writer="w", seq=2))
        changes = store.changes()
        store.log(first)
        store.log(Batch([RunRecord(record.run_id, tags={"t": "3"})], writer="w", seq=2))
        store.log(Batch([run(experiment)], writer="w", seq=1))
        assert store.get_run(record.run_id).data.tags["t"] == "2"
        assert store.changes() == changes
        assert len(store.search_runs([experiment])) == 1

    def test_writers_count_for_themselves(self, store: TrackingStore, experiment: str) -> None:
        """Numbers of another writer, and batches without one, have nothing to do with it."""
        run_id = add_run(store, run(experiment))
        for number, (writer, seq) in enumerate([("a", 5), ("b", 1), ("a", 6), (None, 0)]):
            store.log(Batch([RunRecord(run_id, tags={str(number): "x"})], (), writer, seq))
        assert set(store.get_run(run_id).data.tags) == {"mlflow.runName", *"0123"}

    def test_a_refused_batch_does_not_count(self, store: TrackingStore, experiment: str) -> None:
        """It can be sent again, put right."""
        run_id = add_run(store, run(experiment, params={"a": 1}))
        wrong = RunRecord(run_id, params=[Param.of("a", 2)])
        right = RunRecord(run_id, params=[Param.of("b", 2)])
        with pytest.raises(InvalidParameter):
            store.log(Batch([wrong], writer="w", seq=1))
        store.log(Batch([right], writer="w", seq=1))
        assert store.get_run(run_id).data.params == {"a": "1", "b": "2"}


class CallersContract(TrackingStoreCase):
    """A caller sees what it may see, and the rest is not there."""

    def test_acting_for_another(self, store: TrackingStore, experiment: str) -> None:
        """It is the same data, and the store that it came from stays as it is."""
        own = store.caller
        eve = Caller("eve", frozenset({"reader"}))
        other = store.acting_for(eve)
        assert other.caller == eve
        assert store.caller == own
        run_id = add_run(other, run(experiment))
        assert store.get_run(run_id).info.run_id == run_id

    def test_the_rest_is_not_there(self, store: TrackingStore) -> None:
        """For reading, for writing, and for what names it."""
        seen = store.create_experiment("seen").experiment_id
        hidden = store.create_experiment("hidden").experiment_id
        here, there = add_runs(store, [run(seen), run(hidden, tags={"t": "1"})])
        secret = model(hidden, source=there, tags={"t": "1"})
        own = model(seen, source=here)
        store.log(Batch(models=[secret, own]))
        store.log(
            Batch([RunRecord(there, metrics=[Metric("m", 1.0, 1)])]),
        )
        lease = Lease("host", "boot", 1, 2, 3)
        whole = (store.get_run(there), store.get_logged_model(secret.model_id), store.changes())
        eve = store.acting_for(Caller("eve", experiments=frozenset({seen})))
        for use in (
            lambda: eve.get_experiment(hidden),
            lambda: eve.rename_experiment(hidden, "x"),
            lambda: eve.delete_experiment(hidden),
            lambda: eve.restore_experiment(hidden),
            lambda: eve.set_experiment_tags(hidden, {"a": "1"}),
            lambda: eve.delete_experiment_tag(hidden, "a"),
            lambda: eve.get_run(there),
            lambda: eve.delete_run(there),
            lambda: eve.restore_run(there),
            lambda: eve.delete_tag(there, "t"),
            lambda: eve.get_metric_history(there, "m"),
            lambda: eve.find_logged_model(there, "model"),
            lambda: eve.get_logged_model(secret.model_id),
            lambda: eve.update_logged_model(secret.model_id, ModelChange(digest="d")),
            lambda: eve.delete_logged_model_tag(secret.model_id, "t"),
            lambda: eve.delete_logged_model(secret.model_id),
            lambda: fill(eve, there, tags={"t": "2"}),
            lambda: add_run(eve, run(hidden)),
            lambda: add_run(eve, run(seen, there)),
            lambda: add_run(eve, run(seen, parent=there)),
            lambda: add_run(eve, run(seen, model_inputs=[secret.model_id])),
            lambda: fill(eve, here, model_outputs=[LoggedModelOutput(secret.model_id)]),
            lambda: fill(eve, here, metrics=[Metric("m", 1.0, 1, 0, secret.model_id)]),
            lambda: eve.log(Batch(models=[model(hidden)])),
            lambda: eve.log(Batch(models=[model(seen, source=there)])),
            lambda: eve.log(Batch(models=[model(seen, secret.model_id, tags={"u": "1"})])),
        ):
            with pytest.raises(NotFound):
                use()
        eve.beat([there], lease)
        eve.end_abandoned([there])
        assert store.open_leases() == []
        assert whole == (
            store.get_run(there),
            store.get_logged_model(secret.model_id),
            store.changes(),
        )

    def test_searches_are_limited(self, store: TrackingStore) -> None:
        """To the experiments that the caller may see, if they are named or not."""
        first, second = (store.create_experiment(name).experiment_id for name in "ab")
        here, there = add_runs(store, [run(first), run(second)])
        models = [model(first), model(second)]
        store.log(Batch(models=models))
        eve = store.acting_for(Caller("eve", experiments=frozenset({first, "17"})))
        found = eve.search_experiments(view_type=ViewType.ALL)
        assert [one.experiment_id for one in found] == [first]
        assert [one.info.run_id for one in eve.search_runs([first, second])] == [here]
        assert eve.search_runs([second]) == []
        assert [one.model_id for one in eve.search_logged_models([first, second])] == [
            models[0].model_id
        ]
        assert eve.search_logged_models([second]) == []
        assert eve.get_experiment_by_name("a") is not None
        assert eve.get_experiment_by_name("b") is None
        assert there != here

    def test_leases_and_changes_are_limited(self, store: TrackingStore) -> None:
        """What happens in the others is not told; who sees nothing hears nothing."""
        seen = store.create_experiment("seen").experiment_id
        hidden = store.create_experiment("hidden").experiment_id
        lease = Lease("host", "boot", 1, 2, 3)
        here, there = add_runs(store, [run(seen, lease=lease), run(hidden, lease=lease)])
        models = [model(seen), model(hidden)]
        store.log(Batch(models=models))
        eve = store.acting_for(Caller("eve", experiments=frozenset({seen})))
        assert eve.open_leases() == [(here, lease)]
        assert told(eve.changes()) == [
            ("experiment", seen),
            ("run", here),
            ("model", models[0].model_id),
        ]
        assert len(eve.changes(limit=2)) == 2
        nobody = store.acting_for(Caller("nobody", experiments=frozenset()))
        assert nobody.changes() == []
        assert nobody.open_leases() == []
        assert nobody.search_experiments(view_type=ViewType.ALL) == []
        eve.end_abandoned([there])
        assert store.get_run(there).info.status == RunStatus.RUNNING
