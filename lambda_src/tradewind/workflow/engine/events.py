"""What a run tells of itself while it runs: to a trace, a live view, or whoever keeps its state.

An observer is called in the run's own loop, between two steps: it must be quick. Prompts and
replies are not in events; they are in the state.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tradewind.workflow.engine.state import Paused


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a step, or to the run where the key is empty.

    Keys are paths: a step ``branches/a/0`` is a part of ``branches/a``.
    """

    key: str


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run began, or was resumed."""

    pattern: str


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A step began; without an agent it has steps of its own."""

    agent: str | None = None


@dataclass(frozen=True, slots=True)
class StepEnded(Event):
    """A step ended. ``error`` is the message it failed with, None if it did not.

    Tokens are an agent's, input and output together.
    """

    tokens: int = 0
    dollars: float | None = None
    tool_calls: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Retried(Event):
    """A call failed and is made again after ``wait_s`` seconds."""

    attempt: int
    wait_s: float
    error: str


@dataclass(frozen=True, slots=True)
class BudgetWarned(Event):
    """A budget's warning threshold was reached; told once for each budget."""

    budget: str
    used: float
    limit: float


@dataclass(frozen=True, slots=True)
class PersonAsked(Event):
    """The run waits for a person."""


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The run is over, or paused. ``status``: completed, paused, failed, cancelled."""

    status: str
    error: str | None = None


Observer = Callable[[Event], None]


def message_of(error: BaseException) -> str | None:
    """What is told of a step that an error ended; None where it only waits for a person."""
    if isinstance(error, Paused):
        return None
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return str(error) or type(error).__name__
