"""Deliveries of requests to real services, whose calls of storage take turns and may fail.

Everything between an event and its answer is the real code, up to the calls of the store and the
table; the agent is a list of tool calls. After every switch of the manifest, what readers see is
compared with what the runs leave one after the other, in the order of their switches.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import pytest

from tests.integration.bad_day.steps import CLOCK, Process, SteppedStore, SteppedTable, Steps
from tests.integration.bad_day.surroundings import AGENT, COLD_START, ENVIRONMENT, NO_MODEL, Context
from tests.project_files import PROJECT, ProjectContent
from tests.turns import Choose, Died
from tests.unit.run.project_runs import Call, Fault, Run, after, body_of
from tradewind.contracts.errors import (
    ArtifactNotFound,
    DuplicateRequest,
    InternalError,
    TradewindError,
)
from tradewind.contracts.names import record_key
from tradewind.handlers import served, service
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.handlers.request_report import RequestReporter
from tradewind.handlers.service import AgentService
from tradewind.records import item as record_item
from tradewind.records import questions as record_questions
from tradewind.records import table as record_table
from tradewind.records.item import RecordStatus, read_item
from tradewind.records.table import RecordTable
from tradewind.run.agent_run import AgentRun
from tradewind.run.definition import AgentDefinition
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.runner import run_agent

#: Longer than a function's whole time.
_LATER_S: Final = 1_000.0


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let services run in the thread that calls them, by our clock, and report nothing."""
    monkeypatch.setattr(record_item, "time", CLOCK)
    monkeypatch.setattr(record_table, "time", CLOCK)
    monkeypatch.setattr(record_questions, "time", CLOCK)
    monkeypatch.setattr(service, "run_to_its_end", _run_here)
    monkeypatch.setattr(RequestReporter, "report", lambda *_: None)
    # What is read of the machine, for reports that nobody gets here.
    monkeypatch.setattr(served, "peak_memory_mb", lambda: 1.0)
    monkeypatch.setattr("tradewind.telemetry.process.process_age_ms", lambda: 1.0)


def _run_here(definition: AgentDefinition, run: AgentRun) -> None:
    """As ``run_to_its_end``, without threads: here nothing hangs, and all happens in turns."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(run_agent(definition, run))
    finally:
        loop.close()
        run.project.close()


class _ToolError(Exception):
    """A tool's failure that its model goes on after."""


class Violation(BaseException):
    """What must never be was seen. No service may take it for an error of its own."""


def require(holds: bool, what: str) -> None:
    """Raise a ``Violation`` unless it holds."""
    if not holds:
        raise Violation(what)


class End(StrEnum):
    """How an execution ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DIED = "died"


@dataclass
class Execution:
    """An agent at work on a request: one delivery of it that was not refused.

    Attributes:
        label: Names it in all that it writes and says.
        request_id: Of the request.
        run: What it does.
        end: How it ended; None as long as it is at work.
    """

    label: str
    request_id: str
    run: Run
    end: End | None = None


@dataclass(frozen=True)
class Delivery:
    """A caller who sends a request, and sends it again until it is answered.

    Attributes:
        request_id: The request's.
        run: What the agent does for it. The same for all deliveries of a request.
        faults: What befalls which of the first sending's calls of storage.
        sendings: How often it is sent at most.
    """

    request_id: str
    run: Run
    faults: Mapping[int, Fault] = field(default_factory=dict)
    sendings: int = 1


class _Agent:
    """Does a request's tool calls, and says who did them."""

    def __init__(self, world: "World") -> None:
        self._world = world

    has_tools = True

    async def answer(self, run: AgentRun) -> None:
        execution = self._world.begin(run.project.request_id)
        read: list[str] = []
        for at, call in enumerate(execution.run.calls):
            try:
                _work(call, at, execution.label, read, run.project)
            except _ToolError:
                continue
            except TradewindError as error:
                run.project.fail(error)
                break
        run.transcript.write(execution.label)
        run.transcript.end_message()


