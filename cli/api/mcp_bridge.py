"""MCP for a client that starts its servers as programs: each line a message, sent on signed."""

import base64
import json
import re
import threading
import uuid
from collections.abc import Iterable
from typing import Any, Final, TextIO

from cli.api.client import tell
from cli.api.connection import Connection, Reply
from cli.errors import CommandError, Unreachable

_PATH: Final = "/mcp"
#: Messages on their way at once.
_AT_ONCE: Final = 8
#: A lost answer is asked for again so often: with its key, a question is worked on once.
_TRIES: Final = 3
_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
#: What the header ``Mcp-Name`` repeats.
_NAMED_BY: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_PLAIN: Final = re.compile(r"(?!=\?base64\?)[!-~]([ -~]*[!-~])?")
_PARSE_ERROR, _SERVER_ERROR = -32700, -32000


class Bridge:
    """Sends messages on, and writes what is answered.

    Args:
        connection: To the API.
        out: Where answers go, a line each.
    """

    def __init__(self, connection: Connection, out: TextIO) -> None:
        self._connection = connection
        self._out = out
        self._writing = threading.Lock()
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        #: What the handshake agreed on; later clients shake no hands.
        self._version: str | None = None

    def run(self, lines: Iterable[str]) -> None:
        """Serve until there are no more lines and all is answered."""
        at_work: list[threading.Thread] = []
        for line in lines:
            if not line.strip():
                continue
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                message = None
            if not isinstance(message, dict):
                self._fail(None, _PARSE_ERROR, "The line is no message: a JSON object.")
            elif message.get("method") == "initialize":
                self._serve(message)  # what comes after has its version
            else:
                at_work = [thread for thread in at_work if thread.is_alive()]
                self._slots.acquire()
                at_work.append(threading.Thread(target=self._take, args=(message,), daemon=True))
                at_work[-1].start()
        for thread in at_work:
            thread.join()

    def _take(self, message: dict[str, Any]) -> None:
        try:
            self._serve(message)
        finally:
            self._slots.release()

    def _serve(self, message: dict[str, Any]) -> None:
        try:
            reply = self._send(message)
        except CommandError as error:
            self._refuse(message, str(error), None)
            return
        answer = reply.document()
        if isinstance(answer, dict) and "jsonrpc" in answer:
            if message.get("method") == "initialize":
                self._version = (answer.get("result") or {}).get("protocolVersion")
            self._write(answer)
        elif "id" in message:
            told = answer if isinstance(answer, dict) else {}
            words = told.get("detail") or told.get("message") or f"HTTP {reply.status}."
            self._refuse(message, str(words), told or None)

    def _send(self, message: dict[str, Any]) -> Reply:
        headers = {"Accept": "application/json", **self._named(message)}
        if message.get("method") == "tools/call":
            # The call's own key, in its _meta, comes before it.
            headers["Idempotency-Key"] = uuid.uuid4().hex
        for left in reversed(range(_TRIES)):
            try:
                return self._connection.send("POST", _PATH, headers=headers, body=message)
            except Unreachable as lost:
                if not left:
                    raise
                tell(f"{lost} Once more.")
        raise AssertionError("the last try returns or raises")

    def _named(self, message: dict[str, Any]) -> dict[str, str]:
        """The headers that repeat what a message says."""
        method, params = str(message.get("method")), message.get("params")
        params = params if isinstance(params, dict) else {}
        meta = params.get("_meta")
        version = meta.get(_VERSION) if isinstance(meta, dict) else None
        if not isinstance(version, str):
            return {"MCP-Protocol-Version": self._version} if self._version else {}
        headers = {"MCP-Protocol-Version": _fitting(version), "Mcp-Method": _fitting(method)}
        if isinstance(name := params.get(_NAMED_BY.get(method, "")), str):
            headers["Mcp-Name"] = _fitting(name)
        return headers

    def _refuse(self, message: dict[str, Any], words: str, data: Any) -> None:
        if "id" in message:
            self._fail(message["id"], _SERVER_ERROR, words, data)
        else:
            tell(words)

    def _fail(self, to: Any, code: int, words: str, data: Any = None) -> None:
        error = {"code": code, "message": words, **({"data": data} if data else {})}
        self._write({"jsonrpc": "2.0", "id": to, "error": error})

    def _write(self, answer: dict[str, Any]) -> None:
        with self._writing:
            self._out.write(json.dumps(answer) + "\n")
            self._out.flush()


def _fitting(value: str) -> str:
    """A text as a header can have it."""
    if _PLAIN.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode(errors='replace')).decode()}?="
