"""API Gateway as far as it turns a request into an event and an answer into a response, as WSGI."""

import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from tests.api_events import ADA


def as_wsgi(handle: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[..., Iterable[bytes]]:
    """Serve a handler of proxy events."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = handle(event_of(environ))
        status = HTTPStatus(answer["statusCode"])
        start_response(f"{status.value} {status.phrase}", [*answer["headers"].items()])
        body = answer["body"]
        return [body.encode()] if isinstance(body, str) else body

    return app


class AtWork:
    """An application that knows which of its exchanges are still at work.

    A caller has the whole answer before the server has logged it.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self._changed = threading.Condition()
        self._count = 0

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterator[bytes]:
        with self._changed:
            self._count += 1
        try:
            pieces = self._app(environ, start_response)
            try:
                yield from pieces
            finally:
                if hasattr(pieces, "close"):
                    pieces.close()
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def wait_until_over(self) -> None:
        """Wait until every exchange is."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._count == 0, 60)


def event_of(environ: dict[str, Any]) -> dict[str, Any]:
    """A request as REST APIs hand it on: of Ada's, as far as it is signed."""
    headers = {
        name[5:].replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    length = int(environ.get("CONTENT_LENGTH") or 0)
    # What is no UTF-8 arrives with U+FFFD in its place.
    body = environ["wsgi.input"].read(length).decode("utf-8", "replace")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    # What nobody has signed is refused; here by whoever gets it.
    identity = {"userArn": ADA} if "Authorization" in headers else {}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": environ["REQUEST_METHOD"],
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "requestContext": {"stage": "test", "identity": identity},
        "body": body or None,
        "isBase64Encoded": False,
    }
