"""A tap on the wire: passes TCP bytes on, and notes how the server ends a connection.

Python's TLS reports a reset as a plain end of file, so what really happened shows only below it.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Tap:
    """Listens on ``port`` and passes each connection on to ``server_port``.

    Attributes:
        ends: "FIN" or "RST" per connection, in the order in which the server ended them.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.ends: list[str] = []
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in self._sockets:
            _hang_up(each)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _run(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._sockets += [client, server]
                self._run(self._upwards, client, server)
                self._run(self._downwards, client, server)

    def _upwards(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        _hang_up(server)

    def _downwards(self, client: socket.socket, server: socket.socket) -> None:
        end = "FIN"
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except ConnectionResetError:
            end = "RST"
        self.ends.append(end)
        _hang_up(client)


def _hang_up(either: socket.socket) -> None:
    # Wakes whoever reads from it; closing alone would not.
    with contextlib.suppress(OSError):
        either.shutdown(socket.SHUT_RDWR)
