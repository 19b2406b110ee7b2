"""Files of stories, as YAML."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from devtools.cloudwatch.notation import NotationError
from devtools.cloudwatch.testfile import written_as
from devtools.cloudwatch.yaml_document import read_model
from devtools.stories.happenings import CallEnd, RequestEnd
from devtools.stories.notation import Expected, parse_expected, parse_milliseconds, parse_time

_End = TypeVar("_End", RequestEnd, CallEnd)

#: What a story needs whose processes are restored from snapshots.
RESTORED: Final = "restored"
#: What CloudWatch needs until an alarm can see a value; a file may say otherwise.
USUAL_DELAY_S: Final = 60


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:  # noqa: PLR2004
        raise NotationError(f"{text!r} is no whole number below a million")
    return int(text)


def _dollars(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise NotationError(f"{text!r} is no number of US dollars") from None


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise NotationError(f"{text!r} is not known; give true or false")
    return text == "true"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Time = Annotated[int, written_as(parse_time)]
_Whole = Annotated[int, written_as(_whole)]
_Milliseconds = Annotated[int, written_as(parse_milliseconds)]
_Name = Annotated[str, Field(min_length=1, max_length=300)]
#: One after the other, and again from the first on.
_Names = Annotated[tuple[_Name, ...], BeforeValidator(_listed), Field(min_length=1)]
_Durations = Annotated[tuple[_Milliseconds, ...], BeforeValidator(_listed), Field(min_length=1)]


class _Happening(BaseModel):
    """Something that happens once, or again and again.

    Attributes:
        at_s: When, if once.
        from_s: From when on.
        to_s: Until before when; without it, to the story's end.
        every_s: Time from one to the next.
        count: How many at each time, spread evenly over the time to the next.
        seed: Of chance: they come so often on average, and independently of each other, and what
            lists hold of how they end is drawn, and not gone through in turn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_s: Annotated[int | None, written_as(parse_time), Field(alias="at")] = None
    from_s: Annotated[_Time, Field(alias="from")] = 0
    to_s: Annotated[int | None, written_as(parse_time), Field(alias="to")] = None
    every_s: Annotated[_Time, Field(alias="every", gt=0)] = 60
    count: Annotated[_Whole, Field(gt=0)] = 1
    seed: Annotated[int | None, written_as(_whole), Field(alias="by_chance")] = None

    def times(self, end: int) -> "list[float]":
        """When it happens, in seconds, before ``end``."""
        first, last = self.from_s, end if self.to_s is None else min(self.to_s, end)
        if self.at_s is not None:
            first, last = self.at_s, self.at_s + 1
        step = self.every_s / self.count
        if self.seed is not None:
            return list(_by_chance(first, last, step, _chance(f"{self.seed}")))
        return [
            begin + step * number
            for begin in range(first, last, self.every_s)
            for number in range(self.count)
        ]

    def one_of(self, ends: tuple[_End, ...], turn: int) -> _End:
        """How the one that comes as such a one ends."""
        if self.seed is not None:
            return _chance(f"{self.seed} {turn}").choice(ends)
        return ends[turn % len(ends)]


def _chance(seed: str) -> Random:
    return Random(seed)  # noqa: S311  the same each time that a story is told, and no secret


def _by_chance(first: float, last: float, mean_s: float, random: Random) -> Iterator[float]:
    time = first + random.expovariate(1 / mean_s)
    while time < last:
        yield time
        time += random.expovariate(1 / mean_s)


class Requests(_Happening):
    """Requests to agents. Lists are gone through in turn.

    Attributes:
        requests: The agents, each of which gets as many.
        takes: Milliseconds, until it ends or is killed; a timeout takes the function's.
        ends: How.
        cold: Milliseconds that each waits for a process to start; 0 for one that is there.
        restored: Milliseconds that each waits for one to be restored from a snapshot; likewise.
        memory_mb: The most that the process used so far; without it, a third of the limit.
        cost_usd: What its model calls cost.
        model_calls: How many there are.
        model_errors: How many of them fail.
        model_throttles: How many of these are throttled.
        asynchronous: Whether the event waits in Lambda's queue, and in the dead-letter queue when
            it fails.
    """

    requests: _Names
    takes: _Durations = (20_000,)
    ends: Annotated[tuple[RequestEnd, ...], BeforeValidator(_listed), Field(min_length=1)] = (
        RequestEnd.OK,
    )
    cold: _Durations = (0,)
    restored: _Durations = (0,)
    memory_mb: Annotated[tuple[_Whole, ...], BeforeValidator(_listed), Field(alias="memory")] = ()
    cost_usd: Annotated[float, written_as(_dollars), Field(alias="cost")] = 0.01
    model_calls: _Whole = 2
    model_errors: _Whole = 0
    model_throttles: _Whole = 0
    asynchronous: Annotated[bool, written_as(_truth)] = False


