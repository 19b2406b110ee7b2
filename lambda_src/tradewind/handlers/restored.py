"""What a process that is restored from a snapshot (Lambda SnapStart) may not share with its copies.

Lambda keeps a process as it is after its initialisation, and starts any number of copies, minutes
or weeks later: each with the same state of every random number generator, and with connections
that nobody holds at the other end.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

import os
import random
import ssl
from typing import Final

from tradewind.aws.clients import AwsClients
from tradewind.contracts.names import OptionalEnvVar
from tradewind.telemetry.process import SNAP_START

#: As many as OpenSSL's generator is seeded with.
_SEED_BYTES: Final = 48


def renew_when_restored(aws: AwsClients) -> None:
    """Renew what copies may not share before a copy gets its first event.

    Without SnapStart it does nothing.

    Args:
        aws: What makes the process's clients.
    """
    if os.environ.get(OptionalEnvVar.INITIALIZATION_TYPE) != SNAP_START:
        return
    # Lambda's runtime brings it.
    from snapshot_restore_py import register_after_restore  # noqa: PLC0415

    register_after_restore(_renew, aws)


def _renew(aws: AwsClients) -> None:
    # Ids of our own are the kernel's, which differ; those of spans are drawn from this one.
    random.seed()
    ssl.RAND_add(os.urandom(_SEED_BYTES), 0.0)
    aws.renew()
