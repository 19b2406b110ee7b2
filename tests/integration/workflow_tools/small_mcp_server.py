"""An MCP server in few lines, which starts at once: JSON-RPC, a message a line."""

import json
import os
import signal
import sys
from typing import Any

TOOLS = {
    "add": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "variable": {"name": {"type": "string"}},
    "die": {},
    "hang": {},
}


#: In the place of every tool's own, if a test says so.
SCHEMA: dict[str, Any] = {}


def called(name: str, given: dict[str, Any]) -> str:
    """A tool's answer."""
    if name == "die":
        os._exit(3)
    if name == "variable":
        return os.environ.get(given["name"], "(not set)")
    return str(given["a"] + given["b"])


def result(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """What a request's answer is; None if there is no such method."""
    if method == "initialize":
        info = {"name": "small", "version": "1"}
        version = params["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {
            "tools": [
                {
                    "name": name,
                    "inputSchema": SCHEMA
                    or {
                        "type": "object",
                        "properties": properties,
                        "required": list(properties),
                    },
                }
                for name, properties in TOOLS.items()
            ]
        }
    if method == "tools/call":
        text = called(params["name"], params.get("arguments") or {})
        return {"content": [{"type": "text", "text": text}]}
    return None


def main() -> None:
    """Serve until the other side hangs up."""
    how = sys.argv[1:]
    if how == ["stubborn"]:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.pause()
    if how[:1] == ["schema"]:
        SCHEMA.update(json.loads(how[1]))
    if how == ["broken"]:
        sys.exit("no license: hunter-2222")
    for line in sys.stdin:
        message = json.loads(line)
        is_unheard = "id" not in message or message.get("params", {}).get("name") == "hang"
        if how == ["silent"] or is_unheard:
            continue
        found = result(message["method"], message.get("params", {}))
        error = {"error": {"code": -32601, "message": "there is no such method"}}
        answer = error if found is None else {"result": found}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)


if __name__ == "__main__":
    main()
