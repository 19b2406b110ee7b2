"""A runtime on AgentCore as an agent's work: its records, sessions, budgets, streams and ends."""

import json
import uuid
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.agent_environment import agent_environment
from tests.dynamodb import LoopbackDynamoDB
from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.handler.conftest import Build, Context, Harness
from tests.integration.handler.test_streams import Reader, proxied
from tests.runtimes import (
    OURS,
    SOMEBODYS,
    Reply,
    ScriptedTransport,
    answer,
    document,
    events,
    runtime,
)
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated
from tradewind.budgets.table import BudgetTable, Day, today
from tradewind.contracts.errors import (
    DeadlineExceeded,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeRefused,
    RuntimeUnavailable,
)
from tradewind.contracts.request import parse_request
from tradewind.conversations.reading import delete_session
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.handlers.response_stream import Runtime
from tradewind.handlers.server_sent_events import PING, RunEvents, event
from tradewind.handlers.stream_records import StreamRecords
from tradewind.handlers.streamed_requests import StreamedRequests
from tradewind.run.events import MessageBegun, MessageEnded, TextDelta, ToolEnded, ToolStarted

OWNER: Final = "arn:aws:iam::123456789012:user/ada"
NAME: Final = "onboarding"
PROJECT: Final = "p-1"
ASKED: Final = {
    "query": "Who signs?",
    "owner": OWNER,
    "request_id": "r",
    "project_id": PROJECT,
    "parameters": {"language": "sv"},
}
#: Half a US dollar.
MOST: Final = 500_000_000


@pytest.fixture
def framework() -> Framework:
    """No framework does anything here."""
    return next(iter(FRAMEWORKS.values()))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewind.agentcore.retries.BASE_PAUSE_S", 0.0)


class Asked:
    """A service whose agent is a runtime, and what it was told."""

    def __init__(
        self, harness: Harness, transport: ScriptedTransport, budgets: BudgetTable
    ) -> None:
        self.harness = harness
        self.transport = transport
        self._budgets = budgets

    def ask(self, context: Context | None = None, **more: Any) -> dict[str, Any]:
        try:
            return self.harness.handle({**ASKED, **more}, context or Context(900_000))
        except InvocationFailed as failed:
            return failed.answer.model_dump(mode="json")

    def day(self) -> Day:
        return self._budgets.read(OWNER, today())


@pytest.fixture
def asked(build: Build, dynamodb: LoopbackDynamoDB) -> Callable[..., Asked]:
    """Build one; its runtime answers so."""

    def make(*replies: Reply | Exception, target: Any = SOMEBODYS, **limits: Any) -> Asked:
        name = dynamodb.create_budgets_table(f"budgets-{uuid.uuid4().hex}")
        definition, transport = runtime(*replies, target=target)
        harness = build(
            definition,
            agent=NAME,
            BUDGETS_TABLE=name,
            TRADEWIND_BUDGETS=json.dumps(limits),
            TRADEWIND_RUNTIME=target.model_dump_json(),
        )
        return Asked(harness, transport, BudgetTable(name, dynamodb.client()))

    return make


def test_what_a_runtime_streams_is_the_answer(asked: Callable[..., Asked]) -> None:
    one = asked(events("Väl", "komna ", "\u2028ombord.", {"visit": 1, "usage": {"cost_usd": 0.2}}))
    told = one.ask()
    assert (told["success"], told["agent"]) == (True, NAME)
    assert told["response"] == "Välkomna \u2028ombord."
    assert told["usage"]["cost_usd"] == 0.2
    assert one.harness.records.answer("r")["response"] == told["response"]


def test_somebody_elses_runtime_is_told_what_is_asked_and_not_by_whom(
    asked: Callable[..., Asked],
) -> None:
    one = asked(events("Ada."))
    one.ask()
    [call] = one.transport.calls
    assert (str(call.runtime), call.qualifier) == (SOMEBODYS.arn, "live")
    assert call.user_id is None
    [told] = one.transport.payloads
    assert told.pop("prompt").startswith("Who signs?")
    assert told == {
        "query": "Who signs?",
        "parameters": {"language": "sv"},
        "project_id": PROJECT,
        "request_id": "onboarding-r",
        "session_id": call.session_id,
    }
    assert OWNER not in call.payload.decode()


