"""A conversation's earlier turns, as a run is given them, and what it adds."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TurnMessages:
    """All messages of a turn, from the question to the answer, as JSON values.

    Attributes:
        format: Whose messages they are, and of which form; only who wrote them reads them.
        values: One each.
    """

    format: str
    values: list[Any]


@dataclass(frozen=True)
class PastTurn:
    """A turn that is over.

    Attributes:
        query: What the user said.
        response: What the agent answered.
        messages: The same with the tool calls between; None where they are not kept.
    """

    query: str
    response: str
    messages: TurnMessages | None
