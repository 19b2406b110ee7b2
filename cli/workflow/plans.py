"""A workflow as steps and the ways between them: what a run would do, as data and as a page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from tradewind.workflow.engine.calls import BY_NAME
from tradewind.workflow.engine.operations import (
    MOST_OPERATIONS,
    Operations,
    fault_past_one_lambda,
    operations_of,
)
from tradewind.workflow.spec.loader import Loaded
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.patterns import (
    ChainPattern,
    DagPattern,
    EvaluatorPattern,
    GraphPattern,
    OrchestratorPattern,
    ParallelPattern,
    RoutingPattern,
)
from tradewind.workflow.spec.steps import HumanStep

Kind = Literal["agent", "agents", "person"]
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done: by an agent, by any number of the same, or by a person.

    Attributes:
        name: Unique in the plan.
        kind: Who does it.
        agent: The agent's id, where one does it.
        model: What the agent runs on: provider and model.
        asks: The beginning of what it is asked.
    """

    name: str
    kind: Kind
    agent: str | None = None
    model: str | None = None
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """From a step to the one after it.

    Attributes:
        source: A step's name.
        target: Another's.
        when: In which case; always where it is empty.
    """

    source: str
    target: str
    when: str = ""


@dataclass(slots=True)
class Plan:
    """What a workflow would do.

    Attributes:
        name: The workflow's.
        pattern: Its pattern's type.
        steps: In the file's order.
        ways: In the order of their sources.
        max_parallel: Calls of agents at the same time.
        budgets: The limits that are set, by name.
        inputs: The inputs that are required, and those that are not, with their types.
        artifacts: The paths of what it writes.
        operations: What it takes of the durable service past one Lambda.
        kept_here: Why it cannot run there; None if it can.
    """

    name: str
    pattern: str
    max_parallel: int
    budgets: dict[str, float]
    inputs: dict[str, str]
    artifacts: list[str]
    operations: Operations
    kept_here: str | None
    steps: list[Step] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)


def planned(loaded: Loaded) -> Plan:
    """The plan of a file.

    Args:
        loaded: It, without errors.
    """
    spec = loaded.spec
    if spec is None:
        raise ValueError("a file with errors has no plan")
    budgets = spec.runtime.budgets.model_dump(exclude_none=True, exclude={"warn_threshold"})
    inputs = {name: f"{one.type}, required" for name, one in spec.inputs.required.items()}
    inputs |= {name: one.type for name, one in spec.inputs.optional.items()}
    plan = Plan(
        name=spec.name,
        pattern=spec.pattern.type,
        max_parallel=spec.runtime.max_parallel,
        budgets=budgets,
        inputs=inputs,
        artifacts=[artifact.path for artifact in spec.outputs.artifacts],
        operations=operations_of(spec),
        kept_here=fault_past_one_lambda(spec),
    )
    _Planner(spec, plan).add_pattern()
    return plan


