"""The MCP function's service behind a server on loopback, and the official client of it."""

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx2
import pytest
from botocore.exceptions import ClientError
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.api_events import ADA
from tests.integration.api.conftest import ApiUnderTest, Context
from tests.integration.api.gateway import AtWork, as_wsgi
from tradewind.api.service import ApiService
from tradewind.mcp.exchange import MCP_METRICS, ROUTES
from tradewind.telemetry.process import ColdStart

SECRET = "A secret question?"
#: Only a test that fails meets it.
WAIT_S = 120
Do = Callable[[Client], Awaitable[Any]]
both_generations = pytest.mark.parametrize("mode", ["legacy", "2026-07-28", "auto"])


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class Files:
    """The artifacts bucket, in which every file is the same."""

    def __init__(self, links: Any) -> None:
        self.content: bytes | None = b"<svg/>"
        self.asked: list[str] = []
        self.generate_presigned_url = links.generate_presigned_url

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  as boto3's
        assert Bucket == "artifacts"
        self.asked.append(Key)
        if self.content is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.content)}


class McpUnderTest:
    """The service, and a client of it."""

    def __init__(self, api: ApiUnderTest, url: str, service: ApiService, at_work: AtWork) -> None:
        self._at_work = at_work
        self.api = api
        self.url = url
        self.service = service
        door = service._door
        self.files = Files(door.s3)
        door.__dict__["s3"] = self.files

    def __call__(self, do: Do, *, mode: str = "auto", caller: str = ADA, **headers: str) -> Any:
        """Do something with a client that is connected; what the server says of it is said then."""

        async def run() -> Any:
            signed = {"Authorization": caller, **headers}
            # Its own five seconds are less than a busy machine may take.
            async with httpx2.AsyncClient(headers=signed, timeout=WAIT_S) as http:
                transport = streamable_http_client(self.url, http_client=http)
                async with Client(transport, mode=mode) as client:
                    return await do(client)

        result = asyncio.run(asyncio.wait_for(run(), WAIT_S))
        self._at_work.wait_until_over()
        return result


@contextmanager
def serving_mcp(api: ApiUnderTest) -> Iterator[McpUnderTest]:
    """Serve the agents of ``api`` over MCP."""
    service = ApiService(api.service._door, ROUTES, ColdStart(), MCP_METRICS)

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        caller = event["headers"].get("Authorization")
        event["requestContext"]["identity"] = {"userArn": caller}
        return service.handle(event, Context())

    at_work = AtWork(as_wsgi(handle))
    with make_server("127.0.0.1", 0, at_work, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield McpUnderTest(api, f"http://127.0.0.1:{server.server_port}/mcp", service, at_work)
        server.shutdown()
        thread.join()
