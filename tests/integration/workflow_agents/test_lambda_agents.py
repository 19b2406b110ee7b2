"""Agents asked by name: real calls of Lambda's Invoke, on loopback."""

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.api.functions import LoopbackLambda, running_lambda
from tests.virtual_time import run_virtually
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Once
from tradewind.contracts.errors import (
    ArtifactNotFound,
    BudgetExceeded,
    ModelThrottled,
    StorageAccessDenied,
    causes_of,
)
from tradewind.contracts.request import parse_request
from tradewind.workflow.engine.calls import BY_NAME, AgentCall, AgentReply, Model
from tradewind.workflow.engine.errors import AgentFailed, Retryable
from tradewind.workflow_agents.lambda_agents import (
    LambdaAgents,
    project_of,
    reply_of,
    request_id_of,
    request_of,
)

RUN = "run-0123"
ANSWER = {
    "success": True,
    "response": "12 turbines",
    "usage": {"input_tokens": 10, "output_tokens": 5, "cost_usd": 0.25, "tool_calls": 2},
    "error": None,
}


def a_call(text: str = "Place 12 turbines.", key: str = "tasks/layout") -> AgentCall:
    return AgentCall(key, "layout", Model(BY_NAME), "", text)


def refusal(code: str, message: str = "Not now.") -> dict[str, Any]:
    return {**ANSWER, "success": False, "error": {"code": code, "message": message}}


@pytest.fixture
def functions() -> Iterator[LoopbackLambda]:
    with running_lambda() as running:
        running.work = lambda _event: ANSWER
        yield running


@pytest.fixture
def agents(functions: LoopbackLambda, monkeypatch: pytest.MonkeyPatch) -> LambdaAgents:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", functions.url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    client = AwsClients().create("lambda", repeats=Once(), region="us-east-1")
    return LambdaAgents({"layout": "tradewind-dev-layout:live"}, client)


def ask(agents: LambdaAgents, call: AgentCall | None = None) -> AgentReply:
    return asyncio.run(agents.call(call or a_call(), RUN))


def test_a_call_is_a_request_that_the_agent_takes(
    agents: LambdaAgents, functions: LoopbackLambda
) -> None:
    assert ask(agents) == AgentReply("12 turbines", 10, 5, 0.25, 2)
    ((kind, event),) = functions.events
    assert kind is None  # which is: wait for the answer
    request = parse_request(event, "layout")
    assert request.query == "Place 12 turbines."
    assert request.project_id == RUN


def test_the_same_step_that_asks_the_same_is_the_same_request() -> None:
    first = request_id_of(a_call(), RUN)
    repeated = a_call()
    repeated.attempt = 3
    assert request_id_of(repeated, RUN) == first
    others = [
        request_id_of(a_call("Place 13 turbines."), RUN),
        request_id_of(a_call(key="tasks/other"), RUN),
        request_id_of(a_call(), "run-4567"),
    ]
    assert len({first, *others}) == 4


@pytest.mark.parametrize("run_id", ["x", "RUN 1/é", "r" * 200, "a" * 128])
def test_whatever_a_run_is_called_its_requests_are_valid(run_id: str) -> None:
    request = parse_request(request_of(a_call(), run_id), "layout")
    assert request.project_id == project_of(run_id)


def test_owner_and_project_of_who_asks_go_along() -> None:
    event = request_of(a_call(), RUN, project_id="moor", owner="arn:aws:iam::1:user/ann")
    request = parse_request(event, "layout")
    assert (request.project_id, request.owner) == ("moor", "arn:aws:iam::1:user/ann")


def raised(agents: LambdaAgents, call: AgentCall | None = None) -> AgentFailed:
    with pytest.raises(AgentFailed) as failed:
        ask(agents, call)
    return failed.value


@pytest.mark.parametrize("plan", ["throttle", "cut"])
def test_what_may_pass_is_for_the_engine_to_repeat(
    agents: LambdaAgents, functions: LoopbackLambda, plan: str
) -> None:
    functions.plan = [plan]
    assert isinstance(raised(agents), Retryable)
    assert len(functions.events) == 1
    assert ask(agents).text == "12 turbines"
    assert len({json.dumps(event) for _, event in functions.events}) == 1


