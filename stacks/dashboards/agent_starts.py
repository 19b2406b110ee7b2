"""One agent's cold starts and connections: what a request waits for, and what later ones reuse."""

from collections.abc import Sequence

from stacks.parts.log_widgets import log_graph, percentiles_of, statistic, total
from stacks.parts.metrics import AgentMetrics
from stacks.parts.reported import Reported
from stacks.parts.widgets import (
    VERSION,
    Colour,
    Line,
    Rows,
    Widget,
    graph,
    percentiles,
    version_line,
)
from tradewind.telemetry.metric_names import START, MetricName, ProcessStart


def starts(
    metrics: AgentMetrics, log: Sequence[str], *, snap_start: bool, model: bool = True
) -> Rows:
    """What starting and connecting costs.

    Args:
        metrics: The agent's.
        log: Its log group.
        snap_start: Whether its processes are restored from a snapshot.
        model: Whether it calls a model, and so opens connections to one.
    """
    rows = [_starts(metrics, log, snap_start=snap_start, model=model), _cold_and_warm(log)]
    if model:
        rows[1] += _connections(log)
    return rows


def _starts(
    metrics: AgentMetrics, log: Sequence[str], *, snap_start: bool, model: bool
) -> list[Widget]:
    parts = [
        (MetricName.INIT_RUNTIME_TIME, "runtime"),
        (MetricName.INIT_IMPORT_TIME, "imports"),
        (MetricName.INIT_CLIENT_TIME, "clients"),
    ]
    if model:
        parts.append((MetricName.FIRST_CONNECTION_TIME, "first_connection"))
    init_time = metrics.own(MetricName.INIT_TIME)
    restore_time = metrics.reported(Reported.RESTORES)
    restored = Line(restore_time.at("SampleCount"), "processes restored", Colour.WARM)
    restores = Line(restore_time.at("p99"), "restore, p99", Colour.WARM)
    return [
        # Without a threshold: one request in a quiet night is cold, and nothing is wrong with that.
        graph(
            "Cold requests",
            [
                Line(
                    metrics.reported(Reported.DURATION, "SampleCount"), "requests", Colour.TRAFFIC
                ),
                Line(init_time.at("SampleCount"), "of them cold", Colour.COLD),
                *([restored] if snap_start else []),
            ],
            unit="requests",
            right=[version_line(metrics)],
            right_unit=VERSION,
        ),
        graph(
            "Init time",
            [*percentiles(init_time), *([restores] if snap_start else [])],
            unit="ms",
        ),
        log_graph(
            "What a cold start is made of, ms",
            log,
            f"ispresent({MetricName.INIT_TIME})",
            [statistic("avg", name, label) for name, label in parts],
            stacked=True,
        ),
    ]


def _cold_and_warm(log: Sequence[str]) -> list[Widget]:
    """What callers wait for in a process's first request, and in later ones."""
    return [
        log_graph(
            f"{start.capitalize()} requests, ms",
            log,
            f'{START} = "{start}"',
            percentiles_of(MetricName.INVOCATION_LATENCY),
        )
        for start in (ProcessStart.COLD, ProcessStart.WARM)
    ]


def _connections(log: Sequence[str]) -> list[Widget]:
    """Whether requests share clients and connections."""
    every = f"ispresent({MetricName.CONNECTIONS_OPENED})"
    return [
        log_graph(
            "Clients and connections",
            log,
            every,
            [
                total(MetricName.CLIENT_REUSED, "clients_reused"),
                total(MetricName.CLIENT_CREATED, "clients_created"),
                total(MetricName.CONNECTION_REUSED, "requests_without_a_new_one"),
                total(MetricName.CONNECTIONS_OPENED, "connections_opened"),
                total(MetricName.RETIRED_CONNECTIONS, "found_dead"),
            ],
        ),
        log_graph(
            "Time to open a connection, ms",
            log,
            f"ispresent({MetricName.CONNECTION_TIME})",
            percentiles_of(MetricName.CONNECTION_TIME),
        ),
    ]
