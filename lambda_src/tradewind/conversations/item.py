"""A conversation's items in the table, written and read in one place.

All items of a conversation share ``session_key``: its id and a digest of its owner. One of them,
the head, says what holds; each turn is an item of its own, and counts once the head leads to it.

============== ==================================================================================
turn           ``head``
agent          who claimed it last, and whose conversation it is, once it has a turn
epoch          names the conversation since it was last empty; all its turns' keys begin with it
turns, last    how many there are, and the attempt that wrote the last one
holder         the attempt at work on the next turn, until ``held_until`` (epoch seconds)
holder_record  that attempt's record: any later attempt at the same request may take over
doomed         epochs that were deleted, of which there may still be items
created_at, updated_at    ISO 8601, UTC
expires_at     epoch seconds: DynamoDB deletes the item after it
============== ==================================================================================

============== ==================================================================================
turn           ``turn#{epoch}#{number}#{attempt}``
version        of this form
number         from 1 on
attempt        who wrote it
previous       the attempt that wrote the turn before; absent for the first
record         the request's record
request_id, asked_at      of the question
appended_at    grows along the chain; ``asked_at`` need not, where a turn waited for a person
tokens         what it takes of a model's context; see ``bounds``
content        question, answer and messages as JSON, with gzip
expires_at     as above
============== ==================================================================================
"""

import gzip
import json
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from tradewind.contracts.conversation import PastTurn, TurnMessages
from tradewind.contracts.errors import AnswerTooLarge, SessionUnreadable
from tradewind.contracts.names import SESSION_KEY, SESSION_TTL, SESSION_TURN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

#: The head's ``turn``.
HEAD: Final = "head"
#: What every turn's begins with.
TURNS: Final = "turn#"
#: Of the form that is written here.
VERSION: Final = 1
#: Bytes of a packed turn. DynamoDB takes 409,600 in an item; the rest is the other attributes'.
CONTENT_LIMIT: Final = 400_000


@dataclass(frozen=True)
class TurnRequest:
    """A request that is to become a conversation's next turn.

    Attributes:
        session_key: The conversation's key.
        agent: Whom it is asked.
        record_id: The key of its record.
        request_id: The caller's id of it.
        attempt: Names this run of it; no two runs share one.
    """

    session_key: str
    agent: str
    record_id: str
    request_id: str
    attempt: str


@dataclass(frozen=True)
class Head:
    """What holds of a conversation; see above."""

    session_key: str
    agent: str | None
    epoch: str
    turns: int
    last: str | None
    holder: str | None
    held_until: int
    doomed: tuple[str, ...]
    created_at: str
    updated_at: str


class _Messages(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: str
    values: list[Any]


class TurnContent(BaseModel):
    """The words of a turn.

    Attributes:
        query: The question.
        response: The answer's text.
        messages: All of it in the framework's own form; None where that is not kept.
        answer: The whole answer, for whoever sends the request again.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    query: str
    response: str
    messages: _Messages | None
    answer: dict[str, Any]


@dataclass(frozen=True)
class StoredTurn:
    """A turn as it was read."""

    number: int
    attempt: str
    previous: str | None
    record_id: str
    request_id: str
    asked_at: str
    appended_at: str
    tokens: int
    expires_at: int
    packed: bytes

    @cached_property
    def content(self) -> TurnContent:
        """Its words.

        Raises:
            SessionUnreadable: They are not what was written.
        """
        try:
            return TurnContent.model_validate_json(gzip.decompress(self.packed))
        except (OSError, EOFError, zlib.error, ValidationError):
            raise _unreadable() from None  # the cause may have words in it

    @property
    def past(self) -> PastTurn:
        """As a run is given it."""
        content = self.content
        kept = content.messages
        messages = None if kept is None else TurnMessages(kept.format, kept.values)
        return PastTurn(content.query, content.response, messages)


def pack_turn(
    query: str,
    messages: TurnMessages | None,
    answer: dict[str, Any],
    *,
    limit: int = CONTENT_LIMIT,
) -> tuple[bytes, bool]:
    """Pack a turn; one that is too large, without its tools' calls and results.

    Returns:
        The bytes, and whether the messages are in them.

    Raises:
        AnswerTooLarge: Question and answer alone are over the limit.
    """
    content: dict[str, Any] = {"query": query, "response": answer["response"], "answer": answer}
    for kept in (messages, None) if messages is not None else (None,):
        content["messages"] = kept and {"format": kept.format, "values": kept.values}
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
        packed = gzip.compress(text.encode(errors="replace"), mtime=0)
        if len(packed) <= limit:
            return packed, kept is not None
    raise AnswerTooLarge(
        f"The turn has {len(packed)} bytes when compressed; its conversation keeps at most {limit}."
    )


def turns_prefix(epoch: str) -> str:
    """What the keys of an epoch's turns begin with."""
    return f"{TURNS}{epoch}#"


def number_prefix(epoch: str, number: int) -> str:
    """What the keys of all attempts at one turn begin with."""
    return f"{turns_prefix(epoch)}{number:06d}#"


def read_head(item: "Mapping[str, AttributeValueTypeDef]") -> Head:
    """Read a head.

    Raises:
        SessionUnreadable: It is not what was written.
    """
    try:
        return Head(
            session_key=item[SESSION_KEY]["S"],
            agent=item.get("agent", {}).get("S"),
            epoch=item["epoch"]["S"],
            turns=int(item["turns"]["N"]),
            last=item.get("last", {}).get("S"),
            holder=item.get("holder", {}).get("S"),
            held_until=int(item.get("held_until", {"N": "0"})["N"]),
            doomed=tuple(one["S"] for one in item.get("doomed", {"L": []})["L"]),
            created_at=item["created_at"]["S"],
            updated_at=item["updated_at"]["S"],
        )
    except (KeyError, ValueError):
        raise _unreadable() from None


def read_turn(item: "Mapping[str, AttributeValueTypeDef]") -> StoredTurn:
    """Read a turn, its words aside.

    Raises:
        SessionUnreadable: It is of another form than is read here.
    """
    try:
        if int(item["version"]["N"]) != VERSION:
            raise _unreadable()
        return StoredTurn(
            number=int(item["number"]["N"]),
            attempt=item["attempt"]["S"],
            previous=item.get("previous", {}).get("S"),
            record_id=item["record"]["S"],
            request_id=item["request_id"]["S"],
            asked_at=item["asked_at"]["S"],
            appended_at=item["appended_at"]["S"],
            tokens=int(item["tokens"]["N"]),
            expires_at=int(item[SESSION_TTL]["N"]),
            packed=bytes(_binary(item["content"])),
        )
    except (KeyError, ValueError):
        raise _unreadable() from None


def turn_key(key: str, turn: str) -> "dict[str, AttributeValueTypeDef]":
    """The key of an item."""
    return {SESSION_KEY: {"S": key}, SESSION_TURN: {"S": turn}}


def _binary(value: Any) -> bytes:
    content: bytes = value["B"]
    return content


def _unreadable() -> SessionUnreadable:
    return SessionUnreadable(
        "The conversation cannot be read. Begin another, or delete this one.", field="session_id"
    )
