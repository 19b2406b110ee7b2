"""What the bridge asks of the SDK: operations whose identity is their name, not their turn.

The SDK numbers a context's operations in the order in which they begin, and a replay has to begin
them in that order again. Steps that run side by side have no such order. So each operation is the
first and only one of a child context of its own, named for the step and the attempt; a virtual
one, which costs no operation and leaves no trace in the history. Whatever order things end in, an
operation is found again under its name.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aws_durable_execution_sdk_python.context import DurableContext
from aws_durable_execution_sdk_python.exceptions import DurableOperationError, SuspendExecution
from aws_durable_execution_sdk_python.identifier import OperationIdNamespace
from aws_durable_execution_sdk_python.lambda_service import OperationType

#: Characters of an operation's name that the service takes.
_LONGEST_NAME: Final = 256
_NOT_IN_NAMES: Final = re.compile(r"[^\x20-\x7E]")
_HASH_CHARACTERS: Final = 16


def name_of(kind: str, key: str, number: int) -> str:
    """The name of an operation: what is done, for which step, and for the how manieth time."""
    end = f" #{number}"
    room = _LONGEST_NAME - len(kind) - 1 - len(end)
    # A route's name may be any text.
    plain = _NOT_IN_NAMES.sub("?", key)
    if plain != key or len(key) > room:
        digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:_HASH_CHARACTERS]
        key = f"{plain[: room - len(digest) - 1]}~{digest}"
    return f"{kind} {key}{end}"


class Begin(Protocol):
    """Begins an operation in a context, or finds it there."""

    def __call__(self, context: DurableContext, name: str, /) -> Any:
        """The operation's result.

        Raises:
            SuspendExecution: It has none yet.
            DurableOperationError: It failed.
        """


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation ended: with a value or an error."""

    value: Any = None
    error: BaseException | None = None


class Operations:
    """The operations of one execution, by name.

    Args:
        context: The handler's.
    """

    def __init__(self, context: DurableContext) -> None:
        self._context = context
        operations = context.state.operations.values()
        self._begun = sum(one.operation_type is not OperationType.EXECUTION for one in operations)

    def began_at(self) -> float | None:
        """When the execution began, in seconds since 1970; None if that is not known."""
        execution = self._context.state.get_execution_operation()
        if execution is None or execution.start_timestamp is None:
            return None
        return execution.start_timestamp.timestamp()

    @property
    def begun(self) -> int:
        """How many there are, those begun in this invocation included."""
        return self._begun

    def is_begun(self, name: str) -> bool:
        """Whether the service knows an operation."""
        return self._context.state.get_checkpoint_result(_id_of(name)).is_existent()

    def ended_at(self, name: str) -> float | None:
        """When an operation ended, in seconds since 1970; None if that is not known."""
        known = self._context.state.get_checkpoint_result(_id_of(name))
        if not known.is_terminal() or known.operation is None:
            return None
        end = known.operation.end_timestamp
        return float("inf") if end is None else end.timestamp()

    def count(self) -> None:
        """Count an operation that is about to begin."""
        self._begun += 1

    def carry(self, name: str, begin: Begin) -> Ended | None:
        """Begin an operation, or find it; None as long as it has not ended.

        Raises:
            BaseException: The execution cannot go on; not the operation's end.
        """
        context = self._context.create_child_context(name, is_virtual=True)
        try:
            return Ended(begin(context, name))
        except SuspendExecution:
            return None
        except DurableOperationError as error:
            return Ended(error=error)

    def seconds_with_people(self, now: float) -> float:
        """How long people took for their answers so far, all in all.

        With the one that is waited for: a run may be woken while it is, by what nobody asks for
        any more.

        Args:
            now: Seconds since 1970.
        """
        return sum(
            (now if one.end_timestamp is None else one.end_timestamp.timestamp())
            - one.start_timestamp.timestamp()
            for one in self._context.state.operations.values()
            if one.operation_type is OperationType.CALLBACK and one.start_timestamp is not None
        )


def _id_of(name: str) -> str:
    return OperationIdNamespace(name).create_id_for_step(1)
