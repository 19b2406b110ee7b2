"""What a run makes to ask its models: counted at botocore, and on the wire by Bedrock's stand-in.

Ours is the engine on its real agents, Strands' Graph has an ``Agent`` in each node, which makes its
own model as it does by default. LangGraph brings no models, and no client of any.
"""

import asyncio
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

from botocore.client import ClientCreator
from strands import Agent
from strands.models.bedrock import BedrockModel
from strands.multiagent.graph import GraphBuilder

from devtools.localcloud.bedrock import BedrockStandIn, Identity, Statement, StaticAuthorizer
from devtools.localcloud.tls import make_tls_files
from tradewind.workflow.engine.execute import execute
from tradewind.workflow.spec.loader import load
from tradewind.workflow_agents.agents import open_agents
from tradewind.workflow_agents.models import BedrockClients, ModelPool

REGION: Final = "us-east-1"
MODEL_ID: Final = "us.anthropic.claude-sonnet-4-6"
CHAIN: Final = 10
TASKS: Final = 100
CONFIGURATIONS: Final = 5


@dataclass(frozen=True)
class Counts:
    """What a run made.

    Attributes:
        agents: Agents that were put together: for ours, what the agents of its calls are made of.
        models: Models.
        clients: Of bedrock-runtime.
        connections: That the stand-in saw.
        requests: The same.
    """

    agents: int
    models: int
    clients: int
    connections: int
    requests: int


class _Counting:
    """Counts clients where botocore makes them."""

    def __init__(self, standin: BedrockStandIn) -> None:
        self._standin = standin
        self.clients = 0

    @contextmanager
    def run(self) -> Iterator[None]:
        make: Any = ClientCreator.create_client
        self.clients = 0
        self._standin.reset()

        def create_client(creator: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
            self.clients += service_name == "bedrock-runtime"
            return make(creator, service_name, *args, **kwargs)

        with mock.patch.object(ClientCreator, "create_client", create_client):
            yield

    def counts(self, *, agents: int, models: int) -> Counts:
        seen = self._standin.stats()
        return Counts(agents, models, self.clients, seen.connections_opened, seen.requests)


def count() -> dict[str, dict[str, Counts]]:
    """Return, of each work and of each side, what its run made."""
    with tempfile.TemporaryDirectory() as scratch, _standin(Path(scratch)) as standin:
        counting = _Counting(standin)
        return {
            name: {
                "ours": _ours(counting, document, Path(scratch)),
                "Strands' Graph": _strands_graph(counting, document),
            }
            for name, document in (("chain", _chain()), ("tasks", _tasks()))
        }


def _ours(counting: _Counting, document: dict[str, Any], scratch: Path) -> Counts:
    file = scratch / "workflow.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    loaded = load(file)
    if loaded.spec is None:
        raise RuntimeError(loaded.problems)
    pool = ModelPool(BedrockClients())

    async def run() -> Counts:
        with counting.run():
            async with open_agents(
                loaded, run_id="run", environ=os.environ, files_root=scratch, pool=pool
            ) as agents:
                await execute(loaded.spec, agents, loaded.values)  # type: ignore[arg-type]  # seen
                made = agents.statistics
                return counting.counts(agents=made.parts_made, models=made.models_made)

    return asyncio.run(run())


def _strands_graph(counting: _Counting, document: dict[str, Any]) -> Counts:
    with counting.run():
        config = document["pattern"]["config"]
        steps = config.get("steps", config.get("tasks"))
        builder = GraphBuilder()
        agents = []
        for number, step in enumerate(steps):
            temperature = document["agents"][step["agent"]]["inference"]["temperature"]
            model = BedrockModel(region_name=REGION, model_id=MODEL_ID, temperature=temperature)
            # A graph wants an agent of its own in each node.
            agents.append(Agent(model=model, callback_handler=None))
            builder.add_node(agents[-1], str(number))
            if "steps" in config and number:
                builder.add_edge(str(number - 1), str(number))
        builder.set_execution_timeout(600)
        asyncio.run(builder.build().invoke_async("Go on."))
        return counting.counts(agents=len(agents), models=len(agents))


def _chain() -> dict[str, Any]:
    steps = [{"agent": "a0", "input": "Go on."}] * CHAIN
    return _document({"type": "chain", "config": {"steps": steps}}, 1)


def _tasks() -> dict[str, Any]:
    tasks = [
        {"id": f"t{number}", "agent": f"a{number % CONFIGURATIONS}", "input": "Go on."}
        for number in range(TASKS)
    ]
    return _document({"type": "workflow", "config": {"tasks": tasks}}, CONFIGURATIONS)


def _document(pattern: dict[str, Any], configurations: int) -> dict[str, Any]:
    return {
        "version": 0,
        "name": "bench",
        "runtime": {
            "provider": "bedrock",
            "model_id": MODEL_ID,
            "region": REGION,
            "max_parallel": 10,
        },
        "agents": {
            f"a{number}": {"prompt": "You go on.", "inference": {"temperature": number / 10}}
            for number in range(configurations)
        },
        "pattern": pattern,
    }


@contextmanager
def _standin(scratch: Path) -> Iterator[BedrockStandIn]:
    identity = Identity(
        access_key="ASIA" + secrets.token_hex(8).upper(),
        secret_key=secrets.token_urlsafe(30),
        role_arn="arn:aws:iam::123456789012:role/bench",
        statements=(Statement(("bedrock:*",), ("*",)),),
    )
    tls = make_tls_files(scratch)
    with BedrockStandIn(
        authorizer=StaticAuthorizer([identity]), tls=tls, region=REGION, account="123456789012"
    ) as standin:
        given = {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": standin.endpoint_url,
            "AWS_CA_BUNDLE": str(tls.ca),
            "AWS_ACCESS_KEY_ID": identity.access_key,
            "AWS_SECRET_ACCESS_KEY": identity.secret_key,
            "POWERTOOLS_LOG_LEVEL": "ERROR",
        }
        with mock.patch.dict(os.environ, given):
            os.environ.pop("AWS_SESSION_TOKEN", None)
            yield standin
