"""Close every record whose deadline is past and that is still open.

Its function died, none ever began with it, or nobody answered what it asks a person. One whose
answer no function took up waits for an answer again.

Every write is conditional on the record still being that attempt's and open. So this may run twice
at once, beside requests that settle or start records, and may end anywhere: what was done stands,
and what is left is the next run's.
"""

from typing import Any, Final

from tradewind.aws.deadline import Deadline
from tradewind.contracts.errors import DeadlineExceeded, StorageError
from tradewind.conversations.settling import settle
from tradewind.conversations.table import SessionTable
from tradewind.records.openings import Openings
from tradewind.records.overdue import OverdueRecord, overdue_records
from tradewind.records.table import RecordTable
from tradewind.telemetry.log_fields import SWEEP_DONE
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.metric_names import Dimension, MetricName
from tradewind.telemetry.metrics import RequestMetrics

#: A record is not begun with when less time is left: a call would be cut short.
_MIN_USEFUL_S: Final = 1.0
#: What keeps a record from being read or settled.
_FAILURES: Final = (StorageError, DeadlineExceeded)


class Sweeper:
    """Settles what is overdue.

    Args:
        environment: The environment's name.
        records: The table of records.
        sessions: The table of conversations, which may know how a request ended.
    """

    def __init__(self, environment: str, records: RecordTable, sessions: SessionTable) -> None:
        self._environment = environment
        self._records = records
        self._sessions = sessions
        self._openings = Openings(records.table)
        self._questions = records.questions

    def sweep(self, deadline: Deadline) -> dict[str, Any]:
        """Settle the overdue records that there is time for, and report it.

        A record that cannot be settled does not keep the others waiting.

        Returns:
            ``settled``: how many had died; ``finished``: whether there was time for all.

        Raises:
            StorageError: The index could not be read, or a record not be written.
            DeadlineExceeded: The table did not answer as long as there was time.
        """
        settled = expired = asked_again = unanswered = 0
        finished = False
        failures: list[StorageError | DeadlineExceeded] = []
        table = self._records.table
        try:
            for record in overdue_records(table.name, table.client):
                if deadline.remaining_s() < _MIN_USEFUL_S:
                    break
                try:
                    if self._settle(record):
                        settled += 1
                        self._count(record, MetricName.RECORDS_SETTLED)
                    elif self._openings.expire(record.record_id, record.attempt):
                        expired += 1
                        self._count(record, MetricName.REQUESTS_NOT_STARTED)
                    elif self._questions.give_up(record.record_id, record.attempt):
                        unanswered += 1
                        self._count(record, MetricName.QUESTIONS_NOT_ANSWERED)
                    elif self._questions.put_back(record.record_id, record.attempt, late=True):
                        asked_again += 1
                        self._count(record, MetricName.ANSWERS_NOT_TAKEN_UP)
                except _FAILURES as error:
                    failures.append(error)
            else:
                finished = True
        except _FAILURES as error:
            failures.append(error)
        logger = get_logger()
        (logger.error if failures else logger.info)(
            SWEEP_DONE,
            settled=settled,
            expired=expired,
            asked_again=asked_again,
            unanswered=unanswered,
            finished=finished,
            failed=len(failures),
            error_code=failures[0].code if failures else None,
        )
        if failures:
            raise failures[0]
        return {"settled": settled, "finished": finished}

    def _settle(self, found: OverdueRecord) -> bool:
        record = self._records.read(found.record_id)
        return record is not None and settle(self._records, self._sessions, record)

    def _count(self, record: OverdueRecord, metric: MetricName) -> None:
        # At once and one by one: a sweep that is killed has counted what it did.
        metrics = RequestMetrics(
            {Dimension.ENVIRONMENT: self._environment, Dimension.AGENT: record.agent}
        )
        metrics.annotate(request_id=record.request_id, project_id=record.project_id)
        metrics.add(metric, 1)
        metrics.flush()
