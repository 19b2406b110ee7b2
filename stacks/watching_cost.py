"""What watching an environment costs a month, counted in its synthesized templates.

A custom metric counts as if it had data in every hour, which is the most it can cost. What rarely
happens is left out, and so are logs, which are billed by what is written.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from stacks.metrics_page import custom_metrics
from stacks.parts.reported import REPORTED, Reported
from stacks.settings.environment import Settings
from stacks.settings.unique_keys import load_yaml
from tradewind.contracts.validation import Frozen
from tradewind.telemetry.metric_names import Kept

_PRICES: Final = Path(__file__).resolve().parent / "data" / "watching_prices.yaml"


class Parts(Frozen):
    """A number for each part of what watching is made of.

    Attributes:
        metrics: Custom ones.
        alarm_metrics: Metrics that alarms watch, each as often as one does.
        composite_alarms: Alarms on alarms.
        dashboards: All of them.
    """

    metrics: float
    alarm_metrics: float
    composite_alarms: float
    dashboards: float

    def times(self, other: "Parts") -> "Parts":
        """Each part by the other's."""
        mine, others = self.model_dump(), other.model_dump()
        return Parts(**{part: value * others[part] for part, value in mine.items()})

    def beyond(self, other: "Parts") -> "Parts":
        """What of each part exceeds the other's."""
        mine, others = self.model_dump(), other.model_dump()
        return Parts(**{part: max(value - others[part], 0) for part, value in mine.items()})

    @property
    def total(self) -> float:
        """All parts together."""
        return self.metrics + self.alarm_metrics + self.composite_alarms + self.dashboards


class WatchingPrices(Frozen):
    """The file of prices.

    Attributes:
        as_of: The day somebody last compared it with the provider's page.
        source: That page.
        usd: What one of each part costs a month, in US dollars.
        free: How many of each part an account has for nothing.
    """

    as_of: dt.date
    source: str
    usd: Parts
    free: Parts


@cache
def watching_prices() -> WatchingPrices:
    """The prices."""
    return WatchingPrices.model_validate(load_yaml(_PRICES.read_text(encoding="utf-8")))


def watched(folder: Path, settings: Settings, agents: Collection[str]) -> Parts:
    """Count what an environment is watched by.

    Args:
        folder: Its synthesized templates.
        settings: The environment's.
        agents: Those of this checkout; the settings name the runtimes.
    """
    resources = list(_resources(folder))
    kinds = [one["Type"] for one in resources]
    runtimes = len(settings.runtimes)
    detailed = settings.watching.detailed_metrics
    return Parts(
        metrics=custom_metrics(
            len(agents) + runtimes,
            runtimes=runtimes,
            kept=[Kept.ALWAYS, Kept.IN_LOG] if detailed else [Kept.ALWAYS],
            detailed=detailed,
        )
        + len(_always_reported(resources)),
        alarm_metrics=sum(
            _metrics_of_alarm(one["Properties"])
            for one in resources
            if one["Type"] == "AWS::CloudWatch::Alarm"
        ),
        composite_alarms=kinds.count("AWS::CloudWatch::CompositeAlarm"),
        dashboards=kinds.count("AWS::CloudWatch::Dashboard"),
    )


def said_of_cost(environment: str, counts: Parts) -> str:
    """What the synth says of it, in one line."""
    prices = watching_prices()
    usd = counts.times(prices.usd)
    alone = counts.beyond(prices.free).times(prices.usd).total
    return (
        f"Watching {environment} costs about {usd.total:.2f} US dollars a month at prices of "
        f"{prices.as_of}: {counts.metrics:.0f} custom metrics {usd.metrics:.2f}, alarms on "
        f"{counts.alarm_metrics:.0f} metrics {usd.alarm_metrics:.2f}, "
        f"{counts.composite_alarms:.0f} composite alarms {usd.composite_alarms:.2f}, "
        f"{counts.dashboards:.0f} dashboards {usd.dashboards:.2f}; {alone:.2f} in an account with "
        "nothing else"
    )


def _resources(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.template.json")):
        yield from json.loads(file.read_text(encoding="utf-8")).get("Resources", {}).values()


def _always_reported(resources: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Metrics that filters make of what every line says; the others are of what is rare."""
    return {
        (made["MetricNamespace"], made["MetricName"])
        for one in resources
        if one["Type"] == "AWS::Logs::MetricFilter"
        for made in one["Properties"]["MetricTransformations"]
        if not REPORTED[Reported(made["MetricName"])].is_rare
    }


def _metrics_of_alarm(properties: dict[str, Any]) -> int:
    return sum("MetricStat" in one for one in properties.get("Metrics", [])) or 1
