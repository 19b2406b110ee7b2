"""Drives executions to their end: invokes, repeats, waits, wakes parents.

One lock guards all state; a function is never invoked while it is held. One thread sleeps until
something is due. An execution has one invocation at a time: what happens meanwhile is told to the
function at its next checkpoint, or in a new invocation once this one has ended.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from devtools.localcloud.extension.durable import updates as checkpoints
from devtools.localcloud.extension.durable.execution import (
    MAX_UNAWAITED_RESULT_BYTES,
    Error,
    Execution,
    Operation,
    new_token,
)
from devtools.localcloud.extension.durable.executions import Executions
from devtools.localcloud.extension.durable.protocol import (
    Functions,
    Outcome,
    check_start,
    first_page,
    in_milliseconds,
    read_answer,
)
from devtools.localcloud.extension.durable.refusal import Refused, not_found
from devtools.localcloud.extension.durable.target import Target

#: A failed invocation is repeated after this, then after twice this, and so on.
RETRY_BASE_S: Final = 0.5
#: Failed invocations in a row that end an execution.
MAX_FAILURES: Final = 5


def _spawn(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True, name="durable").start()


class Driver:
    """Runs executions.

    ``clock`` gives seconds since the epoch; ``spawn`` has work done besides. ``executions`` are all
    that were started.
    """

    def __init__(
        self,
        functions: Functions,
        clock: Callable[[], float] = time.time,
        spawn: Callable[[Callable[[], None]], None] = _spawn,
    ) -> None:
        self._functions = functions
        self._clock = clock
        self._spawn = spawn
        self._changed = threading.Condition(threading.RLock())
        self.executions = Executions()
        self._running: dict[str, Execution] = {}

    def keep_time(self) -> None:
        """Carry out what is due from now on, in a thread."""

        def keep() -> None:
            with self._changed:
                while True:
                    self._changed.wait(self.tick())

        threading.Thread(target=keep, daemon=True, name="durable-timers").start()

    def tick(self) -> float | None:
        """Carry out what is due; returns in how many seconds something else is."""
        with self._changed:
            now = self._clock()
            next_at: float | None = None
            for execution in list(self._running.values()):
                due_at = execution.due_at()
                if due_at is not None and due_at <= now:
                    self._settle(execution, now)
                    due_at = execution.due_at()
                if due_at is not None:
                    next_at = due_at if next_at is None else min(next_at, due_at)
            return None if next_at is None else max(next_at - now, 0.001)

    # -- executions ----------------------------------------------------------------------------

    def start(
        self,
        target: Target,
        payload: str,
        *,
        name: str | None = None,
        awaited: bool,
        trace: str | None = None,
        parent: tuple[str, str] | None = None,
    ) -> Execution:
        """Start an execution, or find the one that was started under this name with this payload.

        Raises:
            Refused: The target cannot be started so, or the name is another payload's.
        """
        check_start(target, name, awaited=awaited)
        with self._changed:
            existing = self.executions.named(name) if name else None
            if existing is not None:
                if existing.target.name != target.name or existing.payload != payload:
                    raise Refused(
                        f"Execution already started: {existing.arn}",
                        "DurableExecutionAlreadyStartedException",
                        HTTPStatus.CONFLICT,
                    )
                return existing
            execution = Execution(
                target=target,
                name=name or str(uuid4()),
                payload=payload,
                awaited=awaited,
                started=self._clock(),
                trace=trace,
                parent=parent,
            )
            self.executions.add(execution)
            self._running[execution.arn] = execution
            self._functions.count(execution)
            self._invoke(execution)
            self._changed.notify_all()
            return execution

    def wait(self, execution: Execution, limit_s: float) -> bool:
        """Wait until an execution has ended; returns whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: execution.closed, limit_s)

    def look(self, execution: Execution, read: Callable[[Execution], Any]) -> Any:
        """Read an execution while nothing changes it."""
        with self._changed:
            return read(execution)

    def stop(self, arn: str, error: Error | None) -> Execution:
        """Stop an execution; one that has ended stays as it is."""
        execution = self.executions.find(arn)
        with self._changed:
            message = {"ErrorMessage": "Execution stopped by user request"}
            execution.close("STOPPED", self._clock(), error=error or message)
            self._after_change(execution)
        return execution

    # -- for the function at work --------------------------------------------------------------

    def checkpoint(
        self, arn: str, token: str, updates: Sequence[Mapping[str, Any]], client_token: str | None
    ) -> Mapping[str, Any]:
        """Carry out a checkpoint; returns the new token, and what changed meanwhile.

        Raises:
            Refused: The token is not the current one, or an update is not valid.
        """
        execution = self.executions.find(arn)
        with self._changed:
            last = execution.last_checkpoint
            if last and client_token and last[:2] == (client_token, token):
                return last[2]  # asked again, by a client that never got the answer
            self._check_token(execution, token)
            checkpoints.check(execution, updates)
            now = self._clock()
            role = execution.target.config["Role"]
            chained = checkpoints.apply(
                execution, updates, now, lambda name: self._preflight(role, name)
            )
            execution.settle(now)
            answer: dict[str, Any] = {
                "NewExecutionState": {"Operations": _copies(execution.take_unseen())}
            }
            if not execution.closed:
                execution.token = answer["CheckpointToken"] = new_token()
                if client_token:
                    execution.last_checkpoint = (client_token, token, answer)
            self._after_change(execution)
        for invoke in chained:
            self._in_background(self._run_chained, execution, role, invoke)
        return answer

    def state(self, arn: str, token: str) -> list[Operation]:
        """The operations a replay needs.

        Raises:
            Refused: The token is not the current one.
        """
        execution = self.executions.find(arn)
        with self._changed:
            self._check_token(execution, token)
            return _copies(execution.for_replay())

    def _check_token(self, execution: Execution, token: str) -> None:
        # The SDK knows these very words, and has the invocation repeated.
        if execution.token is None or token != execution.token:
            raise Refused("Invalid checkpoint token")

    # -- callbacks -----------------------------------------------------------------------------

    def end_callback(
        self, callback_id: str, result: str | None = None, error: Error | None = None
    ) -> None:
        """End a callback with a result or an error.

        Raises:
            Refused: There is no such callback, or it has ended.
        """
        with self._changed:
            execution, operation = self._open_callback(callback_id)
            status = "FAILED" if error is not None else "SUCCEEDED"
            execution.end_callback(operation, status, self._clock(), result, error)
            self._after_change(execution)

    def heartbeat(self, callback_id: str) -> None:
        """Put a callback's heartbeat timeout off.

        Raises:
            Refused: There is no such callback, or it has ended.
        """
        with self._changed:
            execution, operation = self._open_callback(callback_id)
            timers = execution.timers[operation["Id"]]
            if timers.heartbeat_s:
                timers.heartbeat_at = self._clock() + timers.heartbeat_s
            self._changed.notify_all()

    def _open_callback(self, callback_id: str) -> tuple[Execution, Operation]:
        found = self.executions.of_callback(callback_id)
        if found is None:
            raise not_found("Callback does not exist")
        execution, operation = found
        execution.settle(self._clock())
        if execution.closed or operation["Status"] != "STARTED":
            self._after_change(execution)
            raise Refused(
                "The callback ID token has either expired or the callback associated with the "
                "token has already been closed.",
                "CallbackTimeoutException",
            )
        return execution, operation

    # -- invocations ---------------------------------------------------------------------------

    def _invoke(self, execution: Execution) -> None:
        """Begin an invocation. There is none, the execution is open, and the lock is held."""
        changed = execution.begin_invocation()
        operations, marker = first_page(_copies(execution.for_replay()))
        event = {
            "DurableExecutionArn": execution.arn,
            "CheckpointToken": execution.token,
            "InitialExecutionState": {
                "Operations": [in_milliseconds(each) for each in operations],
                "NextMarker": marker,
            },
            "UpdatedOperationIds": changed,
        }
        self._in_background(self._run, execution, event)

    def _run(self, execution: Execution, event: object) -> None:
        started = self._clock()
        try:
            # Its version again, as it is now: it may have been deleted.
            target = self._functions.resolve(execution.target.name, execution.target.version)
        except Refused as gone:
            outcome, final = Outcome(error=gone.as_error()), True
        else:
            outcome, final = self._functions.invoke(target, event, execution.trace), False
        with self._changed:
            now = self._clock()
            execution.last_log = outcome.log
            execution.end_invocation(started, now, str(uuid4()), outcome.error)
            if not execution.closed:
                self._take_outcome(execution, outcome, final=final, now=now)
            self._after_change(execution)

    def _take_outcome(
        self, execution: Execution, outcome: Outcome, *, final: bool, now: float
    ) -> None:
        if outcome.error is not None:
            if final:
                execution.close("FAILED", now, error=outcome.error)
            else:
                self._repeat(execution, outcome.error, now, counts=not outcome.throttled)
            return
        status, result, error = read_answer(outcome.answer, execution.max_result_bytes)
        if status != "PENDING":
            execution.failures = 0
            execution.close(status, now, result, error)
        elif execution.is_waiting or execution.has_unseen:
            execution.failures = 0
        else:
            message = "Cannot return PENDING status with no pending operations."
            self._repeat(execution, Refused(message).as_error(), now, counts=True)

    def _repeat(self, execution: Execution, error: Error, now: float, *, counts: bool) -> None:
        """Have a failed invocation repeated, or give the execution up."""
        if counts:
            execution.failures += 1
            execution.operation_count += 1
        if execution.failures >= MAX_FAILURES:
            execution.close("FAILED", now, error=error)
        else:
            execution.retry_at = now + RETRY_BASE_S * 2 ** max(execution.failures - 1, 0)

    def _after_change(self, execution: Execution) -> None:
        """Do what a change calls for; the lock is held."""
        if execution.closed:
            if self._running.pop(execution.arn, None) is not None:
                self._in_background(self._after_end, execution)
        elif not execution.invoking and execution.retry_at is None and execution.has_unseen:
            self._invoke(execution)
        self._changed.notify_all()

    def _after_end(self, execution: Execution) -> None:
        """Tell who waits for an execution's end, once."""
        self._functions.count(execution)
        if execution.parent is not None:
            parent_arn, operation_id = execution.parent
            error = execution.error
            if execution.status == "TIMED_OUT":
                limit_s = execution.timeout_s
                error = {
                    "ErrorType": "ChainedInvoke.Timeout",
                    "ErrorMessage": f"CHAINED_INVOKE timed out after {limit_s} seconds.",
                }
            self._end_chained(parent_arn, operation_id, execution.status, execution.result, error)
        elif not execution.awaited and execution.status != "SUCCEEDED":
            self._functions.bury(execution)

    def _settle(self, execution: Execution, now: float) -> None:
        execution.settle(now)
        if execution.retry_at is not None and execution.retry_at <= now:
            execution.retry_at = None
            self._invoke(execution)
        self._after_change(execution)

    # -- chained invokes -----------------------------------------------------------------------

    def _preflight(self, role: str, function: str) -> Error | None:
        """Why a function cannot be invoked in a chain; None when it can."""
        try:
            target = self._functions.resolve(*checkpoints.target_of(function))
            if target.durable is not None:
                check_start(target, None, awaited=False)
        except Refused as refused:
            return refused.as_error()
        return self._functions.may_invoke(role, target)

    def _run_chained(self, parent: Execution, role: str, invoke: checkpoints.Chained) -> None:
        link = (parent.arn, invoke.operation_id)
        try:
            target = self._functions.resolve(*checkpoints.target_of(invoke.function))
            if target.durable is not None:
                self.start(target, invoke.payload, awaited=False, trace=parent.trace, parent=link)
                return
            event = json.loads(invoke.payload)
            outcome = self._functions.invoke(target, event, parent.trace)
        except (Refused, ValueError) as problem:
            refused = problem if isinstance(problem, Refused) else Refused(str(problem))
            outcome = Outcome(error=refused.as_error())
        limit = MAX_UNAWAITED_RESULT_BYTES
        if outcome.error is None and len(outcome.answer.encode()) > limit:
            message = (
                f"CHAINED_INVOKE output payload size must be less than or equal to {limit} bytes."
            )
            outcome = Outcome(error={"ErrorMessage": message})
        if outcome.error is not None:
            self._end_chained(*link, "FAILED", None, outcome.error)
        else:
            self._end_chained(*link, "SUCCEEDED", outcome.answer, None)

    def _end_chained(
        self, arn: str, operation_id: str, status: str, result: str | None, error: Error | None
    ) -> None:
        with self._changed:
            parent = self.executions.find(arn)
            if parent.end_chained(operation_id, status, self._clock(), result, error):
                self._after_change(parent)

    def _in_background(self, work: Callable[..., None], *arguments: Any) -> None:
        self._spawn(partial(work, *arguments))


def _copies(operations: Sequence[Operation]) -> list[Operation]:
    copied: list[Operation] = json.loads(json.dumps(operations))
    return copied
