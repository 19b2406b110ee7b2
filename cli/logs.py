"""A function's log lines from CloudWatch Logs, for a person or a program."""

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3

from cli.api.aws import aws_failures
from cli.api.texts import one_line
from cli.errors import CommandError
from stacks.names import log_group_name
from tradewind.telemetry.metric_names import Dimension, MetricName

#: What a line of metrics says of its request besides them.
_OF_A_REQUEST: Final = frozenset(
    {Dimension.AGENT, "request_id", "project_id", "error_code", MetricName.INVOCATION_LATENCY}
)
#: Fields that a line begins with, or that are the same in all of them.
_PLAIN: Final = frozenset({"timestamp", "level", "message", "location", "service"})


def log_events(
    environment: str, region: str, function: str, span: timedelta, pattern: str = ""
) -> Iterator[dict[str, Any]]:
    """Read what a function logged, the oldest first.

    Args:
        environment: Whose.
        region: Where it is.
        function: Its agent's name, or another function's.
        span: How far back.
        pattern: A filter pattern, for which of its lines; empty for all.

    Raises:
        CommandError: It has no log group, or its lines cannot be read.
    """
    group = log_group_name(environment, function)
    since = datetime.now(UTC) - span
    client: Any = boto3.client("logs", region_name=region)
    with aws_failures(f"The log group {group} cannot be read"):
        try:
            pages = client.get_paginator("filter_log_events").paginate(
                logGroupName=group,
                startTime=int(since.timestamp() * 1000),
                # An empty one is refused.
                **({"filterPattern": pattern} if pattern else {}),
            )
            for page in pages:
                yield from page["events"]
        except client.exceptions.ResourceNotFoundException as error:
            raise CommandError(
                f"There is no log group {group}. Is {function} deployed in {environment}, and is "
                "this its account and region?"
            ) from error


def as_object(event: dict[str, Any]) -> dict[str, Any]:
    """A log line for a program: when, where from, and the line, as JSON where it is some."""
    return {
        "time": _time(event).isoformat(timespec="milliseconds"),
        "stream": event.get("logStreamName"),
        "message": _read(event["message"]),
    }


def as_line(event: dict[str, Any], metrics: Collection[str] = ()) -> str | None:
    """A log line for a person; None for a line of metrics alone.

    Args:
        event: The event.
        metrics: What is shown of a line of metrics; then it is none to be left out.
    """
    shown = _time(event).strftime("%H:%M:%S")
    content = _read(event["message"])
    if not isinstance(content, dict):
        return f"{shown} {one_line(content, 2000)}"
    # Without a custom metric in it a line of metrics is one of values alone.
    if "_aws" in content or (Dimension.ENVIRONMENT in content and "level" not in content):
        told = {
            name: value
            for name, value in content.items()
            if name in _OF_A_REQUEST or (name in metrics and value)
        }
        return f"{shown} {_fields(told)}" if metrics else None
    if "type" in content and "record" in content:
        return f"{shown} {one_line(content['type'], 64)} {_fields(content['record'])}"
    level, message = (
        one_line(content.get("level", ""), 16),
        one_line(content.get("message", ""), 2000),
    )
    rest = {name: value for name, value in content.items() if name not in _PLAIN}
    return f"{shown} {level} {message}  {_fields(rest)}".rstrip()


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["timestamp"] / 1000, UTC)


def _read(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return message.rstrip("\n")


def _fields(record: Any) -> str:
    if not isinstance(record, dict):
        return one_line(record, 2000)
    return " ".join(
        f"{one_line(name, 64)}={one_line(_value(value), 300)}" for name, value in record.items()
    )


def _value(value: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value)
