"""Connections that 100 warm requests of each deployed agent open, as the model endpoint counts.

Deploys the app into an embedded AWS of its own. The second table shows what the pool is worth: a
model asked in one process, on the pooled client and with a client per request.
"""

import os
import secrets
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.machine import describe
from cli.agents import agents, example_request
from cli.cloud import point_boto3_at, start_and_deploy
from cli.console import Steps
from cli.demo.chain import connections
from cli.invoke import invoke, lambda_client, role_of
from devtools.localcloud import LocalCloud
from devtools.localcloud.bedrock import (
    BedrockStandIn,
    Identity,
    StandInAdmin,
    Statement,
    StaticAuthorizer,
)
from devtools.localcloud.tls import make_tls_files
from stacks.names import agent_arn_output
from tradewind.bedrock.client import get_bedrock_client
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.names import EnvVar
from tradewind.run.strands_agent import StrandsAgent, create_agent

REQUESTS = 100
_CHAT = StrandsAgent("You answer briefly.", ())


def _ask_in_process(bedrock_client: Any) -> float:
    """Put one question to a new agent; returns milliseconds."""
    environment = ModelEnvironment.from_variables(os.environ)
    started = time.perf_counter()
    create_agent("chat", _CHAT, environment, bedrock_client=bedrock_client)("How windy is it?")
    return (time.perf_counter() - started) * 1000


def _compare_clients(console: Console) -> None:
    """Print what requests cost on the process's client and on one of their own."""
    identity = Identity(
        access_key="ASIA" + secrets.token_hex(8).upper(),
        secret_key=secrets.token_urlsafe(30),
        role_arn="arn:aws:iam::123456789012:role/bench",
        statements=(Statement(("bedrock:*",), ("*",)),),
    )
    table = Table(title=f"{REQUESTS} requests in one process", title_justify="left")
    table.add_column("client")
    for column in ("TCP connections", "median ms"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as scratch:
        tls = make_tls_files(Path(scratch))
        with BedrockStandIn(
            authorizer=StaticAuthorizer([identity]),
            tls=tls,
            region="us-east-1",
            account="123456789012",
        ) as standin:
            os.environ.update(
                {
                    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": standin.endpoint_url,
                    "AWS_CA_BUNDLE": str(tls.ca),
                    "AWS_ACCESS_KEY_ID": identity.access_key,
                    "AWS_SECRET_ACCESS_KEY": identity.secret_key,
                    "POWERTOOLS_LOG_LEVEL": "ERROR",
                    EnvVar.MODEL_ID: "us.anthropic.claude-sonnet-4-6",
                    EnvVar.MODEL_REGION: "us-east-1",
                    EnvVar.MAX_TOKENS: "256",
                    EnvVar.CONNECT_TIMEOUT_S: "2",
                    EnvVar.READ_TIMEOUT_S: "30",
                    EnvVar.MAX_CONNECTIONS: "10",
                }
            )
            os.environ.pop("AWS_SESSION_TOKEN", None)
            for name, client in (("one per request", None), ("pooled", get_bedrock_client())):
                standin.reset()
                times = [_ask_in_process(client) for _ in range(REQUESTS)]
                opened = standin.stats().connections_opened
                table.add_row(name, str(opened), f"{statistics.median(times):.1f}")
    console.print(table)


def main() -> None:
    """Print a row per agent, then a row per kind of client."""
    console = Console()
    table = Table(title=f"{REQUESTS} warm requests to each deployed agent", title_justify="left")
    table.add_column("agent")
    for column in ("model calls", "TCP connections", "median ms", "p99 ms"):
        table.add_column(column, justify="right")
    steps = Steps()
    with tempfile.TemporaryDirectory() as scratch:
        cloud = LocalCloud(Path(scratch) / "cloud")
        try:
            running, outputs = start_and_deploy(steps, cloud)
            point_boto3_at(running)
            client = lambda_client()
            admin = StandInAdmin(running.bedrock_admin_url)
            project_id: str | None = None
            for agent in agents():
                event = example_request(agent, project_id)
                arn = outputs[agent_arn_output(agent)]
                role = role_of(client, arn)
                project_id = invoke(client, arn, event).answer["project_id"]
                event |= {"project_id": project_id, "query": "Say without tools what you do."}
                with steps.step(f"Ask the {agent} agent {REQUESTS} times"):
                    times = sorted(invoke(client, arn, event).duration_ms for _ in range(REQUESTS))
                table.add_row(
                    agent,
                    str(admin.stats().roles[role].requests),
                    str(connections(admin, role)),
                    f"{statistics.median(times):.0f}",
                    f"{times[int(len(times) * 0.99) - 1]:.0f}",
                )
        finally:
            cloud.down()
    console.print(describe())
    console.print(table)
    _compare_clients(console)


if __name__ == "__main__":
    main()
