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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_SO_ATTACH_FILTER: Final = 26
_SO_DETACH_FILTER: Final = 27
#: One instruction of classic BPF: return 0, the number of bytes to keep.
_DROP: Final = struct.pack("HBBI", 0x06, 0, 0, 0)


def drop_arrivals(sock: socket.socket) -> None:
    """Let a socket receive nothing any more.

    Raises:
        OSError: That is not allowed here.
    """
    program = ctypes.create_string_buffer(_DROP)
    sock.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program))
    )


def receive_again(sock: socket.socket) -> None:
    """Let it receive again what is sent from now on."""
    sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)


@contextmanager
def own_sockets(is_meant: Callable[[socket.socket], bool]) -> Iterator[list[socket.socket]]:
    """This process's TCP sockets that are meant, whoever holds them."""
    found = []
    seen: set[int] = set()  # by now the listing's own descriptor may be one of those made below
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed by now
            status = os.stat(f"/proc/self/fd/{name}")
            if not stat.S_ISSOCK(status.st_mode) or status.st_ino in seen:
                continue
            seen.add(status.st_ino)
            sock = socket.socket(fileno=os.dup(int(name)))
            if sock.type == socket.SOCK_STREAM and is_meant(sock):
                found.append(sock)
            else:
                sock.close()
    try:
        yield found
    finally:
        for sock in found:
            sock.close()


def port_of(address: object) -> int | None:
    """The port of a socket's address; None of one that has none."""
    return address[1] if isinstance(address, tuple) else None
