"""Tools that ask public servers: any, or a search engine."""

import json
from typing import Any, Final, Literal

import httpx2
from pydantic import Field

from tradewind.workflow_agents.availability import TAVILY_KEY
from tradewind.workflow_agents.tools.network import (
    Answer,
    fetch,
    open_client,
    own_headers,
)
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
from tradewind.workflow_agents.tools.web_pages import results_of, text_of

_TAVILY: Final = "https://api.tavily.com/search"
_DUCKDUCKGO: Final = "https://html.duckduckgo.com/html/"
_SECONDS: Final = 30.0
_MOST_MOVES: Final = 5
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200


class HttpRequest(Arguments):
    """A request."""

    url: str = Field(max_length=4_000, description="A public address, http or https.")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = Field(default=None, max_length=1_000_000)


class Page(Arguments):
    """A page."""

    url: str = Field(max_length=4_000, description="A public address, http or https.")


class Query(Arguments):
    """What is looked for."""

    query: str = Field(min_length=1, max_length=500)
    max_results: int = Field(default=5, ge=1, le=20)


class Web:
    """The web, for a run: one client, closed by whoever opened it.

    Args:
        network: What may be reached.
        secrets: For the key of a search engine.
    """

    def __init__(self, network: Network, secrets: Secrets) -> None:
        self._network = network
        self._secrets = secrets
        self._client = open_client(network, seconds=_SECONDS)

    def tools(self, calls: Calls) -> dict[str, WorkflowTool]:
        """The tools, by their names."""
        made: list[tuple[str, str, type[Any], Any]] = [
            (
                "http_request",
                "Sends an HTTP request to a public server. It answers with status, headers and "
                "body, and does not follow when a page has moved.",
                HttpRequest,
                self._request,
            ),
            (
                "web_fetch",
                "Fetches a public web page, and gives its text.",
                Page,
                self._page,
            ),
            (
                "tavily_search",
                "Searches the web with Tavily: titles, addresses and extracts.",
                Query,
                self._tavily,
            ),
            (
                "duckduckgo_search",
                "Searches the web with DuckDuckGo: titles, addresses and snippets.",
                Query,
                self._duckduckgo,
            ),
        ]
        return {
            name: tool(name, text, arguments, calls, work) for name, text, arguments, work in made
        }

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _request(self, request: HttpRequest) -> str:
        answer = await self._sent(
            request.method,
            request.url,
            headers=own_headers(request.headers),
            content=None if request.body is None else request.body.encode(),
        )
        return as_json({"status": answer.status, "headers": answer.headers, "body": answer.body})

    async def _page(self, page: Page) -> str:
        url = page.url
        for _ in range(_MOST_MOVES + 1):
            answer = await self._sent("GET", url)
            location = answer.headers.get("location")
            if answer.status not in _MOVED or location is None:
                break
            try:
                url = str(httpx2.URL(url).join(location))
            except httpx2.InvalidURL:
                raise ToolRefused("The page has moved to what is no address.") from None
        else:
            raise ToolRefused(f"The page has moved more than {_MOST_MOVES} times.")
        if answer.status >= 400:  # noqa: PLR2004
            raise ToolRefused(f"The server answered with status {answer.status}.")
        is_page = answer.media_type in ("text/html", "application/xhtml+xml")
        return text_of(answer.body) if is_page else answer.body

    async def _sent(self, method: str, url: str, **options: Any) -> Answer:
        if (fault := self._network.fault_of_url(url)) is not None:
            raise ToolRefused(f"The address {fault}.")
        try:
            request = self._client.build_request(method, url, **options)
        except (httpx2.InvalidURL, UnicodeError, ValueError):
            raise ToolRefused("That is no address.") from None
        return await fetch(self._client, request, _SECONDS)

    async def _tavily(self, query: Query) -> str:
        key = self._secrets.get(TAVILY_KEY)
        if key is None:
            raise ToolRefused(f"{TAVILY_KEY} is not set.")
        answer = await self._sent(
            "POST",
            _TAVILY,
            headers={"authorization": f"Bearer {key}"},
            json={"query": query.query, "max_results": query.max_results},
        )
        self._check(answer)
        try:
            results = json.loads(answer.body)["results"]
            found = [
                {"title": one["title"], "url": one["url"], "content": one["content"]}
                for one in results[: query.max_results]
            ]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ToolRefused("The search engine's answer cannot be read.") from None
        return as_json(found)

    async def _duckduckgo(self, query: Query) -> str:
        answer = await self._sent("POST", _DUCKDUCKGO, data={"q": query.query})
        self._check(answer)
        found = results_of(answer.body)
        if not found and "no-results" not in answer.body:
            raise ToolRefused("The search engine's answer cannot be read.")
        return as_json(found[: query.max_results])

    def _check(self, answer: Answer) -> None:
        if answer.status != _OK:
            raise ToolRefused(f"The search engine answered with status {answer.status}.")
