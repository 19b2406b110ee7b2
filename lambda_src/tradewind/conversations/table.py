"""Conversations in a DynamoDB table: one turn at a time, each appended by one conditional write.

A turn claims the conversation, is put beside it where nobody sees it, and is appended when the head
is led to it: that one write says that the claim still holds, that the turn is the next one, and
ends the claim. Every write names the attempt that makes it, so that one whose reply was lost is
recognised when it is sent again.
"""

import math
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.contracts.errors import (
    DeadlineExceeded,
    SessionBusy,
    SessionChanged,
    SessionOfAnotherAgent,
    StorageUnavailable,
)
from tradewind.contracts.names import SESSION_KEY, SESSION_TTL, SESSION_TURN
from tradewind.conversations.calls import Update, failed_condition, iso, item_met, storage_error
from tradewind.conversations.item import (
    HEAD,
    VERSION,
    Head,
    StoredTurn,
    TurnRequest,
    number_prefix,
    read_head,
    read_turn,
    turn_key,
    turns_prefix,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_DAY_S: Final = 86_400
#: Turns in a page: most conversations' in one, and no more than a few are read in vain.
_PAGE: Final = 20
#: Claims that may find the conversation changed under them before it is given up.
_CLAIMS: Final = 3

_UNHELD: Final = "attribute_not_exists(#holder) OR #held_until < :now"


@dataclass(frozen=True)
class Claim:
    """A conversation that is one turn's until ``head.held_until``."""

    request: TurnRequest
    head: Head

    @property
    def number(self) -> int:
        """Of the turn that it is held for."""
        return self.head.turns + 1


class SessionTable:
    """The conversations of a table.

    Args:
        name: The table's.
        client: A client that reaches it.
        ttl_days: How long a conversation is kept after its last turn.
    """

    def __init__(self, name: str, client: "DynamoDBClient", *, ttl_days: int) -> None:
        self.name = name
        self._client = client
        self._ttl_s = ttl_days * _DAY_S

    def claim(self, request: TurnRequest, *, remaining_s: float) -> Claim:
        """Hold a conversation for a turn; begin it when there is none.

        Args:
            request: What is to become the turn. Its record must be running, and this attempt's: a
                claim of an earlier attempt at the same request is taken over.
            remaining_s: Seconds until its function is killed; the claim ends by itself then.

        Raises:
            SessionBusy: Another turn holds it.
            SessionOfAnotherAgent: It was begun with another agent.
            StorageError: It could not be read or written.
        """
        now = time.time()
        update = Update(
            values={
                "agent": {"S": request.agent},
                "holder": {"S": request.attempt},
                "holder_record": {"S": request.record_id},
                "held_until": {"N": str(math.ceil(now + remaining_s))},
                SESSION_TTL: self._expiry(now),
            },
            unless_there={
                "epoch": {"S": request.attempt},
                "turns": {"N": "0"},
                "created_at": {"S": iso(now)},
                "updated_at": {"S": iso(now)},
            },
            condition=f"({_UNHELD} OR #holder_record = :record) "
            "AND (attribute_not_exists(#last) OR #agent = :agent)",
            compared={
                ":now": {"N": str(int(now))},
                ":record": {"S": request.record_id},
                ":agent": {"S": request.agent},
            },
        )
        for _ in range(_CLAIMS):
            try:
                return Claim(request, read_head(self._update(request.session_key, update)))
            except (ClientError, BotoCoreError) as error:
                head = self._head_met(error, request.session_key)
            except DeadlineExceeded as error:
                # Nothing was done for the request: it must not be taken for answered.
                raise StorageUnavailable("There was no time to claim the conversation.") from error
            if head is None:
                continue  # deleted meanwhile
            if head.last is not None and head.agent != request.agent:
                raise SessionOfAnotherAgent(
                    f"This conversation was begun with the {head.agent} agent. Ask that one, or "
                    "begin another conversation.",
                    field="session_id",
                )
            raise _busy(head, now)
        raise SessionBusy("The conversation is being deleted. Send it again.", field="session_id")

    def turns(self, head: Head) -> Iterator[StoredTurn]:
        """Read a conversation's turns, the newest first, page by page.

        Those that have expired are not told, nor what stands before them.

        Raises:
            StorageError: They could not be read.
        """
        wanted, number = head.last, head.turns
        now = int(time.time())
        for item in self._query(head.session_key, turns_prefix(head.epoch), limit=_PAGE):
            if wanted is None:
                return
            turn = read_turn(item)
            if turn.number < number:
                return  # the one that was wanted is gone, and so are those before it
            if (turn.number, turn.attempt) != (number, wanted):
                continue  # of an attempt that never came to append it
            if turn.expires_at < now:
                return
            yield turn
            wanted, number = turn.previous, number - 1

    def append(self, claim: Claim, packed: bytes, *, asked_at: float, tokens: int) -> None:
        """Append the turn, and end the claim.

        Args:
            claim: As ``claim`` gave it.
            packed: The turn's words; see ``pack_turn``.
            asked_at: When the question came, in epoch seconds.
            tokens: What the turn takes of a model's context.

        Raises:
            SessionChanged: The claim is another's by now, or the conversation was deleted.
            StorageError: It could not be written. Whether it was, the next claim of the same
                request tells.
        """
        request, head = claim.request, claim.head
        now = time.time()
        item: dict[str, AttributeValueTypeDef] = {
            **turn_key(
                request.session_key, number_prefix(head.epoch, claim.number) + request.attempt
            ),
            "version": {"N": str(VERSION)},
            "number": {"N": str(claim.number)},
            "attempt": {"S": request.attempt},
            "record": {"S": request.record_id},
            "request_id": {"S": request.request_id},
            "asked_at": {"S": iso(asked_at)},
            "tokens": {"N": str(tokens)},
            "content": {"B": packed},
            SESSION_TTL: self._expiry(now),
        }
        if head.last is not None:
            item["previous"] = {"S": head.last}
        update = Update(
            values={
                "turns": {"N": str(claim.number)},
                "last": {"S": request.attempt},
                "updated_at": {"S": iso(now)},
                SESSION_TTL: self._expiry(now),
            },
            remove=("holder", "holder_record", "held_until"),
            condition="#holder = :attempt AND #turns = :before",
            compared={
                ":attempt": {"S": request.attempt},
                ":before": {"N": str(head.turns)},
            },
        )
        try:
            self._client.put_item(TableName=self.name, Item=item)
            self._update(request.session_key, update)
        except (ClientError, BotoCoreError) as error:
            if not failed_condition(error):
                raise storage_error(error) from error
            if not self._appended(claim):
                raise SessionChanged(
                    "The conversation was deleted or went on while this turn worked; the turn is "
                    "not in it.",
                    field="session_id",
                ) from error

    def release(self, claim: Claim) -> None:
        """End a claim without a turn. One that is another's by now is left alone.

        Raises:
            StorageError: It could not be written; the claim ends by itself.
        """
        update = Update(
            remove=("holder", "holder_record", "held_until"),
            condition="#holder = :attempt",
            compared={":attempt": {"S": claim.request.attempt}},
        )
        try:
            self._update(claim.request.session_key, update)
        except (ClientError, BotoCoreError) as error:
            if not failed_condition(error):
                raise storage_error(error) from error

    def head(self, key: str) -> Head | None:
        """Return a conversation's head; None when there is none.

        Raises:
            StorageError: It could not be read.
        """
        try:
            found = self._client.get_item(
                TableName=self.name, Key=turn_key(key, HEAD), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise storage_error(error) from error
        item = found.get("Item")
        return read_head(item) if item else None

    def delete(self, key: str) -> bool:
        """Delete a conversation, whole. It is gone with the first write; then its items go.

        Cut off in between, what is left is deleted by the next call, and expires without one. A
        conversation of the same id may begin meanwhile; nothing of it is touched.

        Returns:
            Whether there was one.

        Raises:
            SessionBusy: A turn is at work.
            StorageError: It could not be read or written.
        """
        head = self.head(key)
        if head is None:
            return False
        doomed = [*head.doomed, head.epoch]
        epoch = self._empty(head, doomed)
        for one in doomed:
            for item in self._query(key, turns_prefix(one), keys_only=True):
                self._delete_item(key, item[SESSION_TURN]["S"])
        self._forget(key, epoch, doomed)
        return True

    def _empty(self, head: Head, doomed: list[str]) -> str:
        """Let a conversation begin anew in an epoch of its own; return that."""
        now = time.time()
        epoch = uuid.uuid4().hex[:12]
        update = Update(
            values={
                "epoch": {"S": epoch},
                "turns": {"N": "0"},
                "doomed": _texts(doomed),
                SESSION_TTL: self._expiry(now),
            },
            remove=("agent", "last", "holder", "holder_record", "held_until"),
            condition=f"#epoch = :epoch AND #turns = :turns AND ({_UNHELD})",
            compared={
                ":now": {"N": str(int(now))},
                ":epoch": {"S": head.epoch},
                ":turns": {"N": str(head.turns)},
            },
        )
        try:
            self._update(head.session_key, update)
        except (ClientError, BotoCoreError) as error:
            met = self._head_met(error, head.session_key)
            if met is None or met.epoch != epoch:  # else our own write, whose reply was lost
                raise _busy(met, now) from error
        return epoch

    def _forget(self, key: str, epoch: str, doomed: list[str]) -> None:
        """Delete the head of a conversation that nobody has claimed since; else what is doomed."""
        compared: dict[str, AttributeValueTypeDef] = {":epoch": {"S": epoch}}
        try:
            self._client.delete_item(
                TableName=self.name,
                Key=turn_key(key, HEAD),
                # A claim names its agent; what it put there may outlive it.
                ConditionExpression="#epoch = :epoch AND attribute_not_exists(#agent)",
                ExpressionAttributeNames={"#epoch": "epoch", "#agent": "agent"},
                ExpressionAttributeValues=compared,
            )
        except (ClientError, BotoCoreError) as error:
            if not failed_condition(error):
                raise storage_error(error) from error
        else:
            return
        update = Update(
            remove=("doomed",),
            condition="#doomed = :doomed",
            compared={":doomed": _texts(doomed)},
        )
        try:
            self._update(key, update)
        except (ClientError, BotoCoreError) as error:
            # Gone by now, by this call whose reply was lost or by another; or another's to forget.
            if not failed_condition(error):
                raise storage_error(error) from error

    def _appended(self, claim: Claim) -> bool:
        """Whether a turn has been appended whose claim is gone."""
        head = self.head(claim.request.session_key)
        if head is None or head.epoch != claim.head.epoch or head.turns < claim.number:
            return False
        attempt = claim.request.attempt
        if head.turns == claim.number:
            return head.last == attempt
        # Whoever wrote the next turn, appended or not, had found the one that was.
        next_turns = number_prefix(head.epoch, claim.number + 1)
        for item in self._query(head.session_key, next_turns, limit=1):
            return read_turn(item).previous == attempt
        return False

    def _head_met(self, error: ClientError | BotoCoreError, key: str) -> Head | None:
        """The head that a failed condition met."""
        if not failed_condition(error):
            raise storage_error(error) from error
        met = item_met(error)
        return read_head(met) if met else self.head(key)  # not every endpoint returns it

    def _query(
        self, key: str, prefix: str, *, limit: int | None = None, keys_only: bool = False
    ) -> "Iterator[dict[str, AttributeValueTypeDef]]":
        """Read the items whose keys begin so, the last ones first."""
        query: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "#key = :key AND begins_with(#turn, :prefix)",
            "ExpressionAttributeNames": {"#key": SESSION_KEY, "#turn": SESSION_TURN},
            "ExpressionAttributeValues": {":key": {"S": key}, ":prefix": {"S": prefix}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
        }
        if limit is not None:
            query["Limit"] = limit
        if keys_only:
            query["ProjectionExpression"] = "#key, #turn"
        while True:
            try:
                page = self._client.query(**query)
            except (ClientError, BotoCoreError) as error:
                raise storage_error(error) from error
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _update(self, key: str, update: Update) -> "dict[str, AttributeValueTypeDef]":
        done = self._client.update_item(
            TableName=self.name,
            Key=turn_key(key, HEAD),
            **update.expressions(),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return done["Attributes"]

    def _delete_item(self, key: str, turn: str) -> None:
        try:
            self._client.delete_item(TableName=self.name, Key=turn_key(key, turn))
        except (ClientError, BotoCoreError) as error:
            raise storage_error(error) from error

    def _expiry(self, now: float) -> "AttributeValueTypeDef":
        return {"N": str(int(now) + self._ttl_s)}


def _busy(head: Head | None, now: float) -> SessionBusy:
    at_most = f", for {max(1, head.held_until - int(now))} s at most" if head else ""
    return SessionBusy(
        f"Another turn of this conversation is at work{at_most}. Send it again later.",
        field="session_id",
    )


def _texts(values: list[str]) -> "AttributeValueTypeDef":
    return {"L": [{"S": value} for value in values]}
