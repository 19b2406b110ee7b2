"""The page on this machine, for as long as someone looks at it."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from devtools.dashboard.document import TimeRange
from devtools.dashboard.page import page
from devtools.dashboard.preview import NoSuchDashboard, Preview
from devtools.dashboard.sources import SourceError

_LOOPBACK: Final = "127.0.0.1"
_LONGEST: Final = timedelta(days=455)
#: A client that says nothing for so long, in seconds, loses its thread.
_SILENCE_S: Final = 30


class _BadRequest(ValueError):
    """The request's parameters are not understood."""


class DashboardServer(ThreadingHTTPServer):
    """Serves a preview on 127.0.0.1, to this machine's own browsers only.

    Args:
        preview: What to serve.
        port: 0 for any free one.

    Raises:
        LibraryMissing: The page's chart library is not installed.
        OSError: The port cannot be used.
    """

    daemon_threads = True

    def __init__(self, preview: Preview, port: int = 0) -> None:
        self.preview = preview
        self.page = page().encode()
        super().__init__((_LOOPBACK, port), _Handler)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{_LOOPBACK}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: DashboardServer
    protocol_version = "HTTP/1.1"
    server_version = "dashboard"
    sys_version = ""
    timeout = _SILENCE_S

    def do_GET(self) -> None:
        """Answer with the page or a filled dashboard."""
        if not self._from_here():
            self._json(HTTPStatus.FORBIDDEN, {"error": "Only pages of this server may ask it."})
            return
        url = urlsplit(self.path)
        if url.path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)
        elif url.path == "/api/dashboard":
            self._json(*self._dashboard(url.query))
        else:
            self._json(HTTPStatus.NOT_FOUND, {"error": "There is no such page."})

    def _from_here(self) -> bool:
        """Whether a browser asks for this machine by its own name.

        A page from elsewhere can reach a loopback port by a host name that resolves to it; its
        Host header gives it away.
        """
        port = self.server.server_port
        hosts = {f"{_LOOPBACK}:{port}", f"localhost:{port}"}
        return self.headers.get("Host") in hosts and (
            self.headers.get("Sec-Fetch-Site") != "cross-site" or urlsplit(self.path).path == "/"
        )

    def _dashboard(self, query: str) -> tuple[HTTPStatus, Any]:
        try:
            parameters = {name: values[-1] for name, values in parse_qs(query).items()}
            time_range = read_range(parameters, self.server.preview.clock())
            name = parameters.get("dashboard", "")
            return HTTPStatus.OK, self.server.preview.document(name, time_range=time_range)
        except NoSuchDashboard as error:
            return HTTPStatus.NOT_FOUND, {"error": str(error)}
        except _BadRequest as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except SourceError as error:
            return HTTPStatus.BAD_GATEWAY, {"error": str(error)}

    def _json(self, status: HTTPStatus, value: Any) -> None:
        self._answer(status, "application/json", json.dumps(value, allow_nan=False).encode())

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is for the page's address."""


def read_range(parameters: Mapping[str, str], now: datetime) -> TimeRange | None:
    """The time range of a request: ``range`` in seconds, or ``start`` and ``end``.

    Raises:
        ValueError: It is neither, or no range.
    """
    try:
        if parameters.get("range"):
            span = timedelta(seconds=int(parameters["range"]))
            found = TimeRange.back(span, now)
        elif parameters.get("start"):
            start = datetime.fromisoformat(parameters["start"])
            end = datetime.fromisoformat(parameters["end"]) if parameters.get("end") else now
            found = TimeRange(start.timestamp(), end.timestamp())
        else:
            return None
    except (ValueError, OverflowError) as error:
        raise _BadRequest(f"The time range is not understood: {error}.") from error
    if not 0 < found.end - found.start <= _LONGEST.total_seconds():
        raise _BadRequest(
            f"A time range is longer than nothing and at most {_LONGEST.days} days long."
        )
    return found
