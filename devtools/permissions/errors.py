"""What cannot be compared."""


class PermissionsError(ValueError):
    """There is nothing to compare, or it cannot be read; one line that says what to do."""
