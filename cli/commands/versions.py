"""``tradewind versions|rollback``: the published versions of functions, and back to one of them."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cli.commands.logs import FunctionName
from cli.options import as_json, for_environment

if TYPE_CHECKING:
    from cli.version_changes import Change
    from cli.versions import Function

_agent = click.argument("agent", type=FunctionName(), required=False)


@click.command()
@_agent
@click.option("--prune", is_flag=True, help="Delete the oldest, as the settings say.")
@for_environment
@as_json
def versions(agent: str | None, prune: bool, environment: str | None, as_json: bool) -> None:
    """List the versions of every function that has some, or of AGENT's, and which one is live.

    `tradewind deploy` deletes the oldest by itself; a pipeline that runs the CDK does it with
    --prune. The settings' deployment.keep_versions says how many stay.
    """
    from cli.api.address import enter
    from cli.version_changes import VersionChanges
    from cli.versions import Versions

    name, region = enter(environment)
    there = Versions(name, region)
    functions = there.all([agent] if agent else ())
    gone = {}
    if prune:
        keep = _kept(name)
        changes = VersionChanges(name, region)
        gone = {one.name: changes.prune(one, keep) for one in functions}
    if as_json:
        told = [_as_data(one, gone.get(one.name, [])) for one in functions]
        click.echo(json.dumps({"environment": name, "functions": told}, indent=2))
        return
    for one in functions:
        for version in one.versions:
            number = str(version.number)
            if version.number in gone.get(one.name, []):
                mark = "deleted"
            elif number in one.shares:
                mark = f"{100 * one.shares[number]:g} %"
            else:
                mark = "live" if version.number == one.live else ""
            made = f"{version.made:%Y-%m-%d %H:%M:%S}"
            click.echo(
                f"{one.name:<20} {number:>4}  {mark:<7}  {made}  {version.model or ''}".rstrip()
            )


@click.command()
@_agent
@click.option("--to", type=click.IntRange(min=1), metavar="N", help="The version to go back to.")
@for_environment
@as_json
def rollback(agent: str | None, to: int | None, environment: str | None, as_json: bool) -> None:
    """Point AGENT's alias `live` at the version before, or at version N: its callers get that now.

    AGENT may be another function that has versions, such as api or mcp. Without one, every function
    goes back whose live version came with the last deployment. A deployment that shifts requests
    at the moment is stopped, and takes them back by itself. `tradewind versions` lists what there
    is; docs/rolling-back.md says what to do next.

    \b
    tradewind rollback terrain --env prod
    tradewind rollback terrain --to 41 --env prod
    """  # noqa: D301  click reads the \b
    from cli.api.address import enter
    from cli.errors import CommandError
    from cli.version_changes import VersionChanges
    from cli.versions import Versions

    if to is not None and agent is None:
        raise click.UsageError("--to N is a version of one function: name it.")
    name, region = enter(environment)
    there = Versions(name, region)
    functions = there.all([agent] if agent else ())
    if agent is None:
        brought = there.of_last_deployment(functions)
        functions = [one for one in brought if one.shares or one.before is not None]
        for one in brought:
            if one not in functions:
                click.echo(f"{one.name}: version {one.live} is its first; it stays.", err=True)
        if not functions:
            raise CommandError(
                f"Nothing of {name} that came with the last deployment can go back. "
                "`tradewind versions` lists what there is; name the agent that is to."
            )
    if to is not None and functions[0].shares:
        raise CommandError(
            f"A deployment of {agent} is under way. Stop it first: `tradewind rollback {agent}` "
            "without --to."
        )
    # All are looked at before the first is moved.
    changes = VersionChanges(name, region)
    targets = [None if one.shares else changes.target(one, to) for one in functions]
    done = []
    for one, target in zip(functions, targets, strict=True):
        change = changes.stop(one) if target is None else changes.move(one, target)
        done.append(change)
        if not as_json:
            click.echo(_told(change))
    if as_json:
        told = {"environment": name, "functions": [asdict(change) for change in done]}
        click.echo(json.dumps(told, indent=2))


def _told(change: "Change") -> str:
    if change.stopped is not None:
        return (
            f"{change.function}: deployment {change.stopped} is stopped; its requests go back to "
            f"version {change.before}, and CloudFormation takes the stack back."
        )
    if change.before == change.after:
        return f"{change.function}: live is version {change.after} already."
    return f"{change.function}: live was version {change.before}, is {change.after}."


def _kept(environment: str) -> int:
    from cli.agents import agents
    from cli.cdk import PROJECT
    from stacks.settings.file import load_settings

    return load_settings(environment, PROJECT / "config", agents()).deployment.keep_versions


def _as_data(function: "Function", gone: list[int]) -> dict[str, object]:
    return {
        "function": function.name,
        "live": function.live,
        "shares": dict(function.shares),
        "versions": [
            {"version": one.number, "made": one.made.isoformat(), "model": one.model}
            for one in function.versions
            if one.number not in gone
        ],
        "deleted": gone,
    }
