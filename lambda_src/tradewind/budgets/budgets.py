"""The budgets of an environment: for the agents' functions, and for who asks what is left."""

from collections.abc import Callable
from dataclasses import dataclass

from tradewind.budgets.allowance import PrincipalLimit, RequestAllowance, exceeded_day
from tradewind.budgets.costs import most_cost
from tradewind.budgets.table import BudgetTable, end_of, today
from tradewind.contracts.errors import ConfigurationError
from tradewind.contracts.prices import BudgetLimits, ModelPrices, nano_of, usd_of


@dataclass(frozen=True)
class Balance:
    """What a principal has spent and has left today. In US dollars.

    Attributes:
        day: The day, in UTC.
        limit_usd: What may be spent; None for any, and then nothing is kept of what is.
        reserved_usd: Set aside for model calls at work.
        spent_usd: What calls have cost; those of functions that died, at most.
        left_usd: What may still be reserved.
        resets_at: When the next day begins, in ISO 8601.
    """

    day: str
    limit_usd: float | None
    reserved_usd: float | None
    spent_usd: float | None
    left_usd: float | None
    resets_at: str


class Budgets:
    """What requests and principals may spend.

    Args:
        limits: As the settings say.
        prices: Of the model; None without a table.
        table: Where it is kept what principals have spent.

    Raises:
        ConfigurationError: There are limits and no prices.
    """

    def __init__(
        self, limits: BudgetLimits, prices: ModelPrices | None, table: BudgetTable
    ) -> None:
        if prices is None and limits != BudgetLimits():
            raise ConfigurationError("There are budgets, and no prices to count with.")
        self._limits = limits
        self._prices = prices
        self._table = table

    def allowance(
        self, owner: str, lease_s: Callable[[], float], *, committed_nano: int = 0
    ) -> RequestAllowance | None:
        """What a request of ``owner`` may spend; None for any.

        Args:
            owner: For whom it is asked.
            lease_s: Tells the seconds until its function is killed.
            committed_nano: What it counts as having spent in earlier runs.
        """
        per_request, per_day = self._limits.per_request_usd, self._limits.of_principal(owner)
        if self._prices is None or (per_request is None and per_day is None):
            return None
        return RequestAllowance(
            self._prices,
            request_nano=None if per_request is None else nano_of(per_request),
            principal=(
                None if per_day is None else PrincipalLimit(owner, nano_of(per_day), self._table)
            ),
            lease_s=lease_s,
            committed_nano=committed_nano,
        )

    def read(self, owner: str) -> Balance:
        """Tell what a principal has spent and has left today.

        Raises:
            StorageError: It could not be read.
        """
        day, limit_usd = today(), self._limits.of_principal(owner)
        resets_at = end_of(day).isoformat().replace("+00:00", "Z")
        if limit_usd is None:
            return Balance(day, None, None, None, None, resets_at)
        now = self._table.read(owner, day)
        return Balance(
            day=day,
            limit_usd=limit_usd,
            reserved_usd=usd_of(now.reserved),
            spent_usd=usd_of(now.committed - now.reserved),
            left_usd=usd_of(max(0, nano_of(limit_usd) - now.committed)),
            resets_at=resets_at,
        )

    def require_left(self, owner: str, max_tokens: int) -> None:
        """Refuse, at the door, whoever cannot make a single model call today.

        Args:
            owner: For whom it is asked.
            max_tokens: How long an answer of the model may be.

        Raises:
            BudgetExceeded: Not even the shortest question could be asked.
            StorageError: It is not known what is left.
        """
        limit_usd = self._limits.of_principal(owner)
        if limit_usd is None or self._prices is None:
            return
        limit, day = nano_of(limit_usd), today()
        least = most_cost({"inferenceConfig": {"maxTokens": max_tokens}}, self._prices).nano
        now = self._table.read(owner, day)
        if now.committed - now.reserved + least > limit:
            # What is reserved now may be given back before the question is asked.
            raise exceeded_day(limit, now, day)
