"""``docs/metrics.md``: every metric there is, generated from where it is defined.

``python -m stacks.metrics_page`` writes it.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from stacks.names import reported_namespace
from stacks.parts.reported import OVER_ALL, REPORTED
from tradewind.telemetry.metric_names import (
    METRICS,
    NAMESPACE,
    OF_RUNTIMES,
    Dimension,
    DimensionSet,
    Kept,
)

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"

_VALUES: Final = {
    Dimension.ENVIRONMENT: ("1", "the environment's name, one per deployment"),
    Dimension.AGENT: ("one per agent", "the agents' names"),
    Dimension.MODEL: ("1", "the model the agents call, by its `id`; one per deployment"),
}

_HEAD: Final = """# Metrics

<!-- Generated from lambda_src/tradewind/telemetry/metric_names.py and stacks/parts/reported.py
     by `make docs`. -->

Two lines tell of each request. **Our own** leaves at the end of each request that a function
serves, in the log and in CloudWatch's Embedded Metric Format. **One of Lambda's reports** is
written when an invocation has ended, killed or not. A process that is killed prints no line of
ours, so what it counted is lost: its model calls, its tokens and its cost are in no metric of ours.
That it was killed, and when, is in Lambda's line.

## Our own

Namespace `{namespace}`. The line keeps every value as a field under the metric's name, a number
where there is one and a list where there are several: Logs Insights reads what is no custom metric.
What becomes one is said under "Kept":

- **{always}**: every value.
- **{rarely}**: what rarely happens. A zero is no data; read it with `FILL(m, 0)`.
- **{in_log}**: it stays a field of the line. Where `watching.detailed_metrics` is `true` it becomes
  a metric, too, and others are kept by what is said to be "in detail".

A metric can be read under the sets of dimensions it is kept under, and under no part of them. A
value that is no finite number is left out, and an error in the log names its metric.
"""
_REPORTED: Final = """## Made of Lambda's reports

Metric filters on the log groups of the agents and of the durable function make these of
`platform.report` lines, and of the agents' own that say that a request was stopped at its deadline,
which to Lambda ended well. Their time is the invocation's end, where that of `AWS/Lambda` is its
start. They have no dimensions: an agent's are in the namespace `{own}`, and {over_all} over all
agents in `{all}`, too. The durable function has its failures. A count without an event has no
value.
"""
_CARDINALITY: Final = """## How many there are

CloudWatch bills each metric name with each combination of dimension values as one custom metric,
by the hours in which it has data.

| Dimension | Values | Which |
|---|---|---|
{dimensions}

| Of our own | An environment | Each agent | Each that is a runtime on AgentCore, besides |
|---|---|---|---|
{counts}

Lambda's reports make {of_all} for an environment and {of_agent} for each agent. Durations are
always there; the others when something happens.

Nothing that a caller chooses, such as a project or a request id, is a dimension: those are fields
of the same line and of the log.
"""
_ELSEWHERE: Final = """## What is counted elsewhere

AWS services emit these by themselves; dashboards and alarms read them beside ours. What each emits
is in `devtools/contract/aws_metrics.yaml`.

| Namespace | What for |
|---|---|
| `AWS/Lambda` | requests, failures, durations, throttles, concurrency, age of asynchronous events; by the time when an invocation began |
| `AWS/ApiGateway` | requests to the REST API, and those answered 4xx and 5xx by whomever |
| `AWS/SQS` | dead letters: how many wait, and how old the oldest is |
| `AWS/Bedrock` | the model's calls, errors, throttles, latency and tokens, of the whole account |

A runtime's own account has metrics of it in `AWS/Bedrock-AgentCore`, which no dashboard here reads:
it is mostly another one.
"""  # noqa: E501  a table's row is one line


def render() -> str:
    """Return the page's text."""
    return "\n".join(
        [
            _HEAD.format(
                namespace=NAMESPACE,
                always=Kept.ALWAYS,
                rarely=Kept.WHEN_NOT_ZERO,
                in_log=Kept.IN_LOG,
            ),
            "| Metric | Unit | Kept | By | Emitted by | One value says |",
            "|---|---|---|---|---|---|",
            *_metric_rows(),
            "",
            _REPORTED.format(
                own=reported_namespace("ENVIRONMENT", "AGENT"),
                all=reported_namespace("ENVIRONMENT"),
                over_all=", ".join(f"`{name}`" for name in OVER_ALL),
            ),
            "| Metric | Unit | One value says |",
            "|---|---|---|",
            *(
                f"| `{name}` | {metric.unit} | {metric.description} |"
                for name, metric in REPORTED.items()
            ),
            "",
            _CARDINALITY.format(
                dimensions="\n".join(
                    f"| `{dimension}` | {count} | {which} |"
                    for dimension, (count, which) in _VALUES.items()
                ),
                counts="\n".join(_count_rows()),
                of_all=len(OVER_ALL),
                of_agent=len(REPORTED),
            ),
            _ELSEWHERE,
        ]
    ).replace("\n\n\n", "\n\n")


def custom_metrics(
    agents: int, *, runtimes: int = 0, kept: Collection[Kept] = Kept, detailed: bool = False
) -> int:
    """How many custom metrics of our own an environment has at most.

    Args:
        agents: How many agents there are, the runtimes among them.
        runtimes: How many of them are runtimes on AgentCore.
        kept: Those that are counted.
        detailed: Whether detailed metrics are asked for.
    """
    return sum(
        _combinations(dimensions, runtimes if name in OF_RUNTIMES else agents)
        for name, spec in METRICS.items()
        if spec.kept in kept
        for dimensions in spec.sets_of(detailed=detailed)
    )


def _metric_rows() -> Iterator[str]:
    for name, spec in METRICS.items():
        by = _sets(spec.dimension_sets)
        if spec.detailed_sets:
            by += f"; in detail {_sets(spec.detailed_sets)}"
        yield (
            f"| `{name}` | {spec.unit} | {spec.kept} | {by} | `{spec.emitter}` | "
            f"{spec.description} |"
        )


def _sets(sets: tuple[DimensionSet, ...]) -> str:
    return "; ".join(", ".join(dimensions) for dimensions in sets)


def _count_rows() -> Iterator[str]:
    kinds: tuple[tuple[str, Collection[Kept], bool], ...] = (
        ("Always", {Kept.ALWAYS}, False),
        ("At most, when all happens that rarely does", Kept, False),
        ("At most, with `watching.detailed_metrics`", Kept, True),
    )
    for title, kept, detailed in kinds:
        none, one, runtime = (
            custom_metrics(agents, runtimes=runtimes, kept=kept, detailed=detailed)
            for agents, runtimes in ((0, 0), (1, 0), (1, 1))
        )
        yield f"| {title} | {none} | {one - none} | {runtime - one} |"


def _combinations(dimensions: DimensionSet, agents: int) -> int:
    return agents if Dimension.AGENT in dimensions else 1


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
