"""All executions there are, and how they are found."""

from devtools.localcloud.extension.durable.execution import Execution, Operation
from devtools.localcloud.extension.durable.refusal import not_found


class Executions:
    """The executions since the start, ended ones too. Needs no lock: look-ups take copies."""

    def __init__(self) -> None:
        self._all: dict[str, Execution] = {}

    def add(self, execution: Execution) -> None:
        """Keep a new execution."""
        self._all[execution.arn] = execution

    def find(self, arn: str) -> Execution:
        """Find an execution by its ARN.

        Raises:
            Refused: There is none.
        """
        execution = self._all.get(arn)
        if execution is None:
            raise not_found("Durable Execution does not exist")
        return execution

    def named(self, name: str) -> Execution | None:
        """Find by name. Names are an account's and region's, not a function's."""
        return next((each for each in list(self._all.values()) if each.name == name), None)

    def of_function(self, name: str) -> list[Execution]:
        """A function's, oldest first."""
        return [each for each in list(self._all.values()) if each.target.name == name]

    def of_callback(self, callback_id: str) -> tuple[Execution, Operation] | None:
        """The execution that waits, or waited, for a callback, and the operation that it is."""
        for execution in list(self._all.values()):
            for operation in list(execution.operations.values()):
                if (operation.get("CallbackDetails") or {}).get("CallbackId") == callback_id:
                    return execution, operation
        return None
