"""Lambda functions on the real Runtime API, in place of MiniStack's own Python worker.

MiniStack runs a function's code inside its interpreter's site-packages and environment, over a
protocol of its own. Here its pool of warm workers holds ``ExecutionEnvironment`` processes.
"""

import base64
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from devtools.localcloud.code_store import CodeStore
from devtools.localcloud.execution import (
    DURABLE_RUNTIME,
    RUNTIME,
    ExecutionEnvironment,
    Function,
    Warden,
)
from devtools.localcloud.extension import invocation_metrics, tracing
from devtools.localcloud.extension.invocation_metrics import count, publish
from devtools.localcloud.extension.logs import LogStream
from devtools.localcloud.extension.results import Result, failed
from devtools.localcloud.extension.worker import Config, Worker
from devtools.localcloud.running import REGION

_POLL_S = 0.02

#: The managed runtimes that functions may ask for: this interpreter's, and durable functions'.
RUNTIMES = (RUNTIME, DURABLE_RUNTIME)

#: Invocations at work, by function.
_at_work: Counter[str] = Counter()
_at_work_lock = threading.Lock()


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

    class InstalledWorker(Worker):
        def new_environment(self, log: LogStream) -> ExecutionEnvironment:
            code = surroundings.code.unpack(_package_hash(self.config), self.code_zip)
            function = _function(self.config, code, log, surroundings.endpoints)
            return ExecutionEnvironment(
                function,
                surroundings.lambda_runtimes[self.config["Runtime"]],
                surroundings.warden,
                self.take_output,
                self.take_idle_end,
            )

    def worker_class(config: Config) -> type[Worker]:
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
        publish("ConcurrentExecutions", _at_work[name], "Count", time.time(), FunctionName=name)
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
    count("Invocations", config, started)
    count("Throttles", config, started, 0)
    count("Errors", config, started, 1 if result.get("error") else 0)
    # As on AWS, without the initialisation; a process that never started took the whole time.
    duration_ms = result.pop("duration_ms", (time.time() - started) * 1000)
    count("Duration", config, started, duration_ms, "Milliseconds")
    return result


def _is_of_execution(event: object) -> bool:
    return isinstance(event, Mapping) and "DurableExecutionArn" in event


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
