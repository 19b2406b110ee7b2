"""How far a run has come, in its record; and whether its caller wants it stopped."""

import json
from collections.abc import Mapping
from typing import Any

from tradewind.contracts.names import RECORD_ATTEMPT
from tradewind.records.conditional import ConditionalTable, text
from tradewind.records.item import RecordedRequest, RecordStatus


class RecordedProgress:
    """One run's progress.

    Args:
        table: Where its record is.
        request: Whose run it is.
    """

    def __init__(self, table: ConditionalTable, request: RecordedRequest) -> None:
        self._table = table
        self._request = request

    def tell(self, progress: Mapping[str, Any]) -> bool:
        """Keep it in place of what was told before.

        Returns:
            Whether the run is to stop: it was cancelled, or its record is no longer its own.

        Raises:
            StorageError: It could not be kept.
        """
        written = self._table.update(
            self._request.record_id,
            {"progress": text(json.dumps(progress))},
            condition=f"{RECORD_ATTEMPT} = :attempt AND #status = :running",
            compared={
                ":attempt": text(self._request.attempt),
                ":running": text(RecordStatus.RUNNING),
            },
            tell=True,
        )
        return not written.done or written.record is None or written.record.cancel_requested
