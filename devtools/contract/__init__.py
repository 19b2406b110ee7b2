"""Whether dashboards and alarms read what is emitted, and whether what is emitted is read.

    uses.py       what the widgets and alarms of synthesized templates read
    emitted.py    what functions really emitted, out of their log lines
    catalogue.py  what AWS services emit, out of a checked-in file
    exceptions.py metrics that nobody reads, each with its reason
    check.py      the comparison

Knows nothing of Tradewind, and calls no AWS.
"""

from devtools.contract.catalogue import Catalogue, load_catalogue
from devtools.contract.check import Finding, check
from devtools.contract.emitted import Emitted, emitted_in
from devtools.contract.exceptions import load_exceptions
from devtools.contract.uses import Contract, ContractError, read_contract

__all__ = [
    "Catalogue",
    "Contract",
    "ContractError",
    "Emitted",
    "Finding",
    "check",
    "emitted_in",
    "load_catalogue",
    "load_exceptions",
    "read_contract",
]
