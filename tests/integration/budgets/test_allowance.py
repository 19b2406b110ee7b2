"""What a request does with its budget at its end, and what its threads may do after that."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.budgets.spending import (
    LEASE_S,
    OWNER,
    PRICES,
    MemoryBudgets,
    ModelCall,
)
from tradewind.budgets.allowance import PrincipalLimit, RequestAllowance
from tradewind.budgets.table import BudgetTable, Day, today
from tradewind.contracts.errors import BudgetExceeded, DeadlineExceeded

CALL: Final = ModelCall(max_tokens=500, share=50)


class Counted(MemoryBudgets):
    """Counts writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def update_item(self, **request: Any) -> dict[str, Any]:
        self.writes += 1
        return super().update_item(**request)


@pytest.fixture
def client() -> Counted:
    """A table in memory."""
    return Counted()


@pytest.fixture
def table(client: Counted) -> BudgetTable:
    """The table on it."""
    return BudgetTable("budgets", client)  # type: ignore[arg-type]  # as far as used


def allowance(table: BudgetTable | None, request_nano: int | None = None) -> RequestAllowance:
    principal = table and PrincipalLimit(OWNER, 10 * CALL.most, table)
    return RequestAllowance(
        PRICES, request_nano=request_nano, principal=principal or None, lease_s=lambda: LEASE_S
    )


def told(tokens: int) -> dict[str, Any]:
    return {"usage": {"inputTokens": tokens, "outputTokens": 0}}


def test_a_call_that_is_left_behind_is_settled_with_its_request_and_for_good(
    table: BudgetTable,
) -> None:
    spender = allowance(table)
    left_behind = spender.reserve(CALL.request)
    spender.close()
    assert table.read(OWNER, today()) == Day(committed=CALL.most)
    assert spender.unsettled == 0
    left_behind.settle(told(1))
    left_behind.release()
    assert table.read(OWNER, today()) == Day(committed=CALL.most)


def test_after_its_request_nothing_is_paid_for(table: BudgetTable) -> None:
    spender = allowance(table)
    spender.close()
    with pytest.raises(DeadlineExceeded):
        spender.reserve(CALL.request)
    assert table.read(OWNER, today()) == Day()


def test_a_call_takes_two_writes_and_its_end_none(table: BudgetTable, client: Counted) -> None:
    spender = allowance(table)
    call = spender.reserve(CALL.request)
    call.settle(told(10))
    call.settle(None)
    call.release()
    spender.close()
    assert client.writes == 2
    assert table.read(OWNER, today()) == Day(committed=10)


def test_without_a_principals_limit_nothing_is_written(client: Counted) -> None:
    spender = allowance(None, request_nano=CALL.most)
    spender.reserve(CALL.request).settle(told(10))
    spender.close()
    assert client.writes == 0


def test_what_cost_more_than_was_reserved_is_counted_and_logged(
    table: BudgetTable, caplog: pytest.LogCaptureFixture
) -> None:
    allowance(table).reserve(CALL.request).settle(told(CALL.most + 5))
    assert table.read(OWNER, today()) == Day(committed=CALL.most + 5)
    assert "cost more than was reserved" in caplog.text


@given(st.lists(st.tuples(st.integers(1, 3_000), st.integers(0, 100)), max_size=12))
def test_a_request_never_spends_more_than_its_own_limit(calls: list[tuple[int, int]]) -> None:
    limit = 2 * CALL.most
    spender = allowance(None, request_nano=limit)
    spent = 0
    for max_tokens, share in calls:
        call = ModelCall(max_tokens, share)
        if spent + call.most > limit:
            with pytest.raises(BudgetExceeded) as refused:
                spender.reserve(call.request)
            assert refused.value.extensions["left_usd"] == (limit - spent) / 1e9
            continue
        spender.reserve(call.request).settle(told(call.bill))
        spent += call.bill
