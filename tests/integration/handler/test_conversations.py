"""Conversations with agents of both frameworks, on the wire and in the table."""

import gzip
import json
import os
import threading
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.frameworks import FRAMEWORKS, Framework, Sketch
from tests.integration.handler.conftest import (
    CHAT,
    WITH_TOOL,
    Build,
    Context,
    Harness,
)
from tests.integration.handler.script import Script, Tokens, calls, says
from tradewind.aws.repeats import MAX_ATTEMPTS
from tradewind.contracts.names import session_key
from tradewind.conversations.item import CONTENT_LIMIT, HEAD, StoredTurn, turn_key
from tradewind.conversations.reading import delete_session, read_session
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.run.project import Project

#: Of requests that name no id.
NUMBERS = count(100)
KEY = session_key(owner="", session_id="s-1")


def ask(query: str, **fields: Any) -> dict[str, Any]:
    request_id = f"r{next(NUMBERS)}"
    return {"query": query, "session_id": "s-1", "request_id": request_id, **fields}


def words(message: dict[str, Any]) -> str:
    return "".join(block.get("text", "") for block in message["content"])


def stored(harness: Harness) -> list[StoredTurn]:
    """The turns, the oldest first."""
    head = harness.sessions.head(KEY)
    return [] if head is None else [*harness.sessions.turns(head)][::-1]


def responses(harness: Harness) -> list[str]:
    return [turn.content.response for turn in stored(harness)]


def sent(standin: BedrockStandIn) -> list[dict[str, Any]]:
    """The messages of the last model call."""
    messages: list[dict[str, Any]] = standin.prompts()[-1].request["messages"]
    return messages


def require_pairs(messages: list[dict[str, Any]]) -> int:
    """See that roles take turns and each tool call has its result; says how many calls."""
    calls: list[str] = []
    count = 0
    for at, message in enumerate(messages):
        assert message["role"] == ("user", "assistant")[at % 2]
        results = [b["toolResult"]["toolUseId"] for b in message["content"] if "toolResult" in b]
        assert sorted(results) == sorted(calls)
        calls = [b["toolUse"]["toolUseId"] for b in message["content"] if "toolUse" in b]
        count += len(calls)
    assert not calls
    return count


def code_of(harness: Harness, event: dict[str, Any], context: Context | None = None) -> str | None:
    """How a request ends: with a code, or well."""
    try:
        answer = harness.handle(event, context)
    except InvocationFailed as failed:
        answer = failed.answer.model_dump(mode="json")
    return answer["error"] and str(answer["error"]["code"])


def test_a_turn_knows_those_before_it_with_their_tools(
    build: Build, standin: BedrockStandIn
) -> None:
    harness = build(WITH_TOOL)
    for number in range(3):
        answer = harness.handle(
            ask(f"How windy is it at {number}0 m?", parameters={"height_m": number * 10})
        )
        assert answer["success"]
        assert answer["session_id"] == "s-1"
    messages = sent(standin)
    assert [words(one).partition("\n")[0] for one in messages[::4]] == [
        f"How windy is it at {number}0 m?" for number in range(3)
    ]
    assert require_pairs(messages) == 3
    assert len(stored(harness)) == 3


def test_turns_that_name_no_project_share_the_conversations(build: Build) -> None:
    harness = build(CHAT)
    first, second = (harness.handle(ask(query)) for query in ("Plan.", "And now?"))
    other = harness.handle(ask("And here?", session_id="s-2"))
    own = harness.handle(ask("And there?", project_id="moorkoog"))
    assert first["project_id"] == second["project_id"] != other["project_id"]
    assert own["project_id"] == "moorkoog"


def test_an_owner_has_conversations_of_their_own(build: Build, standin: BedrockStandIn) -> None:
    harness = build(CHAT)
    harness.handle(ask("Mine.", owner="ann"))
    harness.handle(ask("Mine too.", owner="bob"))
    assert [words(one) for one in sent(standin)] == ["Mine too."]
    assert read_session(harness.sessions, "eve", "s-1") is None
    mine = read_session(harness.sessions, "ann", "s-1")
    assert mine is not None
    assert [turn.query for turn in mine.turns] == ["Mine."]
    assert not delete_session(harness.sessions, "eve", "s-1")


def test_a_conversation_stays_with_its_agent(build: Build, standin: BedrockStandIn) -> None:
    harness = build(CHAT)
    harness.handle(ask("Begin."))
    other = build(CHAT, agent="layout", sessions_table=harness.sessions.name)
    calls = standin.stats().requests
    assert code_of(other, ask("Go on.", request_id="r-1")) == "SESSION_OF_ANOTHER_AGENT"
    assert standin.stats().requests == calls
    assert code_of(harness, ask("Go on.")) is None


