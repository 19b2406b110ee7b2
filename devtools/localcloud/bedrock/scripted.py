"""The scripted model: no language model, and every text of it says so.

It calls each tool on offer once, in the order the system prompt mentions them, with arguments
taken from the request, and closes with a text that quotes what the tools returned. A tool that
needs a number which nobody gave is left out while there are others, and all of them when the user
asks for an answer "without tools". A tool that asks the person is called where the user says "ask
me", and nowhere else; one that uses what the request brings (``use_wind_file``) where the request
names it. The same request always gets the same answer.
"""

import json
import re
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from devtools.localcloud.bedrock.arguments import fill, json_objects, missing_numbers
from devtools.localcloud.bedrock.conversation import (
    Conversation,
    Message,
    Text,
    Tool,
    ToolResult,
    ToolUse,
)
from devtools.localcloud.bedrock.errors import invalid
from devtools.localcloud.bedrock.reply import Reply, StopReason, TextBlock, ToolUseBlock

#: How every text of the scripted model begins.
SIGNATURE: Final = "[scripted model]"

_CONTEXT_TOKENS: Final = 200_000
_CHARACTERS_PER_TOKEN: Final = 4
_MOST_CALLS_AFTER_ERROR: Final = 2
_ECHO_LENGTH: Final = 600
_QUOTED_FIGURES: Final = 16
_QUOTED_TEXT: Final = 400
#: The tool that asks the person, and where it is called.
_ASK: Final = "ask_person"
_ASK_ME: Final = re.compile(r"\bask me\b", re.IGNORECASE)
#: How the names of tools begin that use what the request brings.
_USE: Final = "use_"
_WITHOUT_TOOLS: Final = re.compile(r"\bwithout tools\b", re.IGNORECASE)


def answer(conversation: Conversation) -> Reply:
    """Answer a conversation.

    Raises:
        ServiceError: The conversation is longer than the model's context window.
    """
    input_tokens = _tokens(conversation.size)
    if input_tokens > _CONTEXT_TOKENS:
        raise invalid(
            "The model returned the following errors: Input is too long for requested model."
        )
    turn = _Turn.of(conversation.messages)
    tool = _next_tool(conversation, turn)
    if tool is None:
        blocks: tuple[TextBlock | ToolUseBlock, ...] = (TextBlock(_closing(turn)),)
        return _limited(blocks, "end_turn", input_tokens, conversation.max_tokens)
    arguments = fill(tool.schema, turn.query, turn.json_results())
    call = ToolUseBlock(
        tool_use_id=_tool_use_id(conversation, tool),
        name=tool.name,
        input_json=json.dumps(arguments, ensure_ascii=False),
    )
    blocks = (TextBlock(f"{SIGNATURE} Calling {tool.name}."), call)
    return _limited(blocks, "tool_use", input_tokens, conversation.max_tokens)


@dataclass(frozen=True)
class _Turn:
    """The part of a conversation since the user last asked something.

    Attributes:
        query: What the user asked.
        results: Each tool call since then with its result, in order.
    """

    query: str
    results: tuple[tuple[str, ToolResult], ...]

    @classmethod
    def of(cls, messages: Sequence[Message]) -> "_Turn":
        start = max(
            (
                index
                for index, message in enumerate(messages)
                if message.role == "user" and _asks(message)
            ),
            default=0,
        )
        names = {
            block.tool_use_id: block.name
            for message in messages[start:]
            for block in message.blocks
            if isinstance(block, ToolUse)
        }
        results = tuple(
            (names[block.tool_use_id], block)
            for message in messages[start + 1 :]
            for block in message.blocks
            if isinstance(block, ToolResult)
        )
        return cls(messages[start].text(), results)

    def json_results(self) -> list[Any]:
        """What the tools returned as JSON, whether as a value or written in a text."""
        values: list[Any] = []
        for _, result in self.results:
            for content in result.content:
                values.extend(json_objects(content) if isinstance(content, str) else [content])
        return values


