"""Turns of one conversation, repeats and deletions, in ten thousand orders of their calls."""

import logging
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest

from tests.integration.bad_day.interleaving import Violation
from tests.integration.conversations.interleaving import Ask, Delete, World, install
from tests.turns import Choose, any_order, every_order
from tests.unit.run.project_runs import Fault

#: The orders that are tried in all; those that are not every one of a few are drawn.
ORDERS = 10_000
SEED = 26
#: Calls of storage that a turn makes: record, claim, history, turn, head, record.
CALLS = 6


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(monkeypatch)
    logging.disable(logging.CRITICAL)  # it would take longer than all the rest
    yield
    logging.disable(logging.NOTSET)


class Tried:
    """Tries work in orders, and counts."""

    def __init__(self) -> None:
        self.orders = 0
        self.events: Counter[str] = Counter()

    def once(
        self,
        work: Sequence[Ask | Delete],
        choose: Choose,
        *,
        before: int = 1,
        time_passes: bool = False,
        clocks_differ: bool = False,
    ) -> World:
        """Try one order, in a conversation that has so many turns."""
        world = World()
        for number in range(before):
            world.ask(Ask(f"before-{number}"))
        world.go(work, choose, time_passes=time_passes, clocks_differ=clocks_differ)
        self.orders += 1
        self.events.update(world.events)
        return world

    def every(self, *work: Ask | Delete, time_passes: bool = False) -> int:
        """Try every order there is; says how many there are."""

        def attempt(choose: Choose) -> None:
            self.once(work, choose, time_passes=time_passes)

        return len(list(every_order(attempt)))


@pytest.fixture(scope="module")
def tried() -> Tried:
    """All that the tests here try."""
    return Tried()


A, B = Ask("r-1"), Ask("r-2")


def test_of_two_turns_at_once_each_is_appended_or_refused(tried: Tried) -> None:
    assert tried.every(A, B) > 100


def test_a_turn_and_its_repeat_are_one(tried: Tried) -> None:
    assert tried.every(replace(A, sendings=2), A) > 50


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("call", range(CALLS))
def test_whatever_befalls_a_turn_its_repeat_makes_it_whole(
    tried: Tried, fault: Fault, call: int
) -> None:
    hurt = replace(A, faults={call: fault}, sendings=2)
    for choose in (_first, _last, *map(_drawn, range(10))):
        tried.once([hurt, B], choose)


def test_a_repeat_that_cannot_tell_whether_it_is_the_first_looks_for_its_turn() -> None:
    """The reply to its record's start was lost, and with it what the start replaced."""
    world = World()
    world.ask(Ask("r-1", {4: Fault.KILLED_AFTER}))
    world.let_time_pass()
    world.ask(Ask("r-1", {0: Fault.REPEATED}))
    world.judge()
    assert world.events["kept answer"] == 1


def test_a_turn_whose_time_passes_leaves_the_conversation_to_others(tried: Tried) -> None:
    assert tried.every(replace(A, sendings=2), time_passes=True) > 5


def test_a_conversation_is_deleted_before_or_after_a_turn(tried: Tried) -> None:
    assert tried.every(A, Delete()) > 50


@pytest.mark.parametrize("fault", Fault)
def test_a_deletion_that_breaks_off_is_made_whole(tried: Tried, fault: Fault) -> None:
    for call in range(6):
        for choose in (_first, _last, *map(_drawn, range(10))):
            tried.once([Delete(faults={call: fault}), A], choose, before=2)


def _first(waiting: Sequence[int]) -> int:
    return waiting[0]


def _last(waiting: Sequence[int]) -> int:
    return waiting[-1]


def _drawn(seed: int) -> Choose:
    return any_order(random.Random(seed))  # noqa: S311  # no secret


def any_work(dice: random.Random) -> list[Ask | Delete]:
    """Two to four callers of one to three requests, half of them with a fault."""
    requests = dice.choice((1, 2, 2, 3))
    work: list[Ask | Delete] = []
    for number in range(dice.choice((2, 2, 3, 4))):
        faults = {dice.randrange(9): dice.choice([*Fault])} if dice.random() < 0.5 else {}
        if dice.random() < 0.1:
            work.append(Delete(faults))
            continue
        work.append(
            Ask(
                f"r-{number % requests}",
                faults,
                sendings=dice.choice((1, 1, 2, 3)),
                fails=dice.random() < 0.1,
            )
        )
    return work


def test_ten_thousand_orders_lose_no_turn_and_mix_none(tried: Tried) -> None:
    """The rest of them: anything, in any order. The last test here."""
    for number in count():
        if tried.orders >= ORDERS:
            break
        dice = random.Random(f"{SEED}-{number}")  # noqa: S311  # no secret
        try:
            tried.once(
                any_work(dice),
                any_order(dice),
                before=dice.choice((0, 1, 2)),
                time_passes=dice.random() < 0.3,
                clocks_differ=dice.random() < 0.3,
            )
        except Violation as wrong:
            wrong.add_note(f"order {number} of those that are drawn")
            raise
    print(f"{tried.orders} orders: {dict(tried.events.most_common())}")
    assert set(tried.events) >= EVENTS


#: What has to be among what happened, for the orders to have been worth trying.
EVENTS = {
    *map(str, Fault),
    "death",
    "time passed",
    "deleted",
    "delete refused",
    "kept answer",
    "DUPLICATE_REQUEST",
    "MODEL_FAILED",
    "SESSION_BUSY",
    "SESSION_CHANGED",
    "STORAGE_UNAVAILABLE",
}
