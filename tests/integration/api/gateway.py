"""API Gateway as far as it turns a request into an event and an answer into a response, as WSGI."""

from collections.abc import Callable, Iterable
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