class Calls(_Happening):
    """Calls of a function that is no agent's.

    Attributes:
        calls: Its name, such as ``api`` or ``sweep``.
        takes: Milliseconds.
        ends: How.
    """

    calls: _Name
    takes: _Durations = (200,)
    ends: Annotated[tuple[CallEnd, ...], BeforeValidator(_listed), Field(min_length=1)] = (
        CallEnd.OK,
    )


class Deployment(_Happening):
    """A new version of an agent's function, which gets a part of the requests first.

    Attributes:
        deployment: The agent.
        share: Percent of the requests that the new version gets at first.
        lasts_s: For how long, before it gets them all.
        takes: Milliseconds of its requests, where they differ.
        ends: How its requests end, where they differ.
    """

    deployment: _Name
    share: Annotated[_Whole, Field(gt=0, le=100)] = 10
    lasts_s: Annotated[_Time, Field(alias="for")] = 300
    takes: Annotated[tuple[_Milliseconds, ...], BeforeValidator(_listed)] = ()
    ends: Annotated[tuple[RequestEnd, ...], BeforeValidator(_listed)] = ()


class Counted(_Happening):
    """A metric of the app's own, printed beside requests.

    Attributes:
        counted: Its name.
        of: The agent it is counted for; without it, for none.
        amount: The value.
    """

    counted: _Name
    of: _Name | None = None
    amount: _Whole = 1


class TakenOut(_Happening):
    """Somebody empties a dead-letter queue.

    Attributes:
        taken_out: The agent whose queue it is.
    """

    taken_out: _Name


Happening = Requests | Calls | Deployment | Counted | TakenOut
_KINDS: Final[dict[str, type[Happening]]] = {
    "requests": Requests,
    "calls": Calls,
    "deployment": Deployment,
    "counted": Counted,
    "taken_out": TakenOut,
}


def _happening(value: Any) -> Any:
    named = [kind for kind in _KINDS if isinstance(value, dict) and kind in value]
    if len(named) != 1:
        raise PydanticCustomError("happening", "give one of {kinds}", {"kinds": ", ".join(_KINDS)})
    return _KINDS[named[0]].model_validate(value)


class Story(BaseModel):
    """A story. It begins when a new stack has been made.

    Attributes:
        name: In a few words.
        told: What happened, in plain words.
        environments: Where it holds; without it, everywhere.
        needs: What not every environment has: functions by their names in the app, or ``RESTORED``.
        lasts_s: How long it is, in seconds.
        happens: What happens.
        sends: Which notifications go out; no others may.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: An address is confirmed by then; an OK before reaches nobody. An ALARM before is a mistake.
    CONFIRMED_S: ClassVar[int] = 600

    name: _Name
    told: Annotated[str, Field(min_length=1, max_length=2000)]
    environments: Annotated[_Names | None, Field(alias="on")] = None
    needs: Annotated[tuple[_Name, ...], BeforeValidator(_listed)] = ()
    lasts_s: Annotated[_Time, Field(alias="lasts", ge=60)]
    happens: tuple[Annotated[Happening, PlainValidator(_happening)], ...] = ()
    sends: tuple[Annotated[Expected, written_as(parse_expected)], ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    delay_s: Annotated[_Time, Field(alias="delay")] = USUAL_DELAY_S
    stories: Annotated[tuple[Story, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class PlacedStory:
    """A story and where it stands.

    Attributes:
        story: The story.
        path: Its file.
        line: Its line.
        delay_s: Seconds from the end of what happened until alarms see its metrics.
    """

    story: Story
    path: Path
    line: int
    delay_s: int


def read_stories(path: Path) -> tuple[PlacedStory, ...]:
    """Read a file of stories.

    Raises:
        TestFileError: It cannot be read, or is not as it must be.
    """
    file, document = read_model(path, _File, Story)
    return tuple(
        PlacedStory(story, path, document.line(("stories", index)), file.delay_s)
        for index, story in enumerate(file.stories)
    )
