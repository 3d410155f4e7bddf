"""What searches are told and read by while they run: results that tell, a thread that writes."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

from fitscribe.tracking.publish import Publisher
from fitscribe.tracking.results import Listener, plain_results


def until(found: Callable[[], Any]) -> None:
    """Wait for something to be so."""
    for _ in range(6000):
        if found():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_a_publisher_writes_until_it_is_stopped() -> None:
    calls: list[str] = []
    publisher = Publisher(lambda: calls.append(threading.current_thread().name))
    publisher.start()
    until(lambda: len(calls) > 1)
    publisher.stop()
    assert set(calls) == {"fitscribe-progress"}
    assert "fitscribe-progress" not in {thread.name for thread in threading.enumerate()}


def _forked() -> bool:
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def test_a_fork_has_no_publisher_and_its_parent_goes_on() -> None:
    calls: list[int] = []
    publisher = Publisher(lambda: calls.append(os.getpid()))
    publisher.start()
    try:
        child = os.fork()  # Python 3.12 would warn of a thread, and a warning is an error here
        if child == 0:
            publisher.stop()
            os._exit(threading.active_count() - 1)
        _, status = os.waitpid(child, 0)
        assert status == 0
        before = len(calls)
        until(lambda: len(calls) > before)
        # Forks that follow one another do not keep it from writing.
        before = len(calls)
        until(lambda: _forked() and len(calls) > before)
    finally:
        publisher.stop()
    assert set(calls) == {os.getpid()}


def test_a_result_is_heard_once_whatever_the_backend_pickles() -> None:
    heard: list[Any] = []
    listener = Listener(lambda place, result: heard.append((place, result)))
    here = listener.told(len, 1)
    assert here([1, 2]) == 2
    away = pickle.loads(pickle.dumps(listener.told(len, 2)))
    assert pickle.loads(pickle.dumps(away([1]))) == 1
    # Some backend sends tasks away and hands their results back as they are.
    assert plain_results([away([]), 7]) == [0, 7]
    assert heard == [(1, 2), (2, 1), (2, 0)]
    listener.close()
    assert pickle.loads(pickle.dumps(away([1, 2, 3]))) == 3
    assert len(heard) == 3
