"""``tradewind validate``, ``explain`` and ``plan``: workflow files, read and not run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import as_json

if TYPE_CHECKING:
    from tradewind.workflow.spec.loader import Loaded

_file = click.argument("file", type=click.Path(path_type=Path))
_variables = click.option(
    "--var",
    "variables",
    multiple=True,
    metavar="KEY=VALUE",
    help="A value of an input; may be repeated.",
)


@click.command()
@_file
@_variables
@as_json
def validate(*, file: Path, variables: tuple[str, ...], as_json: bool) -> None:
    """Find every mistake in a workflow file, without calling a model.

    Each is a line with the file, the line, the column, the JSON pointer of its place, what is wrong
    and what would be right.

    \b
    tradewind validate examples/workflows/chain-brief.yaml --var topic="wakes"
    tradewind validate flow.yaml --json

    \b
    Exit status: 0 valid; warnings do not count
                 2 wrong usage
                 3 not valid, or a required input has no value
                 18 valid, but it asks for what there is no support for
    """  # noqa: D301  click reads the \b
    from cli.workflow import reports
    from cli.workflow.named_agents import known_names
    from tradewind.workflow.spec.loader import load

    loaded = load(file, reports.read_variables(variables), known_names())
    if as_json:
        click.echo(reports.as_json(loaded))
    else:
        reports.print_problems(loaded.problems)
        if len(loaded.problems) != 1 or loaded.spec is not None:
            click.echo(reports.verdict(loaded))
    raise click.exceptions.Exit(loaded.status(to_run=False))


@click.command()
@_file
@as_json
def explain(*, file: Path, as_json: bool) -> None:
    """Say what a workflow would do, what it needs, and what of it there is no support for.

    \b
    tradewind explain examples/workflows/chain-brief.yaml

    \b
    Exit status: 0 explained, supported or not
                 2 wrong usage
                 3 the file is not valid
    """  # noqa: D301  click reads the \b
    from cli.workflow.explanation import as_data, as_text

    loaded = _read(file)
    click.echo(json.dumps(as_data(loaded), indent=2) if as_json else as_text(loaded))


@click.command()
@_file
@click.option(
    "--format",
    "shape",
    type=click.Choice(["md", "json", "svg"]),
    default="md",
    show_default=True,
    help="A page, data, or a picture.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to this file instead of standard output.",
)
@click.option("--json", "shape", flag_value="json", help="The same as --format json.")
def plan(*, file: Path, shape: str, out: Path | None) -> None:
    """Show what a workflow would run, and in which order.

    \b
    tradewind plan examples/workflows/dag-site-study.yaml
    tradewind plan examples/workflows/dag-site-study.yaml --format svg --out plan.svg

    \b
    Exit status: 0 planned
                 2 wrong usage
                 3 the file is not valid
    """  # noqa: D301  click reads the \b
    from cli.workflow.plans import as_data, as_markdown, planned

    loaded = _read(file)
    made = planned(loaded)
    if shape == "json":
        text = json.dumps(as_data(made), indent=2)
    elif shape == "md":
        text = as_markdown(made)
    else:
        from cli.workflow.picture import draw

        text = draw(made)
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as failed:
        from cli.errors import CommandError

        raise CommandError(f"{out} cannot be written: {failed.strerror or failed}") from None


def _read(file: Path) -> "Loaded":
    """A file without errors; else they are printed, and the command ends."""
    from cli.workflow import reports
    from cli.workflow.named_agents import known_names
    from tradewind.workflow.spec.loader import EXIT_INVALID, load

    loaded = load(file, named=known_names())
    if loaded.spec is None:
        reports.print_problems(loaded.problems, err=True)
        raise click.exceptions.Exit(EXIT_INVALID)
    return loaded
