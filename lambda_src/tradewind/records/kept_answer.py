"""An answer as it leaves the function, and as its record keeps it."""

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tradewind.contracts.errors import AnswerTooLarge

if TYPE_CHECKING:
    from tradewind.contracts.response import AgentAnswer

#: Bytes that Lambda takes from a function.
DELIVERY_LIMIT: Final = 6_291_556
#: Bytes of a packed answer. DynamoDB takes 409,600 in an item; the rest is the other attributes'.
KEPT_LIMIT: Final = 400_000


@dataclass(frozen=True)
class EncodedAnswer:
    """An answer that can be delivered and kept.

    Attributes:
        answer: What was encoded.
        document: The same as JSON values; every text in it can be encoded.
        packed: The same for the record: JSON, with gzip.
    """

    answer: "AgentAnswer"
    document: dict[str, Any]
    packed: bytes


def encode_answer(answer: "AgentAnswer") -> EncodedAnswer:
    """Encode an answer. Half a character (a lone surrogate) becomes a question mark.

    Raises:
        AnswerTooLarge: It is over one of the two limits.
        ValueError: It holds what JSON has no word for.
    """
    document = answer.model_dump(mode="json")
    # As Lambda's runtime encodes it for Python 3.12 and later.
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        body = text.encode(errors="replace")
        document = json.loads(body)
    if len(body) > DELIVERY_LIMIT:
        raise AnswerTooLarge(
            f"The answer has {len(body)} bytes; Lambda delivers at most {DELIVERY_LIMIT}."
        )
    packed = gzip.compress(body, mtime=0)
    if len(packed) > KEPT_LIMIT:
        raise AnswerTooLarge(
            f"The answer has {len(packed)} bytes when compressed; "
            f"its record keeps at most {KEPT_LIMIT}."
        )
    return EncodedAnswer(answer, document, packed)


def unpack_answer(packed: bytes) -> dict[str, Any]:
    """Return the answer that a record keeps, as JSON values."""
    document: dict[str, Any] = json.loads(gzip.decompress(packed))
    return document
