"""Frames, read back by botocore's own decoder."""

import json
from typing import Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from devtools.localcloud.bedrock import frames
from devtools.localcloud.bedrock.reply import Reply, TextBlock, ToolUseBlock


def decode(data: bytes) -> list[tuple[str, Any]]:
    buffer: Any = EventStreamBuffer()  # its stubs say that it yields integers
    buffer.add_data(data)
    return [
        (
            message.headers.get(":event-type") or message.headers[":exception-type"],
            json.loads(message.payload),
        )
        for message in buffer
    ]


def test_exception_frame() -> None:
    frame = frames.exception("throttlingException", {"message": "slow down"})
    assert decode(frame) == [("throttlingException", {"message": "slow down"})]


@given(name=st.sampled_from(["messageStart", "metadata"]), text=st.text())
def test_a_damaged_frame_never_passes(name: str, text: str) -> None:
    with pytest.raises(ChecksumMismatch):
        decode(frames.damaged(frames.event(name, {"text": text})))


@given(text=st.text())
def test_text_deltas_join_back(text: str) -> None:
    assert "".join(frames.split_text(text)) == text


@given(document=st.text(min_size=2))
def test_json_deltas_are_partial_and_join_back(document: str) -> None:
    parts = frames.split_json(document)
    assert "".join(parts) == document
    assert len(parts) > 1


def test_a_reply_becomes_the_frames_in_bedrocks_order() -> None:
    reply = Reply(
        (TextBlock("one two three four five"), ToolUseBlock("id-1", "draw", '{"a": 1}')),
        "tool_use",
        input_tokens=3,
        output_tokens=4,
    )
    events = decode(b"".join(frames.stream(reply, latency_ms=5)))
    assert [name for name, _ in events] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockDelta",
        "contentBlockStop",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert events[0][1] == {"role": "assistant"}
    assert events[4][1] == {
        "contentBlockIndex": 1,
        "start": {"toolUse": {"toolUseId": "id-1", "name": "draw"}},
    }
    assert events[5][1]["delta"]["toolUse"]["input"] + events[6][1]["delta"]["toolUse"][
        "input"
    ] == ('{"a": 1}')
    assert events[8][1] == {"stopReason": "tool_use"}
    assert events[9][1] == {
        "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
        "metrics": {"latencyMs": 5},
    }
