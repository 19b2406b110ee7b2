"""The red alarms of an environment, and what to look at next for each."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import boto3
import click

from cli.api.aws import aws_failures
from cli.api.texts import one_line
from cli.behind_alarms import BEHIND
from cli.cdk import LOCAL_ENV
from devtools.dashboard.sources.interface import changed_at
from stacks.names import NOTICES, resource_prefix

_RUNBOOK: Final = re.compile(r"\s*Runbook: ([!-~]+/([a-z-]+)\.md)$")
#: What a command line may be given unquoted. An alarm is whoever's who may put one.
_AGENT: Final = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True)
class RedAlarm:
    """An alarm that has gone off.

    Attributes:
        name: Its whole name.
        symptom: The end of its name, and its runbook's; None of one that is not this app's.
        agent: The agent that it is on; None where it is on none.
        urgency: Whether it pages or gives notice: ``page`` or ``notice``.
        since: When it went off.
        means: What it means, in a sentence.
        runbook: An address, or a file in the repository.
        graph: Where to see what it watches beside its threshold: an address, or a command.
        requests: The command that prints the requests it is about.
        lines: The command that prints the log lines of one of them.
    """

    name: str
    symptom: str | None
    agent: str | None
    urgency: str
    since: datetime
    means: str
    runbook: str | None
    graph: str
    requests: str | None
    lines: str | None


def red_alarms(environment: str, region: str) -> list[RedAlarm]:
    """Ask CloudWatch for an environment's red alarms, and sort those first that are longest red.

    Raises:
        CommandError: CloudWatch cannot be asked.
    """
    with aws_failures(f"The alarms of {environment} cannot be looked up"):
        pages = (
            boto3.client("cloudwatch", region_name=region)
            .get_paginator("describe_alarms")
            .paginate(
                AlarmNamePrefix=resource_prefix(environment),
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                StateValue="ALARM",
            )
        )
        found: list[Mapping[str, Any]] = [
            alarm for page in pages for alarm in (*page["MetricAlarms"], *page["CompositeAlarms"])
        ]
    now = datetime.now(UTC)
    return sorted(
        (_read(alarm, environment, region, now) for alarm in found),
        key=lambda alarm: (alarm.since, alarm.name),
    )


def _read(alarm: Mapping[str, Any], environment: str, region: str, now: datetime) -> RedAlarm:
    name: str = alarm["AlarmName"]
    told = _RUNBOOK.search(alarm.get("AlarmDescription", ""))
    runbook, symptom = (told[1], told[2]) if told else (None, None)
    rest = name.removeprefix(resource_prefix(environment))
    agent = rest.removesuffix(f"-{symptom}") if symptom and rest != symptom else None
    if agent is not None and not _AGENT.fullmatch(agent):
        agent = None
    changed = changed_at(alarm)
    since = now if changed is None else datetime.fromtimestamp(changed, UTC)
    requests = lines = None
    if symptom is not None and symptom in BEHIND:
        behind = BEHIND[symptom]
        hours = math.ceil(max(now - since, timedelta()) / timedelta(hours=1)) + behind.looks_back_h
        requests, lines = behind.commands(symptom, agent or "AGENT", f"{hours}h", environment)
    return RedAlarm(
        name=name,
        symptom=symptom,
        agent=agent,
        urgency=_urgency(alarm.get("AlarmActions", ())),
        since=since,
        means=one_line(_RUNBOOK.sub("", alarm.get("AlarmDescription", "")), 500),
        runbook=runbook,
        graph=_graph(name, environment, region),
        requests=requests,
        lines=lines,
    )


def _urgency(topics: Iterable[str]) -> str:
    """Of an alarm without a topic another one pages."""
    topics = list(topics)
    noticed = topics and all(f"-{NOTICES}" in topic.rpartition(":")[2] for topic in topics)
    return "notice" if noticed else "page"


def _graph(name: str, environment: str, region: str) -> str:
    if environment == LOCAL_ENV:
        return "./tradewind dashboard"
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    return f"{console}#alarmsV2:alarm/{quote(name, safe='')}"


def as_objects(alarms: Iterable[RedAlarm]) -> list[dict[str, Any]]:
    """The alarms for a program."""
    return [{**asdict(alarm), "since": alarm.since.isoformat()} for alarm in alarms]


def show(alarms: Iterable[RedAlarm], now: datetime) -> None:
    """Print the alarms for a person, each with what to look at and to type next."""
    for alarm in alarms:
        since = f"{alarm.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        click.echo(
            f"{click.style(one_line(alarm.name, 255), fg='red', bold=True)}  {alarm.urgency}, "
            f"for {_length(now - alarm.since)}, since {since}"
        )
        click.echo(f"  {alarm.means}")
        for what, where in (
            ("Runbook", alarm.runbook),
            ("Graph", alarm.graph),
            ("Requests", alarm.requests),
            ("Lines", alarm.lines),
        ):
            if where is not None:
                click.echo(f"  {what:<8}  {where}")


def _length(length: timedelta) -> str:
    minutes = max(0, round(length.total_seconds() / 60))
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"  # noqa: PLR2004
