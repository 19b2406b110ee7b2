"""Failures the command reports in a line, with what to do next."""

import sys
import traceback
from pathlib import Path

import click


class CommandError(Exception):
    """A command cannot go on. The message is for a person.

    Attributes:
        status: The exit status that says the same to a program.
    """

    status: int = 1


class Unreachable(CommandError):
    """The API gave no whole answer: nobody knows what it did, or it cannot be reached."""

    status = 3


class Ended(CommandError):
    """A command ends with a status of its own.

    Args:
        message: For a person.
        status: For a program.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class StillRunning(CommandError):
    """The invocation has not ended."""

    status = 4


class Refused(CommandError):
    """The API turns the caller away: no access, no budget, or too much at once."""

    status = 5


def fail(message: str) -> None:
    """Print an error and what to do next, to standard error."""
    click.echo(f"{click.style('Error: ', fg='red', bold=True)}{message}", err=True)


def explain(error: BaseException) -> str:
    """A failure that no command foresaw, such as a full disk, in one line."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def keep_traceback(error: BaseException, file: Path) -> str:
    """Write where ``error`` came from to ``file``, and say so; where it can be read otherwise."""
    lines = "".join(traceback.format_exception(error))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(lines)
    except OSError:
        sys.stderr.write(lines)
        return "Where it came from is above."
    return f"Where it came from is in {file}"
