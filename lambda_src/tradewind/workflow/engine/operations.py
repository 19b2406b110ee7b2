"""How many operations of the durable service a run may take past one Lambda.

A call of an agent is one, each repeat of it one more with the wait before it, a question to a
person two, a budget of time one and one more after each question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from tradewind.workflow.engine.limits import GRAPH_STEPS
from tradewind.workflow.engine.patterns.evaluator import ASKED
from tradewind.workflow.engine.patterns.orchestrator import TRIES
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.patterns import GraphConfig, RoutingConfig
from tradewind.workflow.spec.steps import HumanStep

#: What an execution may have.
MOST_OPERATIONS: Final = 3_000
_QUESTION: Final = 2


@dataclass(frozen=True, slots=True)
class Operations:
    """How many a run takes at most.

    Attributes:
        without_repeats: If each call is answered at once, and in the form that was asked for.
        most: If each is repeated as often as the file allows; each question answered once.
        is_open: Whether there are more for each task that an orchestrator makes.
    """

    without_repeats: int
    most: int
    is_open: bool = False

    @property
    def fit(self) -> bool:
        """Whether a run can have so many."""
        return self.without_repeats <= MOST_OPERATIONS


@dataclass(frozen=True, slots=True)
class _Parts:
    """Calls, those that may be made besides if replies are malformed, and questions."""

    calls: int = 0
    more_calls: int = 0
    questions: int = 0

    def __add__(self, other: "_Parts") -> "_Parts":
        return _Parts(
            self.calls + other.calls,
            self.more_calls + other.more_calls,
            self.questions + other.questions,
        )


def fault_past_one_lambda(spec: Spec) -> str | None:
    """Why a workflow cannot run past one Lambda, in a clause; None if it can."""
    took = operations_of(spec)
    if not took.fit:
        return (
            f"takes {took.without_repeats:,} durable operations, and a run may have "
            f"{MOST_OPERATIONS:,}"
        )
    if spec.context_policy.notes is not None:
        return (
            "has `context_policy.notes`, which would be lost: each call has a folder of its own, "
            "gone at its end"
        )
    return None


def operations_of(spec: Spec) -> Operations:
    """Count what a workflow takes."""
    parts = _parts_of(spec)
    is_open = spec.pattern.type == "orchestrator_workers"
    steps = spec.runtime.budgets.max_steps
    calls, most_calls = parts.calls, parts.calls + parts.more_calls
    if steps is not None:
        if is_open:
            calls = most_calls = steps
            is_open = False
        calls, most_calls = min(calls, steps), min(most_calls, steps)
    others = parts.questions * _QUESTION
    if spec.runtime.budgets.max_duration_s is not None:
        others += 1 + parts.questions
    policy = spec.runtime.failure_policy
    attempt = 2 if policy.wait_max > 0 else 1
    return Operations(calls + others, most_calls * (1 + policy.retries * attempt) + others, is_open)


def _parts_of(spec: Spec) -> _Parts:  # noqa: PLR0911  one for each pattern
    pattern: Any = spec.pattern
    config = pattern.config
    match pattern.type:
        case "chain":
            return _steps(config.steps)
        case "workflow":
            return _steps(config.tasks)
        case "parallel":
            branches = [step for branch in config.branches for step in branch.steps]
            return _steps([*branches, config.reduce])
        case "routing":
            return _routing(config)
        case "evaluator_optimizer":
            rounds = config.accept.max_iters
            gates = rounds - 1 if config.review_gate is not None else 0
            return _Parts(2 * rounds, rounds * (len(ASKED) - 1), gates)
    if pattern.type == "orchestrator_workers":
        reviews = (config.decomposition_review, config.reduce_review)
        return _Parts(1, TRIES - 1) + _steps([*reviews, config.reduce, config.writeup])
    return _graph(config, spec.runtime.budgets.max_steps or GRAPH_STEPS)


def _routing(config: RoutingConfig) -> _Parts:
    router = config.router
    asked = _Parts(1, router.max_retries) + _steps([router.review_router])
    routes = [_steps(route.then) for route in config.routes.values()]
    return asked + _Parts(max(one.calls for one in routes), 0, max(one.questions for one in routes))


def _graph(config: GraphConfig, visits: int) -> _Parts:
    """Each node as often as it may be visited, and no more visits than there may be."""
    once = _steps(config.nodes.values())
    calls, questions = (
        min(one * config.max_iterations, visits) for one in (once.calls, once.questions)
    )
    return _Parts(calls, 0, questions)


def _steps(steps: Iterable[Any]) -> _Parts:
    there = [step for step in steps if step is not None]
    people = sum(isinstance(step, HumanStep) for step in there)
    return _Parts(len(there) - people, 0, people)
