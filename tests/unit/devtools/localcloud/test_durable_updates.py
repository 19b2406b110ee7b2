"""A checkpoint is carried out as a whole, or refused as a whole with AWS's words."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from devtools.localcloud.extension.durable import configuration
from devtools.localcloud.extension.durable.execution import MAX_OPERATIONS, Execution
from devtools.localcloud.extension.durable.protocol import Outcome
from devtools.localcloud.extension.durable.refusal import Refused
from tests.unit.devtools.localcloud.durable_world import (
    PENDING,
    World,
    callback,
    chain,
    retry,
    start,
    succeed,
    wait,
)

Update = Mapping[str, Any]


def update(kind: str, action: str, **members: Any) -> dict[str, Any]:
    return {"Id": "a", "Type": kind, "Action": action, **members}


class Open:
    """An execution whose function is at work and checkpoints what a test says."""

    def __init__(self) -> None:
        self.world = World()
        self.world.deploy("f", succeed)
        target = self.world.resolve("f", "1")
        self.execution: Execution = self.world.driver.start(target, "{}", awaited=False)

    def checkpoint(self, *updates: Update, client_token: str | None = None) -> Mapping[str, Any]:
        token = self.execution.token or ""
        return self.world.driver.checkpoint(self.execution.arn, token, updates, client_token)


@pytest.fixture
def at_work() -> Open:
    return Open()


STEP_DONE = (start("STEP"), update("STEP", "SUCCEED"))


@pytest.mark.parametrize(
    ("before", "refused", "message"),
    [
        ((), update("STEP", "CANCEL"), "Invalid action for the given operation type."),
        ((), update("WAIT", "SUCCEED"), "Invalid action for the given operation type."),
        ((), update("CALLBACK", "SUCCEED"), "Invalid action for the given operation type."),
        ((), update("CHAINED_INVOKE", "FAIL"), "Invalid action for the given operation type."),
        ((), update("EXECUTION", "START"), "Invalid action for the given operation type."),
        ((), update("DREAM", "START"), "Unknown operation type."),
        ((), {**start("STEP"), "Id": ""}, "Invalid operation id."),
        ((), {**start("STEP"), "Id": "a/b"}, "Invalid operation id."),
        ((), start("STEP", Name="\n"), "Invalid operation name."),
        ((), start("STEP", ParentId="b"), "Invalid parent operation id."),
        ((start("STEP", "b"),), start("STEP", ParentId="b"), "Invalid parent operation id."),
        ((start("STEP"),), start("STEP"), "Invalid current STEP state to start."),
        (STEP_DONE, start("STEP"), "Invalid current STEP state to start."),
        (STEP_DONE, update("STEP", "SUCCEED"), "Invalid current STEP state to close."),
        (STEP_DONE, retry(), "Invalid current STEP state to re-attempt."),
        ((start("STEP"), retry()), update("STEP", "FAIL"), "Invalid current STEP state to close."),
        ((), update("STEP", "RETRY"), "Invalid StepOptions for the given action."),
        ((), retry(0), "Invalid StepOptions for the given action."),
        ((), retry(Payload="1", Error={"ErrorMessage": "x"}), "both error and payload"),
        ((), update("STEP", "FAIL", Payload="1"), "Cannot provide a Payload for FAIL action."),
        ((), update("STEP", "SUCCEED", Error={"ErrorType": "x"}), "Cannot provide an Error"),
        ((start("CONTEXT"),), start("CONTEXT"), "Cannot start a CONTEXT that already exist."),
        (
            (start("CONTEXT"), update("CONTEXT", "SUCCEED")),
            update("CONTEXT", "FAIL"),
            "Invalid current CONTEXT state to close.",
        ),
        ((wait(1),), wait(1), "Cannot start a WAIT that already exist."),
        ((), wait(0), "Invalid WaitOptions"),
        ((), wait(31_622_401), "Invalid WaitOptions"),
        ((), update("WAIT", "CANCEL"), "Cannot cancel a WAIT that does not exist"),
        ((callback(),), callback(), "Cannot start a CALLBACK that already exist."),
        ((chain("g"),), chain("g"), "CHAINED_INVOKE operation that already exists."),
        ((), start("CHAINED_INVOKE"), "requires ChainedInvokeOptions."),
        ((), chain("not a function"), "Invalid function ARN 'not a function'"),
        ((), chain("g", "x" * 1_048_577), "CHAINED_INVOKE input payload size must be less than"),
        (
            (),
            update("STEP", "SUCCEED", Payload="x" * 262_145),
            "STEP output payload size must be less than or equal to 262144 bytes.",
        ),
        ((), update("STEP", "SUCCEED", Payload="é" * 131_073), "STEP output payload size"),
        (
            (),
            update("STEP", "FAIL", Error={"ErrorMessage": "x" * 32_768}),
            "Error object size must be less than 32768 bytes.",
        ),
        ((start("STEP"),), wait(1), "Inconsistent operation Type."),
        ((start("STEP"),), update("STEP", "SUCCEED", Name="b"), "Inconsistent operation Name."),
    ],
)
def test_what_is_refused_changes_nothing(
    at_work: Open, before: tuple[Update, ...], refused: Update, message: str
) -> None:
    for each in before:
        at_work.checkpoint(each)
    token, kept = at_work.execution.token, json.dumps(at_work.execution.operations)
    with pytest.raises(Refused) as caught:
        at_work.checkpoint(start("CONTEXT", "beside"), refused)
    assert message in str(caught.value)
    assert caught.value.status == 400
    assert json.dumps(at_work.execution.operations) == kept
    assert at_work.execution.token == token, "it may try again"


def test_an_operation_is_started_and_ended_in_one_checkpoint(at_work: Open) -> None:
    answered = at_work.checkpoint(start("STEP"), update("STEP", "SUCCEED", Payload="1"))
    (step,) = answered["NewExecutionState"]["Operations"]
    assert (step["Status"], step["StepDetails"]) == ("SUCCEEDED", {"Attempt": 1, "Result": "1"})
    with pytest.raises(Refused, match="multiple operations with the same ID"):
        at_work.checkpoint(*[{**wait(1), "Id": "b"}] * 2)


def test_an_error_is_gone_once_an_attempt_succeeds(at_work: Open) -> None:
    at_work.checkpoint(start("STEP"), retry(1, Error={"ErrorMessage": "no"}))
    assert at_work.execution.operations["a"]["StepDetails"]["Error"] == {"ErrorMessage": "no"}
    at_work.world.now += 1
    at_work.checkpoint()
    at_work.checkpoint(update("STEP", "SUCCEED", Payload="1"))
    step = at_work.execution.operations["a"]["StepDetails"]
    assert step == {"Attempt": 2, "Result": "1"}


def test_each_token_is_good_for_one_checkpoint(at_work: Open) -> None:
    token = at_work.execution.token or ""
    at_work.checkpoint(start("STEP"))
    with pytest.raises(Refused, match=r"^Invalid checkpoint token$"):
        at_work.world.driver.checkpoint(at_work.execution.arn, token, [], None)
    with pytest.raises(Refused, match=r"^Invalid checkpoint token$"):
        at_work.world.driver.state(at_work.execution.arn, token)


def test_a_checkpoint_that_is_sent_twice_is_carried_out_once(at_work: Open) -> None:
    token = at_work.execution.token or ""
    updates = [start("STEP"), retry()]
    first = at_work.checkpoint(*updates, client_token="c")
    again = at_work.world.driver.checkpoint(at_work.execution.arn, token, updates, "c")
    assert again == first
    assert at_work.execution.operations["a"]["StepDetails"]["Attempt"] == 1
    with pytest.raises(Refused):
        at_work.world.driver.checkpoint(at_work.execution.arn, token, updates, "another")


def test_an_execution_ended_by_a_checkpoint_takes_no_more(at_work: Open) -> None:
    done = {"Id": at_work.execution.id, "Type": "EXECUTION", "Action": "SUCCEED", "Payload": "1"}
    with pytest.raises(Refused, match="must be the last update"):
        at_work.checkpoint(done, start("STEP"))
    answered = at_work.checkpoint(start("STEP"), done)
    assert "CheckpointToken" not in answered
    assert (at_work.execution.status, at_work.execution.result) == ("SUCCEEDED", "1")
    with pytest.raises(Refused):
        at_work.checkpoint(start("STEP", "b"))


def test_operations_are_counted_and_repeats_too(at_work: Open) -> None:
    for first in range(0, MAX_OPERATIONS - 2, 500):
        last = min(first + 500, MAX_OPERATIONS - 2)
        at_work.checkpoint(*[start("STEP", f"s{index}") for index in range(first, last)])
    at_work.checkpoint(start("STEP"), retry())
    with pytest.raises(Refused, match="at most 3000 operations"):
        at_work.checkpoint(start("STEP", "one-more"))
    with pytest.raises(Refused, match="at most 3000 operations"):
        at_work.checkpoint(retry() | {"Id": "s1"})
    at_work.checkpoint(update("STEP", "SUCCEED") | {"Id": "s1"})  # what there is may end


def test_what_is_stored_adds_up(at_work: Open) -> None:
    big = "x" * 262_144
    for index in range(400):
        at_work.checkpoint(update("STEP", "SUCCEED", Payload=big) | {"Id": f"s{index}"})
    with pytest.raises(Refused, match="at most 104857600 bytes"):
        at_work.checkpoint(update("STEP", "SUCCEED", Payload="x"))


@pytest.mark.parametrize(("keep", "known"), [(False, {"a"}), (True, {"a", "b", "c"})])
def test_an_ended_context_s_children_are_replayed_only_if_it_says_so(
    keep: bool, known: set[str]
) -> None:
    world = World()

    def function(event: Any) -> Outcome:
        if len(world.invoked) > 1:
            return succeed(event)
        children = (start("CONTEXT", "b", ParentId="a"), start("STEP", "c", ParentId="b"))
        end = update("CONTEXT", "SUCCEED", ContextOptions={"ReplayChildren": keep})
        answered = world.checkpoint(event, start("CONTEXT"), *children)
        world.checkpoint({**event, "CheckpointToken": answered["CheckpointToken"]}, end)
        token = world.driver.executions.of_function("f")[0].token
        world.checkpoint({**event, "CheckpointToken": token}, wait(1, "w"))
        return PENDING

    world.deploy("f", function)
    execution = world.start()
    world.pass_time(1)
    event = world.invoked[-1][2]
    ids = {each["Id"] for each in event["InitialExecutionState"]["Operations"]}
    assert ids - {execution.id, "w"} == known


def test_a_step_that_polls_keeps_its_state_and_has_not_failed(at_work: Open) -> None:
    at_work.checkpoint(start("STEP"), retry(3, Payload="4"))
    step = at_work.execution.operations["a"]
    assert step["StepDetails"]["Result"] == "4"
    event = at_work.execution.history.events[-1]
    assert event["EventType"] == "StepSucceeded"
    retried = {"CurrentAttempt": 1, "NextAttemptDelaySeconds": 3}
    assert event["StepSucceededDetails"]["RetryDetails"] == retried


class TestConfiguration:
    def test_what_is_kept(self) -> None:
        kept = configuration.checked({"ExecutionTimeout": 60}, "python3.13")
        assert kept == {"ExecutionTimeout": 60, "RetentionPeriodInDays": 14}
        assert configuration.changed(kept, {"RetentionPeriodInDays": "3"}) == {
            "ExecutionTimeout": 60,
            "RetentionPeriodInDays": 3,
        }

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ({}, "ExecutionTimeout is required"),
            ({"ExecutionTimeout": 0}, "must be from 1 to 31622400"),
            ({"ExecutionTimeout": 31_622_401}, "must be from 1 to 31622400"),
            ({"ExecutionTimeout": "soon"}, "no whole number"),
            ({"ExecutionTimeout": 1, "RetentionPeriodInDays": 91}, "must be from 1 to 90"),
            ({"ExecutionTimeout": 1, "Enabled": True}, "Enabled is not supported here"),
        ],
    )
    def test_what_is_refused(self, config: Mapping[str, Any], message: str) -> None:
        with pytest.raises(Refused, match=message):
            configuration.checked(config, "python3.13")

    def test_a_runtime_that_has_none(self) -> None:
        with pytest.raises(Refused, match=r"not supported for the runtime python3\.12"):
            configuration.checked({"ExecutionTimeout": 1}, "python3.12")

    def test_an_existing_function_does_not_become_durable(self) -> None:
        with pytest.raises(Refused, match="cannot enable durable execution"):
            configuration.changed(None, {"ExecutionTimeout": 1})
