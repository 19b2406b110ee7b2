"""Connections of this process's servers whose packets are dropped (``devtools.packets``)."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from devtools import packets


def drop_arrivals(sock: socket.socket) -> None:
    """Let a socket receive nothing any more; skips the test where that is not allowed."""
    try:
        packets.drop_arrivals(sock)
    except OSError as error:
        pytest.skip(f"no socket filters here, so no packet can be dropped: {error}")


def _sockets_of(port: int, *, listening: bool) -> AbstractContextManager[list[socket.socket]]:
    """This process's sockets at a local port of its servers."""

    def is_meant(sock: socket.socket) -> bool:
        accepts = bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        return packets.port_of(sock.getsockname()) == port and accepts is listening

    return packets.own_sockets(is_meant)


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
            packets.receive_again(listener)
