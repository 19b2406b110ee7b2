"""The functions that answer a run's calls: the workflow Lambda, and the agents' own."""

import json
from typing import Any

from tradewind.contracts.errors import FunctionDied
from tradewind.durable.documents import Start
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed, Retryable
from tradewind.workflow_agents.call_json import call_to_json, reply_from_json
from tradewind.workflow_agents.lambda_agents import failed, reply_of, request_of


class InlineAgents:
    """The workflow Lambda, for agents that a file declares: each call is an event of its own.

    Args:
        function: Its ARN, with the alias.
        start: The run's, which each call names.
    """

    def __init__(self, function: str, start: Start) -> None:
        self.function = function
        self._start = start

    def request(self, call: AgentCall) -> dict[str, Any]:
        """The event that a call is."""
        start = self._start
        return call_to_json(call, workflow=start.workflow, sha256=start.sha256, run_id=start.run_id)

    def reply(self, document: Any) -> AgentReply:
        """The reply in the function's answer.

        Raises:
            Retryable: Not this time.
            AgentFailed: Not at all.
            Unsupported: The file asks for what the function does not do.
        """
        return reply_from_json(document)

    def failure(self, kind: str, _message: str) -> AgentFailed:
        """What a failed invocation is: a function that could would have answered."""
        return Retryable(f"its function ended without an answer ({kind})")


class NamedAgent:
    """An agent's own function, for a file that asks it by name.

    Args:
        function: Its ARN, with the alias.
        start: The run's.
    """

    def __init__(self, function: str, start: Start) -> None:
        self.function = function
        self._start = start

    def request(self, call: AgentCall) -> dict[str, Any]:
        """The request that a call is: under the same id however often it is made.

        Raises:
            AgentFailed: It is more than an agent takes.
        """
        return request_of(call, self._start.run_id, project_id=self._start.project_id)

    def reply(self, document: Any) -> AgentReply:
        """The reply in the agent's answer.

        Raises:
            Retryable: Not this time.
            AgentFailed: Not at all.
        """
        return reply_of(document if isinstance(document, dict) else {})

    def failure(self, kind: str, message: str) -> AgentFailed:
        """What a failed invocation is: its message has the stable code, or the function died."""
        try:
            code = str(json.loads(message)["code"])
        except (KeyError, TypeError, ValueError):
            return failed(FunctionDied.code, f"its function died without an answer ({kind})")
        return failed(code, "its record and its function's log have the cause")
