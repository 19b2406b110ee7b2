"""A request and its record: answered once, kept, and never a reason to lose an answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.frameworks import FRAMEWORKS, Framework, Sketch
from tests.integration.handler.conftest import CHAT, Build, Context, Harness
from tests.metric_lines import metrics_in
from tradewind.aws.repeats import MAX_ATTEMPTS
from tradewind.handlers.closing import _CUT_TEXT
from tradewind.handlers.service import InvocationFailed
from tradewind.records.kept_answer import DELIVERY_LIMIT
from tradewind.run.agent_run import AgentRun
from tradewind.run.project import Project
from tradewind.telemetry.log_fields import REQUEST_DONE
from tradewind.telemetry.metric_names import MetricName

QUERY = {"query": "How windy is it?", "request_id": "r"}
Lines = Callable[[], list[dict[str, Any]]]
WRITTEN_ALL_THE_SAME = [TableFault.REPLY_LOST, TableFault.ERROR_AFTER]
LASTING = [
    TableFault.CUT_BEFORE,
    TableFault.ERROR_BEFORE,
    TableFault.THROTTLED,
    TableFault.DENIED,
]


@pytest.fixture
def framework() -> Framework:
    """Strands; a record knows no framework."""
    return FRAMEWORKS["strands"]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The lines printed since it was last asked."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@dataclass
class Says:
    """An agent that needs no model."""

    text: str = "It is windy."
    facts: dict[str, Any] = field(default_factory=dict)
    runs: int = 0

    has_tools = True

    async def answer(self, run: AgentRun) -> None:
        self.runs += 1
        run.transcript.begin_message()
        run.transcript.write(self.text)
        run.transcript.end_message()
        run.project._facts |= self.facts


def metrics(printed: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = metrics_in(printed)
    return found


def done(printed: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [line for line in printed if line.get("message") == REQUEST_DONE]
    return found


def kill_at_work(harness: Harness) -> None:
    """Leave the record as a killed function leaves it, with its time over."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "tradewind.handlers.service.run_to_its_end",
            lambda *_: (_ for _ in ()).throw(SystemExit),
        )
        with pytest.raises(SystemExit):
            harness.handle(QUERY, Context(remaining_ms=60_000))
    harness.records.database.client().update_item(
        TableName=harness.records.name,
        Key={"record_id": {"S": "terrain#r#"}},
        UpdateExpression="SET deadline_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )


def test_a_repeat_is_told_as_one_and_costs_nothing(
    build: Build, standin: BedrockStandIn, lines: Lines
) -> None:
    harness = build(CHAT)
    first = harness.handle(QUERY)
    lines()
    assert harness.handle(QUERY, Context(aws_request_id="another")) == first
    printed = lines()
    assert standin.stats().requests == first["usage"]["model_calls"] == 1
    line = done(printed)
    assert (line["outcome"], line["level"]) == ("repeated", "INFO")
    assert (line["project_id"], line["request_id"]) == (first["project_id"], "r")
    emitted = metrics(printed)
    once = {MetricName.INVOCATIONS, MetricName.REPEATED_REQUESTS}
    never = {
        MetricName.ERRORS,
        MetricName.REJECTED_REQUESTS,
        MetricName.MODEL_CALLS,
        MetricName.INPUT_TOKENS,
        MetricName.OUTPUT_TOKENS,
        MetricName.ESTIMATED_COST,
        MetricName.TOOL_CALLS,
    }
    assert {name: emitted[name] for name in once | never} == {
        name: [float(name in once)] for name in once | never
    }


def test_a_repeat_in_another_process_gets_the_same_answer(build: Build) -> None:
    harness = build(Says())
    silent = Says("never said")
    again = build(silent, table=harness.records.name)
    assert harness.handle(QUERY) == again.handle(QUERY)
    assert silent.runs == 0


def test_a_repeat_while_it_runs_is_refused(build: Build) -> None:
    def ask_again(project: Project) -> str:
        """Ask again."""
        answers.append(other.handle(QUERY))
        return "asked"

    answers: list[dict[str, Any]] = []
    harness = build(Sketch("Call ask_again once.", (ask_again,)))
    other = build(Says(), table=harness.records.name)
    assert harness.handle(QUERY)["success"]
    (refused,) = answers
    assert (refused["status_code"], refused["error"]["code"]) == (409, "DUPLICATE_REQUEST")
    assert harness.records.answer("r")["response"] != "It is windy."


def test_an_id_stands_for_one_question(build: Build) -> None:
    harness = build(Says())
    harness.handle(QUERY)
    for other in (
        {"query": "How sunny is it?"},
        {"parameters": {"height_m": 80}},
        {"project_id": "another-one"},
    ):
        answer = harness.handle(QUERY | other)
        assert (answer["status_code"], answer["error"]["code"]) == (409, "REQUEST_ID_REUSED")


def test_the_same_id_goes_along_the_chain(build: Build) -> None:
    first = build(Says("terrain's"), agent="terrain")
    second = build(Says("layout's"), agent="layout", table=first.records.name)
    for _ in range(2):
        assert first.handle(QUERY)["response"] == "terrain's"
        assert second.handle(QUERY)["response"] == "layout's"


def test_each_owner_has_answers_of_its_own(build: Build) -> None:
    agent = Says()
    harness = build(agent)
    for owner in ("ada", "bob", "ada"):
        answer = harness.handle(QUERY | {"owner": owner, "query": f"What did {owner} ask?"})
        assert answer["success"]
    assert agent.runs == 2


def test_a_failed_request_may_run_again(build: Build, standin: BedrockStandIn) -> None:
    standin.inject(Fault(FaultKind.VALIDATION))
    harness = build(CHAT)
    with pytest.raises(InvocationFailed):
        harness.handle(QUERY)
    assert harness.handle(QUERY)["success"]
    assert harness.records.status == {"r": "succeeded"}


def test_who_repeats_what_died_settles_it(build: Build, lines: Lines) -> None:
    harness = build(Says())
    kill_at_work(harness)
    lines()
    assert harness.handle(QUERY)["success"]
    assert metrics(lines())[MetricName.RECORDS_SETTLED] == [1.0]
    assert harness.handle(QUERY)["success"]
    assert metrics(lines())[MetricName.RECORDS_SETTLED] == [0.0]


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
@pytest.mark.parametrize("fault", WRITTEN_ALL_THE_SAME)
def test_a_lost_reply_loses_no_request(
    build: Build, dynamodb: LoopbackDynamoDB, lines: Lines, operation: str, fault: TableFault
) -> None:
    agent = Says()
    harness = build(agent)
    dynamodb.inject(fault, operation)
    answer = harness.handle(QUERY)
    assert (answer["success"], agent.runs) == (True, 1)
    assert harness.records.answer("r") == answer
    assert metrics(lines())[MetricName.RECORDS_NOT_FINISHED] == [0.0]


@pytest.mark.parametrize("fault", [*LASTING, *WRITTEN_ALL_THE_SAME])
def test_an_end_that_cannot_be_written_hides_no_answer(
    build: Build, dynamodb: LoopbackDynamoDB, lines: Lines, fault: TableFault
) -> None:
    harness = build(Says())
    dynamodb.inject(fault, "UpdateItem", count=MAX_ATTEMPTS)
    answer = harness.handle(QUERY)
    assert (answer["success"], answer["status_code"]) == (True, 200)
    assert answer["response"] == "It is windy."
    printed = lines()
    emitted = metrics(printed)
    assert emitted[MetricName.RECORDS_NOT_FINISHED] == [1.0]
    assert emitted[MetricName.ERRORS] == [0.0]
    (line,) = [line for line in printed if line.get("message") == "Record not finished"]
    assert (line["level"], line["request_id"]) == ("ERROR", "r")
    assert done(printed)["outcome"] == "succeeded"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer waits for its record a second at most."""
    monkeypatch.setattr("tradewind.handlers.closing.RECORD_WAIT_S", 1.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [TableFault.SILENT, TableFault.SILENT_AFTER])
@pytest.mark.parametrize("remaining_ms", [8_000, 600_000])
def test_an_answer_does_not_wait_long_for_its_record(
    build: Build,
    dynamodb: LoopbackDynamoDB,
    lines: Lines,
    fault: TableFault,
    remaining_ms: int,
) -> None:
    harness = build(Says())
    dynamodb.inject(fault, "UpdateItem", count=MAX_ATTEMPTS)
    answer = harness.handle(QUERY, Context(remaining_ms=remaining_ms))
    assert answer["success"]
    emitted = metrics(lines())
    assert emitted[MetricName.RECORDS_NOT_FINISHED] == [1.0]
    # Each wait is at most half of what is left of a second, and what could not help is not begun.
    assert 1 <= dynamodb.calls.count("UpdateItem") < MAX_ATTEMPTS


def test_an_end_that_cannot_be_written_hides_no_failure(
    build: Build, standin: BedrockStandIn, dynamodb: LoopbackDynamoDB
) -> None:
    standin.inject(Fault(FaultKind.ACCESS_DENIED))
    harness = build(CHAT)
    dynamodb.inject(TableFault.DENIED, "UpdateItem")
    with pytest.raises(InvocationFailed) as failed:
        harness.handle(QUERY)
    message = json.loads(str(failed.value))
    assert (message["code"], message["record"]) == ("MODEL_ACCESS_DENIED", None)


def says_it_all(*_: object) -> None:
    raise RuntimeError("How windy is it?")


def test_a_defect_in_the_report_hides_no_answer(
    build: Build, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    harness = build(Says())
    monkeypatch.setattr(harness.service._reporter, "report", says_it_all)
    assert harness.handle(QUERY)["success"]
    printed = lines()
    assert "How windy" not in json.dumps(printed)
    assert printed[-1]["message"] == "The request could not be reported"


def test_a_defect_in_the_commit_is_told_without_words(
    build: Build, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    harness = build(Says())
    monkeypatch.setattr("tradewind.handlers.service.commit_artifacts", says_it_all)
    with pytest.raises(InvocationFailed) as failed:
        harness.handle(QUERY)
    assert json.loads(str(failed.value)) == {
        "code": "INTERNAL_ERROR",
        "status": 500,
        "agent": "terrain",
        "request_id": "r",
        "record": {"table": harness.records.name, "record_id": "terrain#r#"},
    }
    assert failed.value.__context__ is failed.value.__cause__ is None
    assert "How windy" not in json.dumps(lines())
    assert harness.records.codes == {"r": "INTERNAL_ERROR"}


@pytest.mark.parametrize("fault", [TableFault.ERROR_AFTER, TableFault.ERROR_BEFORE])
def test_a_start_that_may_have_been_written_is_closed(
    build: Build, dynamodb: LoopbackDynamoDB, lines: Lines, fault: TableFault
) -> None:
    agent = Says()
    harness = build(agent)
    dynamodb.inject(fault, "PutItem", count=MAX_ATTEMPTS)
    if fault is TableFault.ERROR_AFTER:  # nor can it see that the record is its own
        dynamodb.inject(TableFault.ERROR_BEFORE, "GetItem", count=MAX_ATTEMPTS)
    with pytest.raises(InvocationFailed, match="STORAGE_UNAVAILABLE"):
        harness.handle(QUERY)
    assert agent.runs == 0
    assert metrics(lines())[MetricName.RECORDS_NOT_FINISHED] == [0.0]
    assert set(harness.records.status.values()) <= {"failed"}
    assert harness.handle(QUERY)["success"]


def test_an_answer_that_cannot_be_delivered_did_not_succeed(build: Build, lines: Lines) -> None:
    text = "wind " * (DELIVERY_LIMIT // 5)
    harness = build(Says(text))
    with pytest.raises(InvocationFailed, match="ANSWER_TOO_LARGE"):
        harness.handle(QUERY)
    kept = harness.records.answer("r")
    assert kept["response"] == text[:_CUT_TEXT]
    assert harness.records.codes == {"r": "ANSWER_TOO_LARGE"}
    assert done(lines())["outcome"] == "failed"


def test_half_a_character_of_the_model_is_no_reason_to_die(build: Build) -> None:
    harness = build(Says("wind \ud83c of the west"))
    answer = harness.handle(QUERY)
    assert answer["response"] == "wind ? of the west"
    assert answer == harness.records.answer("r")


def test_half_a_character_of_the_caller_neither(build: Build) -> None:
    answer = build(Says()).handle(QUERY | {"\ud800": 1})
    assert (answer["success"], answer["error"]["code"]) == (False, "INVALID_REQUEST")
    json.dumps(answer, ensure_ascii=False).encode()


def test_a_refusal_of_a_huge_name_can_be_delivered(build: Build) -> None:
    answer = build(Says()).handle(QUERY | {"x" * DELIVERY_LIMIT: 1})
    assert answer["error"]["code"] == "INVALID_REQUEST"
    assert len(json.dumps(answer)) < 100_000


def test_an_answer_that_cannot_be_encoded_did_not_succeed(build: Build, lines: Lines) -> None:
    harness = build(Says(facts={"turbines": object()}))
    with pytest.raises(InvocationFailed, match="INTERNAL_ERROR"):
        harness.handle(QUERY)
    kept = harness.records.answer("r")
    assert (kept["response"], kept["facts"]) == ("It is windy.", {})
    messages = [line.get("message") for line in lines()]
    assert messages.count("The answer cannot be encoded") == 1


def test_a_request_that_comes_too_late_begins_nothing(
    build: Build, standin: BedrockStandIn
) -> None:
    harness = build(CHAT)
    answer = harness.handle(QUERY, Context(remaining_ms=0))
    assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
    assert standin.stats().requests == 0
    assert harness.records.items() == {}


@pytest.mark.parametrize("fault", [TableFault.SILENT, TableFault.SILENT_AFTER])
def test_a_table_that_is_silent_until_the_deadline_is_our_failure(
    build: Build, dynamodb: LoopbackDynamoDB, fault: TableFault
) -> None:
    agent = Says()
    harness = build(agent)
    dynamodb.inject(fault, "PutItem", count=MAX_ATTEMPTS)
    # Not an answer to the caller: an event that nobody waits for would be lost.
    with pytest.raises(InvocationFailed, match="STORAGE_UNAVAILABLE"):
        harness.handle(QUERY, Context(remaining_ms=3_000))
    assert agent.runs == 0
    assert set(harness.records.status.values()) <= {"failed"}
    dynamodb.heal()  # there was no time for all of the faults
    assert harness.handle(QUERY)["success"]
