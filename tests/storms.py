"""A throttling storm in virtual time: callers that know nothing of one another, and one quota."""

import asyncio
from dataclasses import dataclass

from tests.virtual_time import run_virtually
from tradewind.aws.deadline import Deadline
from tradewind.bedrock.retry import ModelRetries
from tradewind.contracts.errors import ModelError

#: What each caller's function has.
TIME_S = 900.0


@dataclass
class Storm:
    """What became of it.

    Attributes:
        sent: Requests that reached the service.
        admitted: Those of them that it answered: as many callers have their answer.
        given_up: Callers that ended with an error.
        drained_s: When the last of them had ended.
    """

    sent: int = 0
    admitted: int = 0
    given_up: int = 0
    drained_s: float = 0.0

    @property
    def amplification(self) -> float:
        """Requests for each that was admitted."""
        return self.sent / self.admitted


class _Quota:
    """So many requests a second, and no more of them saved up than for one."""

    def __init__(self, per_s: float, now: float) -> None:
        self._per_s = per_s
        self._left = per_s
        self._at = now

    def admits(self, now: float) -> bool:
        self._left = min(self._per_s, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def storm(refusal: type[ModelError], *, callers: int, per_s: float) -> Storm:
    """Let all callers send at the same time, and repeat as the retry layer says.

    Args:
        refusal: What a caller is told that is not admitted.
        callers: Each is a process of its own.
        per_s: Requests that are admitted in a second.
    """

    async def all_of_them() -> Storm:
        loop = asyncio.get_running_loop()
        began, seen = loop.time(), Storm()
        quota = _Quota(per_s, began)

        def admitted() -> bool:
            seen.sent += 1
            return quota.admits(loop.time())

        async def ask() -> None:
            retries = ModelRetries(Deadline(TIME_S, loop.time))
            while not admitted():
                if not await retries.wait_to_repeat(refusal("x")):
                    seen.given_up += 1
                    return
            seen.admitted += 1

        await asyncio.gather(*(ask() for _ in range(callers)))
        seen.drained_s = loop.time() - began
        return seen

    return run_virtually(all_of_them())
