"""The durable service, in memory: it speaks to the real SDK, and kills what runs on it.

Time is its own and stands still while a function runs. It may kill an invocation before a
checkpoint is written, after it is written and before its reply, at any look the run takes at the
clock, and an agent's function in the middle of its work.
"""

import datetime as dt
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Final

from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python.execution import (
    DurableExecutionInvocationInput,
    DurableExecutionInvocationInputWithClient,
    InitialExecutionState,
)
from aws_durable_execution_sdk_python.lambda_service import (
    CallbackDetails,
    ChainedInvokeDetails,
    CheckpointOutput,
    CheckpointUpdatedExecutionState,
    ErrorObject,
    ExecutionDetails,
    Operation,
    OperationAction,
    OperationStatus,
    OperationType,
    OperationUpdate,
    StateOutput,
    StepDetails,
    WaitDetails,
)

BEGAN: Final = 1_800_000_000.0
ARN: Final = "arn:aws:lambda:us-east-1:111122223333:function:f:1/durable-execution/run/e"
#: In the place of a person's answer.
NOBODY: Final = object()
REFUSED: Final = object()
#: The service gives up after so many invocations in a row that fail.
FAILURES: Final = 5
LONGEST_WAIT_S: Final = 31_622_400
#: Bytes of what a step gives.
STEP_BYTES: Final = 262_144
#: An operation's name, in the service's model.
_NAME: Final = re.compile(r"[\x20-\x7E]{1,256}")
_ENDED: Final = (
    OperationStatus.SUCCEEDED,
    OperationStatus.FAILED,
    OperationStatus.TIMED_OUT,
    OperationStatus.STOPPED,
)

Function = Callable[[Any], Any]


class Killed(BaseException):
    """The process is gone."""


class FunctionKilled(Exception):
    """An agent's function is gone in the middle of its work."""


@dataclass
class Kills:
    """When what is killed; each is a number of the whole execution's, from 1.

    Attributes:
        before: Checkpoints that are not written.
        after: Checkpoints that are written, and whose reply is lost.
        looks: Looks at the clock that a process does not survive.
        calls: Calls of functions that these do not survive.
    """

    before: frozenset[int] = frozenset()
    after: frozenset[int] = frozenset()
    looks: frozenset[int] = frozenset()
    calls: frozenset[int] = frozenset()


@dataclass
class Execution:
    """How an execution ended.

    Attributes:
        status: SUCCEEDED or FAILED.
        result: What it gave.
        error: What it failed with.
    """

    status: str
    result: Any = None
    error: Mapping[str, Any] = field(default_factory=dict)


