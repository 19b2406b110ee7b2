"""What a run's tools have around them: how far they reach, and how long they wait."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tradewind.workflow.spec.addresses import (
    fault_of_address,
    fault_of_public_url,
    fault_of_server_address,
    fault_of_server_url,
)
from tradewind.workflow_agents.availability import is_in_function


async def _resolved(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Network:
    """What may be reached.

    Attributes:
        fault_of_url: Why an address must not be called; None if it may be.
        fault_of_host: The same of an address that a name resolved to.
        resolve: A host's addresses.
    """

    fault_of_url: Callable[[str], str | None] = fault_of_public_url
    fault_of_host: Callable[[str], str | None] = fault_of_address
    resolve: Callable[[str, int], Awaitable[list[str]]] = _resolved


#: That of what a model has a hand in.
PUBLIC: Final = Network()
#: That of servers which a file's author chose, on a machine of theirs.
INWARD: Final = Network(fault_of_server_url, fault_of_server_address)


def network_of_servers() -> Network:
    """What MCP servers may be reached on: a function's network is not its caller's."""
    return PUBLIC if is_in_function() else INWARD


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an MCP server is waited for, in seconds.

    Attributes:
        start: For it to start and tell of its tools.
        call: For an answer of a tool.
    """

    start: float = 30.0
    call: float = 120.0
