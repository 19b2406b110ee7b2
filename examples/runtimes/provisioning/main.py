"""Sets a customer up, step by step, in its own time, and says so meanwhile."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp

STEPS = ("account", "network", "storage", "access")

app = BedrockAgentCoreApp()


async def provision(seconds: float) -> AsyncIterator[dict[str, Any]]:
    """Tell of each step when it is done."""
    # As long as a task is at work, /ping says HealthyBusy, and AgentCore keeps the session.
    task = app.add_async_task("provision")
    try:
        for number, step in enumerate(STEPS, 1):
            await asyncio.sleep(seconds)
            yield {"step": step, "done": number, "of": len(STEPS)}
    finally:
        # Also when the caller has hung up: the stream is closed then.
        app.complete_async_task(task)


@app.entrypoint
async def entry(payload: dict[str, Any]) -> Any:
    """Stream a value for each step; or, with ``whole``, answer once all are done."""
    parameters = payload.get("parameters", {})
    steps = provision(float(parameters.get("seconds", 0.5)))
    if not parameters.get("whole"):
        return steps
    return {"steps": [step["step"] async for step in steps]}


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8080")))
