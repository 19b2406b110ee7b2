"""The short texts in alarm tests: times, series, states over time, expectations.

See docs/alarm-tests.md, which explains them to the person who writes a test.
"""

import math
import re
from dataclasses import dataclass
from typing import Final, Literal

from devtools.cloudwatch.series import MAX_VALUE, Sample
from devtools.cloudwatch.states import State

#: A test covers at most this many seconds: the week that an alarm may look back over, and a day.
MAX_SECONDS: Final = 8 * 86_400
#: A series has at most this many steps: as many minutes.
_MAX_STEPS: Final = MAX_SECONDS // 60
#: One step publishes at most this many distinct values.
_MAX_VALUES: Final = 1000

_UNITS: Final = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_TIME: Final = re.compile(r"0|(?:(\d{1,2})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")
_NUMBER: Final = r"-?\d{1,18}(?:\.\d{1,9})?(?:e[+-]?\d{1,2})?"
_TIMES: Final = r"(?:x(?P<times>\d{1,6}))?"
_STEP: Final = re.compile(
    rf"\s*(?:(?P<missing>_)|\[(?P<many>[^\]]*)\]|(?P<value>{_NUMBER})(?P<add>[+-]{_NUMBER})?)"
    rf"{_TIMES}(?=\s|$)"
)
_COUNTED: Final = re.compile(rf"(?P<value>{_NUMBER})(?:\*(?P<count>\d{{1,9}}))?")
_STATE_STEP: Final = re.compile(rf"(?P<state>{'|'.join(State)}){_TIMES}")
_EXPECTATION: Final = re.compile(
    rf"(?P<word>always|never)\s+(?P<overall>{'|'.join(State)})"
    rf"|(?P<state>{'|'.join(State)})\s+(?:at\s+(?P<at>\S+)|from\s+(?P<first>\S+)\s+to\s+(?P<last>\S+))"
)
_STATES: Final = "OK, ALARM or INSUFFICIENT_DATA"


class NotationError(ValueError):
    """A text is not written as it must be; the message says how."""


#: What a metric publishes in one step of a series; None for nothing.
Step = tuple[tuple[float, ...], tuple[float, ...]] | None


def parse_time(text: str, longest_s: int = MAX_SECONDS) -> int:
    """Seconds for a text such as 90s, 10m or 1h30m.

    Raises:
        NotationError: It is none, or longer than ``longest_s``.
    """
    match = _TIME.fullmatch(text)
    if not text or match is None:
        raise NotationError(f"{text!r} is no time; give one such as 90s, 10m, 1h30m or 0")
    amounts = zip(match.groups(), _UNITS.values(), strict=True)
    seconds = sum(int(amount) * unit for amount, unit in amounts if amount)
    if seconds > longest_s:
        days = longest_s // _UNITS["d"]
        raise NotationError(f"{text!r} is too long; a test covers at most {days} days")
    return seconds


def format_time(seconds: int) -> str:
    """The text for a time, such as 1h30m."""
    parts = []
    for unit, length in _UNITS.items():
        amount, seconds = divmod(seconds, length)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0"


def parse_series(text: str) -> tuple[Step, ...]:
    """The steps of a series such as ``0x5 3 _ 10+5x3 [120*99 4000]``.

    Raises:
        NotationError: A step is not written as it must be, or there are too many.
    """
    steps: list[Step] = []
    position, text = 0, text.strip()
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            shown = text[position:].split(maxsplit=1)[0]
            raise NotationError(
                f"{shown!r} is no step of a series; give a number (3), a missing one (_), several "
                "values ([120*99 4000]), or any of them repeated (0x5) or counting (10+5x3)"
            )
        position = match.end()
        _append(steps, _repetitions(match["times"]), match)
    if not steps:
        raise NotationError("a series has at least one step; _ is one without a value")
    if any(abs(value) > MAX_VALUE for step in steps if step for value in step[0]):
        raise NotationError("a value is further from 0 than CloudWatch takes")
    return tuple(steps)


