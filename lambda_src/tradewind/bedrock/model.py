"""Strands' Bedrock model on a client that is given to it."""

import threading
import time
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any

import boto3
from pydantic import BaseModel
from strands.models.bedrock import BedrockModel
from strands.types.content import Messages, SystemContentBlock
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolChoice, ToolSpec

from tradewind.bedrock.faults import to_model_error
from tradewind.bedrock.meter import ModelMeter, current_meter
from tradewind.contracts.errors import ModelStreamBroken, ModelThrottled


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


class MeteredBedrockModel(BedrockModel):
    """A ``BedrockModel`` that uses the client it is given, and tells what happened.

    Failures leave it as ``contracts.errors.ModelError``. A stream that ends without
    ``messageStop`` is one of them; Strands alone would take it for an empty success. What each
    call did is added to the request's ``current_meter``.
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
        async for event in _metered(events, cancel_signal):
            yield event


async def _metered(
    events: AsyncIterable[StreamEvent], cancel_signal: threading.Event | None
) -> AsyncGenerator[StreamEvent, None]:
    meter = current_meter.get() or ModelMeter()
    meter.calls += 1
    started = time.perf_counter()
    first_token_ms: float | None = None
    finished = False
    try:
        async for event in events:
            if first_token_ms is None and (
                "contentBlockDelta" in event or "contentBlockStart" in event
            ):
                first_token_ms = (time.perf_counter() - started) * 1000
            finished = finished or "messageStop" in event
            if "metadata" in event:
                meter.tokens_used(event["metadata"].get("usage", {}))
            yield event
        _check_finished(finished, cancel_signal)
    except Exception as error:
        meter.errors += 1
        mapped = to_model_error(error)
        meter.throttles += isinstance(mapped, ModelThrottled)
        if mapped is None or mapped is error:
            raise
        raise mapped from error
    if finished:
        meter.latencies_ms.append((time.perf_counter() - started) * 1000)
        if first_token_ms is not None:
            meter.first_token_ms.append(first_token_ms)


def _check_finished(finished: bool, cancel_signal: threading.Event | None) -> None:
    cancelled = cancel_signal is not None and cancel_signal.is_set()
    if not finished and not cancelled:
        raise ModelStreamBroken("Bedrock's answer ended without messageStop.")
