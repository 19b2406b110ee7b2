"""Failures the command reports in a line, with what to do next."""


class CommandError(Exception):
    """A command cannot go on. The message is for a person."""
