"""What callers may spend, over the wire: told to each their own, and refused at the door."""

import json
import uuid
from typing import Any

import pytest

from tests.api_events import ADA, BOB, api_environment
from tests.dynamodb import TableFault
from tests.integration.api.conftest import ApiUnderTest
from tradewind.budgets.table import BudgetTable, new_entry
from tradewind.contracts.errors import BudgetExceeded
from tradewind.contracts.names import BUDGET_KEY, account_day
from tradewind.contracts.response import Usage

ASK = "/agents/terrain/invocations"
BODY = {"query": "How windy is it?"}
LIMIT_USD = 0.1
ALL = 100_000_000


@pytest.fixture
def table(api: ApiUnderTest) -> BudgetTable:
    """Gives callers a limit, and returns where it is kept what they spend."""
    door: Any = api.service._door
    name = api.database.create_budgets_table(f"budgets-{uuid.uuid4().hex}")
    prices = '{"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}'
    limits = {"per_principal_day_usd": LIMIT_USD, "principals": {BOB: None}}
    environment = api_environment(
        RECORDS_TABLE=api.records.name,
        BUDGETS_TABLE=name,
        TRADEWIND_MODEL_PRICES=prices,
        TRADEWIND_BUDGETS=json.dumps(limits),
    )
    object.__setattr__(door, "environment", environment)
    api.database.heal()
    return BudgetTable(name, door.dynamodb)


def spend(table: BudgetTable, nano: int) -> None:
    entry = new_entry(ADA, nano)
    table.reserve(entry, limit_nano=ALL, lease_s=900)
    table.settle(entry, nano)


def test_each_is_told_their_own(api: ApiUnderTest, table: BudgetTable) -> None:
    spend(table, 30_000_000)
    table.reserve(new_entry(ADA, 20_000_000), limit_nano=ALL, lease_s=900)
    status, budget, _ = api("GET", "/budget")
    assert status == 200
    assert budget["resets_at"][:10] > budget["day"]
    assert {name: value for name, value in budget.items() if name.endswith("usd")} == {
        "limit_usd": 0.1,
        "reserved_usd": 0.02,
        "spent_usd": 0.03,
        "left_usd": 0.05,
    }
    bobs = api("GET", "/budget", caller=BOB)[1]
    assert {name for name, value in bobs.items() if value is None} == {
        "limit_usd",
        "reserved_usd",
        "spent_usd",
        "left_usd",
    }


def test_with_nothing_left_no_record_is_opened(api: ApiUnderTest, table: BudgetTable) -> None:
    spend(table, 99_000_000)
    status, refused, _ = api("POST", ASK, BODY, headers={"Idempotency-Key": "k"})
    assert (status, refused["code"]) == (402, "BUDGET_EXCEEDED")
    assert (refused["left_usd"], refused["limit_usd"]) == (0.001, 0.1)
    assert refused["resets_at"] == api("GET", "/budget")[1]["resets_at"]
    assert api.database.client().scan(TableName=api.records.name)["Items"] == []
    assert api.functions.events == []
    assert api("POST", ASK, BODY, caller=BOB)[0] == 200


def test_a_repeat_gets_its_answer_whatever_is_left(api: ApiUnderTest, table: BudgetTable) -> None:
    key = {"Idempotency-Key": "k"}
    first = api("POST", ASK, BODY, headers=key)[1]
    spend(table, 99_000_000)
    status, again, _ = api("POST", ASK, BODY, headers=key)
    assert (status, again["id"]) == (200, first["id"])
    assert len(api.functions.events) == 1


def test_what_is_left_is_told_of_a_request_that_its_agent_ended(
    api: ApiUnderTest, table: BudgetTable
) -> None:
    extensions = {"left_usd": 0.01, "limit_usd": 0.1, "resets_at": "2026-11-27T00:00:00Z"}
    error = {"code": BudgetExceeded.code, "message": "Too dear.", "extensions": extensions}
    api.functions.work = lambda event: api.work(
        event, BudgetExceeded.code, error=error, status_code=402
    )
    status, refused, headers = api("POST", ASK, BODY)
    assert (status, refused["code"]) == (402, BudgetExceeded.code)
    assert extensions.items() <= refused.items()
    assert headers["Location"].endswith(refused["invocation_id"])


def test_a_key_that_its_budget_refused_at_once_is_worked_on_when_there_is_room(
    api: ApiUnderTest, table: BudgetTable
) -> None:
    key = {"Idempotency-Key": "k"}
    answering, nothing = api.functions.work, Usage(model_calls=0)
    api.functions.work = lambda event: api.work(event, BudgetExceeded.code, usage=nothing)
    assert api("POST", ASK, BODY, headers=key)[1]["code"] == BudgetExceeded.code
    spent = new_entry(ADA, 99_000_000)
    table.reserve(spent, limit_nano=ALL, lease_s=900)
    table.settle(spent, spent.nano)
    # Its function would only refuse it again: it is not asked, and the day's figures are told.
    status, refused, _ = api("POST", ASK, BODY, headers=key)
    assert (status, refused["left_usd"]) == (402, 0.001)
    assert api("POST", ASK, {"query": "Another?"}, headers=key)[0] == 422
    assert len(api.functions.events) == 1
    api.database.client().delete_item(
        TableName=table.name, Key={BUDGET_KEY: {"S": account_day(owner=ADA, day=spent.day)}}
    )
    api.functions.work = answering
    assert api("POST", ASK, BODY, headers=key)[0] == 200
    assert api("POST", ASK, BODY, headers=key)[0] == 200
    assert len(api.functions.events) == 2


def test_without_knowing_what_is_left_nobody_comes_in(
    api: ApiUnderTest, table: BudgetTable
) -> None:
    api.database.inject(TableFault.DENIED, "GetItem")
    status, refused, _ = api("POST", ASK, BODY)
    assert (status, refused["code"]) == (403, "STORAGE_ACCESS_DENIED")
    assert api.functions.events == []
