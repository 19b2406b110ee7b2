"""What the model calls of one request may cost. An ``Allowance`` of ``bedrock``."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradewind.aws.deadline import call_time_left_s, calls_within
from tradewind.budgets.costs import MostCost, cost_nano, most_cost
from tradewind.budgets.table import BudgetTable, Day, Entry, end_of, new_entry
from tradewind.contracts.errors import BudgetExceeded, DeadlineExceeded, TradewindError
from tradewind.contracts.prices import ModelPrices, usd_of
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger

#: How long the reader of a stream waits at most for what it cost to be written.
SETTLING_S: Final = 2.0


@dataclass(frozen=True)
class PrincipalLimit:
    """What a principal may spend in a day.

    Attributes:
        owner: The principal.
        nano: Nanodollars.
        table: Where it is kept what was spent.
    """

    owner: str
    nano: int
    table: BudgetTable


class RequestAllowance:
    """Reserves for each model call of a request, and settles it. Safe for threads.

    Args:
        prices: Of the model.
        request_nano: What all calls of the request may cost; None for any.
        principal: What its owner may spend; None for any.
        lease_s: Tells the seconds until the function is killed.
        committed_nano: What calls of earlier runs of the request count as spent.

    Attributes:
        unsettled: Reservations of which it could not be written that they are over. They count as
            spent.
    """

    def __init__(
        self,
        prices: ModelPrices,
        *,
        request_nano: int | None,
        principal: PrincipalLimit | None,
        lease_s: Callable[[], float],
        committed_nano: int = 0,
    ) -> None:
        self._prices = prices
        self._request_nano = request_nano
        self._principal = principal
        self._lease_s = lease_s
        self._lock = threading.Lock()
        self._committed = committed_nano
        self._closed = False
        self._open: list[CallReservation] = []
        self.unsettled = 0

    @property
    def committed_nano(self) -> int:
        """What the request's calls count as spent, the earlier runs' included."""
        with self._lock:
            return self._committed

    def reserve(self, request: Mapping[str, Any]) -> "CallReservation":
        """Set aside what a call may cost at most. See ``bedrock.allowance.Allowance``."""
        return self._reserve(most_cost(request, self._prices))

    def reserve_amount(self, nano: int) -> "CallReservation":
        """Set aside an amount. See ``bedrock.allowance.Allowance``."""
        return self._reserve(MostCost(nano, 0))

    def _reserve(self, most: MostCost) -> "CallReservation":
        call = CallReservation(self, most, self._prices)
        with self._lock:
            if self._closed:
                raise DeadlineExceeded("The request is over.")
            if self._request_nano is not None and self._committed + most.nano > self._request_nano:
                raise _exceeded(most.nano, self._request_nano, self._committed, day=None)
            self._committed += most.nano
            self._open.append(call)
        if self._principal is None:
            return call
        try:
            self._reserve_of_principal(self._principal, call)
        except BaseException:
            # It may have been written all the same; then it is taken back.
            call.release()
            raise
        return call

    def _reserve_of_principal(self, principal: PrincipalLimit, call: "CallReservation") -> None:
        entry = new_entry(principal.owner, call.most.nano)
        call.entry = entry
        granted, day = principal.table.reserve(
            entry, limit_nano=principal.nano, lease_s=self._lease_s()
        )
        if not granted:
            call.entry = None
            raise _exceeded(entry.nano, principal.nano, day.committed, day=entry.day)
        call.overdue = day.overdue

    def call_over(self, call: "CallReservation", cost: int) -> None:
        """A call's cost is known, for good."""
        with self._lock:
            self._committed += cost - call.most.nano

    def write(self, call: "CallReservation") -> bool:
        """Write that a reservation is over; whether nothing is left to be written.

        Failing to fails no call: what is not written counts as spent, and is tried again at the
        request's end.
        """
        principal, entry, cost = self._principal, call.entry, call.cost
        if principal is not None and entry is not None and cost is not None:
            try:
                principal.table.settle(entry, cost, call.overdue)
            except TradewindError as error:
                get_logger().warning(
                    "A reservation is not settled yet", error_code=error.code, reason=error.message
                )
                return False
            except Exception as error:
                log_defect("A reservation could not be settled", error)
                return False
        with self._lock:
            if call in self._open:
                self._open.remove(call)
        return True

    def close(self) -> None:
        """Settle what is open: the request is over. No further call is paid for."""
        with self._lock:
            self._closed = True
            left = [*self._open]
        for call in left:
            call.settle(None)
        self.unsettled = sum(not self.write(call) for call in left)


class CallReservation:
    """What one model call may cost at most. See ``bedrock.allowance.Reservation``.

    Attributes:
        most: What it may cost.
        entry: What is written of it; None for nothing.
        overdue: Reservations of the dead, which were met on the way.
        cost: What it cost, in nanodollars; None until that is known.
    """

    def __init__(self, allowance: RequestAllowance, most: MostCost, prices: ModelPrices) -> None:
        self._allowance = allowance
        self._prices = prices
        self._lock = threading.Lock()
        self.most = most
        self.entry: Entry | None = None
        self.overdue: tuple[str, ...] = ()
        self.cost: int | None = None

    def settle(self, metadata: Mapping[str, Any] | None) -> None:
        """The call was made; without metadata, it counts as the most it may have cost."""
        told = None if metadata is None else cost_nano(metadata, self.most, self._prices)
        if told is None:
            # There is nothing to give back, so that writing it can wait for the request's end.
            self._over(self.most.nano)
            return
        self.settle_at(told)

    def settle_at(self, nano: int) -> None:
        """The call was made, and its cost is known."""
        if self._over(nano):
            if nano > self.most.nano:
                get_logger().error(
                    "A call cost more than was reserved",
                    reserved_usd=usd_of(self.most.nano),
                    cost_usd=usd_of(nano),
                )
            self._write_soon()

    def release(self) -> None:
        """The call cost nothing."""
        if self._over(0):
            self._write_soon()

    def _over(self, cost: int) -> bool:
        with self._lock:
            if self.cost is not None:
                return False
            self.cost = cost
        self._allowance.call_over(self, cost)
        return True

    def _write_soon(self) -> None:
        left_s, give_up = call_time_left_s(), time.monotonic() + SETTLING_S
        end = give_up if left_s is None else min(give_up, time.monotonic() + left_s)
        with calls_within(lambda: end - time.monotonic()):
            self._allowance.write(self)


def exceeded_day(limit_nano: int, day: Day, name: str) -> BudgetExceeded:
    """Say that nothing useful is left of a principal's day."""
    return _exceeded(0, limit_nano, day.committed, day=name)


def _exceeded(needed: int, limit: int, committed: int, *, day: str | None) -> BudgetExceeded:
    left = max(0, limit - committed)
    needs = f"A call may cost {_dollars(needed)}, and " if needed else ""
    extensions: dict[str, Any] = {"left_usd": usd_of(left), "limit_usd": usd_of(limit)}
    if day is None:
        return BudgetExceeded(
            f"{needs}{_dollars(left)} are left of the {_dollars(limit)} of this request. "
            "Ask for less at once.",
            extensions={**extensions, "resets_at": None},
        )
    resets_at = end_of(day).isoformat().replace("+00:00", "Z")
    return BudgetExceeded(
        f"{needs}{_dollars(left)} are left of the {_dollars(limit)} of {day}, until {resets_at}.",
        extensions={**extensions, "resets_at": resets_at},
    )


def _dollars(nano: int) -> str:
    return f"{usd_of(nano):.6f}".rstrip("0").rstrip(".") + " US dollars"
