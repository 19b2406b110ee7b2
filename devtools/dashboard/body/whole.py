"""What a body says beside its widgets, and why CloudWatch would refuse it as a whole."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from devtools.dashboard.body.times import parse_duration, problems_of_range
from devtools.dashboard.body.variables import Variable

_MOST_WIDGETS, _MOST_VARIABLES, _MOST_METRICS = 500, 25, 2500


def own_range(body: Mapping[str, Any]) -> timedelta | None:
    """How far back a body looks by itself; None when it does not say."""
    return parse_duration(body.get("start"))


def problems_of(body: Mapping[str, Any]) -> Iterator[str]:
    """Why CloudWatch would refuse the body, apart from single widgets."""
    widgets = body["widgets"]
    if len(widgets) > _MOST_WIDGETS:
        yield f"It has {len(widgets)} widgets, more than {_MOST_WIDGETS}."
    metrics = sum(map(_metrics_in, widgets))
    if metrics > _MOST_METRICS:
        yield f"Its widgets have {metrics} metrics, more than {_MOST_METRICS}."
    yield from _problems_of_times(body)
    yield from _problems_of_variables(body.get("variables", []))


def _metrics_in(widget: Any) -> int:
    properties = widget.get("properties") if isinstance(widget, Mapping) else None
    metrics = properties.get("metrics") if isinstance(properties, Mapping) else None
    return len(metrics) if isinstance(metrics, list) else 0


def _problems_of_times(body: Mapping[str, Any]) -> Iterator[str]:
    yield from problems_of_range(body.get("start"), body.get("end"))
    override = body.get("periodOverride", "inherit")
    if override not in ("auto", "inherit"):
        yield f"periodOverride: {override!r} is neither auto nor inherit."


def _problems_of_variables(variables: Any) -> Iterator[str]:
    if not isinstance(variables, list):
        yield "variables: it is no list."
        return
    if len(variables) > _MOST_VARIABLES:
        yield f"It has {len(variables)} variables, more than {_MOST_VARIABLES}."
    known: set[tuple[str, str]] = set()
    for at, described in enumerate(variables):
        try:
            variable = Variable.model_validate(described)
        except ValidationError as problems:
            first = problems.errors()[0]
            field = ".".join(str(step) for step in ("variables", at, *first["loc"]))
            yield f"{field}: {first['msg'].removeprefix('Value error, ')}"
            continue
        for kind, name in (("id", variable.id), ("property", variable.of_property)):
            if name is not None and (kind, name) in known:
                yield f"variables.{at}: the {kind} {name!r} is another variable's, too."
            known.add((kind, name or ""))
