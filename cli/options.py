"""Options that several commands take, named and explained alike."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")

#: Of the commands that talk to the API, or look into an account.
for_environment = click.option(
    "--env",
    "environment",
    help="An environment in your account; without it TRADEWIND_API_URL, or the embedded AWS.",
)

with_files = click.option(
    "--file",
    "files",
    metavar="NAME=PATH",
    multiple=True,
    help="Send a file's text as the parameter NAME, such as notes=notes.csv.",
)


def templates(explanation: str) -> Callable[[Any], Any]:
    """``--templates``: the folder of a synthesized app."""
    return click.option(
        "--templates",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help=explanation,
    )


_SPAN: Final = re.compile(r"(\d{1,4})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Span(click.ParamType[timedelta]):
    """A length of time such as 15m, 3h, 1d or 1w."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read what the user wrote."""
        match = _SPAN.fullmatch(str(value))
        if match is None or int(match[1]) == 0:
            self.fail(f"{value!r} is not a length of time such as 15m, 3h, 1d or 1w.", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
