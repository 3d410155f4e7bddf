"""A plugin of pytest: what is tested runs under autologging, recorded where a variable says."""

from __future__ import annotations

import os

import pytest

import fitscribe
import fitscribe.sklearn


def pytest_configure(config: pytest.Config) -> None:
    """Turn it on, before any test is imported."""
    del config
    fitscribe.set_tracking_uri(os.environ["AUTOLOGGED_HOME"])
    fitscribe.sklearn.autolog(silent=True)
