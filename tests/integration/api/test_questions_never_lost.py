"""Whatever befalls a question on its way, it is answered once, and nothing of it is lost.

Every cut between two calls of whoever asks, answers or goes on; every lost reply; the event of an
answer delivered never, once or twice; two answers at once; a sweep, and a cancellation, in between.
"""

import itertools
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from tests.integration.api.world import AGENT, LATER_S, World, install
from tests.integration.bad_day.interleaving import require
from tests.integration.bad_day.steps import CLOCK
from tests.turns import Choose, every_order
from tests.unit.run.project_runs import Fault
from tradewind.records.item import RecordStatus, StoredRecord, read_item

KEY = {"Idempotency-Key": "one"}
AT_ONCE = {**KEY, "Prefer": "respond-async"}
#: Calls of the table and of Lambda that an answer makes, and a run that asks or goes on.
ANSWER_CALLS = 5
RUN_CALLS = 2
NO_FAULT: Mapping[int, Fault] = {}


def faults(calls: int) -> list[Mapping[int, Fault]]:
    """None, and one of each kind at each call."""
    return [NO_FAULT, *({call: fault} for call in range(calls) for fault in Fault)]


class AskingWorld(World):
    """A world whose agent asks; keeps who was told that their answer counts."""

    def __init__(self, questions: int = 1) -> None:
        super().__init__()
        self.questions = questions
        self.taken: dict[str, set[str]] = {}
        update = self.table.update_item

        def update_item(**request: Any) -> dict[str, Any]:
            key = request["Key"]["record_id"]["S"]
            before = self.table.items.get(key)
            try:
                return update(**request)
            finally:
                self._open_again(before, self.table.items.get(key))

        self.table.update_item = update_item  # type: ignore[method-assign]

    def _open_again(self, before: Any, after: Any) -> None:
        """A question that is open again may have another answer."""
        if before is None or after is None or after["status"]["S"] != "waiting":
            return
        if before["status"]["S"] != "waiting" and "replied" not in after:
            self.taken.pop(after["question_id"]["S"], None)

    @property
    def record(self) -> StoredRecord:
        (item,) = self.table.items.values()
        return read_item(item)

    def answer(self, text: str, faults: Mapping[int, Fault] = NO_FAULT) -> int | None:
        """Answer what is asked now, or was asked last: the status, None when the API died."""
        record = self.record
        asked = record.question_id or (record.replied or "").partition("#")[0]
        path = f"/invocations/{AGENT}.{record.request_id}/answer"
        body = {"answer": text, "question_id": asked or "none"}
        told = self.call("POST", path, body=body, faults=faults)
        if told is not None and told[0] < 400:
            self.taken.setdefault(asked, set()).add(text)
            require(len(self.taken[asked]) == 1, "two answers were taken")
        return None if told is None else told[0]

    def end_asking(self) -> None:
        """Let all come to an end, with somebody who answers whatever is asked."""
        self.deliver(times=2)
        CLOCK.now += LATER_S
        self.sweep()
        for n in range(2 * self.questions + 1):
            if self.table.items and self.record.status is RecordStatus.WAITING:
                require(self.answer(f"at last {n}") == 202, "an open question takes no answer")
                self.deliver(times=2)
        self.end()
        if self.table.items and self.record.status is RecordStatus.SUCCEEDED:
            heard = self.heard[self.record.request_id]
            require(len(heard) == self.questions, "unanswered")
            told = self.taken.get((self.record.replied or "").partition("#")[0], {heard[-1]})
            require(told == {heard[-1]}, "the agent heard another answer than the one taken")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def new_world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AskingWorld]:
    def make(questions: int = 1) -> AskingWorld:
        world = AskingWorld(questions)
        install(monkeypatch, world)
        return world

    return make


def waiting(world: AskingWorld) -> None:
    told = world.call(headers=KEY)
    assert told is not None
    assert (told[0], told[1]["state"], told[1]["question"]) == (202, "waiting", "Question 0?")


def state(world: AskingWorld) -> str:
    record = world.record
    return f"{record.status} {record.error_code or ''}".strip()


