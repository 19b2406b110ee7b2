"""The stand-in: a TLS server on 127.0.0.1 that plays Overpass and NASA POWER."""

import contextlib
import gzip
import json
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from devtools.localcloud.geodata import overpass, wind
from devtools.localcloud.geodata.faults import Fault, FaultBook, FaultKind
from devtools.localcloud.geodata.landscape import marsh
from devtools.localcloud.geodata.pen import Element
from devtools.localcloud.tls import TlsFiles

_LOOPBACK: Final = "127.0.0.1"
_PATHS: Final[Mapping[str, str]] = {
    "/overpass/api/interpreter": "overpass",
    "/power/api/temporal/hourly/point": "wind",
}
_MAX_QUESTION: Final = 1_000_000
#: How HTTP libraries call themselves; Overpass answers them 406.
_STOCK_NAMES: Final = ("python-", "curl", "Wget", "Java", "Go-http")
_HUGE_BYTES: Final = 80_000_000
_CHUNK: Final = 65_536
_STOP_POLL_S: Final = 0.05

_STATUS: Final[Mapping[FaultKind, HTTPStatus]] = {
    FaultKind.THROTTLED: HTTPStatus.TOO_MANY_REQUESTS,
    FaultKind.GATEWAY_TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    FaultKind.SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    FaultKind.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    FaultKind.REDIRECT: HTTPStatus.FOUND,
}
#: What is sent in place of an answer, given the answer.
_BODIES: Final[Mapping[FaultKind, Callable[[bytes], bytes]]] = {
    FaultKind.MALFORMED: lambda whole: whole[: len(whole) * 2 // 3],
    FaultKind.EMPTY: lambda _whole: b"",
    FaultKind.NESTED: lambda _whole: b"[" * 200_000,
    FaultKind.WITHOUT_DATA: lambda _whole: b"{}",
    FaultKind.HUGE_UNPACKED: lambda _whole: b" " * _HUGE_BYTES,
}


@dataclass(frozen=True)
class Asked:
    """A question as it arrived.

    Attributes:
        service: ``overpass`` or ``wind``.
        fields: What was asked.
        user_agent: Who asked.
    """

    service: str
    fields: Mapping[str, str]
    user_agent: str


class GeodataStandIn:
    """Plays the public data services until stopped. Use it as a context manager.

    Args:
        tls: The server's certificate.
        elements: What the map shows.
    """

    def __init__(self, *, tls: TlsFiles, elements: Sequence[Element] | None = None) -> None:
        self.elements: Sequence[Element] = marsh() if elements is None else elements
        self.faults = FaultBook()
        self.asked: list[Asked] = []
        #: Ends whatever an answer waits for.
        self.stopping = threading.Event()
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(tls.certificate, tls.key)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the services are."""
        assert self._server is not None, "not started"  # noqa: S101
        return f"https://{_LOOPBACK}:{self._server.server_port}"

    @property
    def overpass_url(self) -> str:
        """Where the map is."""
        return f"{self.url}/overpass/api/interpreter"

    @property
    def wind_data_url(self) -> str:
        """Where the wind is."""
        return f"{self.url}/power/api/temporal/hourly/point"

    def start(self) -> None:
        """Open a free port and serve, on threads of its own."""
        self._server = _Server(self, self._tls)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_STOP_POLL_S,),
            name="geodata-stand-in",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Drop every connection and end. Does nothing when not started."""
        if self._server is None or self._thread is None:
            return
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def inject(self, *faults: Fault) -> None:
        """Let requests to come meet these faults."""
        self.faults.add(*faults)

    def answer(self, service: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """Answer a question as the service does.

        Raises:
            ValueError: It is not one that is known here.
        """
        if service == "overpass":
            return overpass.answer(fields["data"], self.elements)
        return wind.answer(dict(fields))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, stand_in: GeodataStandIn, tls: ssl.SSLContext) -> None:
        self.stand_in = stand_in
        super().__init__((_LOOPBACK, 0), _Handler)
        # The handshake happens on the connection's own thread, at its first read.
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may leave at any point; that is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Answer a question in the address."""
        self._serve(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        """Answer a question in a form."""
        length = min(int(self.headers.get("Content-Length", "0")), _MAX_QUESTION)
        self._serve(dict(parse_qsl(self.rfile.read(length).decode())))

    def log_message(self, *_args: Any) -> None:
        """Say nothing: questions are not logged."""

    def _serve(self, fields: dict[str, str]) -> None:
        service = _PATHS.get(urlsplit(self.path).path)
        if service is None:
            self._say(HTTPStatus.NOT_FOUND)
            return
        agent = self.headers.get("User-Agent", "")
        self.server.stand_in.asked.append(Asked(service, fields, agent))
        if not agent or agent.startswith(_STOCK_NAMES):
            self._say(HTTPStatus.NOT_ACCEPTABLE)
            return
        fault = self.server.stand_in.faults.take(service)
        if fault is not None and fault.kind in _STATUS:
            self._say(_STATUS[fault.kind], fault)
            return
        try:
            answer = self.server.stand_in.answer(service, fields)
        except (KeyError, ValueError):
            self._say(HTTPStatus.BAD_REQUEST)
            return
        with contextlib.suppress(OSError):
            self._spoil(fault, answer) if fault else self._send(json.dumps(answer).encode())

    def _spoil(self, fault: Fault, answer: dict[str, Any]) -> None:
        whole = json.dumps(answer).encode()
        if fault.kind in _BODIES:
            self._send(_BODIES[fault.kind](whole))
            return
        match fault.kind:
            case FaultKind.HTML:
                self._send(b"<html><body>busy</body></html>", content_type="text/html")
            case FaultKind.REMARK:
                self._send(json.dumps(_with_remark(answer)).encode())
            case FaultKind.FEWER:
                self._send(json.dumps(_with_fewer(answer)).encode())
            case FaultKind.CUT:
                self._head(len(whole), zipped=False)
                self.wfile.write(whole[: len(whole) // 2])
                self.close_connection = True
            case FaultKind.STALL:
                self._head(len(whole), zipped=False)
                self.wfile.write(whole[:100])
                self.server.stand_in.stopping.wait()
            case FaultKind.TRICKLE:
                self._trickle(whole)
            case FaultKind.HUGE:
                self._head(_HUGE_BYTES, zipped=False)
                for _ in range(_HUGE_BYTES // _CHUNK):
                    self.wfile.write(b" " * _CHUNK)

    def _trickle(self, whole: bytes) -> None:
        self._head(len(whole), zipped=False)
        for at in range(len(whole)):
            self.wfile.write(whole[at : at + 1])
            if self.server.stand_in.stopping.wait(0.02):
                return

    def _send(self, body: bytes, *, content_type: str = "application/json") -> None:
        packed = gzip.compress(body, 1) if "gzip" in self.headers["Accept-Encoding"] else body
        self._head(len(packed), zipped=packed is not body, content_type=content_type)
        self.wfile.write(packed)

    def _head(self, length: int, *, zipped: bool, content_type: str = "application/json") -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()

    def _say(self, status: HTTPStatus, fault: Fault | None = None) -> None:
        body = f"<html><body>{status.phrase}</body></html>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if fault and fault.retry_after is not None:
            self.send_header("Retry-After", fault.retry_after)
        if status is HTTPStatus.FOUND:
            self.send_header("Location", f"{self.server.stand_in.url}{self.path}")
        self.end_headers()
        self.wfile.write(body)


def _with_remark(answer: dict[str, Any]) -> dict[str, Any]:
    """What Overpass sends when it runs out of time: what it has, and a remark."""
    remark = 'runtime error: Query timed out in "query" at line 4 after 61 seconds.'
    return {**answer, "elements": [], "remark": remark}


def _with_fewer(answer: dict[str, Any]) -> dict[str, Any]:
    if "elements" in answer:
        return {**answer, "elements": answer["elements"][:-1]}
    series = answer["properties"]["parameter"]
    cut = {name: dict(list(values.items())[:-1]) for name, values in series.items()}
    return {**answer, "properties": {"parameter": cut}}
