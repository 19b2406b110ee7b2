"""``tradewind sessions``: runs of workflows that are kept on this machine."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import click

from cli.options import as_json

if TYPE_CHECKING:
    from cli.workflow.kept import Stored
    from cli.workflow.sessions import Sessions

_STATUSES: Final = ("running", "paused", "completed", "failed")
_DAY_S: Final = 24 * 3600
_session = click.argument("session_id", metavar="ID")
_force = click.option("--force", is_flag=True, help="Do not ask.")


@click.group()
def sessions() -> None:
    """Runs of workflows that are kept on this machine: their prompts, answers and results.

    They are in the folder tradewind/sessions of XDG_DATA_HOME, else of ~/.local/share, a folder
    each, which nobody else may read.

    \b
    tradewind sessions list --status paused
    tradewind sessions show 20260105-101500-1a2b3c4d
    tradewind run --resume 20260105-101500-1a2b3c4d

    \b
    Exit status: 0 done
                 2 wrong usage
                 12 a session cannot be deleted
                 17 there is no such session, it is corrupt, or it runs
    """  # noqa: D301  click reads the \b


@sessions.command("list")
@click.option("--status", type=click.Choice(_STATUSES), help="Only those that stand so.")
@as_json
def list_sessions(*, status: str | None, as_json: bool) -> None:
    """List the sessions, the newest first."""
    from cli.api.texts import one_line

    found, broken = _sessions().all()
    chosen = [about for about in found if status in (None, about.status)]
    unreadable = broken if status is None else []
    if as_json:
        told = {"sessions": [about.model_dump() for about in chosen], "unreadable": unreadable}
        click.echo(json.dumps(told, indent=2))
        return
    for about in chosen:
        why = f"  {one_line(about.error, 120)}" if about.error else ""
        name = one_line(about.workflow, 40)
        click.echo(f"{about.id}  {about.status:<9}  {about.started_at[:19]}Z  {name}{why}")
    for name in unreadable:
        click.echo(f"{one_line(name, 80)}  corrupt")
    if not chosen and not unreadable:
        click.echo("There are none." if status is None else f"None is {status}.")


@sessions.command()
@_session
@as_json
def show(*, session_id: str, as_json: bool) -> None:
    """Show the session ID: what it was given, what is done, what it waits with, how it ended."""
    with _refused():
        stored = _sessions().look(session_id)
    if as_json:
        click.echo(json.dumps(_as_data(stored), indent=2))
    else:
        click.echo("\n".join(_as_text(stored)))


@sessions.command()
@_session
@_force
@as_json
def delete(*, session_id: str, force: bool, as_json: bool) -> None:
    """Delete the session ID. The files that it wrote elsewhere stay."""
    kept = _sessions()
    _ask(f"Delete session {session_id}?", force=force)
    with _refused():
        kept.delete(session_id)
    click.echo(json.dumps({"deleted": [session_id]}) if as_json else "Deleted.")


@sessions.command()
@click.option(
    "--max-age-days",
    "days",
    type=click.IntRange(0),
    default=7,
    show_default=True,
    help="Younger ones stay.",
)
@click.option("--keep-completed", is_flag=True, help="Completed ones stay.")
@_force
@as_json
def cleanup(*, days: int, keep_completed: bool, force: bool, as_json: bool) -> None:
    """Delete old sessions, those that wait for a person too. Those that run stay."""
    from cli.workflow.kept import SessionUnusable

    kept = _sessions()
    found, broken = kept.all()
    stay = {"running", "completed"} if keep_completed else {"running"}
    ids = [about.id for about in found if about.status not in stay] + broken
    old = [one for one in ids if kept.age_s(one) >= days * _DAY_S]
    if old:
        _ask(f"Delete {len(old)} session{'' if len(old) == 1 else 's'}?", force=force)
    deleted = []
    for one in old:
        # What is run again, or is gone, is passed over.
        with _refused(), suppress(SessionUnusable):
            kept.delete(one)
            deleted.append(one)
    kept.sweep()
    if as_json:
        click.echo(json.dumps({"deleted": deleted}))
    else:
        click.echo(f"{len(deleted)} session{'' if len(deleted) == 1 else 's'} deleted.")


def _sessions() -> "Sessions":
    import os

    from cli.workflow.sessions import sessions_of

    return sessions_of(os.environ)


@contextmanager
def _refused() -> Iterator[None]:
    from cli.errors import Ended
    from tradewind.workflow.engine.errors import WorkflowError

    try:
        yield
    except WorkflowError as unusable:
        raise Ended(str(unusable), unusable.exit_code) from None


def _ask(question: str, *, force: bool) -> None:
    if force:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal to ask in, give --force.")
    click.confirm(question, abort=True, err=True)


def _as_data(stored: "Stored") -> dict[str, object]:
    from dataclasses import asdict

    state, outcome = stored.state, stored.outcome
    return {
        **stored.about.model_dump(),
        "variables": stored.snapshot.variables,
        "spent": asdict(state.spent),
        "steps": [{"key": key, **record} for key, record in state.done.items()],
        "question": None if state.paused is None else asdict(state.paused),
        "result": None if outcome is None else outcome.text,
        "artifacts": [] if outcome is None else sorted(outcome.artifacts),
    }


def _as_text(stored: "Stored") -> Iterator[str]:
    from cli.api.texts import one_line, printable

    about, state = stored.about, stored.state
    yield f"session {about.id}: {about.status}"
    yield f"{one_line(about.workflow)}, {about.pattern}, {one_line(about.file)}"
    yield f"started {about.started_at}, last changed {about.updated_at}"
    spent = state.spent
    yield f"{spent.steps:,} steps, {spent.tokens:,} tokens, {spent.seconds:.1f} s"
    if about.error:
        yield f"error: {one_line(about.error, 2000)}"
    for name, value in stored.snapshot.variables.items():
        yield f"  --var {one_line(f'{name}={value}', 100)}"
    for key, record in state.done.items():
        yield f"  {one_line(key, 60)}: {one_line(record.get('response', ''), 100)}"
    if state.paused is not None:
        yield f"\n{printable(state.paused.prompt)}"
        yield f'Go on with: tradewind run --resume {about.id} --hitl-response "..."'
    elif about.status == "failed":
        yield f"Go on with: tradewind run --resume {about.id}"
    if stored.outcome is not None:
        yield f"\n{printable(stored.outcome.text)}"
