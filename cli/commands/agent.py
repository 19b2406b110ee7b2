"""``tradewind agent new|list|remove``: the agents of this checkout, each a folder."""

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from cli.errors import CommandError
from cli.options import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradewind.contracts.agent_manifest import AgentManifest

FRAMEWORKS: Final = ("strands", "pydantic-ai")


@click.group()
def agent() -> None:
    """The agents of this checkout. Each is a folder in lambda_src/agents."""


@agent.command()
@click.argument("name")
@click.option(
    "--framework",
    type=click.Choice(FRAMEWORKS),
    default=FRAMEWORKS[0],
    show_default=True,
    help="What it is written with.",
)
@as_json
def new(name: str, framework: str, as_json: bool) -> None:
    """Write the folder of a new agent NAME, ready to deploy.

    Its tool is a small example to put your own in the place of.

    \b
    tradewind agent new grid
    """  # noqa: D301  click reads the \b
    from cli import agent_folders
    from cli.agents import FOLDER

    folder = agent_folders.create(FOLDER, name, framework)
    files = sorted(file.name for file in folder.iterdir())
    shown = agent_folders.shown(folder)
    if as_json:
        click.echo(json.dumps({"name": name, "folder": shown, "files": files}, indent=2))
        return
    click.echo(f"Wrote {shown}: {', '.join(files)}")
    click.echo(
        "It is ready to deploy. Its tool is an example: put yours into agent.py and say in\n"
        "agent.toml what the agent does. docs/agents.md has the rest.\n"
        "\n"
        "Next:\n"
        f"  pytest {shown}\n"
        "      runs its tests\n"
        f"  ./tradewind up && ./tradewind invoke {name} --request {shown}/request.json\n"
        "      deploys it on this machine and asks it; after a change, the same again\n"
        "  make demo\n"
        "      deploys it with all others, asks each and draws their dashboards\n"
        "  make lock\n"
        "      after you named a library in its requirements.in"
    )


@agent.command(name="list")
@as_json
def list_agents(as_json: bool) -> None:
    """List the agents, each after those it reads from."""
    from cli.agents import agents

    found = agents().values()
    if as_json:
        click.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
    elif found:
        for line in _aligned([_HEAD, *map(_row, found)]):
            click.echo(line)
    else:
        click.echo("There are no agents yet. `tradewind agent new NAME` writes one.")


_HEAD: Final = ("agent", "framework", "memory", "timeout", "reads from", "description")


def _row(manifest: "AgentManifest") -> tuple[str, ...]:
    return (
        manifest.name,
        manifest.framework,
        f"{manifest.function.memory_mb} MB",
        f"{manifest.function.timeout_s} s",
        ", ".join(manifest.reads_from) or "-",
        manifest.description,
    )


def _aligned(rows: "Iterable[tuple[str, ...]]") -> list[str]:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


@agent.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Delete the folder of agent NAME.

    Refused while another agent reads from it or may ask it, or a file in config/ names it.
    """
    from cli import agent_folders
    from cli.agents import FOLDER
    from cli.cdk import PROJECT

    folder = FOLDER / name
    # By its very name: `terrain/` is the same folder, and nobody reads from an agent called so.
    if name not in agent_folders.names(FOLDER):
        raise CommandError(f"There is no agent {name!r}. `tradewind agent list` lists those here.")
    config = PROJECT / "config"
    if uses := agent_folders.uses_of(FOLDER, config, name):
        raise CommandError(f"{name} cannot be removed yet.\n  " + "\n  ".join(uses))
    if not yes:
        if not _somebody_to_ask():
            raise click.UsageError("There is nobody to ask here: give --yes.")
        question = f"Delete {agent_folders.shown(folder)}, and what is not committed in it?"
        click.confirm(question, abort=True, err=True)
    agent_folders.remove(FOLDER, name)
    environments = agent_folders.environments(config)
    keeps: dict[str, Any] = {
        environment: bool(content.get("keep_data")) for environment, content in environments.items()
    }
    if as_json:
        gone = {"name": name, "folder": agent_folders.shown(folder), "keeps_data": keeps}
        click.echo(json.dumps(gone, indent=2))
        return
    click.echo(f"Removed {agent_folders.shown(folder)}.\n\n{_what_follows(keeps)}")


def _somebody_to_ask() -> bool:
    return sys.stdin.isatty()


def _what_follows(keeps: dict[str, Any]) -> str:
    """What the next deployment takes away of an agent, by whether an environment keeps data."""
    lines = ["The next deployment removes its function, role, alarms and dashboard."]
    for kept, verb in ((False, "go with them"), (True, "stay")):
        names = ", ".join(name for name, keep in keeps.items() if keep is kept)
        if names:
            setting = f"keep_data: {str(kept).lower()}"
            lines.append(f"Its log group and dead-letter queue {verb} in {names} ({setting}).")
    lines.append(
        "Its artifacts and records stay until they expire (artifact_expiry_days, record_ttl_days)."
    )
    return "\n".join(lines)
