"""What the caller has spent today and has left; and who cannot ask anything any more."""

from dataclasses import asdict
from typing import Any, Final

from tradewind.api.door import Door
from tradewind.api.http import Answer, Request
from tradewind.api.routing import Route
from tradewind.contracts.errors import BudgetExceeded, StorageUnavailable
from tradewind.records.item import RecordedRequest


def read_budget(door: Door, request: Request) -> Answer:
    """Tell what the caller has spent and has left today.

    Raises:
        StorageError: It could not be read.
    """
    return Answer(200, asdict(door.budgets.read(request.owner)))


def require_left(door: Door, recorded: RecordedRequest, event: dict[str, Any]) -> None:
    """Refuse whoever cannot make a single model call today, before a record is opened.

    One whose record is there already is not refused: a repeat gets what became of the first.

    Args:
        door: What the routes share.
        recorded: What is asked.
        event: What the agent's function would be told.

    Raises:
        BudgetExceeded: Nothing useful is left.
        StorageError: It is not known what is left.
    """
    try:
        most = event.get("max_tokens") or door.environment.max_tokens
        door.budgets.require_left(recorded.owner, most)
    except BudgetExceeded:
        if door.records.read(recorded.record_id) is None:
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
