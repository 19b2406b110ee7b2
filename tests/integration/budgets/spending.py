"""Requests that spend from one budget, whose calls of the table take turns and may fail.

What is spent from is the real code, up to the calls of the table; the model is a list of calls,
each with what it costs. The service's bill is kept apart from the table, and compared with it.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.integration.bad_day.memory_table import require_condition
from tests.integration.bad_day.steps import CLOCK, Process, Steps
from tests.turns import Choose, Died
from tests.unit.run.project_runs import Fault
from tradewind.budgets import table as budget_table
from tradewind.budgets.allowance import CallReservation, PrincipalLimit, RequestAllowance
from tradewind.budgets.costs import most_cost
from tradewind.budgets.table import BudgetTable, today
from tradewind.contracts.errors import BudgetExceeded, StorageError
from tradewind.contracts.names import BUDGET_KEY
from tradewind.contracts.prices import ModelPrices

#: A nanodollar a token, in or out, whichever kind.
PRICES: Final = ModelPrices(input=0.001, output=0.001, cache_read=0.001, cache_write=0.001)
OWNER: Final = "arn:aws:iam::123456789012:user/ada"
#: A function's whole time, and longer than that.
LEASE_S: Final = 900.0
LATER_S: Final = 1_000.0

_ADD: Final = re.compile(r"ADD committed :nano SET (?P<set>.+)")
_BACK: Final = re.compile(r"SET committed = committed - :back REMOVE (?P<remove>.+)")


class Violation(BaseException):
    """What must never be was seen. Nothing may take it for an error of its own."""


def require(holds: bool, what: str) -> None:
    """Raise a ``Violation`` unless it holds."""
    if not holds:
        raise Violation(what)


class MemoryBudgets:
    """As much of a DynamoDB client as budgets need. Each call is one step, whole or not at all.

    Args:
        tells: Whether a failed condition tells what it met.
    """

    def __init__(self, *, tells: bool = True) -> None:
        self.items: dict[str, Mapping[str, Any]] = {}
        self.tells = tells

    def update_item(self, **request: Any) -> dict[str, Any]:
        key = request["Key"][BUDGET_KEY]["S"]
        old = self.items.get(key)
        asked = request if self.tells else request | {"ReturnValuesOnConditionCheckFailure": "NONE"}
        require_condition(old, "UpdateItem", asked)
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        new = {**request["Key"], **(old or {})}
        expression = request["UpdateExpression"]
        committed = int(new.get("committed", {"N": "0"})["N"])
        if update := _ADD.fullmatch(expression):
            committed += int(values[":nano"]["N"])
            for assignment in update["set"].split(", "):
                name, value = assignment.split(" = ")
                new[names.get(name, name)] = values[value]
        else:
            update = _BACK.fullmatch(expression)
            assert update is not None, expression
            committed -= int(values[":back"]["N"])
            for name in update["remove"].split(", "):
                new.pop(names[name], None)
        new["committed"] = {"N": str(committed)}
        self.items[key] = new
        return {"Attributes": new}

    def get_item(self, *, Key: Mapping[str, Any], **_request: Any) -> dict[str, Any]:  # noqa: N803
        item = self.items.get(Key[BUDGET_KEY]["S"])
        return {} if item is None else {"Item": item}


class SteppedBudgets(MemoryBudgets):
    """The same; each call is a step that somebody has to let happen, and that may go wrong."""

    def __init__(self, steps: Steps, *, tells: bool) -> None:
        super().__init__(tells=tells)
        self._steps = steps

    def update_item(self, **request: Any) -> dict[str, Any]:
        return self._step("UpdateItem", lambda: super(SteppedBudgets, self).update_item(**request))

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._step("GetItem", lambda: super(SteppedBudgets, self).get_item(**request))

    def _step(self, name: str, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        refused = ClientError({"Error": {"Code": "InternalServerError"}}, name)
        return self._steps.take(do, refused, ConnectionClosedError(endpoint_url="https://table"))


class End(StrEnum):
    """How a model call ends."""

    TOLD = "told"
    REFUSED = "refused by the service"
    CUT = "cut"


@dataclass(frozen=True)
class ModelCall:
    """A model call.

    Attributes:
        max_tokens: What makes it dear.
        share: Of the most it may cost, what it costs, in percent.
        end: How it ends.
    """

    max_tokens: int
    share: int
    end: End = End.TOLD

    @property
    def request(self) -> dict[str, Any]:
        return {"inferenceConfig": {"maxTokens": self.max_tokens}}

    @property
    def most(self) -> int:
        return most_cost(self.request, PRICES).nano

    @property
    def bill(self) -> int:
        return 0 if self.end is End.REFUSED else self.most * self.share // 100


@dataclass(frozen=True)
class Spending:
    """A request.

    Attributes:
        calls: Its model calls.
        faults: What befalls which of its calls of the table.
    """

    calls: tuple[ModelCall, ...]
    faults: Mapping[int, Fault] = field(default_factory=dict)


@dataclass
class Made:
    """A model call as the service saw it.

    Attributes:
        day: On which it was reserved.
        most: What was reserved.
        bill: What the service charges for.
        settled: What has to be written of it; None where that cannot be known from outside.
    """

    day: str
    most: int
    bill: int
    settled: int | None = None


#: What a process holds of the table; a test may plant a worse one.
MakeTable = Callable[[Any], BudgetTable]


class World:
    """A principal's budget, and requests that spend from it.

    Args:
        limit: Of a day, in nanodollars.
        tells: Whether a failed condition tells what it met.
        make_table: What requests reserve with.

    Attributes:
        made: The model calls that were paid for.
        lost: Nanodollars that were perhaps reserved, by whoever died of it or could not know.
    """

    def __init__(
        self,
        limit: int,
        *,
        tells: bool = True,
        make_table: MakeTable = lambda client: BudgetTable("budgets", client),
    ) -> None:
        self.limit = limit
        self.events: Counter[str] = Counter()
        self.steps = Steps(self.events)
        self.client = SteppedBudgets(self.steps, tells=tells)
        self.table = make_table(self.client)
        self.made: list[Made] = []
        self.lost = 0

    def go(
        self, requests: Sequence[Spending], choose: Choose, *, time_passes_s: float | None = None
    ) -> None:
        """Let requests and the clock take turns to their ends, and judge what was spent."""
        work: list[Callable[[], None]] = [
            lambda one=one: self.serve(one)  # type: ignore[misc]
            for one in requests
        ]
        if time_passes_s is not None:
            work.append(lambda: self.let_time_pass(time_passes_s))
        for error in self.steps.turns.run(work, choose):
            if error is not None:
                raise error
        self.judge()

    def serve(self, spending: Spending) -> None:
        """Serve a request, as far as its process comes."""
        with self.steps.process(spending.faults), suppress(Died):
            self._serve(spending, self.steps.me)
            return
        self.events["death"] += 1

    def let_time_pass(self, seconds: float) -> None:
        """Let time pass: beyond its lease, what is at work is dead."""
        self.steps.turns.step()
        CLOCK.now += seconds
        self.events["time passed"] += 1
        if seconds > LEASE_S:
            self.steps.kill_all()

    def _serve(self, spending: Spending, process: Process) -> None:
        allowance = RequestAllowance(
            PRICES,
            request_nano=None,
            principal=PrincipalLimit(OWNER, self.limit, self.table),
            lease_s=lambda: LEASE_S,
        )
        mine: list[tuple[Made, CallReservation]] = []
        not_known = 0
        for call in spending.calls:
            try:
                reservation = allowance.reserve(call.request)
            except BudgetExceeded as refused:
                self.events["refused"] += 1
                # What is looked up afterwards may have been given back by then.
                enough = refused.extensions["left_usd"] >= call.most / 1e9
                require(not (enough and self.client.tells), "refused what there was")
                break
            except StorageError:
                self.events["not known"] += 1
                not_known = call.most
                break
            except Died:
                self.lost += call.most
                raise
            assert reservation.entry is not None
            made = Made(reservation.entry.day, call.most, 0)
            self.made.append(made)
            mine.append((made, reservation))
            self.steps.turns.step()
            if process.dead:
                raise Died
            made.bill = call.bill
            self._require_within()
            self.steps.turns.step()
            if process.dead:
                raise Died
            self.events[call.end] += 1
            if call.end is End.TOLD:
                reservation.settle({"usage": {"inputTokens": call.bill, "outputTokens": 0}})
            elif call.end is End.CUT:
                reservation.settle(None)
            else:
                reservation.release()
        self.lost += not_known
        allowance.close()
        if process.dead:
            raise Died
        self.events["unsettled"] += allowance.unsettled
        if not allowance.unsettled:
            self.lost -= not_known
            for made, reservation in mine:
                made.settled = reservation.cost

    def _require_within(self) -> None:
        """The service never charges more for a day than the budget is."""
        for day in {made.day for made in self.made}:
            billed = sum(made.bill for made in self.made if made.day == day)
            require(billed <= self.limit, f"{billed} were spent of {self.limit}")

    def judge(self) -> None:
        """Compare what is written with what was charged, and bound what is not known."""
        self._require_within()
        written = 0
        for item in self.client.items.values():
            committed = int(item["committed"]["N"])
            require(committed <= self.limit, "more is committed than there is")
            written += committed
        # Of the dead, and of what could not be written: at least what was charged for, and at most
        # what was reserved.
        least = sum(one.bill if one.settled is None else one.settled for one in self.made)
        most = sum(one.most if one.settled is None else one.settled for one in self.made)
        require(least <= written <= most + self.lost, f"{written}, not {least} to {most}")
        if not self.events["death"] and not self.events["unsettled"]:
            require(written == least == most, "what is written is not what was settled")
            require(not self.open_reservations(), "left open")
        if not self.events["death"] and not self.events["unsettled"]:
            require(all(one.settled is not None for one in self.made), "not settled")

    def open_reservations(self) -> list[str]:
        """The names of those that are in the table."""
        return [name for item in self.client.items.values() for name in item if name[:2] == "r-"]

    def day(self) -> Any:
        """What the table tells of today."""
        return self.table.read(OWNER, today())


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the table go by our clock."""
    monkeypatch.setattr(budget_table, "time", CLOCK)
