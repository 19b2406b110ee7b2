"""``tradewind``: run the app on this machine, and talk to its agents.

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from cli import cdk
from cli.console import Steps, fail
from cli.demo import run_demo, start_and_deploy
from cli.errors import CommandError
from cli.invoke import invoke, lambda_client
from cli.turns import own_turn
from localcloud import LocalCloud, LocalCloudError
from stacks.names import agent_arn_output
from tradewind.contracts.names import AgentName

OUT = cdk.PROJECT / "out"
BUILD = cdk.PROJECT / ".build"
#: Where the embedded AWS keeps its state, unless TRADEWIND_HOME says otherwise.
HOME = Path(os.environ.get("TRADEWIND_HOME", cdk.PROJECT / ".localcloud"))
_INTERRUPTED = 130

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def tradewind() -> None:
    """Run Tradewind on this machine and talk to its agents.

    \b
    First time:     tradewind demo
    To work with:   tradewind up, tradewind invoke terrain "...", tradewind down
    """  # noqa: D301  click reads the \b


@tradewind.command()
@click.option("--keep", is_flag=True, help="Leave the embedded AWS running at the end.")
@as_json
def demo(keep: bool, as_json: bool) -> None:
    """Deploy into the embedded AWS and send a siting request to each of the four agents.

    Artifacts and demo.json are left in out/. With TRADEWIND_REAL_BEDROCK=1 and AWS credentials the
    agents talk to the real Amazon Bedrock instead of the scripted stand-in.
    """
    with own_turn(BUILD):
        summary = run_demo(Steps(), LocalCloud(HOME), OUT, keep=keep)
    if as_json:
        click.echo(json.dumps(summary, indent=2))


@tradewind.command()
@as_json
def up(as_json: bool) -> None:
    """Start the embedded AWS, deploy the app into it and leave it running."""
    with own_turn(BUILD):
        running, outputs = start_and_deploy(Steps(), LocalCloud(HOME), OUT)
    environment = running.environment()
    if as_json:
        click.echo(json.dumps({"environment": environment, "outputs": outputs}, indent=2))
        return
    click.echo("# To point your own AWS tools at it:")
    for name, value in environment.items():
        click.echo(f"export {name}={value}")


@tradewind.command()
def down() -> None:
    """Stop the embedded AWS and every function process in it."""
    click.echo("Stopped." if LocalCloud(HOME).down() else "It was not running.")


@tradewind.command()
@as_json
def status(as_json: bool) -> None:
    """Say whether the embedded AWS is running, and where."""
    running = LocalCloud(HOME).status()
    where: dict[str, Any] = {"running": running is not None}
    if running:
        where |= {"endpoint_url": running.endpoint_url, "pid": running.pid}
    click.echo(json.dumps(where) if as_json else _sentence(where))


def _sentence(where: dict[str, Any]) -> str:
    if not where["running"]:
        return "The embedded AWS is not running. `tradewind up` starts it."
    return f"The embedded AWS is running at {where['endpoint_url']} (process {where['pid']})."


def _read_request(path: Path) -> dict[str, Any]:
    try:
        event = json.loads(path.read_text())
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise click.UsageError(f"{path} must hold a JSON object.")
    return event


@tradewind.command(name="invoke")
@click.argument("agent", type=click.Choice([str(agent) for agent in AgentName]))
@click.argument("query", required=False)
@click.option(
    "--request",
    "request_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file with query and parameters, such as those in examples/requests/.",
)
@click.option("--project-id", help="The project to work on; a new one is made without it.")
@as_json
def invoke_agent(
    agent: str, query: str | None, request_file: Path | None, project_id: str | None, as_json: bool
) -> None:
    """Send AGENT a QUERY, or the request in a file, and print its answer.

    \b
    tradewind invoke terrain --request examples/requests/terrain.json
    tradewind invoke layout "Place 12 turbines" --project-id project-0123456789ab
    """  # noqa: D301  click reads the \b
    event = _read_request(request_file) if request_file else {}
    event |= {"query": query} if query else {}
    event |= {"project_id": project_id} if project_id else {}
    if "query" not in event:
        raise click.UsageError("Give a QUERY or --request FILE.")
    running = LocalCloud(HOME).status()
    outputs_file = OUT / "outputs.json"
    if running is None or not outputs_file.exists():
        raise CommandError("Nothing is deployed on this machine. Run `tradewind up` first.")
    os.environ.update(running.environment())
    stacks: dict[str, dict[str, str]] = json.loads(outputs_file.read_text())
    outputs = {name: value for stack in stacks.values() for name, value in stack.items()}
    answer = invoke(lambda_client(), outputs[agent_arn_output(AgentName(agent))], event).answer
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo(answer["response"] or answer["error"]["message"])
        click.echo(f"\nproject {answer['project_id']}, request {answer['request_id']}")
        for artifact in answer["artifacts"]:
            click.echo(f"  {artifact['key']}")
    if not answer["success"]:
        raise CommandError(f"{answer['error']['code']}: {answer['error']['message']}")


def main() -> None:
    """Run the command; failures are one message and a status, not a traceback."""
    # Asked to end politely, it cleans up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        tradewind(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        fail("Interrupted.")
        sys.exit(_INTERRUPTED)
    except (CommandError, LocalCloudError) as error:
        fail(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
