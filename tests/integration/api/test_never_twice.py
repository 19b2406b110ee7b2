"""Whatever befalls a request on its way, its model is asked once at most, and it ends once.

Every cut between two calls, every lost reply, two APIs at once, the agent's event delivered never,
once or twice, before and after the API's own death, and a sweep in between.
"""

import itertools
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pytest

from tests.integration.api.world import LATER_S, World, install
from tests.integration.bad_day.steps import CLOCK
from tests.turns import Choose, every_order
from tests.unit.run.project_runs import Fault

KEY = {"Idempotency-Key": "one"}
AT_ONCE = {**KEY, "Prefer": "respond-async"}
#: Calls of the table and of Lambda that one API call makes, and one run of an agent.
API_CALLS = 4
RUN_CALLS = 2


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def new_world(monkeypatch: pytest.MonkeyPatch) -> Callable[[], World]:
    def make() -> World:
        world = World()
        install(monkeypatch, world)
        return world

    return make


def state(world: World) -> str:
    (item,) = world.table.items.values()
    return f"{item['status']['S']} {item.get('error_code', {}).get('S', '')}".strip()


NO_FAULT: Mapping[int, Fault] = {}
ONE_FAULT = [NO_FAULT, *({call: fault} for call in range(API_CALLS) for fault in Fault)]
RUN_FAULT = [NO_FAULT, *({call: fault} for call in range(RUN_CALLS) for fault in Fault)]


@pytest.mark.parametrize("preferred", [AT_ONCE, {**KEY, "Prefer": "wait=5"}], ids=["async", "wait"])
def test_every_fault_every_delivery_and_a_repeat(
    new_world: Callable[[], World], preferred: dict[str, str]
) -> None:
    ends: Counter[str] = Counter()
    waits = preferred is not AT_ONCE
    every = itertools.product(ONE_FAULT, RUN_FAULT, (0, 2) if waits else (0, 1, 2), (0, 1))
    for first, run, times, repeats in every:
        world = new_world()
        world.next_run = run if waits else NO_FAULT
        world.call(faults=first, headers=preferred)
        if times:
            world.deliver(times, run)
        for _ in range(repeats):
            world.call(headers=preferred)
        world.end()
        assert world.asked.total() <= 1
        if world.table.items:
            ends[state(world)] += 1
            # The same key gets what there is, and nothing is worked on again.
            asked = world.asked.total()
            if not state(world).startswith("failed NOT_STARTED"):
                world.call(headers=preferred)
                world.end()
                assert world.asked.total() == asked
    assert {"succeeded", "failed FUNCTION_DIED", "failed NOT_STARTED"} <= set(ends), ends


def test_a_sweep_in_between_ends_what_is_late_and_its_event_finds_it_ended(
    new_world: Callable[[], World],
) -> None:
    for times in (0, 1, 2):
        world = new_world()
        world.call(headers=AT_ONCE)
        CLOCK.now += LATER_S
        world.sweep()
        assert state(world) == "failed NOT_STARTED"
        world.deliver(times)
        assert world.asked.total() == 0
        world.call(headers=AT_ONCE)  # nothing was asked: it may be sent again
        assert state(world) == "pending"
        world.end()
        assert (state(world), world.asked.total()) == ("succeeded", 1)


def test_what_was_cancelled_is_not_begun_with(new_world: Callable[[], World]) -> None:
    world = new_world()
    told = world.call(headers=AT_ONCE)
    assert told is not None
    path = told[2]["Location"]
    for _ in range(2):
        cancelled = world.call("DELETE", path, body=None)
        assert cancelled is not None
        assert (cancelled[0], cancelled[1]["state"]) == (200, "cancelled")
    world.end()
    assert (state(world), world.asked.total()) == ("failed CANCELLED", 0)
    repeated = world.call(headers=AT_ONCE)
    assert repeated is not None
    assert (repeated[0], repeated[1]["code"]) == (409, "CANCELLED")


def test_an_agent_that_takes_no_more_sheds_and_the_request_may_be_sent_again(
    new_world: Callable[[], World],
) -> None:
    for preferred in (AT_ONCE, {**KEY, "Prefer": "wait=5"}):
        world = new_world()
        world.functions.busy = True
        for _ in range(2):
            told = world.call(headers=preferred)
            assert told is not None
            assert (told[0], told[1]["code"]) == (429, "AGENT_BUSY")
            assert told[2]["Retry-After"] == "5"
        world.functions.busy = False
        world.call(headers=preferred)
        world.end()
        assert (state(world), world.asked.total()) == ("succeeded", 1)


def test_what_failed_before_anything_was_asked_may_be_sent_again(
    new_world: Callable[[], World],
) -> None:
    world = new_world()
    world.session_busy = 1
    told = world.call(headers=KEY)
    assert told is not None
    assert (told[0], told[1]["code"]) == (409, "SESSION_BUSY")
    told = world.call(headers=KEY)
    assert told is not None
    assert (told[0], told[1]["state"], world.asked.total()) == (200, "succeeded", 1)


