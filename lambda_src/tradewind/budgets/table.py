"""What principals spend, one item a day each, in a DynamoDB table.

============== ==================================================================================
account_day    the key: a digest of the principal, and the day in UTC
owner          the principal
committed      nanodollars: all that was spent, and all that is reserved
r-…            a reservation: its nanodollars, and the epoch second by which its function is dead
expires_at     epoch seconds: DynamoDB deletes the item after it
============== ==================================================================================

One number is compared and changed in one write, so that no two reservations can both take what is
left. A reservation is in it from the beginning; settling gives back what the call did not cost.
Nobody has to find the reservation of a function that died: what nobody gives back stays spent. It
must, since the service may have worked for it.

Every write names its reservation: made again after its reply was lost, it meets what it wrote.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws.dynamodb import failed_condition, item_met, storage_error
from tradewind.contracts.errors import StorageError
from tradewind.contracts.names import BUDGET_KEY, BUDGET_TTL, account_day

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_PREFIX: Final = "r-"
#: How long a day is kept: until a month's bill can be compared with it.
_KEPT_S: Final = 40 * 86_400
#: Clocks of functions differ by less.
_SKEW_S: Final = 60
#: Of the reservations of the dead, as many are swept up at a time.
_SWEPT: Final = 20


@dataclass(frozen=True)
class Entry:
    """A reservation in the table, written or about to be.

    Attributes:
        owner: Whose.
        day: Of which day.
        name: Names it in the day's item; no two share one.
        nano: What it takes, in nanodollars.
    """

    owner: str
    day: str
    name: str
    nano: int


@dataclass(frozen=True)
class Day:
    """A principal's day as it was read. In nanodollars.

    Attributes:
        committed: Spent or reserved.
        reserved: Of it, reserved by functions that may be at work.
        overdue: The names of reservations whose functions are dead.
    """

    committed: int = 0
    reserved: int = 0
    overdue: tuple[str, ...] = ()


def today() -> str:
    """The day in UTC."""
    return datetime.fromtimestamp(time.time(), UTC).date().isoformat()


def end_of(day: str) -> datetime:
    """The moment at which a day is over."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)


def new_entry(owner: str, nano: int) -> Entry:
    """A reservation of today."""
    return Entry(owner, today(), f"{_PREFIX}{uuid.uuid4().hex[:16]}", nano)


class BudgetTable:
    """The table. Safe for threads.

    Args:
        name: The table's.
        client: Repeats calls whose reply was lost.
    """

    def __init__(self, name: str, client: "DynamoDBClient") -> None:
        self.name = name
        self._client = client

    def reserve(self, entry: Entry, *, limit_nano: int, lease_s: float) -> tuple[bool, Day]:
        """Reserve, if the day's limit allows it.

        Args:
            entry: What to reserve.
            limit_nano: What may be spent and reserved on the day.
            lease_s: Seconds until whoever reserves is dead.

        Returns:
            Whether it is reserved, and the day as it is now.

        Raises:
            StorageError: It is not known whether it is.
        """
        if entry.nano > limit_nano:
            return False, self.read(entry.owner, entry.day)
        deadline = int(time.time() + lease_s) + _SKEW_S
        try:
            written = self._client.update_item(
                TableName=self.name,
                Key=_key(entry.owner, entry.day),
                UpdateExpression=(
                    f"ADD committed :nano SET #r = :r, #owner = :owner, {BUDGET_TTL} = :ttl"
                ),
                ConditionExpression=(
                    "attribute_not_exists(#r) "
                    "AND (attribute_not_exists(committed) OR committed <= :most)"
                ),
                ExpressionAttributeNames={"#r": entry.name, "#owner": "owner"},
                ExpressionAttributeValues={
                    ":nano": {"N": str(entry.nano)},
                    ":most": {"N": str(limit_nano - entry.nano)},
                    ":r": {"M": {"nano": {"N": str(entry.nano)}, "until": {"N": str(deadline)}}},
                    ":owner": {"S": entry.owner},
                    ":ttl": {"N": str(int(end_of(entry.day).timestamp()) + _KEPT_S)},
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
            return True, _day(written["Attributes"])
        except (ClientError, BotoCoreError) as error:
            if not failed_condition(error):
                raise _storage_error(error) from error
            # Not every endpoint returns it.
            met = item_met(error) or self._item(entry.owner, entry.day)
        # Ours: it was written, and the reply was lost.
        return entry.name in met, _day(met)

    def settle(self, entry: Entry, cost_nano: int, overdue: tuple[str, ...] = ()) -> bool:
        """Close a reservation: give back what its call did not cost.

        Args:
            entry: The reservation.
            cost_nano: What the call cost.
            overdue: Reservations of the dead, to close as spent.

        Returns:
            Whether it is closed by this. If not, it was never written, or closed before.

        Raises:
            StorageError: It could not be written.
        """
        names = {"#r": entry.name}
        names |= {f"#o{at}": name for at, name in enumerate(overdue[:_SWEPT])}
        try:
            self._client.update_item(
                TableName=self.name,
                Key=_key(entry.owner, entry.day),
                UpdateExpression=f"SET committed = committed - :back REMOVE {', '.join(names)}",
                ConditionExpression="attribute_exists(#r)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={":back": {"N": str(entry.nano - cost_nano)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except (ClientError, BotoCoreError) as error:
            if failed_condition(error):
                return False
            raise _storage_error(error) from error
        return True

    def read(self, owner: str, day: str) -> Day:
        """Read a principal's day; of one without spending, too.

        Raises:
            StorageError: It could not be read.
        """
        return _day(self._item(owner, day))

    def _item(self, owner: str, day: str) -> "Mapping[str, AttributeValueTypeDef]":
        try:
            found = self._client.get_item(
                TableName=self.name, Key=_key(owner, day), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise _storage_error(error) from error
        return found.get("Item", {})


def _key(owner: str, day: str) -> "dict[str, AttributeValueTypeDef]":
    return {BUDGET_KEY: {"S": account_day(owner=owner, day=day)}}


def _day(item: "Mapping[str, AttributeValueTypeDef]") -> Day:
    now = int(time.time())
    reserved, overdue = 0, []
    for name, value in item.items():
        if name.startswith(_PREFIX):
            if int(value["M"]["until"]["N"]) < now:
                overdue.append(name)
            else:
                reserved += int(value["M"]["nano"]["N"])
    committed = int(item["committed"]["N"]) if "committed" in item else 0
    return Day(committed, reserved, tuple(sorted(overdue)))


def _storage_error(error: ClientError | BotoCoreError) -> StorageError:
    return storage_error(error, "the table of budgets")
