"""What is wrong with a workflow file, for people and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from tradewind.workflow.spec.loader import EXIT_INVALID, Loaded
from tradewind.workflow.spec.problem import Problem, Severity, shown, shown_path

#: Lines of problems; a file with more has one cause that is among the first.
_MOST: Final = 50
_COLORS: Final = {
    Severity.ERROR: "red",
    Severity.MISSING_INPUT: "red",
    Severity.UNSUPPORTED: "magenta",
    Severity.UNDEFINED_NAME: "yellow",
    Severity.WARNING: "yellow",
}


def read_variables(given: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` of ``--var``; of several with one key, the last.

    Raises:
        click.UsageError: One has no key or no value.
    """
    variables: dict[str, str] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or not key.strip():
            raise click.UsageError(f"--var {shown(one)}: give KEY=VALUE, such as --var topic=wind")
        variables[key.strip()] = value.strip()
    return variables


def print_problems(problems: Sequence[Problem], *, err: bool = False) -> None:
    """Print each in a line, the first of them if there are many."""
    for problem in problems[:_MOST]:
        place, word, rest = str(problem).partition(f" {problem.severity}: ")
        colored = click.style(word.rstrip(" "), fg=_COLORS[problem.severity])
        click.echo(f"{place}{colored} {rest}", err=err)
    if len(problems) > _MOST:
        click.echo(f"... and {len(problems) - _MOST} more", err=err)


def verdict(loaded: Loaded) -> str:
    """How a file is, in a line."""
    name = shown_path(str(loaded.file))
    count = dict.fromkeys(Severity, 0)
    for problem in loaded.problems:
        count[problem.severity] += 1
    warnings = count[Severity.WARNING] + count[Severity.UNDEFINED_NAME]
    told = _counted(warnings, "warning")
    if count[Severity.ERROR]:
        return f"{name} is not valid: {_counted(count[Severity.ERROR], 'error')}, {told}"
    if count[Severity.MISSING_INPUT]:
        missing = _counted(count[Severity.MISSING_INPUT], "input")
        return f"{name} is sound, but lacks {missing} to run; {told}"
    if count[Severity.UNSUPPORTED]:
        asked = _counted(count[Severity.UNSUPPORTED], "thing")
        return f"{name} is valid, but asks for {asked} there is no support for; {told}"
    return f"{name} is valid; {told}"


def _counted(number: int, thing: str) -> str:
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"


def as_json(loaded: Loaded) -> str:
    """The same for programs: all problems, however many."""
    status = loaded.status(to_run=False)
    report: dict[str, Any] = {
        "file": str(loaded.file),
        "valid": status != EXIT_INVALID,
        "status": status,
        "sha256": loaded.sha256,
        "problems": [asdict(problem) for problem in loaded.problems],
    }
    return json.dumps(report, indent=2)
