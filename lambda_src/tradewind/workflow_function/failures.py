"""How a workflow's failure is told by the function that ran it."""

from typing import Final

from tradewind.bedrock.faults import to_model_error
from tradewind.contracts.errors import (
    TradewindError,
    WorkflowBudgetSpent,
    WorkflowFailed,
    WorkflowInvalid,
    WorkflowUnsupported,
    causes_of,
)
from tradewind.workflow.engine.errors import (
    BudgetSpent,
    InvalidRun,
    Unsupported,
    WorkflowError,
)

_KINDS: Final[tuple[tuple[type[WorkflowError], type[TradewindError]], ...]] = (
    (InvalidRun, WorkflowInvalid),
    (Unsupported, WorkflowUnsupported),
    (BudgetSpent, WorkflowBudgetSpent),
    (WorkflowError, WorkflowFailed),
)


def typed(error: WorkflowError) -> TradewindError:
    """The error with a stable code for the way that a run ended.

    What a model, or an agent that was asked by name, failed with comes first: it says more than
    that the workflow failed.
    """
    for cause in causes_of(error):
        if isinstance(cause, TradewindError):
            return cause
    fault = to_model_error(error)
    if fault is not None:
        return fault
    kind = next(ours for theirs, ours in _KINDS if isinstance(error, theirs))
    return kind(f"{str(error)[:1].upper()}{str(error)[1:]}")
