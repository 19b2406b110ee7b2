"""What a request may want otherwise than its agent's definition."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RunOptions:
    """A run's own wishes. Absent ones are the agent's, or the settings'.

    Attributes:
        system_prompt: Added after the agent's own.
        max_tokens: Longest answer of one model call; at most the settings'.
        temperature: Sampling temperature.
        output_schema: A JSON Schema that the answer has to fit.
    """

    system_prompt: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    output_schema: dict[str, Any] | None = None
