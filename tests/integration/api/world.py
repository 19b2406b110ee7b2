"""The API, its agents' functions, Lambda's queue and a table, in memory and step by step.

Everything between API Gateway's event and the table is the real code, and so is everything between
an agent's event and its answer; the agent itself says one word, and is counted.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Any, Final, Self

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.api_events import api_environment, proxy_event
from tests.integration.bad_day import interleaving
from tests.integration.bad_day.interleaving import require
from tests.integration.bad_day.steps import CLOCK, Process, SteppedTable, Steps
from tests.integration.bad_day.surroundings import COLD_START, ENVIRONMENT, NO_MODEL
from tests.integration.bad_day.surroundings import Context as RunContext
from tests.integration.conversations.memory_sessions import MemorySessions
from tests.turns import Choose, Died
from tests.unit.run.project_runs import Fault
from tradewind.api import invocations, overdue, service
from tradewind.api.door import Door
from tradewind.api.invoker import Invoker
from tradewind.api.routes import ROUTES
from tradewind.api.service import ApiService
from tradewind.contracts.errors import SessionBusy
from tradewind.contracts.names import record_key
from tradewind.conversations.table import SessionTable
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.handlers.service import AgentService
from tradewind.handlers.sweeper import Sweeper
from tradewind.records.item import read_item
from tradewind.records.openings import Openings, asked_nothing
from tradewind.records.table import RecordTable
from tradewind.run.agent_run import AgentRun
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.pause import Asked, FrameworkState, Pause
from tradewind.telemetry.process import ColdStart

AGENT: Final = "layout"
OWNER: Final = "arn:aws:iam::123456789012:user/ada"
BODY: Final[Mapping[str, Any]] = {"query": "Plan."}
#: Longer than any deadline of a record.
LATER_S: Final = 100_000.0
NOTHING_ASKED: Final = frozenset(asked_nothing())


class _Time:
    """The API's clock: who sleeps lets the others go on."""

    def __init__(self, steps: Steps, world: "World") -> None:
        self._steps = steps
        self._world = world

    def monotonic(self) -> float:
        return CLOCK.now

    def perf_counter(self) -> float:
        return CLOCK.now

    def sleep(self, seconds: float) -> None:
        self._steps.turns.step()
        CLOCK.now += max(seconds, 1.0) / self._world.pace


