"""The end of a run that asks a person: its record waits, and holds what to go on from.

And what becomes of an answer that nothing was done with: its question is open again.
"""

import time

from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import (
    BudgetExceeded,
    Cancelled,
    DeadlineExceeded,
    InternalError,
    SessionBusy,
    StorageUnavailable,
    TradewindError,
)
from tradewind.handlers.continuation import Continuation
from tradewind.handlers.served import ServedRequest, calls_of, usage_of
from tradewind.records.questions import Asking
from tradewind.records.table import Records
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger

#: What may go better the next time.
_PASSING = (SessionBusy, StorageUnavailable, DeadlineExceeded)


def asks(served: ServedRequest) -> bool:
    """Whether a request has come to a question that is to be asked."""
    if served.run is not None:
        return served.run.pause is not None
    return served.continued is not None and not served.continued.is_answered


def ask_person(
    served: ServedRequest, records: Records, environment: AgentEnvironment
) -> TradewindError | None:
    """Let the request wait for a person; ``served.asks`` is the question then.

    Nothing of it becomes visible: it is kept for the run that goes on.

    Returns:
        Why it cannot: there is more to go on from than a record keeps, the caller wanted it
        stopped, or it could not be written.
    """
    try:
        _ask(served, records, environment)
    except TradewindError as error:
        return error
    except Exception as error:
        log_defect("A person could not be asked", error)
        return InternalError("An unexpected error; the function's log has it.")
    return None


def _ask(served: ServedRequest, records: Records, environment: AgentEnvironment) -> None:
    if served.recorded is None:
        raise InternalError("A question without a record.")
    if served.allowance is not None:
        served.allowance.close()
    continuation = _continuation(served)
    question = continuation.asks_next[2]
    asking = Asking(
        question=question,
        continuation=continuation.pack(),
        used=continuation.usage.model_dump(),
        life_days=environment.question_life_days,
    )
    if served.turn is not None:
        served.turn.pause(served.deadline.closing_s)
    if not records.ask(served.recorded, asking, ttl_days=environment.record_ttl_days):
        served.unfinished = True
        get_logger().error("Record not finished", reason="It is another run's by now.")
    served.asks = question


def put_back(
    served: ServedRequest, failure: TradewindError, records: Records
) -> TradewindError | None:
    """Ask again what this run has the answer of, where it did nothing with it.

    Returns:
        Why the request ends all the same: its failure, or that the caller wanted it stopped. None
        where the question is open again.
    """
    recorded = served.recorded
    if recorded is None or not recorded.accepted or not _may_go_better(served, failure):
        return failure
    if served.allowance is not None:
        served.allowance.close()
    try:
        return None if records.put_back(recorded) else failure
    except Cancelled as cancelled:
        return cancelled
    except TradewindError as error:
        get_logger().error("Question not put back", error_code=error.code, reason=error.message)
        return failure


def _may_go_better(served: ServedRequest, failure: TradewindError) -> bool:
    """Whether nothing was done, and may be the next time."""
    run = served.run
    if served.start.answered is None:
        return False  # it has nobody's answer
    if run is None:
        return isinstance(failure, _PASSING)
    if served.continued is None or served.meter.calls or run.tool_calls > run.replies:
        return False
    # Another day has room again; what a request has spent of its own stays spent.
    return isinstance(failure, BudgetExceeded) and failure.extensions["resets_at"] is not None


def _continuation(served: ServedRequest) -> Continuation:
    """What the next run goes on from."""
    run, project, request, before = served.run, served.project, served.request, served.continued
    if run is None or run.pause is None:
        if before is None:
            raise InternalError("A question without a run.")
        return before  # the next of several questions that were asked at once
    if project is None or request is None:
        raise InternalError("A run without a request.")
    return Continuation(
        request=request.model_dump(exclude_none=True),
        format=run.pause.state.format,
        state=dict(run.pause.state.values),
        asked=[(one.call_id, one.tool, one.text) for one in run.pause.asked],
        answers={},
        project=project.state().dump(),
        usage=usage_of(served),
        call_tokens=calls_of(served),
        committed_nano=0 if served.allowance is None else served.allowance.committed_nano,
        asked_at=time.time() if before is None else before.asked_at,
        epoch=None if served.turn is None else served.turn.epoch,
    )
