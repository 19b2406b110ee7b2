"""Packets that are really dropped: on the way to one end of a connection, without a word.

A socket filter that accepts nothing makes the kernel discard what arrives, before TCP sees it: no
acknowledgement, no reset, no end. It is what a peer looks like that vanished during a freeze.
"""

import contextlib
import ctypes
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
#: One instruction of classic BPF: return 0, the number of bytes to keep.
_DROP = struct.pack("HBBI", 0x06, 0, 0, 0)


def drop_arrivals(sock: socket.socket) -> None:
    """Let a socket receive nothing any more; skips the test where that is not allowed."""
    program = ctypes.create_string_buffer(_DROP)
    try:
        sock.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program))
        )
    except OSError as error:
        pytest.skip(f"no socket filters here, so no packet can be dropped: {error}")


def _is_of(sock: socket.socket, port: int) -> bool:
    local = sock.getsockname()
    return sock.type == socket.SOCK_STREAM and isinstance(local, tuple) and local[1] == port


def _option(sock: socket.socket, name: int) -> int:
    return sock.getsockopt(socket.SOL_SOCKET, name)


@contextmanager
def _sockets_of(port: int, *, listening: bool) -> Iterator[list[socket.socket]]:
    """This process's sockets at a local port of its servers."""
    found = []
    seen: set[int] = set()  # by now the listing's own descriptor may be one of those made below
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed by now
            status = os.stat(f"/proc/self/fd/{name}")
            if not stat.S_ISSOCK(status.st_mode) or status.st_ino in seen:
                continue
            seen.add(status.st_ino)
            sock = socket.socket(fileno=os.dup(int(name)))
            if _is_of(sock, port) and bool(_option(sock, socket.SO_ACCEPTCONN)) is listening:
                found.append(sock)
            else:
                sock.close()
    try:
        yield found
    finally:
        for sock in found:
            sock.close()


def swallow_requests(port: int, *, spared: int | None = None) -> int:
    """Let the connections that a server of this process has accepted hear nothing any more.

    Args:
        port: The server's.
        spared: A client's port whose connection is left alone.

    Returns:
        How many there are.
    """
    with _sockets_of(port, listening=False) as accepted:
        lost = [sock for sock in accepted if sock.getpeername()[1] != spared]
        for sock in lost:
            drop_arrivals(sock)
        return len(lost)


@contextmanager
def unanswered_syn(port: int) -> Iterator[None]:
    """Let a server of this process see no new connection for a while."""
    with _sockets_of(port, listening=True) as [listener]:
        drop_arrivals(listener)
        try:
            yield
        finally:
            listener.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
