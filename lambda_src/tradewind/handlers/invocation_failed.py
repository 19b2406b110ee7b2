"""How an invocation fails: so that Lambda counts it, and tells nobody what was asked."""

import json
from collections.abc import Mapping

from tradewind.contracts.response import AgentAnswer


class InvocationFailed(Exception):
    """Fails the Lambda invocation.

    A failure that is not the caller's leaves the function as an error, so that Lambda counts it
    and an asynchronous event reaches the dead-letter queue instead of being lost.

    Lambda writes the message to the function's log, to X-Ray and beside the dead letter. So it
    says, as JSON, which request failed, with which code, and where the answer is kept: no word of
    the caller, the model or another exception.

    Args:
        answer: The whole answer.
        record: The table and the key of the record that keeps it; None where none does.
    """

    def __init__(self, answer: AgentAnswer, *, record: Mapping[str, str] | None) -> None:
        message = {
            "code": answer.error.code if answer.error else "INTERNAL_ERROR",
            "status": answer.status_code,
            "agent": answer.agent,
            "request_id": answer.request_id,
            "record": record,
        }
        super().__init__(json.dumps(message))
        self.answer = answer
