"""Connections that 100 warm requests of each deployed agent open, as the model endpoint counts.

Deploys the app into an embedded AWS of its own. A second table shows what the pool is worth: the
same requests in one process with a client per request.
"""

import os
import statistics
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.machine import describe
from cli.console import Steps
from cli.demo import example_request, start_and_deploy
from cli.invoke import invoke, lambda_client
from localcloud import LocalCloud
from localcloud.bedrock import StandInAdmin
from stacks.names import agent_arn_output
from tradewind.contracts.names import AgentName

REQUESTS = 100


def main() -> None:
    """Print a row per agent."""
    console = Console()
    table = Table(title=f"{REQUESTS} warm requests to each deployed agent", title_justify="left")
    table.add_column("agent")
    for column in ("model calls", "TCP connections", "median ms", "p99 ms"):
        table.add_column(column, justify="right")
    steps = Steps()
    with tempfile.TemporaryDirectory() as scratch:
        cloud = LocalCloud(Path(scratch) / "cloud")
        try:
            running, outputs = start_and_deploy(steps, cloud, Path(scratch) / "out")
            os.environ.update(running.environment())
            client = lambda_client()
            admin = StandInAdmin(running.bedrock_admin_url)
            project_id: str | None = None
            for agent in AgentName:
                event = example_request(agent, project_id)
                arn = outputs[agent_arn_output(agent)]
                role = client.get_function_configuration(FunctionName=arn)["Role"]
                project_id = invoke(client, arn, event).answer["project_id"]
                event["project_id"] = project_id
                with steps.step(f"Ask the {agent} agent {REQUESTS} times"):
                    times = sorted(invoke(client, arn, event).duration_ms for _ in range(REQUESTS))
                traffic = admin.stats().roles[role]
                table.add_row(
                    agent,
                    str(traffic.requests),
                    str(traffic.connections),
                    f"{statistics.median(times):.0f}",
                    f"{times[int(len(times) * 0.99) - 1]:.0f}",
                )
        finally:
            cloud.down()
    console.print(describe())
    console.print(table)


if __name__ == "__main__":
    main()
