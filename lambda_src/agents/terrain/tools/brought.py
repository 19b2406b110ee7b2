"""The files that come with a request, and whose they are."""

from typing import Final

from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project

_MAX_SOURCE: Final = 300


def file_text(project: Project, parameter: str) -> object:
    """Return a file that the request brings, as it came.

    Raises:
        ToolInputError: It brings none.
    """
    if parameter not in project.parameters:
        raise ToolInputError(
            f"The request has no file. Send its text as parameters.{parameter}.",
            field=f"parameters.{parameter}",
        )
    return project.parameters[parameter]


def stated_source(source: str, whose: str) -> str:
    """Return what the request says of a file's origin, in one line.

    Args:
        source: What it says.
        whose: What it has to say, such as ``whose data these are``.

    Raises:
        ToolInputError: It says nothing, or too much.
    """
    source = " ".join(source.split())
    if not 1 <= len(source) <= _MAX_SOURCE:
        raise ToolInputError(
            f"source has {len(source)} characters; say in 1 to {_MAX_SOURCE} {whose}."
        )
    return source
