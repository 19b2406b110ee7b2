"""The Lambda entry point of the sweep, which a schedule invokes."""

import gc
import os
from typing import Any, Protocol

from tradewind.aws.clients import AwsClients
from tradewind.aws.deadline import Deadline, calls_within
from tradewind.aws.repeats import Repeated
from tradewind.contracts.environment import SweepEnvironment
from tradewind.conversations.table import SessionTable
from tradewind.handlers.sweeper import Sweeper
from tradewind.records.table import RecordTable
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs


class SweepContext(Protocol):
    """What the sweep uses of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is killed."""


def _create_sweeper() -> Sweeper:
    keep_words_out_of_logs()
    environment = SweepEnvironment.from_variables(os.environ)
    # Settling recognises its own write, so it may be asked for twice.
    client = AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True))
    return Sweeper(
        environment.environment,
        RecordTable(environment.records_table, client),
        SessionTable(environment.sessions_table, client, ttl_days=environment.session_ttl_days),
    )


_sweeper = _create_sweeper()
gc.enable()


def handler(_event: object, context: SweepContext) -> dict[str, Any]:
    """Settle the overdue records. See ``Sweeper.sweep``."""
    deadline = Deadline(context.get_remaining_time_in_millis() / 1000)
    with calls_within(deadline.remaining_s):
        return _sweeper.sweep(deadline)
