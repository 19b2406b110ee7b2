"""A run of a workflow on this machine, from its file or from where a session stands."""

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from cli.api.texts import one_line
from cli.workflow import interruptible
from cli.workflow.artifact_files import ArtifactFolder
from cli.workflow.consent import consent_on
from cli.workflow.kept import About, Outcome, Snapshot, now
from cli.workflow.live import Screen, View
from cli.workflow.sessions import Session, Sessions, new_id
from tradewind.telemetry.workflow_spans import open_spans
from tradewind.workflow.engine.artifacts import known_paths, render_artifacts
from tradewind.workflow.engine.calls import Agents
from tradewind.workflow.engine.errors import PAUSED_EXIT, ArtifactFailed, WorkflowError
from tradewind.workflow.engine.events import Event, Observer
from tradewind.workflow.engine.execute import Result, execute
from tradewind.workflow.engine.state import Pause, Spent, State
from tradewind.workflow.engine.trace import Trace
from tradewind.workflow.spec.loader import Loaded
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.problem import Problem

#: Asks whoever started the run, for a tool.
Allow = Callable[[str, str], Awaitable[bool]]
#: Opens a run's agents, and what tells of them.
OpenAgents = Callable[
    [Loaded, str, Mapping[str, str], Allow | None], AbstractAsyncContextManager[tuple[Agents, Any]]
]
_INTERRUPTED: Final = 130
_UNEXPECTED: Final = 70


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a run is to be done.

    Attributes:
        out: Where artifacts go.
        force: Whether files that are there may be replaced.
        trace: Whether its trace is written there.
        verbose: Whether more is told while it runs.
        environ: The variables that it may see.
        models: Where its models are, for whoever looks on.
    """

    out: Path
    force: bool = False
    trace: bool = False
    verbose: bool = False
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    models: str = ""


@dataclass(slots=True)
class Ended:
    """How a run ended.

    Attributes:
        status: completed, paused, failed or interrupted.
        exit_code: That says so.
        session: The id that it can be found by; None if it was not kept.
        text: Its result.
        artifacts: The files it wrote.
        trace: The file of its trace.
        spent: What it used, over all its resumptions.
        question: What it waits with.
        error: What it failed with, in a line.
        cause: The same, where nobody foresaw it.
        statistics: How often agents' parts were found ready.
        problems: What was wrong with the file.
        report: The file that says what there is no support for.
    """

    status: str
    exit_code: int
    session: str | None
    text: str = ""
    artifacts: list[Path] = field(default_factory=list)
    trace: Path | None = None
    spent: Spent = field(default_factory=Spent)
    question: Pause | None = None
    error: str | None = None
    cause: BaseException | None = None
    statistics: Any = None
    problems: tuple[Problem, ...] = ()
    report: Path | None = None


class LocalRun:
    """One run, which has been checked.

    Args:
        loaded: The workflow, without problems that keep it from running.
        wishes: How it is to be done.
        sessions: Where it is kept; None for nowhere.
        variables: What it was given, as it was given.
        open_agents: Opens its agents.
    """

    def __init__(
        self,
        loaded: Loaded,
        wishes: Wishes,
        sessions: Sessions | None,
        variables: Mapping[str, Any],
        open_agents: OpenAgents,
    ) -> None:
        assert loaded.spec is not None  # noqa: S101  it was checked
        self._loaded = loaded
        self._spec: Spec = loaded.spec
        self._wishes = wishes
        self._sessions = sessions
        self._variables = dict(variables)
        self._open_agents = open_agents
        self._folder = ArtifactFolder(wishes.out, force=wishes.force)
        self._statistics: Any = None
        self._trace: Trace | None = None

    def check(self) -> None:
        """Find out what would keep its artifacts from being written, before it costs anything.

        Raises:
            ArtifactFailed: Something would.
        """
        self._folder.check(known_paths(self._spec, self._loaded.values))

    def start(self) -> Ended:
        """Run it from its start."""
        return self._go(State(), None, None)

    def go_on(self, session: Session, state: State, outcome: Outcome | None) -> Ended:
        """Run it on from where a session stands; the session is closed at the end."""
        return self._go(state, session, outcome)

    def _go(self, state: State, session: Session | None, outcome: Outcome | None) -> Ended:
        """Run it, and say how it ended, whatever happens."""
        held = [session] if session is not None else []
        view = View(state.spent, verbose=self._wishes.verbose)
        ended = Ended("failed", _UNEXPECTED, session.id if session else None, spent=state.spent)
        try:
            if outcome is None:
                result = self._executed(state, held, view)
                if result.paused is None:
                    outcome = self._outcome(result)
                    if held:
                        held[0].keep(outcome)
            if outcome is not None:
                ended.text = outcome.text
                ended.artifacts = self._folder.write(outcome.written())
                ended.status, ended.exit_code = "completed", 0
                self._stand(held, "completed")
            else:
                ended.question = state.paused
                ended.status, ended.exit_code = "paused", PAUSED_EXIT
                self._stand(held, "paused")
        except KeyboardInterrupt:
            self._fail(ended, held, "interrupted", _INTERRUPTED, "interrupted")
        except WorkflowError as error:
            self._fail(ended, held, "failed", error.exit_code, str(error))
        except Exception as error:
            ended.cause = error
            self._fail(ended, held, "failed", _UNEXPECTED, str(error) or type(error).__name__)
        finally:
            if held:
                ended.session = held[0].id
                held[0].close()
        ended.statistics = self._statistics
        self._write_trace(ended)
        return ended

    def _executed(self, state: State, held: list[Session], view: View) -> Result:
        """Run it to its end or its next pause, drawn and traced."""
        title = ", ".join(filter(None, [self._title(held), self._wishes.models]))
        spans = open_spans(
            self._spec, self._wishes.environ, warn=_warn, console=partial(click.echo, err=True)
        )
        try:
            with Screen(view, title) as screen:
                allow = consent_on(screen)
                work = self._run(state, held, _both(spans, view), spans.trace, allow)
                return interruptible.run(work, screen.leave)
        finally:
            spans.close()

    async def _run(
        self,
        state: State,
        held: list[Session],
        observer: Observer,
        trace: Trace,
        allow: Allow | None,
    ) -> Result:
        run_id = held[0].id if held else new_id()
        async with self._open_agents(self._loaded, run_id, self._wishes.environ, allow) as opened:
            agents, self._statistics = opened
            # Before a step there is nothing to trace.
            self._trace = trace
            if not held and self._sessions is not None:
                held.append(self._begun(self._sessions, run_id, state))
            save = held[0].save if held else None
            try:
                return await execute(
                    self._spec,
                    agents,
                    self._loaded.values,
                    state=state,
                    observer=observer,
                    save=save,
                )
            except BaseException:
                if save is not None:
                    # What failing attempts and the time until now used up; why it failed says more.
                    with suppress(WorkflowError):
                        save(state)
                raise

    def _begun(self, sessions: Sessions, run_id: str, state: State) -> Session:
        began = now()
        about = About(
            id=run_id,
            workflow=self._spec.name,
            file=str(self._loaded.file.absolute()),
            pattern=self._spec.pattern.type,
            sha256=self._loaded.sha256,
            out=str(self._wishes.out.absolute()),
            status="running",
            started_at=began,
            updated_at=began,
        )
        files = {
            str(file.absolute()): content.decode()
            for file, content in self._loaded.contents.items()
        }
        return sessions.create(about, Snapshot(files=files, variables=self._variables), state)

    def _outcome(self, result: Result) -> Outcome:
        trace = None if self._trace is None else self._trace.to_json()
        artifacts = render_artifacts(self._spec, result, trace=trace, now=time.time())
        return Outcome.of(result.text, artifacts)

    def _title(self, held: list[Session]) -> str:
        what = f"{self._spec.name}: {self._spec.pattern.type}"
        return f"{what}, session {held[0].id} goes on" if held else what

    def _stand(self, held: list[Session], status: Any, error: str | None = None) -> None:
        if held:
            held[0].stand(status, error)

    def _fail(
        self, ended: Ended, held: list[Session], status: str, exit_code: int, error: str
    ) -> None:
        ended.status, ended.exit_code, ended.error = status, exit_code, error
        try:
            self._stand(held, "failed", error)
        except WorkflowError:
            # It says that it runs, and is nobody's: it is taken as cut short.
            return

    def _write_trace(self, ended: Ended) -> None:
        if not self._wishes.trace or self._trace is None:
            return
        try:
            ended.trace = _written(self._folder, self._trace, self._spec.name, ended.artifacts)
        except WorkflowError as error:
            if ended.exit_code == 0:
                ended.status, ended.exit_code, ended.error = "failed", error.exit_code, str(error)
            else:
                # How the run ended says more.
                _warn(str(error))


def _written(folder: ArtifactFolder, trace: Trace, name: str, artifacts: list[Path]) -> Path:
    """Write a trace as ``<name>-trace.json``.

    Raises:
        ArtifactFailed: It cannot be written.
    """
    file = f"{file_name(name)}-trace.json"
    if folder.out / file in artifacts:
        raise ArtifactFailed(f"{file} is an artifact's name, and the trace's")
    text = json.dumps(trace.to_json(), ensure_ascii=False, indent=2)
    return folder.report(file, f"{text}\n")


def file_name(name: str) -> str:
    """A workflow's name as the beginning of a file's."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._")[:100] or "workflow"


def _warn(line: str) -> None:
    click.echo(one_line(line), err=True)


def _both(first: Observer, second: Observer) -> Observer:
    def told(event: Event) -> None:
        first(event)
        second(event)

    return told
