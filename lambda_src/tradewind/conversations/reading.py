"""A conversation as its owner reads it, and its end."""

from dataclasses import dataclass
from typing import Final

from tradewind.contracts.names import session_key
from tradewind.conversations.deletion import delete_conversation
from tradewind.conversations.table import SessionTable

#: Bytes of turns in one reading: a Lambda function answers with 6 MB at most, in which a character
#: may take seven bytes.
READING_LIMIT: Final = 800_000
#: Of a turn, besides its words.
_TURN_BYTES: Final = 500


@dataclass(frozen=True)
class TurnRead:
    """A turn.

    Attributes:
        number: From 1 on.
        asked_at: ISO 8601, UTC.
        query: The question.
        response: The answer's text.
        invocation_id: Names the request: ``{agent}.{request_id}``.
    """

    number: int
    asked_at: str
    query: str
    response: str
    invocation_id: str


@dataclass(frozen=True)
class SessionRead:
    """A conversation.

    Attributes:
        id: The caller's id of it.
        agent: Whom it is with.
        created_at: When it was begun; ISO 8601, UTC.
        updated_at: When its last turn ended.
        turns: The oldest first. What has expired is not there, nor what stands before
            ``READING_LIMIT`` bytes of later turns: the first one's number tells.
    """

    id: str
    agent: str
    created_at: str
    updated_at: str
    turns: tuple[TurnRead, ...]


def read_session(table: SessionTable, owner: str, session_id: str) -> SessionRead | None:
    """Read a conversation of an owner's; None when there is none, or no turn in it.

    Raises:
        SessionUnreadable: What is kept is not what was written.
        StorageError: It could not be read.
    """
    head = table.head(session_key(owner=owner, session_id=session_id))
    if head is None or head.agent is None or head.last is None:
        return None
    turns: list[TurnRead] = []
    left = READING_LIMIT
    for stored in table.turns(head):
        content = stored.content
        left -= _TURN_BYTES + len(content.query.encode()) + len(content.response.encode())
        if left < 0 and turns:
            break
        turns.append(
            TurnRead(
                number=stored.number,
                asked_at=stored.asked_at,
                query=content.query,
                response=content.response,
                invocation_id=f"{head.agent}.{stored.request_id}",
            )
        )
    if not turns:
        return None
    turns.reverse()
    return SessionRead(session_id, head.agent, head.created_at, head.updated_at, tuple(turns))


def delete_session(table: SessionTable, owner: str, session_id: str) -> bool:
    """Delete a conversation of an owner's, whole. See ``delete_conversation``.

    Returns:
        Whether there was one.

    Raises:
        SessionBusy: A turn is at work.
        StorageError: It could not be read or written. Call again: what is left is deleted then.
    """
    return delete_conversation(table, session_key(owner=owner, session_id=session_id))
