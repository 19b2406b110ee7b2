"""``tradewind invoke``: ask a deployed agent."""

import shlex
import uuid
from pathlib import Path
from typing import Any

import click

from cli import cloud
from cli.agents import AgentParam
from cli.errors import CommandError
from cli.options import as_json, with_files
from cli.request_files import request_of
from devtools.localcloud import LocalCloud
from stacks.names import agent_arn_output


@click.command()
@click.argument("agent", type=AgentParam())
@click.argument("query", required=False)
@click.option(
    "--request",
    "request_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file with query and parameters, such as an agent's request.json.",
)
@with_files
@click.option("--project-id", help="The project to work on; a new one is made without it.")
@as_json
@click.pass_context
def invoke(
    context: click.Context,
    *,
    agent: str,
    query: str | None,
    request_file: Path | None,
    files: tuple[str, ...],
    project_id: str | None,
    as_json: bool,
) -> None:
    """Send AGENT a QUERY, or the request in a file, and print its answer.

    Exit status 1: the agent answered with an error, or did not answer.

    \b
    tradewind invoke AGENT --request lambda_src/agents/AGENT/request.json
    tradewind invoke AGENT "What do you do?" --project-id project-0123456789ab
    tradewind invoke AGENT "What does this say?" --file notes=notes.csv
    """  # noqa: D301  click reads the \b
    event = request_of(query, request_file, files)
    event |= {"project_id": project_id} if project_id else {}
    running, outputs = cloud.deployed_outputs(LocalCloud(cloud.HOME))
    cloud.point_boto3_at(running)
    from cli.answers import show
    from cli.invoke import invoke as send
    from cli.invoke import lambda_client

    # Known before there is an answer, so that one that is lost can be fetched.
    if event.get("request_id") is None:
        event["request_id"] = str(uuid.uuid4())
    try:
        answer = send(lambda_client(), outputs[agent_arn_output(agent)], event).answer
    except KeyboardInterrupt:
        click.echo(f"\nThe agent goes on. {_fetching(agent, event)} fetches its answer.", err=True)
        raise
    except CommandError as died:
        raise CommandError(f"{died}\n{_fetching(agent, event)} says what its record has.") from died
    show(context, answer, as_json=as_json)


def _fetching(agent: str, event: dict[str, Any]) -> str:
    """The command that fetches the answer to a request."""
    words = ["tradewind", "answer", agent, str(event["request_id"])]
    if "owner" in event:
        words += ["--owner", str(event["owner"])]
    return f"`{shlex.join(words)}`"
