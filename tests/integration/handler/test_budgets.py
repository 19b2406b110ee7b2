"""What a request may cost holds over real frameworks, the model's protocol and a DynamoDB."""

import json
import uuid
from dataclasses import replace
from typing import Any, Final

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.integration.handler.conftest import CHAT, WITH_TOOL, Build, Harness
from tests.integration.handler.script import Script, Tokens, calls, says
from tradewind.budgets.costs import TOKENS_AROUND
from tradewind.budgets.table import BudgetTable, Day, new_entry, today
from tradewind.contracts.prices import nano_of
from tradewind.contracts.request import parse_request
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.records.item import RecordedRequest, content_sha256
from tradewind.records.openings import Openings

OWNER: Final = "arn:aws:iam::123456789012:user/ada"
ASKED: Final = {"query": "How windy is it?", "owner": OWNER, "request_id": "r"}
ONE: Final = Tokens(input=1_000, output=20, cache_read=300, cache_write=400)
TWO: Final = Tokens(input=2_000, output=50, cache_read=700, cache_write=900)


def nano(*tokens: Tokens) -> int:
    """What they cost at the harness's prices."""
    return sum(
        3_000 * one.input + 15_000 * one.output + 300 * one.cache_read + 3_750 * one.cache_write
        for one in tokens
    )


#: A call of the harness's agents reserves more than this and less than three times as much.
LEAST: Final = TOKENS_AROUND * 3_750 + 1_024 * 15_000


class Spender:
    """A service with a budget."""

    def __init__(self, harness: Harness, table: BudgetTable) -> None:
        self.harness = harness
        self.table = table

    def ask(self, **more: Any) -> dict[str, Any]:
        try:
            return self.harness.handle(ASKED | more)
        except InvocationFailed as failed:
            return failed.answer.model_dump(mode="json")

    def day(self) -> Day:
        return self.table.read(OWNER, today())


@pytest.fixture
def spender(build: Build, dynamodb: LoopbackDynamoDB) -> Any:
    """Build one."""

    def make(sketch: Any = CHAT, **limits: Any) -> Spender:
        name = dynamodb.create_budgets_table(f"budgets-{uuid.uuid4().hex}")
        harness = build(sketch, BUDGETS_TABLE=name, TRADEWIND_BUDGETS=json.dumps(limits))
        return Spender(harness, BudgetTable(name, dynamodb.client()))

    return make


def test_a_day_has_spent_what_its_calls_have_cost(spender: Any, script: Script) -> None:
    script(calls("measure_wind", ONE, height_m=80), says("Windy.", TWO))
    one = spender(WITH_TOOL, per_principal_day_usd=1)
    answer = one.ask()
    assert answer["success"]
    assert one.day() == Day(committed=nano(ONE, TWO))
    assert nano_of(answer["usage"]["cost_usd"]) == nano(ONE, TWO)


def test_who_cannot_pay_is_refused_before_anything_is_asked(
    spender: Any, script: Script, standin: BedrockStandIn
) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=LEAST / 1e9)
    answer = one.ask()
    assert (answer["success"], answer["status_code"]) == (False, 402)
    assert answer["error"]["code"] == "BUDGET_EXCEEDED"
    extensions = answer["error"]["extensions"]
    assert extensions["left_usd"] == extensions["limit_usd"] == LEAST / 1e9
    assert extensions["resets_at"] in answer["error"]["message"]
    assert answer["usage"] == dict.fromkeys(answer["usage"], 0)
    assert standin.prompts() == []
    assert one.day() == Day()


def test_a_request_that_has_asked_stops_before_the_call_it_cannot_pay(
    spender: Any, script: Script
) -> None:
    dear = Tokens(input=4_000, output=1_000)
    script(calls("measure_wind", dear, height_m=80), says("Windy.", TWO))
    one = spender(WITH_TOOL, per_principal_day_usd=LEAST * 1.5 / 1e9)
    answer = one.ask()
    assert answer["error"]["code"] == "BUDGET_EXCEEDED"
    assert answer["usage"]["model_calls"] == 1
    assert answer["artifacts"] == []
    assert one.day() == Day(committed=nano(dear))
    assert one.harness.records.codes == {"r": "BUDGET_EXCEEDED"}


