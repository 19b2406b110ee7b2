"""Workflows of every pattern, as they run past one Lambda and as they run in this process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_durable_execution_sdk_python import durable_execution

from tests.durable_service import DurableService, Execution
from tests.virtual_time import run_virtually
from tests.workflows import workflow
from tradewind.durable.documents import Start
from tradewind.durable.execution import run_durably
from tradewind.workflow.engine.artifacts import render_artifacts
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed, Retryable
from tradewind.workflow.engine.execute import execute
from tradewind.workflow.engine.state import State
from tradewind.workflow.spec.model import Spec

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:agents:live"
START = Start("flow.yaml", "0" * 64, "run-1")


class TestTarget:
    """A function whose event is the call, and whose answer is the text."""

    __test__ = False
    function = FUNCTION

    def request(self, call: AgentCall) -> dict[str, Any]:
        return {"agent": call.agent, "input": call.input, "key": call.key}

    def reply(self, document: Any) -> AgentReply:
        return AgentReply(document, len(document), 1)

    def failure(self, kind: str, message: str) -> AgentFailed:
        return AgentFailed(message) if kind == "Refused" else Retryable(kind)


@dataclass(frozen=True)
class Flow:
    """A workflow, and what people answer to its questions."""

    spec: Spec
    answers: list[Any] = field(default_factory=list)


def answered(agent: str, text: str) -> str:
    """What an agent says: always the same to the same."""
    if "route" in text:
        return '{"route": "short"}'
    if '"score"' in text:
        return json.dumps({"score": 40 + 20 * text.count("revised")})
    if "list of tasks" in text:
        return '[{"task": "one"}, {"task": "two"}, "three"]'
    if "Revise" in text:
        return f"revised {text.count('revised') + 1}: " + "revised " * text.count("revised")
    return f"{agent}({text})"


def service(flow: Flow, **options: Any) -> DurableService:
    """The service, about to run a workflow."""
    made: list[DurableService] = []

    @durable_execution
    def handler(event: Any, context: Any) -> Any:
        return run_durably(
            context,
            Start.from_json(event),
            flow.spec,
            {},
            inline=TestTarget(),
            named={},
            now=made[0].now,
        )

    functions = options.pop("functions", None) or {
        FUNCTION: lambda event: answered(event["agent"], event["input"])
    }
    options.setdefault("answers", flow.answers)
    made.append(DurableService(handler, START.to_json(), functions, **options))
    return made[0]


def undisturbed(flow: Flow) -> dict[str, Any]:
    """What the engine makes of a workflow in this process."""
    answers = list(flow.answers)
    target = TestTarget()

    class Agents:
        async def call(self, call: AgentCall) -> AgentReply:
            return target.reply(answered(call.agent, call.input))

    state = State()
    while True:
        result = run_virtually(execute(flow.spec, Agents(), {}, state=state))
        if result.paused is None:
            break
        state.answer(answers.pop(0), result.paused.asked_at)
    artifacts = render_artifacts(flow.spec, result, trace=None, now=0)
    return {
        "text": result.text,
        "artifacts": [{"path": one.path, "text": one.text} for one in artifacts],
        "steps": result.spent.steps,
        "tokens": result.spent.tokens,
    }


def left(execution: Execution) -> dict[str, Any]:
    """The same of an execution that is done."""
    assert execution.status == "SUCCEEDED", execution
    result: dict[str, Any] = execution.result
    spent: Mapping[str, Any] = result["spent"]
    return {
        "text": result["text"],
        "artifacts": result["artifacts"],
        "steps": spent["steps"],
        "tokens": spent["tokens"],
    }


_ASK = {"type": "hitl", "prompt": "Is {{ last_response }} right?"}
_ARTIFACTS = {"artifacts": [{"path": "out.md", "from": "{{ last_response }}"}]}

FLOWS = {
    "chain": Flow(
        workflow(
            "chain",
            {
                "steps": [
                    {"agent": "a", "input": "begin"},
                    _ASK,
                    {"agent": "b", "input": "{{ last_response }} {{ steps[0].response }}"},
                ]
            },
            outputs=_ARTIFACTS,
        ),
        ["yes"],
    ),
    "workflow": Flow(
        workflow(
            "workflow",
            {
                "tasks": [
                    {"id": "left", "agent": "a", "input": "l"},
                    {"id": "right", "agent": "b", "input": "r"},
                    {"id": "ask", "type": "hitl", "prompt": "Well?", "deps": ["left"]},
                    {
                        "id": "join",
                        "agent": "c",
                        "deps": ["left", "right", "ask"],
                        "input": "{{ tasks.left.response }} {{ tasks.right.response }} "
                        "{{ tasks.ask.response }}",
                    },
                ]
            },
        ),
        ["well"],
    ),
    "parallel": Flow(
        workflow(
            "parallel",
            {
                "branches": [
                    {"id": "one", "steps": [{"agent": "a", "input": "1"}, {"agent": "b"}]},
                    {"id": "two", "steps": [{"agent": "b", "input": "2"}]},
                    {"id": "three", "steps": [{"agent": "c", "input": "3"}]},
                ],
                "reduce": {
                    "agent": "c",
                    "input": "{{ branches.one.response }} {{ branches.two.response }}",
                },
            },
        )
    ),
    "routing": Flow(
        workflow(
            "routing",
            {
                "router": {"agent": "a", "review_router": {"type": "hitl", "prompt": "Right?"}},
                "routes": {
                    "short": {"then": [{"agent": "b", "input": "{{ router.chosen_route }}"}]},
                    "long": {"then": [{"agent": "b", "input": "x"}, {"agent": "c", "input": "y"}]},
                },
            },
        ),
        ["route:long"],
    ),
    "evaluator": Flow(
        workflow(
            "evaluator_optimizer",
            {
                "producer": "a",
                "evaluator": {"agent": "b"},
                "accept": {"min_score": 60, "max_iters": 3},
                "review_gate": {"type": "hitl", "prompt": "Revise {{ iteration_index }}?"},
            },
        ),
        ["yes"],
    ),
    "orchestrator": Flow(
        workflow(
            "orchestrator_workers",
            {
                "orchestrator": {"agent": "a"},
                "worker_template": {"agent": "b"},
                "reduce": {
                    "agent": "c",
                    "input": "{{ workers | map(attribute='response') | list }}",
                },
            },
        )
    ),
    "graph": Flow(
        workflow(
            "graph",
            {
                "nodes": {
                    "write": {"agent": "a", "input": "{{ nodes.write.iteration }}"},
                    "ask": {"type": "hitl", "prompt": "Again?"},
                    "end": {"agent": "b", "input": "{{ nodes.ask.response }}"},
                },
                "edges": [
                    {"from": "write", "to": "ask"},
                    {
                        "from": "ask",
                        "choose": [
                            {"when": "nodes.ask.response == 'again'", "to": "write"},
                            {"when": "else", "to": "end"},
                        ],
                    },
                ],
            },
        ),
        ["again", "no"],
    ),
}
