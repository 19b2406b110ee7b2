"""What a pattern gives back."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """A pattern's end.

    Attributes:
        text: The run's result.
        names: What the templates of its artifacts see.
    """

    text: str
    names: dict[str, Any] = field(default_factory=dict)
