"""Who is asked what in a workflow, read from a file's data, however wrong the rest of it is.

The data may break every rule: what has not the shape of a step is passed over here, and is the
schema's to report.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradewind.workflow.spec.problem import Path
from tradewind.workflow.spec.steps import HITL

#: What every template sees besides the inputs.
EVERYWHERE: Final = frozenset({"inputs", "last_response", "hitl_response"})
_ROUTED: Final = frozenset({"router", "router_response"})
#: What is known once a route is chosen for good.
_ROUTE: Final = _ROUTED | {"chosen_route", "router_agent"}
_WORKERS: Final = frozenset(
    {"workers", "num_workers", "worker_count", "round_count", "orchestrator_response"}
)
_DRAFT: Final = frozenset({"draft", "producer_response"})
#: What artifacts see of a run, whatever its pattern.
_OF_A_RUN: Final = frozenset(
    {
        *("TRACE", "name", "description", "runtime", "context_policy", "timestamp"),
        *("cumulative_tokens", "execution_context"),
    }
)
#: What they see of its pattern.
_RESULTS: Final[Mapping[str, frozenset[str]]] = {
    "chain": frozenset({"steps"}),
    "workflow": frozenset({"tasks"}),
    "parallel": frozenset({"branches"}),
    "routing": _ROUTE | {"steps"},
    "evaluator_optimizer": _DRAFT
    | {
        *("iterations", "final_score", "min_score", "max_iters", "history", "last_evaluation"),
        *("current_draft", "current_evaluation", "evaluation", "iteration", "iteration_index"),
    },
    "orchestrator_workers": _WORKERS | {"subtasks", "task_count"},
    "graph": frozenset(
        {"nodes", "terminal_node", "total_steps", "execution_path", "iteration_counts"}
    ),
}
#: Steps that are not in every file: what the later ones and artifacts see of each.
_OPTIONAL: Final[Mapping[str, Mapping[str, str]]] = {
    "parallel": {"reduce": "reduce_response"},
    "orchestrator_workers": {"reduce": "reduce_response", "writeup": "writeup_response"},
}
CONFIG: Final[Path] = ("pattern", "config")


@dataclass(frozen=True, slots=True)
class Unit:
    """A place where an agent or a person is asked.

    Attributes:
        path: Where it is.
        step: What it says.
        names: What its templates see besides the inputs, the step's own variables included.
        before: How many steps of its row are done before it; None where there is no row.
        task: Its id, if it is a task.
    """

    path: Path
    step: Mapping[str, Any]
    names: frozenset[str]
    before: int | None = None
    task: str | None = None

    @property
    def asks_a_person(self) -> bool:
        """Whether it is a question to a person."""
        return self.step.get("type") == HITL

    def texts(self) -> Iterator[tuple[Path, str]]:
        """Its templates, and where they are."""
        for key in ("prompt", "context_display") if self.asks_a_person else ("input",):
            text = self.step.get(key)
            if isinstance(text, str):
                yield (*self.path, key), text


def artifact_names(pattern: Mapping[str, Any]) -> frozenset[str]:
    """What the artifacts of a pattern see besides the inputs."""
    kind = pattern.get("type")
    if not isinstance(kind, str):
        return EVERYWHERE | _OF_A_RUN
    config = mapping(pattern.get("config"))
    optional = {name for key, name in _OPTIONAL.get(kind, {}).items() if config.get(key)}
    return EVERYWHERE | _OF_A_RUN | _RESULTS.get(kind, frozenset()) | optional


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, if it is a mapping; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """The value, if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def dependencies(task: Mapping[str, Any]) -> list[str]:
    """What a task waits for, in whichever spelling."""
    deps = task.get("deps", task.get("depends_on"))
    return [dep for dep in listed(deps) if isinstance(dep, str)]


def units(data: Mapping[str, Any]) -> Iterator[Unit]:
    """All of them, in the file's order."""
    pattern = mapping(data.get("pattern"))
    config = mapping(pattern.get("config"))
    kind = pattern.get("type")
    walk = _WALKS.get(kind) if isinstance(kind, str) else None
    if walk is not None:
        yield from walk(config)


def _unit(
    path: Path, step: Any, names: frozenset[str] = frozenset(), **place: Any
) -> Iterator[Unit]:
    if isinstance(step, Mapping):
        own = frozenset(mapping(step.get("vars")))
        yield Unit(path, step, EVERYWHERE | names | own, **place)


def _row(path: Path, steps: Any, names: frozenset[str] = frozenset()) -> Iterator[Unit]:
    for position, step in enumerate(listed(steps)):
        yield from _unit((*path, position), step, names | {"steps"}, before=position)


def _chain(config: Mapping[str, Any]) -> Iterator[Unit]:
    yield from _row((*CONFIG, "steps"), config.get("steps"))


def _dag(config: Mapping[str, Any]) -> Iterator[Unit]:
    for position, task in enumerate(listed(config.get("tasks"))):
        own = mapping(task).get("id")
        path = (*CONFIG, "tasks", position)
        task_id = own if isinstance(own, str) else None
        yield from _unit(path, task, frozenset({"tasks"}), task=task_id)


def _parallel(config: Mapping[str, Any]) -> Iterator[Unit]:
    for position, branch in enumerate(listed(config.get("branches"))):
        path = (*CONFIG, "branches", position, "steps")
        yield from _row(path, mapping(branch).get("steps"))
    yield from _unit((*CONFIG, "reduce"), config.get("reduce"), frozenset({"branches"}))


def _routing(config: Mapping[str, Any]) -> Iterator[Unit]:
    router = (*CONFIG, "router")
    yield from _unit(router, config.get("router"))
    review = mapping(config.get("router")).get("review_router")
    yield from _unit((*router, "review_router"), review, _ROUTED)
    for name, route in mapping(config.get("routes")).items():
        yield from _row((*CONFIG, "routes", name, "then"), mapping(route).get("then"), _ROUTE)


def _evaluator(config: Mapping[str, Any]) -> Iterator[Unit]:
    yield from _unit((*CONFIG, "evaluator"), config.get("evaluator"), _DRAFT)
    gate = _DRAFT | {"iteration_index", "iterations", "current_draft", "current_evaluation"}
    yield from _unit((*CONFIG, "review_gate"), config.get("review_gate"), gate)


#: What ``revise_prompt`` sees.
REVISION: Final = EVERYWHERE | {"draft", "producer_response", "iteration", "evaluation"}


def _orchestrator(config: Mapping[str, Any]) -> Iterator[Unit]:
    yield from _unit((*CONFIG, "orchestrator"), config.get("orchestrator"))
    made = frozenset({"orchestrator_response", "subtasks", "task_count"})
    yield from _unit((*CONFIG, "decomposition_review"), config.get("decomposition_review"), made)
    yield from _unit((*CONFIG, "worker_template"), config.get("worker_template"))
    for key in ("reduce_review", "reduce"):
        yield from _unit((*CONFIG, key), config.get(key), _WORKERS)
    reduced = _WORKERS | {"reduce_response"} if config.get("reduce") else _WORKERS
    yield from _unit((*CONFIG, "writeup"), config.get("writeup"), reduced)


def _graph(config: Mapping[str, Any]) -> Iterator[Unit]:
    for name, node in mapping(config.get("nodes")).items():
        yield from _unit((*CONFIG, "nodes", name), node, frozenset({"nodes"}))


_WALKS: Final = {
    "chain": _chain,
    "workflow": _dag,
    "parallel": _parallel,
    "routing": _routing,
    "evaluator_optimizer": _evaluator,
    "orchestrator_workers": _orchestrator,
    "graph": _graph,
}
