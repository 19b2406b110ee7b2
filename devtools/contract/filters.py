"""Metric filters: what they publish, and whether they can."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from devtools.cloudwatch.emf import UNITS
from devtools.cloudwatch.filter_pattern import (
    FilterPatternError,
    equalities_in,
    matches,
    selectors_in,
    text,
    value,
)
from devtools.contract.emitted import Emitted
from devtools.contract.uses import MetricFilter, Use
from devtools.dashboard.metrics import MetricId

#: What the end of a field's name says of its unit, where Lambda names it so.
_UNITS: Final[Mapping[str, str]] = {"Ms": "Milliseconds", "MB": "Megabytes"}
#: Statistics that a default value of 0 leaves as they are.
_UNMOVED: Final = frozenset({"Sum", "Maximum"})


def read_filter(name: str, properties: Mapping[str, Any]) -> Iterator[MetricFilter]:
    """The metrics that an ``AWS::Logs::MetricFilter`` makes."""
    for made in properties.get("MetricTransformations") or ():
        dimensions = {one["Key"]: one["Value"] for one in made.get("Dimensions") or ()}
        yield MetricFilter(
            f"metric filter {properties.get('FilterName', name)}",
            str(properties.get("LogGroupName", "")),
            str(properties.get("FilterPattern", "")),
            str(made["MetricValue"]),
            MetricId.of(made["MetricNamespace"], made["MetricName"], dimensions),
            made.get("Unit", "None"),
            None if made.get("DefaultValue") is None else float(made["DefaultValue"]),
        )


def published(one: MetricFilter, lines: Iterable[str]) -> frozenset[Emitted]:
    """What a filter publishes of these lines; without dimensions, the same of all of them."""
    metric = one.metric
    if not metric.dimensions:
        return frozenset({Emitted(metric, one.unit)})
    found = set()
    for line in _matching(one, lines):
        values = {name: text(field, line) for name, field in metric.dimensions}
        if all(values.values()):
            pairs = {name: str(field) for name, field in values.items()}
            found.add(Emitted(MetricId.of(metric.namespace, metric.name, pairs), one.unit))
    return frozenset(found)


def problems_of(one: MetricFilter, lines: Iterable[str]) -> Iterator[str]:
    """Why a filter publishes nothing, or something else than it says.

    Args:
        one: The filter.
        lines: What may be in its log group.
    """
    try:
        found = _matching(one, lines)
        unread = {one.value} - selectors_in(one.pattern) if one.value.startswith("$") else set()
        has_value = any(value(one.value, line) is not None for line in found)
    except FilterPatternError as error:
        yield f"CloudWatch Logs would refuse it: {error}"
        return
    if not found:
        yield f"no line of a log matches {one.pattern!r}"
    elif unread:
        yield f"its value {one.value} is not in its pattern"
    elif not has_value:
        yield f"no line that it matches has a number at {one.value}"
    else:
        for part in sorted(equalities_in(one.pattern)):
            if not any(matches(part, line) for line in lines):
                yield f"no line of a log matches {part!r}, a part of its pattern"
    if one.unit not in UNITS:
        yield f"CloudWatch has no unit {one.unit}"
    if one.default is not None and one.metric.dimensions:
        yield "CloudWatch Logs would refuse it: with dimensions it has no default value"
    for ending, unit in _UNITS.items():
        if one.value.endswith(ending) and one.unit != unit:
            yield f"it publishes {one.value} in {one.unit}, not in {unit}"


def skewed(one: MetricFilter, uses: Iterable[Use]) -> Iterator[tuple[str, str]]:
    """Who reads a statistic that counts a filter's default values, too: where, and what of."""
    if one.default is None:
        return
    for use in uses:
        if one.names(use.metric.namespace, use.metric.name) and use.statistic not in _UNMOVED:
            yield (
                use.where,
                f"{use.statistic} of {use.metric.name} counts the default {one.default:g} of "
                "every minute without a line",
            )


def _matching(one: MetricFilter, lines: Iterable[str]) -> list[str]:
    return [line for line in lines if matches(one.pattern, line)]