@dataclass
class Context:
    """Lambda's context object."""

    aws_request_id: str = "lambda-request"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class WatchedTable(SteppedTable):
    """A table that lets nothing change what has ended."""

    def put_item(self, **request: Any) -> dict[str, Any]:
        with self._unchanged(request["Item"]["record_id"]["S"]):
            return super().put_item(**request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        with self._unchanged(request["Key"]["record_id"]["S"]):
            return super().update_item(**request)

    @contextmanager
    def _unchanged(self, key: str) -> Iterator[None]:
        # Only within a step does anything change; what was final before is final after.
        try:
            yield
        finally:
            self.require_final(key)

    def require_final(self, key: str) -> None:
        """Compare an end with the first one seen."""
        item = self.items.get(key)
        if item is None or item["status"]["S"] not in {"succeeded", "failed"}:
            require(key not in self.ends, "what has ended goes on")
            return
        end = tuple(str(item.get(name)) for name in ("status", "error_code", "answer"))
        if item.get("error_code", {}).get("S") in NOTHING_ASKED:
            return
        require(self.ends.setdefault(key, end) == end, "what has ended ends otherwise")

    @property
    def ends(self) -> dict[str, tuple[str, ...]]:
        """By key, how each record has ended for good."""
        ends: dict[str, tuple[str, ...]] = self.__dict__.setdefault("_ends", {})
        return ends


@dataclass
class Functions:
    """Lambda: invokes the agent at once, or keeps its event.

    Attributes:
        world: Where.
        queue: Events that wait.
        busy: Whether the agent takes no further request.
        told: How often it was told of one, directly or through the queue.
    """

    world: "World"
    queue: list[bytes] = field(default_factory=list)
    busy: bool = False
    told: int = 0

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """As boto3's."""
        assert FunctionName == f"tradewind-test-{AGENT}:live"

        def do() -> dict[str, Any]:
            if self.busy:
                raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
            self.told += 1
            if InvocationType == "Event":
                self.queue.append(Payload)
                return {"StatusCode": 202, "Payload": BytesIO()}
            faults, self.world.next_run = self.world.next_run, {}
            reply = self.world.serve(Payload, faults)
            failed = {"FunctionError": "Unhandled"} if reply is None else {}
            return {**failed, "Payload": BytesIO(json.dumps(reply).encode())}

        lost = ReadTimeoutError(endpoint_url="https://lambda")
        return self.world.steps.take(do, lost, lost)


class _Agent:
    """Says a word, and is counted."""

    has_tools = False

    def __init__(self, world: "World") -> None:
        self._world = world

    async def answer(self, run: AgentRun) -> None:
        if self._world.session_busy:
            self._world.session_busy -= 1
            raise SessionBusy("Another turn is at work.")
        heard = [] if run.goes_on is None else [*run.goes_on.answers.values()]
        before: list[str] = [] if run.goes_on is None else run.goes_on.pause.state.values["heard"]
        heard = [*before, *heard]
        part = f"{run.project.request_id}.{len(heard)}" if heard else run.project.request_id
        self._world.asked[part] += 1
        require(self._world.asked[part] == 1, "the model is asked twice")
        self._world.heard[run.project.request_id] = heard
        if len(heard) < self._world.questions:
            asked = Asked(f"call-{len(heard)}", "ask", f"Question {len(heard)}?")
            run.ask(Pause(FrameworkState("test", {"heard": heard}), (asked,)), ())
            return
        run.transcript.write("Done.")
        run.transcript.end_message()


class World:
    """One table, one agent, one queue.

    Attributes:
        asked: How often the model was asked, by request id.
        questions: So many things the agent asks a person, one after the other.
        heard: What it was answered, by request id.
        session_busy: So many runs end before they ask anything.
        next_run: What befalls the next run that somebody waits for.
        answers: What the API answered: status, document and headers.
        pace: A sleep's time is divided by it: where many sleep at the same time, time passes
            once for all of them, and a call of the table takes less of it than a sleep.
    """

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.steps = Steps(self.events)
        self.table = WatchedTable(self.steps, lambda _item: None)
        self.functions = Functions(self)
        self.asked: Counter[str] = Counter()
        self.questions = 0
        self.heard: dict[str, list[str]] = {}
        self.session_busy = 0
        self.pace = 1
        self.next_run: Mapping[int, Fault] = {}
        self.answers: list[tuple[int, dict[str, Any], dict[str, str]]] = []
        self.records = RecordTable("records", self.table)  # type: ignore[arg-type]  # as far as used
        self.door = Door(
            environment=api_environment(TRADEWIND_AGENTS=f"{AGENT}=900"),
            aws=None,  # type: ignore[arg-type]  # nobody has artifacts here
            dynamodb=self.table,  # type: ignore[arg-type]  # as above
            records=self.records,
            invoker=Invoker("test", self.functions),  # type: ignore[arg-type]  # as above
        )
        # Conversations have orders of their own; their calls are no steps here.
        self.sessions = SessionTable("sessions", MemorySessions(), ttl_days=30)  # type: ignore[arg-type]  # as above
        self.door.__dict__["sessions"] = self.sessions
        self._api = ApiService(self.door, ROUTES, ColdStart())

    # -- what happens ---------------------------------------------------------------------------

    def call(
        self,
        method: str = "POST",
        path: str = f"/agents/{AGENT}/invocations",
        *,
        body: Mapping[str, Any] | None = BODY,
        headers: Mapping[str, str] | None = None,
        faults: Mapping[int, Fault] | None = None,
    ) -> tuple[int, dict[str, Any], dict[str, str]] | None:
        """Call the API; None when its process died."""
        event = proxy_event(method, path, dict(body) if body else None, headers=headers)
        with self.steps.process(faults or {}):
            try:
                answer = self._api.handle(event, Context())
            except Died:
                self.events["death of the API"] += 1
                return None
        document = json.loads(answer["body"]) if answer["body"] else {}
        require(document.get("code") != "INTERNAL_ERROR", "an error nobody foresaw")
        told = (answer["statusCode"], document, answer["headers"])
        self.answers.append(told)
        self.events[f"{method} {answer['statusCode']}"] += 1
        return told

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Have the API serve an event in which nothing goes wrong."""
        with self.steps.process({}):
            return self._api.handle(event, Context())

    def serve(
        self, payload: bytes, faults: Mapping[int, Fault] | None = None
    ) -> dict[str, Any] | None:
        """Have the agent's function work on an event; None when it failed."""
        agent = AgentService(
            environment=ENVIRONMENT,
            definition=_Agent(self),
            clients=NO_MODEL,
            cold_start=COLD_START,
            store=MemoryArtifactStore(),
            records=self.records,
            sessions=self.sessions,
        )
        me = self.steps.turns.me
        caller: Process | None = getattr(me, "process", None)
        try:
            with self.steps.process(faults or {}):
                return agent.handle(json.loads(payload), RunContext())
        except InvocationFailed as failed:
            require(failed.answer.error is not None, "a failure without an error")
            self.events["failed invocation"] += 1
            return None
        except Died:
            self.events["death of the agent"] += 1
            return None
        finally:
            me.process = caller

    def deliver(self, times: int = 1, faults: Mapping[int, Fault] | None = None) -> None:
        """Have Lambda's queue hand its events to the agent, each so often."""
        while self.functions.queue:
            payload = self.functions.queue.pop(0)
            for time in range(times):
                self.serve(payload, faults if time == 0 else None)

    def sweep(self) -> None:
        """Close what is over by the clock."""
        openings = Openings(self.records.table)
        with self.steps.process({}):
            for record in [read_item(item) for item in self.table.items.values()]:
                key, attempt = record.record_id, record.attempt
                questions = self.records.questions
                if not (
                    self.records.settle(key, attempt)
                    or openings.expire(key, attempt)
                    or questions.give_up(key, attempt)
                ):
                    self.events["put back"] += questions.put_back(key, attempt, late=True)

    # -- what came of it ------------------------------------------------------------------------

    def end(self) -> None:
        """Let everything come to its end: what waits is delivered, and what died is swept up."""
        self.deliver(times=2)
        CLOCK.now += LATER_S
        self.sweep()
        self.deliver(times=2)  # an event may outlive its request
        self.judge()

    def judge(self) -> None:
        """See that all has ended, and that nobody was told of another end."""
        for key, item in self.table.items.items():
            record = read_item(item)
            require(record.ended, f"never ends: {item}")
            require("open" not in item, "ended and open")
            require(
                record_key(owner=OWNER, agent=record.agent, request_id=record.request_id) == key,
                "another's record",
            )
            ended = (record.status, record.error_code)
            for status, document, _ in self.answers:
                if document.get("id") == f"{AGENT}.{record.request_id}" and status == 200:
                    if document["state"] in {"pending", "running", "waiting"}:
                        continue
                    told = document["error"]["code"] if document["error"] else None
                    require(told in {record.error_code, *NOTHING_ASKED}, f"{told}, then {ended}")

    def at_once(self, works: Sequence[Callable[[Self], None]], choose: Choose) -> None:
        """Do things at the same time, in the order that is chosen."""
        for error in self.steps.turns.run([partial(one, self) for one in works], choose):
            if error is not None:
                raise error


def install(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Let all of it run by one clock, and report nothing."""
    interleaving.install(monkeypatch)
    clock = _Time(world.steps, world)
    monkeypatch.setattr(invocations, "time", clock)
    monkeypatch.setattr(service, "time", clock)
    monkeypatch.setattr(ApiService, "_report", lambda *_: None)
    monkeypatch.setattr(invocations, "RequestMetrics", _NoMetrics)
    monkeypatch.setattr(overdue, "RequestMetrics", _NoMetrics)


class _NoMetrics:
    def __init__(self, _dimensions: object) -> None:
        pass

    def annotate(self, **_properties: str) -> None:
        pass

    def add(self, _name: object, _value: float) -> None:
        pass

    def flush(self) -> None:
        pass


__all__ = ["AGENT", "BODY", "LATER_S", "Sweeper", "World", "install"]