def test_the_requests_trace_goes_on_there(
    asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = asked(events("Ada."), events("Ada."))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
    one.ask()
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    one.ask(request_id="another")
    first, second = [call.trace.trace_id for call in one.transport.calls]
    assert (first, second) == ("Root=1-5759e988-bd862e3fe1be46a994272793", None)


def test_an_agent_of_ours_is_told_what_its_function_would_be(asked: Callable[..., Asked]) -> None:
    one = asked(document(answer()), target=OURS)
    told = one.ask(system_prompt="Be brief.", max_tokens=100)
    request = parse_request(one.transport.payloads[0], "assistant")
    assert (request.query, request.owner, request.project_id) == ("Who signs?", OWNER, PROJECT)
    assert (request.system_prompt, request.max_tokens) == ("Be brief.", 100)
    # Not the id that a request to the same agent's function may have.
    assert request.request_id == "onboarding-r"
    assert (request.accepted, request.session_id) == (False, None)
    assert told["response"] == "It blows."
    assert told["usage"] == answer()["usage"]


def test_what_ours_streams_is_heard_as_it_is_written(asked: Callable[..., Asked]) -> None:
    chunks: list[bytes] = [event("invocation", {"id": "assistant.r", "project_id": PROJECT})]
    writes = RunEvents(chunks.append)
    for happened in (
        *(MessageBegun(), TextDelta("It rai"), MessageBegun(), TextDelta("Let me see.")),
        *(MessageEnded(), ToolStarted("1", "measure"), ToolEnded("1", "measure", succeeded=True)),
        *(MessageBegun(), TextDelta("It "), TextDelta("blows."), MessageEnded()),
    ):
        writes.heard(happened)
    chunks += [PING, event("result", answer())]
    one = asked(Reply(chunks), target=OURS)
    told = one.ask()
    assert (told["success"], told["response"]) == (True, "It blows.")
    assert told["usage"] == answer()["usage"]
    # In the order in which it likes them, so that it is streamed.
    assert one.transport.calls[0].accept.startswith("text/event-stream")


def test_the_answer_of_ours_brings_its_files_its_figures_and_its_output(
    asked: Callable[..., Asked],
) -> None:
    file = {
        "key": f"assistant/{PROJECT}/abc/wind.json",
        "content_type": "application/json",
        "size_bytes": 2,
    }
    schema = {"type": "object", "properties": {"speed": {"type": "number"}}, "required": ["speed"]}
    whole = answer(
        artifacts=[file], facts={"speed": 8}, output={"speed": 8}, response='{"speed": 8}'
    )
    told = asked(document(whole), target=OURS).ask(output_schema=schema)
    assert told["success"]
    assert (told["artifacts"], told["facts"]) == ([file], {"speed": 8})
    assert (told["output"], told["response"]) == ({"speed": 8}, '{"speed": 8}')


def test_files_that_are_not_its_own_are_nobodys(asked: Callable[..., Asked]) -> None:
    file = {"key": "assistant/p-2/a/b.json", "content_type": "text/plain", "size_bytes": 2}
    told = asked(document(answer(artifacts=[file])), target=OURS).ask()
    assert told["error"]["code"] == "RUNTIME_ANSWER_UNREADABLE"
    assert told["artifacts"] == []


def test_somebody_elses_word_on_files_and_figures_counts_for_nothing(
    asked: Callable[..., Asked],
) -> None:
    file = {"key": f"layout/{PROJECT}/a/b.json", "content_type": "text/plain", "size_bytes": 2}
    told = asked(document(answer(artifacts=[file], facts={"speed": 8}))).ask()
    assert told["response"] == "It blows."
    assert (told["artifacts"], told["facts"]) == ([], {})


def test_the_failure_of_ours_is_the_failure(asked: Callable[..., Asked]) -> None:
    error: dict[str, Any] = {
        "code": "BUDGET_EXCEEDED",
        "message": "No.",
        "field": None,
        "extensions": {"left": 1},
    }
    whole = answer(success=False, status_code=402, error=error, response="So far.")
    told = asked(document(whole), target=OURS).ask()
    assert (told["status_code"], told["error"]["code"]) == (402, "BUDGET_EXCEEDED")
    assert told["error"]["extensions"] == {"left": 1}
    assert told["response"] == "So far."
    assert told["usage"]["input_tokens"] == 30


@pytest.mark.parametrize("code", ["INTERNAL_ERROR", "OF_ANOTHER_RELEASE"])
def test_a_failure_that_means_nothing_here_is_the_runtimes(
    asked: Callable[..., Asked], code: str
) -> None:
    error: dict[str, Any] = {"code": code, "message": "Oh.", "field": None, "extensions": {}}
    told = asked(document(answer(success=False, error=error)), target=OURS).ask()
    assert told["error"]["code"] == "RUNTIME_FAILED"
    assert code in told["error"]["message"]


def test_who_asks_a_person_is_told_that_nobody_can_be_asked(asked: Callable[..., Asked]) -> None:
    whole = answer(success=False, status_code=202, question="Which site?")
    told = asked(document(whole), target=OURS).ask()
    assert told["error"]["code"] == "NOBODY_TO_ASK"


def test_an_output_that_does_not_fit_is_none(asked: Callable[..., Asked]) -> None:
    schema = {"type": "object", "required": ["visit"]}
    one = asked(events("Hello.", {"visit": 1}), events("Hello.", {"guest": 1}), events("Hello."))
    assert one.ask(output_schema=schema)["output"] == {"visit": 1}
    for request_id in ("r2", "r3"):
        told = one.ask(output_schema=schema, request_id=request_id)
        assert told["error"]["code"] == "OUTPUT_INVALID"
        assert told["output"] is None


def test_a_repeat_is_answered_from_the_record(asked: Callable[..., Asked]) -> None:
    one = asked(events("Ada."))
    first = one.ask()
    assert one.ask()["response"] == first["response"] == "Ada."
    assert len(one.transport.calls) == 1


# Sessions.


def test_a_conversation_comes_to_one_session_and_everybody_elses_to_others(
    asked: Callable[..., Asked],
) -> None:
    one = asked(*[events("Ada.")] * 5)
    asking: list[dict[str, Any]] = [
        {"session_id": "s"},
        {"session_id": "s"},
        {"session_id": "t"},
        {"session_id": "s", "owner": "arn:aws:iam::123456789012:user/bob"},
        {},
    ]
    for number, more in enumerate(asking):
        assert one.ask(request_id=f"r{number}", **more)["success"]
    first, again, *others = [call.session_id for call in one.transport.calls]
    assert first == again
    assert len({first, *others}) == 4
    assert all(33 <= len(call.session_id) <= 100 for call in one.transport.calls)


def test_a_conversation_that_was_deleted_is_not_met_again(asked: Callable[..., Asked]) -> None:
    one = asked(events("Ada."), events("Ada."))
    one.ask(session_id="s")
    assert delete_session(one.harness.sessions, OWNER, "s")
    one.ask(session_id="s", request_id="r2")
    first, second = [call.session_id for call in one.transport.calls]
    assert first != second


def test_ours_has_a_conversation_of_its_own(asked: Callable[..., Asked]) -> None:
    one = asked(document(answer()), target=OURS)
    assert one.ask(session_id="s")["success"]
    [call], [told] = one.transport.calls, one.transport.payloads
    assert told["session_id"] == call.session_id != "s"


# Money.


def test_a_call_is_reserved_before_it_and_settled_to_what_the_answer_says(
    asked: Callable[..., Asked],
) -> None:
    one = asked(events("Ada.", {"usage": {"cost_usd": 0.2}}), per_principal_day_usd=1)
    assert one.ask()["success"]
    assert one.day() == Day(committed=200_000_000)


def test_an_answer_that_does_not_say_its_cost_has_cost_the_most(
    asked: Callable[..., Asked],
) -> None:
    one = asked(events("Ada.", {"usage": {"cost_usd": -5}}), per_principal_day_usd=1)
    assert one.ask()["success"]
    assert one.day() == Day(committed=MOST)


def test_who_cannot_pay_the_most_is_refused_and_nothing_is_sent(
    asked: Callable[..., Asked],
) -> None:
    one = asked(events("Ada."), per_principal_day_usd=0.4)
    told = one.ask()
    assert (told["status_code"], told["error"]["code"]) == (402, "BUDGET_EXCEEDED")
    assert one.transport.calls == []
    assert one.day() == Day()


def test_what_a_runtime_refused_costs_nothing(asked: Callable[..., Asked]) -> None:
    one = asked(RuntimeRefused("No."), per_principal_day_usd=1)
    assert one.ask()["error"]["code"] == "RUNTIME_REFUSED"
    assert one.day() == Day()


def test_each_call_that_is_sent_again_is_reserved_again(asked: Callable[..., Asked]) -> None:
    one = asked(
        RuntimeUnavailable("Not now."),
        events("Ada.", {"usage": {"cost_usd": 0.2}}),
        per_principal_day_usd=2,
    )
    assert one.ask()["success"]
    # The first may have been worked on.
    assert one.day() == Day(committed=MOST + 200_000_000)
    assert len(one.transport.calls) == 2


def test_an_answer_that_broke_off_has_cost_the_most(asked: Callable[..., Asked]) -> None:
    cut = Reply([b'data: "Ada"\n\n', RuntimeInterrupted("Cut.")])
    one = asked(cut, per_principal_day_usd=1)
    told = one.ask()
    assert (told["error"]["code"], told["response"]) == ("RUNTIME_INTERRUPTED", "Ada")
    assert one.day() == Day(committed=MOST)
    assert len(one.transport.calls) == 1


def test_ours_is_not_paid_twice(asked: Callable[..., Asked]) -> None:
    """Where it runs, it reserves each of its model calls from the same day."""
    one = asked(document(answer()), target=OURS, per_principal_day_usd=1)
    told = one.ask()
    assert told["usage"]["cost_usd"] == 0.25
    assert one.day() == Day()


@pytest.mark.parametrize(("target", "counted"), [(SOMEBODYS, 0.25), (OURS, 0.0)])
def test_what_is_counted_elsewhere_is_not_counted_here(
    asked: Callable[..., Asked],
    target: Any,
    counted: float,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked(document(answer()), target=target).ask()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [metrics] = [line for line in lines if "EstimatedCost" in line]
    assert metrics["EstimatedCost"] == counted
    assert metrics["RuntimeCalls"] == 1


# Ends.


def test_an_error_in_a_good_answer_is_one(asked: Callable[..., Asked]) -> None:
    one = asked(events("Ada ", {"error": "It broke.", "error_type": "E", "message": "m"}))
    told = one.ask()
    assert (told["error"]["code"], told["response"]) == (RuntimeFailed.code, "Ada")
    assert "It broke." in told["error"]["message"]
    assert told["error"]["extensions"]["attempts"] == 1


def test_an_answer_without_a_word_is_none(asked: Callable[..., Asked]) -> None:
    assert asked(events()).ask()["error"]["code"] == "RUNTIME_FAILED"


def test_at_the_deadline_there_is_what_was_said(asked: Callable[..., Asked]) -> None:
    one = asked(Reply([b'data: "Ada"\n\n', DeadlineExceeded("The call's time is over.")]))
    told = one.ask()
    assert (told["error"]["code"], told["response"]) == ("DEADLINE_EXCEEDED", "Ada")


def test_a_stream_is_told_as_it_comes_and_who_leaves_it_ends_it(
    asked: Callable[..., Asked],
) -> None:
    one = asked(Reply([b'data: "Ada "\n\n', b'data: "Lovelace"\n\n'], waits=True))
    harness = one.harness
    environment = agent_environment(
        TRADEWIND_AGENT=NAME, TRADEWIND_RUNTIME=SOMEBODYS.model_dump_json()
    )
    s3 = AwsClients().create("s3", repeats=Repeated(may_run_twice=True))
    streamed = StreamedRequests(
        runtime=Runtime.HOOKED,
        service=harness.service,
        records=StreamRecords(environment, harness.records, harness.sessions, s3, harness.budgets),
    )
    event = proxied() | {"resource": f"/runtimes/{NAME}/stream", "pathParameters": None}
    reader = Reader(streamed.handle(event, Context(900_000)))
    reader.until(b'{"text": "Lovelace"}')
    reader.hang_up()
    assert one.transport.given_up == 1
    [code] = harness.records.codes.values()
    assert code == "CANCELLED"
    # An agent's path is not a runtime's.
    refused = Reader(streamed.handle(proxied(agent=NAME), Context(900_000))).all()
    assert refused.problem["status"] == 404
    assert f"/runtimes/{NAME}/stream" in refused.problem["detail"]
