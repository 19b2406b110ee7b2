"""``tradewind logs``: what a function logged."""

import json
import re
from datetime import timedelta
from typing import Any, Final

import click

from cli.options import Span, as_json, for_environment

_FUNCTION: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class FunctionName(click.ParamType[str]):
    """An agent's name, or that of another function."""

    name = "agent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that it can be one."""
        if not _FUNCTION.fullmatch(str(value)):
            self.fail(f"{value!r} is no agent's name.", param, ctx)
        return str(value)


@click.command()
@click.argument("agent", type=FunctionName())
@click.option(
    "--since",
    "span",
    type=Span(),
    default="5m",
    show_default=True,
    help="How far to look back, such as 5m, 3h or 1d.",
)
@click.option(
    "--alarm",
    "symptom",
    metavar="SYMPTOM",
    help="Only the requests that this alarm is about, such as errors.",
)
@click.option("--request", "request_id", metavar="ID", help="Only the lines of one request.")
@for_environment
@as_json
def logs(
    *,
    agent: str,
    span: timedelta,
    symptom: str | None,
    request_id: str | None,
    environment: str | None,
    as_json: bool,
) -> None:
    """Print what AGENT logged, the oldest line first, in UTC; also of the functions api and sweep.

    Questions and answers are never in there; ids are. --json prints each line as it is, those of
    metrics too.

    SYMPTOM is the end of an alarm's name, and its runbook's; `tradewind alarms now` says which are
    red. Behind alarms on latency, throttles, cost and silence every request is listed, and behind
    those on starts every one that waited for a start. ID is a request's own, or the one that Lambda
    gave it and reports it by.

    \b
    tradewind logs AGENT --since 1h
    tradewind logs AGENT --alarm errors --since 3h
    tradewind logs AGENT --request ID --since 3h
    """  # noqa: D301  click reads the \b
    from cli.api.address import enter
    from cli.behind_alarms import BEHIND, of_request
    from cli.logs import as_line, as_object, log_events

    if symptom is not None and request_id is not None:
        raise click.UsageError("--alarm finds requests, and --request shows one: give one of them.")
    if symptom is not None and symptom not in BEHIND:
        raise click.UsageError(f"There is no alarm on {symptom}; docs/runbooks has one page each.")
    behind = BEHIND[symptom] if symptom is not None else None
    pattern = behind.pattern if behind else of_request(request_id) if request_id is not None else ""
    shown = behind.fields if behind else frozenset[str]()
    name, region = enter(environment)
    events = log_events(name, region, agent, span, pattern)
    printed = 0
    for event in behind.choose(events) if behind else events:
        line = json.dumps(as_object(event)) if as_json else as_line(event, shown)
        if line is not None:
            click.echo(line)
            printed += 1
    if not printed:
        click.echo(f"{agent} logged nothing in that time.", err=True)
