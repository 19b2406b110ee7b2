"""A place in MiniStack's pool of warm workers: one execution environment at a time, and its log."""

import json
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.core import lambda_runtime

from devtools.localcloud.execution import INIT_LIMIT_S, ExecutionEnvironment
from devtools.localcloud.extension.logs import LogStream
from devtools.localcloud.extension.platform_log import PlatformLog, lets_through
from devtools.localcloud.extension.response_streams import pipe_of_caller
from devtools.localcloud.extension.results import (
    Result,
    cause_of_exit,
    error_type_of,
    failed,
    result_of,
    status_of,
)
from devtools.localcloud.runtime_api import Answer, Invocation, ProcessEnded, ProcessEndedIdle

Config = Mapping[str, Any]


class Worker(lambda_runtime.Worker):  # type: ignore[misc]  # MiniStack is untyped
    """A place in MiniStack's pool of warm workers; it has one environment at a time."""

    def __init__(self, func_name: str, config: Config, code_zip: bytes) -> None:
        super().__init__(func_name, config, code_zip)
        # MiniStack's pool looks at this one to tell whether there is a process.
        self._proc: subprocess.Popen[bytes] | None = None
        self._environment: ExecutionEnvironment | None = None
        self._restored = False
        self._restore_ms: float | None = None
        self._stream: LogStream | None = None
        self._tail: list[str] = []
        self._last_request_id = ""
        logging_config = config.get("LoggingConfig") or {}
        #: The least level of a line that reaches the log; only JSON logs have levels.
        self._level = (
            logging_config.get("ApplicationLogLevel", "INFO")
            if logging_config.get("LogFormat") == "JSON"
            else None
        )
        self._platform = PlatformLog(
            logging_config.get("LogFormat", "Text"), logging_config.get("SystemLogLevel", "INFO")
        )

    def new_environment(self, log: LogStream) -> ExecutionEnvironment:
        """Start a process; defined where its surroundings are known."""
        raise NotImplementedError

    def take_output(self, line: str) -> None:
        """Log a line of the function's output, where its level is high enough."""
        if self._level is None or lets_through(line, self._level):
            self.take_line(line)

    def take_line(self, line: str) -> None:
        """Log a line."""
        self._tail.append(line)
        if self._stream:
            self._stream.write(line)

    def run(
        self, event: object, request_id: str, *, function_arn: str, trace_id: str | None
    ) -> Result:
        """Run one invocation, in a new process where there is none."""
        with self._lock:
            self._tail = []
            timeout_s, began = int(self.config.get("Timeout", 3)), time.time()
            cold = not self._is_idle(timeout_s)
            while True:
                failure = (self._start(timeout_s) if cold else None) or self._restore()
                if failure:
                    self._report_start(request_id, failure, (time.time() - began) * 1000)
                    return {**failure, "log": "\n".join(self._tail)}
                assert self._environment is not None  # noqa: S101  just started
                invocation = Invocation(
                    request_id=request_id,
                    payload=json.dumps(event).encode(),
                    deadline_ms=int((time.time() + timeout_s) * 1000),
                    function_arn=function_arn,
                    trace_id=trace_id,
                )
                start_lines = self._platform.start(request_id, self.config.get("Version", ""))
                try:
                    self._take_lines(start_lines)
                    outcome = self._environment.invoke(invocation, timeout_s, pipe_of_caller.get())
                    break
                except ProcessEndedIdle:
                    cold = True  # the event has not been given to anybody yet
            self._last_request_id = request_id
            if outcome.answer:
                result = result_of(outcome.answer)
            elif outcome.failure == "Sandbox.Timedout":
                result = self._timed_out(request_id, timeout_s)
            else:
                result = self._exited(request_id, outcome.exit_status)
            self._take_lines(
                self._platform.report(
                    request_id,
                    status=status_of(result, outcome.failure),
                    duration_ms=outcome.duration_ms,
                    # A snapshot's process took its time when the version was published.
                    init_ms=(
                        self._environment.init_ms
                        if cold and not self._environment.function.snapshot
                        else None
                    ),
                    restore_ms=self._restore_ms,
                    error_type=error_type_of(result, outcome.failure),
                    memory_mb=int(self.config.get("MemorySize", 128)),
                    max_memory_mb=outcome.max_memory_mb,
                )
            )
            self._restore_ms = None
            if outcome.failure:
                self._discard_environment()
            return {
                **result,
                "log": "\n".join(self._tail),
                "duration_ms": outcome.duration_ms,
            }

    def take_idle_end(self, request_id: str, status: int) -> None:
        """Log that the process ended between two events."""
        last = request_id or self._last_request_id
        self._take_lines(self._platform.ended_idle(last, cause_of_exit(status)))

    def _is_idle(self, timeout_s: int) -> bool:
        """Whether there is a process that waits for an event, or will as soon as it can."""
        if self._environment is None or self._environment.process.poll() is not None:
            return False
        try:
            return self._environment.wait_until_idle(timeout_s, restored=self._restored)
        except TimeoutError:
            # What a function does after an answer counts towards its timeout, too.
            self._timed_out(self._last_request_id, timeout_s)
            return False

    def _spawn(self) -> None:
        """Start ahead of the first event, as publishing a SnapStart version does.

        Raises:
            RuntimeError: The function's initialisation failed, and so must the publication.
        """
        failure = self._start(int(self.config.get("Timeout", 3)))
        if failure:
            raise RuntimeError(failure["body"]["errorMessage"])

    def _start(self, timeout_s: int) -> Result | None:
        """Start a process and wait for its initialisation; returns why it failed."""
        self._discard_environment()
        self._stream = LogStream(
            (self.config.get("LoggingConfig") or {}).get("LogGroup")
            or f"/aws/lambda/{self.func_name}",
            self.config.get("Version", "$LATEST"),
            self.config["Role"],
        )
        # Lambda gives the first initialisation ten seconds, and another the function's timeout.
        for limit_s in (INIT_LIMIT_S, float(timeout_s)):
            self._environment = self.new_environment(self._stream)
            self._proc = self._environment.process
            self._restored = False
            try:
                error = self._environment.initialise(limit_s)
            except TimeoutError:
                self._discard_environment()
                continue
            except ProcessEnded:
                failure = failed("Runtime.ExitError", "Runtime exited during initialisation")
            else:
                if error is None:
                    return None
                failure = result_of(error)
            self._environment.drain()
            self._discard_environment()
            return failure
        return failed("Sandbox.Timedout", f"Task timed out after {timeout_s}.00 seconds")

    def _restore(self) -> Result | None:
        """Bring a SnapStart process from its snapshot to readiness, once."""
        assert self._environment is not None  # noqa: S101  callers have started it
        if not self._environment.function.snapshot or self._restored:
            return None
        began = time.monotonic()
        try:
            error = self._environment.restore(INIT_LIMIT_S)
        except (TimeoutError, ProcessEnded):
            error = Answer(b'{"errorMessage": "Restore failed", "errorType": "Runtime.Unknown"}')
        if error:
            self._discard_environment()
            return result_of(Answer(error.payload, is_error=True))
        self._restored = True
        self._restore_ms = (time.monotonic() - began) * 1000
        return None

    def _report_start(self, request_id: str, failure: Result, duration_ms: float) -> None:
        """Log an invocation whose process never came to its event."""
        late = failure["body"]["errorType"] == "Sandbox.Timedout"
        self._take_lines(self._platform.start(request_id, self.config.get("Version", "")))
        self._take_lines(
            self._platform.report(
                request_id,
                status="timeout" if late else "error",
                error_type=None if late else error_type_of(failure, None),
                duration_ms=duration_ms,
                init_ms=None,
                memory_mb=int(self.config.get("MemorySize", 128)),
                max_memory_mb=0,
            )
        )

    def _timed_out(self, request_id: str, timeout_s: int) -> Result:
        message = f"Task timed out after {timeout_s}.00 seconds"
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.take_line(f"{moment} {request_id} {message}")
        return failed("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}")

    def _exited(self, request_id: str, status: int | None) -> Result:
        message = f"RequestId: {request_id} Error: {cause_of_exit(status)}"
        self.take_line(message)
        return failed("Runtime.ExitError", message)

    def _take_lines(self, lines: list[str]) -> None:
        for line in lines:
            self.take_line(line)

    def _discard_environment(self) -> None:
        environment, self._environment = self._environment, None
        self._proc = None
        if environment:
            environment.end()

    def _discard_tmpdir(self) -> None:
        """MiniStack's name for: the pool has no more use for this worker."""
        self._discard_environment()
