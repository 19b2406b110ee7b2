"""Runs on one project and repeats of one request, in ten thousand orders of their calls."""

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count, product

import pytest

from tests.integration.bad_day.interleaving import Delivery, Violation, World, install
from tests.turns import Choose, any_order, every_order
from tests.unit.run.project_runs import Call, Fault, Run

#: The orders that are tried in all; those that are not every one of a few are drawn.
ORDERS = 10_000
SEED = 8

#: Replaces what it may have read; and what does so without a look.
CHANGES = Run((Call(reads=("a",), writes=("a",)),))
WRITES = Run((Call(writes=("a", "b")),))
#: Calls of storage that a sending of either makes, others aside.
CALLS = 6
#: Steps of a worker until it is done, and one more.
STEPS = 9

#: Two of one request, each sent again when it is not answered; and one of another request.
REPEATED = Delivery("r-1", CHANGES, sendings=2)
ONCE = replace(REPEATED, sendings=1)


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(monkeypatch)
    logging.disable(logging.CRITICAL)  # it would take longer than all the rest
    yield
    logging.disable(logging.NOTSET)


class Tried:
    """Tries deliveries in orders, and counts."""

    def __init__(self) -> None:
        self.orders = 0
        self.events: Counter[str] = Counter()

    def once(
        self,
        deliveries: Sequence[Delivery],
        choose: Choose,
        *,
        before: Run | None = WRITES,
        reader: bool = False,
        time_passes: bool = False,
    ) -> World:
        """Try one order."""
        world = World(before)
        world.go(deliveries, choose, reader=reader, time_passes=time_passes)
        self.orders += 1
        self.events.update(world.events)
        return world

    def every(
        self,
        *deliveries: Delivery,
        judge: Callable[[World], None] = lambda _: None,
        reader: bool = False,
        time_passes: bool = False,
    ) -> int:
        """Try every order there is, and judge what is special; says how many there are."""

        def attempt(choose: Choose) -> None:
            judge(self.once(deliveries, choose, reader=reader, time_passes=time_passes))

        return len(list(every_order(attempt)))

    def in_bursts(self, first: Delivery, second: Delivery) -> None:
        """Let the first do any number of steps, then the second, then the first to its end."""
        for some, others in product(range(1, STEPS), repeat=2):
            turns = iter([0] * some + [1] * others)
            self.once((first, second), lambda waiting, turns=turns: _next(waiting, turns))  # type: ignore[misc]


def _next(waiting: Sequence[int], turns: Iterator[int]) -> int:
    wanted = next(turns, 0)
    return wanted if wanted in waiting else waiting[0]


@pytest.fixture(scope="module")
def tried() -> Tried:
    """All that the tests here try."""
    return Tried()


def worked_on_once(world: World) -> None:
    executions = [one for one in world.executions if one.request_id == "r-1"]
    assert len(executions) == 1


def test_of_repeats_one_is_worked_on_and_all_get_its_answer(tried: Tried) -> None:
    assert tried.every(REPEATED, REPEATED, judge=worked_on_once) > 100


@pytest.mark.parametrize("fault", Fault)
def test_whatever_befalls_a_request_its_repeat_makes_it_whole(tried: Tried, fault: Fault) -> None:
    for call in range(CALLS):
        assert tried.every(replace(REPEATED, faults={call: fault}), ONCE) > 10


@pytest.mark.parametrize("fault", Fault)
def test_whatever_befalls_a_run_while_another_replaces_all_it_left(
    tried: Tried, fault: Fault
) -> None:
    """Its own switch whose reply was lost may be found overtaken, with none of its files left."""
    for call in range(CALLS - 1):
        tried.in_bursts(
            Delivery("r-1", Run((Call(writes=("a",)),)), {call: fault}),
            Delivery("r-2", Run((Call(reads=("a",), writes=("a", "b")),))),
        )


def test_a_request_whose_time_passes_is_settled_and_done_by_its_repeat(tried: Tried) -> None:
    assert tried.every(REPEATED, time_passes=True) > 100


def test_two_runs_on_one_project_end_as_one_after_the_other(tried: Tried) -> None:
    runs = [Run((Call(writes=(name,)),)) for name in "ab"]
    deliveries = [Delivery(f"r-{number}", run) for number, run in enumerate(runs)]
    assert tried.every(*deliveries) > 252  # five calls each, and more where one meets the other


def test_a_reader_sees_what_whole_runs_left(tried: Tried) -> None:
    assert tried.every(ONCE, reader=True) > 100


def any_run(dice: random.Random) -> Run:
    def some() -> tuple[str, ...]:
        return tuple(dice.sample("ab", dice.randrange(3)))

    calls = [Call(some(), some(), dice.random() < 0.2) for _ in range(dice.choice((1, 1, 2)))]
    return Run(tuple(calls))


def any_deliveries(dice: random.Random) -> list[Delivery]:
    """Two or three deliveries of one to three requests, half of them with a fault."""
    requests = [(f"r-{number}", any_run(dice)) for number in range(dice.choice((1, 2, 2, 3)))]
    deliveries = []
    for number in range(dice.choice((2, 2, 3))):
        request_id, run = requests[number % len(requests)]
        faults = {dice.randrange(9): dice.choice([*Fault])} if dice.random() < 0.5 else {}
        deliveries.append(Delivery(request_id, run, faults, sendings=dice.choice((1, 1, 2))))
    return deliveries


def test_ten_thousand_orders_lose_nothing_and_mix_nothing(tried: Tried) -> None:
    """The rest of them: anything, in any order. The last test here."""
    for number in count():
        if tried.orders >= ORDERS:
            break
        dice = random.Random(f"{SEED}-{number}")  # noqa: S311  # no secret
        try:
            tried.once(
                any_deliveries(dice),
                any_order(dice),
                before=dice.choice((None, WRITES)),
                reader=dice.random() < 0.2,
                time_passes=dice.random() < 0.2,
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
    "settled",
    "read",
    "kept answer",
    "record not finished",
    "DUPLICATE_REQUEST",
    "PROJECT_CHANGED",
    "STORAGE_UNAVAILABLE",
}
