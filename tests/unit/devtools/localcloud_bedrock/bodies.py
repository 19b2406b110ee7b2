"""Request bodies for the scripted model."""

import json
from typing import Any


def tool(name: str, **properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"toolSpec": {"name": name, "description": name, "inputSchema": {"json": schema}}}


def user(*content: str | dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": _blocks(content)}


def assistant(*content: str | dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": _blocks(content)}


def use(tool_use_id: str, name: str) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": tool_use_id, "name": name, "input": {}}}


def result(tool_use_id: str, content: Any, *, failed: bool = False) -> dict[str, Any]:
    kind = "text" if isinstance(content, str) else "json"
    return {
        "toolResult": {
            "toolUseId": tool_use_id,
            "content": [{kind: content}],
            "status": "error" if failed else "success",
        }
    }


def body(*messages: dict[str, Any], **members: Any) -> bytes:
    if "tools" in members:
        members["toolConfig"] = {"tools": members.pop("tools")}
    if "system" in members:
        members["system"] = [{"text": members["system"]}]
    return json.dumps({"messages": messages, **members}).encode()


def _blocks(content: tuple[str | dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [{"text": each} if isinstance(each, str) else each for each in content]
