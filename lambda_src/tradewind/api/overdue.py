"""Records that are over by the clock: closed, and counted, by whoever meets one first."""

from tradewind.records.item import StoredRecord
from tradewind.records.openings import Openings
from tradewind.records.table import RecordTable
from tradewind.telemetry.metric_names import Dimension, MetricName
from tradewind.telemetry.metrics import RequestMetrics


def close_overdue(records: RecordTable, record: StoredRecord, environment: str) -> bool:
    """Close a record whose function died, that none began with, or that nobody answered, in time.

    One whose answer no function took up in time waits for an answer again.

    Args:
        records: Where it is.
        record: As it was read.
        environment: The environment's name.

    Returns:
        Whether it was any of it; then it has to be read again.

    Raises:
        StorageError: It could not be written.
    """
    if record.expired and record.continuation is not None:
        metric = MetricName.ANSWERS_NOT_TAKEN_UP
        closed = records.questions.put_back(record.record_id, record.attempt, late=True)
    elif record.expired:
        metric = MetricName.REQUESTS_NOT_STARTED
        closed = Openings(records.table).expire(record.record_id, record.attempt)
    elif record.unanswered:
        metric = MetricName.QUESTIONS_NOT_ANSWERED
        closed = records.questions.give_up(record.record_id, record.attempt)
    elif record.overdue:
        metric = MetricName.RECORDS_SETTLED
        closed = records.settle(record.record_id, record.attempt)
    else:
        return False
    if closed:
        metrics = RequestMetrics(
            {Dimension.ENVIRONMENT: environment, Dimension.AGENT: record.agent}
        )
        metrics.annotate(request_id=record.request_id, project_id=record.project_id)
        metrics.add(metric, 1)
        metrics.flush()
    return True
