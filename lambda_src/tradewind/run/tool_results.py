"""A tool's result, as it may join the conversation."""

import json
from typing import Any, Final

from tradewind.contracts.errors import ToolInputError
from tradewind.contracts.texts import all_well_formed

#: Characters of JSON, about 25,000 tokens. A conversation carries every result to its end, and
#: a result that overflows the model's context ends the request.
MAX_RESULT_LENGTH: Final = 100_000


def presentable(tool: str, result: Any) -> Any:
    """Return a tool's result with text that can be sent.

    Raises:
        ToolInputError: It is too long; the message tells the model to ask for less.
    """
    length = len(json.dumps(result, ensure_ascii=False, default=str))
    if length > MAX_RESULT_LENGTH:
        raise ToolInputError(
            f"The result of {tool} has {length} characters; at most {MAX_RESULT_LENGTH} are taken. "
            "Ask for less."
        )
    return all_well_formed(result)
