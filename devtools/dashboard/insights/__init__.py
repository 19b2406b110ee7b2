"""The part of the Logs Insights query language that dashboards use, evaluated over log events.

    tokens.py       a query, token by token
    values.py       values of log fields: compared, ordered, shown
    events.py       log events and the fields that a query sees in them
    expressions.py  expressions, parsed into functions of one event's fields
    statistics.py   statistics, parsed into functions of a group of events
    commands.py     commands, each applied to the rows that the one before it left

Source: "CloudWatch Logs Insights language query syntax" in the CloudWatch Logs user guide.

Commands: ``fields``, ``display``, ``filter``, ``stats ... by ...``, ``sort``, ``limit``,
``dedup``, ``parse`` (glob or regular expression). Operators: ``and or not``, ``= != < <= > >=``,
``like``, ``=~``, ``in``, ``+ - * /``.
Functions: ``ispresent``, ``isempty``, ``isblank``, ``coalesce``, ``strlen``, ``tolower``,
``toupper``, ``abs``, ``ceil``, ``floor``, ``greatest``, ``least``, ``bin``. Statistics: ``count``,
``count_distinct``, ``sum``, ``avg``, ``min``, ``max``, ``pct``, ``median``, ``earliest``,
``latest``. Anything else raises ``NotEvaluated``: a wrong table is worse than none.
"""

from devtools.dashboard.insights.commands import Table, run
from devtools.dashboard.insights.events import LogEvent
from devtools.dashboard.insights.expressions import bin_width_s
from devtools.dashboard.insights.tokens import NotEvaluated
from devtools.dashboard.insights.values import Value

__all__ = ["LogEvent", "NotEvaluated", "Table", "Value", "bin_width_s", "run"]
