"""What is checked before a run costs anything: its file or session, and where its results go."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cli.workflow import reports
from cli.workflow.artifact_files import ArtifactFolder
from cli.workflow.kept import About, SessionUnusable, Stored
from cli.workflow.models import open_models, surroundings
from cli.workflow.named_agents import known_names
from cli.workflow.plans import planned
from cli.workflow.running import Ended, LocalRun, Wishes, file_name
from cli.workflow.sessions import Session, Sessions
from tradewind.workflow.engine.errors import Unsupported, WorkflowError
from tradewind.workflow.spec.inputs import Misfit, convert
from tradewind.workflow.spec.loader import EXIT_UNSUPPORTED, Loaded, load
from tradewind.workflow.spec.problem import Severity, shown, shown_path


def run_file(
    file: Path,
    variables: Mapping[str, str],
    wishes: Wishes,
    sessions: Sessions | None,
    *,
    ask: bool,
    consent: bool,
) -> Ended:
    """Run a file from its start.

    Args:
        file: It.
        variables: What it is given, as text.
        wishes: How it is to be done.
        sessions: Where it is kept; None for nowhere.
        ask: Whether a person is asked for the inputs that are missing.
        consent: Whether tools may do what a person is asked about otherwise.

    Raises:
        click.UsageError: It cannot be run so.
    """
    loaded = load(file, variables, known_names())
    if ask:
        loaded, variables = _with_asked(loaded, variables)
    if stopped := _problems(loaded, wishes):
        return stopped
    if sessions is None and any(step.kind == "person" for step in planned(loaded).steps):
        raise click.UsageError(
            f"{shown_path(str(file))} asks a person: it needs a session to wait in."
        )
    return _run(loaded, wishes, sessions, variables, consent=consent)


def run_session(
    sessions: Sessions,
    session_id: str,
    answer: str | None,
    wishes: Wishes,
    *,
    consent: bool,
    same_out: bool,
) -> Ended:
    """Run on from where a session stands.

    Args:
        sessions: The user's.
        session_id: Which.
        answer: A person's answer to what it asks.
        wishes: How it is to be done.
        consent: Whether tools may do what a person is asked about otherwise.
        same_out: Whether its artifacts go where they were to go at its start.
    """
    try:
        session, stored = sessions.resume(session_id)
    except WorkflowError as unusable:
        return _failed(unusable, session_id)
    if same_out:
        wishes = replace(wishes, out=Path(stored.about.out))
    try:
        return _gone_on(session, stored, answer, wishes, consent=consent)
    except WorkflowError as failed:
        # Nothing of it is changed: it stands as it stood.
        return _failed(failed, session_id)
    finally:
        session.close()


def newest(sessions: Sessions, file: Path, variables: Mapping[str, str]) -> About | None:
    """The newest session of a file that can be gone on with; with variables, of those alone."""
    own = os.path.realpath(file)
    for about in sessions.all()[0]:
        if os.path.realpath(about.file) != own or about.status not in ("failed", "paused"):
            continue
        try:
            if not variables or sessions.look(about.id).snapshot.variables == variables:
                return about
        except SessionUnusable:
            continue
    return None


def _gone_on(
    session: Session, stored: Stored, answer: str | None, wishes: Wishes, *, consent: bool
) -> Ended:
    about, snapshot, state = stored.about, stored.snapshot, stored.state
    loaded = load(Path(about.file), snapshot.variables, known_names(), contents=snapshot.contents())
    if loaded.sha256 != about.sha256:
        raise SessionUnusable(f"session {about.id} is corrupt: its files are not what they were")
    _warn_of_changes(about)
    answered = state.paused is not None or answer is not None
    if answered:
        state.answer(answer, time.time())
    if stopped := _problems(loaded, wishes):
        return replace(stopped, session=about.id)
    placed = wishes
    if stored.outcome is None:  # else nothing is asked any more
        try:
            placed = _placed(loaded, wishes, consent=consent)
        except Unsupported as failed:
            return _reported(_failed(failed, about.id), loaded, wishes)
    run = LocalRun(loaded, placed, None, snapshot.variables, open_models)
    if stored.outcome is None:
        run.check()
    if answered:
        # Not before: what cannot run now is to be asked, and answered, as it was.
        session.save(state)
    session.stand("running")
    return _reported(run.go_on(session, state, stored.outcome), loaded, wishes)


def _run(
    loaded: Loaded,
    wishes: Wishes,
    sessions: Sessions | None,
    variables: Mapping[str, Any],
    *,
    consent: bool,
) -> Ended:
    try:
        run = LocalRun(
            loaded, _placed(loaded, wishes, consent=consent), sessions, variables, open_models
        )
        run.check()
    except WorkflowError as failed:
        ended = _failed(failed, None)
    else:
        ended = run.start()
    return _reported(ended, loaded, wishes)


def _placed(loaded: Loaded, wishes: Wishes, *, consent: bool) -> Wishes:
    assert loaded.spec is not None  # noqa: S101  it was checked
    around = surroundings(loaded.spec, consent=consent)
    return replace(wishes, environ=around.environ, models=around.models)


def _problems(loaded: Loaded, wishes: Wishes) -> Ended | None:
    """Say what is wrong; None where it can run all the same."""
    status = loaded.status(to_run=True)
    if loaded.spec is None and len(loaded.problems) == 1:
        # What is wrong is a line, and nothing is to be counted.
        return Ended(
            "failed", status, None, error=str(loaded.problems[0]), problems=loaded.problems
        )
    reports.print_problems(loaded.problems, err=True)
    if not status:
        return None
    ended = Ended("failed", status, None, error=reports.verdict(loaded))
    ended.problems = loaded.problems
    if status == EXIT_UNSUPPORTED:
        asked = [str(one) for one in loaded.problems if one.severity is Severity.UNSUPPORTED]
        ended.report = _report(loaded, wishes, asked)
    elif all(one.severity is not Severity.ERROR for one in loaded.problems):
        undefined = any(one.severity is Severity.UNDEFINED_NAME for one in loaded.problems)
        told = "reads names that nobody defines" if undefined else "lacks inputs to run"
        ended.error = f"{shown_path(str(loaded.file))} {told}"
    return ended


def _reported(ended: Ended, loaded: Loaded, wishes: Wishes) -> Ended:
    if ended.exit_code == Unsupported.exit_code and ended.error is not None:
        ended.report = _report(loaded, wishes, [ended.error])
    return ended


def _report(loaded: Loaded, wishes: Wishes, asked: list[str]) -> Path | None:
    """Write down what there is no support for."""
    name = loaded.file.stem if loaded.spec is None else loaded.spec.name
    lines = [
        f"# {shown(name)}: not supported",
        "",
        "The workflow is valid, and asks for what there is no support for:",
        "",
        *(f"- {one}" for one in asked),
        "",
        "`tradewind list-supported` says what there is.",
    ]
    folder = ArtifactFolder(wishes.out, force=True)
    try:
        return folder.report(f"{file_name(name)}-unsupported.md", "\n".join(lines) + "\n")
    except WorkflowError as failed:
        click.echo(f"The report cannot be written: {failed}", err=True)
        return None


def _failed(error: WorkflowError, session_id: str | None) -> Ended:
    return Ended("failed", error.exit_code, session_id, error=str(error))


def _warn_of_changes(about: About) -> None:
    now = load(Path(about.file))
    if now.sha256 != about.sha256:
        click.echo(
            f"{shown_path(about.file)} has changed since: the session goes on with what it was.",
            err=True,
        )


def _with_asked(loaded: Loaded, variables: Mapping[str, str]) -> tuple[Loaded, dict[str, str]]:
    """Ask a person for the inputs that are missing."""
    given = dict(variables)
    if loaded.spec is None:
        return loaded, given
    missing = [name for name in loaded.spec.inputs.required if name not in loaded.values]
    if missing and not sys.stdin.isatty():
        listed = ", ".join(map(shown, missing))
        raise click.UsageError(f"--ask needs a terminal to ask for {listed}; give them by --var.")
    for name in missing:
        one = loaded.spec.inputs.required[name]
        if one.description:
            click.echo(shown(one.description, 400), err=True)
        choices = None if one.enum is None else list(one.enum)
        hint = one.type if choices is None else ", ".join(map(str, choices))
        while True:
            given[name] = click.prompt(f"{shown(name)} ({shown(hint, 200)})", err=True)
            try:
                convert(given[name], one.type, choices)
                break
            except Misfit as misfit:
                click.echo(str(misfit), err=True)
    return load(loaded.file, given, known_names()), given
