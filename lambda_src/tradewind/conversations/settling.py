"""Requests whose function died between their turn and the end of their record.

The two are in two tables. The turn is appended first, with the whole answer; so a record without an
end has to be closed by what the conversation says.
"""

from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from tradewind.contracts.errors import SessionUnreadable
from tradewind.contracts.response import AgentAnswer
from tradewind.conversations.item import Head
from tradewind.conversations.table import SessionTable
from tradewind.records.item import StoredRecord
from tradewind.records.kept_answer import EncodedAnswer, encode_answer
from tradewind.records.table import RecordTable

#: Clocks of functions differ by less.
_SKEW: Final = timedelta(minutes=1)


def settle(records: RecordTable, sessions: SessionTable, record: StoredRecord) -> bool:
    """Close the record of a run whose function died: with its answer, if its turn is there.

    The run's claim is ended first. So a function that is alive after all, by a clock of its own,
    appends its turn before that, and it is found, or never.

    Args:
        records: Where the record is.
        sessions: Where its conversation is, if it is of one.
        record: As it was read.

    Returns:
        Whether this call closed it. See ``RecordTable.settle``.

    Raises:
        StorageError: The conversation could not be read, or something not be written.
    """
    kept = None
    if record.overdue and record.session_key is not None:
        kept = _answer_in_conversation(sessions, record, record.session_key)
    return records.settle(record.record_id, record.attempt, kept)


def appended_by(
    sessions: SessionTable, head: Head, record_id: str, *, since: str = ""
) -> EncodedAnswer | None:
    """The answer of a request whose turn is in the conversation.

    Args:
        sessions: Where it is.
        head: The conversation's.
        record_id: The key of the request's record.
        since: Of turns that were appended before this moment, in ISO 8601, none is looked at.

    Raises:
        SessionUnreadable: What is kept there is not what was written.
        StorageError: It could not be read.
    """
    for turn in sessions.turns(head):
        if turn.record_id == record_id:
            try:
                return encode_answer(AgentAnswer.model_validate(turn.content.answer))
            except ValidationError:
                raise SessionUnreadable(
                    "The answer that the conversation keeps cannot be read."
                ) from None
        if turn.appended_at < since:
            break
    return None


def _answer_in_conversation(
    sessions: SessionTable, record: StoredRecord, session_key: str
) -> EncodedAnswer | None:
    if sessions.let_go(session_key, record.attempt):
        return None  # it was still at work
    try:
        head = sessions.head(session_key)
        if head is None:
            return None
        since = datetime.fromisoformat(record.started_at or record.opened_at or "") - _SKEW
        return appended_by(
            sessions, head, record.record_id, since=since.isoformat(timespec="milliseconds")
        )
    except SessionUnreadable:
        return None  # nobody will ever read more of it
