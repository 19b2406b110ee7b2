"""Calls of agents that a workflow file declares: the workflow Lambda answers each as one event."""

from dataclasses import asdict
from typing import Any, Final

from tradewind.durable.documents import Start
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed, Retryable, Unsupported

_NO_REPLY: Final = "its function answered something that is no reply to a call"


class InlineAgents:
    """The workflow Lambda.

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
        run = {"workflow": start.workflow, "sha256": start.sha256, "run_id": start.run_id}
        return {"workflow_call": run | asdict(call)}

    def reply(self, document: Any) -> AgentReply:
        """The reply in the function's answer.

        Raises:
            Retryable: Not this time.
            AgentFailed: Not at all.
            Unsupported: The function cannot do what the file asks for.
        """
        match document:
            case {"workflow_reply": {"text": str()} as reply}:
                try:
                    return AgentReply(**reply)
                except TypeError:
                    raise AgentFailed(_NO_REPLY) from None
            case {"workflow_error": {"kind": str(kind), "message": str(message)}}:
                told = " ".join(message.split())
                if kind == "retryable":
                    raise Retryable(told)
                raise Unsupported(told) if kind == "unsupported" else AgentFailed(told)
        raise AgentFailed(_NO_REPLY)

    def failure(self, kind: str, _message: str) -> AgentFailed:
        """What a failed invocation is: a function that could would have answered."""
        return Retryable(f"its function ended without an answer ({kind})")
