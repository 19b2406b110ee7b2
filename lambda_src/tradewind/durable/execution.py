"""One invocation of a durable execution: the engine's run, as far as it comes.

It goes from the start, through all that is in the history, to the end or to where it has to wait.
"""

import asyncio
import json
import math
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from aws_durable_execution_sdk_python.context import DurableContext

from tradewind.durable.agents import DurableAgents, Target, wait
from tradewind.durable.bridge import Bridge
from tradewind.durable.clock import RunClock
from tradewind.durable.documents import MOST_RESULT_BYTES, Left, Start
from tradewind.durable.operations import Operations, name_of
from tradewind.durable.people import have_answered
from tradewind.durable.turns import TurnLoop
from tradewind.workflow.engine.artifacts import render_artifacts
from tradewind.workflow.engine.errors import ArtifactFailed
from tradewind.workflow.engine.execute import Result, execute
from tradewind.workflow.engine.state import State
from tradewind.workflow.spec.model import Spec


def run_durably(
    context: DurableContext,
    start: Start,
    spec: Spec,
    values: Mapping[str, Any],
    *,
    inline: Target,
    named: Mapping[str, Target],
    now: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """Run a workflow as far as it comes.

    Args:
        context: The handler's.
        start: What the run was started with.
        spec: The workflow, checked; the same in every invocation.
        values: The inputs that have values.
        inline: What answers for agents that the file declares.
        named: What answers for agents that it asks by name.
        now: Seconds since 1970.

    Returns:
        What the run leaves.

    Raises:
        SuspendExecution: It waits for an answer, or for the time to pass.
        WorkflowError: It failed.
    """
    run = _Run(context, start, spec, values, now)
    try:
        return run.bridge.run(run.to_end(DurableAgents(run.bridge, inline, named)))
    finally:
        run.loop.close()


class _Run:
    def __init__(
        self,
        context: DurableContext,
        start: Start,
        spec: Spec,
        values: Mapping[str, Any],
        now: Callable[[], float],
    ) -> None:
        self._start = start
        self._spec = spec
        self._values = values
        self._operations = Operations(context)
        moment = now()
        began_at = self._operations.began_at() or moment
        self._clock = RunClock(began_at, self._operations.seconds_with_people(moment), now)
        self.loop = TurnLoop(self._clock)
        self.bridge = Bridge(self._operations, self.loop)

    async def to_end(self, agents: DurableAgents) -> dict[str, Any]:
        state = State()
        # The run's time is the loop's, from the beginning of the execution.
        state.spent.seconds = self._clock()
        pauses = 0
        while True:
            result = await self._to_pause(agents, state, pauses)
            if result.paused is None:
                return self._left(result)
            pauses += 1
            await have_answered(self.bridge, state, result.paused, self._clock.now)
            self._clock.exclude(self._operations.seconds_with_people(self._clock.now()))

    async def _to_pause(self, agents: DurableAgents, state: State, pauses: int) -> Result:
        """Go on to the next question, or to the end; woken when the budget of time is spent."""
        limit = self._spec.runtime.budgets.max_duration_s
        alarm: asyncio.Task[None] | None = None
        if limit is not None and limit > self._clock():
            alarm = asyncio.create_task(self._alarm(limit, pauses))
        try:
            return await execute(
                self._spec,
                agents,
                self._values,
                state=state,
                max_dollars=self._start.max_dollars,
                wall_clock=self._clock.now,
                # Waits that are in the history are as long as they were.
                chance=random.Random(self._start.run_id),  # noqa: S311  no secret hangs on it
                rest=agents.rest,
            )
        finally:
            if alarm is not None:
                alarm.cancel()

    async def _alarm(self, limit: float, pauses: int) -> None:
        """Be woken at the end of the budget of time, with nothing else to wake up for."""
        left = max(1, math.ceil(limit - self._clock()))
        await wait(self.bridge, name_of("time", "budget", pauses), left)
        self._clock.reach(limit)

    def _left(self, result: Result) -> dict[str, Any]:
        now = self._clock.now()
        artifacts = render_artifacts(self._spec, result, trace=None, now=now)
        left = Left(result.text, artifacts, result.spent).to_json()
        size = len(json.dumps(left).encode())
        if size > MOST_RESULT_BYTES:
            raise ArtifactFailed(
                f"the result and its artifacts have {size:,} bytes; past one Lambda a run may "
                f"leave {MOST_RESULT_BYTES:,}"
            )
        return left
