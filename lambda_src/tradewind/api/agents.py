"""Which agents there are, from the manifests in the bundle."""

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from tradewind.api.door import Door
from tradewind.api.http import Answer, Request
from tradewind.api.routing import Route

_AGENTS: Final = Path(__file__).parents[2] / "agents"
#: What a request may have that the API says itself.
_NOT_ASKED: Final = ("agent", "request_id", "owner")


def list_agents(door: Door, _request: Request) -> Answer:
    """Tell the agents, in the order of their work."""
    return Answer(200, {"agents": [_described(name) for name in door.environment.own_agents]})


@cache
def _described(agent: str) -> dict[str, Any]:
    folder = _AGENTS / agent
    manifest = tomllib.loads((folder / "agent.toml").read_text(encoding="utf-8"))
    example = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    asked = {name: value for name, value in example.items() if name not in _NOT_ASKED}
    return {"name": agent, "description": manifest["description"], "example": asked}


ROUTES: Final = (
    Route(
        "GET",
        "/agents",
        "listAgents",
        "The agents, what they do, and a request of each as an example",
        list_agents,
        {200: "Agents"},
    ),
)