def _work(call: Call, at: int, label: str, read: list[str], project: Project) -> None:
    with project.tool_call():
        for name in call.reads:
            try:
                read.append(project.load(AGENT, name).decode())
            except ArtifactNotFound:
                read.append("-")
        for name in call.writes:
            project.save(name, body_of(label, at, read).encode(), "text/plain")
        if call.fails:
            raise _ToolError


class World:
    """A project, a table of records, a clock, and who works with them.

    Args:
        before: What an earlier request has left, if one has.

    Attributes:
        answers: Of each request whose record says that it succeeded, the answer that it keeps.
        states: What readers saw, from the beginning on.
        events: How often what happened that makes an order worth trying.
    """

    def __init__(self, before: Run | None = None) -> None:
        self.events: Counter[str] = Counter()
        self.steps = Steps(self.events)
        self.store = SteppedStore(self.steps, self._switched)
        self.table = SteppedTable(self.steps, self._updated)
        self.switches: list[str] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.states: list[dict[str, str]] = [{}]
        self._requests: dict[str, Run] = {}
        self._executions: dict[Process, Execution] = {}
        if before is not None:
            self.deliver(Delivery("before", before))

    # -- what happens ---------------------------------------------------------------------------

    def go(
        self, deliveries: Sequence[Delivery], choose: Choose, *, reader: bool, time_passes: bool
    ) -> None:
        """Let deliveries, a reader and the clock take turns to their ends, and judge it."""
        work: list[Callable[[], None]] = [
            lambda one=one: self.deliver(one)  # type: ignore[misc]
            for one in deliveries
        ]
        if reader:
            work.append(self.read_all)
        if time_passes:
            work.append(self.let_time_pass)
        for error in self.steps.turns.run(work, choose):
            if error is not None:
                raise error
        self.judge()
        # In the end everybody gets an answer.
        for one in deliveries:
            if one.request_id not in self.answers:
                CLOCK.now += _LATER_S
                self.deliver(Delivery(one.request_id, one.run))
                require(one.request_id in self.answers, f"{one.request_id} is never answered")
        self.judge()

    def deliver(self, delivery: Delivery) -> None:
        """Send a request until it is answered or nobody sends it any more."""
        self._requests[delivery.request_id] = delivery.run
        for sending in range(delivery.sendings):
            with self.steps.process(delivery.faults if sending == 0 else {}) as process:
                try:
                    answer = self._serve(delivery.request_id)
                except Died:
                    self.events["death"] += 1
                    self._end(process, End.DIED)
                    continue
            self._end(process, End.SUCCEEDED if answer["success"] else End.FAILED)
            if answer["success"]:
                self._answered(delivery, process, answer)
                return
            self.events[answer["error"]["code"]] += 1
            require(answer["error"]["code"] != InternalError.code, "an error nobody foresaw")
            require(not answer["artifacts"], "a failure that lists what it left")
            if answer["error"]["code"] == DuplicateRequest.code:
                key = record_key(owner="", agent=AGENT, request_id=delivery.request_id)
                other = read_item(self.table.items[key]).attempt
                require(other != process.attempt, "a request is refused for its own record")

    def read_all(self) -> None:
        """Read all of the project, as another agent's request."""
        earliest = len(self.states) - 1
        project = Project(PROJECT, "report", {}, self.store, (AGENT,))
        names = [file.file_name for file in project.files()]
        seen = {name: project.load(AGENT, name).decode() for name in names}
        require(seen in self.states[earliest:], f"a reader saw {seen} of {self.states}")
        self.events["read"] += 1

    def let_time_pass(self) -> None:
        """Let every deadline pass: Lambda kills what is at work, and a sweep finds it."""
        self.steps.turns.step()
        CLOCK.now += _LATER_S
        for process in self.steps.kill_all():
            self._end(process, End.DIED)
        self.events["time passed"] += 1
        table = RecordTable("records", self.table)  # type: ignore[arg-type]  # as far as used
        for record in [read_item(item) for item in self.table.items.values()]:
            # Of all, not of the overdue alone: what an index says is late.
            self.events["settled"] += table.settle(record.record_id, record.attempt)

    # -- what the services do -------------------------------------------------------------------

    def begin(self, request_id: str) -> Execution:
        """An agent begins to work on a request: nobody else does, and nobody has done it."""
        require(request_id not in self.answers, "a request is worked on whose answer is kept")
        earlier = [one for one in self.executions if one.request_id == request_id]
        require(all(one.end is not None for one in earlier), "two work on one request")
        label = f"e{len(self.executions)}"
        execution = Execution(label, request_id, self._requests[request_id])
        self._executions[self.steps.me] = execution
        return execution

    def _switched(self) -> None:
        """The manifest was switched: readers see what whole runs left, one after the other."""
        execution = self._executions[self.steps.me]
        require(execution.label not in self.switches, "what was switched is switched again")
        self.switches.append(execution.label)
        self.states.append(after(self.states[-1], execution.run, execution.label))
        self._require_visible()

    def _updated(self, item: Mapping[str, Any]) -> None:
        """A record was updated: from its success on, its answer is every repeat's."""
        record = read_item(item)
        if record.status is RecordStatus.SUCCEEDED:
            answer = record.answer
            require(answer is not None, "a success without its answer")
            kept = self.answers.setdefault(record.request_id, answer or {})
            require(kept == answer, "an answer that is kept was replaced")

    def _serve(self, request_id: str) -> dict[str, Any]:
        agent = AgentService(
            environment=ENVIRONMENT,
            definition=_Agent(self),
            clients=NO_MODEL,
            cold_start=COLD_START,
            store=self.store,
            records=RecordTable("records", self.table),  # type: ignore[arg-type]  # as far as used
        )
        event = {"query": "Plan.", "project_id": PROJECT, "request_id": request_id}
        try:
            return agent.handle(event, Context())
        except InvocationFailed as failed:
            return failed.answer.model_dump(mode="json")

    # -- what came of it ------------------------------------------------------------------------

    @property
    def executions(self) -> list[Execution]:
        """All there were, in the order of their beginnings."""
        return list(self._executions.values())

    def visible(self) -> dict[str, str]:
        """What readers see now, without taking a step."""
        plain = MemoryArtifactStore()
        plain.objects = self.store.objects
        content = ProjectContent(plain)
        return {name: content[f"{AGENT}/{name}"].decode() for name in content.entries(AGENT)}

    def judge(self) -> None:
        """See that nothing is lost, nothing is mixed, and what failed left nothing."""
        self._require_visible()
        for execution in self.executions:
            writes = any(call.writes and not call.fails for call in execution.run.calls)
            if execution.end is End.SUCCEEDED:
                there = execution.label in self.switches
                require(there == writes, f"lost: {execution}")
            elif execution.end is End.FAILED:
                require(execution.label not in self.switches, f"failed and seen: {execution}")

    def _require_visible(self) -> None:
        seen, whole = self.visible(), self.states[-1]
        require(seen == whole, f"readers see {seen}; whole runs leave {whole}")

    def _end(self, process: Process, end: End) -> None:
        if process in self._executions:
            self._executions[process].end = end

    def _answered(self, delivery: Delivery, process: Process, answer: dict[str, Any]) -> None:
        """See that a caller who is told of a success is told what every other one is."""
        own = self._executions.get(process)
        if own is None:
            self.events["kept answer"] += 1
        if answer != self.answers.get(delivery.request_id):
            # Its function could not write the record's end, which hides no answer.
            require(
                own is not None
                and answer["response"] == own.label
                and Fault.FAILS in delivery.faults.values(),
                "two answers to one request",
            )
            self.events["record not finished"] += 1
