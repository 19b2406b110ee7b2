"""The protocol's server for one request: the official library, with this package's answers."""

import logging
from dataclasses import dataclass
from typing import Any, Final

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from tradewind.api.door import Door
from tradewind.api.http import Request
from tradewind.api.problems import problem
from tradewind.contracts.errors import InternalError, TradewindError
from tradewind.mcp.artifacts import TEMPLATE, read_artifact
from tradewind.mcp.progress import ask_with_progress
from tradewind.mcp.tools import call_tool, list_tools, question, tell
from tradewind.telemetry.defects import log_defect

_REFUSED: Final = 400
_OUR_FAULT: Final = 500
_INSTRUCTIONS: Final = (
    "Each agent is a tool. An agent may take minutes: a call that waits no longer answers with the "
    "id of its invocation, which look_up_invocation takes. One that asks a person goes on with "
    "answer_invocation. Files are resources."
)
# It tells of every connection, which here is every request.
logging.getLogger("mcp").setLevel(logging.WARNING)


@dataclass
class Session:
    """One request's server, and what became of the request.

    Attributes:
        door: What the API's routes share.
        request: The HTTP request; its owner is whose everything is.
        tells_progress: Whether it is a call of an agent, and its caller is told how far it is.
        failure: The status and code of what failed within an answer that the protocol calls well.
    """

    door: Door
    request: Request
    tells_progress: bool = False
    failure: tuple[int, str] | None = None

    def server(self) -> Server[Any]:
        """Make the server."""
        return Server(
            "tradewind",
            version="1",
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
        )

    async def _list_tools(self, _: Any, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=list_tools(self.door, self.request))

    async def _call_tool(
        self, context: ServerRequestContext[Any], params: CallToolRequestParams
    ) -> CallToolResult:
        name = params.name
        call = (self.door, self.request, name, params.arguments or {}, dict(params.meta or {}))
        try:
            if self.tells_progress:
                report = context.session.report_progress
                answer = await ask_with_progress(
                    self.door, question(*call), lambda steps, words: report(steps, message=words)
                )
            else:
                answer = call_tool(*call)
        except TradewindError as error:
            answer = problem(error)
        except Exception as error:
            log_defect("Unexpected error", error)
            answer = problem(InternalError("An unexpected error; the function's log has it."))
        if answer.status >= _REFUSED:
            self.failure = (answer.status, answer.document["code"])
        return tell(answer, name)

    async def _list_resources(
        self, _: Any, __: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        # An invocation's are linked to by its result; nobody keeps a list of all of them.
        return ListResourcesResult(resources=[])

    async def _list_templates(
        self, _: Any, __: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(resource_templates=[TEMPLATE])

    async def _read_resource(self, _: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
        try:
            content = read_artifact(self.door, self.request, str(params.uri))
        except TradewindError as error:
            raise self._failed(error) from None
        except Exception as error:
            log_defect("Unexpected error", error)
            raise self._failed(InternalError("An unexpected error; the log has it.")) from None
        return ReadResourceResult(contents=[content])

    def _failed(self, error: TradewindError) -> MCPError:
        self.failure = (error.status, error.code)
        code = INTERNAL_ERROR if error.status >= _OUR_FAULT else INVALID_PARAMS
        return MCPError(code, error.message, {"code": error.code})
