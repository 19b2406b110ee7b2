"""Whether dashboards, alarms and queries read what is there, and whether all of it is read.

    templates.py   a synthesized app's templates, read into a contract
    widgets.py     what the widgets of a dashboard read
    boards.py      what dashboards are called, and where their texts lead
    alarms.py      what alarms watch, and what they do
    telling.py     whether anybody is told when one goes off
    firing.py      whether data can set an alarm off, and end it
    filters.py     what metric filters publish
    uses.py        what is read, as values
    expressions.py metric math: what is wrong with it, and what it searches for
    search.py      searches for metrics
    queries.py     Logs Insights queries: what they need of the log
    logged.py      what is in the logs, out of log lines
    emitted.py     what functions really emitted, out of the same
    emitters.py    who emits, and who was never called
    catalogue.py   what AWS services emit, out of a checked-in file
    exceptions.py  metrics that nobody reads, each with its reason
    units.py       what a unit says of statistics and axes
    emissions.py, services.py, logs.py  one side each of the comparison
    check.py       the comparison

Knows nothing of Tradewind, and calls no AWS.
"""

from devtools.contract.catalogue import Catalogue, load_catalogue
from devtools.contract.check import Finding, check
from devtools.contract.emitted import Emitted, emitted_in
from devtools.contract.emitters import Emitter
from devtools.contract.exceptions import load_exceptions
from devtools.contract.logged import Logged, logged_in
from devtools.contract.templates import read_contract
from devtools.contract.uses import Contract, ContractError

__all__ = [
    "Catalogue",
    "Contract",
    "ContractError",
    "Emitted",
    "Emitter",
    "Finding",
    "Logged",
    "check",
    "emitted_in",
    "load_catalogue",
    "load_exceptions",
    "logged_in",
    "read_contract",
]
