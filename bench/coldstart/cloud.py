"""What started functions call: Bedrock, a table, a bucket and Lambda, over TLS on loopback.

Clients read the certificates of the whole world besides the one that they meet here, as on Lambda:
reading them is a good part of a first connection.
"""

import json
import secrets
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

import botocore

from bench.coldstart.start import ACCOUNT, REGION
from devtools.localcloud.bedrock import BedrockStandIn, Identity, Statement, StaticAuthorizer
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


class _Aws(BaseHTTPRequestHandler):
    """A table that takes anything, an empty bucket, and functions that take any event.

    An item that is changed is told as it was put: nothing here reads what was changed in it.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    items: ClassVar[dict[str, Any]] = {}

    def do_POST(self) -> None:
        body = self._body()
        called = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if called:
            asked = json.loads(body)
            if called == "PutItem":
                self.items[asked["TableName"]] = asked["Item"]
            told = self.items.get(asked["TableName"], {}) if called == "UpdateItem" else {}
            answer = json.dumps({"Attributes": told} if told else {})
            self._reply(200, answer.encode(), "application/x-amz-json-1.0")
        else:
            self._reply(202, b"", "application/json")

    def do_PUT(self) -> None:
        self._body()
        self._reply(200, b"", "application/xml", ETag='"0"')

    def do_GET(self) -> None:
        if "list-type=" in self.path:
            self._reply(200, _EMPTY, "application/xml")
        else:
            self._reply(404, _NONE_THERE, "application/xml")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

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
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls.certificate, tls.key)
        # Hands are shaken on the connection's own thread, not where others wait.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, *_: Any) -> None:
        """A process that is ended after its answer leaves connections as they are."""


@contextmanager
def cloud() -> Iterator[Mapping[str, str]]:
    """Serve; gives the variables by which clients find it, and their keys."""
    identity = Identity(
        access_key="ASIA" + secrets.token_hex(8).upper(),
        secret_key=secrets.token_urlsafe(30),
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/bench",
        statements=(Statement(("bedrock:*",), ("*",)),),
    )
    with tempfile.TemporaryDirectory() as folder:
        tls = make_tls_files(Path(folder))
        trusted = Path(folder) / "trusted.pem"
        trusted.write_bytes(_WORLDS_AUTHORITIES.read_bytes() + tls.ca.read_bytes())
        standin = BedrockStandIn(
            authorizer=StaticAuthorizer([identity]), tls=tls, region=REGION, account=ACCOUNT
        )
        with standin, _Server(tls) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield {
                    "AWS_ENDPOINT_URL": f"https://127.0.0.1:{server.server_address[1]}",
                    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": standin.endpoint_url,
                    "AWS_CA_BUNDLE": str(trusted),
                    "AWS_ACCESS_KEY_ID": identity.access_key,
                    "AWS_SECRET_ACCESS_KEY": identity.secret_key,
                }
            finally:
                server.shutdown()
                thread.join()
