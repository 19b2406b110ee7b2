"""A conversation's earlier turns as PydanticAI's messages, and a new one as JSON values."""

from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    TextPart,
    ToolReturnPart,
)

from tradewind.contracts.conversation import PastTurn, TurnMessages
from tradewind.contracts.errors import SessionUnreadable

#: What ``ModelMessagesTypeAdapter`` reads and writes.
FORMAT: Final = "pydantic-ai/1"


def past_messages(history: Iterable[PastTurn]) -> list[ModelMessage]:
    """The messages of earlier turns; of those in another form, question and answer.

    Raises:
        SessionUnreadable: They are no whole turns.
    """
    messages: list[ModelMessage] = []
    for turn in history:
        kept = turn.messages
        if kept is None or kept.format != FORMAT:
            messages.append(ModelRequest.user_text_prompt(turn.query))
            messages.append(ModelResponse(parts=[TextPart(turn.response)]))
            continue
        try:
            values = ModelMessagesTypeAdapter.validate_python(kept.values)
        except ValidationError:
            values = []  # and its cause, which may have words in it, is dropped
        if not _whole(values):
            raise SessionUnreadable("A turn of the conversation is no whole conversation.")
        messages += values
    return messages


def turn_messages(messages: Sequence[ModelMessage]) -> TurnMessages | None:
    """A turn's messages, to be kept; None when a tool call in them lacks its result."""
    if not _whole(messages):
        return None
    values = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    return TurnMessages(FORMAT, values)


def _whole(messages: Sequence[ModelMessage]) -> bool:
    """Whether these are turns from question to answer, each tool call with its one result."""
    calls: list[str] = []
    answered = False
    for message in messages:
        if isinstance(message, ModelResponse):
            if calls:
                return False
            calls = [call.tool_call_id for call in message.tool_calls]
            answered = not calls
        else:
            results = [
                part.tool_call_id
                for part in message.parts
                if isinstance(part, ToolReturnPart)
                or (isinstance(part, RetryPromptPart) and part.tool_name is not None)
            ]
            if sorted(results) != sorted(calls):
                return False
            calls, answered = [], False
    return answered
