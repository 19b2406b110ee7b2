"""The routes of the REST API, and which function answers each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tradewind.contracts.names import API, MCP


@dataclass(frozen=True)
class Route:
    """A method on a path.

    Attributes:
        method: Such as ``POST``.
        path: Such as ``/invocations/{id}``.
        function: The name of the function that answers.
        streams: Whether its answer goes out as it is made.
        has_body: Whether it asks something in a JSON object.
    """

    method: str
    path: str
    function: str = API
    streams: bool = False
    has_body: bool = False


def routes(agents: Iterable[str], runtimes: Iterable[str] = ()) -> Iterator[Route]:
    """Every route of an environment with these agents, and with these runtimes elsewhere.

    An agent has paths of its own: its stream comes from its own function, and a policy can name
    them. All of an agent's are spelled out, since a request that begins like one literal path is
    not promised to be looked for under ``{agent}`` as well; that is for the agents there are not.
    A runtime's paths are as an agent's.
    """
    yield from _asked("/agents", agents, "{agent}")
    yield from _asked("/runtimes", runtimes, "{runtime}")
    yield Route("GET", "/invocations/{id}")
    yield Route("DELETE", "/invocations/{id}")
    yield Route("POST", "/invocations/{id}/answer", has_body=True)
    yield Route("GET", "/sessions/{id}")
    yield Route("DELETE", "/sessions/{id}")
    yield Route("GET", "/models")
    yield Route("GET", "/budget")
    yield Route("GET", "/openapi.json")
    yield Route("POST", "/mcp", MCP, streams=True, has_body=True)


def _asked(path: str, names: Iterable[str], any_other: str) -> Iterator[Route]:
    yield Route("GET", path)
    for name in names:
        yield Route("POST", f"{path}/{name}/invocations", has_body=True)
        yield Route("POST", f"{path}/{name}/stream", name, streams=True, has_body=True)
    yield Route("POST", f"{path}/{any_other}/invocations", has_body=True)
    yield Route("POST", f"{path}/{any_other}/stream", has_body=True)
