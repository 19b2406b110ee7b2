"""What an environment's file says of workflows."""

from typing import Annotated

from pydantic import Field

from tradewind.contracts.names import WORKFLOW_NAME_PATTERN
from tradewind.contracts.validation import Frozen, whole_number


class WorkflowSettings(Frozen):
    """Where workflows run, and for how long past one Lambda.

    Attributes:
        folder: Their files, in the project: what functions that run them carry. One that is not
            valid fails the synth.
        in_bucket: Whether those that run in one Lambda are read from the artifacts bucket, too,
            below `_workflows/`: who may write there decides what runs.
        durable: The workflows that may run past one Lambda, by their files' names without what they
            end in. In one, all may.
        execution_days: How long such a run may take, with all that people take for their answers.
        retention_days: How long its history and its result are kept after it.
    """

    folder: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
            description="a folder of the project such as examples/workflows",
        ),
    ] = "examples/workflows"
    in_bucket: Annotated[bool, Field(description="true or false")] = False
    durable: Annotated[
        tuple[Annotated[str, Field(pattern=WORKFLOW_NAME_PATTERN)], ...],
        Field(strict=False, description="a list of workflows' names"),
    ] = ()
    execution_days: Annotated[int, whole_number(1, 366)] = 30
    retention_days: Annotated[int, whole_number(1, 90)] = 14
