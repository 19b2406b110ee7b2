"""``docs/metrics.md``: every metric there is, generated from where it is defined.

``python -m stacks.metrics_page`` writes it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tradewind.telemetry.metric_names import (
    METRICS,
    NAMESPACE,
    OF_RUNTIMES,
    Dimension,
    DimensionSet,
    Start,
)

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"

_VALUES: Final = {
    Dimension.ENVIRONMENT: ("1", "the environment's name, one per deployment"),
    Dimension.AGENT: ("one per agent", "the agents' names"),
    Dimension.MODEL: ("1", "the model the agents call, by its `id`; one per deployment"),
    Dimension.START: (f"{len(Start)}", ", ".join(Start)),
}

_HEAD: Final = """# Metrics

<!-- Generated from lambda_src/tradewind/telemetry/metric_names.py by `make docs`. -->

Namespace `{namespace}`. What `handlers.request_report` emits leaves at the end of each request
that an agent's function serves, in one log line in CloudWatch's Embedded Metric Format. A process
that is killed emits none; Lambda's own `Errors` and `Duration` count it, and `RecordsSettled` once
its record is settled.

A metric can be read under the sets of dimensions it is kept under, and under no part of them.
"""
_CARDINALITY: Final = """## How many there are

CloudWatch bills each metric name with each combination of dimension values as one custom metric.

| Dimension | Values | Which |
|---|---|---|
{dimensions}

That makes at most **{shared}** custom metrics per environment, **{each}** for each agent, and
**{runtime}** more for each that is a runtime on AgentCore.
Nothing that a caller chooses, such as a project or a request id, is a dimension: those are fields
of the same line and of the log.
"""
_ELSEWHERE: Final = """## What is counted elsewhere

AWS services emit these by themselves; dashboards and alarms read them beside ours. What each emits
is in `devtools/contract/aws_metrics.yaml`.

| Namespace | What for |
|---|---|
| `AWS/Lambda` | requests, failures, durations, throttles, concurrency, age of asynchronous events |
| `AWS/ApiGateway` | requests to the REST API, and those answered 4xx and 5xx by whomever |
| `AWS/SQS` | dead letters: how many wait, and how old the oldest is |
| `AWS/Bedrock` | the model's calls, errors, throttles, latency and tokens, of the whole account |

A runtime's own account has metrics of it in `AWS/Bedrock-AgentCore`, which no dashboard here reads:
it is mostly another one.
"""


def render() -> str:
    """Return the page's text."""
    return "\n".join(
        [
            _HEAD.format(namespace=NAMESPACE),
            "| Metric | Unit | Kept by | Emitted by | One value says |",
            "|---|---|---|---|---|",
            *_metric_rows(),
            "",
            _CARDINALITY.format(
                dimensions="\n".join(
                    f"| `{dimension}` | {count} | {which} |"
                    for dimension, (count, which) in _VALUES.items()
                ),
                shared=custom_metrics(agents=0),
                each=custom_metrics(agents=1) - custom_metrics(agents=0),
                runtime=len(OF_RUNTIMES),
            ),
            _ELSEWHERE,
        ]
    ).replace("\n\n\n", "\n\n")


def custom_metrics(agents: int) -> int:
    """How many custom metrics an environment with so many agents, no runtimes, has at most."""
    return sum(
        _combinations(dimensions, agents)
        for name, spec in METRICS.items()
        if name not in OF_RUNTIMES
        for dimensions in spec.dimension_sets
    )


def _metric_rows() -> Iterator[str]:
    for name, spec in METRICS.items():
        kept = "; ".join(", ".join(dimensions) for dimensions in spec.dimension_sets)
        yield f"| `{name}` | {spec.unit} | {kept} | `{spec.emitter}` | {spec.description} |"


def _combinations(dimensions: DimensionSet, agents: int) -> int:
    by_agent = agents if Dimension.AGENT in dimensions else 1
    by_start = len(Start) if Dimension.START in dimensions else 1
    return by_agent * by_start


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
