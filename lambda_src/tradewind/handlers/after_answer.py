"""What a process does once an answer has left it, and before it asks for the next event.

A handler's return is not the answer's: Lambda's runtime posts it afterwards. And once the runtime
has asked for the next event, the process may be frozen at any moment. Between the two no caller
waits and everything still runs. awslambdaric has no name for that moment; its client's
``wait_next_invocation`` begins with it.
"""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

from tradewind.telemetry.defects import log_defect

#: Does something; is told how to ask for the seconds left until Lambda would end the process.
Action = Callable[[Callable[[], float]], object]

_RUNTIME_CLIENT: Final = ("awslambdaric.lambda_runtime_client", "LambdaRuntimeClient")
_ASKS_FOR_THE_NEXT: Final = "wait_next_invocation"


class AfterAnswer:
    """Runs actions after each answer; where nobody tells that it has left, just before.

    Args:
        actions: In this order. One that fails is logged, and keeps the others from nothing.
    """

    def __init__(self, *actions: Action) -> None:
        self._actions = [*actions]
        self._hooked = False
        self._time_left_s: Callable[[], float] | None = None

    def add(self, action: Action) -> None:
        """Add an action after those that there are."""
        self._actions.append(action)

    def hook(self) -> bool:
        """Run from now on when Lambda's runtime asks for an event, as far as one was served.

        Returns:
            Whether it could be done: whether this process runs on awslambdaric as we know it.
        """
        module, name = _RUNTIME_CLIENT
        client = getattr(sys.modules.get(module), name, None)
        wait = getattr(client, _ASKS_FOR_THE_NEXT, None)
        if wait is None:
            return False

        @functools.wraps(wait)
        def act_and_wait(*args: Any, **kwargs: Any) -> Any:
            self.run()
            return wait(*args, **kwargs)

        setattr(client, _ASKS_FOR_THE_NEXT, act_and_wait)
        self._hooked = True
        return True

    def request_over(self, time_left_s: Callable[[], float]) -> None:
        """Note that a request was served, and that its answer is about to leave."""
        self._time_left_s = time_left_s
        if not self._hooked:
            self.run()

    def run(self) -> None:
        """Run the actions once for the request that was served; none without one."""
        time_left_s, self._time_left_s = self._time_left_s, None
        if time_left_s is None:
            return
        for action in self._actions:
            try:
                action(time_left_s)
            except Exception as error:
                log_defect("What follows an answer failed", error)


def end_process() -> NoReturn:
    """End this process at once; threads that are at work do not keep it. Lambda starts another."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
