"""What an invocation is of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """A version of a function.

    Attributes:
        name: The function's.
        arn: The function's, without a qualifier.
        qualifier: What it was asked for by; None for nothing.
        version: The version that stands for.
        config: The version's configuration.
        code: The version as whoever runs it knows it.
    """

    name: str
    arn: str
    qualifier: str | None
    version: str
    config: Mapping[str, Any]
    code: Any

    @property
    def durable(self) -> Mapping[str, Any] | None:
        """Its ``DurableConfig``; None for a function that is not durable."""
        found: Mapping[str, Any] | None = self.config.get("DurableConfig")
        return found