def test_every_fault_of_a_run_that_asks(new_world: Callable[..., AskingWorld]) -> None:
    ends: Counter[str] = Counter()
    for fault, times in itertools.product(faults(RUN_CALLS), (1, 2)):
        world = new_world()
        world.call(headers=AT_ONCE)
        world.deliver(times, fault)
        ends[state(world)] += 1
        world.end_asking()
        ends[state(world)] += 1
    assert {"waiting", "running", "succeeded", "failed FUNCTION_DIED"} <= set(ends), ends


def test_every_fault_of_an_answer_and_of_the_run_that_goes_on(
    new_world: Callable[..., AskingWorld],
) -> None:
    ends: Counter[str] = Counter()
    later = ((), ("this",), ("that", "this"))
    every = [
        *itertools.product(faults(ANSWER_CALLS), [NO_FAULT], (0, 1, 2), later),
        *itertools.product([NO_FAULT], faults(RUN_CALLS), (1, 2), later),
        *itertools.product(faults(ANSWER_CALLS), faults(RUN_CALLS), (1,), (("this",),)),
    ]
    for first, run, times, more in every:
        world = new_world()
        waiting(world)
        taken = world.answer("this", first)
        if times:
            world.deliver(times, run)
        for text in more:
            status = world.answer(text)
            if taken is not None and taken < 400 and text == "that":
                # The first answer is the question's, unless it is open again.
                assert status in {202, 409}
        world.end_asking()
        ends[state(world)] += 1
        ends.update(world.events)
        died = Fault.KILLED_BEFORE in run.values() or Fault.KILLED_AFTER in run.values()
        if state(world) != "succeeded":
            # Only who died, or lost the way to the table, while it worked with the answer.
            assert died or run, (first, run, times, more, state(world))
    assert ends["put back"]
    assert {"succeeded", "failed FUNCTION_DIED"} <= set(ends), ends


def test_nobody_answers(new_world: Callable[..., AskingWorld]) -> None:
    world = new_world()
    waiting(world)
    CLOCK.now += 7 * 86_400 + 1
    world.sweep()
    assert state(world) == "failed NOT_ANSWERED"
    assert world.answer("late") == 409
    told = world.call("GET", f"/invocations/{AGENT}.{world.record.request_id}", body=None)
    assert told is not None
    assert (told[1]["state"], told[1]["error"]["code"]) == ("timed_out", "NOT_ANSWERED")
    repeated = world.call(headers=KEY)
    assert repeated is not None
    assert (repeated[0], repeated[1]["code"]) == (504, "NOT_ANSWERED")
    world.end()


def test_whoever_looks_first_closes_what_nobody_answered(
    new_world: Callable[..., AskingWorld],
) -> None:
    world = new_world()
    waiting(world)
    CLOCK.now += 7 * 86_400 + 1
    assert world.answer("late") == 409
    assert state(world) == "failed NOT_ANSWERED"
    world = new_world()
    waiting(world)
    world.answer("this", {3: Fault.KILLED_BEFORE})  # taken, and nobody was told
    assert state(world) == "pending"
    CLOCK.now += LATER_S
    told = world.call("GET", f"/invocations/{AGENT}.{world.record.request_id}", body=None)
    assert told is not None
    assert (told[1]["state"], told[1]["question"]) == ("waiting", "Question 0?")
    world.end_asking()
    assert (state(world), world.heard[world.record.request_id]) == ("succeeded", ["at last 0"])


def test_the_first_requests_repeat_has_an_answer_taken_up_too(
    new_world: Callable[..., AskingWorld],
) -> None:
    world = new_world()
    waiting(world)
    world.answer("this", {3: Fault.KILLED_BEFORE})
    told = world.call(headers=KEY)
    assert told is not None
    assert (told[0], told[1]["state"]) == (200, "succeeded")
    assert world.heard[world.record.request_id] == ["this"]
    world.end()


def test_an_event_of_the_question_that_comes_late_does_not_begin_anew(
    new_world: Callable[..., AskingWorld],
) -> None:
    world = new_world()
    world.call(headers=AT_ONCE)
    late = [*world.functions.queue]
    world.deliver()
    for payload in late:
        world.serve(payload)  # it waits: nothing is done
    assert state(world) == "waiting"
    assert world.answer("this") == 202
    world.functions.queue[:0] = late  # it finds the answer, and goes on with it
    world.end()
    assert (state(world), world.heard[world.record.request_id]) == ("succeeded", ["this"])