def _asks(message: Message) -> bool:
    # A turn that brings tool results continues the question before it, whatever text is with them.
    return any(isinstance(block, Text) for block in message.blocks) and not any(
        isinstance(block, ToolResult) for block in message.blocks
    )


def _next_tool(conversation: Conversation, turn: _Turn) -> Tool | None:
    tools = sorted(
        (tool for tool in conversation.tools if _is_meant(tool.name, turn.query)),
        key=lambda tool: _first_mention(conversation.system, tool.name),
    )
    by_name = {tool.name: tool for tool in conversation.tools}
    calls = Counter(name for name, _ in turn.results)
    choice = conversation.tool_choice
    if choice is not None and choice.name is not None:
        return by_name[choice.name]
    if choice is None and _WITHOUT_TOOLS.search(turn.query):
        return None
    if turn.results:
        name, result = turn.results[-1]
        if result.failed and calls[name] < _MOST_CALLS_AFTER_ERROR and name in by_name:
            return by_name[name]
    fed = [
        tool for tool in tools if not missing_numbers(tool.schema, turn.query, turn.json_results())
    ]
    uncalled = [tool for tool in fed or tools if not calls[tool.name]]
    if uncalled:
        return uncalled[0]
    return tools[-1] if choice is not None else None


def _is_meant(tool: str, query: str) -> bool:
    if tool == _ASK:
        return _ASK_ME.search(query) is not None
    return not tool.startswith(_USE) or tool.removeprefix(_USE) in query


def _first_mention(system: str, name: str) -> int:
    at = system.find(name)
    return at if at >= 0 else len(system)


def _tool_use_id(conversation: Conversation, tool: Tool) -> str:
    digest = sha256(repr((conversation.messages, tool.name)).encode()).digest()
    return f"tooluse_{urlsafe_b64encode(digest)[:22].decode()}"


def _closing(turn: _Turn) -> str:
    if not turn.results:
        return (
            f"{SIGNATURE} No tool was called. The message has {len(turn.query.split())} words: "
            f"{turn.query[:_ECHO_LENGTH]}"
        )
    lines = [f"{SIGNATURE} These are the tools' results for: {turn.query[:_ECHO_LENGTH]}"]
    for name, result in turn.results:
        quoted = "; ".join(_quoted(result)) or "nothing"
        lines.append(f"{name} {'reported an error' if result.failed else 'returned'}: {quoted}")
    return "\n".join(lines)


def _quoted(result: ToolResult) -> Iterator[str]:
    for content in result.content:
        value = _as_json(content) if isinstance(content, str) else content
        if isinstance(value, dict):
            yield from list(_figures(value))[:_QUOTED_FIGURES]
        else:
            yield str(value)[:_QUOTED_TEXT]


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _figures(value: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, entry in value.items():
        if isinstance(entry, dict):
            yield from _figures(entry, f"{prefix}{key}.")
        elif isinstance(entry, list):
            yield f"{prefix}{key}: {len(entry)} entries"
        else:
            yield f"{prefix}{key}: {str(entry)[:_QUOTED_TEXT]}"


def _limited(
    blocks: Sequence[TextBlock | ToolUseBlock],
    stop_reason: StopReason,
    input_tokens: int,
    max_tokens: int | None,
) -> Reply:
    """Break the answer off where its tokens run out."""
    kept: list[TextBlock | ToolUseBlock] = []
    spent = 0
    for block in blocks:
        content = block.text if isinstance(block, TextBlock) else block.input_json
        needed = _tokens(len(content))
        if max_tokens is not None and spent + needed > max_tokens:
            room = content[: (max_tokens - spent) * _CHARACTERS_PER_TOKEN]
            if room:
                kept.append(
                    TextBlock(room)
                    if isinstance(block, TextBlock)
                    else ToolUseBlock(block.tool_use_id, block.name, room)
                )
            return Reply(tuple(kept), "max_tokens", input_tokens, max_tokens)
        kept.append(block)
        spent += needed
    return Reply(tuple(kept), stop_reason, input_tokens, spent)


def _tokens(characters: int) -> int:
    return -(-characters // _CHARACTERS_PER_TOKEN)
