"""``tradewind alarms``: the alarms of the templates, tested; and those that are red now."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cli.errors import CommandError
from cli.options import Span, as_json, for_environment, templates


@click.group()
def alarms() -> None:
    """Test the alarms of the synthesized templates, and see which of them are red."""


@alarms.command(name="now")
@for_environment
@as_json
def show_red_alarms(environment: str | None, as_json: bool) -> None:
    """Print the alarms that are red, those first that have been for longest, and what to do next.

    For each: whether it pages or waits for the morning, its runbook, where its graph is, and the
    commands that print the requests it is about and the log lines of one of them.

    Exit status 0: none is red. 1: some are, or CloudWatch cannot be asked.

    \b
    tradewind alarms now --env prod
    """  # noqa: D301  click reads the \b
    from cli import alarms_now
    from cli.api.address import enter

    name, region = enter(environment)
    red = alarms_now.red_alarms(name, region)
    if as_json:
        click.echo(json.dumps({"environment": name, "red": alarms_now.as_objects(red)}, indent=2))
    else:
        alarms_now.show(red, datetime.now(UTC))
    if red:
        raise CommandError(f"{len(red)} {'alarms are' if len(red) > 1 else 'alarm is'} red.")
    if not as_json:
        click.echo(f"No alarm of {name} is red.")


@alarms.command(name="test")
@templates("The folder of the synthesized templates. [default: cdk.out]")
@as_json
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def run_alarm_tests(templates: Path | None, as_json: bool, files: tuple[Path, ...]) -> None:
    """Give alarms metrics over time, and check when they go off.

    FILES are YAML; docs/alarm-tests.md explains them. Without any, those in tests/alarms are run,
    and every alarm must have a test in which it goes off and one in which it does not.

    An alarm that is not evaluated here, such as one of anomaly detection, is named and left out.

    Exit status 1: an expectation was not met, or an alarm has no tests. 2: a file or a template is
    not as it must be.

    \b
    cdk synth -c env=dev && tradewind alarms test
    tradewind alarms test --templates cdk.out tests/alarms/requests.yaml
    """  # noqa: D301  click reads the \b
    from cli.alarms import problem, run_tests, show, summary

    tested = run_tests(templates, files)
    if as_json:
        click.echo(json.dumps(summary(tested), indent=2))
    else:
        show(tested)
    if wrong := problem(tested):
        raise CommandError(wrong)


@alarms.command(name="coverage")
@templates("The folder of the synthesized templates. [default: cdk.out]")
@as_json
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show_coverage(templates: Path | None, as_json: bool, files: tuple[Path, ...]) -> None:
    """Say which alarms, thresholds and states no test moves.

    The tests of an alarm have to show it going off, ending and staying quiet, and to notice each
    small mistake in it: in its threshold, its counts, its missing data, its least samples.

    FILES are as for `tradewind alarms test`. Exit status 1: something is not shown. 2: a file or a
    template is not as it must be.

    \b
    tradewind alarms coverage
    """  # noqa: D301  click reads the \b
    from cli.alarm_coverage import as_object, measure, problem, show

    covered, unsupported = measure(templates, files)
    if as_json:
        click.echo(json.dumps(as_object(covered, unsupported), indent=2))
    else:
        show(covered, unsupported)
    if wrong := problem(covered):
        raise CommandError(wrong)


@alarms.command(name="backtest")
@click.argument("alarm")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What was published, as CSV or JSON, instead of what CloudWatch has.",
)
@for_environment
@click.option("--since", type=Span(), help="How long ago it begins, such as 1d. [default: 1d]")
@click.option("--until", type=Span(), help="How long ago it ends. [default: now]")
@click.option("--threshold", type=float, help="Another threshold than the alarm's own.")
@templates("The folder of the synthesized templates. [default: cdk.out]")
@as_json
def run_backtest(
    *,
    alarm: str,
    file: Path | None,
    environment: str | None,
    since: timedelta | None,
    until: timedelta | None,
    threshold: float | None,
    templates: Path | None,
    as_json: bool,
) -> None:
    """Say when an alarm would have gone off over what was published, and come back.

    ALARM is a name, the end of a name after a hyphen, or a logical id; `*` stands for anything. The
    data come from the embedded AWS, with --env from your account, whose CloudWatch charges for what
    is asked of it, and with --file from a file that docs/alarm-tests.md explains.

    Exit status 2: a file, a template or the alarm is not as it must be, or there are no data of an
    alarm at all.

    \b
    tradewind alarms backtest terrain-latency --since 1w --threshold 300000
    tradewind alarms backtest "*-errors" --file history.csv --json
    """  # noqa: D301  click reads the \b
    if file and (environment or since or until):
        raise click.UsageError("--env, --since and --until are for what CloudWatch has.")
    begin, end = since or timedelta(days=1), until or timedelta()
    if begin <= end:
        raise click.UsageError("--since must be longer ago than --until.")
    from cli import alarm_backtest as work
    from cli.alarms import WrongInput, alarms_of
    from cli.api.address import enter

    known = alarms_of(templates)
    if file:
        past = work.past_of_file(file)
    else:
        _, region = enter(environment)
        past = work.past_of_cloudwatch(region, begin, end, known)
    found = work.run_backtest(known, alarm, past, threshold)
    if as_json:
        click.echo(json.dumps(work.as_objects(found), indent=2))
    else:
        work.show(found)
    if wrong := work.problem(found):
        raise WrongInput(wrong)


@alarms.command(name="stories")
@templates("The folder of the synthesized templates. [default: cdk.out]")
@as_json
@click.option("--page", is_flag=True, help="Print them as docs/alarm-stories.md has them.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def tell_stories(
    templates: Path | None, as_json: bool, page: bool, files: tuple[Path, ...]
) -> None:
    """Let hours and days happen to the app, and check which notifications go out.

    FILES are YAML; docs/alarm-tests.md explains them. Without any, those in tests/stories are told.

    Exit status 1: a notification was missing, or not expected. 2: a file or a template is not as it
    must be.

    \b
    cdk synth -c env=prod && tradewind alarms stories
    """  # noqa: D301  click reads the \b
    from cli import alarm_stories

    told, elsewhere = alarm_stories.run_stories(templates, files)
    if page:
        click.echo(alarm_stories.page(told), nl=False)
    elif as_json:
        click.echo(json.dumps(alarm_stories.summary(told, elsewhere), indent=2))
    else:
        alarm_stories.show(told, elsewhere)
    if wrong := alarm_stories.problem(told):
        raise CommandError(wrong)
