"""Finds out what is wrong with a network; breaks off where it is told to, as agents do unasked."""

import os
from collections.abc import AsyncIterator
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp
from starlette.websockets import WebSocket

CHECKS = ("The link is up.", "The name resolves.", "The port is closed:", "open it, and ask again.")

app = BedrockAgentCoreApp()


class CheckFailed(Exception):
    """A check could not be made."""


async def diagnose(parameters: dict[str, Any]) -> AsyncIterator[Any]:
    """Stream what each check found, and fail before the check ``fail_at``, from 0 on."""
    for number, check in enumerate(CHECKS):
        if number == parameters.get("fail_at"):
            raise CheckFailed(f"Check {number} of {len(CHECKS)} got no answer.")
        yield f"{check} "
    yield {"checks": len(CHECKS)}


@app.entrypoint
async def entry(payload: dict[str, Any]) -> AsyncIterator[Any]:
    """Stream the checks; what fails after the first byte arrives as an event of the same stream."""
    async for value in diagnose(payload.get("parameters", {})):
        yield value


@app.websocket
async def converse(websocket: WebSocket, _context: Any) -> None:
    """Answer a message with its checks, and end: that ends the answer. Or ``stay`` for another."""
    await websocket.accept()
    async for payload in websocket.iter_json():
        parameters = payload.get("parameters", {})
        try:
            async for value in diagnose(parameters):
                await websocket.send_json(value)
        except CheckFailed as failed:
            await websocket.send_json({"error": str(failed), "error_type": "CheckFailed"})
        if not parameters.get("stay"):
            break
    await websocket.close()


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8080")))
