"""Records that are over by the clock: closed, and counted, by whoever meets one first."""

from typing import TYPE_CHECKING, Protocol

from tradewind.records.item import StoredRecord
from tradewind.records.openings import Openings
from tradewind.records.table import RecordTable
from tradewind.telemetry.metric_names import Dimension, MetricName
from tradewind.telemetry.metrics import RequestMetrics

if TYPE_CHECKING:
    from tradewind.conversations.table import SessionTable


class Settings(Protocol):
    """What of a function's settings is counted by."""

    @property
    def environment(self) -> str:
        """The environment's name."""


class Closer(Protocol):
    """Who meets a record: its settings and its tables."""

    @property
    def environment(self) -> Settings:
        """Its settings."""

    @property
    def records(self) -> RecordTable:
        """The invocation records."""

    @property
    def sessions(self) -> "SessionTable":
        """The conversations, which may know how a request ended."""


def close_overdue(record: StoredRecord, closer: Closer) -> bool:
    """Close a record whose function died, that none began with, or that nobody answered, in time.

    One whose answer no function took up in time waits for an answer again.

    Args:
        record: As it was read.
        closer: Who has read it.

    Returns:
        Whether it was any of it; then it has to be read again.

    Raises:
        StorageError: It could not be written.
    """
    if record.expired and record.continuation is not None:
        metric = MetricName.ANSWERS_NOT_TAKEN_UP
        closed = closer.records.questions.put_back(record.record_id, record.attempt, late=True)
    elif record.expired:
        metric = MetricName.REQUESTS_NOT_STARTED
        closed = Openings(closer.records.table).expire(record.record_id, record.attempt)
    elif record.unanswered:
        metric = MetricName.QUESTIONS_NOT_ANSWERED
        closed = closer.records.questions.give_up(record.record_id, record.attempt)
    elif record.overdue:
        from tradewind.conversations.settling import settle  # noqa: PLC0415  # see api.models

        metric = MetricName.RECORDS_SETTLED
        closed = settle(closer.records, closer.sessions, record)
    else:
        return False
    if closed:
        metrics = RequestMetrics(
            {
                Dimension.ENVIRONMENT: closer.environment.environment,
                Dimension.AGENT: record.agent,
            }
        )
        metrics.annotate(request_id=record.request_id, project_id=record.project_id)
        metrics.add(metric, 1)
        metrics.flush()
    return True
