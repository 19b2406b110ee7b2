"""``tradewind caller``: the keys of callers outside."""

import json

import click

from cli.options import as_json


@click.group()
def caller() -> None:
    """The keys of callers outside AWS that the settings name."""


@caller.command()
@click.argument("name")
@click.option("--env", "environment", default="prod", show_default=True, help="Whose caller.")
@click.option("--finish", is_flag=True, help="End the key before: the caller has the new one.")
@as_json
def rotate(*, name: str, environment: str, finish: bool, as_json: bool) -> None:
    """Make a new access key for the caller NAME, and put it into its secret.

    The key before stays valid until --finish. Uses your own AWS credentials and region; the key
    itself is never shown.

    \b
    tradewind caller rotate backend
    tradewind caller rotate backend --finish
    """  # noqa: D301  click reads the \b
    import boto3

    from cli.callers import CallerKeys

    keys = CallerKeys(environment, name, boto3.client("iam"), boto3.client("secretsmanager"))
    done = keys.finish() if finish else keys.rotate()
    click.echo(json.dumps({"done": done}) if as_json else done)
