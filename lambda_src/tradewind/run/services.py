"""Clients of other AWS services, for an agent's tools."""

from functools import cache
from typing import Any

from tradewind.aws.repeats import Repeated
from tradewind.bedrock.client import process_clients


@cache
def aws_client(service: str, *, may_run_twice: bool = False) -> Any:
    """Return the process's client of a service that the agent's ``reach`` names.

    Its calls end with the request's time (``DeadlineExceeded``), it survives a freeze, and it
    repeats what was refused or surely not received. Call it in the tool, not at import.

    Args:
        service: boto3's name of it.
        may_run_twice: Whether its calls only read, or can be told apart by the service when they
            come twice. Then whatever may pass is repeated.
    """
    return process_clients().create(service, repeats=Repeated(may_run_twice=may_run_twice))
