"""Bedrock's model as Strands takes it, on the process's client."""

import copy
import threading
from collections.abc import AsyncGenerator
from typing import Any, Final, Literal

from pydantic import BaseModel
from strands.types.content import Messages, SystemContentBlock
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolChoice, ToolChoiceAny, ToolSpec

from tradewind.bedrock.model_pool import ModelKey, ModelPool
from tradewind.bedrock.tool_arguments import closed
from tradewind.run.options import RunOptions
from tradewind.run.output import OUTPUT_TOOL
from tradewind.strands_bedrock import ClientBedrockModel

_SOME_TOOL: Final[dict[Literal["any"], ToolChoiceAny]] = {"any": {}}


class PooledBedrockModel(ClientBedrockModel):
    """A model of the process's pool, which a request may want to be asked otherwise."""

    def __init__(self, client: Any, **model_config: Any) -> None:
        super().__init__(client, **model_config)
        self._output_schema: dict[str, Any] | None = None

    def as_asked(self, options: RunOptions) -> "PooledBedrockModel":
        """Return this model on its client as one request wants it; itself, if that is the same."""
        if not options.sampling and options.output_schema is None:
            return self
        model = copy.copy(self)
        model.config = {**self.config, **options.sampling}  # type: ignore[typeddict-item]
        model._output_schema = options.output_schema
        return model

    def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        tool_choice: ToolChoice | None = None,
        system_prompt_content: list[SystemContentBlock] | None = None,
        cancel_signal: threading.Event | None = None,
        structured_output_model: type[BaseModel] | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Stream one model call. Arguments and events are ``BedrockModel.stream``'s.

        Raises:
            ModelError: The call failed, or its answer broke off.
        """
        return super().stream(
            messages,
            [self._as_told(spec) for spec in tool_specs or ()],
            system_prompt,
            # With an output to give there is always a tool to call.
            tool_choice=tool_choice if self._output_schema is None else _SOME_TOOL,
            system_prompt_content=system_prompt_content,
            cancel_signal=cancel_signal,
            structured_output_model=structured_output_model,
            **kwargs,
        )

    async def count_tokens(self, *_args: Any, **_kwargs: Any) -> int:
        """Refuse to estimate a call's tokens, which Strands asks for before each call.

        Only a conversation manager would act on it, and ours does nothing; Strands goes on without.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError

    def _as_told(self, spec: ToolSpec) -> ToolSpec:
        """A tool's specification as the model is told it."""
        # Strands fills in what it misses in a schema; the output's is the caller's, to the letter.
        ours = spec["name"] != OUTPUT_TOOL or self._output_schema is None
        schema = closed(schema_of(spec)) if ours else self._output_schema
        return {**spec, "inputSchema": {"json": schema}}


def schema_of(spec: ToolSpec) -> dict[str, Any]:
    """The JSON Schema of a tool's arguments."""
    schema: dict[str, Any] = spec["inputSchema"]["json"]
    return schema


def create_model(key: ModelKey, client: Any) -> PooledBedrockModel:
    """Create the model that ``key`` describes, on ``client``."""
    sampling = {"temperature": key.temperature, "top_p": key.top_p}
    return PooledBedrockModel(
        client,
        model_id=key.model_id,
        max_tokens=key.max_tokens,
        **{name: value for name, value in sampling.items() if value is not None},
    )


#: The process's models.
MODELS: Final = ModelPool(create_model)
