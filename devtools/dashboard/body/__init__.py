"""A CloudWatch dashboard body.

    model.py           its values
    parsing.py         from JSON to these
    metric_widgets.py  the same for metric widgets
    variables.py       one body that shows one thing at a time
    times.py           from when to when
    whole.py           what it says beside its widgets

The format is the one of AWS's "Dashboard Body Structure and Syntax". A widget that cannot be read,
or that CloudWatch refuses, becomes an ``UnreadableWidget`` and does not take the others with it: a
preview is for finding such a widget.
"""

from devtools.dashboard.body.model import (
    AlarmProperties,
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
from devtools.dashboard.body.parsing import NotADashboard, parse_body
from devtools.dashboard.body.times import parse_duration, parse_moment
from devtools.dashboard.body.variables import Variable, variables_of, with_value

__all__ = [
    "AlarmProperties",
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
    "Variable",
    "VerticalAnnotation",
    "Widget",
    "YAxis",
    "parse_body",
    "parse_duration",
    "parse_moment",
    "variables_of",
    "with_value",
]
