"""Requests that spend from one budget, in ten thousand orders of their calls of the table."""

import logging
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.integration.bad_day.steps import CLOCK
from tests.integration.budgets.spending import (
    LATER_S,
    PRICES,
    End,
    ModelCall,
    Spending,
    Violation,
    World,
    install,
)
from tests.turns import Choose, any_order, every_order
from tests.unit.run.project_runs import Fault
from tradewind.budgets.costs import most_cost
from tradewind.budgets.table import BudgetTable, Day, Entry

ORDERS: Final = 10_000
SEED: Final = 9
#: Two minutes before a midnight in UTC.
EVENING: Final = 1_000_080_000 - 120
CHEAP: Final = ModelCall(max_tokens=100, share=40)
DEAR: Final = ModelCall(max_tokens=900, share=100)
#: Calls of the table that one call of the model takes.
CALLS: Final = 2


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(monkeypatch)
    monkeypatch.setattr(CLOCK, "now", CLOCK.now)
    logging.disable(logging.CRITICAL)  # it would take longer than all the rest
    yield
    logging.disable(logging.NOTSET)


class Tried:
    """Counts what was tried."""

    def __init__(self) -> None:
        self.orders = 0
        self.events: Counter[str] = Counter()

    def once(
        self, world: World, requests: Sequence[Spending], choose: Choose, passes: float | None
    ) -> None:
        world.go(requests, choose, time_passes_s=passes)
        self.orders += 1
        self.events.update(world.events)


@pytest.fixture(scope="module")
def tried() -> Tried:
    """All that the tests here try."""
    return Tried()


@pytest.mark.parametrize("fault", [None, *Fault])
def test_two_of_whom_one_can_pay(tried: Tried, fault: Fault | None) -> None:
    """There is enough for either, and not for both at once."""
    limit = DEAR.most + CHEAP.most - 1
    for call in range(CALLS):
        first = Spending((DEAR,), {} if fault is None else {call: fault})

        def attempt(choose: Choose, first: Spending = first) -> None:
            tried.once(World(limit), [first, Spending((CHEAP,))], choose, None)

        assert len(list(every_order(attempt))) > 10


def test_what_was_not_spent_is_there_for_the_next(tried: Tried) -> None:
    world = World(3 * CHEAP.most)
    tried.once(world, [Spending((CHEAP,) * 5)], lambda waiting: waiting[0], None)
    assert world.day() == Day(committed=5 * CHEAP.bill)
    assert world.events["refused"] == 0


def test_the_dead_count_as_the_most_that_they_may_have_spent_and_are_swept_up(
    tried: Tried,
) -> None:
    world = World(5 * DEAR.most)
    dies = Spending((CHEAP,), {1: Fault.KILLED_BEFORE})
    tried.once(world, [dies], lambda waiting: waiting[0], None)
    assert world.day() == Day(committed=CHEAP.most, reserved=CHEAP.most)
    CLOCK.now += LATER_S
    [overdue] = world.day().overdue
    assert world.day() == Day(committed=CHEAP.most, overdue=(overdue,))
    world.serve(Spending((DEAR,)))
    assert world.day() == Day(committed=CHEAP.most + DEAR.bill)


def test_a_call_counts_on_the_day_of_its_reservation(tried: Tried) -> None:
    CLOCK.now = EVENING
    world = World(DEAR.most)
    turns = iter([0, 0, 1, 1])  # reserved, midnight, and the rest
    choose: Choose = lambda waiting: next(turns, waiting[0])  # noqa: E731
    tried.once(world, [Spending((DEAR, DEAR))], choose, 200.0)
    assert world.events["refused"] == 0
    assert [item["committed"]["N"] for item in world.client.items.values()] == [str(DEAR.bill)] * 2


class ReadsThenWrites(BudgetTable):
    """Looks, and takes: what two may do at once."""

    def reserve(self, entry: Entry, *, limit_nano: int, lease_s: float) -> tuple[bool, Day]:
        day = self.read(entry.owner, entry.day)
        if day.committed + entry.nano > limit_nano:
            return False, day
        return super().reserve(entry, limit_nano=10**18, lease_s=lease_s)


class GivesBackTheDeads(BudgetTable):
    """Gives back what a function has reserved that is dead, as if it had not been spent."""

    def reserve(self, entry: Entry, *, limit_nano: int, lease_s: float) -> tuple[bool, Day]:
        for name in self.read(entry.owner, entry.day).overdue:
            dead = Entry(entry.owner, entry.day, name, entry.nano)
            super().settle(dead, 0)
        return super().reserve(entry, limit_nano=limit_nano, lease_s=lease_s)


@pytest.mark.parametrize("worse", [ReadsThenWrites, GivesBackTheDeads])
def test_a_worse_table_is_found_out(worse: type[BudgetTable]) -> None:
    def try_it() -> None:
        for number in range(500):
            _one(number, Tried(), make_table=lambda client: worse("budgets", client))

    with pytest.raises(Violation):
        try_it()


def any_call(dice: random.Random) -> ModelCall:
    return ModelCall(
        max_tokens=dice.choice((100, 900, 3_000)),
        share=dice.choice((0, 10, 50, 100, 100)),
        end=dice.choice((End.TOLD, End.TOLD, End.TOLD, End.REFUSED, End.CUT)),
    )


def any_requests(dice: random.Random) -> list[Spending]:
    """Two to four requests, half of them with a fault."""
    requests = []
    for _ in range(dice.choice((2, 2, 3, 4))):
        calls = tuple(any_call(dice) for _ in range(dice.choice((1, 1, 2))))
        faults = {dice.randrange(5): dice.choice([*Fault])} if dice.random() < 0.5 else {}
        requests.append(Spending(calls, faults))
    return requests


def _one(number: int, tried: Tried, **options: Any) -> None:
    """Try one order that is drawn."""
    dice = random.Random(f"{SEED}-{number}")  # noqa: S311  # no secret
    CLOCK.now = EVENING if dice.random() < 0.3 else EVENING + 10_000
    requests = any_requests(dice)
    dearest = max(call.most for one in requests for call in one.calls)
    world = World(
        int(dearest * dice.choice((0.9, 1, 1.5, 2, 4))), tells=dice.random() < 0.8, **options
    )
    passes = dice.choice((None, None, None, 200.0, LATER_S))
    try:
        tried.once(world, requests, any_order(dice), passes)
        if passes is None:
            # On the same budget, after the dead.
            CLOCK.now += LATER_S
            tried.once(world, [replace(one, faults={}) for one in requests], any_order(dice), None)
    except Violation as wrong:
        wrong.add_note(f"order {number} of those that are drawn")
        raise


def test_ten_thousand_orders_spend_no_more_than_there_is(tried: Tried) -> None:
    """The rest of them: anything, in any order. The last test here."""
    number = 0
    while tried.orders < ORDERS:
        _one(number, tried)
        number += 1
    print(f"{tried.orders} orders: {dict(tried.events.most_common())}")
    assert set(tried.events) >= EVENTS


#: What has to be among what happened, for the orders to have been worth trying.
EVENTS: Final = {
    *map(str, Fault),
    *map(str, End),
    "death",
    "time passed",
    "refused",
    "not known",
    "unsettled",
}


def test_a_nanodollar_is_a_token_here() -> None:
    dearer = {"inferenceConfig": {"maxTokens": 101}}
    assert most_cost(dearer, PRICES).nano == CHEAP.most + 1
