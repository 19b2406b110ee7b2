"""What passes between the service and a function: which may be started, its event, its answer."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from devtools.localcloud.extension.durable.execution import Error, Execution, Operation
from devtools.localcloud.extension.durable.refusal import Refused
from devtools.localcloud.extension.durable.target import Target

MAX_SYNCHRONOUS_S: Final = 900
#: What an event carries of the operations; the function asks for the rest.
MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True)
class Outcome:
    """How an invocation went: its answer, or the error it ended with.

    Attributes:
        answer: The JSON it answered with, as text.
        error: Why there is none.
        throttled: Whether it did not run at all, for lack of room.
        log: The end of what it logged.
    """

    answer: str = ""
    error: Error | None = None
    throttled: bool = False
    log: str = ""


class Functions(Protocol):
    """What the driver needs of Lambda itself."""

    def resolve(self, name: str, qualifier: str | None) -> Target:
        """Find a version; raises Refused where there is none."""

    def invoke(self, target: Target, event: object, trace: str | None) -> Outcome:
        """Invoke it and wait for its answer."""

    def may_invoke(self, role: str, target: Target) -> Error | None:
        """Say why a role may not invoke it; None when it may."""

    def count(self, execution: Execution) -> None:
        """Publish the metrics of an execution that has begun, or that has ended."""

    def bury(self, execution: Execution) -> None:
        """Send what an execution that failed was started with to the dead-letter queue."""


def check_start(target: Target, name: str | None, *, awaited: bool) -> None:
    """Refuse what AWS refuses to start.

    Raises:
        Refused: With AWS's words.
    """
    if target.durable is None:
        raise Refused(f"Function {target.name} is not a durable function")
    if target.qualifier is None:
        raise Refused("You cannot invoke a durable function using an unqualified ARN.")
    if name is not None and not _NAME.fullmatch(name):
        raise Refused(f"Invalid durable execution name: {name}")
    if awaited and int(target.durable["ExecutionTimeout"]) > MAX_SYNCHRONOUS_S:
        raise Refused(
            "You cannot synchronously invoke a durable function with an executionTimeout greater "
            "than 15 minutes."
        )


def read_answer(answer: str, max_bytes: int) -> tuple[str, str | None, Error | None]:
    """A function's answer as status, result and error; one that makes no sense is a failure."""
    try:
        output = json.loads(answer)
    except ValueError:
        output = None
    status = output.get("Status") if isinstance(output, dict) else None
    if not isinstance(output, dict) or status not in ("SUCCEEDED", "FAILED", "PENDING"):
        return "FAILED", None, Refused("Invalid Status in invocation output.").as_error()
    result, error = output.get("Result"), output.get("Error")
    problem = None
    if status == "SUCCEEDED" and error is not None:
        problem = "Cannot provide an Error for SUCCEEDED status."
    elif status == "FAILED" and result is not None:
        problem = "Cannot provide a Result for FAILED status."
    elif result is not None and not isinstance(result, str):
        problem = "Invalid Result in invocation output."
    elif result is not None and len(result.encode()) > max_bytes:
        problem = f"Execution output payload size must be less than or equal to {max_bytes} bytes."
    if problem:
        return "FAILED", None, Refused(problem).as_error()
    return status, result, error


def first_page(operations: Sequence[Operation]) -> tuple[list[Operation], str]:
    """What fits into an event, and the marker of what does not; empty when all does."""
    size = 0
    for index, operation in enumerate(operations):
        size += len(json.dumps(operation))
        if index and size > MAX_PAGE_BYTES:
            return list(operations[:index]), str(index)
    return list(operations), ""


def in_milliseconds(operation: Operation) -> Operation:
    """An operation as events carry it: whole milliseconds, where the API has seconds."""
    return {
        key: in_milliseconds(value)
        if isinstance(value, dict)
        else int(value * 1000)
        if key.endswith("Timestamp")
        else value
        for key, value in operation.items()
    }
