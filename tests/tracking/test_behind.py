"""Writes that nobody waits for: none is lost, none comes twice, their thread ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fitscribe
from fitscribe.tracking import behind


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    behind.flush()
    yield
    behind.flush()
    assert not behind._Queue.held


def test_items_are_stored_in_their_order_and_together() -> None:
    calls: list[list[Any]] = []

    def write(items: list[Any]) -> list[Any]:
        calls.append(items)
        return []

    for number in range(100):
        behind.write_behind(write, number)
    fitscribe.flush()
    assert [number for items in calls for number in items] == list(range(100))
    assert len(calls) < 100


def test_they_are_stored_without_anybody_waiting() -> None:
    stored = threading.Event()

    def write(items: list[Any]) -> list[Any]:
        stored.set()
        return []

    behind.write_behind(write, 1)
    assert stored.wait(5)


def test_the_thread_ends_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "LINGER_S", 0.01)
    for _ in range(2):
        behind.write_behind(lambda items: [], 1)
        thread = behind._Queue.thread
        assert thread is not None
        thread.join(5)
        assert not thread.is_alive()
        assert behind._Queue.thread is None


def test_what_a_store_cannot_take_is_tried_again_before_what_comes_later() -> None:
    stored: list[Any] = []
    refusals = [True]

    def write(items: list[Any]) -> list[Any]:
        if refusals:
            refusals.pop()
            return items
        stored.extend(items)
        return []

    behind.write_behind(write, "first")
    fitscribe.flush()
    assert not stored
    behind.write_behind(write, "second")
    fitscribe.flush()
    assert stored == ["first", "second"]


def test_a_reader_waits_for_a_write_that_has_begun() -> None:
    stored: list[Any] = []
    begun = threading.Event()

    def write(items: list[Any]) -> list[Any]:
        begun.set()
        time.sleep(0.1)
        stored.extend(items)
        return []

    behind.write_behind(write, 1)
    assert begun.wait(5)
    assert behind.is_pending()
    fitscribe.flush()
    assert stored == [1]


def test_one_thread_stores_what_comes_late_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[Any] = []

    def write(items: list[Any]) -> list[Any]:
        stored.extend((item, threading.current_thread()) for item in items)
        return []

    def wait(until: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not until() and time.monotonic() < end:
            time.sleep(0.005)
        assert until()

    behind.write_behind(write, 1)
    wait(lambda: len(stored) == 1 and behind._Queue.is_idle)
    assert not behind.is_pending()
    behind.write_behind(write, 2)
    wait(lambda: len(stored) == 2 and behind._Queue.is_idle)
    assert stored[0][1] is stored[1][1]
    monkeypatch.setattr(behind, "LINGER_S", 0.01)
    behind.write_behind(write, 3)
    wait(lambda: behind._Queue.thread is None)
    stored[0][1].join(5)
    behind.write_behind(write, 4)
    fitscribe.flush()
    assert [item for item, _ in stored] == [1, 2, 3, 4]


def test_many_threads_lose_nothing() -> None:
    stored: list[Any] = []

    def write(items: list[Any]) -> list[Any]:
        stored.extend(items)
        return []

    def work(start: int) -> None:
        for number in range(start, start + 200):
            behind.write_behind(write, number)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 1600, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fitscribe.flush()
    assert sorted(stored) == list(range(1600))


if hasattr(os, "fork"):

    def test_a_fork_has_one_thread_and_writes_its_own_only() -> None:
        stored: list[Any] = []

        def write(items: list[Any]) -> list[Any]:
            stored.extend(items)
            return []

        behind.write_behind(write, "the parent's")
        pid = os.fork()
        if pid == 0:
            behind.write_behind(write, "the child's")
            behind.flush()
            os._exit(0 if stored == ["the parent's", "the child's"] else 1)
        _, status = os.waitpid(pid, 0)
        behind.flush()
        assert os.waitstatus_to_exitcode(status) == 0
        assert stored == ["the parent's"]