def test_load_that_is_shed_leaves_the_question_open(
    new_world: Callable[..., AskingWorld],
) -> None:
    world = new_world()
    waiting(world)
    world.functions.busy = True
    assert world.answer("this") == 429
    assert state(world) == "waiting"
    told = world.call(headers=KEY)
    assert told is not None
    assert told[1]["state"] == "waiting"
    world.functions.busy = False
    assert world.answer("that") == 202
    world.end()
    assert world.heard[world.record.request_id] == ["that"]


def test_a_pending_answer_is_not_shed(new_world: Callable[..., AskingWorld]) -> None:
    world = new_world()
    waiting(world)
    world.answer("this", {3: Fault.KILLED_BEFORE})
    world.functions.busy = True
    world.call(headers={**KEY, "Prefer": "wait=2"})
    assert state(world) == "pending"  # not closed as busy: it has come a long way
    world.functions.busy = False
    world.end_asking()
    assert state(world) == "succeeded"


def cancel(world: AskingWorld) -> None:
    told = world.call("DELETE", f"/invocations/{AGENT}.{world.record.request_id}", body=None)
    require(told is None or told[0] in {200, 202, 409}, "a cancellation is refused")


def late(world: AskingWorld) -> None:
    world.steps.turns.step()
    CLOCK.now += LATER_S
    world.steps.kill_all()
    world.sweep()


def says(text: str) -> Callable[[AskingWorld], None]:
    def work(world: AskingWorld) -> None:
        world.answer(text)

    return work


Work = Callable[[AskingWorld], None]
DELIVERY: Work = lambda world: world.deliver()  # noqa: E731


def asked(world: AskingWorld) -> None:
    world.call(headers=AT_ONCE)


def answered(world: AskingWorld) -> None:
    world.answer("before")


@pytest.mark.parametrize(
    ("before", "works"),
    [
        ((waiting,), (says("this"), says("that"))),
        ((waiting,), (says("this"), says("this"))),
        ((waiting,), (says("this"), cancel)),
        ((waiting, answered), (DELIVERY, cancel)),
        ((waiting, answered), (DELIVERY, late)),
        ((waiting, answered), (DELIVERY, says("this"))),
        ((waiting, answered, answered), (DELIVERY, DELIVERY)),
        ((asked,), (DELIVERY, cancel)),
        ((waiting,), (says("this"), late)),
    ],
)
def test_every_order_of_two(
    new_world: Callable[..., AskingWorld], before: Sequence[Work], works: Sequence[Work]
) -> None:
    def attempt(choose: Choose) -> None:
        world = new_world()
        for one in before:
            one(world)
        world.at_once(works, choose)
        world.end_asking()
        assert world.record.ended

    assert len(list(every_order(attempt))) >= 6


def any_answer(dice: random.Random) -> Work:
    text = dice.choice(("this", "that"))
    given = dice.choice(faults(ANSWER_CALLS)) if dice.random() < 0.4 else NO_FAULT
    return lambda world: void(world.answer(text, given))


def test_any_order_of_many(new_world: Callable[..., AskingWorld]) -> None:
    seen: Counter[str] = Counter()
    for seed in range(400):
        dice = random.Random(seed)  # noqa: S311  # no secret
        world = new_world(dice.choice((1, 2)))
        world.call(headers=AT_ONCE)
        world.deliver(1, dice.choice(faults(RUN_CALLS)) if dice.random() < 0.2 else NO_FAULT)

        works = [any_answer(dice) for _ in range(dice.choice((1, 2, 3)))]
        works += [DELIVERY] * dice.choice((0, 1, 2))
        works += [late] * (dice.random() < 0.2) + [cancel] * (dice.random() < 0.15)
        for error in world.steps.turns.run([partial(one, world) for one in works], dice.choice):
            if error is not None:
                error.add_note(f"seed {seed}")
                raise error
        world.end_asking()
        seen.update(world.events)
        seen[state(world)] += 1
    wanted = {"succeeded", "failed FUNCTION_DIED", "failed CANCELLED", "put back"}
    assert wanted <= set(seen), seen


def void(_value: object) -> None:
    """Drop a value."""
