"""Answering what an agent asks a person: the answer is kept, and the agent told to go on.

The answer is in the record before any function is told of it. What cannot be handed over leaves the
question open, so that the same answer may be sent again; and an answer that arrives a second time
is known by its digest.
"""

import uuid
from typing import Any, Final

from tradewind.api.door import Door
from tradewind.api.errors import NotFound, NotWaiting, UnsupportedMediaType
from tradewind.api.http import Answer, Request
from tradewind.api.invocations import accepted, current, key_of
from tradewind.api.invoker import Handed
from tradewind.api.routing import Route
from tradewind.api.views import shown
from tradewind.contracts.errors import (
    AgentBusy,
    BudgetExceeded,
    DuplicateRequest,
    NotStarted,
    StorageAccessDenied,
    TradewindError,
)
from tradewind.contracts.names import INVOCATION_ID_PATTERN
from tradewind.records.item import RecordStatus, StoredRecord

_BUSY: Final = "The agent has as many requests as it takes at once. Send the answer again later."
#: When an answer that could not be handed over may be sent again.
_AGAIN_S: Final = 5
_LOST: Final = "The answer could not be handed to the agent. Send it again."


def answer_question(door: Door, request: Request) -> Answer:
    """Give a request of the caller's the answer that it waits for.

    Raises:
        NotFound: They have made none with this id.
        NotWaiting: It asks nobody anything, or has another answer.
        TradewindError: It was refused, or there is no telling what became of it.
    """
    from tradewind.contracts.reply import parse_reply  # noqa: PLC0415  # see api.models

    reply = parse_reply(request.json())
    record = current(door, door.records.read(key_of(request)))
    if record is None:
        raise NotFound("There is no such invocation.")
    settings = door.environment
    if record.status is RecordStatus.WAITING:
        # Before the answer is taken: the question stays open for a day with more to spend.
        door.budgets.require_left(request.owner, settings.max_tokens)
    replied = door.records.questions.reply(
        record.record_id,
        reply.answer,
        question_id=reply.question_id,
        attempt=f"api-{uuid.uuid4().hex[:12]}",
        life_s=settings.queue_life_s + settings.agents.get(record.agent, 0),
    )
    record = replied.record
    if record is None:
        raise NotFound("There is no such invocation.")
    if not replied.taken:
        raise _not_waiting(record)
    if record.status is RecordStatus.PENDING and not record.in_queue:
        record = _hand_over(door, record, request.owner)
    return Answer(200 if record.ended else 202, shown(record, door), accepted(record))


def _hand_over(door: Door, record: StoredRecord, owner: str) -> StoredRecord:
    """Have the agent's function go on, sooner or later; return the record as it is then.

    Raises:
        TradewindError: It will not; the question is open again.
    """
    event: dict[str, Any] = {
        "agent": record.agent,
        "request_id": record.request_id,
        "owner": owner,
        "accepted": True,
        "goes_on": record.sha256,
    }
    failure: TradewindError
    try:
        handed = door.invoker.queue(record.agent, event)
    except StorageAccessDenied as denied:
        failure = denied
    else:
        if handed is Handed.DONE:
            return door.openings.queued(record.record_id, record.attempt) or record
        refused = handed is Handed.REFUSED
        again = {"retry_after_s": _AGAIN_S}
        failure = (
            AgentBusy(_BUSY, extensions=again) if refused else NotStarted(_LOST, extensions=again)
        )
    # If a function has begun all the same, the answer was taken.
    if door.records.questions.put_back(record.record_id, record.attempt):
        raise failure
    return door.records.read(record.record_id) or record


def _not_waiting(record: StoredRecord) -> NotWaiting:
    if record.status is RecordStatus.WAITING:
        return NotWaiting("It asks something else by now.", field="question_id")
    state = "has ended" if record.ended else "goes on"
    return NotWaiting(f"It {state}, and asks nobody anything.")


ROUTES: Final = (
    Route(
        "POST",
        "/invocations/{id}/answer",
        "answerInvocation",
        "Answer what an agent asks a person",
        answer_question,
        {200: "Invocation", 202: "Invocation"},
        body="Reply",
        parameters={"id": INVOCATION_ID_PATTERN},
        problems=(
            NotFound,
            NotWaiting,
            UnsupportedMediaType,
            DuplicateRequest,
            BudgetExceeded,
            AgentBusy,
            NotStarted,
            StorageAccessDenied,
        ),
    ),
)
