"""What can be wrong with a text of a workflow file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text cannot be used, in one line, and where in it.

    Attributes:
        message: One line.
        line: Of the text, from 1.
    """

    message: str
    line: int = 1


class BadText(Exception):
    """A template or a condition that cannot be used, whatever its names hold."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class RenderingFailed(Exception):
    """A template or a condition that went wrong with what its names hold. One line."""


class TooMuchWork(RenderingFailed):
    """A template or a condition that would take more time or memory than one may."""
