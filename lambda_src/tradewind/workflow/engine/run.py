"""What the patterns run on: calls of agents, questions to people, and what is kept of both.

The rules, for every pattern:

- A step that is in the state is not run again: it gives what it gave.
- Whatever ends the run is noted before anything else can happen, and after that no call is made.
- A call that is done is in the state before anybody sees its result.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tradewind.workflow.engine.calls import AgentCall, AgentReply, Agents, Rest, sleep
from tradewind.workflow.engine.errors import AgentFailed, PatternFailed, Retryable, WorkflowError
from tradewind.workflow.engine.events import (
    BudgetWarned,
    Event,
    Observer,
    PersonAsked,
    Retried,
    StepEnded,
    StepStarted,
    message_of,
)
from tradewind.workflow.engine.limits import (
    GRAPH_STEPS,
    Allowance,
    Slots,
    estimate_tokens,
    wait_before,
)
from tradewind.workflow.engine.prepared import NAMED_AGENT, names_of, ready_agent, with_vars
from tradewind.workflow.engine.state import Pause, Paused, Record, Save, State
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.steps import AgentStep, HumanStep, ReviewGate
from tradewind.workflow.text.faults import BadText, RenderingFailed
from tradewind.workflow.text.templates import Template, compiled

#: What an agent is asked by a step that says nothing.
NEUTRAL_REQUEST: Final = "Please carry out your task."


class Run:
    """One run of one workflow. What it is given is what ``execute`` is given."""

    def __init__(
        self,
        spec: Spec,
        agents: Agents,
        inputs: Mapping[str, Any],
        state: State,
        *,
        observer: Observer | None = None,
        save: Save | None = None,
        max_dollars: float | None = None,
        wall_clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
        rest: Rest = sleep,
    ) -> None:
        runtime = spec.runtime
        self.spec = spec
        self.state = state
        self.inputs = dict(inputs)
        self.slots = Slots(runtime.max_parallel)
        self.max_parallel = runtime.max_parallel
        self.allowance = Allowance(
            runtime.budgets,
            state.spent,
            max_steps=GRAPH_STEPS if spec.pattern.type == "graph" else None,
            max_dollars=max_dollars,
            warn=self._warn,
        )
        #: What ended the run before it was done.
        self.ended_by: BaseException | None = None
        compaction = spec.context_policy.compaction
        self._remembers = compaction is not None and compaction.enabled
        self._agents = agents
        self._ready = {name: ready_agent(spec, agent) for name, agent in spec.agents.items()}
        self._observer = observer
        self._save = save
        self._wall_clock = wall_clock
        self._chance = chance or random.Random()  # noqa: S311  no secret hangs on it
        self._rest = rest
        self._policy = runtime.failure_policy
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time() - state.spent.seconds

    def names(self) -> dict[str, Any]:
        """The names that every template of the run sees; a new mapping, the caller's to add to."""
        return names_of(self.spec, self.inputs)

    # --- Steps --------------------------------------------------------------------------------

    async def step(
        self, key: str, step: AgentStep | HumanStep, names: dict[str, Any], scope: str | None
    ) -> Record:
        """Run a step of a chain or the like.

        Args:
            key: Its key.
            step: The step.
            names: What its templates see.
            scope: Within which an agent that recurs goes on with its conversation, where the file
                asks for that; None for nowhere.

        Returns:
            Its result.

        Raises:
            Paused: It asks a person.
            WorkflowError: It failed.
        """
        if isinstance(step, HumanStep):
            return self.person(key, step, names)
        done = self.state.done.get(key)
        if done is not None:
            return done
        if step.vars:
            names = with_vars(names, step.vars)
        return await self.agent(
            key,
            step.agent,
            step.input,
            names,
            tools=step.tool_overrides,
            scope=scope,
            text=NEUTRAL_REQUEST,
        )

    async def agent(
        self,
        key: str,
        agent: str,
        source: str | None,
        names: Mapping[str, Any],
        *,
        tools: tuple[str, ...] | None = None,
        scope: str | None = None,
        text: str | None = None,
        more: str = "",
        has_slot: bool = False,
    ) -> Record:
        """Ask an agent.

        Args:
            key: The step's key.
            agent: The agent's id.
            source: The template of what it is asked.
            names: What the template and the agent's prompt see.
            tools: Its tools in the place of its own.
            scope: Within which its conversation goes on; None for nowhere.
            text: What it is asked where there is no template; None for its prompt's own text.
            more: What is added to either.
            has_slot: Whether a place for the call is taken already.

        Returns:
            Its result: ``response``, ``agent``, ``tokens``.

        Raises:
            WorkflowError: It failed, or may not be asked.
        """
        done = self.state.done.get(key)
        if done is not None:
            return done
        try:
            if self._observer is not None:
                self._observer(StepStarted(key, agent))
            ready = self._ready.get(agent, NAMED_AGENT)
            rendered = self.rendered(f"{key}: the prompt of {agent}", ready.prompt, names)
            if source is not None:
                text = self.rendered(f"{key}: the input", compiled(source), names)
            elif text is None:
                text = rendered
            remembers = scope is not None and self._remembers and ready is not NAMED_AGENT
            conversation = f"{scope}:{agent}" if remembers else None
            call = AgentCall(
                key,
                agent,
                ready.model,
                rendered,
                text + more,
                ready.tools if tools is None else tools,
                conversation,
                self.state.conversations.get(conversation) if conversation else None,
            )
        except BaseException as error:
            self.end(error)
            if has_slot:
                self.slots.give()
            self._ended(key, error)
            raise
        return await self._called(key, call, has_slot=has_slot)

    async def _called(self, key: str, call: AgentCall, *, has_slot: bool) -> Record:
        try:
            reply = await self._answered(call, has_slot=has_slot)
            tokens = (reply.input_tokens or 0) + (reply.output_tokens or 0)
            if reply.input_tokens is None and reply.output_tokens is None:
                tokens = estimate_tokens(call.prompt, call.input, reply.text)
            record: Record = {"response": reply.text, "agent": call.agent, "tokens": tokens}
            if call.conversation is not None:
                self.state.conversations[call.conversation] = reply.history
            try:
                self.allowance.end_step(tokens, reply.cost)
            finally:
                # Even if no more may be used: what was paid for is kept.
                self.keep(key, record)
        except BaseException as error:
            self.end(error)
            self._ended(key, error)
            raise
        if self._observer is not None:
            self._observer(StepEnded(key, tokens, reply.cost, reply.tool_calls))
        return record

    async def _answered(self, call: AgentCall, *, has_slot: bool) -> AgentReply:
        """Make the attempts of a call."""
        counted = False
        while True:
            if not has_slot:
                await self.slots.take()
            try:
                self.check_going()
                if not counted:
                    self.allowance.start_step()
                    counted = True
                return await self._agents.call(call)
            except Retryable as error:
                if call.attempt > self._policy.retries:
                    raise self._told(call, error) from error
                wait_s = wait_before(call.attempt, self._policy, self._chance)
                self.notify(Retried(call.key, call.attempt, wait_s, str(error)))
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is not None and not task.cancelling():
                    # Not the run's: a library's that cancelled its own work.
                    raise self._told(call, AgentFailed("the call was cancelled")) from error
                self.end(error)
                raise
            except AgentFailed as error:
                raise self._told(call, error) from error
            except BaseException as error:
                self.end(error)
                raise
            finally:
                has_slot = False
                self.slots.give()
            await self._rest(call, wait_s)
            call.attempt += 1

    def _told(self, call: AgentCall, error: AgentFailed) -> AgentFailed:
        failed = AgentFailed(f"{call.key}: {call.agent}: {error}")
        self.end(failed)
        return failed

    def person(
        self,
        key: str,
        step: HumanStep,
        names: Mapping[str, Any],
        *,
        choices: tuple[str, ...] = (),
    ) -> Record:
        """Ask a person.

        Args:
            key: The step's key.
            step: The question.
            names: What its templates see.
            choices: The answers there are to choose from; empty if any will do.

        Returns:
            The result: ``type``, ``prompt``, ``response``.

        Raises:
            Paused: Nobody has answered yet.
            WorkflowError: The question cannot be written.
        """
        done = self.state.done.get(key)
        if done is not None:
            return done
        question = self.text(f"{key}: the question", step.prompt, names)
        shown = ""
        if step.context_display is not None:
            shown = self.text(f"{key}: what is shown", step.context_display, names)
        validation = step.validation if isinstance(step, ReviewGate) else None
        raise Paused(
            Pause(
                key,
                question,
                shown,
                self._wall_clock(),
                step.default,
                float(step.timeout_seconds),
                None if validation is None else validation.pattern,
                choices,
            )
        )

    def text(self, what: str, source: str, names: Mapping[str, Any]) -> str:
        """A template's text.

        Raises:
            PatternFailed: It cannot be rendered; ``what`` says which.
        """
        try:
            return self.rendered(what, compiled(source), names)
        except BadText as error:
            failed = PatternFailed(f"{what}: {error}")
        self.end(failed)
        raise failed

    def rendered(self, what: str, template: Template, names: Mapping[str, Any]) -> str:
        """The same, of a template that is compiled."""
        try:
            return template.render(names)
        except RenderingFailed as error:
            failed = PatternFailed(f"{what}: {error}")
        self.end(failed)
        raise failed

    def keep(self, key: str, record: Record) -> None:
        """Put a result into the state."""
        self.state.done[key] = record
        self.saved()

    def saved(self) -> None:
        """Tell whoever keeps the state that it has changed."""
        self.state.spent.seconds = self._loop.time() - self._began
        if self._save is not None:
            self._save(self.state)

    def end(self, error: BaseException) -> None:
        """Note what ends the run: the first error is the run's, and no call is made after it."""
        if self.ended_by is None:
            self.ended_by = error

    def check_going(self) -> None:
        """Make no call after the run's end.

        Raises:
            WorkflowError: What ended it.
        """
        if self.ended_by is None:
            return
        if isinstance(self.ended_by, WorkflowError):
            raise self.ended_by
        raise PatternFailed("the run is over")

    def failed(self, message: str, unusable: str | None = None) -> PatternFailed:
        """An error of the workflow's logic, noted.

        A run that is resumed asks anew for the replies of the part that is ``unusable``.
        """
        error = PatternFailed(message)
        if unusable is not None:
            self.state.forget(unusable)
        self.end(error)
        return error

    def elapsed(self) -> float:
        """Seconds the run took so far, without the time people took."""
        return self._loop.time() - self._began

    def notify(self, event: Event) -> None:
        """Tell the observer."""
        if self._observer is not None:
            self._observer(event)

    @contextmanager
    def part(self, key: str) -> Iterator[None]:
        """A part of the run that has steps of its own, for the observer."""
        if self._observer is None:
            yield
            return
        self._observer(StepStarted(key))
        try:
            yield
        except BaseException as error:
            self._ended(key, error)
            raise
        self._observer(StepEnded(key))

    def asked(self, pause: Pause) -> None:
        """Note that the run waits for a person."""
        self.state.paused = pause
        self.saved()
        self.notify(PersonAsked(pause.key))

    def _ended(self, key: str, error: BaseException) -> None:
        if self._observer is not None:
            self._observer(StepEnded(key, error=message_of(error)))

    def _warn(self, budget: str, used: float, limit: float) -> None:
        self.notify(BudgetWarned("", budget, used, limit))
