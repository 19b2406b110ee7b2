"""``tradewind iam``: what the roles may do, and what they do."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from cli import cdk, cloud
from cli.errors import CommandError
from cli.options import as_json, templates
from devtools.localcloud import LocalCloud


@click.group()
def iam() -> None:
    """What the app's roles may do, and what they do."""


@iam.command()
@templates("A synthesized app; by default the one deployed on this machine.")
@click.option(
    "--record",
    "records",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Calls that an embedded AWS took down; by default those of the one on this machine.",
)
@click.option(
    "--denied",
    "only_denied",
    is_flag=True,
    help="Look at denied calls only: the record has some of the calls that there are.",
)
@as_json
def coverage(
    templates: Path | None, records: tuple[Path, ...], *, only_denied: bool, as_json: bool
) -> None:
    """Fail on a call that is denied, and on a grant that no call used or that is too wide.

    stacks/unused_grants.yaml has the grants that are to stay all the same, each with its reason.

    \b
    tradewind iam coverage --denied
    tradewind iam coverage --record .build/calls.jsonl
    """  # noqa: D301  click reads the \b
    from cli.permissions import check_permissions

    found = check_permissions(
        templates or cdk.LOCAL_ASSEMBLY,
        records or [LocalCloud(cloud.HOME).calls],
        partial=only_denied,
    )
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        for finding in found.findings:
            click.echo(str(finding))
        click.echo(f"{found}.")
    if found.findings:
        raise CommandError("The policies and the calls differ.")
