"""The alarms that a new version goes back by: each sees that version alone.

Only Lambda's own metrics know the version that served. They are stamped with a request's start and
come when it has ended, so these alarms look back over an hour: what comes late still counts, and so
does what comes seldom.
"""

from collections.abc import Iterator
from typing import Final

from stacks import names
from stacks.parts.alarm_math import (
    FADED_FAILURES,
    VERSION_FADES_MIN,
    fading_share_failed,
    periods_of,
)
from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import HOUR, AgentMetrics, MathExpression
from stacks.settings.deployment import DeploymentSettings
from stacks.settings.environment import Settings
from tradewind.contracts.agent_manifest import RUNS_ELSEWHERE, AgentManifest

VERSION_FAILING: Final = "version-failing"
VERSION_SLOWER: Final = "version-slower"

#: With fewer requests, half of them say nothing of how long requests take.
_MIN_REQUESTS: Final = 5


def version_alarms(
    metrics: AgentMetrics, version: str, settings: DeploymentSettings
) -> dict[str, AlarmSpec]:
    """The alarms on one version of an agent's function, by symptom.

    Lambda turns a request away before it chooses a version, so throttling is the function's alarm.

    Args:
        metrics: The agent's.
        version: Its number.
        settings: What a version has to keep to.
    """
    return {spec.symptom: spec for spec in _on_a_version(metrics, version, settings)}


def version_alarm_names(settings: Settings, agent: AgentManifest) -> list[str]:
    """What the alarms on an agent's newest version are called; none where there are none."""
    if not settings.deployment.gradual or agent.framework == RUNS_ELSEWHERE:
        return []
    return [
        names.alarm_name(settings.environment, symptom, agent.name)
        for symptom in (VERSION_FAILING, VERSION_SLOWER)
    ]


def _on_a_version(
    metrics: AgentMetrics, version: str, settings: DeploymentSettings
) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        VERSION_FAILING,
        f"More than {settings.error_percent:g} % of the requests to the newest version failed by "
        f"our fault, and more than {FADED_FAILURES:.0f}; one counts as half of one "
        f"{VERSION_FADES_MIN} minutes later. A deployment that gives it requests goes back.",
        fading_share_failed(
            metrics.of_version(version, "Errors"),
            metrics.of_version(version, "Invocations"),
            VERSION_FADES_MIN,
        ),
        label="failed, this version",
        unit="%",
        threshold=settings.error_percent,
        # Without a value it is over, and does not stay as it is: the next version has none yet.
        periods=periods_of(VERSION_FADES_MIN),
    )
    yield AlarmSpec(
        VERSION_SLOWER,
        f"In the last hour, half of the requests to the newest version, of at least "
        f"{_MIN_REQUESTS}, took more than {settings.slower_times:g} times as long as half of all "
        "requests. A deployment that gives it requests goes back.",
        MathExpression(
            f"IF(FILL(requests, 0) >= {_MIN_REQUESTS}, slow / usual, 0)",
            {
                "requests": metrics.of_version(version, "Invocations"),
                "slow": metrics.of_version(version, "Duration", "p50"),
                # Both versions': the former has most of the hour's requests while that matters.
                "usual": metrics.of_live("Duration", "p50"),
            },
            HOUR,
        ),
        label="times as long",
        unit="times",
        threshold=settings.slower_times,
    )
