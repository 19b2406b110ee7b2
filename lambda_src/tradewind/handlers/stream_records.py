"""The records of streamed requests: opened as the API opens them, shown as the API shows them.

So a streamed request has an id to be looked up and cancelled by, and works once for its key.
"""

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tradewind.api.asking import Asked, require_same
from tradewind.api.budget import require_left
from tradewind.api.overdue import close_overdue
from tradewind.api.views import shown
from tradewind.budgets.budgets import Budgets
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import DuplicateRequest
from tradewind.contracts.moments import iso
from tradewind.conversations.table import SessionTable
from tradewind.handlers.served import Outcome
from tradewind.records.item import RecordStatus, StoredRecord
from tradewind.records.openings import Openings
from tradewind.records.table import RecordTable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class StreamRecords:
    """One per process.

    Attributes:
        environment: The function's settings.
        records: Where records are.
        sessions: Where conversations are.
        s3: Signs links to artifacts.
        budgets: What callers may spend.
    """

    environment: AgentEnvironment
    records: RecordTable
    sessions: SessionTable
    s3: "S3Client"
    budgets: Budgets

    def open(self, asked: Asked, remaining_s: float) -> StoredRecord:
        """Open a request's record, or find the one there is.

        Args:
            asked: The request.
            remaining_s: Seconds until this function is killed.

        Returns:
            A record that is pending, or has ended.

        Raises:
            BudgetExceeded: Its caller has nothing useful left today; no record was opened.
            IdempotencyKeyReused: It is another question's.
            DuplicateRequest: The request is being worked on.
            StorageError: It could not be read or written.
        """
        require_left(asked, self.environment.max_tokens, self.budgets, self.records)
        openings = Openings(self.records.table)
        while True:
            record = openings.open(
                asked.recorded,
                life_s=math.ceil(remaining_s),
                ttl_days=self.environment.record_ttl_days,
            )
            require_same(record, asked.recorded)
            if close_overdue(record, self):
                continue  # of one that nobody began with nothing was asked: it is opened again
            if record.status is RecordStatus.RUNNING:
                raise DuplicateRequest(
                    f"Request {record.request_id} is being worked on.", field="Idempotency-Key"
                )
            return record

    def show(self, record: StoredRecord) -> dict[str, Any]:
        """Show a record. See ``api.models.Invocation``."""
        return shown(record, self)

    def ended(self, opened: StoredRecord, began_at: float, outcome: Outcome) -> dict[str, Any]:
        """Show a request that this function has just worked on.

        Args:
            opened: Its record, as it was opened.
            began_at: Epoch seconds.
            outcome: What came of it.
        """
        if outcome.packed is None:  # somebody else was faster, and has answered it
            record = self.records.read(opened.record_id) or opened
            return self.show(record)
        failure = outcome.failure
        return self.show(
            replace(
                opened,
                status=RecordStatus.SUCCEEDED if failure is None else RecordStatus.FAILED,
                started_at=iso(began_at),
                finished_at=iso(time.time()),
                error_code=None if failure is None else failure.code,
                packed=outcome.packed,
            )
        )
