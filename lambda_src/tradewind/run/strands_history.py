"""A conversation's earlier turns as Strands' messages, and a new one as JSON values."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from strands.types.content import Message, Messages
from strands.types.session import decode_bytes_values, encode_bytes_values

from tradewind.contracts.conversation import PastTurn, TurnMessages
from tradewind.contracts.errors import SessionUnreadable

#: Converse messages, bytes in them in base64.
FORMAT: Final = "strands/1"


def past_messages(history: Iterable[PastTurn]) -> Messages:
    """The messages of earlier turns; of those in another form, question and answer.

    Raises:
        SessionUnreadable: They are no whole turns.
    """
    messages: Messages = []
    for turn in history:
        kept = turn.messages
        if kept is None or kept.format != FORMAT:
            messages += _in_words(turn)
            continue
        values = decode_bytes_values(kept.values)
        if not _whole(values):
            raise SessionUnreadable("A turn of the conversation is no whole conversation.")
        messages += cast(Messages, values)
    return messages


def turn_messages(messages: Sequence[Message]) -> TurnMessages | None:
    """A turn's messages, to be kept; None when a tool call in them lacks its result."""
    plain = [{"role": one["role"], "content": one["content"]} for one in messages]
    return TurnMessages(FORMAT, encode_bytes_values(plain)) if _whole(plain) else None


def _in_words(turn: PastTurn) -> Messages:
    return [
        {"role": "user", "content": [{"text": turn.query}]},
        {"role": "assistant", "content": [{"text": turn.response}]},
    ]


def _whole(messages: Any) -> bool:
    """Whether these are turns from question to answer, each tool call with its one result."""
    calls: set[Any] = set()
    role = "user"
    try:
        for message in messages:
            blocks = message["content"]
            results = [one["toolResult"]["toolUseId"] for one in blocks if "toolResult" in one]
            if message["role"] != role or not blocks or sorted(results) != sorted(calls):
                return False
            calls = {one["toolUse"]["toolUseId"] for one in blocks if "toolUse" in one}
            if role == "user" and calls:
                return False
            role = "assistant" if role == "user" else "user"
    except (KeyError, TypeError):
        return False
    return bool(messages) and role == "user" and not calls
