"""A dashboard and its data, as the page takes it.

time_range.py  from when to when
content.py     what the page takes
evaluation.py  the series of a metric widget
metrics.py     a metric widget, filled
logs.py        a log widget, filled
alarms.py      the alarms that widgets name
dashboard.py   a dashboard, filled
"""

from devtools.dashboard.document.content import Json
from devtools.dashboard.document.dashboard import DEFAULT_RANGE, document
from devtools.dashboard.document.time_range import TimeRange

__all__ = ["DEFAULT_RANGE", "Json", "TimeRange", "document"]
