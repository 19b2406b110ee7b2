"""Testing the alarms of the synthesized templates, and showing what they did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.text import Text

from cli import cdk
from cli.console import results
from devtools.cloudwatch.alarms import AlarmError, Evaluation
from devtools.cloudwatch.alarmtests import run_cases
from devtools.cloudwatch.notation import format_time
from devtools.cloudwatch.outcomes import Outcome, Uncovered, uncovered
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import DescribedAlarm, UnsupportedAlarm, load_alarms
from devtools.cloudwatch.testfile import PlacedCase, read_test_file
from devtools.cloudwatch.yaml_document import TestFileError

#: The tests of the alarms that this repository ships.
SHIPPED: Final = cdk.PROJECT / "tests" / "alarms"
#: Where `make synth` puts the templates.
SYNTHESIZED: Final = cdk.PROJECT / "cdk.out"
_WRONG_INPUT: Final = 2

#: A timeline is at most this many characters wide.
_WIDTH: Final = 72
_DRAWN: Final = {
    State.OK: ("▁", "green"),
    State.ALARM: ("█", "bold red"),
    State.INSUFFICIENT_DATA: ("·", "dim"),
}


class WrongInput(click.ClickException):
    """A file or a template is not as it must be."""

    exit_code = _WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of alarm tests.

    Attributes:
        outcomes: Each test's, on each alarm.
        lacking: With the shipped tests, the alarms that they leave out.
        unsupported: The alarms that are not evaluated here.
    """

    outcomes: Sequence[Outcome]
    lacking: Sequence[Uncovered]
    unsupported: Sequence[UnsupportedAlarm]


def alarms_of(folder: Path | None) -> dict[str, DescribedAlarm]:
    """The alarms of a synthesized app, by name: of ``cdk.out`` when no folder is given.

    Raises:
        WrongInput: There is no such app, or one of its alarms is not possible.
    """
    if folder is None:
        folder = SYNTHESIZED
        if not folder.is_dir():
            raise WrongInput("Nothing is synthesized yet: run `make synth`, or give --templates.")
    try:
        return load_alarms(folder)
    except AlarmError as error:
        raise WrongInput(str(error)) from None


def cases_of(files: Sequence[Path]) -> list[PlacedCase]:
    """The tests in ``files``, or without any, all that this repository ships.

    Raises:
        WrongInput: A file is not as it must be.
    """
    try:
        chosen = files or sorted(SHIPPED.glob("*.yaml"))
        return [case for file in chosen for case in read_test_file(file)]
    except TestFileError as error:
        raise WrongInput(str(error)) from None


def run_tests(folder: Path | None, files: Sequence[Path]) -> Tested:
    """Run the tests in ``files``, or all that this repository ships, on a synthesized app.

    Raises:
        WrongInput: There is no such app, or a file is not as it must be.
    """
    found, cases = alarms_of(folder), cases_of(files)
    try:
        outcomes = run_cases(cases, found, Replays())
    except TestFileError as error:
        raise WrongInput(str(error)) from None
    lacking = () if files else uncovered(found, outcomes)
    return Tested(outcomes, lacking, unsupported_among(found))


def unsupported_among(found: Mapping[str, DescribedAlarm]) -> list[UnsupportedAlarm]:
    """The alarms that are not evaluated here."""
    return [one.alarm for one in found.values() if isinstance(one.alarm, UnsupportedAlarm)]


def unsupported_as_json(alarms: Iterable[UnsupportedAlarm]) -> list[dict[str, str]]:
    """The alarms that are not evaluated here, for a program."""
    return [{"alarm": alarm.name, "reason": alarm.reason} for alarm in alarms]


def problem(tested: Tested) -> str:
    """What is wrong, in a sentence; empty when nothing is."""
    outcomes, lacking = tested.outcomes, tested.lacking
    failed = sum(not outcome.passed for outcome in outcomes)
    problems = []
    if failed:
        problems.append(f"{failed} of {len(outcomes)} alarm tests failed")
    if lacking:
        problems.append(f"{len(lacking)} alarms are not tested both firing and quiet")
    return "; ".join(problems) + "." if problems else ""


