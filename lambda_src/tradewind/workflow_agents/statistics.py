"""What a run made, and what it could use again."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Statistics:
    """Counts of one run.

    Attributes:
        models_made: Models that were created for it.
        model_hits: Calls that found their model made.
        parts_made: Agents' parts, their tools and their model, that were put together.
        part_hits: Calls that found them put together.
        calls: Calls of agents, repeats included.
        tool_clients: Clients that were opened for tools: ``mcp``, one for each server, and
            ``http``, one for each API and one for all native tools.
        tool_calls: Calls of tools by what they are: ``python``, ``http_executors``, ``mcp``,
            ``skills``. One that was refused is one, too.
    """

    models_made: int = 0
    model_hits: int = 0
    parts_made: int = 0
    part_hits: int = 0
    calls: int = 0
    tool_clients: dict[str, int] = field(default_factory=dict)
    tool_calls: dict[str, int] = field(default_factory=dict)

    def opened(self, client: str) -> None:
        """Count a client of a tool."""
        self.tool_clients[client] = self.tool_clients.get(client, 0) + 1

    def called(self, kind: str) -> None:
        """Count a call of a tool."""
        self.tool_calls[kind] = self.tool_calls.get(kind, 0) + 1
