"""What makes an agent, whichever framework it is written with."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from tradewind.contracts.environment import AgentEnvironment
from tradewind.run.agent_run import AgentRun


class AgentDefinition(Protocol):
    """An agent as the runner sees it: built once per process, without anything of a request.

    ``run.strands_agent`` and ``run.pydantic_ai_agent`` have one for each framework. Nothing else
    here imports a framework; an agent's own module chooses one by what it imports.
    """

    @property
    def has_tools(self) -> bool:
        """Whether it has tools, which can read what the prompt does not hold."""

    async def answer(self, run: AgentRun) -> None:
        """Answer ``run.prompt``, and leave what came of it in ``run``.

        The framework's own conversation lives for this call. Model calls go to
        ``run.bedrock_client`` and are repeated by ``run.retries`` alone. Soon after ``run.stop``
        is set it ends with what there is, and says so in ``run.stopped``.

        Raises:
            TradewindError: A tool failed for good, or the model ended without an answer.
            Exception: What the framework makes of a failed model call; its cause tells.
        """


@runtime_checkable
class AnswersCalls(Protocol):
    """What an agent's definition may do besides: answer a single call of a workflow's run."""

    def answer_call(
        self, event: Mapping[str, Any], environment: AgentEnvironment, remaining_s: float
    ) -> dict[str, Any]:
        """Answer one.

        Args:
            event: What the function was invoked with.
            environment: The function's.
            remaining_s: Seconds until the function is killed.

        Returns:
            The reply, or why there is none.
        """
