"""The contract of a tracking store: many threads at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from fitscribe.core.commands import Batch, NewRun, RunRecord
from fitscribe.core.ports import TrackingStore
from fitscribe.core.values import Metric, Param
from fitscribe.errors import AlreadyExists, InvalidParameter
from fitscribe.testing.tracking_case import TrackingStoreCase, add_run, end, run

__all__ = ["ThreadsContract"]

T = TypeVar("T")

THREADS = 8
TURNS = 12


def at_once(work: Callable[[int], T]) -> list[T]:
    """Call `work` with 0 to 7 in as many threads; all start together, all must succeed."""
    barrier = Barrier(THREADS)

    def begin(number: int) -> T:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


class ThreadsContract(TrackingStoreCase):
    """What eight threads write at once is all there."""

    def test_one_run(self, store: TrackingStore, experiment: str) -> None:
        """Each thread's params, tags and points; the latest value is the greatest step's."""
        run_id = add_run(store, run(experiment))

        def work(thread: int) -> None:
            for turn in range(TURNS):
                name = f"{thread}.{turn}"
                step = turn * THREADS + thread
                record = RunRecord(
                    run_id,
                    params=[Param.of(name, step), Param.of("same", 1)],
                    metrics=[Metric("shared", float(step), 1, step), Metric(name, 1.0, 1)],
                    tags={name: "t", "last": name},
                )
                store.log(Batch([record]))

        at_once(work)
        data = store.get_run(run_id).data
        assert len(data.params) == THREADS * TURNS + 1
        assert len(data.metrics) == THREADS * TURNS + 1
        assert len(data.tags) == THREADS * TURNS + 2
        assert data.metrics["shared"] == THREADS * TURNS - 1
        assert len(store.get_metric_history(run_id, "shared")) == THREADS * TURNS
        changes = [change for change in store.changes() if change.kind == "run"]
        assert len(changes) == THREADS * TURNS + 1
        assert [change.seq for change in changes] == sorted({change.seq for change in changes})

    def test_runs_of_their_own(self, store: TrackingStore, experiment: str) -> None:
        """Whole runs in one batch each, read by their thread as soon as they are written."""

        def work(thread: int) -> list[str]:
            made = []
            for turn in range(TURNS):
                record = run(
                    experiment,
                    name=f"{thread}.{turn}",
                    params={"thread": thread, f"new {thread}.{turn}": turn},
                    metrics={"m": float(turn)},
                    change=end(),
                )
                made.append(add_run(store, record))
                found = store.get_run(record.run_id)
                assert found.data.params == {
                    "thread": str(thread),
                    f"new {thread}.{turn}": str(turn),
                }
                assert found.data.metrics == {"m": float(turn)}
                assert found.info.run_name == f"{thread}.{turn}"
            return made

        made = [run_id for ids in at_once(work) for run_id in ids]
        found = store.search_runs([experiment])
        assert sorted(one.info.run_id for one in found) == sorted(made)

    def test_one_of_many_wins(self, store: TrackingStore, experiment: str) -> None:
        """A name, a param and a run id are given once; the others are told, or fill it."""
        run_id = add_run(store, run(experiment))
        shared = "f" * 32

        def work(thread: int) -> tuple[bool, bool]:
            named = kept = True
            try:
                store.create_experiment("taken")
            except AlreadyExists:
                named = False
            try:
                store.log(Batch([RunRecord(run_id, params=[Param.of("p", thread)])]))
            except InvalidParameter:
                kept = False
            new = NewRun(experiment, f"{thread}", thread, "ada")
            store.log(Batch([RunRecord(shared, new, tags={str(thread): "x"})]))
            return named, kept

        named, kept = zip(*at_once(work), strict=True)
        assert sum(named) == 1
        assert sum(kept) == 1
        assert store.get_run(run_id).data.params == {"p": str(kept.index(True))}
        assert len(store.get_run(shared).data.tags) == THREADS + 1
        assert len(store.search_runs([experiment])) == 2

    def test_one_batch_from_many(self, store: TrackingStore, experiment: str) -> None:
        """It has one effect."""
        record = run(experiment, tags={"t": "1"})
        at_once(lambda thread: store.log(Batch([record], writer="w", seq=1)))
        assert [change.kind for change in store.changes()] == ["experiment", "run"]

    def test_closing_while_it_is_used(self, store: TrackingStore, experiment: str) -> None:
        """The store opens connections again; what was acknowledged is kept."""

        def work(thread: int) -> list[str]:
            ids = []
            for _ in range(TURNS):
                if thread == 0:
                    store.close()
                else:
                    ids.append(add_run(store, run(experiment)))
                    store.get_run(ids[-1])
            return ids

        made = [run_id for ids in at_once(work) for run_id in ids]
        for run_id in made:
            assert store.get_run(run_id).info.run_id == run_id

    def test_a_refusal_does_not_reach_others(self, store: TrackingStore, experiment: str) -> None:
        """Threads whose batches are refused leave those of the others whole."""
        run_id = add_run(store, run(experiment, params={"p": "first"}))

        def work(thread: int) -> None:
            for turn in range(TURNS):
                record = RunRecord(run_id, tags={f"{thread}.{turn}": "x"})
                if thread % 2:
                    record = RunRecord(run_id, None, [Param.of("p", turn)], (), record.tags)
                    with pytest.raises(InvalidParameter):
                        store.log(Batch([record]))
                else:
                    store.log(Batch([record]))

        at_once(work)
        tags = store.get_run(run_id).data.tags
        assert len(tags) == THREADS // 2 * TURNS + 1
