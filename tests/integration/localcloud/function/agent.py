"""An agent on the standard library alone, which does what the payload says."""

import hashlib
import json
import os
import sys
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PORT = int(os.environ.get("PORT_OF_THE_PROTOCOL", "8080"))
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Handler(BaseHTTPRequestHandler):
    """The service contract's paths, and a socket at ``/ws``."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Be healthy, or echo what comes through a socket in capitals."""
        if self.path == "/ws" and os.environ.get("SOCKET") != "none":
            self._echo()
        elif self.path == "/ping":
            self._answer(200, {"status": "Healthy"})
        elif self.path == "/.well-known/agent-card.json":
            self._answer(200, {"name": "a card"})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        """Do as the payload says."""
        payload = self.rfile.read(int(self.headers["Content-Length"]))
        asked: dict[str, Any] = json.loads(payload) if payload.startswith(b"{") else {}
        if "print" in asked:
            print(asked["print"])
        if "status" in asked:
            self._answer(asked["status"], {"secret": "of the agent's own"})
        elif "exit" in asked:
            os._exit(asked["exit"])
        elif "pieces" in asked:
            self._stream(asked)
        else:
            self._answer(200, self._all(payload))

    def _all(self, payload: bytes) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "size": len(payload),
            "environment": dict(os.environ),
        }

    def _stream(self, asked: dict[str, Any]) -> None:
        """Send a piece at a time, each but the first once its file is there."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for index, piece in enumerate(asked["pieces"]):
            while index and not Path(asked["gate"], str(index)).exists():
                time.sleep(0.01)
            data = piece.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        if asked.get("breaks"):
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Mcp-Session-Id", "its-own")
        self.send_header("X-Private", "for nobody")
        self.end_headers()
        self.wfile.write(body)

    def _echo(self) -> None:
        """Small text messages, whole in a frame."""
        key = self.headers["Sec-WebSocket-Key"] + _GUID
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accept = b64encode(hashlib.sha1(key.encode()).digest()).decode()  # noqa: S324  RFC 6455's
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            mask = self.rfile.read(4)
            masked = self.rfile.read(head[1] & 0x7F)
            data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))
            if head[0] & 0x0F == 8:
                self.wfile.write(bytes([0x88, len(data)]) + data)
                return
            said = data.decode().upper()
            if said == "WHO":
                said = json.dumps(self._all(b"")["headers"])[:120]
            sent = said.encode()
            self.wfile.write(bytes([0x81, len(sent)]) + sent)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    print("the agent begins", file=sys.stderr)
    ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()  # noqa: S104  as on AWS