class _Planner:
    """Adds a pattern's steps to a plan."""

    def __init__(self, spec: Spec, plan: Plan) -> None:
        self._spec = spec
        self._plan = plan

    def add_pattern(self) -> None:  # noqa: PLR0912  one for each pattern
        match self._spec.pattern:
            case ChainPattern(config=config):
                self._row(config.steps, "step", [])
            case DagPattern(config=config):
                for task in config.tasks:
                    self._step(task.id, task)
                for task in config.tasks:
                    self._lead([(dep, "") for dep in task.deps], task.id)
            case ParallelPattern(config=config):
                ends: list[tuple[str, str]] = []
                for branch in config.branches:
                    ends += self._row(branch.steps, branch.id, [])
                if config.reduce is not None:
                    self._step("reduce", config.reduce, ends)
            case RoutingPattern(config=config):
                self._step("router", config.router)
                last = "router"
                if config.router.review_router is not None:
                    self._step("review_router", config.router.review_router, [("router", "")])
                    last = "review_router"
                for name, route in config.routes.items():
                    self._row(route.then, name, [(last, name)])
            case EvaluatorPattern(config=config):
                self._agent("producer", config.producer, None)
                self._step("evaluator", config.evaluator, [("producer", "draft")])
                last, again = "evaluator", f"below {config.accept.min_score:g}"
                if config.review_gate is not None:
                    self._step("review_gate", config.review_gate, [("evaluator", again)])
                    last, again = "review_gate", "go on"
                self._lead([(last, again)], "producer")
            case OrchestratorPattern(config=config):
                self._step("orchestrator", config.orchestrator)
                ends = [("orchestrator", "")]
                ends = self._gate("decomposition_review", config.decomposition_review, ends)
                worker = config.worker_template
                self._agent("workers", worker.agent, None, ends, kind="agents")
                ends = self._gate("reduce_review", config.reduce_review, [("workers", "")])
                ends = self._gate("reduce", config.reduce, ends)
                self._gate("writeup", config.writeup, ends)
            case GraphPattern(config=config):
                for name, node in config.nodes.items():
                    self._step(name, node)
                seen: set[str] = set()
                for edge in config.edges:
                    if edge.source in seen:
                        continue
                    seen.add(edge.source)
                    for choice in edge.choose or ():
                        self._lead([(edge.source, choice.when)], choice.to)
                    if edge.to:
                        self._lead([(edge.source, "")], edge.to[0])

    def _row(
        self, steps: Sequence[Any], name: str, before: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        """Steps after each other; returns what leads on from the last."""
        for position, step in enumerate(steps):
            own = f"{name} {position + 1}" if len(steps) > 1 or name == "step" else name
            self._step(own, step, before)
            before = [(own, "")]
        return before

    def _gate(self, name: str, step: Any, before: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if step is None:
            return before
        self._step(name, step, before)
        return [(name, "")]

    def _step(self, name: str, step: Any, before: Sequence[tuple[str, str]] = ()) -> None:
        if isinstance(step, HumanStep):
            self._plan.steps.append(Step(name, "person", asks=_beginning(step.prompt)))
            self._lead(before, name)
        else:
            asked = step.input or getattr(step, "description", None)
            self._agent(name, step.agent, asked, before)

    def _agent(
        self,
        name: str,
        agent: str,
        asked: str | None,
        before: Sequence[tuple[str, str]] = (),
        kind: Kind = "agent",
    ) -> None:
        own, runtime = self._spec.agents.get(agent), self._spec.runtime
        model = BY_NAME
        if own is not None:
            model = " ".join(
                filter(None, (own.provider or runtime.provider, own.model_id or runtime.model_id))
            )
        self._plan.steps.append(Step(name, kind, agent, model, _beginning(asked or "")))
        self._lead(before, name)

    def _lead(self, before: Sequence[tuple[str, str]], target: str) -> None:
        self._plan.ways += [Way(source, target, when) for source, when in before]


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(one if one.isprintable() else "?" for one in line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def as_data(plan: Plan) -> dict[str, Any]:
    """The plan for programs."""
    return asdict(plan)


def as_markdown(plan: Plan) -> str:
    """The plan as a page."""
    lines = [f"# {_cell(plan.name)}", "", f"Pattern: `{plan.pattern}`. {limits_of(plan)}", ""]
    lines += [past_one_lambda(plan), ""]
    lines += ["| Step | Who | Model | After | Asked |", "|---|---|---|---|---|"]
    for step in plan.steps:
        after = ", ".join(
            f"{way.source} ({_beginning(way.when)})" if way.when else way.source
            for way in plan.ways
            if way.target == step.name
        )
        who = {"person": "a person", "agents": f"{step.agent}, once per task"}.get(
            step.kind, step.agent or ""
        )
        cells = (step.name, who, step.model or "", after, step.asks)
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    if plan.inputs:
        lines += ["", "## Inputs", ""]
        lines += [f"- `{_cell(name)}`: {kind}" for name, kind in plan.inputs.items()]
    if plan.artifacts:
        lines += ["", "## Artifacts", ""]
        lines += [f"- `{_cell(path)}`" for path in plan.artifacts]
    return "\n".join(lines)


def limits_of(plan: Plan) -> str:
    """What a run may use, in a sentence."""
    words = {"max_steps": "steps", "max_tokens": "tokens", "max_duration_s": "seconds"}
    limits = [f"{plan.budgets[key]:,} {word}" for key, word in words.items() if key in plan.budgets]
    budget = f"; at most {', '.join(limits)}" if limits else "; no budget"
    return f"Up to {plan.max_parallel} calls at the same time{budget}."


def past_one_lambda(plan: Plan) -> str:
    """Whether it can run past one Lambda, in a sentence."""
    took = plan.operations
    if plan.kept_here is not None:
        return f"Past one Lambda it cannot run: it {plan.kept_here}."
    more = ", and more for each task that is made" if took.is_open else ""
    return (
        f"Past one Lambda it takes up to {took.without_repeats:,} durable operations, with all "
        f"repeats {took.most:,}{more}; a run may have {MOST_OPERATIONS:,}."
    )


def _cell(text: str) -> str:
    return _beginning(text).replace("|", "\\|").replace("`", "'")