class DurableService:
    """One execution.

    Args:
        handler: The function, as the SDK decorates it.
        event: Its input.
        functions: What it may invoke, by ARN.
        answers: What people answer, in turn.
        kills: What is killed.
        order: In which the functions end that are at work at once; None for the order they began.
        at_once: Whether invoked functions end before the checkpoint's reply.
        page: Operations in the first page of the history.

    Attributes:
        operations: The history, by id.
        begun: How often each function began, by operation's name.
        checkpoints: How many there were.
        looks: How often the clock was looked at.
        calls: How often functions were invoked.
        invocations: How often the handler was.
        most_at_work: The most functions that were at work at once.
    """

    def __init__(
        self,
        handler: Callable[[Any, Any], Any],
        event: Any,
        functions: Mapping[str, Function],
        *,
        answers: list[Any] | None = None,
        kills: Kills | None = None,
        order: random.Random | None = None,
        at_once: bool = False,
        page: int = 1000,
    ) -> None:
        self._handler = handler
        self._functions = functions
        self._answers = list(answers or [])
        self._kills = kills or Kills()
        self._order = order
        self._at_once = at_once
        self._page = page
        self._token = 0
        self._failures = 0
        self._events: dict[str, Any] = {}
        self._due: dict[str, float] = {}
        self._seconds = BEGAN
        self.begun: Counter[str] = Counter()
        self.checkpoints = self.looks = self.calls = self.invocations = self.most_at_work = 0
        details = ExecutionDetails(json.dumps(event))
        self.operations: dict[str, Operation] = {
            "e": Operation(
                "e",
                OperationType.EXECUTION,
                OperationStatus.STARTED,
                start_timestamp=self._moment(),
                execution_details=details,
            )
        }

    def now(self) -> float:
        """Seconds since 1970."""
        self.looks += 1
        if self.looks in self._kills.looks:
            raise Killed
        return self._seconds

    def named(self, name: str) -> Operation:
        """An operation."""
        return next(one for one in self.operations.values() if one.name == name)

    def run(self, most_invocations: int = 500) -> Execution:
        """Invoke until the execution ends."""
        while self.invocations < most_invocations:
            reply = self._invoke()
            if reply is None:
                self._failures += 1
                if self._failures == FAILURES:
                    return Execution("FAILED", error={"ErrorType": "Invocations"})
                continue
            self._failures = 0
            if reply["Status"] != "PENDING":
                result = reply.get("Result")
                read = None if result is None else json.loads(result)
                return Execution(reply["Status"], read, reply.get("Error", {}))
            self._go_on()
            self._end_waits()
        raise AssertionError("the execution does not end")

    # --- What the SDK calls --------------------------------------------------------------------

    def checkpoint(
        self,
        durable_execution_arn: str,
        checkpoint_token: str,
        updates: list[OperationUpdate],
        client_token: str | None,
    ) -> CheckpointOutput:
        assert durable_execution_arn == ARN
        assert checkpoint_token == str(self._token)
        self.checkpoints += 1
        if self.checkpoints in self._kills.before:
            raise CheckpointError("killed")
        changed = [self._apply(update) for update in updates]
        self._token += 1
        at_work = sum(one.status is OperationStatus.STARTED for one in self._invokes())
        self.most_at_work = max(self.most_at_work, at_work)
        if self._at_once:
            for one in self._invokes():
                if one.status is OperationStatus.STARTED:
                    self._work(one)
        if self.checkpoints in self._kills.after:
            raise CheckpointError("killed")
        now = [self.operations[name] for name in changed]
        return CheckpointOutput(str(self._token), CheckpointUpdatedExecutionState(now))

    def get_execution_state(
        self,
        durable_execution_arn: str,
        checkpoint_token: str,
        next_marker: str,
        max_items: int = 1000,
    ) -> StateOutput:
        begin = int(next_marker)
        return self._paged(begin, begin + self._page)

    # --- The service's own work ---------------------------------------------------------------

    def _invoke(self) -> dict[str, Any] | None:
        self.invocations += 1
        first = self._paged(0, self._page)
        event = DurableExecutionInvocationInputWithClient.from_durable_execution_invocation_input(
            DurableExecutionInvocationInput(
                ARN,
                str(self._token),
                InitialExecutionState(first.operations, first.next_marker or ""),
            ),
            self,
        )
        try:
            reply: dict[str, Any] = self._handler(event, SimpleNamespace(aws_request_id="r"))
        except (CheckpointError, Killed):
            return None
        return reply

    def _paged(self, begin: int, end: int) -> StateOutput:
        every = list(self.operations.values())
        return StateOutput(every[begin:end], str(end) if end < len(every) else None)

    def _apply(self, update: OperationUpdate) -> str:
        name = update.operation_id
        there = self.operations.get(name)
        assert _NAME.fullmatch(update.name or ""), update.name
        if update.action is OperationAction.START:
            assert there is None, f"{update.name} begins again"
            self.operations[name] = self._started(update)
        else:
            assert there is not None
            assert update.operation_type is OperationType.STEP
            assert update.action is OperationAction.SUCCEED
            assert len(update.payload or "") <= STEP_BYTES
            self._end(
                there, OperationStatus.SUCCEEDED, step_details=StepDetails(1, None, update.payload)
            )
        return name

    def _started(self, update: OperationUpdate) -> Operation:
        started = Operation(
            update.operation_id,
            update.operation_type,
            OperationStatus.STARTED,
            parent_id=update.parent_id,
            name=update.name,
            start_timestamp=self._moment(),
            sub_type=update.sub_type,
        )
        match update.operation_type:
            case OperationType.CHAINED_INVOKE:
                assert update.chained_invoke_options is not None
                function = update.chained_invoke_options.function_name
                self._events[update.operation_id] = (function, json.loads(update.payload or "null"))
                return replace(started, chained_invoke_details=ChainedInvokeDetails())
            case OperationType.WAIT:
                assert update.wait_options is not None
                assert 1 <= update.wait_options.wait_seconds <= LONGEST_WAIT_S
                end = self._seconds + update.wait_options.wait_seconds
                self._due[update.operation_id] = end
                moment = dt.datetime.fromtimestamp(end, dt.UTC)
                return replace(started, wait_details=WaitDetails(moment))
            case OperationType.CALLBACK:
                seconds = update.callback_options.timeout_seconds if update.callback_options else 0
                if seconds:
                    self._due[update.operation_id] = self._seconds + seconds
                return replace(started, callback_details=CallbackDetails(update.operation_id))
            case OperationType.STEP:
                return replace(started, step_details=StepDetails())
        raise AssertionError(update)

    def _invokes(self) -> list[Operation]:
        kind = OperationType.CHAINED_INVOKE
        return [one for one in self.operations.values() if one.operation_type is kind]

    def _go_on(self) -> None:
        """One thing happens for which an execution is woken: a function's end first."""
        open_ones = [one for one in self.operations.values() if one.status not in _ENDED]
        invokes = [one for one in open_ones if one.operation_type is OperationType.CHAINED_INVOKE]
        if invokes:
            self._work(self._order.choice(invokes) if self._order else invokes[0])
            return
        callbacks = [one for one in open_ones if one.operation_type is OperationType.CALLBACK]
        for one in callbacks:
            answer = self._answers.pop(0) if self._answers else NOBODY
            if answer is NOBODY:
                continue
            self._seconds += 3600
            if answer is REFUSED:
                error = ErrorObject("not I", "Refused", None, None)
                self._end(
                    one, OperationStatus.FAILED, callback_details=CallbackDetails("c", None, error)
                )
            else:
                self._end(
                    one,
                    OperationStatus.SUCCEEDED,
                    callback_details=CallbackDetails("c", json.dumps(answer)),
                )
            return
        assert self._due, "nothing can happen any more"
        name, end = min(self._due.items(), key=lambda due: due[1])
        self._seconds = max(self._seconds, end)
        one = self.operations[name]
        if one.operation_type is OperationType.WAIT:
            self._end(one, OperationStatus.SUCCEEDED, wait_details=one.wait_details)
        else:
            self._end(one, OperationStatus.TIMED_OUT, callback_details=CallbackDetails("c"))

    def _end_waits(self) -> None:
        """Other waits may be over as well, by now."""
        for name, end in [*self._due.items()]:
            one = self.operations[name]
            if end <= self._seconds and one.operation_type is OperationType.WAIT:
                self._end(one, OperationStatus.SUCCEEDED, wait_details=one.wait_details)

    def _work(self, one: Operation) -> None:
        function, event = self._events[one.operation_id]
        self.calls += 1
        self.begun[one.name or ""] += 1
        self._seconds += 1
        try:
            result = json.dumps(self._worked(function, event))
        except FunctionKilled:
            error = ErrorObject("the process exited", "Runtime.ExitError", None, None)
            self._end(
                one,
                OperationStatus.FAILED,
                chained_invoke_details=ChainedInvokeDetails(None, error),
            )
        except Exception as raised:
            error = ErrorObject(str(raised), type(raised).__name__, None, None)
            self._end(
                one,
                OperationStatus.FAILED,
                chained_invoke_details=ChainedInvokeDetails(None, error),
            )
        else:
            self._end(
                one, OperationStatus.SUCCEEDED, chained_invoke_details=ChainedInvokeDetails(result)
            )

    def _worked(self, function: str, event: Any) -> Any:
        if self.calls in self._kills.calls:
            raise FunctionKilled
        return self._functions[function](event)

    def _end(self, one: Operation, status: OperationStatus, **details: Any) -> None:
        self._due.pop(one.operation_id, None)
        self.operations[one.operation_id] = replace(
            one, status=status, end_timestamp=self._moment(), **details
        )

    def _moment(self) -> dt.datetime:
        # Each is later than the one before it.
        self._seconds += 0.001
        return dt.datetime.fromtimestamp(self._seconds, dt.UTC)
