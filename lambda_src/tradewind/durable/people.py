"""Questions to people: a callback, which costs nothing as long as nobody has answered."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig
from aws_durable_execution_sdk_python.constants import CHECKPOINT_SIZE_LIMIT_BYTES
from aws_durable_execution_sdk_python.context import DurableContext
from aws_durable_execution_sdk_python.exceptions import CallbackError, CallbackTimeoutError
from aws_durable_execution_sdk_python.serdes import DEFAULT_JSON_SERDES

from tradewind.durable.bridge import Bridge
from tradewind.durable.operations import name_of
from tradewind.workflow.engine.errors import AnswerUnusable, PatternFailed
from tradewind.workflow.engine.state import Pause, State

#: A callback's longest timeout; no execution takes as long.
_LONGEST_S: Final = 99_999_999


async def have_answered(
    bridge: Bridge, state: State, pause: Pause, now: Callable[[], float]
) -> None:
    """Ask the person whom a run waits for, until there is an answer that counts.

    The question is in the history beside the callback, for whoever wants to answer it.

    Args:
        bridge: Takes the question.
        state: The run's, which gets the answer.
        pause: The question in it.
        now: Seconds since 1970.

    Raises:
        PatternFailed: The question was refused, or is more than the history takes.
    """
    size = len(json.dumps(asdict(pause)))
    if size > CHECKPOINT_SIZE_LIMIT_BYTES:
        raise PatternFailed(
            f"{pause.key}: the question and what is shown for it have {size:,} bytes; past one "
            f"Lambda they may have {CHECKPOINT_SIZE_LIMIT_BYTES:,}"
        )
    number = 0
    while state.paused is not None:
        number += 1
        asked = await bridge.ask(
            name_of("question", pause.key, number), lambda context, name: _put(context, name, pause)
        )
        # When the question was asked first, in whichever invocation.
        pause.asked_at = float(asked["asked_at"])
        try:
            answer = await bridge.ask(
                name_of("answer", pause.key, number),
                lambda context, name: _take(context, name, pause, now()),
            )
        except CallbackTimeoutError:
            state.answer(None, pause.asked_at + pause.timeout_s)
        except CallbackError as refused:
            told = " ".join((refused.message or "").split())
            raise PatternFailed(f"{pause.key}: the question was refused: {told}") from refused
        else:
            # One that does not fit is asked for again, as long as there is time.
            try:
                state.answer(_text(answer), pause.asked_at)
            except AnswerUnusable:
                continue


def _put(context: DurableContext, name: str, pause: Pause) -> Any:
    # As plain JSON: the SDK's own form is for itself to read.
    return context.step(lambda _: asdict(pause), name, StepConfig(serdes=DEFAULT_JSON_SERDES))


def _take(context: DurableContext, name: str, pause: Pause, now: float) -> Any:
    # The time is the question's, however often an answer did not fit; 0 is for ever.
    left = 0
    if pause.timeout_s > 0:
        left = max(1, math.ceil(pause.asked_at + pause.timeout_s - now))
    timeout = Duration(min(left, _LONGEST_S))
    return context.create_callback(name, CallbackConfig(timeout=timeout)).result()


def _text(answer: Any) -> str:
    """What was sent: a JSON string, or plain text from whoever did not know."""
    if not isinstance(answer, str):
        return ""
    try:
        read = json.loads(answer)
    except ValueError:
        return answer
    return read if isinstance(read, str) else answer
