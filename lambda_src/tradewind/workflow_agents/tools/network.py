"""The way out for tools: allowed hosts only, whatever a name resolves to and wherever it is moved.

Each connection resolves its host once, checks every address it got, and connects to one of those:
a name that resolves to something else a moment later gains nothing, and a redirect is a connection
like any other. Proxies of the environment are not used; they would resolve for us.
"""

import asyncio
import http.cookiejar
import ssl
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import httpcore2
import httpx2

from tradewind.workflow_agents.tools.surroundings import Network
from tradewind.workflow_agents.tools.tool import ToolRefused

#: More of an answer is not read.
MOST_BYTES: Final = 400_000
#: Headers that say how a message is sent, which is not a model's to say.
_OURS: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te"),
        *("trailer", "expect", "keep-alive", "accept-encoding", "proxy-authorization"),
        *("proxy-connection",),
    }
)
_MOST_HEADERS: Final = 40
_LONGEST_HEADER: Final = 4_000
_CONNECTIONS: Final = 20


class _Checked(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were checked."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._network.resolve(host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("the name took too long") from None
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("there is no such host") from None
        for address in addresses:
            # All of them: one that is none of ours to call says what the name is for.
            if (fault := self._network.fault_of_host(address)) is not None:
                raise ToolRefused(f"The host {fault}.")
        failed: Exception = httpcore2.ConnectError("the host has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except httpcore2.ConnectError as error:
                failed = error
        raise failed

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    # Reading them takes 30 ms of a processor.
    return httpx2.create_ssl_context()


class _Transport(httpx2.AsyncHTTPTransport):
    def __init__(self, network: Network) -> None:
        super().__init__(verify=_certificates(), trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_certificates(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=_Checked(network),
        )


def open_client(
    network: Network, headers: Mapping[str, str] | None = None, *, seconds: float = 30.0
) -> httpx2.AsyncClient:
    """A client that reaches nothing but what the network allows. Whoever opens it closes it.

    Args:
        network: What it may reach.
        headers: Sent with each request.
        seconds: How long each part of a request may take.
    """
    client = httpx2.AsyncClient(
        headers={"accept-encoding": "identity", "user-agent": "tradewind", **(headers or {})},
        timeout=seconds,
        transport=_Transport(network),
        trust_env=False,
        follow_redirects=False,
    )
    # One agent's cookies are not another's.
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, as much of it as is read."""

    status: int
    headers: dict[str, str]
    body: str
    media_type: str


async def fetch(client: httpx2.AsyncClient, request: httpx2.Request, seconds: float) -> Answer:
    """Send a request and read the answer.

    Raises:
        ToolRefused: There is none, or it took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            response = await client.send(request, stream=True)
            try:
                body, is_cut = await _read(response)
            finally:
                await response.aclose()
    except (TimeoutError, httpx2.TimeoutException):
        raise ToolRefused(f"There was no answer within {seconds:g} s.") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError) as error:
        raise ToolRefused(f"The request failed: {type(error).__name__}.") from None
    return Answer(
        response.status_code,
        _bounded(response.headers),
        _as_text(response, body, is_cut=is_cut),
        _media_type(response),
    )


async def _read(response: httpx2.Response) -> tuple[bytes, bool]:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            break
    is_cut = len(body) > MOST_BYTES
    content = bytes(body[:MOST_BYTES])
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return content, is_cut
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return b"", True  # not asked for
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        # A small answer may stand for gigabytes.
        content = decompressor.decompress(content, MOST_BYTES)
    except zlib.error:
        return b"", True
    return content, is_cut or not decompressor.eof


def _media_type(response: httpx2.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _as_text(response: httpx2.Response, body: bytes, *, is_cut: bool) -> str:
    kind = _media_type(response)
    if b"\0" in body[:1000] or kind.partition("/")[0] in ("image", "audio", "video", "font"):
        return f"[{len(body):,} bytes that are no text]"
    try:
        text = body.decode(response.charset_encoding or "utf-8", errors="replace")
    except (LookupError, ValueError):
        text = body.decode("utf-8", errors="replace")
    return f"{text}\n[the rest was not read]" if is_cut else text


def _bounded(headers: httpx2.Headers) -> dict[str, str]:
    kept = [(name, value) for name, value in headers.items() if name != "set-cookie"]
    return {name: value[:_LONGEST_HEADER] for name, value in kept[:_MOST_HEADERS]}


def own_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A model's headers.

    Raises:
        ToolRefused: One of them is not a model's to set, or none that can be sent.
    """
    if len(headers) > _MOST_HEADERS:
        raise ToolRefused(f"At most {_MOST_HEADERS} headers can be sent.")
    for name, value in headers.items():
        if name.strip().lower() in _OURS:
            raise ToolRefused("`Host` and headers of the connection cannot be set.")
        is_sound = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
        if (
            not is_sound
            or not (value.isascii() and value.isprintable())
            or len(value) > _LONGEST_HEADER
        ):
            raise ToolRefused("A header's name or value cannot be sent.")
    return dict(headers)
