"""The part of the Logs Insights query language that dashboards use, evaluated over log events.

    tokens.py       a query, token by token
    values.py       values of log fields: compared, ordered, shown
    events.py       log events and the fields that a query sees in them
    language.py     what the language knows: names of commands, functions and units
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
``latest``, and what ``+ - * /`` make of them. Anything else raises ``NotEvaluated``: a wrong table
is worse than none. What Logs Insights refuses raises ``QueryRefused``: a command or a function
that does not exist, what cannot be parsed, more than two ``stats``, ``sort`` or ``limit`` before
the last of them, a field that ``stats`` did not leave, and any command but ``limit`` after
``dedup``.
"""

from devtools.dashboard.insights.commands import Table, run
from devtools.dashboard.insights.events import LogEvent
from devtools.dashboard.insights.tokens import NotEvaluated, QueryRefused
from devtools.dashboard.insights.values import Value

__all__ = ["LogEvent", "NotEvaluated", "QueryRefused", "Table", "Value", "run"]
