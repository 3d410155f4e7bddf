"""Interpreters that have a real MLflow; without them nothing here is collected.

`make test-compat` makes them and says where they are.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Major version of MLflow to its interpreter.
INTERPRETERS = {
    "3": os.environ.get("FITSCRIBE_COMPAT_MLFLOW3"),
    "2": os.environ.get("FITSCRIBE_COMPAT_MLFLOW2"),
}
collect_ignore_glob = [] if all(INTERPRETERS.values()) else ["test_*.py"]

Beside = Callable[..., str]


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Beside:
    """Return what runs a script of this folder beside an MLflow, and gives what it printed."""
    unwanted = ("MLFLOW_", "FITSCRIBE_", "PYTHONPATH", "PYTHONWARNINGS")
    env = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    home = tmp_path_factory.mktemp("beside")
    env |= {"HOME": str(home), "OPENBLAS_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    env |= {"GIT_PYTHON_REFRESH": "quiet", "PYTHONDONTWRITEBYTECODE": "1"}

    def run(major: str, script: str, *arguments: object, cwd: Path | None = None) -> str:
        interpreter = INTERPRETERS[major]
        assert interpreter is not None
        done = subprocess.run(
            [interpreter, str(HERE / script), *map(str, arguments)],
            env=env,
            cwd=cwd or home,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, f"{script} beside MLflow {major}:\n{done.stderr[-4000:]}"
        return done.stdout

    return run


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return what notes how many models were saved, loaded and equal, for the end."""

    def note(what: str, *, saved: int, loaded: int, equal: int) -> None:
        line = f"{what}: {saved} saved, {loaded} loaded, {equal} equal"
        # It comes along from the worker.
        request.node.user_properties.append(("models", line))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    lines = {line for report in reports for key, line in report.user_properties if key == "models"}
    if lines:
        terminalreporter.section("models")
        for line in sorted(lines):
            terminalreporter.line(line)
