"""The table of budgets against a DynamoDB that evaluates its expressions, and that fails."""

import json
import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.integration.budgets.spending import MemoryBudgets
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated
from tradewind.budgets import table as module
from tradewind.budgets.budgets import Budgets
from tradewind.budgets.table import BudgetTable, Day, new_entry, today
from tradewind.contracts.errors import (
    BudgetExceeded,
    ConfigurationError,
    StorageAccessDenied,
    StorageUnavailable,
)
from tradewind.contracts.prices import BudgetLimits, ModelPrices

OWNER: Final = "arn:aws:iam::123456789012:role/ci"
LIMIT: Final = 100


@pytest.fixture
def table(dynamodb: LoopbackDynamoDB, monkeypatch: pytest.MonkeyPatch) -> Iterator[BudgetTable]:
    """A table of its own, and a client as agents have it."""
    monkeypatch.setattr("tradewind.aws.repeats.BASE_PAUSE_S", 0.001)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url)
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = dynamodb.create_budgets_table(f"budgets-{uuid.uuid4().hex}")
    client = AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True))
    dynamodb.heal()
    yield BudgetTable(name, client)
    dynamodb.returns_items = True
    dynamodb.heal()


def reserve(table: BudgetTable, nano: int, lease_s: float = 900) -> tuple[Any, bool, Day]:
    entry = new_entry(OWNER, nano)
    return entry, *table.reserve(entry, limit_nano=LIMIT, lease_s=lease_s)


@pytest.mark.parametrize("tells", [True, False])
def test_what_is_left_can_be_reserved_and_no_more(
    table: BudgetTable, dynamodb: LoopbackDynamoDB, *, tells: bool
) -> None:
    dynamodb.returns_items = tells
    assert reserve(table, 60)[1:] == (True, Day(60, 60))
    assert reserve(table, 41)[1:] == (False, Day(60, 60))
    assert reserve(table, 40)[1:] == (True, Day(100, 100))
    assert reserve(table, 1)[1:] == (False, Day(100, 100))
    assert reserve(table, 101)[1:] == (False, Day(100, 100))


def test_settling_gives_back_once(table: BudgetTable) -> None:
    entry = reserve(table, 60)[0]
    assert table.settle(entry, 25)
    assert table.read(OWNER, entry.day) == Day(25)
    assert not table.settle(entry, 0)
    assert table.read(OWNER, entry.day) == Day(25)


def test_what_cost_more_than_was_reserved_is_counted(table: BudgetTable) -> None:
    entry = reserve(table, 60)[0]
    table.settle(entry, 90)
    assert table.read(OWNER, entry.day) == Day(90)


def test_the_first_call_of_a_day_may_not_be_dearer_than_the_day(table: BudgetTable) -> None:
    assert reserve(table, 101)[1:] == (False, Day())


@pytest.mark.parametrize("fault", [TableFault.REPLY_LOST, TableFault.ERROR_AFTER])
@pytest.mark.parametrize("tells", [True, False])
def test_a_write_whose_reply_is_lost_recognises_itself(
    table: BudgetTable, dynamodb: LoopbackDynamoDB, fault: TableFault, *, tells: bool
) -> None:
    dynamodb.returns_items = tells
    dynamodb.inject(fault, "UpdateItem")
    entry, reserved, day = reserve(table, 60)
    assert (reserved, day) == (True, Day(60, 60))
    dynamodb.inject(fault, "UpdateItem")
    table.settle(entry, 10)
    assert table.read(OWNER, entry.day) == Day(10)


def test_one_that_is_given_up_can_be_taken_back(
    table: BudgetTable, dynamodb: LoopbackDynamoDB
) -> None:
    dynamodb.inject(TableFault.REPLY_LOST, "UpdateItem", count=8)
    entry = new_entry(OWNER, 60)
    with pytest.raises(StorageUnavailable, match="budget"):
        table.reserve(entry, limit_nano=LIMIT, lease_s=900)
    assert table.read(OWNER, entry.day) == Day(60, 60)
    dynamodb.heal()
    assert table.settle(entry, 0)
    assert table.read(OWNER, entry.day) == Day(0)


def test_who_may_not_write_is_told(table: BudgetTable, dynamodb: LoopbackDynamoDB) -> None:
    dynamodb.inject(TableFault.DENIED, "UpdateItem")
    with pytest.raises(StorageAccessDenied, match="budgets"):
        reserve(table, 1)


