"""Who watches a request while it is served."""

from collections.abc import Callable
from typing import Protocol

from tradewind.run.events import RunEvent


class Watcher(Protocol):
    """Is told what becomes of one request. It must be quick, and must not raise."""

    def begun(self, project_id: str, cancel: Callable[[], object]) -> None:
        """The agent begins its work; the request is recorded.

        Args:
            project_id: What it works on.
            cancel: Ends it, from any thread.
        """

    def heard(self, happened: RunEvent) -> None:
        """Something happened in the agent's run. See ``run.events.Listener``."""


class Nobody:
    """Watches nothing."""

    def begun(self, project_id: str, cancel: Callable[[], object]) -> None:
        """Do nothing."""

    def heard(self, happened: RunEvent) -> None:
        """Do nothing."""
