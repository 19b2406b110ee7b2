"""What happens in the hours: every request of every agent, made up and the same each time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from devtools.stories.happenings import RequestEnd

NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
END_S: Final = NOW.timestamp()
HOUR_S: Final = 3600
#: The bad hour is the last one of those that a dashboard shows.
BAD_SINCE_S: Final = END_S - HOUR_S
#: Earlier than what a dashboard shows, for the alarms on whole hours.
BEGIN_S: Final = END_S - 5 * HOUR_S
#: The agent that it happens to.
ILL: Final = "terrain"
TIMEOUT_MS: Final = 900_000
MEMORY_MB: Final = 3072
#: As many requests as the ill agent's function may run at once.
AT_ONCE: Final = 5
_OLD, _NEW = 112, 113
#: Of the ordinary requests, and of those that are served while others are turned away.
_FAILING: Final = 0.004
_SERVED: Final = 0.35


class Hour(StrEnum):
    """What the last hour is like."""

    ORDINARY = "ordinary"
    #: Each second request is killed, for its memory or at the timeout.
    HALF_KILLED = "half-killed"
    #: Requests take six times as long, as many run as may at once, and Lambda turns most away.
    THROTTLED = "throttled"
    #: A new version takes over, fails six of ten requests and is slow with the rest.
    BAD_DEPLOYMENT = "bad-deployment"


@dataclass(frozen=True)
class Served:
    """A request.

    Attributes:
        agent: Whose.
        number: Which one of the agent's, from 0.
        start: When it starts, in seconds since the epoch.
        ends: How it ends.
        takes_ms: Until then.
        cold_ms: What it waited for a process; 0 for one that was there.
        version: The version that served it.
        memory_mb: The most that its process has used.
        model_calls: How long each of its calls of the model took, in milliseconds.
        age_ms: How long its event waited in Lambda's queue.
        at_once: As many of the agent's run when it starts.
    """

    agent: str
    number: int
    start: float
    ends: RequestEnd
    takes_ms: int
    cold_ms: int
    version: int
    memory_mb: int
    model_calls: tuple[int, ...]
    age_ms: int
    at_once: int

    @property
    def end(self) -> float:
        """When it has ended, in seconds since the epoch."""
        return self.start + (self.cold_ms + self.takes_ms) / 1000


def served(hour: Hour, agents: list[str]) -> Iterator[Served]:
    """All requests that have ended by ``NOW``."""
    for place, agent in enumerate(agents):
        every_s = 20 if agent == ILL else 180 + 60 * place
        for number in range(int((END_S - BEGIN_S) / every_s)):
            start = BEGIN_S + number * every_s + 7 * place
            chance = random.Random(f"{agent} {number}")  # noqa: S311  the same each time
            one = _ordinary(agent, number, start, chance)
            if agent == ILL and start >= BAD_SINCE_S:
                one = _WORSE[hour](one, chance)
            if one.end < END_S:
                yield one


def _ordinary(agent: str, number: int, start: float, chance: random.Random) -> Served:
    calls = tuple(int(chance.lognormvariate(8.4, 0.35)) for _ in range(chance.randint(2, 5)))
    failed = chance.random() < _FAILING
    return Served(
        agent=agent,
        number=number,
        start=start,
        ends=RequestEnd.FAILED if failed else RequestEnd.OK,
        takes_ms=sum(calls) + chance.randint(2_000, 20_000),
        cold_ms=chance.randint(900, 1_400) if number % 61 == 0 else 0,
        version=_OLD,
        memory_mb=chance.randint(800, 1_300),
        model_calls=calls,
        age_ms=chance.randint(20, 60),
        at_once=chance.randint(1, 2),
    )


def _half_killed(one: Served, chance: random.Random) -> Served:
    if one.number % 2:
        # A process that was killed is gone: the next request waits for another one.
        return replace(
            one, cold_ms=chance.randint(900, 1_400), memory_mb=chance.randint(1_700, 2_700)
        )
    if one.number % 3:
        takes_ms = chance.randint(60_000, 150_000)
        return replace(one, ends=RequestEnd.MEMORY, takes_ms=takes_ms, memory_mb=MEMORY_MB)
    return replace(one, ends=RequestEnd.TIMEOUT, takes_ms=TIMEOUT_MS)


def _throttled(one: Served, chance: random.Random) -> Served:
    waits_s = min(one.start - BAD_SINCE_S, 1_800) * chance.uniform(0.4, 0.6)
    served = chance.random() < _SERVED
    return replace(
        one,
        ends=one.ends if served else RequestEnd.THROTTLED,
        takes_ms=one.takes_ms * 6 if served else 0,
        age_ms=int(waits_s * 1000),
        at_once=AT_ONCE,
    )


def _of_bad_version(one: Served, chance: random.Random) -> Served:
    if one.start < BAD_SINCE_S + 600:
        return one
    first = one.start < BAD_SINCE_S + 660
    new = replace(one, version=_NEW, cold_ms=chance.randint(2_100, 2_900) if first else 0)
    if one.number % 10 in {0, 1, 3, 4, 6, 8}:
        return replace(
            new, ends=RequestEnd.FAILED, takes_ms=chance.randint(400, 900), model_calls=()
        )
    return replace(new, takes_ms=one.takes_ms * 4)


_WORSE: Final = {
    Hour.ORDINARY: lambda one, _: one,
    Hour.HALF_KILLED: _half_killed,
    Hour.THROTTLED: _throttled,
    Hour.BAD_DEPLOYMENT: _of_bad_version,
}
