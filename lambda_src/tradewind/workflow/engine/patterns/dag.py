"""Tasks that wait for each other: each starts in the moment in which its own deps are done.

There are no layers. A task's end makes ready what waited for it alone, and what is ready starts as
soon as there is a place for its call, in the order in which it became ready. Once a task is ready
that asks a person, nothing new starts: what runs is let finish, and the run is paused.
"""

import asyncio
from collections import deque
from typing import Any

from tradewind.workflow.engine.patterns.outcome import Outcome
from tradewind.workflow.engine.patterns.steps import seen
from tradewind.workflow.engine.run import NEUTRAL_REQUEST, Run
from tradewind.workflow.engine.state import Paused, Record
from tradewind.workflow.spec.patterns import DagConfig
from tradewind.workflow.spec.steps import HITL, AgentTask, HumanTask
from tradewind.workflow.text.templates import Names


async def run_dag(run: Run, config: DagConfig) -> Outcome:
    """Run tasks."""
    dag = _Dag(run, config)
    async with asyncio.TaskGroup() as group:
        dag.start(group)
    dag.close()
    last = _last(config)
    response = dag.names["tasks"][last]["response"]
    return Outcome(response, {**dag.names, "last_response": response})


class _Dag:
    def __init__(self, run: Run, config: DagConfig) -> None:
        self._run = run
        self._tasks = {task.id: task for task in config.tasks}
        self._missing = {task.id: len(task.deps) for task in config.tasks}
        self._waiting: dict[str, list[str]] = {task.id: [] for task in config.tasks}
        for task in config.tasks:
            for dep in task.deps:
                self._waiting[dep].append(task.id)
        self._order = {task.id: place for place, task in enumerate(config.tasks)}
        self._ready: deque[AgentTask] = deque()
        self._asking: list[tuple[int, Paused]] = []
        self._group: asyncio.TaskGroup | None = None
        self.names: dict[str, Any] = run.names()
        self.names["tasks"] = Names()

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start the tasks that wait for nothing; the rest follows from their ends."""
        self._group = group
        self._run.slots.on_free = self._launch
        answers = [one for one in self._run.state.done.values() if one.get("type") == HITL]
        if answers:
            self.names["hitl_response"] = answers[-1]["response"]
        self._make_ready([name for name, missing in self._missing.items() if missing == 0])
        self._launch()

    def close(self) -> None:
        """Pause the run, if a task asks a person.

        Raises:
            Paused: It does: the first of them in the file's order.
        """
        self._run.slots.on_free = None
        if self._asking:
            raise min(self._asking, key=lambda asking: asking[0])[1]

    def _make_ready(self, names: list[str]) -> None:
        """Take tasks up whose deps are done, and those that wait for them if they are done too."""
        pending = deque(names)
        while pending:
            task = self._tasks[pending.popleft()]
            done: Record | None
            if isinstance(task, HumanTask):
                done = self._answered(task)
            else:
                done = self._run.state.done.get(f"tasks/{task.id}")
                if done is None:
                    self._ready.append(task)
                else:
                    done = seen(done)
            if done is not None:
                pending.extend(self._finished(task.id, done))

    def _answered(self, task: HumanTask) -> Record | None:
        try:
            return self._run.person(f"tasks/{task.id}", task, self._names_of(task))
        except Paused as paused:
            self._asking.append((self._order[task.id], paused))
            return None

    def _finished(self, name: str, done: Record) -> list[str]:
        """Note a result; returns the tasks that waited for it last."""
        self.names["tasks"][name] = {**done, "status": "success"}
        ready = []
        for waiting in self._waiting[name]:
            self._missing[waiting] -= 1
            if self._missing[waiting] == 0:
                ready.append(waiting)
        return ready

    def _launch(self) -> None:
        run, group = self._run, self._group
        while (
            self._ready
            and not self._asking
            and run.ended_by is None
            and group is not None
            and run.slots.try_take()
        ):
            group.create_task(self._work(self._ready.popleft()))

    async def _work(self, task: AgentTask) -> None:
        done = await self._run.agent(
            f"tasks/{task.id}",
            task.agent,
            task.input,
            self._names_of(task),
            text=task.description or NEUTRAL_REQUEST,
            has_slot=True,
        )
        try:
            ready = self._finished(task.id, seen(done))
            if ready:
                self._make_ready(ready)
                self._launch()
        except BaseException as error:
            # Before the others are cancelled for it, which would seem to be what ended the run.
            self._run.end(error)
            raise

    def _names_of(self, task: AgentTask | HumanTask) -> dict[str, Any]:
        """What a task sees; the last response is its last dep's, whatever else has run."""
        if not task.deps:
            return self.names
        last = self.names["tasks"][task.deps[-1]]["response"]
        return {**self.names, "last_response": last}


def _last(config: DagConfig) -> str:
    """The task of greatest depth, the last of equals."""
    tasks = {task.id: task for task in config.tasks}
    depths: dict[str, int] = {}
    for start in tasks:
        pending = [start]
        while pending:
            name = pending[-1]
            unknown = [dep for dep in tasks[name].deps if dep not in depths]
            if unknown:
                pending += unknown
                continue
            pending.pop()
            depths[name] = 1 + max((depths[dep] for dep in tasks[name].deps), default=0)
    deepest = max(depths.values())
    return [name for name in tasks if depths[name] == deepest][-1]
