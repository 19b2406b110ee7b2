"""Readers of a runtime's bytes that know where an answer ends, and nothing else about it."""

import base64
import os
import socket
import struct
import time
from typing import Final
from urllib.parse import urlsplit

from bench.agentcore.server import value_of

PAYLOAD: Final = b'{"query": "How long does it take?"}'
_REQUEST: Final = (
    b"POST /runtimes/raw/invocations HTTP/1.1\r\nHost: raw\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(PAYLOAD), PAYLOAD)
)
_HTTP_END: Final = b"\r\n0\r\n\r\n"
#: Of a frame that says farewell with the ordinary code.
_SOCKET_END: Final = b"\x88\x02\x03\xe8"
_MOST: Final = 1 << 16


class RawReader:
    """Reads answers off sockets: over HTTP from one that is kept, on a WebSocket from a new one.

    Args:
        transport: "sdk" or "socket": as which one is spoken to.
        url: The runtime's.
        shape: Of its answers.
    """

    def __init__(self, transport: str, url: str, shape: str) -> None:
        self._transport = transport
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 0)
        self._event = value_of(shape).encode()
        self._kept: socket.socket | None = None

    def read(self) -> tuple[float, float]:
        """Return the seconds to the first event, and to the end."""
        started = time.perf_counter()
        sock = self._asked()
        first_s, tail = 0.0, b""
        end = _HTTP_END if self._transport == "sdk" else _SOCKET_END
        while not tail.endswith(end):
            data = sock.recv(_MOST)
            if not first_s:
                tail += data
                if self._event in tail:
                    first_s = time.perf_counter() - started
            else:
                tail = tail[-len(end) :] + data
        whole_s = time.perf_counter() - started
        if self._transport != "sdk":
            sock.close()
        return first_s, whole_s

    def close(self) -> None:
        """Close what is kept."""
        if self._kept is not None:
            self._kept.close()

    def _asked(self) -> socket.socket:
        if self._transport == "sdk":
            if self._kept is None:
                self._kept = self._connected()
            self._kept.sendall(_REQUEST)
            return self._kept
        sock = self._connected()
        key = base64.b64encode(os.urandom(16))
        sock.sendall(
            b"GET /runtimes/raw/ws HTTP/1.1\r\nHost: raw\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
            % key
        )
        while not sock.recv(_MOST).endswith(b"\r\n\r\n"):
            pass
        # Masked with zeros, which leaves the message as it is.
        sock.sendall(struct.pack("!BBI", 0x81, 0x80 | len(PAYLOAD), 0) + PAYLOAD)
        return sock

    def _connected(self) -> socket.socket:
        sock = socket.create_connection(self._address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
