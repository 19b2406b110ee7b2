"""A Converse request's body, read and held to the rules the service holds it to."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NoReturn

from devtools.localcloud.bedrock.errors import invalid

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
#: Members that change what a model may answer. Accepting one without acting on it would be a lie.
_UNSUPPORTED = ("promptVariables", "outputConfig")


@dataclass(frozen=True)
class Tool:
    """A tool on offer."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Text:
    """A text block."""

    text: str


@dataclass(frozen=True)
class ToolUse:
    """A tool call the model made earlier."""

    tool_use_id: str
    name: str


@dataclass(frozen=True)
class ToolResult:
    """What a tool answered: texts and JSON values, in order."""

    tool_use_id: str
    content: tuple[Any, ...]
    failed: bool


Block = Text | ToolUse | ToolResult


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...]

    def text(self) -> str:
        """The turn's text blocks, joined."""
        return "\n".join(block.text for block in self.blocks if isinstance(block, Text))


@dataclass(frozen=True)
class ToolChoice:
    """Which tool must be called: a named one, or any (``name`` is None)."""

    name: str | None


@dataclass(frozen=True)
class Conversation:
    """All a model is told in one request."""

    system: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    tool_choice: ToolChoice | None
    max_tokens: int | None
    size: int


def parse(body: bytes) -> Conversation:
    """Read a request body.

    Raises:
        ServiceError: A ``ValidationException`` that says what is wrong, as the service words it.
    """
    request = _json_object(body)
    for member in _UNSUPPORTED:
        if member in request:
            raise invalid(f"The scripted model does not support {member}.")
    tools, choice = _tools(_member(request, "toolConfig", dict, {}))
    messages = tuple(
        _message(index, message)
        for index, message in enumerate(_member(request, "messages", list, []))
    )
    _check_order(messages)
    _check_tool_blocks(messages, has_tools=bool(tools))
    return Conversation(
        system="\n".join(_system(_member(request, "system", list, []))),
        messages=messages,
        tools=tools,
        tool_choice=choice,
        max_tokens=_max_tokens(_member(request, "inferenceConfig", dict, {})),
        size=len(body),
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body, parse_constant=_no_constant)
        json.dumps(request, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(request, dict):
        raise invalid("The request body is not a JSON object.")
    return request


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON, whatever Python thinks")


def _member(owner: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = owner.get(name, default)
    if not isinstance(value, kind):
        raise invalid(f"The {name} field has the wrong type.")
    return value


def _system(blocks: Sequence[Any]) -> list[str]:
    texts = []
    for index, block in enumerate(blocks):
        kind, value = _only_member(block, f"system.{index}")
        if kind == "text":
            texts.append(str(value))
        elif kind != "cachePoint":
            raise invalid(f"The scripted model does not support {kind} at system.{index}.")
    return texts


def _max_tokens(config: Mapping[str, Any]) -> int | None:
    limit = config.get("maxTokens")
    if limit is None:
        return None
    if not isinstance(limit, int) or limit < 1:
        raise invalid(
            f"Value {limit!r} at 'inferenceConfig.maxTokens' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1"
        )
    return limit


def _tools(config: Mapping[str, Any]) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    tools: list[Tool] = []
    for index, entry in enumerate(_member(config, "tools", list, [])):
        where = f"toolConfig.tools.{index}"
        kind, spec = _only_member(entry, where)
        if kind == "cachePoint":
            continue
        if kind != "toolSpec" or not isinstance(spec, dict):
            raise invalid(f"The scripted model does not support {kind} at {where}.")
        name = spec.get("name")
        schema = _member(spec, "inputSchema", dict, {}).get("json")
        if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
            raise invalid(
                f"Value {name!r} at '{where}.toolSpec.name' failed to satisfy constraint: Member "
                "must satisfy regular expression pattern: [a-zA-Z0-9_-]{1,64}"
            )
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise invalid(
                f"The value at {where}.toolSpec.inputSchema.json.type must be one of the "
                "following: object."
            )
        if any(tool.name == name for tool in tools):
            raise invalid(f"The tool name {name} is used more than once at toolConfig.tools.")
        tools.append(Tool(name, str(spec.get("description", "")), schema))
    if config and not tools:
        raise invalid("The toolConfig field must offer at least one tool.")
    return tuple(tools), _tool_choice(config.get("toolChoice"), tools)


def _tool_choice(choice: object, tools: Sequence[Tool]) -> ToolChoice | None:
    if choice is None:
        return None
    kind, value = _only_member(choice, "toolConfig.toolChoice")
    if kind == "auto":
        return None
    if kind == "any":
        return ToolChoice(name=None)
    name = value.get("name") if isinstance(value, dict) else None
    if kind != "tool" or name not in {tool.name for tool in tools}:
        raise invalid(f"The tool {name!r} at toolConfig.toolChoice is not among the tools.")
    return ToolChoice(name=name)


def _message(index: int, message: object) -> Message:
    where = f"messages.{index}"
    if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
        raise invalid(f"The role field at {where} must be one of the following: user, assistant.")
    content = message.get("content")
    if not isinstance(content, list) or not content:
        raise invalid(
            f"The content field in the Message object at {where} is empty. Add a ContentBlock "
            "object to the content field and try again."
        )
    blocks = (
        _block(f"{where}.content.{position}", block, message["role"])
        for position, block in enumerate(content)
    )
    return Message(message["role"], tuple(block for block in blocks if block is not None))


def _block(where: str, block: object, role: str) -> Block | None:
    kind, value = _only_member(block, where)
    if kind == "text":
        if not isinstance(value, str) or not value.strip():
            raise invalid(
                f"The text field in the ContentBlock object at {where} is blank. Add text to the "
                "text field, and try again."
            )
        return Text(value)
    if kind == "toolUse" and role == "assistant" and isinstance(value, dict):
        if not isinstance(value.get("input"), dict):
            raise invalid(
                f"The format of the value at {where}.toolUse.input is invalid. Provide a json "
                "object for the field and try again."
            )
        if not _TOOL_NAME.fullmatch(str(value.get("name"))):
            raise invalid(
                f"Value at '{where}.toolUse.name' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: [a-zA-Z0-9_-]{1,64}"
            )
        return ToolUse(str(value.get("toolUseId")), str(value.get("name")))
    if kind == "citationsContent" and role == "assistant" and isinstance(value, dict):
        return Text("".join(str(one.get("text", "")) for one in value.get("content", ())))
    if kind == "toolResult" and role == "user" and isinstance(value, dict):
        return ToolResult(
            tool_use_id=str(value.get("toolUseId")),
            content=tuple(_result_content(where, value.get("content"))),
            failed=value.get("status") == "error",
        )
    if kind == "cachePoint" or (kind == "reasoningContent" and role == "assistant"):
        return None
    raise invalid(f"The scripted model does not support {kind} from the {role} at {where}.")


def _result_content(where: str, content: object) -> list[Any]:
    if not isinstance(content, list):
        raise invalid(f"The content field of the toolResult at {where} is missing.")
    values = []
    for position, entry in enumerate(content):
        kind, value = _only_member(entry, f"{where}.toolResult.content.{position}")
        if kind not in ("text", "json"):
            raise invalid(f"The scripted model does not support {kind} in a toolResult.")
        values.append(value)
    return values


def _only_member(value: object, where: str) -> tuple[str, Any]:
    if not isinstance(value, dict) or len(value) != 1:
        raise invalid(f"The object at {where} must set exactly one member.")
    return next(iter(value.items()))


def _check_order(messages: Sequence[Message]) -> None:
    if not messages or messages[0].role != "user":
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that "
            "starts with a user message."
        )
    roles = [message.role for message in messages]
    if any(one == following for one, following in pairwise(roles)):
        raise invalid(
            "A conversation must alternate between user and assistant roles. Make sure the "
            "conversation alternates between user and assistant roles and try again."
        )
    if roles[-1] != "user":
        raise invalid(
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )


def _check_tool_blocks(messages: Sequence[Message], *, has_tools: bool) -> None:
    asked: list[str] = []
    for index, message in enumerate(messages):
        uses = [block.tool_use_id for block in message.blocks if isinstance(block, ToolUse)]
        results = [block.tool_use_id for block in message.blocks if isinstance(block, ToolResult)]
        if (uses or results) and not has_tools:
            raise invalid(
                "The toolConfig field must be defined when using toolUse and toolResult content "
                "blocks."
            )
        where = f"messages.{index}.content"
        if len(results) > len(asked):
            raise invalid(
                f"The number of toolResult blocks at {where} exceeds the number of toolUse "
                "blocks of previous turn."
            )
        if missing := [use for use in asked if use not in results]:
            raise invalid(
                f"Expected toolResult blocks at {where} for the following Ids: {', '.join(missing)}"
            )
        if len(set(uses)) < len(uses):
            raise invalid(f"The toolUse blocks at {where} contain duplicate Ids.")
        asked = uses
