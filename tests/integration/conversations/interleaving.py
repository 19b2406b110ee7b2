"""Turns of one conversation whose calls of storage take turns and may fail.

Everything between an event and its answer is the real code, up to the calls of the two tables. At
each write that appends a turn, the world looks whether that turn has seen every turn before it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.integration.bad_day.interleaving import install as install_services
from tests.integration.bad_day.interleaving import require
from tests.integration.bad_day.steps import CLOCK, Process, SteppedTable, Steps
from tests.integration.bad_day.surroundings import COLD_START, ENVIRONMENT, NO_MODEL, Context
from tests.integration.conversations.memory_sessions import MemorySessions
from tests.turns import Choose, Died
from tests.unit.run.project_runs import Fault
from tradewind.contracts.errors import (
    InternalError,
    ModelFailed,
    SessionBusy,
    StorageError,
    StorageUnavailable,
)
from tradewind.contracts.names import session_key
from tradewind.conversations import deletion
from tradewind.conversations import table as session_table
from tradewind.conversations.deletion import delete_conversation
from tradewind.conversations.item import HEAD
from tradewind.conversations.reading import read_session
from tradewind.conversations.table import SessionTable
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.handlers.service import AgentService
from tradewind.records.table import RecordTable
from tradewind.run.agent_run import AgentRun
from tradewind.run.memory_artifacts import MemoryArtifactStore

R = TypeVar("R")

SESSION: Final = "s-1"
KEY: Final = session_key(owner="", session_id=SESSION)
_LATER_S: Final = 1_000.0
_TTL_DAYS: Final = 30


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let services run in the thread that calls them, by our clock, and report nothing."""
    install_services(monkeypatch)
    monkeypatch.setattr(session_table, "time", CLOCK)
    monkeypatch.setattr(deletion, "time", CLOCK)


@dataclass(frozen=True)
class Ask:
    """A caller who sends a turn's request, and sends it again until it is answered.

    Attributes:
        request_id: The request's.
        faults: What befalls which of the first sending's calls of storage.
        sendings: How often it is sent at most.
        fails: Whether the model fails the first of them.
    """

    request_id: str
    faults: Mapping[int, Fault] = field(default_factory=dict)
    sendings: int = 1
    fails: bool = False


@dataclass(frozen=True)
class Delete:
    """A caller who deletes the conversation, and does so again when that broke off."""

    faults: Mapping[int, Fault] = field(default_factory=dict)


@dataclass
class Execution:
    """An agent at work on a turn.

    Attributes:
        label: Its answer.
        request_id: Of the request.
        seen: The turns that it was given.
    """

    label: str
    request_id: str
    seen: list[str]


class SteppedSessions(MemorySessions):
    """A table of conversations; each call is a step.

    Args:
        steps: Whose.
        updated: Is told of each head that was updated: as it was, and as it is.
    """

    def __init__(
        self, steps: Steps, updated: Callable[[Mapping[str, Any], Mapping[str, Any]], None]
    ) -> None:
        super().__init__()
        self._steps = steps
        self._updated = updated

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._step("PutItem", lambda: super(SteppedSessions, self).put_item(**request))

    def update_item(self, **request: Any) -> dict[str, Any]:
        def update() -> dict[str, Any]:
            old = self.items.get((KEY, HEAD), {})
            done = super(SteppedSessions, self).update_item(**request)
            self._updated(old, done["Attributes"])
            return done

        return self._step("UpdateItem", update)

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._step("GetItem", lambda: super(SteppedSessions, self).get_item(**request))

    def delete_item(self, **request: Any) -> dict[str, Any]:
        return self._step("DeleteItem", lambda: super(SteppedSessions, self).delete_item(**request))

    def query(self, **request: Any) -> dict[str, Any]:
        return self._step("Query", lambda: super(SteppedSessions, self).query(**request))

    def _step(self, name: str, do: Callable[[], R]) -> R:
        refused = ClientError({"Error": {"Code": "InternalServerError"}}, name)
        return self._steps.take(do, refused, ConnectionClosedError(endpoint_url="https://table"))


class _Agent:
    """Answers with its label, or as the model that fails."""

    has_tools = False

    def __init__(self, world: "World") -> None:
        self._world = world

    async def answer(self, run: AgentRun) -> None:
        seen = [turn.response for turn in run.history]
        execution = self._world.begin(run.project.request_id, seen)
        self._world.steps.turns.step()  # the model takes its time
        if self._world.steps.me.dead:
            raise Died
        if execution is None:
            raise ModelFailed("planted")
        run.transcript.write(execution.label)
        run.transcript.end_message()


