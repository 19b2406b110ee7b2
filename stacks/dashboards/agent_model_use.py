"""One agent's use of the model and of its tools: calls, tokens and what they cost."""

from collections.abc import Sequence
from typing import Final

from stacks.parts.log_widgets import log_graph, total
from stacks.parts.widgets import Rows, Widget
from tradewind.telemetry.metric_names import MetricName

_CALLED: Final = f"{MetricName.MODEL_CALLS} > 0"


def model_rows_of_agent(log: Sequence[str]) -> Rows:
    """What an agent does with the model, and with its tools.

    Args:
        log: The agent's log group.
    """
    return [
        [
            log_graph(
                "Model calls",
                log,
                _CALLED,
                [
                    total(MetricName.MODEL_CALLS, "calls"),
                    total(MetricName.MODEL_RETRIES, "repeats"),
                    total(MetricName.MODEL_ERRORS, "failed"),
                    total(MetricName.MODEL_THROTTLES, "of_them_throttled"),
                ],
            ),
            _first_call("Time of a request's first model call, ms", log, MetricName.MODEL_LATENCY),
            _first_call("Time to the first token, ms", log, MetricName.TIME_TO_FIRST_TOKEN),
        ],
        [
            token_graph("Tokens", log),
            log_graph(
                "Tool calls",
                log,
                _CALLED,
                [
                    total(MetricName.TOOL_CALLS, "calls"),
                    total(MetricName.TOOL_ERRORS, "failed"),
                ],
            ),
            cost_graph(log),
            limits_graph(log),
        ],
    ]


def token_graph(title: str, logs: Sequence[str]) -> Widget:
    """Tokens by kind."""
    return log_graph(
        title,
        logs,
        _CALLED,
        [
            total(MetricName.INPUT_TOKENS, "input"),
            total(MetricName.OUTPUT_TOKENS, "output"),
            total(MetricName.CACHE_READ_TOKENS, "read_from_cache"),
            total(MetricName.CACHE_WRITE_TOKENS, "written_to_cache"),
        ],
    )


def cost_graph(log: Sequence[str]) -> Widget:
    """What requests cost, but for killed ones."""
    return log_graph(
        "Cost by hour, US dollars",
        log,
        f"ispresent({MetricName.ESTIMATED_COST})",
        [total(MetricName.ESTIMATED_COST, "usd")],
        every="1h",
    )


def limits_graph(log: Sequence[str]) -> Widget:
    """Which requests budgets refused, and what of them is not settled."""
    return log_graph(
        "Requests against their budgets",
        log,
        f"ispresent({MetricName.BUDGET_REFUSALS})",
        [
            total(MetricName.BUDGET_REFUSALS, "refused"),
            total(MetricName.RESERVATIONS_NOT_SETTLED, "not_settled"),
        ],
    )


def _first_call(title: str, log: Sequence[str], name: MetricName) -> Widget:
    """Of calls that come several times in a request: the first, which the language can read."""
    return log_graph(
        title,
        log,
        f"ispresent({name}) or ispresent({name}.0)",
        [f"pct(first, {rank}) as p{rank}" for rank in (50, 90, 99)],
        made=f"coalesce({name}, {name}.0) as first",
    )
