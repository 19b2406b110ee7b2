"""``tradewind trace``: what a workflow's run did, and when, as a page."""

import json
from pathlib import Path

import click

from cli.options import as_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page to this file.  [default: FILE with .html]",
)
@as_json
def trace(*, file: Path, out: Path | None, as_json: bool) -> None:
    """Draw a trace that `tradewind run --trace` wrote, as a waterfall.

    The page is one file that needs no network. --json prints the spans in the page's order instead,
    and writes a page only with --out.

    \b
    tradewind trace artifacts/brief-trace.json
    tradewind trace artifacts/brief-trace.json --out brief.html

    \b
    Exit status: 0 drawn
                 1 the page cannot be written
                 2 wrong usage
                 3 the file is no trace
    """  # noqa: D301  click reads the \b
    from cli.workflow.traces import read_trace, rows, summary
    from cli.workflow.waterfall import draw, write

    read = read_trace(file)
    found = rows(read)
    if out is not None or not as_json:
        page = file.with_suffix(".html") if out is None else out
        write(draw(read, found), page, replace=out is not None)
    if as_json:
        click.echo(json.dumps(summary(read, found), indent=2))
        return
    failed = sum(row.failed for row in found)
    click.echo(f"{len(found):,} spans, {failed or 'none'} failed: {page}")
