"""Run an agent's entry file with the port of its protocol mapped to a free one.

``python -P launcher.py PORT DESCRIPTOR ENTRY``. On AWS every process has a machine of its own and
binds the same port, whatever it says of the address. Here many share one: a bind of that port takes
a free one on the loopback address instead, which is told through the descriptor. The entry file
runs as it would by itself, and knows nothing of it. Nothing of this project is imported.
"""

import os
import runpy
import socket
import sys


def main() -> None:
    """Map the port, then become the entry file."""
    port, descriptor, entry = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    os.set_inheritable(descriptor, False)
    _map(port, descriptor)
    sys.argv[:] = [entry]
    # As for a script. This file's own folder is not there: it is run with -P.
    sys.path.insert(0, os.path.dirname(os.path.abspath(entry)))
    runpy.run_path(entry, run_name="__main__")


def _map(port: int, descriptor: int) -> None:
    bind = socket.socket.bind
    loopback = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}

    def bind_mapped(self: socket.socket, address: tuple[str, int]) -> None:
        if self.family not in loopback or address[1] != port:
            bind(self, address)
            return
        bind(self, (loopback[self.family], 0))
        host, taken = self.getsockname()[:2]
        os.write(descriptor, f"{host} {taken}\n".encode())

    socket.socket.bind = bind_mapped  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    main()
