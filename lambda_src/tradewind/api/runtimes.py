"""The runtimes elsewhere that are asked as agents are, and who is meant by a name.

A runtime is asked under ``/runtimes``, an agent of this project under ``/agents``: which of the two
does a request's work is never a surprise to who sends it.
"""

from dataclasses import replace
from typing import Any, Final

from tradewind.api.door import Door
from tradewind.api.errors import IdempotencyKeyReused, NotFound, UnsupportedMediaType
from tradewind.api.http import Answer, Request
from tradewind.api.invocations import ask
from tradewind.api.preferences import IDEMPOTENCY_KEY, PREFER
from tradewind.api.routing import Route
from tradewind.contracts.errors import every_error
from tradewind.contracts.names import AGENT_NAME_PATTERN

#: What may be asked of any; what a runtime's parameters are, it alone knows.
_EXAMPLE: Final = {"query": "What can you do for me?"}


def list_runtimes(door: Door, _request: Request) -> Answer:
    """Tell the runtimes."""
    return Answer(200, {"runtimes": described(door)})


def described(door: Door) -> list[dict[str, Any]]:
    """Each runtime as it is told of; see ``models.Agent``."""
    return [
        {"name": name, "description": description, "example": _EXAMPLE}
        for name, description in door.environment.runtimes.items()
    ]


def ask_agent(door: Door, request: Request) -> Answer:
    """Have an agent of this project answer; see ``invocations.ask``.

    Raises:
        NotFound: There is none of this name.
        TradewindError: See ``invocations.ask``.
    """
    return ask(door, _known(door, request, "agent"))


def ask_runtime(door: Door, request: Request) -> Answer:
    """Have a runtime answer; see ``invocations.ask``.

    Raises:
        NotFound: There is none of this name.
        TradewindError: See ``invocations.ask``.
    """
    known = _known(door, request, "runtime")
    return ask(door, replace(known, parameters={"agent": known.parameters["runtime"]}))


def misled(door: Door, request: Request) -> Answer:
    """Refuse a stream that comes here: each is led to a function of its own.

    Raises:
        NotFound: Always.
    """
    [kind] = request.parameters
    _known(door, request, kind)
    raise NotFound(f"The {kind} cannot be streamed from here.")


def _known(door: Door, request: Request, kind: str) -> Request:
    """The request, if there is whom it asks.

    Raises:
        NotFound: There is not; of one that is asked elsewhere, the message says where.
    """
    name, environment = request.parameters[kind], door.environment
    is_runtime = name in environment.runtimes
    if name not in environment.agents:
        raise NotFound(f"There is no such {kind}.")
    if is_runtime and kind == "agent":
        raise NotFound(f"{name} is a runtime, and asked at /runtimes/{name}/invocations.")
    if not is_runtime and kind == "runtime":
        raise NotFound(f"{name} is an agent, and asked at /agents/{name}/invocations.")
    return request


def _asking(kind: str, name: str, serve: Any) -> Route:
    return Route(
        "POST",
        f"/{kind}s/{{{kind}}}/invocations",
        name,
        f"Ask {'an' if kind == 'agent' else 'a'} {kind}, and wait for its answer or look for it "
        "later",
        serve,
        {200: "Invocation", 202: "Invocation"},
        body="Question",
        parameters={kind: AGENT_NAME_PATTERN},
        headers=(PREFER, IDEMPOTENCY_KEY),
        problems=(
            *every_error(),
            IdempotencyKeyReused,
            UnsupportedMediaType,
        ),
    )


def _stream(kind: str, name: str) -> Route:
    return Route(
        "POST",
        f"/{kind}s/{{{kind}}}/stream",
        name,
        "What streams are not led to",
        misled,
        {},
        parameters={kind: AGENT_NAME_PATTERN},
        described=False,
    )


ROUTES: Final = (
    _asking("agent", "askAgent", ask_agent),
    _asking("runtime", "askRuntime", ask_runtime),
    _stream("agent", "streamAgent"),
    _stream("runtime", "streamRuntime"),
    Route(
        "GET",
        "/runtimes",
        "listRuntimes",
        "The runtimes elsewhere that are asked as agents are, and what they do",
        list_runtimes,
        {200: "Runtimes"},
    ),
)