def _append(steps: list[Step], times: int, match: re.Match[str]) -> None:
    if len(steps) + times > _MAX_STEPS:
        raise NotationError(f"a series has at most {_MAX_STEPS} steps")
    if match["missing"]:
        steps += [None] * times
    elif match["many"] is not None:
        steps += [_values(match["many"])] * times
    else:
        first, add = float(match["value"]), float(match["add"] or 0)
        steps += [((first + add * index,), (1.0,)) for index in range(times)]


def _values(text: str) -> Step:
    parts = text.split()
    if not 0 < len(parts) <= _MAX_VALUES:
        raise NotationError(f"[{text[:20]}] must hold 1 to {_MAX_VALUES} values")
    counts: dict[float, float] = {}
    for part in parts:
        match = _COUNTED.fullmatch(part)
        count = int(match["count"] or 1) if match else 0
        if match is None or count == 0:
            raise NotationError(
                f"{part!r} in [...] is no value; give a number (4000), or a number and how often "
                "it occurs (120*99)"
            )
        value = float(match["value"])
        counts[value] = counts.get(value, 0) + count
    return tuple(counts), tuple(counts.values())


def _repetitions(text: str | None) -> int:
    times = 1 if text is None else int(text)
    if not 1 <= times <= _MAX_STEPS:
        raise NotationError(f"x{text} repeats a step 1 to {_MAX_STEPS} times")
    return times


def samples(steps: tuple[Step, ...], every_s: int, late_s: int = 0) -> tuple[Sample, ...]:
    """What a series publishes, its first step at 0 s, each to be known ``late_s`` later."""
    return tuple(
        Sample(index * every_s, *step, delivered=index * every_s + late_s)
        for index, step in enumerate(steps)
        if step is not None
    )


def parse_states(text: str) -> tuple[State, ...]:
    """The states over time of a text such as ``OKx5 ALARM``.

    Raises:
        NotationError: One is no state, or there are too many.
    """
    states: list[State] = []
    for part in text.split():
        match = _STATE_STEP.fullmatch(part)
        if match is None:
            raise NotationError(f"{part!r} is no state; give {_STATES}, or one repeated (OKx5)")
        times = _repetitions(match["times"])
        if len(states) + times > _MAX_STEPS:
            raise NotationError(f"there are at most {_MAX_STEPS} steps")
        states += [State(match["state"])] * times
    if not states:
        raise NotationError("there is at least one state")
    return tuple(states)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a test expects.

    Attributes:
        text: As written.
        state: The state it is about.
        kind: ``at`` some times the alarm is in the state; ``always`` or ``never`` in all of them.
        first: The first such time, in seconds.
        last: The last, in seconds; infinite when it is the end of the test.
    """

    text: str
    state: State
    kind: Literal["at", "always", "never"]
    first: int
    last: float

    def allows(self, state: State) -> bool:
        """Whether it is met by an alarm in ``state``."""
        return (state is self.state) is not (self.kind == "never")


def parse_expectation(text: str) -> Expectation:
    """The expectation of a text such as ``OK at 10m`` or ``never ALARM``.

    Raises:
        NotationError: It is none.
    """
    match = _EXPECTATION.fullmatch(text.strip())
    if match is None:
        raise NotationError(
            f"{text!r} is no expectation; give STATE at TIME, STATE from TIME to TIME, always "
            f"STATE or never STATE, the state being {_STATES}"
        )
    if match["overall"]:
        word: Literal["always", "never"] = "always" if match["word"] == "always" else "never"
        return Expectation(text, State(match["overall"]), word, 0, math.inf)
    first = parse_time(match["at"] or match["first"])
    last = parse_time(match["at"] or match["last"])
    if last < first:
        raise NotationError(f"{text!r} ends before it begins")
    return Expectation(text, State(match["state"]), "at", first, last)
