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


def past_messages(history: Iterable[PastTurn], *, has_tools: bool) -> list[ModelMessage]:
    """The messages of earlier turns; of those in another form, question and answer.

    Args:
        history: The turns, the oldest first.
        has_tools: Whether the agent has tools now. Bedrock takes no tool call in the messages of an
            agent that has none; of such turns, too, question and answer are told.

    Raises:
        SessionUnreadable: They are no whole turns.
    """
    messages: list[ModelMessage] = []
    for turn in history:
        kept = turn.messages
        if kept is None or kept.format != FORMAT:
            messages += _in_words(turn)
            continue
        try:
            values = ModelMessagesTypeAdapter.validate_python(kept.values)
        except ValidationError:
            values = []  # and its cause, which may have words in it, is dropped
        if not _whole(values):
            raise SessionUnreadable("A turn of the conversation is no whole conversation.")
        if has_tools or not any(
            message.tool_calls for message in values if isinstance(message, ModelResponse)
        ):
            messages += values
        else:
            messages += _in_words(turn)
    return messages


def turn_messages(messages: Sequence[ModelMessage]) -> TurnMessages | None:
    """A turn's messages, to be kept; None when a tool call in them lacks its result."""
    if not _whole(messages):
        return None
    values = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    return TurnMessages(FORMAT, values)


def _in_words(turn: PastTurn) -> list[ModelMessage]:
    return [
        ModelRequest.user_text_prompt(turn.query),
        ModelResponse(parts=[TextPart(turn.response)]),
    ]


def _whole(messages: Sequence[ModelMessage]) -> bool:
    """Whether these are turns from question to answer, each tool call with its one result.

    The results of one message's calls may come in several: those that a person answered, last.
    """
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
            for result in results:
                if result not in calls:
                    return False
                calls.remove(result)
            answered = False
    return answered
