"""What AgentCore takes and what is taken from it, checked before a call is sent or kept."""

import re
from typing import Final

from tradewind.agentcore.arn import InvalidArn
from tradewind.agentcore.calls import RuntimeCall
from tradewind.agentcore.session_ids import check_session_id
from tradewind.contracts.errors import InvalidRuntimeRequest

#: Of a payload; the service's own.
MAX_PAYLOAD_BYTES: Final = 100_000_000
#: Of one event, or of an answer that is kept whole: as much as a small function has room for.
MAX_KEPT_BYTES: Final = 16 * 1024 * 1024

#: Of the headers, by what they are called here; the service's own.
_MAX_HEADERS: Final = {
    "user_id": 1024,
    "trace_id": 128,
    "traceparent": 128,
    "tracestate": 512,
    "baggage": 8192,
    "content_type": 256,
    "accept": 256,
}
_NEVER_EMPTY: Final = frozenset({"user_id", "content_type", "accept"})
#: What a header's value may be: a line break would begin another one.
_HEADER: Final = re.compile(r"[\x20-\x7e]*")


def check_call(call: RuntimeCall) -> None:
    """Go on only with a call that AgentCore would look at.

    Raises:
        InvalidRuntimeRequest: It has too much, or what no such call can have.
    """
    if call.runtime.endpoint_name is not None:
        raise InvalidRuntimeRequest(
            "The ARN is an endpoint's: a call names the runtime's, and the endpoint as its "
            "qualifier.",
            field="runtime",
        )
    try:
        call.runtime.endpoint(call.qualifier)
    except InvalidArn as error:
        raise InvalidRuntimeRequest(f"The qualifier is no {error}.", field="qualifier") from error
    check_session_id(call.session_id)
    if len(call.payload) > MAX_PAYLOAD_BYTES:
        raise InvalidRuntimeRequest(
            f"The payload has {len(call.payload)} bytes; AgentCore takes {MAX_PAYLOAD_BYTES}.",
            field="payload",
        )
    headers = {
        "user_id": call.user_id,
        "trace_id": call.trace.trace_id,
        "traceparent": call.trace.traceparent,
        "tracestate": call.trace.tracestate,
        "baggage": call.trace.baggage,
        "content_type": call.content_type,
        "accept": call.accept,
    }
    for name, value in headers.items():
        if value is not None:
            _check_header(name, value)


def _check_header(name: str, value: str) -> None:
    if not value and name in _NEVER_EMPTY:
        raise InvalidRuntimeRequest(f"{name} is empty.", field=name)
    if len(value) > _MAX_HEADERS[name]:
        raise InvalidRuntimeRequest(
            f"{name} has {len(value)} characters; AgentCore takes {_MAX_HEADERS[name]}.", field=name
        )
    if not _HEADER.fullmatch(value):
        raise InvalidRuntimeRequest(
            f"{name} has characters that no header can have: it takes visible ASCII and spaces.",
            field=name,
        )
