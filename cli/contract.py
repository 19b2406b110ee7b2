"""Do the dashboards and alarms read what the functions emit, and is all of that read?"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import boto3

from cli import cdk
from cli.errors import CommandError
from devtools.contract import (
    Contract,
    ContractError,
    Emitted,
    Emitter,
    Finding,
    check,
    emitted_in,
    load_catalogue,
    load_exceptions,
    logged_in,
    read_contract,
)
from devtools.dashboard.metrics import MetricId
from devtools.localcloud.running import Running
from stacks.names import log_group_name
from tradewind.contracts.names import API, MCP, EnvVar, OptionalEnvVar
from tradewind.telemetry.metric_names import METRICS, NAMESPACE, Dimension, Kept, MetricName

#: A message that the MCP function answers by itself.
_PING: Final = '{"jsonrpc": "2.0", "id": 1, "method": "ping"}'
EXCEPTIONS: Final = cdk.PROJECT / "stacks" / "unread_metrics.yaml"


def check_contract(
    templates: Path, log_files: Sequence[Path], running: Running | None
) -> tuple[list[Finding], str]:
    """Check the synthesized app in ``templates``.

    Args:
        templates: A folder such as ``cdk.out``.
        log_files: Functions' log lines, from any deployment. Without any, ``running`` is asked.
        running: The embedded AWS that the templates are deployed in.

    Returns:
        What is wrong, and a sentence on what was compared.

    Raises:
        CommandError: There is nothing to compare, or it cannot be read.
    """
    try:
        contract = read_contract(templates)
        if log_files:
            lines = [line for file in log_files for line in file.read_text().splitlines()]
        elif running is not None:
            lines = list(logged_lines(running, contract))
        else:
            raise CommandError(
                "There is nothing that was emitted. Run `tradewind demo --keep` first, or give "
                "--emitted FILE with functions' log lines."
            )
        emitted = emitted_in(lines)
        # Lines of another deployment have its environment's name.
        findings = check(
            contract,
            emitted,
            load_catalogue(),
            load_exceptions(EXCEPTIONS),
            free={"Environment"},
            declared=declared(),
            logged=logged_in(lines, lists=METRICS),
            emitters=emitters(contract),
        )
    except (ContractError, OSError, UnicodeDecodeError) as error:
        raise CommandError(str(error)) from error
    compared = f"{len(contract.uses)} metrics of widgets and alarms, {len(emitted)} emitted metrics"
    return findings, compared


def declared() -> frozenset[Emitted]:
    """The metrics that are published only where something rare has happened."""
    return frozenset(
        Emitted(MetricId.of(NAMESPACE, name, dict.fromkeys(dimensions, "*")), spec.unit)
        for name, spec in METRICS.items()
        if spec.kept is Kept.WHEN_NOT_ZERO
        for dimensions in spec.dimension_sets
    )


def emitters(contract: Contract) -> list[Emitter]:
    """The functions that somebody calls, and what calls each; the others run by themselves."""
    there = contract.values_of("AWS::Logs::LogGroup", "LogGroupName")
    agents, environments, calling = (
        contract.values_of("AWS::Lambda::Function", *(f"Environment.Variables.{one}" for one in of))
        for of in ((EnvVar.AGENT,), (EnvVar.ENVIRONMENT,), (EnvVar.AGENT, OptionalEnvVar.RUNTIME))
    )
    runtimes = {agent.partition(":")[0] for agent in calling}
    found = []
    for environment in environments:
        where = "" if environment == cdk.LOCAL_ENV else f" --env {environment}"
        every = [
            *(
                Emitter(
                    f"agent {agent}",
                    f"./tradewind call {'--runtime ' * (agent in runtimes)}{agent} "
                    f'"Who are you?"{where}',
                    {Dimension.AGENT: agent, MetricName.INVOCATIONS: None},
                    _metrics_of("handlers.request_report"),
                    log_group_name(environment, agent),
                )
                for agent in agents
            ),
            Emitter(
                "the API",
                f"./tradewind models{where}",
                {MetricName.API_CALLS: None},
                _metrics_of("api."),
                log_group_name(environment, API),
            ),
            Emitter(
                "MCP",
                f"echo '{_PING}' | ./tradewind mcp{where}",
                {MetricName.MCP_CALLS: None},
                _metrics_of("mcp."),
                log_group_name(environment, MCP),
            ),
        ]
        found += [one for one in every if one.group in there]
    return found


def _metrics_of(module: str) -> frozenset[str]:
    """The metrics that modules whose names have this in them emit."""
    return frozenset(str(name) for name, spec in METRICS.items() if module in spec.emitter)


def logged_lines(running: Running, contract: Contract) -> Iterator[str]:
    """The lines in the log groups of a deployed app."""
    logs: Any = boto3.client(
        "logs",
        region_name=running.region,
        endpoint_url=running.endpoint_url,
        verify=running.ca_bundle,
        aws_access_key_id=running.access_key,
        aws_secret_access_key=running.secret_key,
    )
    existing = {
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    }
    for group in sorted(contract.values_of("AWS::Logs::LogGroup", "LogGroupName") & existing):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for page in pages:
            yield from (event["message"] for event in page["events"])