class World:
    """A conversation, a table of records, a clock, and who works with them.

    Attributes:
        turns: The labels of the conversation's turns, in the order in which they were appended.
        events: How often what happened that makes an order worth trying.
    """

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.steps = Steps(self.events)
        self.records = SteppedTable(self.steps, lambda _: None)
        self.sessions = SteppedSessions(self.steps, self._updated)
        self.turns: list[str] = []
        self._requests: list[str] = []
        self._appended: dict[str, str] = {}
        self._ever: set[str] = set()
        self._failing: set[str] = set()
        self._executions: dict[Process, Execution] = {}
        self._answered: dict[str, str] = {}
        self._begun = 0
        self._killing = True

    @property
    def table(self) -> SessionTable:
        """As a function makes it."""
        return SessionTable("sessions", self.sessions, ttl_days=_TTL_DAYS)  # type: ignore[arg-type]  # as far as used

    # -- what happens ---------------------------------------------------------------------------

    def go(
        self,
        work: Sequence[Ask | Delete],
        choose: Choose,
        *,
        time_passes: bool,
        clocks_differ: bool = False,
    ) -> None:
        """Let callers and the clock take turns to their ends, and judge it."""
        self._killing = not clocks_differ
        self._failing = {one.request_id for one in work if isinstance(one, Ask) and one.fails}
        doing: list[Callable[[], None]] = [
            (lambda one=one: self.ask(one))  # type: ignore[misc]
            if isinstance(one, Ask)
            else (lambda one=one: self.delete(one))  # type: ignore[misc]
            for one in work
        ]
        if time_passes:
            doing.append(self.let_time_pass)
        for error in self.steps.turns.run(doing, choose):
            if error is not None:
                raise error
        self.judge()
        # In the end everybody gets an answer, and what was answered is there once.
        self._failing.clear()
        for one in work:
            CLOCK.now += _LATER_S
            if isinstance(one, Ask) and one.request_id not in self._answered:
                self.ask(Ask(one.request_id))
                require(one.request_id in self._answered, f"{one.request_id} is never answered")
        self.judge()
        self.delete(Delete())
        if not clocks_differ:  # else what writes late may leave an item that nobody follows
            require(not self.sessions.items, f"deleted, and there is {list(self.sessions.items)}")

    def ask(self, ask: Ask) -> None:
        """Send a request until it is answered or nobody sends it any more."""
        for sending in range(ask.sendings):
            with self.steps.process(ask.faults if sending == 0 else {}) as process:
                try:
                    answer = self._serve(ask.request_id)
                except Died:
                    self.events["death"] += 1
                    continue
            if answer["success"]:
                require(
                    answer["response"] == self._appended.get(ask.request_id),
                    f"{answer['response']} is told of {ask.request_id}, and is no turn",
                )
                if process not in self._executions:
                    self.events["kept answer"] += 1
                self._answered[ask.request_id] = answer["response"]
                return
            code = answer["error"]["code"]
            self.events[code] += 1
            require(code != InternalError.code, "an error nobody foresaw")
            own = self._executions.get(process)
            if code != StorageUnavailable.code and own is not None:
                require(own.label not in self._ever, f"{code} is told of a turn that is there")
            if code == SessionBusy.code:
                require(process not in self._executions, "busy, and a model was asked")

    def delete(self, delete: Delete) -> None:
        """Delete the conversation; once more, as its caller does, when that broke off."""
        for faults in (delete.faults, {}):
            with self.steps.process(faults):
                try:
                    self.events["deleted"] += delete_conversation(self.table, KEY)
                except Died:
                    self.events["death"] += 1
                    continue
                except SessionBusy:
                    self.events["delete refused"] += 1
                except StorageError:
                    continue
            return

    def let_time_pass(self) -> None:
        """Let every deadline pass: Lambda kills what is at work.

        Where clocks differ, the turn that holds the conversation goes on, as everybody else's clock
        is ahead of its own.
        """
        self.steps.turns.step()
        CLOCK.now += _LATER_S
        holder = self.sessions.items.get((KEY, HEAD), {}).get("holder", {}).get("S")
        self.steps.kill_all(but=None if self._killing else holder)
        self.events["time passed"] += 1

    # -- what the services do -------------------------------------------------------------------

    def begin(self, request_id: str, seen: list[str]) -> Execution | None:
        """An agent begins to work on a turn; None when its model is to fail."""
        if self._killing:  # else it may be overtaken before it begins, and is refused at its end
            require(request_id not in self._requests, "a turn is worked on that is there")
            require(seen == self.turns, f"given {seen} of {self.turns}")
        if request_id in self._failing:
            self._failing.discard(request_id)
            return None
        self._begun += 1
        execution = Execution(f"e{self._begun}", request_id, seen)
        self._executions[self.steps.me] = execution
        return execution

    def _updated(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """The head was updated: a turn was appended, or all of them are gone."""
        if old and old["epoch"] != new["epoch"]:
            self.turns.clear()
            self._requests.clear()
            return
        if old.get("last") == new.get("last"):
            return
        execution = self._executions[self.steps.me]
        require(execution.seen == self.turns, f"{execution} was appended to {self.turns}")
        require(execution.request_id not in self._requests, f"{execution} is there twice")
        self.turns.append(execution.label)
        self._requests.append(execution.request_id)
        self._appended[execution.request_id] = execution.label
        self._ever.add(execution.label)
        require(new["turns"] == {"N": str(len(self.turns))}, "turns miscounted")

    def event(self, request_id: str) -> dict[str, Any]:
        """What a function is sent."""
        return {"query": "And then?", "session_id": SESSION, "request_id": request_id}

    def _serve(self, request_id: str) -> dict[str, Any]:
        agent = AgentService(
            environment=ENVIRONMENT,
            definition=_Agent(self),
            clients=NO_MODEL,
            cold_start=COLD_START,
            store=MemoryArtifactStore(),
            records=RecordTable("records", self.records),  # type: ignore[arg-type]  # as far as used
            sessions=self.table,
        )
        try:
            return agent.handle(self.event(request_id), Context())
        except InvocationFailed as failed:
            return failed.answer.model_dump(mode="json")

    # -- what came of it ------------------------------------------------------------------------

    def judge(self) -> None:
        """See that what is read is what was appended, each turn after those it has seen."""
        read = read_session(self.table, "", SESSION)
        there = [turn.response for turn in read.turns] if read else []
        require(there == self.turns, f"read {there} of {self.turns}")
