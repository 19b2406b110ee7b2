"""The agents of a run past one Lambda: each call is an invocation by the service of a function.

The call is in the history before the function begins, and its answer when it ends. So no invocation
of ours is there to be killed while an agent works, and none makes a call again that was made. What
kills the agent's function is that operation's failure; the engine counts it, and asks again as
often as the file says. That bounds the attempts whatever ends them, and costs no operation more: a
step of the SDK's would run here, and after a kill would run again without being counted.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, Final, Protocol

from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python.constants import CHECKPOINT_SIZE_LIMIT_BYTES
from aws_durable_execution_sdk_python.exceptions import InvokeError

from tradewind.contracts.errors import DuplicateRequest
from tradewind.durable.bridge import Bridge
from tradewind.durable.operations import name_of
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed

#: The service's longest wait, which is a year.
_LONGEST_WAIT_S: Final = 31_622_400
#: Between two looks at a request that is at work, as that of a function which was killed seems to
#: be until its time is over. In all as long as a function can take, and what it takes to say so.
_PAUSES_S: Final = (5, 10, 20, 40, 80, 160, 320, 325)


class Target(Protocol):
    """A function that answers calls."""

    @property
    def function(self) -> str:
        """Its ARN, with the alias."""

    def request(self, call: AgentCall) -> dict[str, Any]:
        """The event that a call is.

        Raises:
            AgentFailed: It is more than the function takes.
        """

    def reply(self, document: Any) -> AgentReply:
        """The reply in the function's answer.

        Raises:
            Retryable, AgentFailed: The answer is a failure.
        """

    def failure(self, kind: str, message: str) -> AgentFailed:
        """What a failed invocation is for the run."""


class DurableAgents:
    """Agents behind functions that the service invokes.

    Args:
        bridge: Takes the calls.
        inline: What answers for agents that the file declares.
        named: What answers for agents that it asks by name.
    """

    def __init__(self, bridge: Bridge, inline: Target, named: Mapping[str, Target]) -> None:
        self._bridge = bridge
        self._inline = inline
        self._named = named

    async def call(self, call: AgentCall) -> AgentReply:
        """Ask an agent, and wait for what an earlier attempt has left at work.

        Raises:
            Retryable: Not this time.
            AgentFailed: Not at all.
            BudgetSpent: There are as many operations as there may be.
        """
        target = self._named.get(call.agent, self._inline)
        event = target.request(call)
        size = len(json.dumps(event).encode())
        if size > CHECKPOINT_SIZE_LIMIT_BYTES:
            raise AgentFailed(
                f"what it is asked has {size:,} bytes; past one Lambda a call may have "
                f"{CHECKPOINT_SIZE_LIMIT_BYTES:,}"
            )
        name = name_of("call", call.key, call.attempt)
        pauses = enumerate(_PAUSES_S, start=1)
        while True:
            try:
                return await self._answer(target, event, name)
            except AgentFailed as error:
                look, pause_s = next(pauses, (0, 0))
                if not look or not isinstance(error.__cause__, DuplicateRequest):
                    raise
            step = f"{call.key} #{call.attempt}"
            await wait(self._bridge, name_of("pause", step, look), pause_s)
            name = name_of("look", step, look)

    async def _answer(self, target: Target, event: dict[str, Any], name: str) -> AgentReply:
        try:
            document = await self._bridge.ask(
                name, lambda context, name: context.invoke(target.function, event, name)
            )
        except InvokeError as error:
            failed = target.failure(error.error_type, error.message or "")
        else:
            return target.reply(document)
        # Its own cause says what it is.
        raise failed

    async def rest(self, call: AgentCall, seconds: float) -> None:
        """Wait before a call is repeated; the service counts whole seconds."""
        whole = math.ceil(seconds)
        if whole > 0:
            await wait(self._bridge, name_of("rest", call.key, call.attempt), whole)


async def wait(bridge: Bridge, name: str, seconds: int) -> None:
    """Wait, for nothing."""
    duration = Duration(min(seconds, _LONGEST_WAIT_S))
    await bridge.ask(name, lambda context, name: context.wait(duration, name))
