"""Agents that a workflow asks by name: the project's own, each in its Lambda function.

A call is an ordinary request to the function. Its id is the same whenever the same step asks the
same, so a run that is resumed gets the answer that is kept, and a request that is still at work is
waited for: however often a call is made, the agent works once.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.contracts.errors import (
    AgentBusy,
    DataSourceThrottled,
    DataSourceUnavailable,
    DeadlineExceeded,
    DuplicateRequest,
    FunctionDied,
    InternalError,
    ModelFailed,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
    NotStarted,
    ProjectChanged,
    RuntimeThrottled,
    RuntimeUnavailable,
    StorageAccessDenied,
    StorageUnavailable,
    TradewindError,
    every_error,
)
from tradewind.contracts.names import REQUEST_ID_PATTERN
from tradewind.contracts.request import MAX_QUERY_LENGTH, PROJECT_ID_PATTERN
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed, Retryable
from tradewind.workflow_agents.threads import one_call

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

#: How long a function may be silent: Lambda's longest timeout, and what it takes to say so.
READ_TIMEOUT_S: Final = 910.0
#: What may be better the next time. The others would only cost again what they have cost.
_PASSING: Final = (
    AgentBusy,
    DataSourceThrottled,
    DataSourceUnavailable,
    FunctionDied,
    ModelFailed,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
    NotStarted,
    ProjectChanged,
    RuntimeThrottled,
    RuntimeUnavailable,
    StorageUnavailable,
)
_THROTTLES: Final = frozenset({"TooManyRequestsException", "EC2ThrottledException"})
_SERVER_ERROR: Final = 500
#: Pauses between two looks at a request that is at work: they double, and are so long in all.
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 20.0
_WAIT_S: Final = 960.0
#: Characters of a run's id that are part of its requests' ids.
_RUN_ID_LENGTH: Final = 64


class LambdaAgents:
    """The project's agents, behind their functions.

    Args:
        functions: Their functions, by the agents' names: ARNs or names, with the alias.
        client: Lambda's; sends each call once, and waits ``READ_TIMEOUT_S``.
        project_id: The project that they work on; without one, the run's own.
        owner: For whom they are asked.

    Attributes:
        names: The agents that can be asked.
    """

    def __init__(
        self,
        functions: Mapping[str, str],
        client: "LambdaClient",
        *,
        project_id: str | None = None,
        owner: str = "",
    ) -> None:
        self.names = frozenset(functions)
        self._functions = dict(functions)
        self._client = client
        self._project_id = project_id
        self._owner = owner

    async def call(self, call: AgentCall, run_id: str) -> AgentReply:
        """Ask an agent, and wait for its answer.

        A cancelled call is hung up on: nothing more is sent for it. The agent goes on to its end,
        and its answer is kept.

        Raises:
            Retryable: Not this time.
            AgentFailed: Not at all; the cause has the error's stable code.
        """
        function = self._functions.get(call.agent)
        if function is None:
            known = ", ".join(sorted(self.names)) or "none"
            raise AgentFailed(f"there is no agent of this name to ask; there are: {known}")
        event = request_of(call, run_id, project_id=self._project_id, owner=self._owner)
        payload = json.dumps(event).encode()
        pause_s, waited_s = _FIRST_PAUSE_S, 0.0
        while True:
            async with one_call():
                document = await asyncio.to_thread(self._invoke, function, payload)
            if not is_at_work(document) or waited_s >= _WAIT_S:
                return reply_of(document)
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _invoke(self, function: str, payload: bytes) -> dict[str, Any]:
        """The function's answer, or what it left where an error would be."""
        try:
            reply = self._client.invoke(FunctionName=function, Payload=payload)
            body = reply["Payload"].read()
        except ClientError as error:
            raise _refused(error)  # noqa: B904  its cause has the code
        except DeadlineExceeded as error:
            raise AgentFailed("there was no time left to wait for its answer") from error
        except (BotoCoreError, OSError) as error:
            raise Retryable(f"its function was not reached: {type(error).__name__}") from error
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise AgentFailed("its function answered something that is no answer of an agent")
        return _failure_of(document) if reply.get("FunctionError") else document


