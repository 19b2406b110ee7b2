"""An agent whose work is workflows: it is asked for one by name, and runs it.

It lives as any agent does, with a record, kept answers, budgets, cancellation, questions and one
commit of its artifacts. The request's ``query`` is the workflow's name, its ``parameters`` are the
inputs. A step is to the caller what a tool call is; a workflow's pause is a question to a person.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from tradewind.aws.repeats import Once
from tradewind.bedrock.client import process_clients
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import (
    AgentChanged,
    InternalError,
    InvalidRequest,
    NobodyToAsk,
    WorkflowFailed,
)
from tradewind.contracts.names import LIVE_ALIAS, function_name
from tradewind.contracts.request import AgentRequest
from tradewind.contracts.texts import well_formed
from tradewind.run.agent_run import AgentRun
from tradewind.run.pause import MAX_QUESTION_LENGTH, Asked, FrameworkState, Pause
from tradewind.telemetry.workflow_redaction import redactor
from tradewind.workflow.engine import state as engine
from tradewind.workflow.engine.artifacts import Written, known_paths, render_artifacts
from tradewind.workflow.engine.errors import AnswerUnusable, WorkflowError
from tradewind.workflow.engine.events import Event, StepEnded, StepStarted
from tradewind.workflow.engine.execute import Result, execute
from tradewind.workflow.engine.state import State
from tradewind.workflow.engine.trace import Trace
from tradewind.workflow.spec.loader import Loaded
from tradewind.workflow_agents.agents import NamedAgents, open_agents
from tradewind.workflow_agents.lambda_agents import READ_TIMEOUT_S, LambdaAgents
from tradewind.workflow_agents.models import ModelPool
from tradewind.workflow_agents.tools.folder import Folder
from tradewind.workflow_agents.tools.tool import ToolRefused
from tradewind.workflow_function.artifacts import file_names, save
from tradewind.workflow_function.failures import typed
from tradewind.workflow_function.files import WorkflowFiles
from tradewind.workflow_function.loading import check_file, load_to_run
from tradewind.workflow_function.one_call import answer_call
from tradewind.workflow_function.surroundings import bucket_of, environ_of

FORMAT: Final = "workflow/1"
#: What asks a person, to a caller.
STEP: Final = "workflow"
#: What a workflow has no use for: an agent of its own says it, in the file.
_NOT_TAKEN: Final = (
    *("session_id", "system_prompt", "context", "max_tokens", "temperature", "output_schema"),
)

#: Gives the agents that are asked by name: of an environment, on a project, for an owner.
Named = Callable[[AgentEnvironment, str, str], NamedAgents]


def lambda_agents(environment: AgentEnvironment, project_id: str, owner: str) -> NamedAgents:
    """The agents behind their functions."""
    functions = {
        name: f"{function_name(environment.environment, name)}:{LIVE_ALIAS}"
        for name in environment.calls
    }
    return LambdaAgents(functions, _client(), project_id=project_id, owner=owner)


@cache
def _client() -> Any:
    return process_clients().create("lambda", repeats=Once(), read_timeout_s=READ_TIMEOUT_S)


@dataclass(frozen=True)
class WorkflowAgent:
    """The definition of an agent that runs workflows. See ``run.definition.AgentDefinition``.

    Attributes:
        files: Its workflows.
        named: Gives the agents that they ask by name.
        pool: The models; the process's without it.
    """

    files: WorkflowFiles
    named: Named = lambda_agents
    pool: ModelPool | None = None

    @property
    def has_tools(self) -> bool:
        """Whether anybody reads the parameters: the workflow does, whatever their length."""
        return True

    async def answer(self, run: AgentRun) -> None:
        """Run the workflow that a request asks for.

        Raises:
            TradewindError: It was refused, or failed.
        """
        request, environment = run.request, run.environment
        if request is None or not isinstance(environment, AgentEnvironment):
            raise InternalError("A workflow is run for a request, in a function.")
        _check_options(request)
        with tempfile.TemporaryDirectory(prefix="workflow-") as folder:
            scratch = Path(folder)
            file = await asyncio.to_thread(
                self.files.find, request.query, bucket_of(environment), scratch
            )
            loaded = await asyncio.to_thread(
                load_to_run, file, request.query, request.parameters, environment
            )
            named = self.named(environment, run.project.project_id, request.owner)
            try:
                await _Running(run, loaded, scratch, environment, named, self.pool).go()
            except WorkflowError as error:
                raise typed(error) from error

    def answer_call(
        self, event: Mapping[str, Any], environment: AgentEnvironment, remaining_s: float
    ) -> dict[str, Any]:
        """Answer a single call of a run that is elsewhere. See ``one_call``."""
        return answer_call(event, self.files, environment, remaining_s, self.pool)


def _check_options(request: AgentRequest) -> None:
    given = [name for name in _NOT_TAKEN if getattr(request, name) is not None]
    if given:
        raise InvalidRequest(
            f"{', '.join(given)}: A workflow takes its name as the query and its inputs as the "
            "parameters; what else there is to say is in its file.",
            field=given[0],
        )


@dataclass
class _Running:
    """A workflow that runs for a request."""

    run: AgentRun
    loaded: Loaded
    scratch: Path
    environment: AgentEnvironment
    named: NamedAgents
    pool: ModelPool | None
    state: State = field(default_factory=State)
    _agents: dict[str, str] = field(default_factory=dict)

    async def go(self) -> None:
        """Run it to its end or its next question."""
        run, spec = self.run, check_file(self.loaded, "")
        file_names(known_paths(spec, self.loaded.values))  # before anything is paid
        files = self.scratch / "files"
        files.mkdir()
        if run.goes_on is not None and not self._resume():
            return
        telemetry = spec.telemetry
        trace = Trace(
            spec, redact=redactor(telemetry.redact.custom_patterns if telemetry is not None else ())
        )

        def observe(event: Event) -> None:
            trace(event)
            self._tell(event)

        try:
            async with open_agents(
                self.loaded,
                run_id=run.project.request_id,
                environ=environ_of(self.environment),
                files_root=files,
                named=self.named,
                pool=self.pool,
            ) as agents:
                result = await execute(
                    spec, agents, self.loaded.values, state=self.state, observer=observe
                )
        except BaseException:
            # What there was, for whoever has paid for it.
            self._say("\n\n".join(self._said()))
            raise
        if result.paused is not None:
            self._ask(result.paused)
            return
        await self._leave(result, trace)

    async def _leave(self, result: Result, trace: Trace) -> None:
        spec = check_file(self.loaded, "")
        written: list[Written] = render_artifacts(
            spec, result, trace=trace.to_json(), now=time.time()
        )
        if written:
            await asyncio.to_thread(save, self.run.project, written)
        self._say(result.text if result.text.strip() else "The workflow's result is empty.")

    def _say(self, text: str) -> None:
        if text.strip():
            self.run.transcript.begin_message()
            self.run.transcript.write(well_formed(text))
            self.run.transcript.end_message()

    def _said(self) -> list[str]:
        return [str(one["response"]) for one in self.state.done.values() if one.get("response")]

    def _tell(self, event: Event) -> None:
        """Tell the caller of a step as of a tool call."""
        if isinstance(event, StepStarted) and event.agent is not None:
            self._agents[event.key] = event.agent
            self.run.tool_started(event.key, event.agent)
        elif isinstance(event, StepEnded) and (agent := self._agents.pop(event.key, None)):
            self.run.tool_ended(event.key, agent, succeeded=event.error is None)

    def _ask(self, pause: engine.Pause, why: str = "") -> None:
        """End with a question."""
        run = self.run
        if not run.project.may_ask:
            raise NobodyToAsk("The workflow asks a person, and this request cannot wait for one.")
        values = {
            "state": self.state.to_json(),
            "sha256": self.loaded.sha256,
            "notes": self._notes(),
        }
        asked = Asked(pause.key, STEP, _question(pause, why))
        run.ask(Pause(FrameworkState(FORMAT, values), (asked,)), [])

    def _notes(self) -> list[str]:
        """The last notes: their file is gone with this request, and they are read after it."""
        noted = check_file(self.loaded, "").context_policy.notes
        if noted is None:
            return []
        try:
            lines = Folder(self.scratch / "files").read_end(noted.file)
        except ToolRefused:
            return []
        return lines[-noted.include_last :]

    def _note(self, lines: Any) -> None:
        noted = check_file(self.loaded, "").context_policy.notes
        if noted is None:
            return
        with suppress(ToolRefused):  # as what cannot be noted at any other time
            for line in lines:
                Folder(self.scratch / "files").add_line(noted.file, line)

    def _resume(self) -> bool:
        """Take the answer to the last question.

        Returns:
            Whether the run can go on; else the question is asked again.
        """
        go_on = self.run.goes_on
        if go_on is None:
            return True
        values = go_on.values(FORMAT, {STEP})
        if values.get("sha256") != self.loaded.sha256:
            raise AgentChanged("The workflow's file has changed since it asked: it cannot go on.")
        try:
            self.state = State.from_json(values["state"])
            self._note(values["notes"])
        except (KeyError, TypeError, ValueError):
            raise AgentChanged("What the workflow goes on from cannot be read.") from None
        pause = self.state.paused
        if pause is None:
            raise AgentChanged("What the workflow goes on from asks nothing.")
        (asked,) = go_on.pause.asked
        self.run.answered(asked)
        try:
            self.state.answer(go_on.answers[asked.call_id], time.time())
        except AnswerUnusable as unusable:
            self._ask(pause, f"{str(unusable)[:1].upper()}{str(unusable)[1:]}.")
            return False
        return True


def _question(pause: engine.Pause, why: str) -> str:
    """A pause as a question to a person: as much of what they need to see as there is room for."""
    choices = f"Answer with one of: {', '.join(pause.choices)}." if pause.choices else ""
    parts = [part for part in (why, pause.prompt.strip(), choices) if part]
    asked = well_formed("\n\n".join(parts)).strip() or "Go on?"
    left = MAX_QUESTION_LENGTH - len(asked)
    if left < 0:
        raise WorkflowFailed(
            f"{pause.key}: the question has {len(asked):,} characters; at most "
            f"{MAX_QUESTION_LENGTH:,} are asked."
        )
    context = well_formed(pause.context).strip()
    if not context:
        return asked
    mark, between = " ...", "\n\n"
    room = left - len(between)
    if len(context) > room:
        context = context[: max(0, room - len(mark))] + mark if room > len(mark) else ""
    return f"{asked}{between}{context}" if context else asked
