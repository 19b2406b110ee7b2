"""``tradewind durable``: workflows that run past one Lambda."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import as_json, for_environment

if TYPE_CHECKING:
    from cli.workflow.durable_runs import DurableRuns, RunSeen
    from tradewind.workflow.engine.artifacts import Written

_run = click.argument("run")


@click.group()
def durable() -> None:
    """Run workflows past one Lambda, for days, and wait for people at no cost.

    \b
    tradewind durable start FILE --var KEY=VALUE
    tradewind durable show RUN
    tradewind durable answer RUN "yes"
    tradewind durable stop RUN
    """  # noqa: D301  click reads the \b


@durable.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value of an input.")
@click.option("--run", help="The run's id; a new one is made without it.")
@click.option("--project-id", help="The project that agents asked by name work on.")
@click.option("--max-usd", type=click.FloatRange(min=0, min_open=True), help="What it may cost.")
@as_json
@for_environment
def start(
    *,
    file: Path,
    variables: tuple[str, ...],
    run: str | None,
    project_id: str | None,
    max_usd: float | None,
    as_json: bool,
    environment: str | None,
) -> None:
    """Start the workflow FILE where it is deployed, and print the run's id.

    Started again under the same id with the same, it is the same run.

    \b
    Exit status: 0 started
                 1 it cannot be started
                 2 wrong usage
                 3 the file is not valid, or a required input has no value
                 18 it asks for more than can be done past one Lambda
    """  # noqa: D301  click reads the \b
    from uuid import uuid4

    from cli.workflow import reports
    from cli.workflow.named_agents import known_names
    from tradewind.durable.documents import Start
    from tradewind.workflow.engine.operations import fault_past_one_lambda
    from tradewind.workflow.spec.loader import EXIT_UNSUPPORTED, EXIT_VALID, load

    given = reports.read_variables(variables)
    loaded = load(file, given, known_names())
    status = loaded.status(to_run=True)
    if loaded.spec is None or status != EXIT_VALID:
        reports.print_problems(loaded.problems, err=True)
        raise click.exceptions.Exit(status)
    fault = fault_past_one_lambda(loaded.spec)
    if fault is not None:
        click.echo(f"{file}: {fault}", err=True)
        raise click.exceptions.Exit(EXIT_UNSUPPORTED)
    wanted = Start(
        file.stem,
        loaded.sha256,
        run or f"{_safe(file.stem)}-{uuid4().hex[:12]}",
        given,
        project_id,
        max_usd,
    )
    _runs(environment).start(wanted)
    click.echo(json.dumps({"run": wanted.run_id}) if as_json else wanted.run_id)


@durable.command()
@_run
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the artifacts of a run that is done below this folder.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@as_json
@for_environment
def show(
    *, run: str, out: Path | None, force: bool, as_json: bool, environment: str | None
) -> None:
    """Show how RUN is: what is done, what it waits for, what it left.

    \b
    Exit status: 0 done
                 4 at work
                 10 failed; 12, 18 and 20 as of a run on this machine
                 17 there is no such run
                 19 it waits for a person
    """  # noqa: D301  click reads the \b
    seen = _runs(environment).see(run)
    if as_json:
        click.echo(json.dumps(seen.as_data(), indent=2, ensure_ascii=False))
    else:
        _print(seen)
    if out is not None and seen.left is not None:
        _write(seen.left.artifacts, out, force=force)
    raise click.exceptions.Exit(seen.exit_status)


@durable.command()
@_run
@click.argument("text")
@as_json
@for_environment
def answer(*, run: str, text: str, as_json: bool, environment: str | None) -> None:
    """Answer the question that RUN waits with.

    \b
    Exit status: 0 sent
                 17 there is no such run, it waits for nobody, or this is no answer to it
    """  # noqa: D301  click reads the \b
    import time

    _runs(environment).answer(run, text, time.time())
    click.echo(json.dumps({"run": run}) if as_json else "sent")


@durable.command()
@_run
@as_json
@for_environment
def stop(*, run: str, as_json: bool, environment: str | None) -> None:
    """End RUN. The agents at work end their work; nobody asks for it."""
    _runs(environment).stop(run)
    click.echo(json.dumps({"run": run}) if as_json else "stopped")


def _runs(environment: str | None) -> "DurableRuns":
    from cli.api.address import enter

    name, region = enter(environment)
    import boto3

    from cli.workflow.durable_runs import DurableRuns
    from stacks.names import live_function
    from tradewind.contracts.names import DURABLE

    return DurableRuns(boto3.client("lambda", region_name=region), live_function(name, DURABLE))


def _write(artifacts: "list[Written]", out: Path, *, force: bool) -> None:
    from cli.workflow.artifact_files import ArtifactFolder
    from tradewind.workflow.engine.errors import ArtifactFailed

    try:
        for file in ArtifactFolder(out, force=force).write(artifacts):
            click.echo(f"wrote {file}", err=True)
    except ArtifactFailed as failed:
        click.echo(str(failed), err=True)
        raise click.exceptions.Exit(failed.exit_code) from None


def _print(seen: "RunSeen") -> None:
    click.echo(f"{seen.run_id}: {seen.status.lower()}")
    for name in seen.done:
        click.echo(f"  done     {name}")
    for name in seen.at_work:
        click.echo(f"  at work  {name}")
    if seen.question is not None:
        pause = seen.question.pause
        click.echo(f"\nIt waits for a person:\n{pause.prompt}")
        if pause.context:
            click.echo(f"\n{pause.context}")
        if pause.choices:
            click.echo(f"\nOne of: {', '.join(pause.choices)}")
        click.echo(f'\n`tradewind durable answer {seen.run_id} "..."` answers.')
    if seen.error is not None:
        click.echo(seen.error[1], err=True)
    if seen.left is not None:
        click.echo(f"\n{seen.left.text}")


def _safe(name: str) -> str:
    """A file's name as the beginning of a run's id."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:40]
