"""Requests as the service models of botocore read them: which operation, and is its input valid?

Clients check next to nothing of lengths, patterns and values; the service checks them all.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import botocore.session

from devtools.localcloud.extension.agentcore.refusal import Refused, invalid, unsupported

#: What is served. The data plane comes first: in a path, its ARN may have slashes.
_SERVED: Final = {
    "bedrock-agentcore": ("InvokeAgentRuntime", "StopRuntimeSession", "GetAgentCard"),
    "bedrock-agentcore-control": (
        "CreateAgentRuntime",
        "CreateAgentRuntimeEndpoint",
        "DeleteAgentRuntime",
        "DeleteAgentRuntimeEndpoint",
        "DeleteResourcePolicy",
        "GetAgentRuntime",
        "GetAgentRuntimeEndpoint",
        "GetResourcePolicy",
        "ListAgentRuntimeEndpoints",
        "ListAgentRuntimes",
        "ListAgentRuntimeVersions",
        "ListTagsForResource",
        "PutResourcePolicy",
        "TagResource",
        "UntagResource",
        "UpdateAgentRuntime",
        "UpdateAgentRuntimeEndpoint",
    ),
}

Query = Mapping[str, Sequence[str] | str]


@dataclass(frozen=True)
class Operation:
    """An operation of one of the service models.

    Attributes:
        name: As in the model.
        method: Of HTTP.
        path: What its paths look like; the groups are the members in it.
        status: Of an answer that is no error.
        shape: Of its input.
        payload: The member that is the whole body, where there is one.
    """

    name: str
    method: str
    path: "re.Pattern[str]"
    status: int
    shape: Any
    payload: str | None


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation that a request is, with the members in its path; None when none is served."""
    for operation in _operations():
        if operation.method == method and (found := operation.path.fullmatch(path)):
            return operation, found.groupdict()
    return None


@cache
def _operations() -> tuple[Operation, ...]:
    session = botocore.session.get_session()
    found = []
    for service, names in _SERVED.items():
        model = session.get_service_model(service)
        for name in names:
            one = model.operation_model(name)
            uri = one.http["requestUri"].partition("?")[0].rstrip("/")
            members = re.sub(r"\\{(\w+)\\}", _member_pattern, re.escape(uri))
            shape: Any = one.input_shape
            payload = shape.serialization.get("payload")
            found.append(
                Operation(
                    name,
                    one.http["method"],
                    re.compile(f"{members}/?"),
                    one.http.get("responseCode", 200),
                    shape,
                    payload,
                )
            )
    return tuple(found)


def _member_pattern(found: "re.Match[str]") -> str:
    """An ARN may have slashes, an id or a name none."""
    name = found.group(1)
    return f"(?P<{name}>{'.+?' if name.lower().endswith('arn') else '[^/]+'})"


def read(
    operation: Operation,
    in_path: Mapping[str, str],
    headers: Mapping[str, str],
    query: Query,
    body: bytes,
) -> dict[str, Any]:
    """The input of an operation, checked against its shape. A blob body is left out.

    Raises:
        Refused: It is not what the model says.
    """
    given: dict[str, Any] = dict(in_path)
    in_body = {}
    for name, shape in operation.shape.members.items():
        location, sent_as = shape.serialization.get("location"), shape.serialization.get("name")
        if location == "header" and sent_as.lower() in headers:
            given[name] = headers[sent_as.lower()]
        elif location == "querystring" and sent_as in query:
            given[name] = _of_query(shape, query[sent_as])
        elif location is None:
            in_body[name] = shape
    if operation.payload is None and in_body and body:
        for name, value in _document(body).items():
            if name not in in_body:
                # A newer client's: AWS would act on it, and this botocore does not know it.
                raise unsupported(name)
            if value is not None:
                given[name] = value
    check(operation.shape, given, without=operation.payload)
    return given


def _of_query(shape: Any, values: Sequence[str] | str) -> Any:
    if shape.type_name == "list":
        return [values] if isinstance(values, str) else list(values)
    value = values if isinstance(values, str) else values[0]
    if shape.type_name == "integer":
        if not re.fullmatch(r"-?\d{1,9}", value):
            raise invalid(f"{shape.serialization['name']} is no number")
        return int(value)
    return value


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refused(
            "The request body is no JSON object",
            "ValidationException",
            400,
            reason="CannotParse",
        )
    return document


def check(shape: Any, value: Mapping[str, Any], without: str | None = None) -> None:
    """Check a document against its shape.

    Raises:
        Refused: With every place that is wrong, in the words that AWS's services share.
    """
    wrong = list(_wrong(shape, value, "", without))
    if wrong:
        count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected: "
        raise invalid(count + "; ".join(wrong))


def _wrong(shape: Any, value: Any, path: str, without: str | None = None) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _wrong_structure(shape, value, path, without)
    elif kind == "list":
        if not isinstance(value, list):
            yield _said(path, "be a list")
            return
        yield from _wrong_size(shape, len(value), path, "length")
        for index, each in enumerate(value):
            yield from _wrong(shape.member, each, f"{path}.{index + 1}.member")
    elif kind == "map":
        if not isinstance(value, dict):
            yield _said(path, "be a map")
            return
        yield from _wrong_size(shape, len(value), path, "length")
        for key, each in value.items():
            yield from _wrong(shape.key, key, f"{path}.key")
            yield from _wrong(shape.value, each, f"{path}.{key}")
    elif kind == "string":
        yield from _wrong_text(shape, value, path)
    elif kind in ("integer", "long"):
        if isinstance(value, bool) or not isinstance(value, int):
            yield _said(path, "be a number")
        else:
            yield from _wrong_size(shape, value, path, "value")
    elif kind == "boolean" and not isinstance(value, bool):
        yield _said(path, "be a boolean")


def _wrong_structure(shape: Any, value: Any, path: str, without: str | None) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _said(path, "be an object")
        return
    for name in shape.required_members:
        if name not in value and name != without:
            yield _said(f"{path}.{name}", "not be null")
    if shape.metadata.get("union") and len(value) != 1:
        yield _said(path, "have exactly one member")
    for name, each in value.items():
        if name in shape.members:
            yield from _wrong(shape.members[name], each, f"{path}.{name}")
        else:
            yield _said(f"{path}.{name}", "be a member that there is")


def _wrong_text(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _said(path, "be a string")
        return
    yield from _wrong_size(shape, len(value), path, "length")
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield _said(path, f"satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield _said(path, f"satisfy regular expression pattern: {pattern}")


def _wrong_size(shape: Any, size: int, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _said(path, f"have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _said(path, f"have {what} less than or equal to {most}")


def _said(path: str, rule: str) -> str:
    place = path.lstrip(".") or "input"
    return f"Value at '{place}' failed to satisfy constraint: Member must {rule}"
