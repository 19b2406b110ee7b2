"""The limits of a run: calls at once, budgets, and how long to wait before a call is repeated."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Final

from tradewind.workflow.engine.errors import BudgetSpent
from tradewind.workflow.engine.state import Spent
from tradewind.workflow.spec.model import Budgets, FailurePolicy

#: Characters that make a token, where the provider does not count.
_TOKEN_CHARACTERS: Final = 4
#: Visits of a graph's nodes, where the file sets no budget of steps.
GRAPH_STEPS: Final = 100


class Slots:
    """Places for calls in flight; whoever waits longest is next.

    A place is taken once and given back once: one that is handed to a waiter who is cancelled in
    the same moment goes on to the next.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: deque[asyncio.Future[None]] = deque()
        #: Called when a place becomes free that nobody waits for.
        self.on_free: Callable[[], None] | None = None

    @property
    def free(self) -> int:
        """How many places are free."""
        return self._free

    def try_take(self) -> bool:
        """Take a place if one is free."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def take(self) -> None:
        """Take a place, when there is one."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Give a place back."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
        if self.on_free is not None:
            self.on_free()


def estimate_tokens(*texts: str) -> int:
    """About how many tokens texts have, where nobody counted."""
    return -(-sum(map(len, texts)) // _TOKEN_CHARACTERS)


class Allowance:
    """What a run may use, and has used.

    Args:
        budgets: The file's.
        spent: What was used so far; kept up to date.
        max_steps: Where the file sets none.
        max_dollars: A limit besides the file's.
        warn: Told of each budget's name, use and limit once, at its threshold.
    """

    def __init__(
        self,
        budgets: Budgets,
        spent: Spent,
        *,
        max_steps: int | None,
        max_dollars: float | None,
        warn: Callable[[str, float, float], None],
    ) -> None:
        self.spent = spent
        self.max_steps = budgets.max_steps or max_steps
        self.max_duration_s = budgets.max_duration_s
        self._max_tokens = budgets.max_tokens
        self._max_dollars = max_dollars
        self._threshold = budgets.warn_threshold
        self._warn = warn
        # What a run used before it was resumed was warned of then.
        self._warned = {
            budget
            for budget, used, limit in (
                ("steps", spent.steps, self.max_steps),
                ("tokens", spent.tokens, self._max_tokens),
                ("dollars", spent.dollars, max_dollars),
                ("duration", spent.seconds, self.max_duration_s),
            )
            if used and limit is not None and used >= limit * self._threshold
        }

    def start_step(self) -> None:
        """Count a call that is about to be made.

        Raises:
            BudgetSpent: It may not be made.
        """
        spent = self.spent
        if self.max_steps is not None and spent.steps >= self.max_steps:
            raise BudgetSpent(f"the budget of {self.max_steps:,} steps is spent")
        self._check_use()
        spent.steps += 1
        self.watch("steps", spent.steps, self.max_steps)

    def end_step(self, tokens: int, dollars: float | None) -> None:
        """Count what a call used.

        Raises:
            BudgetSpent: No more may be used.
        """
        spent = self.spent
        spent.tokens += tokens
        spent.dollars += dollars or 0.0
        self.watch("tokens", spent.tokens, self._max_tokens)
        self.watch("dollars", spent.dollars, self._max_dollars)
        self._check_use()

    def _check_use(self) -> None:
        spent = self.spent
        if self._max_tokens is not None and spent.tokens >= self._max_tokens:
            raise BudgetSpent(
                f"the budget of {self._max_tokens:,} tokens is spent: {spent.tokens:,} were used"
            )
        if self._max_dollars is not None and spent.dollars >= self._max_dollars:
            raise BudgetSpent(
                f"the budget of ${self._max_dollars:g} is spent: ${spent.dollars:.4f} were used"
            )

    def watch(self, budget: str, used: float, limit: float | None) -> None:
        """Warn, if it is time to and was not done."""
        if limit is None or budget in self._warned or used < limit * self._threshold:
            return
        self._warned.add(budget)
        self._warn(budget, used, limit)

    def seconds_to_warning(self) -> float | None:
        """Seconds until the duration's warning; None if there is none, or it was given."""
        if self.max_duration_s is None or "duration" in self._warned:
            return None
        return max(0.0, self.max_duration_s * self._threshold - self.spent.seconds)


def wait_before(repeat: int, policy: FailurePolicy, chance: random.Random) -> float:
    """Seconds to wait before a call is repeated for the ``repeat``-th time, from 1."""
    if policy.backoff == "constant":
        return policy.wait_min
    # A float has no larger power of two.
    doubled = 2.0 ** min(repeat - 1, 1000)
    longest = min(max(doubled, policy.wait_min), policy.wait_max)
    if policy.backoff == "jittered":
        return chance.uniform(policy.wait_min, longest)
    return longest
