"""Tools that cannot work here, whatever they are asked: known before a run, and told of."""

import os
from collections.abc import Callable, Mapping
from typing import Final

from tradewind.contracts.names import ServingEnvVar
from tradewind.workflow.spec.addresses import fault_of_public_url, fault_of_server_url
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.selection import Kind, Selection
from tradewind.workflow_agents import confined

TAVILY_KEY: Final = "TAVILY_API_KEY"
PYTHON: Final = "python_exec"
#: What a process has that is a Lambda function, or is on AgentCore Runtime.
_DEPLOYED: Final = ("AWS_LAMBDA_FUNCTION_NAME", ServingEnvVar.TIME_LIMIT_S)


def is_in_function() -> bool:
    """Whether this process is a deployed agent's: what is inward of it is not its caller's."""
    return any(os.environ.get(name) for name in _DEPLOYED)


def unavailable(
    spec: Spec,
    environ: Mapping[str, str],
    fault_of_url: Callable[[str], str | None] | None = None,
) -> list[str]:
    """What agents of a file have that cannot work here, and why; a line each.

    Args:
        spec: The file.
        environ: The environment.
        fault_of_url: Why the address of an MCP server must not be called, or None; what holds in
            this process if it is not said.
    """
    if fault_of_url is None:
        fault_of_url = fault_of_public_url if is_in_function() else fault_of_server_url
    used = Selection(spec).used()
    names = {choice.name for choice in used if choice.kind is Kind.NATIVE}
    servers = {choice.name for choice in used if choice.kind is Kind.SERVER}
    found = []
    if "tavily_search" in names and not environ.get(TAVILY_KEY):
        found.append(f"tavily_search needs {TAVILY_KEY} in the environment")
    if PYTHON in names and not confined.version():
        found.append(
            f"{PYTHON} needs a kernel that can keep it from everything else (Linux with Landlock)"
        )
    for server in spec.tools.mcp:
        if server.id in servers and server.url is not None and (fault := fault_of_url(server.url)):
            found.append(f"the MCP server {server.id} cannot be reached: its address {fault}")
    return found
