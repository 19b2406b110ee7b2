"""A request of a conversation whose function died: its record ends as the conversation says.

The record and the turn are in two tables. In whatever order a function's calls, its death, and
those who settle its record come, a record that succeeded has its turn, and one that failed none.
"""

import logging
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.integration.bad_day.interleaving import require
from tests.integration.bad_day.steps import CLOCK
from tests.integration.bad_day.surroundings import AGENT, ENVIRONMENT
from tests.integration.conversations.interleaving import (
    KEY,
    Ask,
    World,
    install,
)
from tests.integration.conversations.memory_sessions import MemorySessions
from tests.turns import Choose, Died, any_order, every_order
from tests.unit.run.project_runs import Fault
from tradewind.contracts.errors import SessionUnreadable, StorageError
from tradewind.contracts.moments import iso
from tradewind.contracts.names import session_project
from tradewind.contracts.request import parse_request
from tradewind.conversations.item import Head, StoredTurn, TurnRequest, pack_turn
from tradewind.conversations.settling import appended_by, settle
from tradewind.conversations.table import SessionTable
from tradewind.records.item import RecordedRequest, RecordStatus, content_sha256, read_item
from tradewind.records.openings import Openings
from tradewind.records.table import RecordTable

#: Calls of storage that a turn makes, those after a lost reply included.
CALLS = 9
LATER_S = 1_000.0


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(monkeypatch)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Front(World):
    """A conversation whose turns come through the API, and who settles their records."""

    @property
    def record_table(self) -> RecordTable:
        return RecordTable("records", self.records)  # type: ignore[arg-type]  # as far as used

    def go_and_settle(
        self,
        asks: Sequence[Ask],
        choose: Choose,
        *,
        settling: Sequence[Mapping[int, Fault]] = ({},),
        clocks_differ: bool = False,
    ) -> None:
        """Let requests, the clock, and who settles take turns; judge what is left of them."""
        self._killing = not clocks_differ
        self._failing = {one.request_id for one in asks if one.fails}
        for one in asks:
            self._open(one.request_id)
        doing = [
            *((lambda one=one: self.ask(one)) for one in asks),
            lambda: self._pass_and_settle(settling),
        ]
        for error in self.steps.turns.run(doing, choose):
            if error is not None:
                raise error
        CLOCK.now += LATER_S
        self.settle({})
        self.judge()
        for one in asks:
            self._judge_record(one.request_id)

    def settle(self, faults: Mapping[int, Fault]) -> None:
        """Settle what is overdue, as a sweep or the API does."""
        for item in [*self.records.items.values()]:
            with self.steps.process(faults):
                try:
                    record = read_item(item)
                    self.events["settled"] += settle(self.record_table, self.table, record)
                except (Died, StorageError):
                    self.events["settling broke off"] += 1

    def _pass_and_settle(self, settling: Sequence[Mapping[int, Fault]]) -> None:
        self.let_time_pass()
        for faults in settling:
            self.settle(faults)

    def event(self, request_id: str) -> dict[str, Any]:
        own = {"project_id": session_project(KEY), "accepted": True}
        return {**super().event(request_id), **own}

    def _open(self, request_id: str) -> None:
        """As the API does."""
        opening = RecordedRequest(
            owner="",
            agent=AGENT,
            request_id=request_id,
            project_id=session_project(KEY),
            model_id=ENVIRONMENT.model_id,
            sha256=content_sha256(parse_request(self.event(request_id), AGENT)),
            attempt=f"api-{request_id}",
            accepted=True,
            session_key=KEY,
        )
        with self.steps.process({}):
            Openings(self.record_table.table).open(opening, life_s=10_000, ttl_days=1)

    def _judge_record(self, request_id: str) -> None:
        [item] = [
            item for item in self.records.items.values() if item["request_id"]["S"] == request_id
        ]
        record = read_item(item)
        if record.status is RecordStatus.PENDING:
            require(request_id not in self._appended, "a turn of nobody")
            return  # its function died before it began with it; the sweep says NOT_STARTED
        require(record.ended, f"{request_id} is {record.status}")
        there = request_id in self._appended
        self.events[f"{record.status} {record.error_code or ''}".strip()] += 1
        require(
            (record.status is RecordStatus.SUCCEEDED) is there,
            f"{request_id} {record.status} with {record.error_code}, and its turn is {there}",
        )
        if there:
            answer = record.answer or {}
            require(answer["response"] == self._appended[request_id], "another turn's answer")
            self.events["settled with its answer"] += record.settled_by is not None


def drawn(seed: int) -> Choose:
    return any_order(random.Random(seed))  # noqa: S311  # no secret


def test_every_order_of_a_turn_its_death_and_who_settles_it() -> None:
    events: Counter[str] = Counter()

    def attempt(choose: Choose) -> None:
        world = Front()
        world.go_and_settle([Ask("r-1")], choose)
        events.update(world.events)

    assert len(list(every_order(attempt))) > 5
    assert {"failed FUNCTION_DIED", "succeeded", "settled with its answer"} <= {*events}


def test_every_order_of_a_turn_that_goes_on_though_others_clocks_say_it_is_dead() -> None:
    events: Counter[str] = Counter()

    def attempt(choose: Choose) -> None:
        world = Front()
        world.go_and_settle([Ask("r-1")], choose, clocks_differ=True)
        events.update(world.events)

    assert len(list(every_order(attempt))) > 20
    assert {"SESSION_CHANGED", "settled with its answer"} <= {*events}


@pytest.mark.parametrize("fault", Fault)
def test_whatever_befalls_a_call_the_record_says_what_the_conversation_says(fault: Fault) -> None:
    for call in range(CALLS):
        for seed in range(12):
            asks = [Ask("r-1", {call: fault}, sendings=2), Ask("r-2", fails=seed % 4 == 0)]
            settling = [{seed % 4: fault}, {}]
            Front().go_and_settle(asks, drawn(seed), settling=settling, clocks_differ=seed % 3 == 0)


def test_a_reply_that_is_lost_for_good_leaves_the_record_to_be_settled() -> None:
    """Neither the append nor what looks after it got an answer."""
    world = Front()
    lost = dict.fromkeys(range(4, 7), Fault.REPLY_LOST)
    world.go_and_settle([Ask("r-1", lost)], lambda waiting: waiting[0])
    assert world.events["STORAGE_UNAVAILABLE"] == 1
    assert world.events["settled with its answer"] == 1


def test_only_turns_since_the_request_began_are_looked_at() -> None:
    """A long conversation is not read through for a request that is not in it."""
    memory, read = MemorySessions(), Counter[str]()

    class Counting(SessionTable):
        def turns(self, head: Head) -> Iterator[StoredTurn]:
            for turn in super().turns(head):
                read[turn.request_id] += 1
                yield turn

    table = Counting("sessions", memory, ttl_days=1)  # type: ignore[arg-type]
    began = CLOCK.now
    for number in range(4):
        CLOCK.now = began + 100 * number
        packed, _ = pack_turn("q", None, {"response": "r"})
        request = TurnRequest(KEY, AGENT, f"record-{number}", f"r-{number}", f"a-{number}")
        claim = table.claim(request, remaining_s=900)
        # The last one was asked before all others, and has waited for a person since.
        table.append(claim, packed, asked_at=began if number == 3 else CLOCK.now, tokens=1)

    head = table.head(KEY)
    assert head is not None
    since = iso(began + 150)
    assert appended_by(table, head, "record-0", since=since) is None
    assert [*read] == ["r-3", "r-2", "r-1"]
    with pytest.raises(SessionUnreadable):  # found, and no answer of an agent's
        appended_by(table, head, "record-1", since=since)
