"""Where a dashboard's data come from.

interface.py     what dashboards ask
account.py       an AWS account: CloudWatch has put the metrics together already
emulated.py      an AWS that takes log lines but extracts no metrics from them and evaluates no
                 alarms: that is done here, on what was logged and published
alarm_states.py  which alarms others rest on
"""

from devtools.dashboard.sources.account import Account
from devtools.dashboard.sources.emulated import EmulatedAccount
from devtools.dashboard.sources.interface import (
    AlarmReport,
    SeriesQuery,
    SeriesResult,
    Source,
    SourceError,
)

__all__ = [
    "Account",
    "AlarmReport",
    "EmulatedAccount",
    "SeriesQuery",
    "SeriesResult",
    "Source",
    "SourceError",
]
