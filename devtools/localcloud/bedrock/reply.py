"""What a model answers, before it is put on the wire."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

StopReason = Literal["end_turn", "tool_use", "max_tokens", "guardrail_intervened"]


@dataclass(frozen=True)
class TextBlock:
    """Text for the caller."""

    text: str


@dataclass(frozen=True)
class ToolUseBlock:
    """A request to call a tool. ``input_json`` breaks off early when the tokens ran out."""

    tool_use_id: str
    name: str
    input_json: str


@dataclass(frozen=True)
class Reply:
    """One answer of a model; ``trace`` tells of a guardrail on it."""

    blocks: tuple[TextBlock | ToolUseBlock, ...]
    stop_reason: StopReason
    input_tokens: int
    output_tokens: int
    trace: Mapping[str, Any] | None = field(default=None, kw_only=True)

    def metadata(self, latency_ms: int) -> dict[str, object]:
        """What an answer tells of itself."""
        told: dict[str, object] = {"usage": self.usage(), "metrics": {"latencyMs": latency_ms}}
        return told if self.trace is None else {**told, "trace": self.trace}

    def usage(self) -> dict[str, int]:
        """The ``usage`` member of the answer."""
        return {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.input_tokens + self.output_tokens,
        }

    def converse_body(self, latency_ms: int) -> bytes:
        """The answer of the Converse operation."""
        return json.dumps(
            {
                "output": {"message": {"role": "assistant", "content": self._content()}},
                "stopReason": self.stop_reason,
                **self.metadata(latency_ms),
            }
        ).encode()

    def _content(self) -> list[dict[str, object]]:
        content: list[dict[str, object]] = []
        for block in self.blocks:
            if isinstance(block, TextBlock):
                content.append({"text": block.text})
            elif self.stop_reason == "tool_use":
                content.append(
                    {
                        "toolUse": {
                            "toolUseId": block.tool_use_id,
                            "name": block.name,
                            "input": json.loads(block.input_json),
                        }
                    }
                )
        return content
