"""When the synthesized app's alarms would have gone off over what was published."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from cli.alarms import WrongInput, unsupported_as_json
from cli.console import results
from cli.errors import CommandError
from devtools.cloudwatch.alarms import Alarm, AlarmError
from devtools.cloudwatch.backtest import Red, backtest
from devtools.cloudwatch.history import Answers, HistoryError, kept_s, of_metrics, read_history
from devtools.cloudwatch.matching import matches
from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.notation import format_time
from devtools.cloudwatch.replay import Given
from devtools.cloudwatch.template import DescribedAlarm, UnsupportedAlarm

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
        silent: The metrics that it watches and that there is nothing of.
    """

    alarm: str
    past: Past
    reds: Sequence[Red]
    silent: Sequence[str]

    @property
    def red_s(self) -> int:
        """Seconds in ALARM."""
        return sum((red.end or self.past.end) - red.begin for red in self.reds)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of the alarms that a pattern stands for.

    Attributes:
        backtested: Those that there is an answer for.
        skipped: Those that are not evaluated here, and why.
        unknown: Those that the data say nothing of, and why.
    """

    backtested: Sequence[Backtested]
    skipped: Sequence[UnsupportedAlarm]
    unknown: Sequence[UnsupportedAlarm]


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


def past_of_cloudwatch(
    region: str, since: timedelta, until: timedelta, alarms: Mapping[str, DescribedAlarm]
) -> Past:
    """What CloudWatch has, in the account that boto3's environment points to.

    Args:
        region: Where.
        since: How long ago it begins.
        until: How long ago it ends.
        alarms: All alarms there are.
    """
    client = boto3.client("cloudwatch", region_name=region)
    now = int(time.time()) // _MINUTE * _MINUTE
    start, end = now - int(since.total_seconds()), now - int(until.total_seconds())
    # The widest for all of them: so what several watch is asked for once.
    lead = max((_lead_s(a.alarm) for a in alarms.values() if isinstance(a.alarm, Alarm)), default=0)
    answers = Answers(client, start - lead, end, now)

    def given(alarm: Alarm) -> Given:
        for metric in alarm.metrics.values():
            if (kept := kept_s(metric)) < now - start:
                raise HistoryError(
                    f"CloudWatch keeps {metric} for {format_time(kept)} as it is taken here: "
                    "give a shorter --since"
                )
        return answers.of(alarm)

    return Past(given, start, end)


def _lead_s(alarm: Alarm) -> int:
    """How far the first evaluation looks back."""
    return alarm.evaluation_range * alarm.period_s


def run_backtest(
    alarms: Mapping[str, DescribedAlarm], pattern: str, past: Past, threshold: float | None
) -> Found:
    """Evaluate the alarms that a pattern stands for.

    Raises:
        WrongInput: There is no such alarm, or none that can be evaluated.
        CommandError: CloudWatch does not answer.
    """
    chosen = [described for described in alarms.values() if matches(pattern, described)]
    if not chosen:
        raise WrongInput(f"No alarm matches {pattern!r}; there are {', '.join(sorted(alarms))}.")
    backtested: list[Backtested] = []
    skipped: list[UnsupportedAlarm] = []
    unknown: list[UnsupportedAlarm] = []
    for described in chosen:
        try:
            backtested.append(_backtest(described, alarms, past, threshold))
        except HistoryError as error:
            unknown.append(UnsupportedAlarm(described.name, str(error)))
        except (AlarmError, MathError) as error:
            skipped.append(UnsupportedAlarm(described.name, str(error)))
        except (BotoCoreError, ClientError) as error:
            raise CommandError(f"CloudWatch does not answer: {error}") from error
    if len(skipped) == len(chosen):
        raise WrongInput("; ".join(one.reason for one in skipped))
    return Found(backtested, skipped, unknown)


def _backtest(
    described: DescribedAlarm,
    alarms: Mapping[str, DescribedAlarm],
    past: Past,
    threshold: float | None,
) -> Backtested:
    """Evaluate an alarm, and note which metrics there is nothing of.

    Raises:
        HistoryError: There is nothing of any of them, or they cannot be asked for.
    """
    published: dict[str, bool] = {}

    def given(alarm: Alarm) -> Given:
        found = past.given(alarm)
        begin = past.start - _lead_s(alarm)
        for identifier, metric in alarm.metrics.items():
            some = any(begin <= sample.time < past.end for sample in found[identifier])
            published[str(metric)] = published.get(str(metric), False) or some
        return found

    reds = backtest(described, alarms, given, start=past.start, end=past.end, threshold=threshold)
    silent = [metric for metric, some in sorted(published.items()) if not some]
    if len(silent) == len(published):
        raise HistoryError(f"there are no data of {', '.join(silent)}")
    return Backtested(described.name, past, reds, silent)


def problem(found: Found) -> str:
    """Which alarms the data say nothing of; empty when there are none."""
    return "; ".join(f"{one.name} is not known: {one.reason}" for one in found.unknown)


def as_objects(found: Found) -> list[dict[str, Any]]:
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
            "without_data": list(one.silent),
        }
        for one in found.backtested
    ] + unsupported_as_json([*found.skipped, *found.unknown])


def show(found: Found) -> None:
    """Print when each alarm would have gone off and come back."""
    console = results()
    for one in found.backtested:
        console.print(Text(one.alarm, style="bold"))
        for red in one.reds:
            lasted = format_time((red.end or one.past.end) - red.begin)
            ended = f"to {_shown(red.end)}, {lasted}" if red.end else f"for {lasted}, until the end"
            console.print(Text.assemble(("  ALARM  ", "bold red"), f"{_shown(red.begin)} {ended}"))
        for metric in one.silent:
            console.print(Text.assemble(("  no data of  ", "yellow"), metric))
        times = f"{len(one.reds)} times, {format_time(one.red_s)} in all" if one.reds else "never"
        console.print(f"  in ALARM {times}; {_shown(one.past.start)} to {_shown(one.past.end)}")
    for skipped in found.skipped:
        console.print(Text.assemble(("  skip  ", "yellow"), skipped.reason))


def _shown(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
