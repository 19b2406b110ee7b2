"""What widgets, alarms and saved queries read, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devtools.contract.search import Search
from devtools.dashboard.metrics import MetricId


class ContractError(Exception):
    """There is nothing to check, or it cannot be read."""


@dataclass(frozen=True, slots=True)
class Use:
    """A metric as one widget or alarm reads it.

    Attributes:
        where: The widget or alarm, for a person.
        metric: Namespace, name and dimensions.
        statistic: Such as Sum or p99.
        unit: The only unit it reads; None for whatever there is.
        region: Where it looks; None for where it is deployed.
        axis: What its axis says that the numbers are; empty where it says nothing.
    """

    where: str
    metric: MetricId
    statistic: str
    unit: str | None = None
    region: str | None = None
    axis: str = ""


@dataclass(frozen=True, slots=True)
class SearchUse:
    """Whatever metrics a widget's search finds."""

    where: str
    search: Search


@dataclass(frozen=True, slots=True)
class LogUse:
    """A Logs Insights query: a widget's, or a saved one.

    Attributes:
        view: What its answer is shown as.
    """

    where: str
    groups: tuple[str, ...]
    query: str
    view: str = "table"


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """What turns lines of a log group into a metric.

    Attributes:
        where: The filter, for a person.
        group: The log group.
        pattern: Which lines it takes.
        value: A number, or the field that has it.
        metric: What it publishes; a dimension's value is the field that has it.
        unit: The metric's.
        default: What it publishes of a minute in which it takes no line; None for nothing.
    """

    where: str
    group: str
    pattern: str
    value: str
    metric: MetricId
    unit: str
    default: float | None = None

    @property
    def constant(self) -> float | None:
        """What it publishes of every line; None where that is a field's."""
        try:
            return float(self.value)
        except ValueError:
            return None

    def names(self, namespace: str, name: str) -> bool:
        """Whether it publishes a metric of this name."""
        return (self.metric.namespace, self.metric.name) == (namespace, name)


@dataclass(frozen=True, slots=True)
class Contract:
    """What a synthesized app reads, and the resources it may read it of.

    Attributes:
        region: Where the app is deployed; what stands for it where the templates do not say.
        uses: Every metric of every widget and alarm.
        searches: Every search of every widget.
        logs: Every query of every widget, and the saved ones.
        filters: Every metric filter.
        problems: What cannot work whatever is emitted: where, and why.
        resources: Properties of all resources, by type.
    """

    region: str
    uses: tuple[Use, ...]
    searches: tuple[SearchUse, ...]
    logs: tuple[LogUse, ...]
    filters: tuple[MetricFilter, ...]
    problems: tuple[tuple[str, str], ...]
    resources: Mapping[str, tuple[Mapping[str, Any], ...]]

    def values_of(self, resource_type: str, *paths: str) -> frozenset[str]:
        """The values that a property, with dots for depth, has in the templates.

        Of several properties, the values joined by colons.
        """
        found = set()
        for properties in self.resources.get(resource_type, ()):
            values = [_at(properties, path) for path in paths]
            if all(isinstance(value, str) for value in values):
                found.add(":".join(map(str, values)))
        return frozenset(found)

    @property
    def told(self) -> frozenset[str]:
        """Every value of every environment variable that a function or a runtime is given."""
        variables = [
            _at(properties, "Environment.Variables")
            for properties in self.resources.get("AWS::Lambda::Function", ())
        ]
        variables += [
            properties.get("EnvironmentVariables")
            for properties in self.resources.get("AWS::BedrockAgentCore::Runtime", ())
        ]
        return frozenset(
            value
            for given in variables
            if isinstance(given, Mapping)
            for value in given.values()
            if isinstance(value, str)
        )


def _at(properties: Mapping[str, Any], path: str) -> Any:
    value: Any = properties
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
