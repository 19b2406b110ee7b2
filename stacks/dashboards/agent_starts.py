"""One agent's cold starts and connections: what a request waits for, and what later ones reuse."""

from collections.abc import Mapping

from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import AgentMetrics
from stacks.parts.widgets import Colour, Line, Widget, alarm_line, graph, percentiles, version_line
from tradewind.telemetry.metric_names import MetricName


def cold_starts(
    metrics: AgentMetrics, alarms: Mapping[str, AlarmSpec], *, model: bool = True
) -> list[Widget]:
    """How many requests start a process, and what the start takes.

    Args:
        metrics: The agent's.
        alarms: Its alarms, by symptom.
        model: Whether it calls a model, and so opens a connection to one.
    """
    init_time = metrics.own(MetricName.INIT_TIME)
    phases = [
        (MetricName.INIT_RUNTIME_TIME, "runtime", Colour.AWS),
        (MetricName.INIT_IMPORT_TIME, "imports", Colour.COLD),
        (MetricName.INIT_CLIENT_TIME, "clients", Colour.TRAFFIC),
    ]
    if model:
        phases.append((MetricName.FIRST_CONNECTION_TIME, "first connection", Colour.WARNING))
    return [
        graph(
            "Share of cold requests",
            [
                Line(metrics.cold_share, "in 5 minutes", Colour.COLD),
                alarm_line(alarms["cold-starts"], Colour.WARNING),
            ],
            unit=alarms["cold-starts"].unit,
            right=[version_line(metrics)],
            right_unit="version",
            thresholds=[alarms["cold-starts"]],
            threshold_colour=Colour.WARNING,
        ),
        graph(
            "What a cold start is made of",
            [Line(metrics.own(name, "Average"), label, colour) for name, label, colour in phases],
            unit="ms",
            stacked=True,
        ),
        graph(
            "Init time",
            [*percentiles(init_time), alarm_line(alarms["init-time"], Colour.ERROR)],
            unit=alarms["init-time"].unit,
            thresholds=[alarms["init-time"]],
        ),
    ]


def connections(metrics: AgentMetrics) -> list[Widget]:
    """Whether requests share clients and connections."""
    reused = metrics.own(MetricName.CONNECTION_REUSED)
    time = metrics.own(MetricName.CONNECTION_TIME)
    return [
        graph(
            "Clients",
            [
                Line(metrics.own(MetricName.CLIENT_REUSED), "reused", Colour.GOOD),
                Line(metrics.own(MetricName.CLIENT_CREATED), "created", Colour.WARNING),
            ],
            unit="clients",
        ),
        graph(
            "Connections",
            [
                Line(reused, "requests without a new one", Colour.GOOD),
                Line(metrics.own(MetricName.CONNECTIONS_OPENED), "opened", Colour.WARNING),
                Line(metrics.own(MetricName.RETIRED_CONNECTIONS), "found dead", Colour.ERROR),
            ],
            unit="connections",
        ),
        graph(
            "Time to open a connection",
            [
                Line(time.at("p50"), "p50", Colour.P50),
                Line(time.at("p99"), "p99", Colour.P99),
            ],
            unit="ms",
        ),
    ]
