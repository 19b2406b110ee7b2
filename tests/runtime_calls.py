"""Calls of runtimes, for tests that make some."""

from typing import Any, Final

from tradewind.agentcore.arn import RuntimeArn
from tradewind.agentcore.calls import RuntimeCall

RUNTIME: Final = RuntimeArn("aws", "us-east-1", "111122223333", "onboarding-AbCdEfGhIj")
SESSION: Final = "session-0123456789-0123456789-0123456789"


def make_call(**changes: Any) -> RuntimeCall:
    """A call that AgentCore would take and that has a minute, with changes."""
    fields = {
        "runtime": RUNTIME,
        "payload": b'{"query": "how windy?"}',
        "session_id": SESSION,
        "time_left_s": lambda: 60.0,
    }
    return RuntimeCall(**{**fields, **changes})
