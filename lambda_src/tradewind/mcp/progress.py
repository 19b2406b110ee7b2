"""A call of an agent whose caller is told how far it is.

The agent is left to Lambda's queue, and its record is looked at until it has ended or the call has
waited long enough. So all there is to do meanwhile is to sleep: a caller who hangs up ends the call
at once, and the agent goes on.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from anyio import sleep
from anyio.to_thread import run_sync

from tradewind.api import invocations
from tradewind.api.door import Door
from tradewind.api.http import Answer, Request
from tradewind.api.preferences import read_preference
from tradewind.aws.deadline import call_time_left_s
from tradewind.mcp.tools import AT_WORK, of_invocation

#: Between two looks.
PAUSE_S: Final = 1.0
#: Kept back from the time there is, for the last look and the answer.
_CLOSING_S: Final = 2.0

#: Takes how far it is, which only grows, and the same in words.
Tell = Callable[[float, str], Awaitable[None]]


async def ask_with_progress(door: Door, asked: Request, tell: Tell) -> Answer:
    """Have an agent answer a question, and tell how far it is until it has or the wait is over.

    Args:
        door: What the API's routes share.
        asked: The request that the API would have got; what it prefers is how long it waits.
        tell: Told of each step.

    Returns:
        What the API would have answered.

    Raises:
        TradewindError: It was refused, or there is no telling what became of it.
    """
    wait_s = read_preference(asked.headers, door.environment.wait_s).wait_s
    left_s = max(0.0, (call_time_left_s() or 0.0) - _CLOSING_S)
    give_up = time.monotonic() + min(wait_s, left_s)
    at_once = replace(asked, headers={**asked.headers, "prefer": "respond-async"})
    # Not to be left half done by a caller who hangs up: recorded and handed over, or neither.
    answer = await run_sync(invocations.ask, door, at_once)
    told = -1.0
    while _goes_on(answer):
        steps, words = _how_far(answer.document)
        if steps > told:
            told = steps
            await tell(steps, words)
        pause_s = min(PAUSE_S, give_up - time.monotonic())
        if pause_s <= 0:
            break
        await sleep(pause_s)
        own = of_invocation(asked, answer.document["id"])
        answer = await run_sync(invocations.outcome, door, own)
    return answer


def _goes_on(answer: Answer) -> bool:
    # A problem document has no state.
    return answer.document.get("state") in AT_WORK


def _how_far(invocation: Mapping[str, Any]) -> tuple[float, str]:
    """Steps that are begun, and where it stands with the id to look it up by."""
    words = f"{invocation['id']} is {invocation['state']}"
    if invocation["state"] == "pending":
        return 0.0, words
    progress = invocation["progress"]
    if progress is None:
        return 1.0, words
    tools, calls = progress["tools"], progress["tool_calls"]
    if calls:
        words += f"; tools called: {calls}, the last one {tools[-1]}"
    return 1.0 + progress["model_calls"] + calls, words