def test_another_body_under_the_same_key_is_refused(new_world: Callable[[], World]) -> None:
    world = new_world()
    world.call(headers=KEY)
    told = world.call(body={"query": "Plan otherwise."}, headers=KEY)
    assert told is not None
    assert (told[0], told[1]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert world.asked.total() == 1


Work = Callable[[World], None]
CALL: Work = lambda world: void(world.call(headers=AT_ONCE))  # noqa: E731
DELIVERY: Work = lambda world: world.deliver()  # noqa: E731
TWICE: Work = lambda world: world.deliver(2)  # noqa: E731


def void(_value: object) -> None:
    """Drop a value."""


def cancel(world: World) -> None:
    (item,) = world.table.items.values()
    world.call("DELETE", f"/invocations/layout.{item['request_id']['S']}", body=None)


def late(world: World) -> None:
    world.steps.turns.step()
    CLOCK.now += LATER_S
    world.steps.kill_all()
    world.sweep()


def opened(world: World) -> None:
    world.call(headers=AT_ONCE)


@pytest.mark.parametrize(
    ("before", "works"),
    [
        ((), (CALL, CALL)),
        ((opened,), (CALL, DELIVERY)),
        ((opened, opened), (DELIVERY, DELIVERY)),
        ((opened,), (DELIVERY, cancel)),
        ((opened,), (DELIVERY, late)),
        ((opened,), (CALL, late)),
        ((opened,), (cancel, cancel)),
        ((opened,), (CALL, cancel)),
    ],
)
def test_every_order_of_two(
    new_world: Callable[[], World], before: Sequence[Work], works: Sequence[Work]
) -> None:
    def attempt(choose: Choose) -> None:
        world = new_world()
        for one in before:
            one(world)
        world.at_once(works, choose)
        world.end()
        assert world.asked.total() <= 1

    assert len(list(every_order(attempt))) >= 6


WAITS = {**KEY, "Prefer": "wait=5"}
REPEATS = 20


@pytest.mark.parametrize("first", [NO_FAULT, {1: Fault.KILLED_BEFORE}, {1: Fault.KILLED_AFTER}])
@pytest.mark.parametrize("preferred", [AT_ONCE, WAITS], ids=["async", "wait"])
def test_repeats_of_what_nobody_has_begun_with_tell_its_function_once_more_at_most(
    new_world: Callable[[], World], preferred: dict[str, str], first: Mapping[int, Fault]
) -> None:
    world = new_world()
    world.call(headers=AT_ONCE, faults=first)
    for _ in range(REPEATS):
        world.call(headers=preferred)
    lost = 1 in first and first[1] is Fault.KILLED_BEFORE
    assert world.functions.told <= (1 if lost or not first else 2)
    world.deliver()
    assert (state(world), world.asked.total()) == ("succeeded", 1)


def test_an_event_that_the_queue_has_lost_is_put_there_again(
    new_world: Callable[[], World],
) -> None:
    world = new_world()
    world.call(headers=AT_ONCE)
    world.functions.queue.clear()
    CLOCK.now += 301
    for _ in range(REPEATS):
        world.call(headers=AT_ONCE)
    assert world.functions.told == 2
    world.deliver()
    assert (state(world), world.asked.total()) == ("succeeded", 1)


def test_repeats_at_the_same_time_are_one_telling_more_at_most(
    new_world: Callable[[], World],
) -> None:
    told: Counter[int] = Counter()
    for seed in range(12):
        dice = random.Random(seed)  # noqa: S311  # no secret
        world = new_world()
        world.pace = 10 * REPEATS
        world.call(headers=AT_ONCE, faults=dice.choice((NO_FAULT, {1: Fault.KILLED_BEFORE})))
        works = [CALL if seed % 2 else opened_slowly for _ in range(REPEATS)]
        world.at_once(works, dice.choice)
        told[world.functions.told] += 1
        world.end()
        assert (state(world), world.asked.total()) == ("succeeded", 1)
    # However they interleave: not one each.
    assert max(told) <= 3, told


def opened_slowly(world: World) -> None:
    world.call(headers=WAITS)


def test_any_order_of_many(new_world: Callable[[], World]) -> None:
    seen: Counter[str] = Counter()
    for seed in range(800):
        dice = random.Random(seed)  # noqa: S311  # no secret
        world = new_world()
        world.session_busy = dice.choice((0, 0, 0, 1))

        def any_call(dice: random.Random = dice, world: World = world) -> Work:
            at = dice.randrange(API_CALLS)
            faults = {at: dice.choice([*Fault])} if dice.random() < 0.4 else {}
            prefer = dice.choice(("respond-async", "wait=3", "wait=0"))
            return lambda world: void(world.call(faults=faults, headers={**KEY, "Prefer": prefer}))

        works = [any_call() for _ in range(dice.choice((1, 2, 3)))]
        works += [dice.choice((DELIVERY, TWICE)) for _ in range(dice.choice((0, 1, 2)))]
        if dice.random() < 0.2:
            works.append(late)
        if dice.random() < 0.1:
            world.functions.busy = True
        bound = [partial(one, world) for one in works]
        for error in world.steps.turns.run(bound, dice.choice):
            if error is not None:
                error.add_note(f"seed {seed}")
                raise error
        world.functions.busy = False
        world.end()
        assert world.asked.total() <= 1, seed
        seen.update(world.events)
        seen.update(state(world) for _ in world.table.items)
    assert {"succeeded", "failed FUNCTION_DIED", "failed NOT_STARTED", "death of the API"} <= set(
        seen
    ), seen
    assert {"POST 200", "POST 202", "POST 429", "POST 503"} <= set(seen), seen
