"""What a demo came to: the one source of the front page, ``demo.json`` and what is printed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from cli.demo.facts import key_facts, plain

#: A demo whose requests give no title.
_UNTITLED = "Tradewind demo"


@dataclass(frozen=True)
class File:
    """A file that an agent left.

    Attributes:
        name: Its own name.
        path: From the demo's folder, with slashes.
        content_type: As the agent stored it.
        size_bytes: How large it is.
    """

    name: str
    path: str
    content_type: str
    size_bytes: int

    @property
    def kind(self) -> Literal["picture", "document", "data"]:
        """To look at on the page, to open, or to work with."""
        media_type = self.content_type.partition(";")[0].strip().lower()
        if media_type.startswith("image/"):
            return "picture"
        return "document" if media_type in {"text/html", "application/pdf"} else "data"


@dataclass(frozen=True)
class AgentResult:
    """An agent's share. Times in ms, as the caller waited; tokens and cost of both requests.

    Attributes:
        name: The agent.
        description: Its manifest's.
        request: What it was asked.
        response: What it answered the second time. Data: it may hold anything.
        facts: The figures of that answer.
        files: The artifacts of that answer.
        cold_ms: The first request to its process.
        init_ms: Of that: from process start to readiness.
        warm_ms: The same request again.
        tcp_connections: What the model endpoint saw of its role over both.
        tokens: Sent, received and cached.
        cost_usd: At the settings' prices.
        refused: The error code it answered when Bedrock refused a call.
    """

    name: str
    description: str
    request: dict[str, Any]
    response: str
    facts: dict[str, Any]
    files: tuple[File, ...]
    cold_ms: float
    init_ms: float
    warm_ms: float
    tcp_connections: int
    tokens: int
    cost_usd: float
    refused: str

    def of_kind(self, kind: str) -> list[File]:
        """Its files of a kind."""
        return [file for file in self.files if file.kind == kind]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard's files, as paths from the demo's folder.

    Attributes:
        name: The dashboard.
        subject: What it is about: an agent, or another part of its name.
        page: Holds its data.
        pictures: By theme; none without a browser.
        widgets: How many are in which state; none without a browser.
    """

    name: str
    subject: str
    page: str
    pictures: dict[str, str] = field(default_factory=dict)
    widgets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoResult:
    """The whole demo.

    Attributes:
        made_at: When.
        real_model: Whether the real Bedrock answered, not the scripted stand-in.
        model: The inference profile that the agents called.
        prices_as_of: How old the prices are.
        agents: In the order of their work.
        dashboards: All that are deployed.
    """

    made_at: datetime
    real_model: bool
    model: str
    prices_as_of: str
    agents: tuple[AgentResult, ...]
    dashboards: tuple[Dashboard, ...]

    @property
    def title(self) -> str:
        """The title that the last request with one gave."""
        for agent in reversed(self.agents):
            title = (agent.request.get("parameters") or {}).get("title")
            if isinstance(title, str) and title.strip():
                return plain(title.strip())
        return _UNTITLED

    @property
    def key_facts(self) -> dict[str, Any]:
        """What the whole chain came to."""
        return key_facts([agent.facts for agent in self.agents])

    def summary(self) -> dict[str, Any]:
        """What ``demo.json`` holds."""
        return {
            "title": self.title,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "model": "real" if self.real_model else "scripted stand-in",
            "inference_profile": self.model,
            "prices_as_of": self.prices_as_of,
            "key_facts": self.key_facts,
            "agents": {
                agent.name: {
                    "cold_ms": round(agent.cold_ms, 1),
                    "init_ms": round(agent.init_ms, 1),
                    "warm_ms": round(agent.warm_ms, 1),
                    "tcp_connections": agent.tcp_connections,
                    "tokens": agent.tokens,
                    "estimated_cost_usd": round(agent.cost_usd, 6),
                    "refused_call": agent.refused,
                    "facts": agent.facts,
                    "artifacts": [file.path for file in agent.files],
                }
                for agent in self.agents
            },
            "dashboards": {dashboard.name: dashboard.widgets for dashboard in self.dashboards},
        }
