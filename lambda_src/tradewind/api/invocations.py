"""Asking an agent, looking what has become of it, and cancelling it.

A request is recorded before its agent's function is told of it, and answered from the record alone:
what a function says when it is done, or that it cannot be heard any more, is only a reason to look.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradewind.api.asking import Asked, read_asked, require_same
from tradewind.api.budget import require_left
from tradewind.api.door import Door
from tradewind.api.errors import (
    NotCancellable,
    NotFound,
)
from tradewind.api.http import Answer, Request
from tradewind.api.invoker import Handed
from tradewind.api.overdue import close_overdue
from tradewind.api.preferences import (
    Preference,
    read_preference,
)
from tradewind.api.problems import problem_of
from tradewind.api.routing import Route
from tradewind.api.views import failure_of, invocation_id, location_of, shown
from tradewind.aws.deadline import call_time_left_s
from tradewind.contracts.errors import (
    AgentBusy,
    DuplicateRequest,
    InvalidRequest,
    NotStarted,
    QueryTooLong,
    StorageAccessDenied,
    StorageUnavailable,
    TradewindError,
    UnknownAgent,
)
from tradewind.contracts.names import (
    INVOCATION_ID_PATTERN,
    record_key,
)
from tradewind.records.item import RecordStatus, StoredRecord
from tradewind.telemetry.metric_names import Dimension, MetricName
from tradewind.telemetry.metrics import RequestMetrics

#: When to look again, of one that has not ended.
_LOOK_AGAIN_S: Final = 2
#: When an agent that takes no more may take one again.
_BUSY_S: Final = 5
#: Between two looks at a record while a request waits.
_PAUSE_S: Final = 0.25
#: Kept back from the time there is, to read the record and to answer.
_CLOSING_S: Final = 2.0
#: It is tried so often to be the one who tells a function.
_TAKEOVERS: Final = 3
#: A function is told directly so often, while it is not known to have begun.
_TELLINGS: Final = 3
_NOT_ALLOWED: Final = "The API may not hand the request to its agent. It may be sent again."
#: A body that is too large for Lambda's queue is told directly, and waited for so long.
_DELIVERY_S: Final = 5.0
#: And of the time there is, so much at most: the answer has to leave after it.
_DELIVERY_SHARE: Final = 0.5


@dataclass(frozen=True)
class _Asked(Asked):
    """A request on its way to an agent, whose caller waits."""

    preference: Preference


def ask(door: Door, request: Request) -> Answer:
    """Have an agent, or a runtime, answer a question; see ``runtimes``, which says who is meant.

    Raises:
        TradewindError: The request was refused, or there is no telling what became of it.
    """
    asked = _read(door, request)
    require_left(asked, door.environment.max_tokens, door.budgets, door.records)
    record = _open(door, asked)
    if not record.rests:
        try:
            record = _work(door, asked, record)
        except StorageAccessDenied:
            door.openings.close(asked.recorded.record_id, NotStarted.code, _NOT_ALLOWED)
            raise
    return _answered(door, record, asked.preference.applied)


def outcome(door: Door, request: Request) -> Answer:
    """Answer a request that was accepted before as ``ask`` would by now.

    Raises:
        NotFound: The caller has made none with this id.
    """
    record = current(door, door.records.read(key_of(request)))
    if record is None:
        raise NotFound("There is no such invocation.")
    return _answered(door, record)


def look(door: Door, request: Request) -> Answer:
    """Tell what has become of a request of the caller's.

    Raises:
        NotFound: They have made none with this id.
    """
    record = current(door, door.records.read(key_of(request)))
    if record is None:
        raise NotFound("There is no such invocation.")
    return Answer(200, shown(record, door))


def cancel(door: Door, request: Request) -> Answer:
    """Have a request of the caller's stopped; one that has ended stays as it is.

    Raises:
        NotFound: They have made none with this id.
        NotCancellable: It did not come through the API.
    """
    key = key_of(request)
    record = current(door, door.records.read(key))
    if record is not None and record.opened_at is None and not record.ended:
        raise NotCancellable("It was asked past the API, and ends by itself: nobody can cancel it.")
    record = door.openings.cancel(key)
    if record is None:
        raise NotFound("There is no such invocation.")
    if record.ended:
        return Answer(200, shown(record, door))
    return Answer(202, shown(record, door), accepted(record))


def _read(door: Door, request: Request) -> _Asked:
    agent = request.parameters["agent"]
    if agent not in door.environment.agents:
        raise NotFound("There is no such agent.")
    preference = read_preference(request.headers, door.environment.wait_s)
    settings = door.environment
    asked = read_asked(request, agent, model_id=settings.model_id, max_tokens=settings.max_tokens)
    return _Asked(asked.recorded, asked.event, preference)


def _open(door: Door, asked: _Asked) -> StoredRecord:
    """Open the request's record, or find the one there is.

    Raises:
        IdempotencyKeyReused: It is another question's.
    """
    settings, recorded = door.environment, asked.recorded
    life_s = settings.queue_life_s + settings.agents[recorded.agent]
    while True:
        record = door.openings.open(recorded, life_s=life_s, ttl_days=settings.record_ttl_days)
        require_same(record, recorded)
        if not record.expired:
            return _required(current(door, record))
        current(door, record)
        # By now it has failed without a function's having begun: that may be opened again.


def _work(door: Door, asked: _Asked, record: StoredRecord) -> StoredRecord:
    """Have a function begin with the request, and wait for its end as long as is preferred."""
    give_up = time.monotonic() + min(asked.preference.wait_s, _time_left_s())

    def time_left_s() -> float:
        return max(0.0, give_up - time.monotonic())

    tellings = 0
    while not record.rests and time_left_s() > 0:
        if record.status is not RecordStatus.PENDING or _is_told_of(record, asked):
            time.sleep(min(_PAUSE_S, time_left_s()))
            record = _reread(door, asked)
        elif not _is_ours(record, asked):
            record = _take_over(door, asked, record)
        elif tellings < _TELLINGS:
            tellings += 1
            record = _tell(door, asked, time_left_s)
        else:
            record = _queue(door, asked)
            if record.status is RecordStatus.PENDING and not record.in_queue:
                # An answer that is not handed over: it cannot be closed as a question can.
                return record
    return _queue_if_pending(door, asked, record)


def _queue_if_pending(door: Door, asked: _Asked, record: StoredRecord) -> StoredRecord:
    """See to it that a request that nobody has begun with is in Lambda's queue.

    Whoever else tells a function of it may have died over that. So after a look it is told again:
    it works once all the same.
    """
    for _ in range(_TAKEOVERS):
        while record.just_told and not _is_ours(record, asked) and _time_left_s():
            time.sleep(_PAUSE_S)
            record = _reread(door, asked)
        if record.status is not RecordStatus.PENDING or record.in_queue:
            return record
        if _is_ours(record, asked):
            break
        record = _take_over(door, asked, record)
    return _queue(door, asked)


def _time_left_s() -> float:
    return max(0.0, (call_time_left_s() or 0.0) - _CLOSING_S)


def _is_ours(record: StoredRecord, asked: _Asked) -> bool:
    """Whether it falls to this call to tell a function of the request."""
    return record.attempt == asked.recorded.attempt


def _is_told_of(record: StoredRecord, asked: _Asked) -> bool:
    """Whether somebody else is telling a function of the request, or has."""
    return record.in_queue or (record.being_told and not _is_ours(record, asked))


def _take_over(door: Door, asked: _Asked, record: StoredRecord) -> StoredRecord:
    """Be the one who tells a function of the request, unless somebody else is by now."""
    return _required(door.openings.take_over(record, asked.recorded.attempt))


def _tell(door: Door, asked: _Asked, time_left_s: Callable[[], float]) -> StoredRecord:
    """Tell the function, and look what has become of it."""
    handed, reply = door.invoker.work(asked.recorded.agent, asked.event, time_left_s)
    if handed is Handed.REFUSED:
        return _shed(door, asked)
    if handed is Handed.TOO_LARGE:
        return _close(door, asked, _too_large())
    record = _reread(door, asked)
    refusal = _refusal_in(reply)
    if record.status is RecordStatus.PENDING and refusal is not None:
        return _close(door, asked, refusal)
    return record


def _refusal_in(reply: Mapping[str, Any] | None) -> TradewindError | None:
    """What a function has found wrong with a request that it has not begun with."""
    error = (reply or {}).get("error")
    if not isinstance(error, dict):
        return None
    for kind in (InvalidRequest, QueryTooLong, UnknownAgent):
        if error.get("code") == kind.code:
            return kind(str(error.get("message")))
    return None


def _queue(door: Door, asked: _Asked) -> StoredRecord:
    """Leave the request to Lambda's queue."""
    recorded = asked.recorded
    handed = door.invoker.queue(recorded.agent, asked.event)
    if handed is Handed.DONE:
        return _required(door.openings.queued(recorded.record_id, recorded.attempt))
    if handed is Handed.TOO_LARGE:
        handed = _hand_over(door, asked)
    match handed:
        case Handed.REFUSED:
            return _shed(door, asked)
        case Handed.TOO_LARGE:
            return _close(door, asked, _too_large())
        case Handed.UNKNOWN:
            error = NotStarted("The request could not be handed to its agent. Send it again.")
            return _close(door, asked, error)
    return _reread(door, asked)


