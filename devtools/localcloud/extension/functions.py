"""Lambda functions on the real Runtime API, in place of MiniStack's own Python worker.

MiniStack runs a function's code inside its interpreter's site-packages and environment, over a
protocol of its own. Here its pool of warm workers holds ``ExecutionEnvironment`` processes.
"""

import base64
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from devtools.localcloud.code_store import CodeStore
from devtools.localcloud.execution import (
    DURABLE_RUNTIME,
    INIT_LIMIT_S,
    RUNTIME,
    ExecutionEnvironment,
    Function,
    Warden,
)
from devtools.localcloud.extension import invocation_metrics, tracing
from devtools.localcloud.extension.invocation_metrics import count, publish
from devtools.localcloud.extension.logs import LogStream
from devtools.localcloud.extension.platform_log import PlatformLog
from devtools.localcloud.extension.response_streams import pipe_of_caller
from devtools.localcloud.extension.results import (
    Result,
    cause_of_exit,
    failed,
    result_of,
    status_of,
)
from devtools.localcloud.running import REGION
from devtools.localcloud.runtime_api import Answer, Invocation, ProcessEnded, ProcessEndedIdle

_POLL_S = 0.02

#: The managed runtimes that functions may ask for: this interpreter's, and durable functions'.
RUNTIMES = (RUNTIME, DURABLE_RUNTIME)

#: Invocations at work, by function.
_at_work: Counter[str] = Counter()
_at_work_lock = threading.Lock()

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What functions run in.

    Attributes:
        lambda_runtimes: The folders awslambdaric is installed in, by managed runtime; one that this
            machine has no interpreter for is not there.
        warden: Whose group the processes join.
        code: Where their packages are unpacked.
        endpoints: The environment variables that lead a function's clients to this AWS and to the
            stand-in of public data.
    """

    lambda_runtimes: Mapping[str, Path]
    warden: Warden
    code: CodeStore
    endpoints: Mapping[str, str]


def install(surroundings: Surroundings) -> None:
    """Make MiniStack run functions through this module."""

    class InstalledWorker(_Worker):
        def new_environment(self, log: LogStream) -> ExecutionEnvironment:
            code = surroundings.code.unpack(_package_hash(self.config), self.code_zip)
            function = _function(self.config, code, log, surroundings.endpoints)
            return ExecutionEnvironment(
                function,
                surroundings.lambda_runtimes[self.config["Runtime"]],
                surroundings.warden,
                self.take_line,
                self.take_idle_end,
            )

    def worker_class(config: Config) -> type[_Worker]:
        return InstalledWorker

    def dispatch(func: Mapping[str, Any], config: Config, *rest: Any) -> Result:
        runtime = config.get("Runtime", "")
        if runtime in RUNTIMES and runtime not in surroundings.lambda_runtimes:
            version = runtime.removeprefix("python")
            message = (
                f"{config['FunctionName']}: there is no Python {version} on this machine, and "
                f"{runtime} runs on no other; install one and run make setup"
            )
            return failed("LocalCloud.Unsupported", message)
        return _dispatch(func, config, *rest)

    lambda_runtime._worker_class_for = worker_class
    lambda_svc._execute_function_dispatch = dispatch
    invocation_metrics.install()


def prepare(function_name: str, code: CodeStore) -> None:
    """Unpack a function's package ahead of its first event."""
    function = lambda_svc._functions[function_name]
    code.unpack_ahead(_package_hash(function["config"]), function["code_zip"])


def wait_until_published(version_arn: str, code: CodeStore) -> None:
    """Wait until a version can be called: its code is unpacked, and its snapshot taken.

    Only SnapStart versions have a snapshot.

    Raises:
        ValueError: The function's initialisation failed, and so has the publication.
    """
    *_, name, version = version_arn.split(":")
    published = lambda_svc._functions[name]["versions"][version]
    config = published["config"]
    code.unpack(_package_hash(config), published["code_zip"])
    while config["State"] == "Pending" and config["SnapStart"]["OptimizationStatus"] == "On":
        time.sleep(_POLL_S)
    if config["State"] == "Failed":
        raise ValueError(f"Version {version} of {name} is not usable: {config['StateReason']}")


def unsupported(config: Config) -> str | None:
    """What of a function's configuration cannot be honoured; None when all can."""
    if config.get("PackageType", "Zip") != "Zip":
        return "container images are not run here"
    if config.get("Runtime") not in RUNTIMES:
        known = " and ".join(RUNTIMES)
        return f"the runtime {config.get('Runtime')} is not available here, only {known}"
    if config.get("Layers"):
        return "layers are not supported here"
    return None


