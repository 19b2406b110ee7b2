"""What a step of a workflow costs past one Lambda, beside the SDK's own bare step.

Both run on AWS's SDK in front of the same service in memory, which answers at once: what is
measured is the SDK, the engine and the bridge between them, per step, in turns on one machine.
"""

import datetime as dt
import json
import logging
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.context import DurableContext
from aws_durable_execution_sdk_python.execution import (
    DurableExecutionInvocationInput,
    DurableExecutionInvocationInputWithClient,
    InitialExecutionState,
)
from aws_durable_execution_sdk_python.lambda_service import (
    ChainedInvokeDetails,
    CheckpointOutput,
    CheckpointUpdatedExecutionState,
    ExecutionDetails,
    Operation,
    OperationStatus,
    OperationType,
    OperationUpdate,
    StateOutput,
    StepDetails,
)
from rich.console import Console
from rich.table import Table

from bench.machine import describe
from tradewind.durable.documents import Start
from tradewind.durable.execution import run_durably
from tradewind.durable.targets import InlineAgents
from tradewind.workflow.spec.model import Spec

STEPS: Final = 200
RUNS: Final = 15
_ARN: Final = "arn:aws:lambda:us-east-1:111122223333:function:f:1/durable-execution/bench/e"
_ANSWER: Final = json.dumps({"workflow_reply": {"text": "x", "input_tokens": 1}})
_KEPT: Final = {OperationType.CHAINED_INVOKE, OperationType.STEP}


class _Service:
    """Ends each operation when it hears of it."""

    def checkpoint(
        self,
        durable_execution_arn: str,
        checkpoint_token: str,
        updates: list[OperationUpdate],
        client_token: str | None,
    ) -> CheckpointOutput:
        now = dt.datetime.now(dt.UTC)
        ended = [
            Operation(
                update.operation_id,
                update.operation_type,
                OperationStatus.SUCCEEDED,
                name=update.name,
                sub_type=update.sub_type,
                start_timestamp=now,
                end_timestamp=now,
                chained_invoke_details=ChainedInvokeDetails(_ANSWER),
                step_details=StepDetails(1, None, update.payload),
            )
            for update in updates
            if update.operation_type in _KEPT
        ]
        return CheckpointOutput("token", CheckpointUpdatedExecutionState(ended))

    def get_execution_state(
        self,
        durable_execution_arn: str,
        checkpoint_token: str,
        next_marker: str,
        max_items: int = 1000,
    ) -> StateOutput:
        return StateOutput()


def _spec() -> Spec:
    step = {"agent": "a", "input": "Go on: {{ last_response }}"}
    return Spec.model_validate(
        {
            "version": 0,
            "name": "bench",
            "runtime": {"provider": "bedrock", "region": "us-east-1", "model_id": "none"},
            "agents": {"a": {"prompt": "You write."}},
            "pattern": {"type": "chain", "config": {"steps": [step] * STEPS}},
        }
    )


def _bare_steps(_event: Any, context: DurableContext) -> None:
    for number in range(STEPS):
        context.step(lambda _: "x", f"step {number}")


def _bare_invokes(_event: Any, context: DurableContext) -> None:
    for number in range(STEPS):
        context.invoke("f", {"input": "x"}, f"call {number}")


def _workflow() -> Callable[[Any, DurableContext], Any]:
    spec, start = _spec(), Start("bench", "0", "run")
    inline = InlineAgents("f", start)
    return lambda _event, context: run_durably(context, start, spec, {}, inline=inline, named={})


def _ms_per_step(handler: Callable[[Any, DurableContext], Any]) -> float:
    execution = Operation(
        "e",
        OperationType.EXECUTION,
        OperationStatus.STARTED,
        start_timestamp=dt.datetime.now(dt.UTC),
        execution_details=ExecutionDetails("{}"),
    )
    event = DurableExecutionInvocationInputWithClient.from_durable_execution_invocation_input(
        DurableExecutionInvocationInput(_ARN, "token", InitialExecutionState([execution], "")),
        _Service(),
    )
    wrapped = durable_execution(handler)
    began = time.perf_counter()
    reply = wrapped(event, SimpleNamespace(aws_request_id="r"))
    took = time.perf_counter() - began
    if reply["Status"] != "SUCCEEDED":
        raise RuntimeError(reply)
    return took * 1000 / STEPS


def main() -> None:
    """Print the table."""
    logging.getLogger().setLevel(logging.CRITICAL)
    handlers = {
        "the SDK's own bare step": _bare_steps,
        "the SDK's own bare invoke": _bare_invokes,
        "a step of a workflow": _workflow(),
    }
    for handler in handlers.values():
        _ms_per_step(handler)
    # In turns, so that what else the machine does meets all alike.
    runs: dict[str, list[float]] = {name: [] for name in handlers}
    for _ in range(RUNS):
        for name, handler in handlers.items():
            runs[name].append(_ms_per_step(handler))
    medians = {name: statistics.median(times) for name, times in runs.items()}
    bare = medians["the SDK's own bare step"]
    table = Table(title=f"{STEPS} steps in one invocation, median of {RUNS} runs")
    for column in ("", "ms per step", "times the bare step"):
        table.add_column(column, justify="right" if column else "left")
    for name, ms in medians.items():
        table.add_row(name, f"{ms:.2f}", f"{ms / bare:.2f}")
    console = Console()
    console.print(describe())
    console.print(table)


if __name__ == "__main__":
    main()
