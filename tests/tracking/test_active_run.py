"""The right run: nesting, threads, tasks, forks, pool workers."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import pytest

import fitscribe
from fitscribe.errors import InvalidParameter, InvalidState, NotFound

pytestmark = pytest.mark.usefixtures("home")


def metrics_of(run_id: str) -> dict[str, float]:
    return dict(fitscribe.get_run(run_id).data.metrics)


def all_runs() -> list[Any]:
    return fitscribe.search_runs(output_format="list")


def test_a_block_opens_and_ends_a_run() -> None:
    assert fitscribe.active_run() is None
    with fitscribe.start_run(run_name="first", tags={"who": "me"}, description="why") as run:
        current = fitscribe.active_run()
        assert current is not None
        assert current.info.run_id == run.info.run_id
        fitscribe.log_param("C", 0.1)
        fitscribe.log_metric("loss", 1.5, step=3)
        assert fitscribe.get_run(run.info.run_id).info.status == "RUNNING"
    found = fitscribe.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    assert found.info.end_time is not None
    assert found.info.end_time >= found.info.start_time
    assert found.info.run_name == "first"
    assert found.data.tags["who"] == "me"
    assert found.data.tags["mlflow.note.content"] == "why"
    assert found.data.params == {"C": "0.1"}
    assert found.data.metrics == {"loss": 1.5}
    assert fitscribe.active_run() is None
    last = fitscribe.last_active_run()
    assert last is not None
    assert last.info.run_id == run.info.run_id


def test_a_second_run_needs_nested_or_an_end() -> None:
    with fitscribe.start_run() as outer:
        with pytest.raises(InvalidState, match=r"nested=True"):
            fitscribe.start_run()
        with fitscribe.start_run(nested=True) as inner:
            pass
    assert inner.data.tags["mlflow.parentRunId"] == outer.info.run_id
    parent = fitscribe.get_parent_run(inner.info.run_id)
    assert parent is not None
    assert parent.info.run_id == outer.info.run_id
    assert fitscribe.get_parent_run(outer.info.run_id) is None


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("no"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_an_exception_ends_the_block_truthfully(error: BaseException, status: str) -> None:
    with pytest.raises(type(error)):
        with fitscribe.start_run() as run:
            raise error
    found = fitscribe.get_run(run.info.run_id)
    assert found.info.status == status
    assert type(error).__name__ in found.data.tags["fitscribe.error.type"]
    assert "Traceback" in found.data.tags["fitscribe.error.traceback"]


def test_an_inner_run_left_open_ends_with_the_block() -> None:
    with fitscribe.start_run():
        inner = fitscribe.start_run(nested=True)
    assert fitscribe.active_run() is None
    assert fitscribe.get_run(inner.info.run_id).info.status == "FINISHED"


def test_a_run_is_continued_by_its_id() -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_metric("a", 1)
    with fitscribe.start_run(run_id=run.info.run_id) as again:
        assert again.info.status == "RUNNING"
        assert again.info.end_time is None
        fitscribe.log_metric("b", 2)
    found = fitscribe.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.metrics == {"a": 1.0, "b": 2.0}


def test_the_environment_names_a_run_to_continue(monkeypatch: pytest.MonkeyPatch) -> None:
    with fitscribe.start_run() as run:
        pass
    monkeypatch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    with fitscribe.start_run() as again:
        assert again.info.run_id == run.info.run_id
    with fitscribe.start_run() as other:
        assert other.info.run_id != run.info.run_id


def test_bad_statuses_and_ids_are_refused() -> None:
    fitscribe.start_run()
    with pytest.raises(InvalidParameter, match="DONE"):
        fitscribe.end_run("DONE")
    fitscribe.end_run("FAILED")
    with pytest.raises(NotFound):
        fitscribe.start_run(run_id="f" * 32)
    assert fitscribe.active_run() is None
    assert [run.info.status for run in all_runs()] == ["FAILED"]


def test_a_deleted_run_cannot_be_continued() -> None:
    with fitscribe.start_run() as run:
        pass
    fitscribe.delete_run(run.info.run_id)
    with pytest.raises(InvalidState, match="restore_run"):
        fitscribe.start_run(run_id=run.info.run_id)


def test_threads_started_inside_a_run_log_to_it() -> None:
    with fitscribe.start_run() as run:
        threads = [
            threading.Thread(target=fitscribe.log_metric, args=(f"m{i}", i)) for i in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda i: fitscribe.log_metric(f"p{i}", i), range(8)))
    assert len(metrics_of(run.info.run_id)) == 16
    assert len(all_runs()) == 1


def test_a_pool_made_before_the_run_logs_to_the_run_of_each_call() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        ids = []
        for _ in range(2):
            with fitscribe.start_run() as run:
                pool.submit(fitscribe.log_metric, "m", 1).result()
                ids.append(run.info.run_id)
        assert pool.submit(fitscribe.active_run).result() is None
    assert [metrics_of(run_id) for run_id in ids] == [{"m": 1.0}, {"m": 1.0}]


def test_a_thread_has_runs_of_its_own() -> None:
    def work() -> None:
        with fitscribe.start_run():
            fitscribe.log_metric("mine", 1)

    with fitscribe.start_run() as outer:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        fitscribe.log_metric("outer", 1)
    assert metrics_of(outer.info.run_id) == {"outer": 1.0}
    assert len(all_runs()) == 2


def test_a_thread_cannot_end_the_run_that_it_inherited() -> None:
    with fitscribe.start_run() as run:
        thread = threading.Thread(target=fitscribe.end_run)
        thread.start()
        thread.join()
        assert fitscribe.get_run(run.info.run_id).info.status == "RUNNING"


def test_a_thread_looks_as_it_always_does() -> None:
    seen = []

    class Mine(threading.Thread):
        def run(self) -> None:
            seen.append("run" in self.__dict__)

    with fitscribe.start_run():
        thread = Mine()
        thread.start()
        thread.join()
    assert seen == [False]


def test_tasks_of_asyncio_keep_their_runs_apart() -> None:
    async def work(number: int) -> str:
        with fitscribe.start_run() as run:
            await asyncio.sleep(0.001)
            fitscribe.log_metric("n", number)
            await asyncio.sleep(0.001)
        return run.info.run_id

    async def main() -> list[str]:
        return await asyncio.gather(*(work(i) for i in range(10)))

    ids = asyncio.run(main())
    assert [metrics_of(run_id)["n"] for run_id in ids] == list(range(10))
    assert {run.info.status for run in all_runs()} == {"FINISHED"}


def test_a_fork_logs_to_the_run_and_does_not_end_it() -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_metric("parent", 1)
        child = os.fork()
        if child == 0:
            try:
                fitscribe.log_metric("child", 1)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert status == 0
        assert fitscribe.get_run(run.info.run_id).info.status == "RUNNING"
        fitscribe.log_metric("after", 1)
    assert set(metrics_of(run.info.run_id)) == {"parent", "child", "after"}


def log_number(number: int) -> None:
    fitscribe.log_metric(f"n{number}", number)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_joblib_workers_log_to_the_run(backend: str) -> None:
    for _ in range(2):  # the second time, loky's workers are warm and know an old environment
        with fitscribe.start_run() as run:
            joblib.Parallel(n_jobs=2, backend=backend)(
                joblib.delayed(log_number)(number) for number in range(6)
            )
        assert len(metrics_of(run.info.run_id)) == 6
    assert len(all_runs()) == 2


def test_logging_without_a_run_starts_one() -> None:
    fitscribe.log_metric("a", 1)
    fitscribe.log_param("b", 2)
    run = fitscribe.active_run()
    assert run is not None
    assert (run.data.metrics, run.data.params) == ({"a": 1.0}, {"b": "2"})
    fitscribe.end_run()


def test_a_moved_home_still_opens(home: Path, tmp_path: Path) -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_text("kept", "note.txt")
        fitscribe.log_metric("m", 1)
    from fitscribe.tracking.connect import disconnect

    disconnect()
    moved = tmp_path / "elsewhere"
    Path(home).rename(moved)
    fitscribe.set_tracking_uri(moved)
    found = fitscribe.get_run(run.info.run_id)
    assert found.data.metrics == {"m": 1.0}
    assert found.info.artifact_uri.startswith(moved.as_uri())
    assert fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/note.txt") == "kept"