def test_the_dead_are_swept_up_as_spent(
    table: BudgetTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = [reserve(table, 10, lease_s=-100)[0] for _ in range(3)]
    entry, _, day = reserve(table, 20)
    assert (day.committed, day.reserved) == (50, 20)
    assert set(day.overdue) == {one.name for one in dead}
    monkeypatch.setattr(module, "_SWEPT", 2)
    table.settle(entry, 20, day.overdue)
    day = table.read(OWNER, entry.day)
    assert (day.committed, day.reserved, len(day.overdue)) == (50, 0, 1)
    # Whoever was taken for dead, and was not, changes nothing any more.
    assert sum(table.settle(one, 0) for one in dead) == 1


def test_the_item_says_whose_it_is_and_until_when(
    table: BudgetTable, dynamodb: LoopbackDynamoDB
) -> None:
    reserve(table, 60)
    [item] = dynamodb.client().scan(TableName=table.name)["Items"]
    assert item["owner"] == {"S": OWNER}
    assert OWNER not in item["account_day"]["S"]
    assert item["account_day"]["S"].endswith(f"#{today()}")
    assert int(item["expires_at"]["N"]) > 0


def test_the_table_in_memory_does_what_dynamodb_does(table: BudgetTable) -> None:
    """What ten thousand orders are tried on is held against the real one's answers."""
    memory = BudgetTable("memory", MemoryBudgets())  # type: ignore[arg-type]  # as far as used
    entries = [new_entry(OWNER, nano) for nano in (60, 60, 40, 0, 7)]
    told: list[list[Any]] = []
    for one in (table, memory):
        answers: list[Any] = []
        for entry in (*entries, entries[0]):
            answers.append(one.reserve(entry, limit_nano=LIMIT, lease_s=-100))
        for entry, cost in ((entries[0], 5), (entries[0], 9), (entries[4], 0), (entries[2], 90)):
            answers.append(one.settle(entry, cost, (entries[3].name,)))
        answers.append(one.read(OWNER, entries[0].day))
        told.append(answers)
    assert told[0] == told[1]
    assert told[0][-1].committed == 5 + 90


def budgets(table: BudgetTable, **limits: Any) -> Budgets:
    prices = ModelPrices(input=1, output=1, cache_read=1, cache_write=1)
    return Budgets(BudgetLimits.model_validate(limits), prices, table)


def test_a_balance_is_what_the_table_says(table: BudgetTable) -> None:
    asked = budgets(table, per_principal_day_usd=0.001)
    before = asked.read(OWNER)
    assert (before.limit_usd, before.spent_usd, before.left_usd) == (0.001, 0.0, 0.001)
    entry = new_entry(OWNER, 300_000)
    table.reserve(entry, limit_nano=1_000_000, lease_s=900)
    balance = asked.read(OWNER)
    assert (balance.reserved_usd, balance.spent_usd, balance.left_usd) == (0.0003, 0.0, 0.0007)
    table.settle(entry, 100_000)
    balance = asked.read(OWNER)
    assert (balance.reserved_usd, balance.spent_usd, balance.left_usd) == (0.0, 0.0001, 0.0009)
    assert balance.day == entry.day
    assert balance.resets_at.endswith("T00:00:00Z")
    assert balance.resets_at > balance.day


@pytest.mark.parametrize(
    ("limits", "owner"),
    [
        ({}, OWNER),
        ({"per_principal_day_usd": 1}, ""),
        ({"per_principal_day_usd": 1, "principals": {OWNER: None}}, OWNER),
    ],
)
def test_without_a_limit_nothing_is_kept(
    table: BudgetTable, dynamodb: LoopbackDynamoDB, limits: dict[str, Any], owner: str
) -> None:
    asked = budgets(table, **limits)
    balance = asked.read(owner)
    assert (balance.limit_usd, balance.spent_usd, balance.left_usd) == (None, None, None)
    asked.require_left(owner, 100)
    assert asked.allowance(owner, lambda: 900) is None
    assert dynamodb.calls == []


def test_who_names_no_owner_has_a_budget_if_it_is_set(table: BudgetTable) -> None:
    assert budgets(table, principals={"": 2}).read("").limit_usd == 2


def test_nobody_comes_in_who_cannot_ask_anything(table: BudgetTable) -> None:
    asked = budgets(table, per_principal_day_usd=0.01)
    asked.require_left(OWNER, 100)
    entry = new_entry(OWNER, 9_000_000)
    table.reserve(entry, limit_nano=10_000_000, lease_s=900)
    asked.require_left(OWNER, 100)  # what is reserved may be given back
    table.settle(entry, 9_000_000)
    with pytest.raises(
        BudgetExceeded, match=r"^0\.001 US dollars are left of the 0\.01"
    ) as refused:
        asked.require_left(OWNER, 100)
    extensions = refused.value.extensions
    assert (extensions["left_usd"], extensions["limit_usd"]) == (0.001, 0.01)
    assert extensions["resets_at"] == asked.read(OWNER).resets_at
    json.dumps(extensions)


def test_limits_without_prices_are_refused(table: BudgetTable) -> None:
    with pytest.raises(ConfigurationError, match="no prices"):
        Budgets(BudgetLimits(per_request_usd=1), None, table)
    Budgets(BudgetLimits(), None, table)
