"""A REST API's proxy event as a request, and an answer as what API Gateway takes."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self
from urllib.parse import unquote

from tradewind.api.errors import ApiError, UnsupportedMediaType
from tradewind.contracts.errors import InvalidRequest
from tradewind.contracts.texts import all_well_formed

JSON: Final = "application/json"
#: Of API Gateway.
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
_PROXY: Final = "{proxy+}"
_PARAMETER: Final = re.compile(r"\{(\w+)\+?\}")


class BodyTooLarge(ApiError):
    """The body is over its limit."""

    code = "QUERY_TOO_LONG"


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Attributes:
        method: In capitals.
        path: Without the API's stage.
        query: Parameters by name, each with all its values.
        headers: By name in small letters.
        raw_body: As it came.
        owner: Who asks.
        parameters: What the route has found in the path.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    raw_body: bytes
    owner: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Read the body.

        Raises:
            UnsupportedMediaType: It says it is no JSON.
            InvalidRequest: It is none.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise UnsupportedMediaType(f"The body has to be {JSON}, and its header to say so.")
        try:
            return json.loads(
                self.raw_body,
                parse_constant=_no_constant,
                object_pairs_hook=_without_doubles,
            )
        except RecursionError:
            raise InvalidRequest("The body is nested too deep.") from None
        except ValueError as wrong:
            # Of json's own messages none repeats the body; a decoder's may.
            detail = f": {wrong.msg}" if isinstance(wrong, json.JSONDecodeError) else ""
            raise InvalidRequest(f"The body is not valid JSON{detail}.") from None


class StreamedBody(Protocol):
    """A body that is sent while it is made; an empty piece is one of silence."""

    @property
    def counts_as(self) -> tuple[int, str] | None:
        """As ``Answer.counts_as``, known when it has ended."""

    def __iter__(self) -> Self:
        """Return itself."""

    def __next__(self) -> bytes:
        """Return the next piece."""

    def close(self) -> None:
        """End it, however far it has come."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer.

    Attributes:
        status: Its code.
        document: JSON values; None for no body, or one that streams.
        headers: By name.
        counts_as: The status and code that it is logged and counted as, where a protocol has its
            failures in answers that went well.
        stream: A body that is sent while it is made, in place of a document.
    """

    status: int
    document: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    counts_as: tuple[int, str] | None = None
    stream: StreamedBody | None = None


def read_event(event: Mapping[str, Any], owner: str) -> Request:
    """Read a proxy event.

    Raises:
        InvalidRequest: Its body is not what it says it is.
        BodyTooLarge: It is over the limit.
    """
    return Request(
        method=str(event.get("httpMethod", "")).upper(),
        path=_path_of(event),
        query=event.get("multiValueQueryStringParameters") or {},
        headers={str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()},
        raw_body=_body_of(event),
        owner=owner,
    )


def write_answer(answer: Answer) -> dict[str, Any]:
    """Return an answer in API Gateway's words."""
    headers = {"Content-Type": JSON, "Cache-Control": "no-store", **answer.headers}
    body = ""
    if answer.stream is not None:
        headers["X-Accel-Buffering"] = "no"  # no proxy may keep it back
    elif answer.document is None:
        del headers["Content-Type"]
    else:
        document = all_well_formed(answer.document)
        body = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return {
        "statusCode": answer.status,
        "headers": headers,
        "body": body,
        "isBase64Encoded": False,
    }


def _path_of(event: Mapping[str, Any]) -> str:
    """The path within the API: a domain of one's own may put another path before it."""
    resource, filled = event.get("resource"), event.get("pathParameters") or {}
    if not isinstance(resource, str) or not resource:
        return unquote(str(event.get("path", "")))
    if resource.endswith(_PROXY):
        return resource.removesuffix(_PROXY) + unquote(str(filled.get("proxy", "")))
    return _PARAMETER.sub(lambda name: unquote(str(filled.get(name[1], ""))), resource)


def _body_of(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise InvalidRequest("The body is no text.")
    try:
        raw = (
            base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        )
    except (binascii.Error, UnicodeEncodeError):
        raise InvalidRequest("The body cannot be decoded.") from None
    if len(raw) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"The body has {len(raw)} bytes; at most {MAX_BODY_BYTES} are taken.")
    return raw


def _no_constant(name: str) -> float:
    raise json.JSONDecodeError(f"JSON has no {name}", name, 0)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise json.JSONDecodeError("a name is there twice in one object", "", 0)
    return document