def _hand_over(door: Door, asked: _Asked) -> Handed:
    """Tell the function directly, and do not wait for its end."""
    wait_s = min(_DELIVERY_S, _DELIVERY_SHARE * (call_time_left_s() or 0.0))
    give_up = time.monotonic() + wait_s
    for _ in range(_TELLINGS):
        handed, _reply = door.invoker.work(
            asked.recorded.agent, asked.event, lambda: max(0.0, give_up - time.monotonic())
        )
        if handed is not Handed.UNKNOWN:
            return handed
        if give_up - time.monotonic() < _PAUSE_S:
            # It was sent in so much time; that it is not done is what is expected.
            return Handed.DONE
    return Handed.UNKNOWN


def _shed(door: Door, asked: _Asked) -> StoredRecord:
    error = AgentBusy("The agent has as many requests as it takes at once. Send it again later.")
    if door.openings.close(asked.recorded.record_id, error.code, error.message):
        metrics = RequestMetrics({Dimension.ENVIRONMENT: door.environment.environment})
        metrics.annotate(agent=asked.recorded.agent, request_id=asked.recorded.request_id)
        metrics.add(MetricName.REQUESTS_SHED, 1)
        metrics.flush()
    return _reread(door, asked)


def _close(door: Door, asked: _Asked, error: TradewindError) -> StoredRecord:
    """Close the record, unless a function has begun with it all the same."""
    door.openings.close(asked.recorded.record_id, error.code, error.message)
    return _reread(door, asked)


