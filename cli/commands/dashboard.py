"""``tradewind dashboard``: the dashboards of the synthesized app, with their data."""

from datetime import timedelta
from pathlib import Path

import click

from cli import cloud
from cli.errors import CommandError
from cli.options import Span, as_json, templates
from devtools.localcloud import LocalCloud


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write HTML and PNG files to this folder instead of serving the page.",
)
@click.option("--range", "span", type=Span(), help="How far to look back, such as 15m, 3h or 1d.")
@click.option("--html-only", is_flag=True, help="Write no PNG; needs no Chromium.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Any free one without it.")
@click.option("--account", is_flag=True, help="Take the data from the AWS account of your profile.")
@templates("With --account: the folder of the synthesized templates. [default: cdk.out]")
@as_json
def dashboard(
    *,
    names: tuple[str, ...],
    out: Path | None,
    span: timedelta | None,
    html_only: bool,
    port: int,
    account: bool,
    templates: Path | None,
    as_json: bool,
) -> None:
    """Show the synthesized dashboards with their data: as a page, or as files.

    NAMES are dashboards such as overview; all of them without any. The data come from the embedded
    AWS. With --account they come from CloudWatch, which charges for what is asked of it.

    \b
    tradewind dashboard
    tradewind dashboard overview --range 15m --out out/dashboards
    """  # noqa: D301  click reads the \b
    if out is None and (names or span or html_only):
        raise click.UsageError("NAMES, --range and --html-only go with --out.")
    if templates and not account:
        raise click.UsageError("--templates goes with --account.")
    running = None if account else LocalCloud(cloud.HOME).status()
    if running:
        cloud.point_boto3_at(running)
    elif not account:
        raise CommandError(
            "The embedded AWS is not running. `tradewind up` starts it; with --account the "
            "data come from your AWS account."
        )
    from cli import dashboard as work

    preview = (
        work.local_preview(running) if running else work.account_preview(templates or work.ASSEMBLY)
    )
    if out is None:
        work.show(preview, port, as_json=as_json)
    else:
        work.report(work.save(preview, out, names, span, pictures=not html_only), as_json)
