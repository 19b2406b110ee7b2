"""Runs a workflow from its start, or from where it stood, to its end or its next pause."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradewind.workflow.engine.calls import Agents, Rest, sleep
from tradewind.workflow.engine.errors import AnswerUnusable, BudgetSpent, Unsupported
from tradewind.workflow.engine.events import Observer, RunEnded, RunStarted
from tradewind.workflow.engine.patterns.chain import run_chain
from tradewind.workflow.engine.patterns.dag import run_dag
from tradewind.workflow.engine.patterns.evaluator import run_evaluator
from tradewind.workflow.engine.patterns.graph import run_graph
from tradewind.workflow.engine.patterns.orchestrator import run_orchestrator
from tradewind.workflow.engine.patterns.outcome import Outcome
from tradewind.workflow.engine.patterns.parallel import run_parallel
from tradewind.workflow.engine.patterns.routing import run_routing
from tradewind.workflow.engine.run import Run
from tradewind.workflow.engine.state import Pause, Paused, Save, Spent, State
from tradewind.workflow.spec.model import Spec

_PATTERNS: Final[dict[str, Callable[[Run, Any], Awaitable[Outcome]]]] = {
    "chain": run_chain,
    "workflow": run_dag,
    "parallel": run_parallel,
    "routing": run_routing,
    "evaluator_optimizer": run_evaluator,
    "orchestrator_workers": run_orchestrator,
    "graph": run_graph,
}


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended.

    Attributes:
        text: Its result; empty if it is paused.
        names: What the templates of its artifacts see; empty if it is paused.
        spent: What it used, over all its resumptions.
        paused: The question that it waits with; None if it is done.
    """

    text: str
    names: dict[str, Any]
    spent: Spent
    paused: Pause | None = None


async def execute(
    spec: Spec,
    agents: Agents,
    inputs: Mapping[str, Any],
    *,
    state: State | None = None,
    observer: Observer | None = None,
    save: Save | None = None,
    max_dollars: float | None = None,
    wall_clock: Callable[[], float] = time.time,
    chance: random.Random | None = None,
    rest: Rest = sleep,
) -> Result:
    """Run a workflow.

    Whatever the end, nothing of the run goes on after it.

    Args:
        spec: The workflow, checked.
        agents: Answers its calls; the caller's to close.
        inputs: The inputs that have values, defaults and the file's own included.
        state: What was done so far, to go on from; it is kept up to date. A question that was
            answered is answered there.
        observer: Told of what happens.
        save: Told of the state whenever it has a new result.
        max_dollars: A limit besides the file's.
        wall_clock: Seconds since 1970.
        chance: For waits with jitter.
        rest: Waits before a call is repeated, where that is not to be done in this process.

    Raises:
        WorkflowError: It failed; the first error is the run's.
        asyncio.CancelledError: It was cancelled.
    """
    state = State() if state is None else state
    _check(spec, state)
    run = Run(
        spec,
        agents,
        inputs,
        state,
        observer=observer,
        save=save,
        max_dollars=max_dollars,
        wall_clock=wall_clock,
        chance=chance,
        rest=rest,
    )
    run.notify(RunStarted("", spec.pattern.type))
    try:
        outcome = await _in_time(run, _PATTERNS[spec.pattern.type], spec.pattern.config)
    except Paused as paused:
        run.asked(paused.pause)
        run.notify(RunEnded("", "paused"))
        return Result("", {}, state.spent, paused.pause)
    except BaseException as error:
        cause = _cause(run, error)
        state.spent.seconds = run.elapsed()
        status = "cancelled" if isinstance(cause, asyncio.CancelledError) else "failed"
        run.notify(RunEnded("", status, str(cause) or type(cause).__name__))
        if cause is error:
            raise
        # Out of its group, and with what caused it: that has the stable code.
        raise cause from cause.__cause__
    run.saved()
    state.spent.seconds = run.elapsed()
    run.notify(RunEnded("", "completed"))
    return Result(outcome.text, outcome.names, state.spent)


def _check(spec: Spec, state: State) -> None:
    if state.paused is not None:
        raise AnswerUnusable("the run waits for an answer, and none was given")
    pattern = spec.pattern
    if pattern.type == "orchestrator_workers" and pattern.config.orchestrator.limits.max_rounds > 1:
        raise Unsupported("an orchestrator has one round: `max_rounds` must be 1")


async def _in_time(
    run: Run, pattern: Callable[[Run, Any], Awaitable[Outcome]], config: Any
) -> Outcome:
    """Run a pattern within the budget of time."""
    allowance = run.allowance
    limit = allowance.max_duration_s
    if limit is None:
        return await pattern(run, config)
    spent = BudgetSpent(f"the budget of {limit:,} seconds is spent")
    left = limit - allowance.spent.seconds
    if left <= 0:
        raise spent
    loop = asyncio.get_running_loop()
    warning: asyncio.TimerHandle | None = None
    seconds = allowance.seconds_to_warning()
    if seconds is not None:
        warning = loop.call_later(
            seconds, lambda: allowance.watch("duration", run.elapsed(), limit)
        )
    try:
        async with asyncio.timeout(left) as timer:
            try:
                return await pattern(run, config)
            except asyncio.CancelledError as error:
                run.end(error)
                raise
    except TimeoutError:
        if not timer.expired():
            raise
        run.ended_by = spent
        raise spent from None
    finally:
        if warning is not None:
            warning.cancel()


def _cause(run: Run, error: BaseException) -> BaseException:
    """What ended the run: a group of errors is the first of them."""
    if isinstance(error, BaseExceptionGroup):
        first = run.ended_by
        return first if first is not None else _cause(run, error.exceptions[0])
    return error
