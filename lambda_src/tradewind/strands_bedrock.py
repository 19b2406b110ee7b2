"""Bedrock's model as Strands takes it, on a client that is there already."""

import threading
from collections.abc import AsyncGenerator
from typing import Any

import boto3
from pydantic import BaseModel
from strands.models.bedrock import BedrockModel
from strands.types.content import Messages, SystemContentBlock
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolChoice, ToolSpec

from tradewind.bedrock.faults import to_model_error


class _ClientSession(boto3.Session):
    """A session that hands out one existing client.

    ``BedrockModel`` takes no client: a ``boto_client`` argument lands in its configuration with a
    warning, and a client of its own is made from the session. So the session is the way in.
    """

    def __init__(self, client: Any) -> None:
        super().__init__(region_name=client.meta.region_name)
        self._given_client = client

    def client(self, *_args: Any, **_kwargs: Any) -> Any:
        return self._given_client


class ClientBedrockModel(BedrockModel):
    """A ``BedrockModel`` on the client it is given, whose failures leave it as ``ModelError``.

    Strands would answer some of its own types by itself: a conversation that is too long, it cuts
    and sends again.
    """

    def __init__(self, client: Any, **model_config: Any) -> None:
        super().__init__(boto_session=_ClientSession(client), **model_config)

    async def stream(
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
        events = super().stream(
            messages,
            tool_specs,
            system_prompt,
            tool_choice=tool_choice,
            system_prompt_content=system_prompt_content,
            cancel_signal=cancel_signal,
            structured_output_model=structured_output_model,
            **kwargs,
        )
        try:
            async for event in events:
                yield event
        except Exception as error:
            fault = to_model_error(error)
            if fault is None or fault is error:
                raise
            raise fault from error
