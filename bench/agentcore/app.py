"""A runtime as AWS's own package serves one, that streams 2 MB in 2,000 events, in a process.

It prints its address and serves until its standard input ends.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import uvicorn
from bedrock_agentcore import BedrockAgentCoreApp
from starlette.websockets import WebSocket

from bench.agentcore.server import SHAPES, value_of

app = BedrockAgentCoreApp()
_COUNT, _VALUE = SHAPES["many"][0], value_of("many")


@app.entrypoint
async def entry(_payload: dict[str, Any]) -> AsyncIterator[str]:
    """Stream the events."""
    for _ in range(_COUNT):
        yield _VALUE


@app.websocket
async def converse(websocket: WebSocket, _context: Any) -> None:
    """Answer a message with the events."""
    await websocket.accept()
    await websocket.receive_text()
    for _ in range(_COUNT):
        await websocket.send_json(_VALUE)
    await websocket.close()


async def behind_agentcore(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """AgentCore's paths end in those of an app."""
    if "path" in scope:
        scope = {**scope, "path": "/" + scope["path"].rpartition("/")[2]}
    await app(scope, receive, send)


async def _serve() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(behind_agentcore, log_level="critical", ws="websockets-sansio")
    )
    serving = asyncio.create_task(server.serve([listener]))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(_serve())
