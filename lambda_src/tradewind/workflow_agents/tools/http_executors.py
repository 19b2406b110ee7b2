"""APIs of the file as tools: a model chooses the path, and never the host."""

import json
from collections.abc import Iterator
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

import httpx2
from pydantic import Field

from tradewind.workflow.spec.tools import HttpExecutor
from tradewind.workflow_agents.tools.network import fetch, open_client, own_headers
from tradewind.workflow_agents.tools.secret_values import Secrets
from tradewind.workflow_agents.tools.surroundings import Network
from tradewind.workflow_agents.tools.tool import (
    Arguments,
    Calls,
    ToolRefused,
    WorkflowTool,
    as_json,
    tool,
)

_LONGEST_DESCRIPTION: Final = 8_000
#: How often a path may be encoded within itself.
_MOST_DECODED: Final = 5


class Request(Arguments):
    """A request to an API."""

    path: str = Field(
        max_length=4_000, description="Below the API's base address, with its query if it has one."
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = "GET"
    json_data: Any = Field(default=None, description="Sent as JSON.")
    headers_override: dict[str, str] = Field(
        default_factory=dict, description="Headers in the place of the API's own."
    )


def joined(base_url: str, path: str) -> str:
    """The address of a path below a base address.

    Raises:
        ToolRefused: It is not below it.
    """
    _check_path(path)
    base = urlsplit(base_url)
    way, _, query = path.partition("?")
    queries = "&".join(filter(None, (base.query, query)))
    whole = f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}/{way.lstrip('/')}"
    try:
        url = httpx2.URL(f"{whole}?{queries}" if queries else whole)
    except httpx2.InvalidURL:
        raise ToolRefused("`path` is none that can be sent.") from None
    home = httpx2.URL(f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}/")
    if (url.scheme, url.host, url.port, url.userinfo) != (home.scheme, home.host, home.port, b""):
        raise ToolRefused("`path` must stay on the API's host.")
    if not url.path.startswith(home.path):
        raise ToolRefused("`path` must stay below the API's base address.")
    return str(url)


def _check_path(path: str) -> None:
    decoded = path
    for _ in range(_MOST_DECODED):
        if not decoded.isprintable() or "\\" in decoded or "#" in decoded or " " in decoded:
            raise ToolRefused("`path` must not hold spaces, control characters, `\\` or `#`.")
        way = decoded.partition("?")[0]
        if way.startswith("//") or "://" in way:
            raise ToolRefused("`path` must be a path such as /items/5, and no address.")
        if any(part.partition(";")[0] in (".", "..") for part in way.split("/")):
            raise ToolRefused("`path` must not hold `.` or `..`.")
        # In the query, text may be encoded as it likes.
        further = unquote(way)
        if further == way:
            return
        decoded = further.replace(" ", "+")
    raise ToolRefused("`path` must not be encoded within itself.")


class Executor:
    """One API, opened: a client for the run, closed by whoever opened it.

    Args:
        spec: What the file says of it.
        secrets: For its headers.
        network: What may be reached.

    Raises:
        InvalidRun: A variable that a header names is not set.
    """

    def __init__(self, spec: HttpExecutor, secrets: Secrets, network: Network) -> None:
        self._spec = spec
        self._network = network
        self._seconds = spec.timeout_ms / 1000
        where = f"the header {{}} of {spec.id}"
        headers = {
            name: secrets.filled(value, where.format(name)) for name, value in spec.headers.items()
        }
        self._client = open_client(network, headers, seconds=self._seconds)

    def tool(self, name: str, calls: Calls) -> WorkflowTool:
        """It as a tool."""
        return tool(name, description(self._spec), Request, calls, self._answer)

    async def _answer(self, request: Request) -> str:
        url = joined(self._spec.base_url, request.path)
        if (fault := self._network.fault_of_url(url)) is not None:
            raise ToolRefused(f"The API's address {fault}.")
        built = self._client.build_request(
            request.method,
            url,
            json=request.json_data,
            headers=own_headers(request.headers_override),
        )
        answer = await fetch(self._client, built, self._seconds)
        return as_json({"status": answer.status, "headers": answer.headers, "body": answer.body})

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()


def description(spec: HttpExecutor) -> str:
    """What a model is told of an API. Its headers are not part of that."""
    return "\n".join(_told(spec))[:_LONGEST_DESCRIPTION]


def _told(spec: HttpExecutor) -> Iterator[str]:
    yield spec.description or f"Sends a request to the API {spec.id}."
    base = spec.base_url.partition("?")[0]
    yield f"Base address: {base}. It answers with status, headers and body."
    if spec.authentication_info:
        yield f"Authentication: {spec.authentication_info}"
    if spec.response_format:
        yield f"Answers: {spec.response_format}"
    if spec.common_endpoints:
        yield "Endpoints:"
        for endpoint in spec.common_endpoints:
            yield f"- {endpoint.method or 'GET'} {endpoint.path}: {endpoint.description}"
    if spec.examples:
        yield "Examples:"
        for example in spec.examples:
            data = example.model_dump(exclude_none=True)
            yield f"- {json.dumps(data, ensure_ascii=False, default=str)}"
