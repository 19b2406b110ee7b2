"""Options that several commands take, named and explained alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def templates(explanation: str) -> Callable[[Any], Any]:
    """``--templates``: the folder of a synthesized app."""
    return click.option(
        "--templates",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help=explanation,
    )
