"""Stands between a client and PostgreSQL: counts round trips, loses answers, goes away."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

__all__ = ["Proxy"]

# Messages after which a client waits: Sync and Query (PostgreSQL's "Message Formats").
ENDS_A_TRIP = b"SQ"


class Proxy:
    """Passes bytes on between a port of this machine and the server's Unix socket.

    Parameters
    ----------
    uri : str
        The address of a database, with the socket's folder as its host.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        (folder,) = parse_qs(parts.query)["host"]
        self._server = f"{folder}/.s.PGSQL.5432"
        self._database = parts.path.lstrip("/")
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._port = 0
        self.trips = 0
        self.loses_answers = False
        self.start()

    @property
    def uri(self) -> str:
        """The same database through the proxy, with a password that nobody may see."""
        return (
            f"postgresql://postgres:top%2Fsecret@127.0.0.1:{self._port}/{self._database}"
            "?sslmode=disable&gssencmode=disable"
        )

    def start(self) -> None:
        """Listen (again), always on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """Cut all connections and refuse new ones."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10.0)

    def cut(self) -> None:
        """Cut all connections."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            with self._lock:
                self._sockets += [client, server]
            self._spawn(self._pass_on, client, server, self._count(Counter()))
            self._spawn(self._pass_on, server, client, lambda _: not self.loses_answers)

    def _count(self, counter: Counter) -> Callable[[bytes], bool]:
        def look(data: bytes) -> bool:
            trips = counter.feed(data)
            with self._lock:
                self.trips += trips
            return True

        return look

    def _pass_on(
        self, source: socket.socket, target: socket.socket, look: Callable[[bytes], bool]
    ) -> None:
        with contextlib.suppress(OSError):
            while (data := source.recv(65536)) and look(data):
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        source.close()


class Counter:
    """Reads what a client sends and counts where it waits for an answer."""

    def __init__(self) -> None:
        self._rest = b""
        self._started = False

    def feed(self, data: bytes) -> int:
        """Take the next bytes and return how many round trips they end."""
        self._rest += data
        trips = 0
        while True:
            kind = 1 if self._started else 0  # the first message has no letter
            if len(self._rest) < kind + 4:
                return trips
            size = kind + int.from_bytes(self._rest[kind : kind + 4], "big")
            if len(self._rest) < size:
                return trips
            trips += self._started and self._rest[0] in ENDS_A_TRIP
            self._rest = self._rest[size:]
            self._started = True
