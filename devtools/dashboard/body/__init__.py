"""A CloudWatch dashboard body.

    model.py    its values
    parsing.py  from JSON to these

The format is the one of AWS's "Dashboard Body Structure and Syntax". A widget that cannot be read
becomes an ``UnreadableWidget`` and does not take the others with it: a preview is for finding such
a widget.
"""

from devtools.dashboard.body.model import (
    AlarmWidget,
    Body,
    HorizontalAnnotation,
    LogWidget,
    MetricWidget,
    Place,
    Row,
    TextWidget,
    UnreadableWidget,
    VerticalAnnotation,
    Widget,
    YAxis,
)
from devtools.dashboard.body.parsing import NotADashboard, parse_body, parse_duration

__all__ = [
    "AlarmWidget",
    "Body",
    "HorizontalAnnotation",
    "LogWidget",
    "MetricWidget",
    "NotADashboard",
    "Place",
    "Row",
    "TextWidget",
    "UnreadableWidget",
    "VerticalAnnotation",
    "Widget",
    "YAxis",
    "parse_body",
    "parse_duration",
]
