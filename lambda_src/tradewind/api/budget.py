"""What the caller has spent today and has left; and who cannot ask anything any more."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from tradewind.api.asking import Asked
from tradewind.api.door import Door
from tradewind.api.http import Answer, Request
from tradewind.api.routing import Route
from tradewind.contracts.errors import BudgetExceeded, StorageUnavailable
from tradewind.records.openings import opens_again
from tradewind.records.table import RecordTable

if TYPE_CHECKING:
    from tradewind.budgets.budgets import Budgets


def read_budget(door: Door, request: Request) -> Answer:
    """Tell what the caller has spent and has left today.

    Raises:
        StorageError: It could not be read.
    """
    return Answer(200, asdict(door.budgets.read(request.owner)))


def require_left(asked: Asked, max_tokens: int, budgets: "Budgets", records: RecordTable) -> None:
    """Refuse whoever cannot make a single model call today, before a record is opened.

    One whose record is there already is not refused: a repeat gets what became of the first, unless
    that asked nothing and would be opened again.

    Args:
        asked: What is asked.
        max_tokens: How long an answer of the model is where the request does not say.
        budgets: What callers may spend.
        records: The invocation records.

    Raises:
        BudgetExceeded: Nothing useful is left.
        StorageError: It is not known what is left.
    """
    try:
        budgets.require_left(asked.recorded.owner, asked.event.get("max_tokens") or max_tokens)
    except BudgetExceeded:
        record = records.read(asked.recorded.record_id)
        if record is None or opens_again(record, asked.recorded):
            raise


ROUTES: Final = (
    Route(
        "GET",
        "/budget",
        "readBudget",
        "What the caller has spent today and has left",
        read_budget,
        {200: "Budget"},
        problems=(StorageUnavailable,),
    ),
)
