"""What a function behind a proxy integration may answer, and what becomes of it."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from ministack.services import apigateway_v1

from devtools.localcloud.extension.gateway.errors import Response

#: Any other key makes the answer malformed, for AWS's REST APIs.
_KEYS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599

#: What API Gateway sends under another name, because it sets these itself.
_REMAPPED = {
    "authorization",
    "connection",
    "content-md5",
    "date",
    "server",
    "user-agent",
    "www-authenticate",
}


class Malformed(Exception):
    """The answer is not in the format of a proxy integration."""


def response_of(answer: Any, accept: str, binary_media_types: list[str]) -> Response:
    """Turn a function's answer into the response.

    Args:
        answer: What the function returned, parsed.
        accept: The request's Accept header.
        binary_media_types: The API's; a Base64 answer is decoded only for one of these.

    Raises:
        Malformed: It has another format.
    """
    if not isinstance(answer, Mapping) or set(answer) - _KEYS:
        raise Malformed
    return (
        _status(answer.get("statusCode", 200)),
        _headers(answer.get("headers") or {}, answer.get("multiValueHeaders") or {}),
        _body(answer, accept, binary_media_types),
    )


def _status(given: Any) -> int:
    """A number, or its digits."""
    if not isinstance(given, int | str):
        raise Malformed
    try:
        status = int(given)
    except ValueError:
        raise Malformed from None
    if not _LOWEST_STATUS <= status <= _HIGHEST_STATUS:
        raise Malformed
    return status


def _headers(single: Any, multi: Any) -> dict[str, Any]:
    """Both kinds of headers as one; a multi-value one replaces its single-value namesake."""
    if not isinstance(single, Mapping) or not isinstance(multi, Mapping):
        raise Malformed
    found: dict[str, tuple[str, Any]] = {"content-type": ("Content-Type", "application/json")}
    for name, value in single.items():
        if isinstance(value, Mapping | list):
            raise Malformed
        found[name.lower()] = (name, _text(value))
    for name, values in multi.items():
        if not isinstance(values, list):
            raise Malformed
        found[name.lower()] = (name, [_text(value) for value in values])
    for taken in ("content-length", "transfer-encoding"):
        found.pop(taken, None)  # API Gateway's own business
    return {
        f"x-amzn-Remapped-{name}" if key in _REMAPPED else name: value
        for key, (name, value) in found.items()
    }


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return str(value)


def _body(answer: Mapping[str, Any], accept: str, binary_media_types: list[str]) -> bytes:
    body, encoded = answer.get("body"), answer.get("isBase64Encoded", False)
    if not isinstance(body, str | None) or not isinstance(encoded, bool | None):
        raise Malformed
    text = body or ""
    if encoded and apigateway_v1._media_type_matches(accept, binary_media_types):
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise Malformed from None
    return text.encode()
