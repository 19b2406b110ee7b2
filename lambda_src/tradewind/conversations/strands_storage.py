"""Conversations of agents that keep their sessions with Strands itself, in the same table.

For Strands' own session manager, in whatever process::

    storage = SessionStorage(table_name, boto3.client("dynamodb"), owner=user, session_id="s-1")
    agent = Agent(session_manager=SnapshotSessionManager("s-1", storage=storage))

A snapshot holds a whole conversation, and is written over the one before. Where two agents go on
with one conversation at a time, the second to write would undo the first one's turn; here its write
is refused, and its turn failed. A new ``Agent`` on a new storage reads what there is, and may ask
again.
"""

import asyncio
import builtins
import gzip
import time
import uuid
import zlib
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from strands.storage import Storage
from strands.types.exceptions import StorageError

from tradewind.aws.dynamodb import failed_condition, item_met
from tradewind.contracts.names import SESSION_KEY, SESSION_TTL, SESSION_TURN, session_key
from tradewind.conversations.item import CONTENT_LIMIT, turn_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DAY_S: Final = 86_400
#: Begins the keys of these conversations. No session id of ours holds a colon.
_KEY_PREFIX: Final = "strands:"
_PAGE: Final = 100


class StorageConflict(StorageError):
    """What was to be replaced has changed since it was read: another agent's turn is in it."""


class SessionStorage(Storage[str, str]):
    """Strands' ``Storage`` of one conversation: a write replaces only what this storage has seen.

    Belongs to one agent, as what it has seen is what that agent goes on from: two agents, also in
    one process, have two storages. Calls block the event loop no longer than their own thread.

    Args:
        table_name: Of conversations.
        client: A client that reaches it.
        owner: Whose conversation it is.
        session_id: Its id; other owners' are others.
        ttl_days: How long a value is kept after its last write.
    """

    def __init__(
        self,
        table_name: str,
        client: "DynamoDBClient",
        *,
        owner: str,
        session_id: str,
        ttl_days: int = 30,
    ) -> None:
        self._table_name = table_name
        self._client = client
        self._key = _KEY_PREFIX + session_key(owner=owner, session_id=session_id)
        self._ttl_s = ttl_days * _DAY_S
        self._seen: dict[str, str] = {}

    async def write(self, key: str, data: bytes) -> None:
        """Store a value in place of the one that was read or written last.

        Raises:
            StorageConflict: There is another one by now.
            StorageError: It is too large, or could not be written.
        """
        packed = gzip.compress(data, mtime=0)
        if len(packed) > CONTENT_LIMIT:
            raise StorageError(
                f"{key} has {len(packed)} bytes when compressed; at most {CONTENT_LIMIT} are kept."
            )
        version = uuid.uuid4().hex
        put: dict[str, Any] = {
            "Item": {
                **turn_key(self._key, key),
                "version": {"S": version},
                "content": {"B": packed},
                SESSION_TTL: {"N": str(int(time.time()) + self._ttl_s)},
            },
            "ExpressionAttributeNames": {"#version": "version"},
            "ConditionExpression": "attribute_not_exists(#version)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if key in self._seen:
            put["ConditionExpression"] = "#version = :seen"
            put["ExpressionAttributeValues"] = {":seen": {"S": self._seen[key]}}
        try:
            await self._call("put_item", **put)
        except (ClientError, BotoCoreError) as error:
            if not failed_condition(error):
                raise StorageError(f"{key} could not be written: {_named(error)}.") from error
            # Our own write, if its reply was lost and the client has sent it again.
            if await self._version(key, item_met(error)) != version:
                raise StorageConflict(f"{key} was changed by another agent meanwhile.") from error
        self._seen[key] = version

    async def read(self, key: str) -> bytes | None:
        """Return a value; None when there is none.

        Raises:
            StorageError: It could not be read.
        """
        item = await self._get(key)
        if item is None:
            self._seen.pop(key, None)
            return None
        try:
            data = gzip.decompress(item["content"]["B"])
            version = item["version"]["S"]
        except (KeyError, OSError, EOFError, zlib.error):
            raise StorageError(f"{key} is not what was written.") from None
        self._seen[key] = version
        return data

    async def delete(self, key: str) -> None:
        """Delete a value, if there is one.

        Raises:
            StorageError: It could not be deleted.
        """
        try:
            await self._call("delete_item", Key=turn_key(self._key, key))
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"{key} could not be deleted: {_named(error)}.") from error
        self._seen.pop(key, None)

    async def list(self, query: str = "") -> builtins.list[str]:
        """List the keys that begin so, sorted.

        Raises:
            StorageError: They could not be read.
        """
        condition = "#key = :key" + (" AND begins_with(#turn, :prefix)" if query else "")
        asked: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": {"#key": SESSION_KEY, "#turn": SESSION_TURN},
            "ExpressionAttributeValues": {
                ":key": {"S": self._key},
                **({":prefix": {"S": query}} if query else {}),
            },
            "ProjectionExpression": "#turn",
            "ConsistentRead": True,
            "Limit": _PAGE,
        }
        keys: builtins.list[str] = []
        while True:
            try:
                page = await self._call("query", **asked)
            except (ClientError, BotoCoreError) as error:
                raise StorageError(f"Keys could not be listed: {_named(error)}.") from error
            keys += [item[SESSION_TURN]["S"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return sorted(keys)
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    async def _version(self, key: str, met: "dict[str, Any] | None") -> str | None:
        item = met or await self._get(key)  # not every endpoint returns it
        return None if item is None else item["version"]["S"]

    async def _get(self, key: str) -> dict[str, Any] | None:
        try:
            found = await self._call("get_item", Key=turn_key(self._key, key), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"{key} could not be read: {_named(error)}.") from error
        item: dict[str, Any] | None = found.get("Item")
        return item

    async def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        call: Any = getattr(self._client, method)
        answer: dict[str, Any] = await asyncio.to_thread(
            call, TableName=self._table_name, **arguments
        )
        return answer


def _named(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__
