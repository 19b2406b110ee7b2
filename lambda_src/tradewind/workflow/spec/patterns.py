"""The seven patterns and their configurations."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from tradewind.workflow.spec.fields import (
    Closed,
    Filled,
    Id,
    Listed,
    OneOrMore,
    Template,
    number,
    refused,
    whole,
)
from tradewind.workflow.spec.steps import HumanStep, Node, ReviewGate, Step, Task

#: What an evaluator_optimizer may say directly, for the same in ``accept``.
ACCEPT_SHORT: Final = ("min_score", "max_iters")
#: A short ``min_score`` up to here is on a scale up to here.
SHORT_SCALE: Final = 10


class ChainConfig(Closed):
    """Steps in order."""

    steps: OneOrMore[Step]


class DagConfig(Closed):
    """Tasks that wait for each other."""

    tasks: OneOrMore[Task]


class Branch(Closed):
    """Steps in order, beside those of other branches."""

    id: Id
    steps: OneOrMore[Step]


class ParallelConfig(Closed):
    """Branches at the same time.

    Attributes:
        branches: Two or more.
        reduce: The step that makes one result of theirs.
    """

    branches: Annotated[tuple[Branch, ...], Field(strict=False, min_length=2)]
    reduce: Step | None = None


class Router(Closed):
    """The agent that chooses a route.

    Attributes:
        agent: Its id.
        input: What it is asked.
        max_retries: How often it is asked again after a reply that is no choice.
        review_router: The question to a person whether the choice is right.
    """

    agent: Id
    input: Template | None = None
    max_retries: Annotated[int, whole(0)] = 2
    review_router: HumanStep | None = None


class Route(Closed):
    """What is done when a route was chosen."""

    then: OneOrMore[Step]


class RoutingConfig(Closed):
    """One of several chains, chosen by an agent."""

    router: Router
    routes: Annotated[dict[Filled, Route], Field(min_length=1)]


class Evaluator(Closed):
    """The agent that scores drafts."""

    agent: Id
    input: Template | None = None


class Accept(Closed):
    """When a draft is good enough.

    Attributes:
        min_score: Of 100. Whole, unless it was given on the scale of ten.
        max_iters: Evaluations at most.
    """

    min_score: Annotated[float, number(0, 100)]
    max_iters: Annotated[int, whole(1)] = 3


class EvaluatorConfig(Closed):
    """Drafts, scored and revised until one is good enough.

    Attributes:
        producer: The id of the agent that writes.
        evaluator: The agent that scores.
        accept: When it ends.
        revise_prompt: What the producer is asked after a score that is too low.
        review_gate: A question to a person before each revision.
    """

    producer: Id
    evaluator: Evaluator
    accept: Accept
    revise_prompt: Template | None = None
    review_gate: ReviewGate | None = None

    @model_validator(mode="before")
    @classmethod
    def _accept_in_full(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        short = {key: data[key] for key in ACCEPT_SHORT if key in data}
        if short and "accept" in data:
            raise refused(f"has both `accept` and `{next(iter(short))}` beside it; keep one")
        if not short:
            _whole_score(data.get("accept"))
            return data
        score = short.get("min_score")
        if (
            isinstance(score, int | float)
            and not isinstance(score, bool)
            and 0 <= score <= SHORT_SCALE
        ):
            short["min_score"] = round(score * SHORT_SCALE, 6)
        else:
            _whole_score(short)
        return {key: data[key] for key in data if key not in short} | {"accept": short}


def _whole_score(accept: Any) -> None:
    score = accept.get("min_score") if isinstance(accept, Mapping) else None
    if isinstance(score, float) and not score.is_integer():
        raise refused("`min_score` must be a whole number from 0 to 100")


class Limits(Closed):
    """How many workers there may be at once, and how many rounds of them."""

    max_workers: Annotated[int, whole(1)] | None = None
    max_rounds: Annotated[int, whole(1)] = 1


class Orchestrator(Closed):
    """The agent that makes tasks."""

    agent: Id
    input: Template | None = None
    limits: Limits = Limits()


class WorkerTemplate(Closed):
    """The agent that does each task.

    Attributes:
        agent: Its id.
        tools: Its tools in the place of the agent's; an empty list is none.
    """

    agent: Id
    tools: Listed[str] | None = None


class OrchestratorConfig(Closed):
    """Tasks made by one agent, done by others, put together at the end.

    Attributes:
        orchestrator: Who makes the tasks.
        worker_template: Who does each.
        reduce: Makes one text of the workers' replies.
        writeup: Writes the result after that.
        decomposition_review: A question to a person before the workers start.
        reduce_review: A question to a person before ``reduce``.
    """

    orchestrator: Orchestrator
    worker_template: WorkerTemplate
    reduce: Step | None = None
    writeup: Step | None = None
    decomposition_review: ReviewGate | None = None
    reduce_review: ReviewGate | None = None


def _condition(when: Any) -> Any:
    # YAML reads an unquoted true as no text.
    return str(when).lower() if isinstance(when, bool) else when


class Choice(Closed):
    """Where to go when a condition holds."""

    when: Annotated[str, BeforeValidator(_condition)]
    to: str


def _one_or_list(to: Any) -> Any:
    return (to,) if isinstance(to, str) else to


class Edge(Closed):
    """The way on from a node: ``to`` or ``choose``.

    Attributes:
        source: The node it leaves; ``from`` in the file.
        to: The first of these is next.
        choose: The first whose condition holds is next.
    """

    source: str = Field(alias="from")
    to: OneOrMore[str] | None = None
    choose: OneOrMore[Choice] | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_way_on(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        if ("to" in data) == ("choose" in data):
            raise refused("needs `to` or `choose`, and not both")
        return {**data, "to": _one_or_list(data["to"])} if "to" in data else data


class GraphConfig(Closed):
    """Nodes and the ways between them; the first node is where it begins."""

    nodes: Annotated[dict[Id, Node], Field(min_length=1)]
    edges: OneOrMore[Edge]
    max_iterations: Annotated[int, whole(1)] = 10


class ChainPattern(Closed):
    """``type: chain``."""

    type: Literal["chain"]
    config: ChainConfig


class DagPattern(Closed):
    """``type: workflow``."""

    type: Literal["workflow"]
    config: DagConfig


class ParallelPattern(Closed):
    """``type: parallel``."""

    type: Literal["parallel"]
    config: ParallelConfig


class RoutingPattern(Closed):
    """``type: routing``."""

    type: Literal["routing"]
    config: RoutingConfig


class EvaluatorPattern(Closed):
    """``type: evaluator_optimizer``."""

    type: Literal["evaluator_optimizer"]
    config: EvaluatorConfig


class OrchestratorPattern(Closed):
    """``type: orchestrator_workers``."""

    type: Literal["orchestrator_workers"]
    config: OrchestratorConfig


class GraphPattern(Closed):
    """``type: graph``."""

    type: Literal["graph"]
    config: GraphConfig


Pattern = Annotated[
    ChainPattern
    | DagPattern
    | ParallelPattern
    | RoutingPattern
    | EvaluatorPattern
    | OrchestratorPattern
    | GraphPattern,
    Field(discriminator="type"),
]
