"""``tradewind contract``: what the functions emit, and what reads it."""

import json
from pathlib import Path

import click

from cli import cdk, cloud
from cli.errors import CommandError
from cli.options import as_json, templates
from devtools.localcloud import LocalCloud


@click.group()
def contract() -> None:
    """What the functions emit, and what the dashboards and alarms read of it."""


@contract.command(name="check")
@templates("A synthesized app; by default the one deployed on this machine.")
@click.option(
    "--emitted",
    "log_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Functions' log lines; by default those of the embedded AWS.",
)
@as_json
def check_contract(templates: Path | None, log_files: tuple[Path, ...], as_json: bool) -> None:
    """Fail on a widget, an alarm or a query that nothing feeds, and on what nothing reads.

    Of an agent, the API or MCP that was never called it says that alone, and what calls it.

    \b
    tradewind contract check
    tradewind contract check --templates cdk.out --emitted function.log
    """  # noqa: D301  click reads the \b
    running = LocalCloud(cloud.HOME).status()
    if running:
        cloud.point_boto3_at(running)
    from cli.contract import check_contract as check

    findings, compared = check(templates or cdk.LOCAL_ASSEMBLY, log_files, running)
    if as_json:
        shown = [{"where": finding.where, "problem": finding.problem} for finding in findings]
        click.echo(json.dumps({"findings": shown, "compared": compared}, indent=2))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(f"Compared {compared}: {len(findings)} findings.")
    if findings:
        raise CommandError("The contract is broken.")
