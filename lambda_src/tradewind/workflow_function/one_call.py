"""One call of a run that is elsewhere: an agent of a workflow's file is asked once, here.

A run that outlives a function has its engine there and its agents here. Each attempt is an
invocation of this function, which keeps nothing of it but what is warm.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tradewind.aws.deadline import Deadline, calls_within
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import DeadlineExceeded, TradewindError, WorkflowUnsupported
from tradewind.run.threads import RunThreads
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed, Retryable, Unsupported, WorkflowError
from tradewind.workflow.spec.loader import Loaded, load
from tradewind.workflow_agents.agents import WorkflowAgents, open_agents
from tradewind.workflow_agents.call_json import (
    MOST_REPLY_BYTES,
    RemoteCall,
    RemoteError,
    call_from_json,
    error_to_json,
    reply_to_json,
)
from tradewind.workflow_function.failures import typed
from tradewind.workflow_function.loading import check_file, check_support
from tradewind.workflow_function.surroundings import bucket_of, environ_of

if TYPE_CHECKING:
    from tradewind.workflow_agents.models import ModelPool
    from tradewind.workflow_function.files import WorkflowFiles


def answer_call(
    event: Mapping[str, Any],
    files: "WorkflowFiles",
    environment: AgentEnvironment,
    remaining_s: float,
    pool: "ModelPool | None" = None,
) -> dict[str, Any]:
    """Answer a call.

    Args:
        event: See ``call_json``.
        files: The workflows there are.
        environment: The function's.
        remaining_s: How long it may take.
        pool: The models; the process's without it.

    Returns:
        The reply, or why there is none; see ``call_json``.
    """
    try:
        remote = call_from_json(event)
    except ValueError as invalid:
        return error_to_json(RemoteError(kind="invalid", message=f"it is no call: {invalid}"))
    answered = _with_room(_answered(remote, files, environment, remaining_s, pool))
    get_logger().info(
        "Workflow call",
        workflow=remote.workflow,
        workflow_run=remote.run_id,
        workflow_agent=remote.agent,
        attempt=remote.attempt,
        outcome=answered.kind if isinstance(answered, RemoteError) else "answered",
        error_code=answered.code if isinstance(answered, RemoteError) else None,
    )
    if isinstance(answered, RemoteError):
        return error_to_json(answered)
    return reply_to_json(answered)


def _with_room(answered: AgentReply | RemoteError) -> AgentReply | RemoteError:
    """A reply that is too long is said to be: to be asked again would only cost again."""
    if isinstance(answered, AgentReply):
        size = len(json.dumps(reply_to_json(answered)))
        if size > MOST_REPLY_BYTES:
            told = (
                f"its reply, with the conversation so far, has {size:,} bytes; past one Lambda it "
                f"may have {MOST_REPLY_BYTES:,}"
            )
            return RemoteError(kind="failed", message=told)
    return answered


def _answered(
    remote: RemoteCall,
    files: "WorkflowFiles",
    environment: AgentEnvironment,
    remaining_s: float,
    pool: "ModelPool | None",
) -> AgentReply | RemoteError:
    try:
        with tempfile.TemporaryDirectory(prefix="call-") as folder:
            loaded = _loaded(remote, files, environment, Path(folder))
            if loaded.sha256 != remote.sha256:
                told = "the workflow's file is another one than the run began with"
                return RemoteError(kind="changed", message=told)
            files_root = Path(folder) / "files"
            files_root.mkdir()
            opened = partial(
                open_agents,
                loaded,
                run_id=remote.run_id,
                environ=environ_of(environment),
                files_root=files_root,
                pool=pool,
            )
            return _ask(remote.call, opened, RunThreads(environment.max_connections), remaining_s)
    except Exception as error:
        return _told(error)


def _told(error: Exception) -> RemoteError:
    if isinstance(error, Unsupported | WorkflowUnsupported):
        return RemoteError(kind="unsupported", message=str(error))
    if isinstance(error, WorkflowError):
        kind: Literal["retryable", "failed"] = (
            "retryable" if isinstance(error, Retryable) else "failed"
        )
        return RemoteError(kind=kind, message=str(error), code=typed(error).code)
    if isinstance(error, DeadlineExceeded):
        told = "the function's time ran out before the answer came"
        return RemoteError(kind="retryable", message=told, code=error.code)
    if isinstance(error, TradewindError):
        return RemoteError(kind="failed", message=error.message, code=error.code)
    log_defect("A call of a workflow failed unexpectedly", error)
    return RemoteError(kind="failed", message="an unexpected error; the function's log has it")


def _loaded(
    remote: RemoteCall, files: "WorkflowFiles", environment: AgentEnvironment, scratch: Path
) -> Loaded:
    file = files.find(remote.workflow, bucket_of(environment), scratch)
    loaded = load(file, named=environment.calls)
    # Whatever the file is like by now: the run began with another one.
    if loaded.sha256 == remote.sha256:
        spec = check_file(loaded, remote.workflow)
        check_support(loaded, remote.workflow, environment)
        if remote.agent not in spec.agents:
            raise AgentFailed(f"the file declares no agent {remote.agent!r}")
    return loaded


def _ask(
    call: AgentCall,
    opened: Callable[[], AbstractAsyncContextManager[WorkflowAgents]],
    threads: RunThreads,
    remaining_s: float,
) -> AgentReply:
    replies: list[AgentReply] = []
    deadline = Deadline(remaining_s)

    async def ask() -> None:
        async with asyncio.timeout(deadline.remaining_s()), opened() as agents:
            replies.append(await agents.call(call))

    try:
        with calls_within(deadline.remaining_s):
            threads.run(ask(), deadline.remaining_s() + 2 * deadline.grace_s)
    except TimeoutError:
        raise DeadlineExceeded("The function's time ran out.") from None
    finally:
        threads.end()
    return replies[0]
