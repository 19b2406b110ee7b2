"""A durable function on AWS's own SDK that does what its event says."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import (
    CallbackConfig,
    Duration,
    StepConfig,
    StepSemantics,
)
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

Event = dict[str, Any]


@durable_execution
def handler(event: Event, context: DurableContext) -> Any:
    """Do what ``do`` says."""
    return globals()[f"do_{event['do']}"](event, context)


def do_answer(event: Event, context: DurableContext) -> Any:
    about = {"python": sys.version_info[:2], "environment": os.environ["AWS_EXECUTION_ENV"]}
    return {**event, **about}


def do_wait(event: Event, context: DurableContext) -> Any:
    first = context.step(lambda _: os.getpid(), name="first")
    context.wait(Duration.from_seconds(event.get("seconds", 1)), name="pause")
    return context.step(lambda _: first == os.getpid(), name="second")


def do_invoke(event: Event, context: DurableContext) -> Any:
    return context.invoke(event["target"], event["payload"], name="called")


def do_ask(event: Event, context: DurableContext) -> Any:
    timeout = Duration.from_seconds(event.get("timeout", 0))
    asked = context.create_callback(name="ask", config=CallbackConfig(timeout=timeout))
    return [asked.result(), os.environ.get("GENERATION")]


def do_fail(event: Event, context: DurableContext) -> Any:
    attempts = RetryStrategyConfig(max_attempts=2, initial_delay=Duration.from_seconds(1))

    def work(step: Any) -> Any:
        print("attempt", step.attempt)
        raise ValueError(event["message"])

    context.step(work, name="fails", config=StepConfig(create_retry_strategy(attempts)))


def do_hang_in_step(event: Event, context: DurableContext) -> Any:
    before = context.step(lambda _: _note(event, "before"), name="before")
    return [before, context.step(lambda step: _hang(event, step.attempt), name="hangs")]


def do_hang_between_steps(event: Event, context: DurableContext) -> Any:
    before = context.step(lambda _: _note(event, "before"), name="before")
    _hang(event, 0)
    return [before, context.step(lambda step: step.attempt, name="after")]


def do_hang_once(event: Event, context: DurableContext) -> Any:
    """The step is interrupted, which counts as an attempt, and is not begun again by itself."""
    attempts = RetryStrategyConfig(max_attempts=2, initial_delay=Duration.from_seconds(1))
    config = StepConfig(
        create_retry_strategy(attempts), step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY
    )
    return context.step(lambda step: _hang(event, step.attempt), name="hangs", config=config)


def _note(event: Event, what: str) -> str:
    with Path(event["folder"], "notes").open("a") as notes:
        notes.write(f"{what}\n")
    return what


def _hang(event: Event, attempt: int) -> int:
    """Tell who hangs, and hang until killed; the next one goes on."""
    told = Path(event["folder"], "pid")
    if not told.exists():
        partial = told.with_suffix(".partial")
        partial.write_text(str(os.getpid()))
        partial.rename(told)
        time.sleep(600)
    return attempt
