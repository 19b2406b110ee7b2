"""What a request through API Gateway's streaming integration asks."""

from collections.abc import Mapping
from typing import Any

from tradewind.api.asking import Asked, read_asked
from tradewind.api.caller import owner_of
from tradewind.api.errors import NotFound
from tradewind.api.http import read_event
from tradewind.contracts.environment import AgentEnvironment


def read_streamed(event: Mapping[str, Any], environment: AgentEnvironment) -> Asked:
    """Read a proxy event of ``POST /agents/{agent}/stream``, or of a runtime's own.

    Raises:
        NotFound: It is of another route, or for another agent.
        TradewindError: Nobody authenticated it; its body or its key is not what the API takes.
    """
    agent = environment.agent
    request = read_event(event, owner_of(event))
    kind = "agents" if environment.runtime is None else "runtimes"
    if request.method != "POST" or request.path != f"/{kind}/{agent}/stream":
        raise NotFound(f"This function streams POST /{kind}/{agent}/stream only.")
    return read_asked(
        request, agent, model_id=environment.model_id, max_tokens=environment.max_tokens
    )
