"""What a request may want otherwise than its agent's definition."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from tradewind.contracts.request import AgentRequest
from tradewind.run.output import RunOutput, validator_of


@dataclass(frozen=True)
class RunOptions:
    """A run's own wishes. Absent ones are the agent's, or the settings'.

    The request's ``context`` is not among them: it is part of the run's prompt.

    Attributes:
        system_prompt: Added after the agent's own.
        max_tokens: Longest answer of one model call; at most the settings'.
        temperature: Sampling temperature.
        output_schema: A JSON Schema that the run's output has to fit.
    """

    system_prompt: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    output_schema: dict[str, Any] | None = None

    @classmethod
    def of(cls, request: AgentRequest) -> Self:
        """What a request says of them.

        Raises:
            InvalidRequest: Its output schema is none.
        """
        options = cls(
            system_prompt=request.system_prompt,
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            output_schema=request.output_schema,
        )
        options.output()
        return options

    def output(self) -> RunOutput | None:
        """What a run's output has to be; None where none is wanted. Each has its own.

        Raises:
            InvalidRequest: The output schema is none.
        """
        schema = self.output_schema
        return None if schema is None else RunOutput(schema, self._validator)

    @cached_property
    def _validator(self) -> Any:
        return None if self.output_schema is None else validator_of(self.output_schema)

    @property
    def sampling(self) -> dict[str, Any]:
        """What goes with each model call, by the name that both frameworks have for it."""
        given = {"max_tokens": self.max_tokens, "temperature": self.temperature}
        return {name: value for name, value in given.items() if value is not None}

    def system_prompt_after(self, own: str) -> str:
        """The agent's own system prompt, and the request's after it."""
        return own if self.system_prompt is None else f"{own.rstrip()}\n\n{self.system_prompt}"
