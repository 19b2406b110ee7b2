"""What started functions call: Bedrock, a table, a bucket and Lambda, over TLS on loopback.

Clients read the certificates of the whole world besides the one that they meet here, as on Lambda:
reading them is a good part of a first connection.
"""

import json
import re
import secrets
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

import botocore

from bench.coldstart.start import ACCOUNT, REGION
from devtools.localcloud.bedrock import BedrockStandIn, Identity, Statement, StaticAuthorizer
from devtools.localcloud.bedrock.service import Observation
from devtools.localcloud.tls import TlsFiles, make_tls_files

#: botocore's own file, of which it makes clients trust by default.
_WORLDS_AUTHORITIES: Final = Path(botocore.__file__).parent / "cacert.pem"
_NONE_THERE: Final = (
    b"<Error><Code>NoSuchKey</Code><Message>There is none.</Message><Key>k</Key></Error>"
)
_EMPTY: Final = (
    b"<ListBucketResult><Name>b</Name><Prefix/><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys>"
    b"<IsTruncated>false</IsTruncated></ListBucketResult>"
)
#: What a request was signed with, and for which service.
_SIGNED: Final = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")
#: Longer than the model's stand-in takes to note a call that it has answered.
_NOTED_S: Final = 10.0


class Calls:
    """What one caller's requests to everything but the model were. Counted where they arrive.

    Attributes:
        requests: By service and operation.
        connections: By service; each is one TLS handshake.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.connections: Counter[str] = Counter()


class _Aws(BaseHTTPRequestHandler):
    """A table that takes anything, an empty bucket, and functions that take any event.

    An item that is changed is told as it was put: nothing here reads what was changed in it.
    """

    server: "_Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    items: ClassVar[dict[str, Any]] = {}

    def setup(self) -> None:
        super().setup()
        self._callers: set[tuple[str, ...]] = set()

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()  # or who sends a body waits for a second, and gives the connection up
        return going_on

    def do_POST(self) -> None:
        body = self._body()
        called = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self._count(called or "Invoke")
        if called:
            asked = json.loads(body)
            if called == "PutItem":
                self.items[asked["TableName"]] = asked["Item"]
            tells = called == "UpdateItem" and asked.get("ReturnValues", "NONE") != "NONE"
            told = self.items.get(asked["TableName"], {}) if tells else {}
            answer = json.dumps({"Attributes": told} if told else {})
            self._reply(200, answer.encode(), "application/x-amz-json-1.0")
        else:
            self._reply(202, b"", "application/json")

    def do_PUT(self) -> None:
        self._body()
        self._count("PutObject")
        self._reply(200, b"", "application/xml", ETag='"0"')

    def do_GET(self) -> None:
        if "list-type=" in self.path:
            self._count("ListObjectsV2")
            self._reply(200, _EMPTY, "application/xml")
        else:
            self._count("GetObject")
            self._reply(404, _NONE_THERE, "application/xml")

    def _count(self, operation: str) -> None:
        signed = _SIGNED.search(self.headers.get("Authorization", ""))
        if signed is None:
            return
        caller, service = signed.groups()
        calls = self.server.calls.setdefault(caller, Calls())
        calls.requests[f"{service} {operation}"] += 1
        if signed.groups() not in self._callers:
            self._callers.add(signed.groups())
            calls.connections[service] += 1

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            # A file's checksum comes after it, so its length is not told before.
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _reply(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls: TlsFiles) -> None:
        super().__init__(("127.0.0.1", 0), _Aws)
        self.calls: dict[str, Calls] = {}
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls.certificate, tls.key)
        # Hands are shaken on the connection's own thread, not where others wait.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, *_: Any) -> None:
        """A process that is ended after its answer leaves connections as they are."""


class ModelTime:
    """What the model took by its own account."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls = 0
        self._ms = 0.0

    def note(self, observed: Observation) -> None:
        """Note a call that was answered."""
        with self._changed:
            self._calls += 1
            self._ms += observed.duration_ms
            self._changed.notify_all()

    def until(self, calls: int) -> float:
        """All milliseconds so far, once as many calls are noted.

        Raises:
            TimeoutError: They are not, though they were answered.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._calls >= calls, _NOTED_S):
                raise TimeoutError
            return self._ms


class Cloud:
    """What serves, and what it has seen of each caller; see ``serving``."""

    def __init__(
        self,
        identities: Mapping[str, Identity],
        standin: BedrockStandIn,
        server: _Server,
        trusted: Path,
        model_time: ModelTime,
    ) -> None:
        self._identities, self._standin, self._server = identities, standin, server
        self._trusted = trusted
        self.model_time = model_time

    def endpoints(self, caller: str) -> Mapping[str, str]:
        """The variables by which a caller's clients find it, and their keys."""
        identity = self._identities[caller]
        return {
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{self._server.server_address[1]}",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self._standin.endpoint_url,
            "AWS_CA_BUNDLE": str(self._trusted),
            "AWS_ACCESS_KEY_ID": identity.access_key,
            "AWS_SECRET_ACCESS_KEY": identity.secret_key,
        }

    def calls(self, caller: str) -> Calls:
        """What a caller has asked for so far, of everything and of the model."""
        identity = self._identities[caller]
        found, stats = Calls(), self._standin.stats()
        others = self._server.calls.get(identity.access_key, Calls())
        found.requests.update(others.requests)
        found.connections.update(others.connections)
        if identity.role_arn in stats.roles:
            model = stats.roles[identity.role_arn]
            found.requests["bedrock"], found.connections["bedrock"] = (
                model.requests,
                model.connections,
            )
        return found

    def model_ms(self) -> float:
        """What all calls of the model took so far, by its own account."""
        answered = sum(model.requests for model in self._standin.stats().roles.values())
        return self.model_time.until(answered)


@contextmanager
def serving(callers: Sequence[str]) -> Iterator[Cloud]:
    """Serve callers that are told apart.

    Args:
        callers: Their names.
    """
    identities = {
        name: Identity(
            access_key="ASIA" + secrets.token_hex(8).upper(),
            secret_key=secrets.token_urlsafe(30),
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/bench-{number}",
            statements=(Statement(("bedrock:*",), ("*",)),),
        )
        for number, name in enumerate(callers)
    }
    model_time = ModelTime()
    with tempfile.TemporaryDirectory() as folder:
        tls = make_tls_files(Path(folder))
        trusted = Path(folder) / "trusted.pem"
        trusted.write_bytes(_WORLDS_AUTHORITIES.read_bytes() + tls.ca.read_bytes())
        standin = BedrockStandIn(
            authorizer=StaticAuthorizer(identities.values()),
            tls=tls,
            region=REGION,
            account=ACCOUNT,
            observe=model_time.note,
        )
        with standin, _Server(tls) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield Cloud(identities, standin, server, trusted, model_time)
            finally:
                server.shutdown()
                thread.join()


@contextmanager
def cloud() -> Iterator[Mapping[str, str]]:
    """Serve; gives the variables by which clients find it, and their keys."""
    with serving(["bench"]) as there:
        yield there.endpoints("bench")
