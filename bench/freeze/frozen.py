"""The process that is frozen: it makes calls as its standard input says, and tells what they took.

Its arguments are a service and whose client it uses. Each line that it reads is a command, and each
that it writes an answer; both are JSON.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.freeze.clock import MovedClock
from devtools.packets import drop_arrivals, own_sockets, port_of

#: Longer than any client waits by itself.
_PATIENCE_S = 900.0


def _burst(call: Callable[[], object], times: int) -> dict[str, Any]:
    """Make so many calls at once; returns the failures, and the slowest's seconds."""
    together = threading.Barrier(times)

    def timed() -> tuple[float, str | None]:
        together.wait()
        started = time.perf_counter()
        failure = None
        try:
            call()
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
        return time.perf_counter() - started, failure

    with ThreadPoolExecutor(times) as threads:
        ended = [one.result(_PATIENCE_S) for one in [threads.submit(timed) for _ in range(times)]]
    return {
        "failures": [failure for _, failure in ended if failure is not None],
        "slowest_s": max(took_s for took_s, _ in ended),
    }


def _lose_answers(port: int) -> dict[str, Any]:
    """Let nothing arrive any more on the connections to a port."""

    def is_meant(sock: socket.socket) -> bool:
        return port_of(sock.getpeername()) == port

    with own_sockets(is_meant) as lost:
        for sock in lost:
            drop_arrivals(sock)
        return {"lost": len(lost)}


def main() -> None:
    """Obey until the commands end."""
    clock = MovedClock()
    clock.install()
    # What reads clocks is imported behind that.
    from bench.freeze.callers import DeadConnections, ours, unassisted  # noqa: PLC0415

    service, whose, at_once = sys.argv[1], sys.argv[2], int(sys.argv[3])
    dead = DeadConnections()
    call = ours(service, at_once, dead) if whose == "ours" else unassisted(service)
    for line in sys.stdin:
        command: dict[str, int] = json.loads(line)
        answer: dict[str, Any] = {}
        if "lose_answers" in command:
            answer = _lose_answers(command["lose_answers"])
        if "forward_s" in command:
            clock.forward(command["forward_s"])
        if "burst" in command:
            answer = _burst(call, command["burst"]) | {"dead": dead.met}
        # What the product logs goes there, too: an answer is what begins like this.
        print("answer " + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
