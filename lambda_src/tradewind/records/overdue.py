"""Which requests' functions died: the open records whose deadline is past."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.contracts.names import (
    OPEN_INDEX,
    RECORD_ATTEMPT,
    RECORD_DEADLINE,
    RECORD_KEY,
    RECORD_OPEN,
)
from tradewind.records.conditional import storage_error
from tradewind.records.item import OPEN

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Records in a page: so few that a page is soon worked off, and its memory small.
_PAGE: Final = 100


@dataclass(frozen=True)
class OverdueRecord:
    """A record of the index; see ``contracts.names.OPEN_INDEX_ATTRIBUTES``."""

    record_id: str
    attempt: str
    agent: str
    request_id: str
    project_id: str


def overdue_records(table_name: str, client: "DynamoDBClient") -> Iterator[OverdueRecord]:
    """Read them from the index, page by page, the oldest first.

    The index follows the table within a moment: a record that is in it may be finished by now.

    Raises:
        StorageError: The index could not be read.
    """
    query: dict[str, Any] = {
        "TableName": table_name,
        "IndexName": OPEN_INDEX,
        "KeyConditionExpression": f"#open = :open AND {RECORD_DEADLINE} < :now",
        "ExpressionAttributeNames": {"#open": RECORD_OPEN},
        "ExpressionAttributeValues": {":open": {"S": OPEN}, ":now": {"N": str(int(time.time()))}},
        "Limit": _PAGE,
    }
    while True:
        try:
            page = client.query(**query)
        except (ClientError, BotoCoreError) as error:
            raise storage_error(error) from error
        for item in page["Items"]:
            yield OverdueRecord(
                record_id=item[RECORD_KEY]["S"],
                attempt=item[RECORD_ATTEMPT]["S"],
                agent=item["agent"]["S"],
                request_id=item["request_id"]["S"],
                project_id=item["project_id"]["S"],
            )
        if "LastEvaluatedKey" not in page:
            return
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
