"""Every estimator as a class of ``__main__``, in loky's workers, cold and used, and in threads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from test_invisible import PREPARATION

# One script does all of it, for the workers of a pool to be used again.
pytestmark = [pytest.mark.timeout(1800), pytest.mark.soak]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("everywhere")
    script = Path(__file__).with_name("everywhere.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(home)],
        capture_output=True,
        text=True,
        check=False,
        timeout=1700,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("way", ["main", "loky", "loky again", "threading"])
def test_every_estimator_is_as_without_autologging(report: Any, way: str) -> None:
    assert report[way] == {}


@pytest.mark.parametrize("way", ["main", "loky", "loky again", "threading"])
def test_every_outermost_fit_is_one_run(report: Any, way: str) -> None:
    own = "Own" if way == "main" else ""
    fitted = report[f"{way} names"]
    expected = Counter(own + name for name in fitted if name not in PREPARATION)
    assert Counter(report[f"{way} runs"]) == expected
    assert report[f"{way} stray"] == []
