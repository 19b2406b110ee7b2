"""How much of a conversation goes to the model: whole turns, the newest first."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from tradewind.contracts.conversation import PastTurn
from tradewind.conversations.item import StoredTurn

#: Bytes of UTF-8 to a token, where nobody has counted. English has four or more; numbers, JSON and
#: other scripts have fewer. Rather too many tokens than too few.
BYTES_PER_TOKEN: Final = 3

#: Input and output tokens of a model call, as the service counted them; cached ones are input.
CallTokens = tuple[int, int]


def estimated_tokens(value: Any) -> int:
    """Estimate the tokens of a text, or of JSON values."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return math.ceil(len(text.encode(errors="replace")) / BYTES_PER_TOKEN)


def turn_tokens(query: str, messages: Sequence[Any], calls: Sequence[CallTokens]) -> int:
    """How many tokens a turn adds to every later one.

    Between a turn's first model call and the end of its last, the context grows by what the turn
    adds besides its question. So the service's own counts tell, and the question is estimated.

    Args:
        query: The question.
        messages: All of the turn, the question included; estimated where the counts tell nothing.
        calls: The tokens of the turn's model calls, in order.
    """
    if calls:
        grown = sum(calls[-1]) - calls[0][0]
        if grown > 0:
            return grown + estimated_tokens(query)
    return estimated_tokens(list(messages))


def bounded(turns: Iterable[StoredTurn], limit: int) -> list[PastTurn]:
    """Choose what goes to the model.

    A turn is in it whole, with each tool call and its result, or not at all; the oldest are left
    out first. Of the newest one, when it alone is over the limit, question and answer are kept if
    they fit.

    Args:
        turns: The newest first. No more of them are read than are chosen, and one.
        limit: Tokens at most.

    Returns:
        The chosen ones, the oldest first.
    """
    chosen: list[PastTurn] = []
    left = limit
    for turn in turns:
        past = turn.past
        if turn.tokens <= left:
            chosen.append(past)
            left -= turn.tokens
            continue
        words = estimated_tokens(past.query) + estimated_tokens(past.response)
        if not chosen and words <= left:
            chosen.append(PastTurn(past.query, past.response, messages=None))
        break
    chosen.reverse()
    return chosen
