"""``tradewind run``: a workflow on this machine."""

from pathlib import Path
from typing import Final

import click

from cli.options import as_json

_OUT: Final = Path("artifacts")


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--var",
    "variables",
    multiple=True,
    metavar="KEY=VALUE",
    help="A value of an input; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for what the run leaves: ./artifacts, or the session's.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("-a", "--ask", is_flag=True, help="Ask for the inputs that are missing.")
@click.option(
    "--bypass-tool-consent",
    "consent",
    is_flag=True,
    help="Tools do not ask before they act, as they do on a terminal.",
)
@click.option("--trace", is_flag=True, help="Write what was done when as NAME-trace.json.")
@click.option(
    "--debug",
    is_flag=True,
    help="Count models, agents, tools: what was made, found ready, called.",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell more while it runs.")
@click.option("--no-save-session", is_flag=True, help="Keep nothing; it cannot be resumed then.")
@click.option("-r", "--resume", metavar="ID", help="Go on with a session.")
@click.option(
    "--auto-resume",
    is_flag=True,
    help="Go on with the newest session of FILE that failed or waits, if there is one.",
)
@click.option("--hitl-response", "answer", metavar="TEXT", help="The answer that it waits for.")
@as_json
def run(
    *,
    file: Path | None,
    variables: tuple[str, ...],
    out: Path | None,
    force: bool,
    ask: bool,
    consent: bool,
    trace: bool,
    debug: bool,
    verbose: bool,
    no_save_session: bool,
    resume: str | None,
    auto_resume: bool,
    answer: str | None,
    as_json: bool,
) -> None:
    """Run the workflow in FILE, or go on with a session.

    Everything that is wrong with the file, its inputs or the places of its results is said before
    a model is called. The result is printed; how it gets on is told on standard error. Each step
    that is done is kept: after a failure, Ctrl-C or a crash --resume goes on where it was, and no
    finished step runs again.

    \b
    tradewind run examples/workflows/chain-brief.yaml --var topic="wakes"
    tradewind run flow.yaml --out results --trace
    tradewind run --resume 20260105-101500-1a2b3c4d --hitl-response "approved"

    \b
    Exit status: 0 done
                 2 wrong usage
                 3 the file is not valid, or an input is missing or does not fit
                 10 a model, a tool or the workflow's own logic failed
                 12 a result or the session cannot be written
                 17 no such session, it is corrupt or completed, or its answer is missing
                 18 the file asks for what there is no support for
                 19 it waits for a person
                 20 a budget is spent
                 70 something nobody foresaw
                 130 interrupted; the session can be gone on with
    """  # noqa: D301  click reads the \b
    _check_usage(
        file, resume, answer, variables, ask=ask, keep=not no_save_session, auto=auto_resume
    )
    import os

    from cli.workflow import reports, run_report, start
    from cli.workflow.running import Wishes
    from cli.workflow.sessions import sessions_of

    given = reports.read_variables(variables)
    wishes = Wishes(out or _OUT, force=force, trace=trace, verbose=verbose)
    # Of the user's surroundings, before AWS's take their place.
    sessions = sessions_of(os.environ)
    if auto_resume and file is not None and (found := start.newest(sessions, file, given)):
        resume = found.id
    if resume is not None:
        ended = start.run_session(
            sessions, resume, answer, wishes, consent=consent, same_out=out is None
        )
    else:
        assert file is not None  # noqa: S101  it was checked
        kept = None if no_save_session else sessions
        ended = start.run_file(file, given, wishes, kept, ask=ask, consent=consent)
    if as_json:
        run_report.show_json(ended)
    else:
        run_report.show(ended, debug=debug)
    if ended.status == "interrupted":
        raise KeyboardInterrupt
    raise click.exceptions.Exit(ended.exit_code)


def _check_usage(
    file: Path | None,
    resume: str | None,
    answer: str | None,
    variables: tuple[str, ...],
    *,
    ask: bool,
    keep: bool,
    auto: bool,
) -> None:
    if (file is None) == (resume is None):
        raise click.UsageError("Give FILE or --resume ID, and not both.")
    if answer is not None and resume is None:
        raise click.UsageError("--hitl-response answers a session: give --resume ID, too.")
    if resume is not None and (variables or ask or auto):
        raise click.UsageError("--var, --ask and --auto-resume do not go with --resume.")
    if not keep and (resume is not None or auto):
        raise click.UsageError("--no-save-session does not go with sessions.")
