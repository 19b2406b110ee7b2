"""Whether the policies of a synthesized app grant what its roles ask for, and nothing else.

    record.py      the calls that were made, and what the templates' references stand for
    grants.py      what the policies of the templates grant, one action on one resource each
    patterns.py    patterns of names: what they match, and whether they are wider than their use
    conditions.py  whether a statement's conditions hold for a call
    excuses.py     grants that no call uses, each with its reason
    coverage.py    the comparison

Knows nothing of Tradewind, and calls no AWS.
"""

from devtools.permissions.coverage import Coverage, Finding, cover
from devtools.permissions.errors import PermissionsError
from devtools.permissions.excuses import Excuse, load_excuses
from devtools.permissions.grants import Policies, read_policies
from devtools.permissions.record import Call, Record, read_record

__all__ = [
    "Call",
    "Coverage",
    "Excuse",
    "Finding",
    "PermissionsError",
    "Policies",
    "Record",
    "cover",
    "load_excuses",
    "read_policies",
    "read_record",
]
