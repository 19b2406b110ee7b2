"""Logs Insights queries, against the log groups there are and what is in them."""

from collections.abc import Collection, Iterator
from typing import Final

from devtools.contract.logged import SYSTEM_FIELDS, Logged, access_log_fields
from devtools.contract.queries import QueryError, QueryNeeds, read_query
from devtools.contract.uses import Contract, LogUse

#: Logs Insights takes no more in one query.
_MOST_GROUPS: Final = 50


def missing_groups(groups: Collection[str], contract: Contract) -> Iterator[str]:
    """Log groups that no template has."""
    there = contract.values_of("AWS::Logs::LogGroup", "LogGroupName")
    for group in groups:
        if group not in there:
            yield f"no template has the log group {group}"


def problems_of(use: LogUse, contract: Contract, logged: Logged | None) -> Iterator[str]:
    """What is wrong with a query.

    Args:
        use: The query.
        contract: What else there is.
        logged: What is in the logs; None where it is not known, and is not compared.
    """
    yield from missing_groups(use.groups, contract)
    if len(use.groups) > _MOST_GROUPS:
        yield f"it searches {len(use.groups)} log groups, more than {_MOST_GROUPS}"
    if not use.query.strip():
        yield "its query is empty"
    try:
        needs = read_query(use.query, use.view)
    except QueryError as error:
        yield f"its query cannot be read: {error}"
        return
    if logged is not None:
        yield from _unmet(use, needs, contract, logged)


def _unmet(use: LogUse, needs: QueryNeeds, contract: Contract, logged: Logged) -> Iterator[str]:
    of_access_logs = [access_log_fields(contract, group) for group in use.groups]
    fields = logged.fields.union(*of_access_logs)
    if of_access_logs and all(of_access_logs):
        fields = SYSTEM_FIELDS.union(*of_access_logs)
    for name in sorted(needs.fields - fields):
        yield f"no line of a log has the field {name}"
    for asked in needs.asked:
        values = logged.said.get(asked.field)
        if values is not None and not any(map(asked.is_met_by, values)):
            yield f"no line of a log has a {asked.field} like {asked.value!r}"
