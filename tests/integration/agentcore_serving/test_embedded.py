"""The embedded AWS starts a bundle's entry file as AgentCore Runtime does, and asks it."""

import asyncio
import json
import sys
from pathlib import Path

from devtools.localcloud.execution import Warden
from devtools.localcloud.extension.agentcore.process import PORTS, AgentProcess, Program
from tradewind.contracts.names import AGENTCORE_ENTRY, ServingEnvVar


def test_it_is_ready_and_answers(http_bundle: Path, served_variables: dict[str, str]) -> None:
    program = Program(
        getattr(sys, "_base_executable", sys.executable),
        http_bundle,
        AGENTCORE_ENTRY,
        PORTS["HTTP"],
        # As the stacks tell it on AWS.
        {"PATH": "/usr/bin:/bin", **served_variables, ServingEnvVar.HOST: "0.0.0.0"},  # noqa: S104
    )
    warden, lines = Warden(), list[str]()

    async def ask() -> bytes:
        agent = await AgentProcess.start(program, warden, lines.append)
        try:
            headers = {"Content-Type": "application/json"}
            exchange = await agent.request("POST", "/invocations", headers, b'{"query": "12"}')
            body = b"".join([chunk async for chunk in exchange.chunks()])
            exchange.close()
        finally:
            agent.end()
        return body

    try:
        answer = json.loads(asyncio.run(ask()))
    finally:
        warden.end()
    assert answer["success"], (answer, lines)
