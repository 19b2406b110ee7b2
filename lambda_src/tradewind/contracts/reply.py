"""What a person answers an agent that asked, and how long question and answer may be."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tradewind.contracts.errors import InvalidRequest
from tradewind.contracts.names import QUESTION_ID_PATTERN
from tradewind.contracts.texts import is_well_formed

#: Characters of an answer. It joins the conversation as a tool's result.
MAX_REPLY_LENGTH: Final = 8_000


class Reply(BaseModel):
    """An answer to what an invocation asks.

    Attributes:
        answer: The answer, in words.
        question_id: Which question it answers; the one that is asked now, when absent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    answer: str = Field(min_length=1, max_length=MAX_REPLY_LENGTH)
    question_id: str | None = Field(default=None, pattern=QUESTION_ID_PATTERN)


def parse_reply(document: object) -> Reply:
    """Check what a caller answers.

    Args:
        document: The request's body, as decoded from JSON.

    Raises:
        InvalidRequest: A field is missing, empty, unknown, of the wrong type, too long, or its
            text cannot be encoded.
    """
    if not isinstance(document, dict):
        raise InvalidRequest("The body must be a JSON object with an answer.")
    try:
        reply = Reply.model_validate(document)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:64]
        raise InvalidRequest(f"{field}: {first['msg']}", field=field) from None
    if not reply.answer.strip():
        raise InvalidRequest("answer: It is empty.", field="answer")
    if not is_well_formed(reply.answer):
        raise InvalidRequest("answer: There is half of a surrogate pair in it.", field="answer")
    return reply
