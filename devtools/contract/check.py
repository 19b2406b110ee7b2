"""The comparison of what is read with what is emitted."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from devtools.contract.catalogue import Catalogue, Service
from devtools.contract.emitted import Emitted
from devtools.contract.exceptions import MetricKey
from devtools.contract.uses import Contract, Use
from devtools.dashboard.metrics import MetricId

_PERCENTILE: Final = re.compile(r"p(?:100|\d{1,2}(?:\.\d+)?)")
_PERCENTILES: Final = "percentile"
#: Statistics that say something of a value, by its unit. The sum of times and the 99th percentile
#: of ones and zeros are numbers, but no answers.
_OF_COUNTS: Final = frozenset({"Sum", "Average", "Minimum", "Maximum", "SampleCount"})
_OF_TIMES: Final = frozenset({"Average", "Minimum", "Maximum", "SampleCount", _PERCENTILES})
_STATISTICS: Final[Mapping[str, frozenset[str]]] = {
    "Count": _OF_COUNTS,
    "None": _OF_COUNTS,
    "Seconds": _OF_TIMES,
    "Milliseconds": _OF_TIMES,
    "Microseconds": _OF_TIMES,
}
_ANY_STATISTIC: Final = _OF_COUNTS | _OF_TIMES


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A broken promise.

    Attributes:
        where: The widget, the alarm, or the metric.
        problem: What is wrong with it.
    """

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


def check(
    contract: Contract,
    emitted: Iterable[Emitted],
    catalogue: Catalogue,
    exceptions: Mapping[MetricKey, str],
    *,
    free: Collection[str] = (),
) -> list[Finding]:
    """Compare what is read with what is emitted, both ways.

    Args:
        contract: What widgets and alarms read.
        emitted: What was emitted.
        catalogue: What AWS services emit.
        exceptions: Metrics that nobody has to read.
        free: Dimensions whose values are not compared, because what was emitted comes from
            another deployment than the one the templates are for.

    Returns:
        What is wrong, sorted; nothing when all is well.
    """
    ours = _Emissions(frozenset(emitted), frozenset(free))
    findings = {Finding(where, problem) for where, problem in contract.problems}
    for use in contract.uses:
        if use.metric.namespace in catalogue:
            problems = _against_service(use, catalogue[use.metric.namespace], contract)
        elif use.metric.namespace.startswith("AWS/"):
            problems = iter([f"the catalogue has no namespace {use.metric.namespace}"])
        else:
            problems = ours.problems_of(use)
        findings |= {Finding(use.where, problem) for problem in problems}
    groups = contract.values_of("AWS::Logs::LogGroup", "LogGroupName")
    findings |= {
        Finding(where, f"no template has the log group {group}")
        for where, group in contract.log_groups
        if group not in groups
    }
    findings |= set(_unread(contract, ours.all, exceptions))
    return sorted(findings)


class _Emissions:
    """What was emitted, to be looked up."""

    def __init__(self, emitted: frozenset[Emitted], free: frozenset[str]) -> None:
        self.all = emitted
        self._free = free
        self._units: dict[MetricId, set[str]] = {}
        for one in emitted:
            self._units.setdefault(self._comparable(one.metric), set()).add(one.unit)

    def _comparable(self, metric: MetricId) -> MetricId:
        dimensions = {
            name: "*" if name in self._free else value for name, value in metric.dimensions
        }
        return MetricId.of(metric.namespace, metric.name, dimensions)

    def problems_of(self, use: Use) -> Iterator[str]:
        metric = use.metric
        units = self._units.get(self._comparable(metric))
        if units is not None:
            yield from _against_units(use, units)
            return
        of_namespace = [one.metric for one in self.all if one.metric.namespace == metric.namespace]
        named = [one for one in of_namespace if one.name == metric.name]
        sets = {frozenset(dict(one.dimensions)) for one in named}
        if not of_namespace:
            yield f"nothing emits into the namespace {metric.namespace}"
        elif not named:
            yield f"nothing emits {metric.namespace}/{metric.name}"
        elif frozenset(dict(metric.dimensions)) not in sets:
            yield (
                f"nothing emits {metric.namespace}/{metric.name} by "
                f"{_listed(dict(metric.dimensions))}, only by "
                f"{' or by '.join(sorted(map(_listed, sets)))}"
            )
        else:
            values = ", ".join(f"{name}={value}" for name, value in metric.dimensions)
            yield f"nothing emits {metric.namespace}/{metric.name} with {values}"


def _against_units(use: Use, units: Collection[str]) -> Iterator[str]:
    """Problems of reading a metric that was emitted in these units."""
    name = f"{use.metric.namespace}/{use.metric.name}"
    if len(units) > 1:
        yield f"{name} is emitted in more than one unit: {_listed(units)}"
    if use.unit is not None and use.unit not in units:
        yield f"{name} is emitted in {_listed(units)}, not in {use.unit}"
    for unit in units:
        if not _has(_STATISTICS.get(unit, _ANY_STATISTIC), use.statistic):
            yield f"{use.statistic} of {name} says nothing: its unit is {unit}"


def _against_service(use: Use, service: Service, contract: Contract) -> Iterator[str]:
    """Problems of reading a metric of an AWS service."""
    name = f"{use.metric.namespace}/{use.metric.name}"
    metric = service.metrics.get(use.metric.name)
    if metric is None:
        yield f"the catalogue has no metric {name}"
        return
    dimensions = dict(use.metric.dimensions)
    if frozenset(dimensions) not in service.dimension_sets:
        yield f"{name} is not kept by {_listed(dimensions)}"
    if not _has(metric.statistics | {"SampleCount"}, use.statistic):
        yield f"{use.statistic} of {name} says nothing: it has {_listed(metric.statistics)}"
    if use.unit is not None and use.unit != metric.unit:
        yield f"{name} is emitted in {metric.unit}, not in {use.unit}"
    for dimension, value in dimensions.items():
        origin = service.dimension_values.get(dimension)
        if origin and value not in contract.values_of(origin.resource, origin.property):
            yield f"no {origin.resource} of the templates has the {dimension} {value}"


def _unread(
    contract: Contract, emitted: Collection[Emitted], exceptions: Mapping[MetricKey, str]
) -> Iterator[Finding]:
    """Metrics that nobody reads, and exceptions that except nothing."""
    read = {_key(use.metric) for use in contract.uses}
    written = {_key(one.metric) for one in emitted}
    for key in written - read - set(exceptions):
        yield Finding(str(key), "it is emitted, and no widget, alarm or exception names it")
    for key in set(exceptions) - written:
        yield Finding(str(key), "it is an exception, and nothing emits it")
    for key in set(exceptions) & read:
        yield Finding(str(key), "it is an exception, and a widget or an alarm reads it")


def _key(metric: MetricId) -> MetricKey:
    return MetricKey(metric.namespace, metric.name, frozenset(dict(metric.dimensions)))


def _has(statistics: Collection[str], statistic: str) -> bool:
    if _PERCENTILE.fullmatch(statistic):
        return _PERCENTILES in statistics
    return statistic in statistics


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
