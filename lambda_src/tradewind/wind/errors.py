"""What the package refuses."""


class WindError(ValueError):
    """The input cannot be used. The message says what is wrong, where, and what would do."""
