"""What the domain refuses."""

from tradewind.contracts.errors import ToolInputError


class WindError(ToolInputError, ValueError):
    """The input cannot be used. The message says what is wrong, where, and what would do."""
