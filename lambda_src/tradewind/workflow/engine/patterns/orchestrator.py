"""Tasks made by one agent, each done by a worker, put together at the end."""

import asyncio
import json
from typing import Any, Final

from tradewind.workflow.engine.patterns.outcome import Outcome
from tradewind.workflow.engine.patterns.steps import run_step
from tradewind.workflow.engine.run import Run
from tradewind.workflow.engine.state import Record
from tradewind.workflow.spec.patterns import OrchestratorConfig
from tradewind.workflow.spec.steps import AgentStep, HumanStep, ReviewGate
from tradewind.workflow.text.json_replies import find_tasks
from tradewind.workflow.text.templates import is_undefined

#: How often a list of tasks is asked for.
TRIES: Final = 3
_FORM: Final = 'Reply with a JSON list of tasks: [{"task": "..."}].'


async def run_orchestrator(run: Run, config: OrchestratorConfig) -> Outcome:
    """Make tasks, have them done, and put the results together."""
    names = run.names()
    tasks = await _tasks(run, config, names)
    text = json.dumps(tasks, ensure_ascii=False)
    names |= {"orchestrator_response": text, "last_response": text}
    made = {"subtasks": tasks, "task_count": len(tasks)}
    _review(run, "decomposition_review", config.decomposition_review, {**names, **made}, names)
    workers = await _work(run, config, tasks, names)
    count = len(workers)
    names |= {"workers": workers, "num_workers": count, "worker_count": count, "round_count": 1}
    if workers:
        names["last_response"] = workers[-1]["response"]
    _review(run, "reduce_review", config.reduce_review, names, names)
    text = "\n\n".join(
        f"Worker {number}: {worker['response']}" for number, worker in enumerate(workers, start=1)
    )
    text = await _put_together(run, "reduce", config.reduce, names) or text
    text = await _put_together(run, "writeup", config.writeup, names) or text
    return Outcome(text, {**names, **made})


async def _tasks(
    run: Run, config: OrchestratorConfig, names: dict[str, Any]
) -> list[dict[str, Any]]:
    orchestrator = config.orchestrator
    given = {name: None if is_undefined(one) else one for name, one in names["inputs"].items()}
    given.pop("values", None)
    own = f"Split the work into tasks that can be done independently. {_FORM}"
    if run.inputs:
        own += f"\n\nInputs:\n{json.dumps(given, ensure_ascii=False, default=str)}"
    more = ""
    for attempt in range(TRIES):
        done = await run.agent(
            f"orchestrator/{attempt}",
            orchestrator.agent,
            orchestrator.input,
            names,
            text=own,
            more=more,
        )
        tasks = find_tasks(done["response"])
        if tasks is not None:
            return tasks
        more = f"\n\nYour last reply was no such list. {_FORM}"
    raise run.failed(
        f"the orchestrator made no list of tasks in {TRIES} replies", unusable="orchestrator"
    )


def _review(
    run: Run,
    key: str,
    gate: ReviewGate | None,
    seen: dict[str, Any],
    names: dict[str, Any],
) -> None:
    if gate is not None:
        names["hitl_response"] = run.person(key, gate, seen)["response"]


async def _work(
    run: Run, config: OrchestratorConfig, tasks: list[dict[str, Any]], names: dict[str, Any]
) -> list[Record]:
    template = config.worker_template
    most = config.orchestrator.limits.max_workers or run.max_parallel
    records: list[Record] = [{} for _ in tasks]
    numbered = iter(enumerate(tasks))

    async def work() -> None:
        for number, task in numbered:
            done = await run.agent(
                f"workers/{number}",
                template.agent,
                None,
                {**names, **task},
                tools=template.tools,
                text=_request(task),
            )
            records[number] = {
                **task,
                "response": done["response"],
                "status": "success",
                "tokens": done["tokens"],
            }

    async with asyncio.TaskGroup() as group:
        for _ in range(min(most, len(tasks))):
            group.create_task(work())
    return records


def _request(task: dict[str, Any]) -> str:
    """A task, and whatever else the orchestrator said of it."""
    more = {key: value for key, value in task.items() if key not in ("task", "description")}
    text = str(task["task"])
    if task.get("description", text) != text:
        text += f"\n\n{task['description']}"
    return f"{text}\n\n{json.dumps(more, ensure_ascii=False)}" if more else text


async def _put_together(
    run: Run, key: str, step: AgentStep | HumanStep | None, names: dict[str, Any]
) -> str | None:
    if step is None:
        return None
    done = await run_step(run, key, step, names)
    names["last_response"] = names[f"{key}_response"] = done["response"]
    return str(done["response"])
