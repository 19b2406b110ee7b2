"""When the synthesized app's alarms would have gone off over what was published."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from cli.alarms import WrongInput, alarms_of
from cli.errors import CommandError
from devtools.cloudwatch.alarms import Alarm, AlarmError
from devtools.cloudwatch.backtest import Red, backtest
from devtools.cloudwatch.history import HistoryError, ask, of_metrics, read_history
from devtools.cloudwatch.matching import matches
from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.notation import format_time
from devtools.cloudwatch.replay import Given

_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Past:
    """What was published, and over which time.

    Attributes:
        given: What was published for the metrics of an alarm.
        start: Where it begins, in seconds since the epoch.
        end: Where it ends.
    """

    given: Callable[[Alarm], Given]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Backtested:
    """What came of one alarm.

    Attributes:
        alarm: Its name.
        past: What it was evaluated over.
        reds: When it would have been in ALARM.
    """

    alarm: str
    past: Past
    reds: Sequence[Red]

    @property
    def red_s(self) -> int:
        """Seconds in ALARM."""
        return sum((red.end or self.past.end) - red.begin for red in self.reds)


def past_of_file(path: Path) -> Past:
    """What a file holds.

    Raises:
        WrongInput: It is not as it must be.
    """
    try:
        history = read_history(path)
    except HistoryError as error:
        raise WrongInput(str(error)) from None
    times = [sample.time for samples in history.values() for sample in samples]
    start, end = int(min(times)) // _MINUTE * _MINUTE, int(max(times)) + _MINUTE
    return Past(lambda alarm: of_metrics(alarm, history), start, end)


def past_of_cloudwatch(region: str, since: timedelta, until: timedelta) -> Past:
    """What CloudWatch has, in the account that boto3's environment points to.

    Args:
        region: Where.
        since: How long ago it begins.
        until: How long ago it ends.
    """
    client, now = (
        boto3.client("cloudwatch", region_name=region),
        int(time.time()) // _MINUTE * _MINUTE,
    )
    start, end = now - int(since.total_seconds()), now - int(until.total_seconds())

    def given(alarm: Alarm) -> Given:
        return ask(client, alarm, start - alarm.evaluation_range * alarm.period_s, end)

    return Past(given, start, end)


def run_backtest(
    folder: Path | None, pattern: str, past: Past, threshold: float | None
) -> list[Backtested]:
    """Evaluate the alarms that a pattern stands for.

    Raises:
        WrongInput: There is no such alarm, or it cannot be evaluated.
        CommandError: CloudWatch does not answer.
    """
    alarms = alarms_of(folder)
    chosen = [described for described in alarms.values() if matches(pattern, described)]
    if not chosen:
        raise WrongInput(f"No alarm matches {pattern!r}; there are {', '.join(sorted(alarms))}.")
    try:
        return [
            Backtested(
                described.name,
                past,
                backtest(
                    described,
                    alarms,
                    past.given,
                    start=past.start,
                    end=past.end,
                    threshold=threshold,
                ),
            )
            for described in chosen
        ]
    except (AlarmError, MathError, HistoryError) as error:
        raise WrongInput(str(error)) from None
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"CloudWatch does not answer: {error}") from error


def as_objects(backtested: Sequence[Backtested]) -> list[dict[str, Any]]:
    """What came of each alarm, for a program."""
    return [
        {
            "alarm": one.alarm,
            "from": _shown(one.past.start),
            "to": _shown(one.past.end),
            "red": [
                {"from": _shown(red.begin), "to": _shown(red.end) if red.end else None}
                for red in one.reds
            ],
            "red_s": one.red_s,
        }
        for one in backtested
    ]


def show(backtested: Sequence[Backtested]) -> None:
    """Print when each alarm would have gone off and come back."""
    console = Console(highlight=False, soft_wrap=True, force_terminal=sys.stdout.isatty())
    for one in backtested:
        console.print(Text(one.alarm, style="bold"))
        for red in one.reds:
            lasted = format_time((red.end or one.past.end) - red.begin)
            ended = f"to {_shown(red.end)}, {lasted}" if red.end else f"for {lasted}, until the end"
            console.print(Text.assemble(("  ALARM  ", "bold red"), f"{_shown(red.begin)} {ended}"))
        times = f"{len(one.reds)} times, {format_time(one.red_s)} in all" if one.reds else "never"
        console.print(f"  in ALARM {times}; {_shown(one.past.start)} to {_shown(one.past.end)}")


def _shown(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
