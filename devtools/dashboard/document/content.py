"""What the page takes: plain values, ready for JSON.

Every number is worked out before; the page places and paints.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.statistics import StatisticError
from devtools.dashboard.insights import NotEvaluated, QueryRefused
from devtools.dashboard.sources import SourceError

Json = dict[str, Any]

_MINUTE: Final = 60


def series(
    label: str,
    points: Sequence[Sequence[Any]],
    period_s: float,
    *,
    color: str | None = None,
    unit: str = "",
    axis: str = "left",
) -> Json:
    """A series of a chart; points are pairs of milliseconds and value."""
    return {
        "label": label,
        "color": color,
        "unit": unit,
        "axis": axis,
        "points": list(points),
        "period": period_s,
        "latest": points[-1][1] if points else None,
    }


def chart(kind: str, series: Sequence[Json], **options: Any) -> Json:
    """A chart of series, with what the page expects of every chart."""
    return {
        "kind": kind,
        "series": list(series),
        "period": max((one["period"] for one in series), default=_MINUTE),
        "stacked": False,
        "bars": False,
        "sparkline": False,
        "full": False,
        "legend": "bottom",
        "axes": {},
        "lines": [],
        "marks": [],
        "alarms": [],
        **options,
    }


def filled(title: str, kind: str, *, empty: str) -> Json:
    """The head of a widget's content; ``empty`` says what is missing, or is empty itself."""
    return {"title": title, "kind": kind, "state": "empty" if empty else "data", "message": empty}


def failed(title: str, kind: str, state: str, message: str) -> Json:
    """A widget that shows a message only."""
    return {"title": title, "kind": kind, "state": state, "message": message}


def guarded(title: str, kind: str, fill: Callable[[], Json]) -> Json:
    """What one widget cannot do is that widget's error, and no other's."""
    try:
        return fill()
    except QueryRefused as problem:
        return failed(title, kind, "error", f"Logs Insights refuses the query: {problem}")
    except NotEvaluated as problem:
        return failed(title, kind, "unevaluated", f"Not evaluated here: {problem}")
    except (MathError, StatisticError, SourceError, ValueError) as problem:
        return failed(title, kind, "error", str(problem))