def summary(tested: Tested) -> dict[str, Any]:
    """The outcomes as JSON."""
    untested = [{"alarm": u.alarm.name, "missing": list(u.missing)} for u in tested.lacking]
    return {
        "passed": all(outcome.passed for outcome in tested.outcomes) and not untested,
        "outcomes": [
            {
                "file": str(outcome.placed.path),
                "line": outcome.placed.line,
                "name": outcome.placed.case.name,
                "alarm": outcome.alarm.name,
                "passed": outcome.passed,
                "changes": [{"at_s": time, "state": state} for time, state in _changes(outcome)],
                "failures": [
                    {
                        "expected": failure.expectation.text,
                        "at_s": failure.time,
                        "state": failure.state,
                    }
                    for failure in outcome.failures
                ],
            }
            for outcome in tested.outcomes
        ],
        "uncovered": untested,
        "unsupported": unsupported_as_json(tested.unsupported),
    }


def _changes(outcome: Outcome) -> list[tuple[int, State]]:
    """When the alarm came to which state."""
    timeline = [(0, outcome.start), *((e.time, e.state) for e in outcome.evaluations)]
    return [next(same) for _, same in groupby(timeline, key=lambda entry: entry[1])]


def show(tested: Tested) -> None:
    """Print the outcomes, each with the alarm's states over time."""
    outcomes = tested.outcomes
    console = results()
    for path, of_file in groupby(outcomes, key=lambda outcome: outcome.placed.path):
        console.print(Text(shown(path), style="bold"))
        # The same case has often the same outcome on the same alarm of each agent.
        for _, alike in groupby(of_file, key=lambda o: (o.placed.line, _changes(o), o.failures)):
            _print_alike(console, list(alike))
    for lack in tested.lacking:
        console.print(
            Text.assemble(
                ("  FAIL  ", "bold red"),
                f"{lack.alarm.name} has no passing test in which it is ",
                " or ".join(lack.missing),
            )
        )
    show_unsupported(console, tested.unsupported)
    passed = sum(outcome.passed for outcome in outcomes)
    legend = ", ".join(f"{sign} {state}" for state, (sign, _) in _DRAWN.items())
    console.print(f"{passed} of {len(outcomes)} alarm tests passed.  ({legend})")


def show_unsupported(console: Console, alarms: Iterable[UnsupportedAlarm]) -> None:
    """Name the alarms that are not evaluated here."""
    for alarm in alarms:
        console.print(
            Text.assemble(("  skip  ", "yellow"), f"{alarm.name} is not evaluated: {alarm.reason}")
        )


def shown(path: Path) -> str:
    """A path as a person types it who works on this repository."""
    resolved = path.resolve()
    inside = resolved.is_relative_to(cdk.PROJECT)
    return str(resolved.relative_to(cdk.PROJECT) if inside else path)


def _print_alike(console: Console, alike: Sequence[Outcome]) -> None:
    outcome = alike[0]
    mark = ("    ok  ", "green") if outcome.passed else ("  FAIL  ", "bold red")
    where = "" if outcome.passed else f"  (line {outcome.placed.line})"
    console.print(Text.assemble(mark, outcome.placed.case.name, (where, "dim")))
    console.print(Text(f"        {together([o.alarm.name for o in alike])}", style="dim"))
    per_column = -(-len(outcome.evaluations) // _WIDTH)
    end = format_time(outcome.evaluations[-1].time)
    console.print(Text("        0 ") + _timeline(outcome.evaluations, per_column) + f" {end}")
    for failure in outcome.failures:
        before = sum(e.time < failure.time for e in outcome.evaluations)
        console.print(
            Text.assemble(" " * (10 + before // per_column), ("^ ", "bold red"), str(failure))
        )


def together(names: Sequence[str]) -> str:
    """Several names as one, such as ``app-{terrain,layout}-errors``."""
    if len(names) == 1:
        return names[0]
    begin = _common_begin(names)
    rests = [name.removeprefix(begin) for name in names]
    end = _common_begin([rest[::-1] for rest in rests])[::-1]
    return f"{begin}{{{','.join(rest.removesuffix(end) for rest in rests)}}}{end}"


def _common_begin(texts: Sequence[str]) -> str:
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False))
    return "".join(column[0] for column in columns)


def _timeline(evaluations: Sequence[Evaluation], per_column: int) -> Text:
    """The states over time, an evaluation or several to a character."""
    line = Text()
    for first in range(0, len(evaluations), per_column):
        states = {e.state for e in evaluations[first : first + per_column]}
        # What must not be overlooked decides what is drawn.
        state = max(states, key=[State.OK, State.INSUFFICIENT_DATA, State.ALARM].index)
        line.append(*_DRAWN[state])
    return line
