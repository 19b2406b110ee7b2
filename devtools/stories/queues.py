"""Dead-letter queues, as SQS reports them: a value a minute, while a queue is active.

Source: "Available CloudWatch metrics for Amazon SQS" in the SQS developer guide. A queue is active
while it holds messages, and for six hours after anything was done with it.
"""

import heapq
from typing import Final

from devtools.stories.buckets import MINUTE, Buckets
from devtools.stories.happenings import App

_ACTIVE_S: Final = 6 * 3600


class DeadLetters:
    """The dead-letter queues of an app.

    Args:
        app: The app.
        buckets: Where their metrics go.
        delay_s: Seconds from a value's time until alarms see it.
    """

    def __init__(self, app: App, buckets: Buckets, delay_s: int) -> None:
        self._app = app
        self._buckets = buckets
        self._delay_s = delay_s
        self._coming: list[tuple[float, str]] = []
        self._messages: dict[str, int] = {}
        self._active_until: dict[str, float] = {}

    def add(self, agent: str, time: float) -> None:
        """Let a message come at ``time``, in seconds."""
        heapq.heappush(self._coming, (time, agent))

    def take_out(self, agent: str, time: float) -> None:
        """Empty a queue at ``time``."""
        self._messages[agent] = 0
        self._active_until[agent] = time + _ACTIVE_S

    def step(self, now: int) -> None:
        """Report the minute that ends at ``now``."""
        sent: dict[str, int] = {}
        while self._coming and self._coming[0][0] < now:
            time, agent = heapq.heappop(self._coming)
            sent[agent] = sent.get(agent, 0) + 1
            self._messages[agent] = self._messages.get(agent, 0) + 1
            self._active_until[agent] = time + _ACTIVE_S
        for agent, messages in self._messages.items():
            if not messages and now > self._active_until[agent]:
                continue
            dimensions = (("QueueName", self._app.queue_name(agent)),)
            for metric, amount in (
                ("ApproximateNumberOfMessagesVisible", messages),
                ("NumberOfMessagesSent", sent.get(agent, 0)),
            ):
                source = ("AWS/SQS", metric, dimensions)
                self._buckets.publish(source, now - MINUTE, now + self._delay_s, amount)
