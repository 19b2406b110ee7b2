"""A request's entry in the log of requests and answers, where one is kept.

It never fails a request, and keeps none waiting for long: who has to know of an entry that is not
there is told by a metric.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from tradewind.aws.deadline import calls_within
from tradewind.contracts.errors import TradewindError
from tradewind.contracts.request import AgentRequest, Question
from tradewind.records.item import RecordedRequest, StoredRecord
from tradewind.records.kept_answer import EncodedAnswer
from tradewind.records.request_log import LogEntry, RequestLog
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger

#: How long a request waits for each of its two writes at most.
LOG_WAIT_S: Final = 2.0


class LoggedRequest:
    """One run of a request, and its entry.

    Args:
        log: Where it is put.
        request: The request; None where what a run goes on from cannot be read.
        recorded: The same as its record knows it.
        replied: The record of a question that this run goes on from, with the person's reply.

    Attributes:
        missing: Whether it has no entry with its answer.
    """

    def __init__(
        self,
        log: RequestLog,
        request: AgentRequest | None,
        recorded: RecordedRequest,
        replied: StoredRecord | None = None,
    ) -> None:
        self._log = log
        self._request = request
        self._recorded = recorded
        self._replied = replied
        self.missing = True

    @cached_property
    def _entry(self) -> LogEntry:
        request, recorded, replied = self._request, self._recorded, self._replied
        question: dict[str, Any] = {}
        if request is not None:
            question = request.model_dump(include=set(Question.model_fields), exclude_none=True)
        if replied is not None:
            question |= {"asked": replied.question, "reply": replied.reply}
            recorded = replace(recorded, project_id=replied.project_id)
        return LogEntry(recorded, question, None if request is None else request.session_id)

    def begin(self, time_left_s: Callable[[], float]) -> None:
        """Put what is asked; ``time_left_s`` tells how long that may take."""
        _within(time_left_s, lambda: self._log.begin(self._entry))

    def end(
        self, encoded: EncodedAnswer, time_left_s: Callable[[], float], *, waits: bool = False
    ) -> None:
        """Put what was answered, too; ``waits`` where the request waits for a person now."""
        self.missing = not _within(
            time_left_s, lambda: self._log.end(self._entry, encoded, waits=waits)
        )


def _within(time_left_s: Callable[[], float], write: Callable[[], None]) -> bool:
    """Write, within a time; whether it was done."""
    give_up = time.monotonic() + LOG_WAIT_S
    try:
        with calls_within(lambda: min(time_left_s(), give_up - time.monotonic())):
            write()
    except TradewindError as error:
        get_logger().error("Request not logged", error_code=error.code, reason=error.message)
    except Exception as error:
        log_defect("Request not logged", error)
    else:
        return True
    return False