def test_the_key_of_a_request_that_asked_nothing_is_opened_again(
    spender: Any, script: Script, standin: BedrockStandIn
) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=LEAST * 3 / 1e9)
    openings = Openings(one.harness.records.table)
    question = {**ASKED, "accepted": True, "project_id": "p-1"}
    request = parse_request(question, "terrain")
    recorded = RecordedRequest(
        owner=OWNER,
        agent="terrain",
        request_id="r",
        project_id="p-1",
        model_id="m",
        sha256=content_sha256(request),
        attempt="api-1",
        accepted=True,
    )
    others = new_entry(OWNER, LEAST * 2)
    assert one.table.reserve(others, limit_nano=LEAST * 3, lease_s=900)[0]
    openings.open(recorded, life_s=900, ttl_days=1)
    assert one.ask(**question)["error"]["code"] == "BUDGET_EXCEEDED"
    assert one.ask(**question)["error"]["code"] == "BUDGET_EXCEEDED"  # kept until it is opened
    assert standin.prompts() == []
    one.table.settle(others, 0)
    openings.open(replace(recorded, attempt="api-2"), life_s=900, ttl_days=1)
    assert one.ask(**question)["success"]
    assert one.ask(**question)["success"]
    assert len(standin.prompts()) == 1


def test_a_request_has_a_limit_of_its_own_whoever_asks(spender: Any, script: Script) -> None:
    dear = Tokens(input=4_000, output=1_000)
    script(calls("measure_wind", dear, height_m=80), says("Windy.", TWO))
    one = spender(WITH_TOOL, per_request_usd=LEAST * 1.5 / 1e9)
    answer = one.ask(owner="x")
    assert answer["error"]["code"] == "BUDGET_EXCEEDED"
    assert "of this request" in answer["error"]["message"]
    assert answer["error"]["extensions"]["resets_at"] is None
    assert one.ask(owner="x", request_id="s")["success"]  # the script goes on with TWO


def test_owners_have_budgets_of_their_own(spender: Any, script: Script) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=1, principals={OWNER: LEAST / 1e9, "free": None})
    assert one.ask()["error"]["code"] == "BUDGET_EXCEEDED"
    assert one.ask(owner="ben", request_id="s")["success"]
    assert one.ask(owner="free", request_id="t")["success"]
    assert one.table.read("ben", today()) == Day(committed=nano(ONE))
    assert one.table.read("free", today()) == Day()


def test_calls_that_the_service_refuses_cost_nothing(
    spender: Any, script: Script, standin: BedrockStandIn
) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=LEAST * 3 / 1e9)
    standin.inject(Fault(FaultKind.THROTTLED), Fault(FaultKind.UNAVAILABLE))
    assert one.ask()["usage"]["model_calls"] == 3
    assert one.day() == Day(committed=nano(ONE))


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.STREAM_THROTTLED])
def test_a_call_that_breaks_off_counts_as_the_most_it_may_have_cost(
    spender: Any, script: Script, standin: BedrockStandIn, kind: FaultKind
) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=1)
    standin.inject(Fault(kind))
    assert one.ask()["success"]
    lost = one.day().committed - nano(ONE)
    assert LEAST < lost < 3 * LEAST
    assert one.day().reserved == 0


def test_without_knowing_what_is_left_nothing_is_asked(
    spender: Any, script: Script, standin: BedrockStandIn, dynamodb: LoopbackDynamoDB
) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=1)
    dynamodb.inject(TableFault.DENIED, "UpdateItem")
    answer = one.ask()
    assert answer["error"]["code"] == "STORAGE_ACCESS_DENIED"
    assert "budget" in answer["error"]["message"]
    assert standin.prompts() == []


def test_a_reply_that_is_lost_changes_no_answer_and_no_sum(
    spender: Any, script: Script, dynamodb: LoopbackDynamoDB
) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=1)
    dynamodb.inject(TableFault.REPLY_LOST, "UpdateItem", count=1)
    dynamodb.inject(TableFault.REPLY_LOST, "UpdateItem", count=1)
    assert one.ask()["success"]
    assert one.day() == Day(committed=nano(ONE))


def test_what_cannot_be_settled_at_once_is_settled_at_the_end(
    spender: Any, script: Script, dynamodb: LoopbackDynamoDB
) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=1)
    original = one.harness.service._budgets._table.settle
    refused: list[int] = []

    def deny_the_first(*arguments: Any) -> bool:
        if not refused:
            refused.append(1)
            dynamodb.inject(TableFault.DENIED, "UpdateItem")
        return bool(original(*arguments))

    one.harness.service._budgets._table.settle = deny_the_first
    assert one.ask()["success"]
    assert refused == [1]
    assert one.day() == Day(committed=nano(ONE))


def test_an_answer_that_is_kept_costs_nothing_again(spender: Any, script: Script) -> None:
    script(says("Windy.", ONE))
    one = spender(per_principal_day_usd=1)
    first = one.ask()
    assert one.ask() == first
    assert one.day() == Day(committed=nano(ONE))
