"""What the tests of autologging share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import fitscribe.sklearn


@pytest.fixture
def autologging(home: Path) -> Iterator[None]:
    """Autologging is on, in an empty home."""
    fitscribe.sklearn.autolog(silent=True)
    yield
    fitscribe.sklearn.autolog(disable=True)