def test_a_conversation_that_never_began_may_begin_with_another(
    build: Build, standin: BedrockStandIn
) -> None:
    harness = build(CHAT)
    standin.inject(Fault(FaultKind.VALIDATION, count=1))
    assert code_of(harness, ask("Begin.")) is not None
    other = build(CHAT, agent="layout", sessions_table=harness.sessions.name)
    assert code_of(other, ask("Begin.")) is None


@dataclass
class Halt:
    """A tool that waits until it is told to go on."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def sketch(self) -> Sketch:
        def halt() -> str:
            """Halt."""
            self.reached.set()
            assert self.go_on.wait(180)
            return "went on"

        return Sketch("Call halt once.", (halt,))


def test_a_second_turn_is_refused_while_one_is_at_work(
    build: Build, standin: BedrockStandIn
) -> None:
    halt = Halt()
    harness = build(halt.sketch())
    other = build(CHAT, sessions_table=harness.sessions.name)
    worker = threading.Thread(target=harness.handle, args=(ask("Halt."),))
    worker.start()
    assert halt.reached.wait(180)
    calls = standin.stats().requests
    refused = other.handle(ask("And I?", request_id="r-2"))
    assert refused["error"]["code"] == "SESSION_BUSY"
    assert refused["status_code"] == 409
    assert (standin.stats().requests, refused["usage"]["model_calls"]) == (calls, 0)
    with pytest.raises(Exception, match="at work"):
        delete_session(harness.sessions, "", "s-1")
    halt.go_on.set()
    worker.join()
    assert other.handle(ask("And I?", request_id="r-2"))["success"]
    assert [turn.content.query for turn in stored(harness)] == ["Halt.", "And I?"]


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.VALIDATION])
def test_a_turn_that_fails_after_a_tool_call_leaves_nothing(
    build: Build, standin: BedrockStandIn, kind: FaultKind
) -> None:
    def turn_bad() -> str:
        """Turn bad."""
        standin.inject(Fault(kind, count=None))
        return "bad"

    harness = build(Sketch("Call turn_bad once.", (turn_bad,)))
    good = build(CHAT, sessions_table=harness.sessions.name)
    good.handle(ask("Begin."))
    assert code_of(harness, ask("Turn bad.")) is not None
    standin.clear_faults()
    assert good.handle(ask("Go on."))["success"]
    assert [turn.content.query for turn in stored(good)] == ["Begin.", "Go on."]
    assert require_pairs(sent(standin)[:-1]) == 0


def test_a_turn_that_is_cut_at_the_deadline_leaves_nothing(
    build: Build, standin: BedrockStandIn
) -> None:
    harness = build(WITH_TOOL)
    harness.handle(ask("Begin."))
    standin.inject(Fault(FaultKind.STALL, count=1))
    assert code_of(harness, ask("Stall."), Context(3_000)) == "DEADLINE_EXCEEDED"
    assert harness.handle(ask("Go on."))["success"]
    assert [turn.content.query for turn in stored(harness)] == ["Begin.", "Go on."]


def test_a_model_call_that_is_repeated_leaves_its_words_once(
    build: Build, standin: BedrockStandIn
) -> None:
    harness = build(WITH_TOOL)
    standin.inject(Fault(FaultKind.CUT, count=1))
    assert harness.handle(ask("How windy is it?"))["success"]
    assert harness.handle(ask("And now?"))["success"]
    assert require_pairs(sent(standin)) == 2


class TestARepeat:
    def test_of_an_answered_request_adds_no_turn(
        self, build: Build, standin: BedrockStandIn
    ) -> None:
        harness = build(WITH_TOOL)
        event = ask("How windy is it?", request_id="r-1")
        assert harness.handle(event) == harness.handle(event)
        assert len(stored(harness)) == 1

    def test_of_one_whose_record_was_never_finished_is_answered_from_its_turn(
        self, build: Build, standin: BedrockStandIn, dynamodb: LoopbackDynamoDB
    ) -> None:
        harness = build(WITH_TOOL)
        event = ask("How windy is it?", request_id="r-1")
        answer = harness.handle(event)
        harness.handle(ask("And then?", request_id="r-2"))
        self._die_before_the_end(harness, "r-1")
        calls = standin.stats().requests
        assert harness.handle(event) == answer
        assert standin.stats().requests == calls
        assert harness.records.status["r-1"] == "succeeded"
        assert harness.records.answer("r-1") == answer
        assert len(stored(harness)) == 2
        assert harness.handle(ask("Go on."))["success"]  # the conversation is free

    def test_of_one_that_is_cut_before_its_turn_is_worked_on(
        self, build: Build, dynamodb: LoopbackDynamoDB
    ) -> None:
        harness = build(WITH_TOOL)
        event = ask("How windy is it?", request_id="r-1")
        harness.handle(ask("Begin."))
        # A dead function's claim, and its turn that it did not come to append.
        harness.handle(event)
        self._die_before_the_end(harness, "r-1")
        client = harness.records.database.client()
        head = client.get_item(TableName=harness.sessions.name, Key=turn_key(KEY, HEAD))["Item"]
        first = stored(harness)[0]
        client.put_item(
            TableName=harness.sessions.name,
            Item={
                **head,
                "turns": {"N": "1"},
                "last": {"S": first.attempt},
                "holder": {"S": "dead"},
                "holder_record": {"S": "terrain#r-1#"},
                "held_until": {"N": "99999999999"},
            },
        )
        assert code_of(harness, ask("Another.")) == "SESSION_BUSY"
        assert harness.handle(event)["success"]  # its own claim is taken over
        assert [turn.content.query for turn in stored(harness)] == ["Begin.", "How windy is it?"]

    @staticmethod
    def _die_before_the_end(harness: Harness, request_id: str) -> None:
        """As if the function had been killed before it finished the record."""
        item = harness.records.items()[request_id]
        del item["answer"], item["finished_at"], item["error_code"]
        harness.records.database.client().put_item(
            TableName=harness.records.name,
            Item={**item, "status": {"S": "running"}, "deadline_at": {"N": "1"}},
        )


@pytest.mark.parametrize(
    "fault",
    [TableFault.REPLY_LOST, TableFault.ERROR_AFTER, TableFault.CUT_BEFORE, TableFault.THROTTLED],
)
@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "Query"])
def test_a_call_that_goes_wrong_once_harms_nothing(
    build: Build, dynamodb: LoopbackDynamoDB, operation: str, fault: TableFault
) -> None:
    harness = build(CHAT)
    assert harness.handle(ask("Begin."))["success"]
    dynamodb.inject(fault, operation)
    assert harness.handle(ask("Go on."))["success"]
    assert [turn.content.query for turn in stored(harness)] == ["Begin.", "Go on."]
    head = harness.sessions.head(KEY)
    assert head is not None
    assert head.holder is None


def test_a_claim_that_nobody_knows_of_is_let_go(build: Build, dynamodb: LoopbackDynamoDB) -> None:
    harness = build(CHAT)
    assert harness.handle(ask("Begin."))["success"]
    dynamodb.inject(TableFault.REPLY_LOST, "UpdateItem", MAX_ATTEMPTS)
    assert code_of(harness, ask("Lost.")) == "STORAGE_UNAVAILABLE"
    assert harness.handle(ask("Go on."))["success"]
    assert [turn.content.query for turn in stored(harness)] == ["Begin.", "Go on."]


def test_a_turn_that_cannot_be_written_fails_and_is_not_there(
    build: Build, dynamodb: LoopbackDynamoDB, script: Script
) -> None:
    harness = build(CHAT)

    def forbid(project: Project) -> str:
        """Forbid."""
        dynamodb.inject(TableFault.DENIED, "PutItem", MAX_ATTEMPTS)
        return "done"

    other = build(Sketch("Call forbid once.", (forbid,)), sessions_table=harness.sessions.name)
    assert code_of(other, ask("Forbid.")) == "STORAGE_ACCESS_DENIED"
    dynamodb.heal()
    assert responses(harness) == []
    assert harness.handle(ask("Go on."))["success"]  # it was let go


class TestBounds:
    def test_the_oldest_turns_are_left_out_whole(
        self, build: Build, standin: BedrockStandIn, script: Script
    ) -> None:
        harness = build(WITH_TOOL, SESSION_HISTORY_TOKENS="250")
        script(
            *(
                reply
                for _ in range(4)
                for reply in (
                    calls("measure_wind", Tokens(input=1000, output=50), height_m=80),
                    says("Windy.", Tokens(input=1080, output=20)),
                )
            )
        )
        for number in range(4):
            assert harness.handle(ask(f"Q{number}"))["success"]
        # 100 by the service's counts, and the question.
        assert [turn.tokens for turn in stored(harness)] == [101] * 4
        messages = sent(standin)
        assert [words(one) for one in messages[::4]] == ["Q1", "Q2", "Q3"]
        assert require_pairs(messages) == 3

    def test_a_turn_that_is_too_large_is_kept_without_its_tools(
        self, build: Build, standin: BedrockStandIn, script: Script
    ) -> None:
        def make_noise() -> str:
            """Make noise."""
            return os.urandom(45_000).hex()

        harness = build(Sketch("Call make_noise.", (make_noise,)))
        noise = [calls("make_noise") for _ in range(CONTENT_LIMIT // 45_000 + 2)]
        script(*noise, says("Noisy."), says("Still."))
        assert harness.handle(ask("How noisy is it?"))["success"]
        [turn] = stored(harness)
        assert (turn.content.messages, turn.tokens) == (None, 10)
        assert harness.handle(ask("And now?"))["success"]
        assert [words(one) for one in sent(standin)] == ["How noisy is it?", "Noisy.", "And now?"]

    def test_of_a_turn_over_the_bound_question_and_answer_go_on(
        self, build: Build, standin: BedrockStandIn, script: Script
    ) -> None:
        harness = build(WITH_TOOL, SESSION_HISTORY_TOKENS="50")
        script(
            calls("measure_wind", Tokens(input=1000, output=50), height_m=80),
            says("Windy.", Tokens(input=1080, output=20)),
            says("Still."),
        )
        harness.handle(ask("How windy is it?"))
        harness.handle(ask("And now?"))
        assert [words(one) for one in sent(standin)] == ["How windy is it?", "Windy.", "And now?"]


class TestWhatIsRead:
    @pytest.mark.parametrize(
        "values", [[], [{}], ["hi"], [{"role": "user", "content": [{"text": "hi"}]}]]
    )
    def test_messages_that_are_no_turn_end_the_request_clearly(
        self, build: Build, standin: BedrockStandIn, values: list[Any]
    ) -> None:
        harness = build(CHAT)
        harness.handle(ask("Begin."))
        self._replace(harness, values)
        calls = standin.stats().requests
        assert code_of(harness, ask("Go on.")) == "SESSION_UNREADABLE"
        assert standin.stats().requests == calls
        assert delete_session(harness.sessions, "", "s-1")
        assert harness.handle(ask("Begin again."))["success"]

    def test_a_head_that_is_none_is_held_by_nobody_and_can_be_deleted(self, build: Build) -> None:
        harness = build(CHAT)
        harness.handle(ask("Begin."))
        client = harness.records.database.client()
        broken = turn_key(KEY, HEAD) | {"turns": {"S": "many"}}
        client.put_item(TableName=harness.sessions.name, Item=broken)
        assert code_of(harness, ask("Go on.")) == "SESSION_UNREADABLE"
        head = client.get_item(TableName=harness.sessions.name, Key=turn_key(KEY, HEAD))["Item"]
        assert "holder" not in head
        assert delete_session(harness.sessions, "", "s-1")
        assert client.scan(TableName=harness.sessions.name)["Items"] == []
        assert harness.handle(ask("Begin again."))["success"]

    def test_messages_of_another_framework_are_read_as_words(
        self, build: Build, standin: BedrockStandIn, framework: Framework
    ) -> None:
        harness = build(WITH_TOOL)
        first = harness.handle(ask("How windy is it?"))
        [other] = [one for one in FRAMEWORKS.values() if one is not framework]
        build(CHAT, framework=other, sessions_table=harness.sessions.name).handle(ask("And now?"))
        assert [words(one) for one in sent(standin)] == [
            "How windy is it?",
            first["response"],
            "And now?",
        ]

    @staticmethod
    def _replace(harness: Harness, values: list[Any]) -> None:
        client = harness.records.database.client()
        [turn] = [
            item
            for item in client.scan(TableName=harness.sessions.name)["Items"]
            if "content" in item
        ]
        content = json.loads(gzip.decompress(turn["content"]["B"]))
        content["messages"]["values"] = values
        turn["content"] = {"B": gzip.compress(json.dumps(content).encode())}
        client.put_item(TableName=harness.sessions.name, Item=turn)


def test_a_deleted_conversation_is_gone_whole(build: Build, standin: BedrockStandIn) -> None:
    harness = build(CHAT)
    for number in range(3):
        harness.handle(ask(f"Q{number}"))
    assert delete_session(harness.sessions, "", "s-1")
    assert harness.records.database.client().scan(TableName=harness.sessions.name)["Items"] == []
    assert not delete_session(harness.sessions, "", "s-1")
    harness.handle(ask("Begin again."))
    assert [words(one) for one in sent(standin)] == ["Begin again."]
