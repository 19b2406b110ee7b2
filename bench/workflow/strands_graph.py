"""Strands' own Graph: a node for each task, without an ``Agent`` in it. It limits no tasks."""

from collections.abc import Awaitable
from typing import Any

from strands.multiagent.base import MultiAgentBase, MultiAgentResult, Status
from strands.multiagent.graph import GraphBuilder, GraphState

from bench.workflow.tasks import Answers, Run, Work


class _Node(MultiAgentBase):
    def __init__(self, number: int, answers: Answers) -> None:
        super().__init__()
        self.id = str(number)
        self._number = number
        self._answers = answers

    async def invoke_async(
        self, task: Any, invocation_state: dict[str, Any] | None = None, **kwargs: Any
    ) -> MultiAgentResult:
        await self._answers(self._number)
        return MultiAgentResult(status=Status.COMPLETED)


def prepare(work: Work, answers: Answers) -> Run:
    """As a graph; a join waits for all that it depends on."""
    builder = GraphBuilder()
    for number, waits in enumerate(work.waits_for):
        builder.add_node(_Node(number, answers), str(number))
        for other in waits:
            builder.add_edge(str(other), str(number), condition=_all_done(waits))
    graph = builder.set_execution_timeout(600).build()  # it warns without a limit

    def run() -> Awaitable[object]:
        return graph.invoke_async("wind")

    return run


def _all_done(waits: tuple[int, ...]) -> Any:
    if len(waits) == 1:
        return None

    def done(state: GraphState) -> bool:
        return {str(one) for one in waits} <= {node.node_id for node in state.completed_nodes}

    return done