def test_a_function_that_may_not_be_invoked_is_asked_once(
    agents: LambdaAgents, functions: LoopbackLambda
) -> None:
    functions.plan = ["denied"]
    failed = raised(agents)
    assert not isinstance(failed, Retryable)
    assert any(isinstance(cause, StorageAccessDenied) for cause in causes_of(failed))


def test_a_failure_keeps_its_code(agents: LambdaAgents, functions: LoopbackLambda) -> None:
    functions.work = lambda _event: refusal("ARTIFACT_NOT_FOUND", "Run the terrain agent first.")
    failed = raised(agents)
    assert str(failed) == "ARTIFACT_NOT_FOUND: Run the terrain agent first."
    assert not isinstance(failed, Retryable)
    assert any(isinstance(cause, ArtifactNotFound) for cause in causes_of(failed))


@pytest.mark.parametrize(
    ("message", "kind", "cause"),
    [
        ('{"code": "MODEL_THROTTLED", "status": 429}', Retryable, ModelThrottled),
        ('{"code": "BUDGET_EXCEEDED"}', AgentFailed, BudgetExceeded),
        ('{"code": "NEVER_HEARD_OF"}', AgentFailed, Exception),
        ("Task timed out after 900 seconds", Retryable, Exception),
    ],
)
def test_a_failed_invocation_says_which_failure_it_is(
    agents: LambdaAgents,
    functions: LoopbackLambda,
    message: str,
    kind: type[AgentFailed],
    cause: type[Exception],
) -> None:
    functions.plan, functions.work = ["died"], lambda _event: {"errorMessage": message}
    failed = raised(agents)
    assert type(failed) is kind
    assert isinstance(failed.__cause__, cause)


def test_a_request_that_is_at_work_is_waited_for(
    agents: LambdaAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [refusal("DUPLICATE_REQUEST")] * 3 + [ANSWER]
    monkeypatch.setattr(agents, "_invoke", lambda *_: answers.pop(0))
    at_once(monkeypatch)
    assert run_virtually(agents.call(a_call(), RUN)).text == "12 turbines"
    assert answers == []


def test_it_is_not_waited_for_for_ever(
    agents: LambdaAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def look(function: str, _payload: bytes) -> dict[str, Any]:
        looks.append(function)
        return refusal("DUPLICATE_REQUEST")

    monkeypatch.setattr(agents, "_invoke", look)
    at_once(monkeypatch)
    with pytest.raises(Retryable, match="DUPLICATE_REQUEST"):
        run_virtually(agents.call(a_call(), RUN))
    assert 40 < len(looks) < 100


def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread: virtual time knows none."""

    async def here(work: Callable[..., Any], *arguments: Any) -> Any:
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", here)


def test_a_cancelled_call_hangs_up_and_leaves_no_thread(
    agents: LambdaAgents, functions: LoopbackLambda
) -> None:
    functions.plan = ["late"]

    async def cancelled() -> None:
        threads = ThreadPoolExecutor()
        asyncio.get_running_loop().set_default_executor(threads)
        task = asyncio.create_task(agents.call(a_call(), RUN))
        while not functions.events:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # Would wait for as long as the function works, which is until it may go on.
        threads.shutdown()

    asyncio.run(cancelled())
    functions.go_on.set()
    assert functions.done.wait(120)
    assert len(functions.events) == 1


@pytest.mark.parametrize("answer", [None, [], {}, {"success": True}, {"success": False}, "x"])
def test_what_is_no_answer_is_a_failure(
    agents: LambdaAgents, functions: LoopbackLambda, answer: Any
) -> None:
    functions.work = lambda _event: answer
    assert not isinstance(raised(agents), Retryable)


def test_what_no_agent_takes_is_not_sent(agents: LambdaAgents, functions: LoopbackLambda) -> None:
    assert "16,001 characters" in str(raised(agents, a_call("x" * 16_001)))
    assert "empty" in str(raised(agents, a_call(" \n")))
    other = a_call()
    other.agent = "gone"
    assert "there are: layout" in str(raised(agents, other))
    assert functions.events == []


def test_an_answer_without_usage_has_none() -> None:
    assert reply_of({"success": True, "response": "x"}) == AgentReply("x")
