"""What AgentCore would refuse is refused before it is sent, and by name."""

from typing import Any

import pytest

from tests.runtime_calls import RUNTIME, make_call
from tradewind.agentcore.calls import TraceHeaders
from tradewind.agentcore.limits import MAX_PAYLOAD_BYTES, check_call
from tradewind.contracts.errors import InvalidRuntimeRequest


class Bytes(bytes):
    """A payload as long as it says, without the memory."""

    length = 0

    def __len__(self) -> int:
        return self.length


def payload_of(length: int) -> Bytes:
    payload = Bytes()
    payload.length = length
    return payload


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"payload": b""},
        {"payload": payload_of(MAX_PAYLOAD_BYTES)},
        {"qualifier": "live"},
        {"user_id": "u" * 1024},
        {"trace": TraceHeaders("t" * 128, "p" * 128, "s" * 512, "b" * 8192)},
        {"trace": TraceHeaders("", "", "", "")},
    ],
)
def test_what_it_takes(changes: dict[str, Any]) -> None:
    check_call(make_call(**changes))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payload": payload_of(MAX_PAYLOAD_BYTES + 1)}, "payload"),
        ({"runtime": RUNTIME.endpoint("live")}, "runtime"),
        ({"qualifier": ""}, "qualifier"),
        ({"qualifier": "li-ve"}, "qualifier"),
        ({"session_id": "short"}, "session_id"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "u" * 1025}, "user_id"),
        ({"user_id": "u\r\nX-Amz-Other: 1"}, "user_id"),
        ({"user_id": "ü"}, "user_id"),
        ({"content_type": ""}, "content_type"),
        ({"accept": "a" * 257}, "accept"),
        ({"trace": TraceHeaders(trace_id="t" * 129)}, "trace_id"),
        ({"trace": TraceHeaders(traceparent="t" * 129)}, "traceparent"),
        ({"trace": TraceHeaders(tracestate="t" * 513)}, "tracestate"),
        ({"trace": TraceHeaders(baggage="t" * 8193)}, "baggage"),
    ],
)
def test_what_it_does_not_take(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRuntimeRequest) as caught:
        check_call(make_call(**changes))
    assert caught.value.field == field


def test_a_call_does_not_show_its_payload() -> None:
    assert "windy" not in repr(make_call())
