"""Requests as the service models of botocore read them: which operation, and is its input valid?"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import botocore.session

from devtools.localcloud.extension.agentcore.refusal import Refused, invalid, unsupported
from devtools.localcloud.extension.shapes import wrong

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
    said = list(wrong(shape, value, without=without))
    if said:
        count = f"{len(said)} validation error{'s' if len(said) > 1 else ''} detected: "
        raise invalid(count + "; ".join(said))
