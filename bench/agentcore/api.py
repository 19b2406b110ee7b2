"""Ten callers at once of each deployed runtime, through the API of an embedded AWS of its own."""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from cli.api.address import Address, on_this_machine
from cli.api.connection import Connection
from cli.api.events import events
from cli.cloud import point_boto3_at, start_and_deploy
from cli.console import Steps
from devtools.localcloud import LocalCloud
from stacks.names import Output

CALLERS: Final = 10
ROUNDS: Final = 3


def slowest() -> dict[str, tuple[float, float]]:
    """The slowest caller's seconds to the first words, and to the result, by runtime.

    Each caller goes on with a conversation of their own, so that its processes run already: a new
    one's start is Lambda's and AgentCore's, and is told by ``bench.coldstart``.
    """
    found: dict[str, tuple[float, float]] = {}
    steps = Steps()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(CALLERS) as threads:
        cloud = LocalCloud(Path(scratch) / "cloud")
        try:
            running, outputs = start_and_deploy(steps, cloud)
            point_boto3_at(running)
            api = Connection(
                Address(on_this_machine(outputs[Output.API_URL], running), running.region)
            )
            for runtime in _runtimes(api):
                sessions = [f"bench-{uuid4()}" for _ in range(CALLERS)]
                with steps.step(f"Ask {runtime} {CALLERS} times at once, {ROUNDS} times"):
                    rounds = [
                        list(threads.map(partial(_ask, api, runtime), sessions))
                        for _ in range(1 + ROUNDS)
                    ]
                times = [one for each in rounds[1:] for one in each]
                found[runtime] = max(first for first, _ in times), max(whole for _, whole in times)
        finally:
            cloud.down()
    return found


def _runtimes(api: Connection) -> list[str]:
    document: dict[str, Any] = api.send("GET", "/runtimes").document()
    return [one["name"] for one in document["runtimes"]]


def _ask(api: Connection, runtime: str, session_id: str) -> tuple[float, float]:
    """Ask once; return the seconds to the first words, and to the result.

    Raises:
        RuntimeError: There is no good result.
    """
    started = time.perf_counter()
    first_s = 0.0
    body = {"query": "Say without tools what you do.", "session_id": session_id}
    headers = {"Idempotency-Key": str(uuid4())}
    with api.stream(f"/runtimes/{runtime}/stream", headers=headers, body=body) as (head, pieces):
        if head.status != 200:  # noqa: PLR2004  of HTTP
            raise RuntimeError(f"{runtime}: status {head.status}: {b''.join(pieces)[:200]!r}")
        for event in events(pieces):
            if event.name == "text" and not first_s:
                first_s = time.perf_counter() - started
            if event.name == "result":
                if event.data.get("state") != "succeeded":
                    raise RuntimeError(f"{runtime}: {event.data}")
                return first_s, time.perf_counter() - started
    raise RuntimeError(f"{runtime}: the stream ended without a result.")
