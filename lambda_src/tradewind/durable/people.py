"""Questions to people: a callback, which costs nothing as long as nobody has answered."""

import json
import math
from dataclasses import asdict
from typing import Any

from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig
from aws_durable_execution_sdk_python.context import DurableContext
from aws_durable_execution_sdk_python.exceptions import CallbackError, CallbackTimeoutError
from aws_durable_execution_sdk_python.serdes import DEFAULT_JSON_SERDES

from tradewind.durable.bridge import Bridge
from tradewind.durable.operations import name_of
from tradewind.workflow.engine.errors import AnswerUnusable, PatternFailed
from tradewind.workflow.engine.state import Pause, State


async def have_answered(bridge: Bridge, state: State, pause: Pause) -> None:
    """Ask the person whom a run waits for, until there is an answer that counts.

    The question is in the history beside the callback, for whoever wants to answer it.

    Args:
        bridge: Takes the question.
        state: The run's, which gets the answer.
        pause: The question in it.

    Raises:
        PatternFailed: The question was refused.
    """
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
                lambda context, name: _take(context, name, pause),
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


def _take(context: DurableContext, name: str, pause: Pause) -> Any:
    timeout = Duration(math.ceil(pause.timeout_s))
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
