"""What is wrong with an environment's settings."""


class SettingsError(Exception):
    """The environment does not exist, or a value in its file is not allowed. One line."""