def request_of(
    call: AgentCall, run_id: str, *, project_id: str | None = None, owner: str = ""
) -> dict[str, Any]:
    """The request that a call is.

    Args:
        call: The call.
        run_id: The run's.
        project_id: The project to work on; without one, the run's own.
        owner: For whom it is.

    Raises:
        AgentFailed: It is more than an agent takes.
    """
    if len(call.input) > MAX_QUERY_LENGTH:
        raise AgentFailed(
            f"its input has {len(call.input):,} characters; an agent that is asked by name takes "
            f"{MAX_QUERY_LENGTH:,}"
        )
    if not call.input.strip():
        raise AgentFailed("its input is empty")
    event = {
        "agent": call.agent,
        "query": call.input,
        "project_id": project_id or project_of(run_id),
        "request_id": request_id_of(call, run_id),
    }
    return event | ({"owner": owner} if owner else {})


def request_id_of(call: AgentCall, run_id: str) -> str:
    """The id of a call's request: of the run, the step and what it asks."""
    # With what is asked: a run that begins anew under its id may ask something else there.
    step = _digest(f"{call.key}\n{call.agent}\n{call.input}")
    run = run_id if re.fullmatch(REQUEST_ID_PATTERN, run_id) else _digest(run_id)
    if len(run) > _RUN_ID_LENGTH:
        run = _digest(run)
    return f"{run}-{step}"


def project_of(run_id: str) -> str:
    """The project of a run that was given none."""
    return run_id if re.fullmatch(PROJECT_ID_PATTERN, run_id) else f"run-{_digest(run_id)}"


def is_at_work(document: Mapping[str, Any]) -> bool:
    """Whether a function answers that an earlier call with the same request is at work."""
    error = document.get("error")
    return isinstance(error, Mapping) and error.get("code") == DuplicateRequest.code


def reply_of(document: Mapping[str, Any]) -> AgentReply:
    """The reply in what an agent's function answers.

    Args:
        document: The answer, as JSON.

    Raises:
        Retryable: The agent could not answer this time.
        AgentFailed: It could not at all, or this is no answer of an agent.
    """
    if document.get("success") is True and isinstance(text := document.get("response"), str):
        used = document.get("usage") or {}
        return AgentReply(
            text=text,
            input_tokens=used.get("input_tokens"),
            output_tokens=used.get("output_tokens"),
            cost=used.get("cost_usd"),
            tool_calls=used.get("tool_calls") or 0,
        )
    error = document.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    if not isinstance(error, Mapping) or not isinstance(code, str):
        raise AgentFailed("its function answered something that is no answer of an agent")
    told = " ".join(str(error.get("message", "")).split())
    raise failed(code, told)


def failed(code: str, told: str, cause_of_it: BaseException | None = None) -> AgentFailed:
    """What an agent's failure is for a run; its cause is the error with the stable code."""
    cause = _errors().get(code, InternalError)(told)
    cause.__cause__ = cause_of_it
    passes = isinstance(cause, (*_PASSING, DuplicateRequest))
    error = (Retryable if passes else AgentFailed)(f"{code}: {told}".rstrip(": "))
    error.__cause__ = cause
    return error


def _failure_of(error: Mapping[str, Any]) -> dict[str, Any]:
    """A failed invocation as an answer: its message is ours, or the function died."""
    try:
        code = json.loads(error["errorMessage"])["code"]
    except (KeyError, TypeError, ValueError):
        code, told = FunctionDied.code, "its function died without an answer"
    else:
        told = "its record and its function's log have the cause"
    return {"success": False, "error": {"code": code, "message": told}}


def _refused(error: ClientError) -> AgentFailed:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLES:
        return failed(AgentBusy.code, "it has as many requests as it takes at once", error)
    if code == "AccessDeniedException":
        told = "its function may not be invoked from here"
        return failed(StorageAccessDenied.code, told, error)
    if code == "ResourceNotFoundException":
        return AgentFailed("its function is not there; deploy it")
    kind = Retryable if status >= _SERVER_ERROR else AgentFailed
    return kind(f"its function was not invoked: {code}")


@cache
def _errors() -> dict[str, type[TradewindError]]:
    # Of several with one code, the first: the others refine it.
    known: dict[str, type[TradewindError]] = {}
    for kind in every_error():
        known.setdefault(kind.code, kind)
    return {**known, InternalError.code: InternalError}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:24]
