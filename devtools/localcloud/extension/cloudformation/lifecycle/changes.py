"""Changes that AWS does not make to a resource that is there."""

from typing import Any

from devtools.localcloud.extension.cloudformation.lifecycle.rules import Properties

#: What an index of a table can change while it is there.
_OF_AN_INDEX = ("ContributorInsightsSpecification", "ProvisionedThroughput")


def of_indexes(before: Properties, after: Properties) -> None:
    """Refuse two changes of a table's indexes in one update, and another shape of one of them."""
    if any(before.get(name) != after.get(name) for name in ("KeySchema", "TableName")):
        return  # another table
    old, new = _indexes(before), _indexes(after)
    if len(set(old) ^ set(new)) > 1:
        raise ValueError("Cannot perform more than one GSI creation or deletion in a single update")
    for name in set(old) & set(new):
        if _shape(old[name]) != _shape(new[name]):
            raise ValueError(
                "Cannot update GSI's properties other than Provisioned Throughput and Contributor "
                "Insights Specification. You can create a new GSI with a different name."
            )


def _indexes(properties: Properties) -> dict[str, Properties]:
    return {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes", [])}


def _shape(index: Properties) -> dict[str, Any]:
    return {key: value for key, value in index.items() if key not in _OF_AN_INDEX}
