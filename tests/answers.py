"""What a model may say: the events of ConverseStream."""

import json
from typing import Any, Final

Answer = list[dict[str, Any]]

_USAGE: Final = {"usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}}


def _answer(*blocks: Answer, stop_reason: str) -> Answer:
    return [
        {"messageStart": {"role": "assistant"}},
        *(event for block in blocks for event in block),
        {"messageStop": {"stopReason": stop_reason}},
        {"metadata": {**_USAGE, "metrics": {"latencyMs": 1}}},
    ]


def _deltas(index: int, *deltas: dict[str, Any]) -> Answer:
    return [
        *({"contentBlockDelta": {"delta": one, "contentBlockIndex": index}} for one in deltas),
        {"contentBlockStop": {"contentBlockIndex": index}},
    ]


def saying(*texts: str, stop_reason: str = "end_turn") -> Answer:
    """An answer in words, each text a delta of one block."""
    block = _deltas(0, *({"text": text} for text in texts)) if texts else []
    return _answer(block, stop_reason=stop_reason)


def citing(text: str, **citation: Any) -> Answer:
    """An answer in words with what they rest on, in one block."""
    return _answer(_deltas(0, {"text": text}, {"citation": citation}), stop_reason="end_turn")


def calling_with(*calls: tuple[str, str], stop_reason: str = "tool_use") -> Answer:
    """An answer that calls tools, each with the text of its arguments as it stands."""
    blocks = []
    for index, (tool, arguments) in enumerate(calls):
        start = {"toolUse": {"toolUseId": f"call-{index}", "name": tool}}
        blocks.append(
            [
                {"contentBlockStart": {"start": start, "contentBlockIndex": index}},
                *_deltas(index, *({"toolUse": {"input": half}} for half in _halves(arguments))),
            ]
        )
    return _answer(*blocks, stop_reason=stop_reason)


def calling(tool: str, **arguments: Any) -> Answer:
    """An answer that calls a tool."""
    return calling_with((tool, json.dumps(arguments)))


def calling_each(*tools: str) -> Answer:
    """An answer that calls tools without arguments, all at once."""
    return calling_with(*((tool, "{}") for tool in tools))


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]