def _dispatch(
    func: Mapping[str, Any], config: Config, event: object, request_id: str, started: float
) -> Result:
    """Run one invocation; has the signature and result of the MiniStack function it replaces."""
    name, version = config["FunctionName"], config.get("Version", "$LATEST")
    problem = unsupported(config)
    if problem is None and not func.get("code_zip"):
        problem = "the function has no code"
    if problem is None and config.get("DurableConfig") and not _is_of_execution(event):
        problem = "only Invoke starts a durable function here, no other service"
    if problem:
        return failed("LocalCloud.Unsupported", f"{name}: {problem}")
    lambda_svc._ensure_reaper_thread()
    worker, _ = lambda_runtime.acquire_worker(name, config, func["code_zip"], qualifier=version)
    with _at_work_lock:
        _at_work[name] += 1
        publish("ConcurrentExecutions", _at_work[name], "Count", FunctionName=name)
    try:
        result: Result = worker.run(
            event,
            request_id,
            function_arn=config["FunctionArn"],
            trace_id=lambda_svc._xray_trace_id_for_invocation(config, tracing.inbound.get()),
        )
        result["request_id"] = request_id
    finally:
        lambda_runtime.release_worker(worker)
        with _at_work_lock:
            _at_work[name] -= 1
    count("Invocations", config)
    count("Throttles", config, 0)
    count("Errors", config, 1 if result.get("error") else 0)
    # As on AWS, without the initialisation; a process that never started took the whole time.
    duration_ms = result.pop("duration_ms", (time.time() - started) * 1000)
    count("Duration", config, duration_ms, "Milliseconds")
    return result


def _is_of_execution(event: object) -> bool:
    return isinstance(event, Mapping) and "DurableExecutionArn" in event


class _Worker(lambda_runtime.Worker):  # type: ignore[misc]  # MiniStack is untyped
    """A place in MiniStack's pool of warm workers; it has one environment at a time."""

    def __init__(self, func_name: str, config: Config, code_zip: bytes) -> None:
        super().__init__(func_name, config, code_zip)
        # MiniStack's pool looks at this one to tell whether there is a process.
        self._proc: subprocess.Popen[bytes] | None = None
        self._environment: ExecutionEnvironment | None = None
        self._restored = False
        self._stream: LogStream | None = None
        self._tail: list[str] = []
        self._last_request_id = ""
        logging_config = config.get("LoggingConfig") or {}
        self._platform = PlatformLog(
            logging_config.get("LogFormat", "Text"), logging_config.get("SystemLogLevel", "INFO")
        )

    def new_environment(self, log: LogStream) -> ExecutionEnvironment:
        """Start a process; defined where its surroundings are known."""
        raise NotImplementedError

    def take_line(self, line: str) -> None:
        """Log a line of the function's output."""
        self._tail.append(line)
        if self._stream:
            self._stream.write(line)

    def run(
        self, event: object, request_id: str, *, function_arn: str, trace_id: str | None
    ) -> Result:
        """Run one invocation, in a new process where there is none."""
        with self._lock:
            self._tail = []
            timeout_s = int(self.config.get("Timeout", 3))
            cold = not self._is_idle(timeout_s)
            while True:
                failure = (self._start(timeout_s) if cold else None) or self._restore()
                if failure:
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
                    init_ms=self._environment.init_ms if cold else None,
                    memory_mb=int(self.config.get("MemorySize", 128)),
                    max_memory_mb=outcome.max_memory_mb,
                )
            )
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
        try:
            error = self._environment.restore(INIT_LIMIT_S)
        except (TimeoutError, ProcessEnded):
            error = Answer(b'{"errorMessage": "Restore failed", "errorType": "Runtime.Unknown"}')
        if error:
            self._discard_environment()
            return result_of(Answer(error.payload, is_error=True))
        self._restored = True
        return None

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


def _package_hash(config: Config) -> str:
    """The package's SHA-256 in hexadecimal; the service speaks Base64."""
    return base64.b64decode(config["CodeSha256"]).hex()


def _function(config: Config, code: Path, log: LogStream, endpoints: Mapping[str, str]) -> Function:
    """A function's configuration, as its process gets to know it."""
    logging_config = config.get("LoggingConfig") or {}
    snap_start = config.get("SnapStart") or {}
    return Function(
        name=config["FunctionName"],
        version=config.get("Version", "$LATEST"),
        handler=config["Handler"],
        memory_mb=int(config.get("MemorySize", 128)),
        timeout_s=int(config.get("Timeout", 3)),
        region=REGION,
        code=code,
        log_group=log.group,
        log_stream=log.name,
        log_format=logging_config.get("LogFormat", "Text"),
        log_level=logging_config.get("ApplicationLogLevel"),
        snapshot=snap_start.get("OptimizationStatus") == "On",
        variables=(config.get("Environment") or {}).get("Variables") or {},
        credentials=lambda_runtime.execution_credentials(config),
        endpoints=endpoints,
        runtime=config["Runtime"],
    )
