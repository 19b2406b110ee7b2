"""Durable executions in memory: functions that are Python, a clock that is set, work that waits.

Nothing runs but what a test runs: ``work`` is done in the order it came in, ``pass_time`` moves
the clock, and so every interleaving can be had.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from devtools.localcloud.extension.durable.api import Api
from devtools.localcloud.extension.durable.driver import Driver
from devtools.localcloud.extension.durable.execution import Error, Execution
from devtools.localcloud.extension.durable.protocol import Outcome
from devtools.localcloud.extension.durable.refusal import not_found
from devtools.localcloud.extension.durable.target import Target

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
Event = Mapping[str, Any]
Code = Callable[[Any], Outcome]


def answer(status: str, **members: Any) -> Outcome:
    """What the SDK answers an invocation with."""
    return Outcome(json.dumps({"Status": status, **members}))


PENDING = answer("PENDING")
CRASH = Outcome(error={"ErrorType": "Runtime.ExitError", "ErrorMessage": "signal 9"})


def succeed(_event: Any) -> Outcome:
    """A function that is done at once."""
    return answer("SUCCEEDED", Result='"done"')


@dataclass
class World:
    """One driver, its functions and its clock."""

    now: float = 1_000_000.0
    code: dict[tuple[str, str], Code] = field(default_factory=dict)
    durable: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    refused: dict[str, Error] = field(default_factory=dict)
    invoked: list[tuple[str, str, Any]] = field(default_factory=list)
    buried: list[str] = field(default_factory=list)
    counted: list[tuple[str, str]] = field(default_factory=list)
    waiting: deque[Callable[[], None]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.driver = Driver(self, clock=lambda: self.now, spawn=self.waiting.append)
        self.api = Api(self.driver, lambda name, qualifier: (name, qualifier))

    # -- Functions, as the driver has it --------------------------------------------------------

    def resolve(self, name: str, qualifier: str | None) -> Target:
        if (name, qualifier or "$LATEST") not in self.code:
            raise not_found(f"Function not found: {ARN}{name}:{qualifier or '$LATEST'}")
        config = {"Role": "role", **self._durable(name)}
        return Target(name, ARN + name, qualifier, qualifier or "$LATEST", config, None)

    def invoke(self, target: Target, event: object, trace: str | None) -> Outcome:
        self.invoked.append((target.name, target.version, event))
        return self.code[target.name, target.version](event)

    def may_invoke(self, role: str, target: Target) -> Error | None:
        return self.refused.get(target.name)

    def count(self, execution: Execution) -> None:
        self.counted.append((execution.name, execution.status))

    def bury(self, execution: Execution) -> None:
        self.buried.append(execution.payload)

    def _durable(self, name: str) -> dict[str, Any]:
        return {"DurableConfig": self.durable[name]} if name in self.durable else {}

    # -- for tests ------------------------------------------------------------------------------

    def deploy(self, name: str, code: Code, *, version: str = "1", timeout_s: int = 600) -> None:
        """Make a durable function."""
        self.code[name, version] = code
        self.durable[name] = {"ExecutionTimeout": timeout_s}

    def waiting_for(self, *updates: Mapping[str, Any]) -> Code:
        """A function that checkpoints these and waits."""

        def function(event: Any) -> Outcome:
            self.checkpoint(event, *updates)
            return PENDING

        return function

    def start(self, name: str = "f", payload: str = "{}", version: str = "1") -> Execution:
        """Start an execution nobody waits for, and do what there is to do."""
        execution = self.driver.start(self.resolve(name, version), payload, awaited=False)
        self.work()
        return execution

    def work(self) -> None:
        """Do what waits to be done, and what comes of it."""
        while self.waiting:
            self.waiting.popleft()()

    def pass_time(self, seconds: float) -> None:
        """Move the clock, and do what is due by then."""
        self.now += seconds
        self.driver.tick()
        self.work()

    def checkpoint(self, event: Event, *updates: Mapping[str, Any]) -> Mapping[str, Any]:
        """Checkpoint as the function that was given ``event``."""
        arn = event["DurableExecutionArn"]
        return self.driver.checkpoint(arn, event["CheckpointToken"], updates, None)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """Call the API; returns status and document."""
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        found = self.api.route(method, f"/2025-12-01/{path}", content, query)
        assert found is not None
        status, _headers, document = found
        return status, json.loads(document)


def start(kind: str, name: str = "a", **options: Any) -> dict[str, Any]:
    """An update that starts an operation."""
    return {"Id": name, "Type": kind, "Action": "START", **options}


def callback(timeout_s: int = 0, heartbeat_s: int = 0) -> dict[str, Any]:
    """An update that starts a callback."""
    options = {"TimeoutSeconds": timeout_s, "HeartbeatTimeoutSeconds": heartbeat_s}
    return start("CALLBACK", CallbackOptions=options)


def wait(seconds: int, name: str = "a") -> dict[str, Any]:
    """An update that starts a wait."""
    return start("WAIT", name, WaitOptions={"WaitSeconds": seconds})


def chain(function: str, payload: str = "{}") -> dict[str, Any]:
    """An update that invokes a function."""
    return start("CHAINED_INVOKE", ChainedInvokeOptions={"FunctionName": function}, Payload=payload)


def retry(seconds: int = 1, **members: Any) -> dict[str, Any]:
    """An update that has a step repeated."""
    options = {"NextAttemptDelaySeconds": seconds}
    return {"Id": "a", "Type": "STEP", "Action": "RETRY", "StepOptions": options, **members}
