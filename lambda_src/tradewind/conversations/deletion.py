"""The end of a conversation: gone with the first write, and then, item by item, from the table."""

import time
import uuid
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws.dynamodb import failed_condition
from tradewind.contracts.errors import SessionUnreadable
from tradewind.contracts.names import SESSION_TTL, SESSION_TURN
from tradewind.conversations.calls import (
    UNHELD,
    SessionCalls,
    Update,
    busy,
    storage_error,
)
from tradewind.conversations.item import HEAD, TURNS, Head, turn_key, turns_prefix

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


def delete_conversation(calls: SessionCalls, key: str) -> bool:
    """Delete a conversation, whole. It is gone with the first write; then its items go.

    Cut off in between, what is left is deleted by the next call, and expires without one. A
    conversation of the same id may begin meanwhile; nothing of it is touched.

    Returns:
        Whether there was one.

    Raises:
        SessionBusy: A turn is at work.
        StorageError: It could not be read or written.
    """
    try:
        head = calls.head(key)
    except SessionUnreadable:
        _delete_whole(calls, key)
        return True
    if head is None:
        return False
    doomed = [*head.doomed, head.epoch]
    epoch = _empty(calls, head, doomed)
    for one in doomed:
        for item in calls.query(key, turns_prefix(one), keys_only=True):
            _delete_item(calls, key, item[SESSION_TURN]["S"])
    _forget(calls, key, epoch, doomed)
    return True


def _empty(calls: SessionCalls, head: Head, doomed: list[str]) -> str:
    """Let a conversation begin anew in an epoch of its own; return that."""
    now = time.time()
    epoch = uuid.uuid4().hex[:12]
    update = Update(
        values={
            "epoch": {"S": epoch},
            "turns": {"N": "0"},
            "doomed": _texts(doomed),
            SESSION_TTL: calls.expiry(now),
        },
        remove=("agent", "last", "holder", "holder_record", "held_until"),
        condition=f"#epoch = :epoch AND #turns = :turns AND ({UNHELD})",
        compared={
            ":now": {"N": str(int(now))},
            ":epoch": {"S": head.epoch},
            ":turns": {"N": str(head.turns)},
        },
    )
    try:
        calls.update(head.session_key, update)
    except (ClientError, BotoCoreError) as error:
        met = calls.head_met(error, head.session_key)
        if met is None or met.epoch != epoch:  # else our own write, whose reply was lost
            raise busy(met, now) from error
    return epoch


def _forget(calls: SessionCalls, key: str, epoch: str, doomed: list[str]) -> None:
    """Delete the head of a conversation that nobody has claimed since; else what is doomed."""
    compared: dict[str, AttributeValueTypeDef] = {":epoch": {"S": epoch}}
    try:
        calls.client.delete_item(
            TableName=calls.name,
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
        calls.update(key, update)
    except (ClientError, BotoCoreError) as error:
        # Gone by now, by this call whose reply was lost or by another; or another's to forget.
        if not failed_condition(error):
            raise storage_error(error) from error


def _delete_item(calls: SessionCalls, key: str, turn: str) -> None:
    try:
        calls.client.delete_item(TableName=calls.name, Key=turn_key(key, turn))
    except (ClientError, BotoCoreError) as error:
        raise storage_error(error) from error


def _delete_whole(calls: SessionCalls, key: str) -> None:
    """Delete a conversation whose head cannot be read: nobody can claim it, nor read its turns."""
    for item in calls.query(key, TURNS, keys_only=True):
        _delete_item(calls, key, item[SESSION_TURN]["S"])
    _delete_item(calls, key, HEAD)


def _texts(values: list[str]) -> "AttributeValueTypeDef":
    return {"L": [{"S": value} for value in values]}
