"""Invocations as a person reads them, and the exit status that says how they ended."""

import json
from typing import Any, NoReturn

import click

from cli.api.invocations import AT_WORK, SUCCEEDED, WAITING, progress_line
from cli.api.texts import one_line, printable
from cli.errors import CommandError, StillRunning

_FAILED = 1


def pick_up(invocation_id: str) -> str:
    """How to find an invocation again."""
    return f"`tradewind status {invocation_id}`"


def status_of(invocation: dict[str, Any]) -> int:
    """The exit status that says how far an invocation is."""
    if invocation["state"] == SUCCEEDED:
        return 0
    return StillRunning.status if invocation["state"] in AT_WORK | {WAITING} else _FAILED


def show_json(
    context: click.Context, invocation: dict[str, Any], status: int | None = None
) -> NoReturn:
    """Print an invocation for a program, and end the command: with its status, or with this one."""
    click.echo(json.dumps(invocation, indent=2))
    context.exit(status_of(invocation) if status is None else status)


def show(invocation: dict[str, Any], *, printed: bool = False) -> None:
    """Print an invocation.

    Args:
        invocation: As the API gives it.
        printed: Whether its response is on the screen already.

    Raises:
        StillRunning: It has not ended.
        CommandError: It did not succeed.
    """
    result = _object(invocation.get("result"))
    if result.get("response") and not printed:
        click.echo(f"{printable(result['response'])}\n")
    if (output := result.get("output")) is not None:
        click.echo(f"{json.dumps(output, indent=2, ensure_ascii=True)}\n")
    identity = invocation["id"]
    about = [f"invocation {identity}"]
    about += [
        f"{name} {one_line(value, 200)}"
        for name, field in (("project", "project_id"), ("session", "session_id"))
        if (value := invocation.get(field))
    ]
    click.echo(", ".join(about))
    artifacts = _objects(result.get("artifacts"))
    for artifact in artifacts:
        click.echo(f"  {one_line(artifact.get('name') or artifact.get('key'), 200)}")
    if artifacts:
        # Whoever has a link has the file: none is left in a log unasked.
        click.echo(f"  `tradewind status {identity} --json` has links to them.")
    if usage := _object(invocation.get("usage")):
        click.echo(_usage_line(usage))
    state = invocation["state"]
    if state in AT_WORK:
        click.echo(progress_line(invocation))
        raise StillRunning(f"It is still at work. {pick_up(identity)} asks again.")
    if state == WAITING:
        question = one_line(invocation.get("question") or "it does not say what")
        raise StillRunning(
            f'It waits for a person: {question}\n`tradewind reply {identity} "..."` goes on.'
        )
    if state != SUCCEEDED:
        raise CommandError(_why(invocation))


def _why(invocation: dict[str, Any]) -> str:
    error = _object(invocation.get("error"))
    code = one_line(error.get("code") or invocation["state"], 64)
    return f"{code}: {one_line(error.get('message') or 'it does not say why')}"


def _usage_line(usage: dict[str, Any]) -> str:
    read = sum(
        value
        for name in ("input_tokens", "cache_read_tokens", "cache_write_tokens")
        if isinstance(value := usage.get(name), int)
    )
    line = f"{read} tokens in, {usage.get('output_tokens', 0)} out"
    cost = usage.get("cost_usd")
    return one_line(f"{line}, {cost:.4f} US$" if isinstance(cost, int | float) else line)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
