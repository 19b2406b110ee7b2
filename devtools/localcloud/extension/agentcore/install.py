"""Put AgentCore Runtime in MiniStack's place for it."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.core.responses import StreamingResponse
from ministack.core.router import extract_access_key_id
from ministack.services import bedrock_agentcore

from devtools.localcloud.execution import Warden
from devtools.localcloud.extension.agentcore import operations, websocket
from devtools.localcloud.extension.agentcore.artifacts import Artifacts
from devtools.localcloud.extension.agentcore.control import Control
from devtools.localcloud.extension.agentcore.invocation import Call, DataPlane
from devtools.localcloud.extension.agentcore.permissions import (
    ARN_PREFIX,
    INVOKE,
    Policies,
    authorize,
    authorize_invocation,
    qualifier_of,
    require_scope,
)
from devtools.localcloud.extension.agentcore.process import PORTS, AgentProcess, Program
from devtools.localcloud.extension.agentcore.records import Runtimes, Version
from devtools.localcloud.extension.agentcore.refusal import Refused, Response, invalid, unsupported
from devtools.localcloud.extension.agentcore.resources import Resources
from devtools.localcloud.extension.agentcore.sessions import Key, Sessions
from devtools.localcloud.extension.logs import LogStream
from devtools.localcloud.running import ACCOUNT_ID, REGION

logger = logging.getLogger("devtools.localcloud.agentcore")

_DATA_PLANE: Final = (INVOKE, "StopRuntimeSession", "GetAgentCard")
_SWEEP_EVERY_S: Final = 1.0

Headers = Mapping[str, str]
Query = Mapping[str, Any]


class AgentCore:
    """The whole of it; made on the server's event loop.

    Args:
        artifacts: Where code comes from.
        warden: Whose group the processes join.
        endpoints: The environment variables that lead an agent's clients to this AWS.
    """

    def __init__(self, artifacts: Artifacts, warden: Warden, endpoints: Mapping[str, str]) -> None:
        self._artifacts = artifacts
        self._warden = warden
        self._endpoints = endpoints
        self._loop = asyncio.get_running_loop()
        self._runtimes = Runtimes(ARN_PREFIX, lambda: datetime.now(UTC))
        self._sessions: Sessions[AgentProcess] = Sessions(self._start, time.monotonic)
        self._policies = Policies(self._runtimes)
        self._control = Control(self._runtimes, self._policies, artifacts, self._gone)
        self.data_plane = DataPlane(self._runtimes, self._sessions, StreamingResponse)
        self._sweeping = asyncio.ensure_future(self._sweep())

    def install(self) -> None:
        """Answer requests, and make the types known to CloudFormation."""
        self._policies.install()
        Resources(self._control).install()
        action_of = iam_actions.extract_iam_action

        def extract_iam_action(service: str, *rest: Any) -> str | None:
            # Who may do what is asked where it is done: an invocation is on two resources.
            if service == "bedrock-agentcore":
                return None
            found: str | None = action_of(service, *rest)
            return found

        iam_actions.extract_iam_action = extract_iam_action
        bedrock_agentcore.handle_request = self.handle
        serve: Callable[..., Awaitable[None]] = app.app

        async def serve_sockets_too(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "websocket" and websocket.PATH.fullmatch(scope["path"]):
                await websocket.serve(scope, receive, send, self.data_plane)
            else:
                await serve(scope, receive, send)

        app.app = serve_sockets_too

    async def handle(
        self, method: str, path: str, headers: Headers, body: bytes, query: Query
    ) -> Response:
        """Answer a request whose signature was checked."""
        try:
            require_scope(headers, query)
            found = operations.find(method, path)
            if found is None:
                raise unsupported(f"{method} {path} of AgentCore")
            operation, in_path = found
            given = operations.read(operation, in_path, headers, query, body)
            if operation.name in _DATA_PLANE:
                return await self._serve(operation.name, given, headers, body, query)
            authorize(operation.name, given, headers, query)
            # It unpacks code, which takes a while.
            answer = await asyncio.to_thread(self._control.answer, operation.name, given)
        except Refused as refused:
            return refused.response()
        document = b"" if operation.status == HTTPStatus.NO_CONTENT else json.dumps(answer).encode()
        return operation.status, {"Content-Type": "application/json"}, document

    async def _serve(
        self, name: str, given: Mapping[str, Any], headers: Headers, body: bytes, query: Query
    ) -> Response:
        call = _call(given, headers, body)
        caller = extract_access_key_id(headers, query)
        authorize_invocation(name, call.runtime_arn, call.qualifier, headers, caller)
        if name == INVOKE:
            return await self.data_plane.invoke(call)
        if name == "GetAgentCard":
            return await self.data_plane.agent_card(call)
        return self.data_plane.stop(call)

    async def _start(self, key: Key, version: Version) -> AgentProcess:
        configuration = version.configuration
        role = configuration["roleArn"]
        group = f"/aws/bedrock-agentcore/runtimes/{key.runtime_id}-{key.endpoint}"
        log = LogStream(group, "runtime-logs", role)
        program = Program(
            interpreter=self._artifacts.interpreter(configuration),
            code=version.code,
            entry=configuration["agentRuntimeArtifact"]["codeConfiguration"]["entryPoint"][0],
            port=PORTS[version.protocol],
            environment=self._environment(configuration),
        )
        return await AgentProcess.start(program, self._warden, log.write)

    def _environment(self, configuration: Mapping[str, Any]) -> dict[str, str]:
        # No two processes have the same keys; MiniStack makes them of a function's ARN.
        name = f"BedrockAgentCore-{uuid.uuid4()}"
        credentials = lambda_runtime.execution_credentials(
            {
                "Role": configuration["roleArn"],
                "FunctionName": name,
                "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}",
            }
        )
        return {
            **(configuration.get("environmentVariables") or {}),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            # A line is in the log when it is written.
            "PYTHONUNBUFFERED": "1",
            **credentials,
            **self._endpoints,
        }

    def _gone(self, runtime_id: str, endpoint: str | None) -> None:
        """End what served a runtime, or an endpoint of it; called in any thread."""
        self._loop.call_soon_threadsafe(
            self._sessions.end_where,
            lambda key: key.runtime_id == runtime_id and endpoint in (None, key.endpoint),
        )

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            try:
                await self._sessions.sweep()
            except Exception:
                logger.exception("a sweep of the sessions failed")


def _call(given: Mapping[str, Any], headers: Headers, body: bytes) -> Call:
    """A request of the data plane, whose input was checked.

    Raises:
        Refused: It names its runtime neither by ARN nor by id and account.
    """
    runtime = given["agentRuntimeArn"]
    if not runtime.startswith("arn:"):
        if given.get("accountId") != ACCOUNT_ID:
            raise invalid("accountId is required when the agent is named by its ID", "accountId")
        runtime = f"{ARN_PREFIX}runtime/{runtime}"
    session = given.get("runtimeSessionId") or str(uuid.uuid4())
    return Call(runtime, qualifier_of(given), session, headers, body)
