"""Which failures of a call are worth a repeat, and what is said of them."""

import pytest
from botocore.exceptions import ParamValidationError
from strands.types.exceptions import (
    ContextWindowOverflowException,
    EventLoopException,
    MaxTokensReachedException,
    ModelThrottledException,
)

from tradewind.contracts.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    ModelFailed,
    ModelStreamBroken,
)
from tradewind.workflow.engine.calls import Model
from tradewind.workflow.engine.errors import AgentFailed, BudgetSpent, Retryable
from tradewind.workflow_agents.faults import to_workflow_error

MODEL = Model("openai", "m")
SECRET = "what the prompt said"


class _Status(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(SECRET)
        self.status_code = status


def _within(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (ModelThrottledException(SECRET), Retryable, "MODEL_THROTTLED"),
        (ContextWindowOverflowException(SECRET), AgentFailed, "MODEL_CONTEXT_OVERFLOW"),
        (MaxTokensReachedException(SECRET), AgentFailed, "MODEL_OUTPUT_TRUNCATED"),
        (ModelStreamBroken(SECRET), Retryable, "MODEL_STREAM_BROKEN"),
        (
            _within(ModelFailed("x"), ParamValidationError(report=SECRET)),
            AgentFailed,
            "MODEL_REQUEST_REJECTED",
        ),
        (_Status(408), Retryable, "MODEL_TIMEOUT"),
        (_Status(401), AgentFailed, "MODEL_ACCESS_DENIED"),
        (_Status(404), AgentFailed, "MODEL_REQUEST_REJECTED"),
        (_Status(529), Retryable, "MODEL_UNAVAILABLE"),
        (TimeoutError(SECRET), Retryable, "MODEL_TIMEOUT"),
        (ConnectionRefusedError(SECRET), Retryable, "MODEL_UNAVAILABLE"),
        (ConnectionResetError(SECRET), Retryable, "MODEL_STREAM_BROKEN"),
        (ValueError(SECRET), AgentFailed, "AGENT_FAILED: ValueError"),
    ],
)
def test_a_failure_has_a_code_and_none_of_its_words(
    error: Exception, kind: type[AgentFailed], code: str
) -> None:
    for raised in (error, EventLoopException(error, {})):
        failed = to_workflow_error(raised, MODEL)
        if code.startswith("MODEL"):
            assert type(failed) is kind
            assert str(failed).startswith(f"{code}: openai, m: ")
        else:
            assert type(failed) is AgentFailed
        assert SECRET not in str(failed)


@pytest.mark.parametrize(
    "error", [BudgetExceeded("too dear"), DeadlineExceeded("over"), BudgetSpent("over")]
)
def test_what_is_no_models_fault_stays_what_it_is(error: Exception) -> None:
    assert to_workflow_error(error, MODEL) is error


def test_also_within_what_strands_makes_of_it() -> None:
    spent = BudgetExceeded("too dear")
    assert to_workflow_error(EventLoopException(spent, {}), MODEL) is spent
