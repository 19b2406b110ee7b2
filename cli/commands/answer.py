"""``tradewind answer``: fetch an answer that is kept."""

import re

import click

from cli import cloud
from cli.agents import AgentParam
from cli.options import as_json
from devtools.localcloud import LocalCloud
from stacks.names import Output


@click.command()
@click.argument("agent", type=AgentParam())
@click.argument("request_id")
@click.option("--owner", default="", help="For whom it was asked, where the request named one.")
@as_json
@click.pass_context
def answer(
    context: click.Context, *, agent: str, request_id: str, owner: str, as_json: bool
) -> None:
    """Print the answer that AGENT gave to REQUEST_ID.

    The request's record keeps it, also when the invocation failed or its caller was gone. The id
    is the request's own request_id, or Lambda's where it had none; each answer and each dead
    letter names it. A request whose function died is closed, and may then be sent again.

    Exit status 1: the answer is an error, or there is none.

    \b
    tradewind answer AGENT 5f1c8e0a-6f0e-4c55-9a2e-0d6a1f6f3c11
    tradewind answer AGENT order-17 --owner ada --json
    """  # noqa: D301  click reads the \b
    from cli.answers import kept_answer, show
    from tradewind.contracts.names import OWNER_PATTERN, REQUEST_ID_PATTERN

    if not re.fullmatch(REQUEST_ID_PATTERN, request_id):
        raise click.UsageError(f"{request_id!r} is no request id: letters, digits, - and _.")
    if owner and not re.fullmatch(OWNER_PATTERN, owner):
        raise click.UsageError(f"{owner!r} is no owner: an ARN or a user's name.")
    running, outputs = cloud.deployed_outputs(LocalCloud(cloud.HOME))
    cloud.point_boto3_at(running)
    found = kept_answer(
        outputs[Output.RECORDS_TABLE], agent=agent, request_id=request_id, owner=owner
    )
    show(context, found, as_json=as_json)
