"""Callers of the deployed API, each with keys of their own."""

import http.client
import json
import ssl
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import botocore.auth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cli.api.address import on_this_machine
from tests.e2e.conftest import LIMIT_S, Deployment, eventually

#: States of an invocation at work.
AT_WORK = frozenset({"pending", "running"})


@dataclass(frozen=True)
class Answer:
    """An answer of the API: its headers have names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class NoStream(Exception):
    """What was to be a stream is an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass(frozen=True)
class Caller:
    """Somebody with keys. Each request has a connection of its own.

    Attributes:
        url: The API's root.
        ca_bundle: Whom its certificate is trusted from.
        credentials: The caller's.
    """

    url: str
    ca_bundle: str
    credentials: Credentials = field(repr=False)

    def signed(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        service: str = "execute-api",
        at: datetime | None = None,
    ) -> dict[str, str]:
        """The headers of a request with its signature, made ``at`` another time than now if so."""
        parts = urlsplit(self.url)
        request = AWSRequest(
            method, self.url + path, {**(headers or {}), "Host": parts.netloc}, body
        )
        then = (at or datetime.now(UTC)).replace(tzinfo=None)
        with patch.object(botocore.auth, "get_current_datetime", lambda: then):
            SigV4Auth(self.credentials, service, "us-east-1").add_auth(request)
        return dict(request.headers.items())

    def open(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPSConnection:
        """Send a request as it is, and return its connection."""
        parts = urlsplit(self.url)
        context = ssl.create_default_context(cafile=self.ca_bundle)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=180, context=context
        )
        connection.request(method, parts.path + path, body or None, dict(headers or {}))
        return connection

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request as it is, and return its whole answer."""
        connection = self.open(method, path, body, headers)
        try:
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a signed request; ``headers`` by their names with ``_`` for ``-``."""
        content, named = encoded(body, headers)
        return self.send(method, path, content, self.signed(method, path, content, named))

    def ask(self, agent: str, query: str, **more: Any) -> Answer:
        """Ask an agent; ``headers`` apart, what is given besides is the body's."""
        headers = more.pop("headers", {})
        return self.call(
            "POST", f"/agents/{agent}/invocations", {"query": query, **more}, **headers
        )

    def ask_runtime(self, runtime: str, query: str) -> dict[str, Any]:
        """Ask a runtime, and return the invocation when it has ended."""
        path = f"/runtimes/{runtime}/invocations"
        accepted = self.call("POST", path, {"query": query}, Prefer="wait=0")
        return self.end_of(accepted.document["id"])

    def look(self, invocation_id: str) -> dict[str, Any]:
        """What has become of an invocation."""
        answer = self.call("GET", f"/invocations/{invocation_id}")
        assert answer.status == 200, answer
        invocation: dict[str, Any] = answer.document
        return invocation

    def end_of(self, invocation_id: str, limit_s: float = LIMIT_S) -> dict[str, Any]:
        """An invocation that has ended."""

        def ended() -> dict[str, Any] | None:
            found = self.look(invocation_id)
            return found if found["state"] not in AT_WORK else None

        invocation: dict[str, Any] = eventually(ended, limit_s)
        return invocation

    def stream(
        self, agent: str, body: Any, **headers: str
    ) -> Generator[tuple[str, dict[str, Any]]]:
        """A stream's events, names and data, as they come.

        Raises:
            NoStream: It is none.
        """
        path = f"/agents/{agent}/stream"
        content, named = encoded(body, headers)
        connection = self.open("POST", path, content, self.signed("POST", path, content, named))
        try:
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            if not found.get("content-type", "").startswith("text/event-stream"):
                raise NoStream(Answer(response.status, found, response.read()))
            name = ""
            for line in response:
                word, _, rest = line.decode().rstrip("\n").partition(": ")
                if word == "event":
                    name = rest
                elif word == "data":
                    yield name, json.loads(rest)
        finally:
            connection.close()


def encoded(body: Any, headers: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """A body's bytes, and headers as they are sent."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        return b"", named
    return json.dumps(body).encode(), {"Content-Type": "application/json", **named}


def operator_of(deployment: Deployment) -> Caller:
    """The embedded AWS's administrator."""
    running = deployment.running
    keys = Credentials(running.access_key, running.secret_key)
    return Caller(on_this_machine(deployment.outputs["ApiUrl"], running), running.ca_bundle, keys)


def ping(caller: Caller) -> int:
    """Send the MCP function a message that it answers by itself; the answer's status."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    return caller.call("POST", "/mcp", message, Accept="application/json").status
