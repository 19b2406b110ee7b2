"""``tradewind profiles refresh``: the table of inference profiles, from an account."""

import json

import click

from cli.errors import CommandError
from cli.options import as_json


@click.group()
def profiles() -> None:
    """Look after the table of inference profiles that models are granted from."""


@profiles.command()
@click.argument("environment", metavar="ENV")
@as_json
def refresh(environment: str, as_json: bool) -> None:
    """Ask your AWS account where calls of ENV's model land, and write it into the table.

    For a profile that the table does not have, or has otherwise. It asks Bedrock in the model's
    region (bedrock:GetInferenceProfile) and writes stacks/data/inference_profiles.yaml: commit it.
    `destinations` in the settings are not needed any more then.

    \b
    tradewind profiles refresh prod
    """  # noqa: D301  click reads the \b
    from cli import cdk
    from cli import profiles as work
    from stacks.inference_profiles import TABLE_FILE, read_table
    from stacks.settings.errors import SettingsError
    from stacks.settings.file import read_content

    if environment == cdk.LOCAL_ENV:
        raise CommandError(
            f"{cdk.LOCAL_ENV} is the embedded AWS, which has this table; ask an account."
        )
    try:
        content = read_content(environment, cdk.PROJECT / "config")
    except SettingsError as error:
        raise CommandError(str(error)) from error
    table = read_table(TABLE_FILE.read_text(encoding="utf-8"))
    asked = work.profiles_in(content, table)
    answers = [work.answer_of(one, table) for one in asked]
    if any(answer.is_new for answer in answers):
        work.write(answers, TABLE_FILE, table)
    if as_json:
        rows = [
            {
                "profile": one.asked.profile_id,
                "region": one.asked.region,
                "destinations": one.destinations,
                "new": one.is_new,
            }
            for one in answers
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for one in answers:
        state = "written" if one.is_new else "as the table has it"
        landing = ", ".join(one.destinations)
        click.echo(f"{one.asked.profile_id} from {one.asked.region}: {landing} ({state})")
    if not answers:
        click.echo(f"{environment} calls no cross-region inference profile.")
