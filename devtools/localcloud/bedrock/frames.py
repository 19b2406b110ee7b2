"""Event-stream frames, and a model's answer as the sequence of frames Bedrock sends."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import StructureShape
from botocore.validate import ParamValidator
from smithy_aws_event_stream.events import EventMessage

from devtools.localcloud.bedrock.reply import Reply, TextBlock, ToolUseBlock

_WORDS_PER_DELTA = 4
_JSON_PER_DELTA = 24


def event(name: str, payload: Mapping[str, object]) -> bytes:
    """Encode a modelled event."""
    return _frame({":event-type": name, ":message-type": "event"}, payload)


def exception(name: str, payload: Mapping[str, object]) -> bytes:
    """Encode a modelled exception, such as ``throttlingException``."""
    return _frame({":exception-type": name, ":message-type": "exception"}, payload)


def require_modelled(events: Iterable[Mapping[str, Any]]) -> None:
    """Refuse events that ConverseStream does not send. Any stop reason passes.

    Raises:
        ValueError: One has a name or a member that the service's model lacks, lacks one that it
            requires, or has a value of another type.
    """
    for one in events:
        report = ParamValidator().validate(one, _output_events())
        if report.has_errors():
            raise ValueError(report.generate_report())


@cache
def _output_events() -> StructureShape:
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    shape = service.shape_for("ConverseStreamOutput")
    if not isinstance(shape, StructureShape):
        raise TypeError("ConverseStream's output is no structure")
    return shape


def damaged(frame: bytes) -> bytes:
    """Return the frame with a checksum that does not fit."""
    return frame[:-1] + bytes([frame[-1] ^ 0xFF])


def stream(reply: Reply, latency_ms: int) -> Iterator[bytes]:
    """Yield the frames of an answer, from ``messageStart`` to ``metadata``."""
    yield event("messageStart", {"role": "assistant"})
    for index, block in enumerate(reply.blocks):
        yield from _block(index, block)
    yield event("messageStop", {"stopReason": reply.stop_reason})
    yield event("metadata", reply.metadata(latency_ms))


def _block(index: int, block: TextBlock | ToolUseBlock) -> Iterator[bytes]:
    at = {"contentBlockIndex": index}
    if isinstance(block, ToolUseBlock):
        start = {"toolUse": {"toolUseId": block.tool_use_id, "name": block.name}}
        yield event("contentBlockStart", {**at, "start": start})
        for part in split_json(block.input_json):
            yield event("contentBlockDelta", {**at, "delta": {"toolUse": {"input": part}}})
    else:
        for part in split_text(block.text):
            yield event("contentBlockDelta", {**at, "delta": {"text": part}})
    yield event("contentBlockStop", at)


def split_text(text: str) -> list[str]:
    """Split a text into pieces of a few words that join back to the text."""
    words = re.findall(r"\s*\S+|\s+\Z", text)
    return [
        "".join(words[start : start + _WORDS_PER_DELTA])
        for start in range(0, len(words), _WORDS_PER_DELTA)
    ]


def split_json(document: str) -> list[str]:
    """Split a JSON document into at least two pieces (if it has two characters) that join back."""
    size = min(_JSON_PER_DELTA, max(1, len(document) // 2))
    return [document[start : start + size] for start in range(0, len(document), size)]


def _frame(headers: dict[str, str], payload: Mapping[str, object]) -> bytes:
    body = json.dumps(payload, separators=(",", ":")).encode()
    return EventMessage(
        headers={**headers, ":content-type": "application/json"}, payload=body
    ).encode()
