"""What the alarm tests show of each alarm, for a person and for a program."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.text import Text

from cli.alarms import (
    WrongInput,
    alarms_of,
    cases_of,
    show_unsupported,
    together,
    unsupported_among,
    unsupported_as_json,
)
from cli.console import results
from devtools.cloudwatch.alarmtests import run_cases
from devtools.cloudwatch.coverage import Covered, cover
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.template import UnsupportedAlarm
from devtools.cloudwatch.yaml_document import TestFileError


def measure(
    folder: Path | None, files: Sequence[Path]
) -> tuple[Sequence[Covered], Sequence[UnsupportedAlarm]]:
    """What tests show of a synthesized app's alarms, and the alarms that are not evaluated here.

    Raises:
        WrongInput: There is no such app, or a file is not as it must be.
    """
    found = alarms_of(folder)
    try:
        replays = Replays()
        outcomes = run_cases(cases_of(files), found, replays)
        return cover(outcomes, found, replays), unsupported_among(found)
    except TestFileError as error:
        raise WrongInput(str(error)) from None


def as_object(
    covered: Sequence[Covered], unsupported: Sequence[UnsupportedAlarm]
) -> dict[str, Any]:
    """The coverage as JSON."""
    return {
        "percent": _percent(covered),
        "alarms": [
            {"alarm": one.alarm, "asked": one.asked, "shown": one.shown, "gaps": list(one.gaps)}
            for one in covered
        ],
        "unsupported": unsupported_as_json(unsupported),
    }


def show(covered: Sequence[Covered], unsupported: Sequence[UnsupportedAlarm]) -> None:
    """Print what is shown of each alarm, and under it what is not."""
    console = results()
    # The same is often shown of the same alarm of each agent.
    for (_, asked, gaps), group in groupby(sorted(covered, key=_alike), key=_alike):
        names = together([one.alarm for one in group])
        style = "bold red" if gaps else "green"
        console.print(Text.assemble((f"{asked - len(gaps):>4} of {asked:<3}", style), names))
        for gap in gaps:
            console.print(Text(f"            {gap}", style="dim"))
    show_unsupported(console, unsupported)
    asked = sum(one.asked for one in covered)
    shown = sum(one.shown for one in covered)
    console.print(f"{_percent(covered):g} %: the tests show {shown} of {asked}.")


def problem(covered: Sequence[Covered]) -> str:
    """What is wrong, in a sentence; empty when nothing is."""
    lacking = sum(bool(one.gaps) for one in covered)
    return f"{lacking} of {len(covered)} alarms have gaps in their tests." if lacking else ""


def _alike(one: Covered) -> tuple[str, int, Sequence[str]]:
    return one.alarm.rpartition("-")[2], one.asked, one.gaps


def _percent(covered: Sequence[Covered]) -> float:
    asked = sum(one.asked for one in covered)
    # Never 100 with a gap left.
    return int(1000 * sum(one.shown for one in covered) / asked) / 10 if asked else 100.0
