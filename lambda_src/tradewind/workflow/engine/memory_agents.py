"""Agents that answer from functions: for tests, benchmarks and trying a workflow out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from tradewind.workflow.engine.calls import AgentCall, AgentReply

#: What an agent answers, or raises.
Answer = Callable[[AgentCall], str | AgentReply | Awaitable[str | AgentReply]]


class MemoryAgents:
    """Agents of this process's memory.

    Args:
        answers: What each agent answers, by its id; the others repeat what they are asked.
        seconds: How long each call takes.

    Attributes:
        calls: The calls made, in order.
        in_flight: How many are being answered.
        most_in_flight: How many ever were at once.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None, *, seconds: float = 0) -> None:
        self._answers = dict(answers or {})
        self._seconds = seconds
        self.calls: list[AgentCall] = []
        self.in_flight = 0
        self.most_in_flight = 0

    async def call(self, call: AgentCall) -> AgentReply:
        """Answer."""
        self.calls.append(call)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self._seconds:
                await asyncio.sleep(self._seconds)
            answer = self._answers.get(call.agent)
            said = call.input if answer is None else answer(call)
            if not isinstance(said, str | AgentReply):
                said = await said
        finally:
            self.in_flight -= 1
        return said if isinstance(said, AgentReply) else AgentReply(said)
