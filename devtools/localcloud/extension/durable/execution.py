"""One durable execution: its operations, timers, checkpoint token and end. No threads, no clock.

An operation is a dictionary with the members of the service's model; times are seconds since the
epoch. Each change of an operation gets a number, so that a checkpoint's answer, and the next
invocation, carry what the function has not seen yet.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from devtools.localcloud.extension.durable.history import History, data
from devtools.localcloud.extension.durable.target import Target

Operation = dict[str, Any]
Error = Mapping[str, Any]

MAX_OPERATIONS: Final = 3_000
MAX_STORED_BYTES: Final = 100 * 1024 * 1024
#: The result of an execution that the caller of Invoke waits for; of any other.
MAX_RESULT_BYTES: Final = 6 * 1024 * 1024
MAX_UNAWAITED_RESULT_BYTES: Final = 1024 * 1024

RUNNING: Final = "RUNNING"
#: How an execution ends, and the event that says so.
_ENDS: Final = {
    "SUCCEEDED": "ExecutionSucceeded",
    "FAILED": "ExecutionFailed",
    "TIMED_OUT": "ExecutionTimedOut",
    "STOPPED": "ExecutionStopped",
}
_CLOSED: Final = ("SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "STOPPED")


@dataclass
class Timers:
    """When a callback ends by itself; None for never."""

    ends_at: float | None
    heartbeat_s: int
    heartbeat_at: float | None


@dataclass
class Execution:
    """One durable execution.

    Attributes:
        target: The version it began on, as it was then.
        name: Its own.
        payload: What it was started with, as text.
        awaited: Whether the caller of Invoke waits for its end.
        started: When it began.
        trace: The X-Ray header it was started with.
        parent: The execution and operation that wait for it.
        retry_at: When a failed invocation is repeated.
        failures: Invocations that failed in a row.
    """

    target: Target
    name: str
    payload: str
    awaited: bool
    started: float
    trace: str | None = None
    parent: tuple[str, str] | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = RUNNING
    ended: float | None = None
    result: str | None = None
    error: Error | None = None
    operations: dict[str, Operation] = field(default_factory=dict)
    history: History = field(default_factory=History)
    timers: dict[str, Timers] = field(default_factory=dict)
    token: str | None = None
    invoking: bool = False
    retry_at: float | None = None
    failures: int = 0
    operation_count: int = 0
    stored_bytes: int = 0
    last_log: str = ""
    #: The last checkpoint's client token and token, and what it was answered.
    last_checkpoint: tuple[str, str, Mapping[str, Any]] | None = None
    _sequence: int = 0
    _seen: int = 0
    _changed: dict[str, int] = field(default_factory=dict)
    #: Operations that something outside the function is to end.
    _waiting: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        operation = {
            "Id": self.id,
            "Name": self.name,
            "Type": "EXECUTION",
            "Status": "STARTED",
            "StartTimestamp": self.started,
            "ExecutionDetails": {"InputPayload": self.payload},
        }
        self.operations[self.id] = operation
        self.change(operation)
        self.history.add(
            "ExecutionStarted",
            self.started,
            {"Input": data(self.payload), "ExecutionTimeout": self.timeout_s},
        )

    @property
    def arn(self) -> str:
        """Its own ARN, which names the version it runs on."""
        version = f"{self.target.arn}:{self.target.version}"
        return f"{version}/durable-execution/{self.name}/{self.id}"

    @property
    def config(self) -> Mapping[str, Any]:
        """The function's ``DurableConfig`` when it began."""
        return self.target.durable or {}

    @property
    def max_result_bytes(self) -> int:
        """How large its result may be."""
        return MAX_RESULT_BYTES if self.awaited else MAX_UNAWAITED_RESULT_BYTES

    @property
    def timeout_s(self) -> int:
        """How long all of it may take."""
        return int(self.config["ExecutionTimeout"])

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.status != RUNNING

    # -- operations ----------------------------------------------------------------------------

    def change(self, operation: Operation) -> None:
        """Note that an operation is new or has changed."""
        self._sequence += 1
        self._changed[operation["Id"]] = self._sequence
        outside = ("WAIT", "CALLBACK", "CHAINED_INVOKE")
        waiting = operation["Status"] == "PENDING" or (
            operation["Type"] in outside and operation["Status"] == "STARTED"
        )
        (self._waiting.add if waiting else self._waiting.discard)(operation["Id"])

    def end(self, operation: Operation, status: str, now: float) -> None:
        """Give an operation its last status."""
        operation["Status"] = status
        operation["EndTimestamp"] = now
        self.timers.pop(operation["Id"], None)
        self.change(operation)

    def take_unseen(self) -> list[Operation]:
        """The operations that changed since the function last saw them; it has seen them now."""
        unseen = [
            operation
            for key, operation in self.operations.items()
            if self._changed[key] > self._seen and self._is_needed(operation)
        ]
        self._seen = self._sequence
        return unseen

    @property
    def has_unseen(self) -> bool:
        """Whether something changed that the function has not seen."""
        return self._sequence > self._seen

    @property
    def is_waiting(self) -> bool:
        """Whether something outside the function is to happen yet."""
        return bool(self._waiting)

    def for_replay(self) -> list[Operation]:
        """The operations a new invocation needs, in the order they began."""
        return [each for each in self.operations.values() if self._is_needed(each)]

    def _is_needed(self, operation: Operation) -> bool:
        """Whether no context above it has ended with its result kept in its children's place."""
        while parent_id := operation.get("ParentId"):
            operation = self.operations[parent_id]
            details = operation.get("ContextDetails") or {}
            if operation["Status"] in _CLOSED and not details.get("ReplayChildren"):
                return False
        return True

    # -- invocations ---------------------------------------------------------------------------

    def begin_invocation(self) -> list[str]:
        """Give out a new token; returns the ids of what changed since the last invocation."""
        self.invoking, self.retry_at = True, None
        self.token = new_token()
        self.last_checkpoint = None
        return [operation["Id"] for operation in self.take_unseen()]

    def end_invocation(
        self, started: float, now: float, request_id: str, error: Error | None
    ) -> None:
        """Take the token back; whoever still has it comes too late."""
        self.invoking, self.token, self.last_checkpoint = False, None, None
        self.history.add(
            "InvocationCompleted",
            now,
            {
                "StartTimestamp": started,
                "EndTimestamp": now,
                "RequestId": request_id,
                "Error": data(error),
            },
        )

    # -- time ----------------------------------------------------------------------------------

    def due_at(self) -> float | None:
        """When something is next due; None once it has ended."""
        if self.closed:
            return None
        return min(self._due())

    def _due(self) -> Iterable[float]:
        yield self.started + self.timeout_s
        if self.retry_at is not None:
            yield self.retry_at
        for key in self._waiting:
            at = self._operation_due(self.operations[key])
            if at is not None:
                yield at

    def _operation_due(self, operation: Operation) -> float | None:
        if operation["Type"] == "WAIT":
            return float(operation["WaitDetails"]["ScheduledEndTimestamp"])
        if operation["Type"] == "STEP":
            return float(operation["StepDetails"]["NextAttemptTimestamp"])
        timers = self.timers.get(operation["Id"])
        ends = [at for at in (timers.ends_at, timers.heartbeat_at) if at] if timers else []
        return min(ends, default=None)

    def settle(self, now: float) -> bool:
        """Carry out what is due; returns whether an operation changed, or the execution ended."""
        if self.closed:
            return False
        if now >= self.started + self.timeout_s:
            message = f"Execution timed out after {self.timeout_s} seconds."
            self.close("TIMED_OUT", now, error={"ErrorMessage": message})
            return True
        changed = False
        for key in [key for key in self.operations if key in self._waiting]:
            operation = self.operations[key]
            at = self._operation_due(operation)
            if at is not None and at <= now:
                self._settle(operation, now)
                changed = True
        return changed

    def _settle(self, operation: Operation, now: float) -> None:
        if operation["Type"] == "WAIT":
            self.end(operation, "SUCCEEDED", now)
            duration = int(now - operation["StartTimestamp"])
            self.history.add("WaitSucceeded", now, {"Duration": duration}, operation)
        elif operation["Type"] == "STEP":
            del operation["StepDetails"]["NextAttemptTimestamp"]
            operation["Status"] = "READY"
            self.change(operation)
        else:
            timers = self.timers[operation["Id"]]
            whole = timers.ends_at is not None and timers.ends_at <= now
            error = {
                "ErrorType": "Callback.Timeout" if whole else "Callback.Heartbeat",
                "ErrorMessage": "Callback timed out" + ("" if whole else " on heartbeat"),
            }
            self.end_callback(operation, "TIMED_OUT", now, error=error)

    # -- ends ----------------------------------------------------------------------------------

    def end_callback(
        self,
        operation: Operation,
        status: str,
        now: float,
        result: str | None = None,
        error: Error | None = None,
    ) -> None:
        """End a callback that is open."""
        self._keep_outcome(operation["CallbackDetails"], result, error)
        self.end(operation, status, now)
        kinds = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "TIMED_OUT": "TimedOut"}
        outcome = {"Result": data(result), "Error": data(error)}
        self.history.add(f"Callback{kinds[status]}", now, outcome, operation)

    def end_chained(
        self,
        operation_id: str,
        status: str,
        now: float,
        result: str | None = None,
        error: Error | None = None,
    ) -> bool:
        """End a chained invoke, unless it or all of the execution has ended before."""
        operation = self.operations[operation_id]
        if self.closed or operation["Status"] != "STARTED":
            return False
        self._keep_outcome(operation["ChainedInvokeDetails"], result, error)
        self.end(operation, status, now)
        kinds = {
            "SUCCEEDED": "Succeeded",
            "FAILED": "Failed",
            "TIMED_OUT": "TimedOut",
            "STOPPED": "Stopped",
        }
        outcome = {"Result": data(result), "Error": data(error)}
        self.history.add(f"ChainedInvoke{kinds[status]}", now, outcome, operation)
        return True

    def _keep_outcome(
        self, details: dict[str, Any], result: str | None, error: Error | None
    ) -> None:
        if result is not None:
            details["Result"] = result
            self.stored_bytes += len(result.encode())
        if error is not None:
            details["Error"] = dict(error)

    def close(
        self, status: str, now: float, result: str | None = None, error: Error | None = None
    ) -> None:
        """End the execution, once."""
        if self.closed:
            return
        self.status, self.ended, self.result, self.error = status, now, result, error
        self.token, self.retry_at = None, None
        self.end(self.operations[self.id], status, now)
        self.history.add(_ENDS[status], now, {"Result": data(result), "Error": data(error)})


def new_token() -> str:
    """A token or callback id that nobody can guess, of letters the API's patterns allow."""
    return secrets.token_hex(32)
