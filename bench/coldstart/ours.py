"""The functions that are deployed, each in its own bundle, and what each is asked first."""

import json
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.coldstart.start import Startable
from bench.environment import of_agent, of_api
from cli.agents import agents, example_request
from devtools.localcloud.runtime_api import Answer
from stacks.api import API_BUDGET_MB, MCP_BUDGET_MB
from stacks.bundling.archive import Archive
from stacks.bundling.bundler import Bundler
from stacks.settings.file import load_settings
from stacks.settings.function import Architecture
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS, AgentManifest
from tradewind.contracts.names import API, MCP

ROOT: Final = Path(__file__).resolve().parents[2]
_CALLER: Final = {"identity": {"userArn": "arn:aws:iam::123456789012:user/bench"}}
_API_EVENT: Final[Mapping[str, Any]] = {
    "resource": "/{proxy+}",
    "path": "/agents/terrain/invocations",
    "httpMethod": "POST",
    "pathParameters": {"proxy": "agents/terrain/invocations"},
    "headers": {"Content-Type": "application/json", "Prefer": "respond-async"},
    "requestContext": _CALLER,
    "body": json.dumps({"query": "Where may turbines stand?", "parameters": {"radius_km": 3}}),
}
_HELLO: Final = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}
_MCP_EVENT: Final[Mapping[str, Any]] = {
    "resource": "/mcp",
    "path": "/mcp",
    "httpMethod": "POST",
    "headers": {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    },
    "requestContext": _CALLER,
    "body": json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _HELLO}),
}


def question_for(agent: AgentManifest) -> dict[str, Any]:
    """What an agent is asked: one call of the model without tools; workflows, their example."""
    if agent.framework == RUNS_WORKFLOWS:
        return example_request(agent.name, None)
    return {"agent": agent.name, "query": agent.probe}


def agent_function(agent: AgentManifest, code: Path, zip_bytes: int) -> Startable:
    """An agent's function.

    Args:
        agent: The agent.
        code: Its extracted bundle, or what stands for it.
        zip_bytes: The size of its zip.
    """
    return Startable(
        name=agent.name,
        code=code,
        handler="tradewind.handlers.agent.handler",
        variables=of_agent(agent.name),
        event=question_for(agent),
        is_right=lambda answer: _whole(answer).get("success") is True,
        zip_bytes=zip_bytes,
    )


def api_function(code: Path, zip_bytes: int) -> Startable:
    """The API's, which accepts a request and invokes nobody that is there."""
    return Startable(
        name=API,
        code=code,
        handler="tradewind.handlers.api.handler",
        variables=of_api(),
        event=_API_EVENT,
        is_right=lambda answer: _whole(answer).get("statusCode") == 202,  # noqa: PLR2004  accepted
        zip_bytes=zip_bytes,
    )


def mcp_function(code: Path, zip_bytes: int) -> Startable:
    """The one that serves MCP, which is greeted."""
    return Startable(
        name=MCP,
        code=code,
        handler="tradewind.handlers.mcp.handler",
        variables=of_api(),
        event=_MCP_EVENT,
        is_right=lambda answer: b"protocolVersion" in answer.payload,
        zip_bytes=zip_bytes,
    )


@dataclass(frozen=True)
class Bundled:
    """A function with its bundle.

    Attributes:
        name: The function's.
        archive: The bundle.
        function: The function, given where its code is, and how large its zip is.
    """

    name: str
    archive: Archive
    function: Callable[[Path, int], Startable]


def bundled(
    architecture: Architecture | None = None, wanted: Collection[str] = ()
) -> Iterator[Bundled]:
    """Each function, with the bundle that deploys.

    Args:
        architecture: What the bundles are for; this machine's without it.
        wanted: Their names; none for all.

    Raises:
        BundleError: One cannot be built.
    """
    settings, bundler = load_settings("local", ROOT / "config", agents()), Bundler(ROOT)
    architecture = architecture or settings.functions.target_architecture
    for name, agent in agents().items():
        if not wanted or name in wanted:
            budget_mb = settings.function(agent).bundle_budget_mb
            archive = bundler.bundle(agent, architecture, budget_mb)
            yield Bundled(name, archive, partial(agent_function, agent))
    for name, budget_mb, function in (
        (API, API_BUDGET_MB, api_function),
        (MCP, MCP_BUDGET_MB, mcp_function),
    ):
        if not wanted or name in wanted:
            yield Bundled(name, bundler.core_bundle(name, architecture, budget_mb), function)


def deployed(scratch: Path, wanted: Collection[str] = ()) -> Iterator[Startable]:
    """Each function, from the bundle that deploys on a machine like this one.

    Args:
        scratch: Where bundles are extracted.
        wanted: Their names; none for all.

    Raises:
        BundleError: One cannot be built.
    """
    for one in bundled(wanted=wanted):
        with zipfile.ZipFile(one.archive.path) as zipped:
            zipped.extractall(scratch / one.name)
        yield one.function(scratch / one.name, one.archive.path.stat().st_size)


def _whole(answer: Answer) -> dict[str, Any]:
    try:
        document = json.loads(answer.payload)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
