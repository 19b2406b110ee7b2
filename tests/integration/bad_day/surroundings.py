"""What is around a service whose agent asks no model: Lambda's context, a pool, a process."""

from dataclasses import dataclass
from typing import Any, Final

from tests.agent_environment import agent_environment
from tradewind.bedrock.client import ClientPool
from tradewind.telemetry.process import ColdStart

AGENT: Final = "layout"
ENVIRONMENT: Final = agent_environment(TRADEWIND_AGENT=AGENT)
#: A function's whole time.
LAMBDA_MS: Final = 900_000


class _NoModel(ClientPool):
    def get(self, connections: int = 0) -> Any:
        return None


NO_MODEL: Final = _NoModel(ENVIRONMENT)
COLD_START: Final = ColdStart()


@dataclass
class Context:
    """Lambda's context object."""

    aws_request_id: str = "lambda-request"

    def get_remaining_time_in_millis(self) -> int:
        """All of it."""
        return LAMBDA_MS