def _reread(door: Door, asked: _Asked) -> StoredRecord:
    return _required(current(door, door.records.read(asked.recorded.record_id)))


def _required(record: StoredRecord | None) -> StoredRecord:
    if record is None:
        raise StorageUnavailable("The request's record is gone.")
    return record


def current(door: Door, record: StoredRecord | None) -> StoredRecord | None:
    """The record as it has to be: one that is over by the clock is closed."""
    if record is None or not close_overdue(record, door):
        return record
    return door.records.read(record.record_id)


def _answered(door: Door, record: StoredRecord, applied: str | None = None) -> Answer:
    preferred = {"Preference-Applied": applied} if applied else {}
    if not record.ended:
        return Answer(202, shown(record, door), {**accepted(record), **preferred})
    location = {"Location": location_of(record), **preferred}
    if record.status is RecordStatus.SUCCEEDED:
        return Answer(200, shown(record, door), location)
    failure = failure_of(record)
    again = {AgentBusy.code: _BUSY_S, NotStarted.code: _BUSY_S}.get(failure.code)
    return problem_of(
        failure.code,
        failure.status,
        failure.message,
        headers=location,
        **{
            "retry_after_s": again,
            **failure.extensions,
            "field": failure.field,
            "invocation_id": invocation_id(record),
        },
    )


def accepted(record: StoredRecord) -> dict[str, str]:
    """The headers of an answer that tells of a request: where it is, and when to look again."""
    location = {"Location": location_of(record)}
    return location if record.rests else {**location, "Retry-After": str(_LOOK_AGAIN_S)}


def key_of(request: Request) -> str:
    """The key of the record of an invocation of the caller's."""
    agent, _, request_id = request.parameters["id"].partition(".")
    return record_key(owner=request.owner, agent=agent, request_id=request_id)


def _too_large() -> TradewindError:
    return QueryTooLong("The request is larger than Lambda takes, 6 MB as JSON.")


ROUTES: Final = (
    Route(
        "GET",
        "/invocations/{id}",
        "getInvocation",
        "What has become of a request",
        look,
        {200: "Invocation"},
        parameters={"id": INVOCATION_ID_PATTERN},
        problems=(NotFound,),
    ),
    Route(
        "DELETE",
        "/invocations/{id}",
        "cancelInvocation",
        "Cancel a request",
        cancel,
        {200: "Invocation", 202: "Invocation"},
        parameters={"id": INVOCATION_ID_PATTERN},
        problems=(NotFound, NotCancellable, DuplicateRequest),
    ),
)
