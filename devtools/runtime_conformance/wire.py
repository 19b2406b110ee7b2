"""What goes over the wire between a runtime and its Runtime API, kept as it was."""

import contextlib
import select
import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Exchange:
    """One connection: what the runtime sent, and what it got, byte for byte.

    Attributes:
        begun: Its place among the events of all connections, when its first byte was sent.
        answered: Its place when the first byte came back; 0 before that.
    """

    sent: bytearray = field(default_factory=bytearray)
    got: bytearray = field(default_factory=bytearray)
    begun: int = 0
    answered: int = 0

    @property
    def request_line(self) -> str:
        """Method and path."""
        return bytes(self.sent).partition(b" HTTP/")[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, by their names in lower case."""
        head = bytes(self.sent).partition(b"\r\n\r\n")[0].decode("latin-1")
        pairs = (line.partition(":") for line in head.split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def body(self) -> bytes:
        """What was sent after the headers, chunk frames and trailers included."""
        return bytes(self.sent).partition(b"\r\n\r\n")[2]


class Wire:
    """Forwards connections to the Runtime API, and keeps what goes over them.

    Keeps a connection apart from the next request on it: awslambdaric's are kept alive.

    Args:
        upstream: ``host:port`` of the Runtime API.

    Attributes:
        address: What the runtime is given instead.
        exchanges: In the order in which they began.
    """

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.exchanges: list[Exchange] = []
        self._changed = threading.Lock()
        self._events = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def named(self, *words: str) -> list[Exchange]:
        """The exchanges whose request line has all of these words."""
        with self._changed:
            exchanges = [*self.exchanges]
        return [one for one in exchanges if all(word in one.request_line for word in words)]

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._upstream) as far:
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            current: list[Exchange] = []
            back = threading.Thread(
                target=self._forward, args=(far, near, "got", current), daemon=True
            )
            back.start()
            self._forward(near, far, "sent", current)
            back.join()
            # To close what has not been read would reset the connection, or not: that depends on
            # the kernel's timing. The runtime has to notice without.
            waiting = select.poll()
            waiting.register(near, select.POLLRDHUP)
            waiting.poll()

    def _forward(
        self, source: socket.socket, target: socket.socket, way: str, current: list[Exchange]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._keep(data, way, current)
                target.sendall(data)
        # Whichever end closes or is cut, the other one sees it, and no write to it waits on.
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        if way == "got":
            with contextlib.suppress(OSError):
                source.shutdown(socket.SHUT_RDWR)

    def _keep(self, data: bytes, way: str, current: list[Exchange]) -> None:
        with self._changed:
            self._events += 1
            if way == "sent":
                if not current or current[-1].answered:
                    current.append(Exchange(begun=self._events))
                    self.exchanges.append(current[-1])
                current[-1].sent += data
            elif current:
                current[-1].answered = current[-1].answered or self._events
                current[-1].got += data
