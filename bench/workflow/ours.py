"""This project's engine: each task's input is a template, and its result is kept to resume from."""

from collections.abc import Awaitable
from typing import Any

from bench.workflow.tasks import Answers, Run, Work
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.execute import execute
from tradewind.workflow.spec.model import Spec


class _Agents:
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def call(self, call: AgentCall) -> AgentReply:
        number = int(call.key.rpartition("/")[2]) if self._answers.work.lengths else 0
        return AgentReply(await self._answers(number), 1, 1)


def prepare(work: Work, answers: Answers) -> Run:
    """As a chain or as tasks of a workflow."""
    spec = Spec.model_validate(_document(work))
    agents = _Agents(answers)

    def run() -> Awaitable[object]:
        return execute(spec, agents, {"topic": "wind"})

    return run


def _document(work: Work) -> dict[str, Any]:
    if work.is_chain:
        step = {"agent": "a", "input": "Go on with {{ topic }}: {{ last_response }}"}
        pattern: dict[str, Any] = {"type": "chain", "config": {"steps": [step] * len(work)}}
    else:
        tasks = [
            {"id": str(number), "agent": "a", "input": "{{ topic }}", "deps": list(map(str, waits))}
            for number, waits in enumerate(work.waits_for)
        ]
        pattern = {"type": "workflow", "config": {"tasks": tasks}}
    return {
        "version": 0,
        "name": "bench",
        "runtime": {
            "provider": "ollama",
            "model_id": "none",
            "host": "http://localhost:1",
            "max_parallel": work.at_once,
        },
        "agents": {"a": {"prompt": "You write about {{ topic }}."}},
        "pattern": pattern,
    }
