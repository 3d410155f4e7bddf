"""Libraries beside scikit-learn; the tests of one that is not installed are not collected.

`make test-libraries` makes an environment that has them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

import fitscribe.sklearn

LIBRARIES = ("catboost", "imblearn", "lightgbm", "skrub", "xgboost")
collect_ignore = [f"test_{name}.py" for name in LIBRARIES if find_spec(name) is None]


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the libraries count with one thread: on small data, several wait for each other."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with threadpool_limits(1):
        yield


@pytest.fixture
def autologging(home: Path) -> Iterator[None]:
    """Autologging is on, in an empty home."""
    fitscribe.sklearn.autolog(silent=True)
    yield
    fitscribe.sklearn.autolog(disable=True)
