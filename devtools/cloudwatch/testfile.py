"""Alarm tests as YAML: what a file may say."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
)
from pydantic_core import PydanticCustomError

from devtools.cloudwatch.notation import (
    Expectation,
    NotationError,
    Step,
    parse_expectation,
    parse_series,
    parse_states,
    parse_time,
)
from devtools.cloudwatch.states import State
from devtools.cloudwatch.yaml_document import read_model


def written_as(parse: Callable[[str], Any]) -> Any:
    """Validate a text with ``parse`` and keep what it makes of it."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError("text", "give a text, not a list or a mapping")
        try:
            return parse(value)
        except NotationError as error:
            raise PydanticCustomError("notation", "{error}", {"error": str(error)}) from None

    return PlainValidator(validate)


def _state(text: str) -> State:
    if text not in set(State):
        raise NotationError(f"{text!r} is no state; give OK, ALARM or INSUFFICIENT_DATA")
    return State(text)


def _every(text: str) -> int:
    seconds = parse_time(text)
    if seconds == 0:
        raise NotationError("every 0 s is not possible")
    return seconds


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise NotationError(f"{text!r} is not known; give true or false")
    return text == "true"


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Text = Annotated[str, Field(min_length=1, max_length=300)]
_Name = Annotated[str, Field(min_length=1, max_length=500)]
_Patterns = Annotated[
    tuple[_Name, ...], BeforeValidator(_one_or_several), Field(min_length=1, max_length=100)
]


class WrittenSeries(BaseModel):
    """What a metric publishes. A text alone is its values.

    Attributes:
        values: Step by step.
        takes_s: Seconds from a value's time until it can be known: how long the invocation took
            that Lambda stamps with its start.
        delay_s: Seconds that CloudWatch needs besides.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: Annotated[tuple[Step, ...], written_as(parse_series)]
    takes_s: Annotated[int, written_as(parse_time), Field(alias="takes")] = 0
    delay_s: Annotated[int, written_as(parse_time), Field(alias="delay")] = 0

    @property
    def late_s(self) -> int:
        """Seconds from a value's time until alarms can see it."""
        return self.takes_s + self.delay_s


def _values_or_more(value: Any) -> Any:
    return value if isinstance(value, dict) else {"values": value}


class Case(BaseModel):
    """One alarm test.

    Attributes:
        name: What it shows.
        alarm: The alarms it is for: names, ends of names after a hyphen, or logical ids; ``*``
            stands for anything.
        excluded: Those of these that it is not for.
        every_s: Time from one step of a series to the next, in seconds; without it, the period of
            the alarm, or a minute for a composite alarm.
        start: The state the alarm is in before its first evaluation.
        series: What each metric publishes, by its name or its id in the alarm.
        states: For a composite alarm, the states of alarms it is made of, over time.
        expect: What must be so.
        optional: Whether a template without such an alarm is fine: not every environment has each.
            Then a composite alarm is passed over, too, that lacks one of those in ``states``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Text
    alarm: _Patterns
    excluded: Annotated[_Patterns, Field(alias="except")] = ()
    every_s: Annotated[int | None, written_as(_every), Field(alias="every")] = None
    start: Annotated[State, written_as(_state)] = State.INSUFFICIENT_DATA
    series: dict[_Name, Annotated[WrittenSeries, BeforeValidator(_values_or_more)]] = {}
    states: dict[_Name, Annotated[tuple[State, ...], written_as(parse_states)]] = {}
    expect: Annotated[
        tuple[Annotated[Expectation, written_as(parse_expectation)], ...],
        BeforeValidator(_one_or_several),
        Field(min_length=1, max_length=1000),
    ]
    optional: Annotated[bool, written_as(_truth)] = False


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    tests: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class PlacedCase:
    """An alarm test and where it stands.

    Attributes:
        case: The test.
        path: Its file.
        line: Its line.
    """

    case: Case
    path: Path
    line: int


def read_test_file(path: Path) -> tuple[PlacedCase, ...]:
    """Read a file of alarm tests.

    Raises:
        TestFileError: It cannot be read, or is not as it must be.
    """
    file, document = read_model(path, _File, Case)
    return tuple(
        PlacedCase(case, path, document.line(("tests", index)))
        for index, case in enumerate(file.tests)
    )
