"""The answer of a request that is over, in a form that can be delivered and kept."""

import time
from collections.abc import Iterator
from typing import Any, Final

from tradewind.aws.deadline import calls_within, leaving
from tradewind.contracts.errors import (
    AnswerTooLarge,
    DeadlineExceeded,
    InternalError,
    TradewindError,
)
from tradewind.contracts.response import AgentAnswer
from tradewind.handlers.served import ServedRequest, answer_of
from tradewind.records.item import RecordedRequest
from tradewind.records.kept_answer import EncodedAnswer, encode_answer
from tradewind.records.table import Records
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger

#: How long an answer waits for its record at most, however much time is left.
RECORD_WAIT_S: Final = 5.0
#: Of the time to write in, what a commit leaves to the record at least, however its calls stall.
_RECORD_SHARE: Final = 0.4
#: Characters of a text that an answer keeps when it is too large as a whole.
_CUT_TEXT: Final = 20_000
_IN_DOUBT: Final = "Whether its turn is in the conversation is not known; its record will say."


def check_answer(
    served: ServedRequest, agent: str, failure: TradewindError | None
) -> tuple[EncodedAnswer | None, TradewindError | None]:
    """Encode the answer as it would be now.

    Returns:
        The answer, where it can be told; and why the request failed: ``failure``, or else that it
        cannot.
    """
    try:
        return encode_answer(answer_of(served, agent, failure)), failure
    except AnswerTooLarge as error:
        return None, failure or error
    except ValueError as error:
        log_defect("The answer cannot be encoded", error)
        told = InternalError("The answer cannot be encoded; the log has the cause.")
        return None, failure or told


def commit_artifacts(
    served: ServedRequest, failure: TradewindError | None
) -> TradewindError | None:
    """Make visible what a request left that has succeeded, or stopped at its deadline.

    Any other failure leaves nothing. Failing to commit is a failure, but never hides an
    earlier one.
    """
    project = served.project
    if project is None:
        return failure
    if failure is not None and not isinstance(failure, DeadlineExceeded):
        project.discard()
        return failure
    try:
        with calls_within(leaving(_RECORD_SHARE, served.deadline.closing_s)):
            project.commit()
    except TradewindError as error:
        get_logger().error("Artifacts not committed", error_code=error.code)
        return failure or error
    return failure


def close_answer(
    served: ServedRequest,
    agent: str,
    failure: TradewindError | None,
    checked: EncodedAnswer | None = None,
) -> EncodedAnswer:
    """Build and encode the answer; of one that is too large, what can be delivered and kept.

    Args:
        served: The request.
        agent: Whose answer it is.
        failure: Why it failed.
        checked: What ``check_answer`` made of it; it is the answer where it succeeded since and
            left nothing that took time to become visible.
    """
    if failure is None and checked is not None and not checked.answer.artifacts:
        return checked
    for answer in _ever_smaller(answer_of(served, agent, failure)):
        try:
            return encode_answer(answer)
        except (AnswerTooLarge, ValueError):
            continue
    raise InternalError("Not even a short answer can be encoded.")


def finish_record(served: ServedRequest, records: Records, encoded: EncodedAnswer) -> None:
    """Write the record's end, and the log's entry. Failing to changes no answer.

    A record without an end is settled later. The log's entry is not: it has no end then either,
    for this answer may be untrue, and is counted as one that is missing.
    """
    if served.recorded is None:
        return
    if served.in_doubt:
        served.unfinished = True  # it will be settled by what the conversation says
        if served.logged is not None:
            error_code = encoded.answer.error.code if encoded.answer.error else None
            get_logger().error("Request not logged", error_code=error_code, reason=_IN_DOUBT)
        return
    _write_end(served, served.recorded, records, encoded)
    if served.logged is not None:
        served.logged.end(encoded, served.deadline.closing_s)


def _write_end(
    served: ServedRequest, recorded: RecordedRequest, records: Records, encoded: EncodedAnswer
) -> None:
    give_up = time.monotonic() + RECORD_WAIT_S
    try:
        with calls_within(lambda: min(served.deadline.closing_s(), give_up - time.monotonic())):
            served.kept = records.finish(recorded, encoded)
    except TradewindError as error:
        served.unfinished = True
        get_logger().error("Record not finished", error_code=error.code, reason=error.message)
    except Exception as error:
        served.unfinished = True
        log_defect("Record not finished", error)
    else:
        if not served.kept and served.run is not None:
            served.unfinished = True
            get_logger().error("Record not finished", reason="It is another run's by now.")


def _ever_smaller(answer: AgentAnswer) -> Iterator[AgentAnswer]:
    """The answer, whole and with ever less in it; the last one is small."""
    yield answer
    changes: dict[str, Any] = {"response": answer.response[:_CUT_TEXT], "output": None}
    if answer.error is not None:
        short = {
            "message": answer.error.message[:_CUT_TEXT],
            # What the caller called a field, where it is not one of ours.
            "field": answer.error.field and answer.error.field[:_CUT_TEXT],
        }
        changes["error"] = answer.error.model_copy(update=short)
    yield answer.model_copy(update=changes)
    changes["facts"] = {}
    yield answer.model_copy(update=changes)
    changes["artifacts"] = []
    yield answer.model_copy(update=changes)
