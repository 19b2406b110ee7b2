"""What AgentCore Runtime starts: the agent behind a server that speaks its manifest's protocol."""

import gc
import os
from pathlib import Path
from typing import Final

from tradewind.agentcore_serving.desk import Desk
from tradewind.agentcore_serving.server import log_to_stdout, serve
from tradewind.contracts.agent_manifest import AgentCoreProtocol, AgentManifest, read_manifest
from tradewind.contracts.environment import ServingEnvironment
from tradewind.contracts.errors import ConfigurationError
from tradewind.handlers.after_answer import end_process
from tradewind.handlers.agent_process import start_agent_process

#: Where AgentCore asks, by protocol; it can be told no other.
_PORTS: Final[dict[AgentCoreProtocol, int]] = {"http": 8080, "a2a": 9000}


def main(root: Path) -> None:
    """Serve the environment's agent until the process is told to end.

    Args:
        root: The folder of ``agents``, in the bundle.

    Raises:
        ConfigurationError: The environment is not what the stacks give, or the agent's manifest has
            no ``agentcore``.
    """
    log_to_stdout()
    serving = ServingEnvironment.from_variables(os.environ)
    process = start_agent_process()
    manifest = read_manifest(root / "agents" / process.environment.agent)
    protocol = manifest.agentcore
    if protocol is None:
        raise ConfigurationError(f"agents/{manifest.name}/agent.toml has no `agentcore`.")
    desk = Desk(process.service, manifest.name, serving.time_limit_s)
    app = _app(protocol, manifest, desk)
    gc.enable()
    gc.freeze()  # what the imports built lives as long as the process
    serve(app, desk, host=serving.host, port=_PORTS[protocol])
    # A tool that never returns keeps no process.
    end_process()


def _app(protocol: AgentCoreProtocol, manifest: AgentManifest, desk: Desk) -> object:
    # One of them: the other's libraries may not be in the bundle.
    if protocol == "a2a":
        from tradewind.agentcore_serving.a2a import a2a_app  # noqa: PLC0415

        return a2a_app(manifest, desk)
    from tradewind.agentcore_serving.http import http_app  # noqa: PLC0415

    return http_app(desk)
