"""Answer a change to a stack when it is done, not when it has begun.

AWS answers at once and clients look again every five seconds, because there a change takes minutes.
Here it takes tenths of a second, and the clients' next look would be nearly all of the wait. An
alias that is shifted step by step takes its minutes here too, and is not waited for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.services import cloudformation

#: Well within any client's patience for an answer; a longer change goes on in the background.
_LIMIT_S = 20.0
_LOOK_S = 0.02


def install(shifting: Callable[[], bool]) -> None:
    """Make MiniStack's CloudFormation answer so.

    Args:
        shifting: Says whether an alias is being shifted.
    """
    handle: Callable[..., Awaitable[Any]] = cloudformation.handle_request

    async def handle_and_wait(*request: Any) -> Any:
        before = _changing()
        answer = await handle(*request)
        begun = _changing() - before
        give_up = time.monotonic() + _LIMIT_S
        while begun & _changing() and not shifting() and time.monotonic() < give_up:
            await asyncio.sleep(_LOOK_S)
        return answer

    cloudformation.handle_request = handle_and_wait


def _changing() -> set[str]:
    """The names of the stacks that are being changed."""
    return {
        name
        for name, stack in cloudformation._stacks.items()
        if stack["StackStatus"].endswith("_IN_PROGRESS")
        # A stack that a change set would create waits for somebody to execute it.
        and stack["StackStatus"] != "REVIEW_IN_PROGRESS"
    }
