"""Executions are driven to their end, one invocation at a time, whatever happens meanwhile."""

import json
from typing import Any

import pytest

from devtools.localcloud.extension.durable.driver import MAX_FAILURES
from devtools.localcloud.extension.durable.execution import Execution
from devtools.localcloud.extension.durable.protocol import MAX_PAGE_BYTES, Outcome
from devtools.localcloud.extension.durable.refusal import Refused
from tests.unit.devtools.localcloud.durable_world import (
    ARN,
    CRASH,
    PENDING,
    World,
    answer,
    callback,
    chain,
    retry,
    start,
    succeed,
    wait,
)


@pytest.fixture
def world() -> World:
    return World()


def operations(event: Any) -> dict[str, Any]:
    """What an event says of each operation."""
    found = event["InitialExecutionState"]["Operations"]
    return {operation["Id"]: operation for operation in found}


def pending_after(world: World, *updates: dict[str, Any]) -> Any:
    """A function that starts something and waits for it, then succeeds with its status."""

    def function(event: Any) -> Outcome:
        known = operations(event)
        if "a" not in known:
            world.checkpoint(event, *updates)
            return PENDING
        if known["a"]["Status"] == "STARTED":
            return PENDING
        return answer("SUCCEEDED", Result=json.dumps(known["a"]["Status"]))

    return function


def callback_id(execution: Execution) -> str:
    found: str = execution.operations["a"]["CallbackDetails"]["CallbackId"]
    return found


class TestInvocations:
    def test_an_execution_ends_with_what_its_function_answers(self, world: World) -> None:
        world.deploy("f", succeed)
        execution = world.start()
        assert (execution.status, execution.result) == ("SUCCEEDED", '"done"')
        ((_, _, event),) = world.invoked
        assert event["DurableExecutionArn"] == execution.arn
        assert event["InitialExecutionState"]["NextMarker"] == ""
        (own,) = operations(event).values()
        assert own["ExecutionDetails"] == {"InputPayload": "{}"}
        assert own["StartTimestamp"] == 1_000_000_000  # milliseconds

    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ({"statusCode": 200}, "Invalid Status in invocation output."),
            ([1], "Invalid Status in invocation output."),
            (
                {"Status": "SUCCEEDED", "Error": {"ErrorMessage": "no"}},
                "Cannot provide an Error for SUCCEEDED status.",
            ),
            ({"Status": "FAILED", "Result": "1"}, "Cannot provide a Result for FAILED status."),
        ],
    )
    def test_an_answer_that_makes_no_sense_fails_it_at_once(
        self, world: World, document: Any, message: str
    ) -> None:
        world.deploy("f", lambda _: Outcome(json.dumps(document)))
        execution = world.start()
        assert execution.status == "FAILED"
        assert execution.error is not None
        assert execution.error["ErrorMessage"] == message
        assert len(world.invoked) == 1

    def test_a_result_that_nobody_waits_for_may_have_a_mebibyte(self, world: World) -> None:
        world.deploy("f", lambda _: answer("SUCCEEDED", Result="x" * (1024 * 1024 + 1)))
        execution = world.start()
        assert execution.error is not None
        assert "less than or equal to 1048576 bytes" in execution.error["ErrorMessage"]

    def test_crashes_are_repeated_later_and_later_and_not_for_ever(self, world: World) -> None:
        world.deploy("f", lambda _: CRASH)
        execution = world.start()
        for delay_s in (0.5, 1, 2, 4):
            before = len(world.invoked)
            world.pass_time(delay_s - 0.1)
            assert len(world.invoked) == before, "repeated too soon"
            world.pass_time(0.1)
            assert len(world.invoked) == before + 1
        assert execution.status == "FAILED"
        assert execution.error == CRASH.error
        assert len(world.invoked) == MAX_FAILURES
        world.pass_time(100)
        assert len(world.invoked) == MAX_FAILURES

    def test_only_crashes_in_a_row_count(self, world: World) -> None:
        def function(event: Any) -> Outcome:
            turn = len(world.invoked)
            if turn % 2:
                return CRASH
            if turn > 20:
                return succeed(event)
            world.checkpoint(event, wait(1, f"w{turn}"))
            return PENDING

        world.deploy("f", function)
        execution = world.start()
        for _ in range(30):
            world.pass_time(1)
        assert execution.status == "SUCCEEDED"

    def test_a_throttled_invocation_is_repeated_and_does_not_count(self, world: World) -> None:
        full = Outcome(error={"ErrorType": "TooManyRequestsException"}, throttled=True)
        world.deploy("f", lambda event: full if len(world.invoked) < 20 else succeed(event))
        execution = world.start()
        for _ in range(20):
            world.pass_time(0.5)
        assert execution.status == "SUCCEEDED"

    def test_what_happens_meanwhile_does_not_hurry_a_repeat(self, world: World) -> None:
        def function(event: Any) -> Outcome:
            if len(world.invoked) > 1:
                return succeed(event)
            world.checkpoint(event, callback())
            return CRASH

        world.deploy("f", function)
        execution = world.start()
        world.driver.end_callback(callback_id(execution), result="yes")
        world.work()
        assert len(world.invoked) == 1
        world.pass_time(0.5)
        assert execution.status == "SUCCEEDED"
        assert len(world.invoked) == 2

    def test_the_state_outlives_a_crash_and_the_old_token_does_not(self, world: World) -> None:
        events: list[Any] = []

        def function(event: Any) -> Outcome:
            events.append(event)
            if len(events) == 1:
                answered = world.checkpoint(event, start("STEP"))
                events[0] = {**event, "CheckpointToken": answered["CheckpointToken"]}
                return CRASH
            return answer("SUCCEEDED", Result=operations(event)["a"]["Status"])

        world.deploy("f", function)
        execution = world.start()
        with pytest.raises(Refused, match=r"^Invalid checkpoint token$"):
            world.checkpoint(events[0], start("STEP", "late"))
        world.pass_time(0.5)
        assert execution.result == "STARTED"
        assert "late" not in execution.operations

    def test_it_resumes_the_version_it_began_on(self, world: World) -> None:
        world.deploy("f", pending_after(world, wait(1)), version="1")
        execution = world.start(version="1")
        world.deploy("f", lambda _: pytest.fail("another version"), version="2")
        world.pass_time(1)
        assert execution.status == "SUCCEEDED"
        assert [version for _, version, _ in world.invoked] == ["1", "1"]

    def test_a_version_that_was_deleted_fails_it(self, world: World) -> None:
        world.deploy("f", pending_after(world, wait(1)))
        execution = world.start()
        del world.code["f", "1"]
        world.pass_time(1)
        assert execution.status == "FAILED"
        assert execution.error is not None
        assert execution.error["ErrorType"] == "ResourceNotFoundException"

    def test_to_wait_for_nothing_is_a_failure(self, world: World) -> None:
        world.deploy("f", lambda _: PENDING)
        execution = world.start()
        for _ in range(10):
            world.pass_time(4)
        assert execution.status == "FAILED"
        assert execution.error is not None
        message = "Cannot return PENDING status with no pending operations."
        assert execution.error["ErrorMessage"] == message

    def test_what_does_not_fit_an_event_is_fetched_by_its_marker(self, world: World) -> None:
        size = 262_144
        count = MAX_PAGE_BYTES // size + 2

        def function(event: Any) -> Outcome:
            if len(operations(event)) == 1:
                for index in range(count):
                    update = {"Id": f"s{index}", "Type": "STEP", "Action": "SUCCEED"}
                    answered = world.checkpoint(event, {**update, "Payload": "x" * size})
                    event = {**event, "CheckpointToken": answered["CheckpointToken"]}
                return CRASH
            path = f"durable-executions/{event['DurableExecutionArn']}/state"
            marker = event["InitialExecutionState"]["NextMarker"]
            token = [event["CheckpointToken"]]
            status, rest = world.call("GET", path, Marker=[marker], CheckpointToken=token)
            assert status == 200
            ids = [*operations(event), *(each["Id"] for each in rest["Operations"])]
            return answer("SUCCEEDED", Result=json.dumps(ids))

        world.deploy("f", function)
        execution = world.start()
        world.pass_time(0.5)
        assert execution.result is not None
        assert json.loads(execution.result) == list(execution.operations)


class TestTimers:
    def test_a_wait_ends_no_sooner_than_it_says(self, world: World) -> None:
        world.deploy("f", pending_after(world, wait(10)))
        execution = world.start()
        world.pass_time(9.9)
        assert len(world.invoked) == 1
        world.pass_time(0.1)
        assert execution.result == '"SUCCEEDED"'
        assert world.invoked[-1][2]["UpdatedOperationIds"] == ["a"]

    def test_a_step_s_attempts_are_counted_and_wait_their_turn(self, world: World) -> None:
        seen: list[tuple[str, int]] = []

        def function(event: Any) -> Outcome:
            step = operations(event).get("a")
            if step:
                seen.append((step["Status"], step["StepDetails"]["Attempt"]))
                assert "NextAttemptTimestamp" not in step["StepDetails"]
            if step and step["StepDetails"]["Attempt"] == 2:
                world.checkpoint(event, {"Id": "a", "Type": "STEP", "Action": "FAIL"})
                return answer("FAILED", Error={"ErrorMessage": "thrice"})
            world.checkpoint(event, start("STEP"), retry(5))
            return PENDING

        world.deploy("f", function)
        execution = world.start()
        assert execution.operations["a"]["Status"] == "PENDING"
        world.pass_time(4.9)
        assert not seen
        world.pass_time(0.1)
        world.pass_time(5)
        assert seen == [("READY", 1), ("READY", 2)]
        assert execution.operations["a"]["StepDetails"]["Attempt"] == 3
        assert execution.status == "FAILED"

    def test_the_execution_s_own_time_ends_it_and_nobody_goes_on(self, world: World) -> None:
        world.deploy("f", pending_after(world, wait(100)), timeout_s=60)
        execution = world.start()
        world.pass_time(60)
        assert execution.status == "TIMED_OUT"
        world.pass_time(100)
        assert len(world.invoked) == 1
        assert world.buried == ["{}"]

    def test_what_is_due_while_the_function_works_comes_with_its_checkpoint(
        self, world: World
    ) -> None:
        def function(event: Any) -> Outcome:
            answered = world.checkpoint(event, wait(1))
            world.now += 2
            next_event = {**event, "CheckpointToken": answered["CheckpointToken"]}
            (operation,) = world.checkpoint(next_event)["NewExecutionState"]["Operations"]
            return answer("SUCCEEDED", Result=operation["Status"])

        world.deploy("f", function)
        assert world.start().result == "SUCCEEDED"
        assert len(world.invoked) == 1

    def test_what_is_due_between_its_last_checkpoint_and_its_end_is_not_lost(
        self, world: World
    ) -> None:
        waits = pending_after(world, wait(1))

        def function(event: Any) -> Outcome:
            outcome: Outcome = waits(event)
            if len(world.invoked) == 1:
                world.now += 2
                world.driver.tick()
            return outcome

        world.deploy("f", function)
        assert world.start().result == '"SUCCEEDED"'
        assert len(world.invoked) == 2


class TestCallbacks:
    def test_a_result_wakes_the_execution(self, world: World) -> None:
        world.deploy("f", pending_after(world, callback()))
        execution = world.start()
        world.driver.end_callback(callback_id(execution), result="yes")
        world.work()
        assert execution.result == '"SUCCEEDED"'
        event = operations(world.invoked[-1][2])["a"]
        assert event["CallbackDetails"]["Result"] == "yes"

    def test_it_ends_once(self, world: World) -> None:
        world.deploy("f", pending_after(world, callback()))
        execution = world.start()
        world.driver.end_callback(callback_id(execution), error={"ErrorMessage": "no"})
        with pytest.raises(Refused) as refused:
            world.driver.end_callback(callback_id(execution), result="yes")
        assert refused.value.code == "CallbackTimeoutException"
        with pytest.raises(Refused) as refused:
            world.driver.heartbeat(callback_id(execution))
        assert refused.value.code == "CallbackTimeoutException"
        world.work()
        assert execution.result == '"FAILED"'

    def test_without_timeouts_it_waits_for_ever(self, world: World) -> None:
        world.deploy("f", pending_after(world, callback(0, 0)), timeout_s=1_000_000)
        execution = world.start()
        world.pass_time(999_999)
        assert (execution.status, len(world.invoked)) == ("RUNNING", 1)

    def test_heartbeats_put_one_timeout_off_and_not_the_other(self, world: World) -> None:
        world.deploy("f", pending_after(world, callback(30, 10)))
        execution = world.start()
        for _ in range(3):
            world.pass_time(9)
            world.driver.heartbeat(callback_id(execution))
        world.pass_time(3)
        assert execution.result == '"TIMED_OUT"'
        error = execution.operations["a"]["CallbackDetails"]["Error"]
        assert error["ErrorType"] == "Callback.Timeout"

    def test_a_missing_heartbeat_ends_it(self, world: World) -> None:
        world.deploy("f", pending_after(world, callback(30, 10)))
        execution = world.start()
        world.pass_time(10)
        error = execution.operations["a"]["CallbackDetails"]["Error"]
        assert error["ErrorType"] == "Callback.Heartbeat"
        assert execution.result == '"TIMED_OUT"'

    def test_an_answer_that_comes_too_late_is_refused_though_nobody_looked(
        self, world: World
    ) -> None:
        world.deploy("f", pending_after(world, callback(30)))
        execution = world.start()
        world.now += 30
        with pytest.raises(Refused):
            world.driver.end_callback(callback_id(execution), result="yes")
        world.work()
        assert execution.result == '"TIMED_OUT"'

    def test_an_answer_that_comes_while_the_function_works_is_told_next(self, world: World) -> None:
        waits = pending_after(world, callback())

        def function(event: Any) -> Outcome:
            outcome: Outcome = waits(event)
            if len(world.invoked) == 1:
                world.driver.end_callback(callback_id(execution()), result="yes")
            return outcome

        def execution() -> Execution:
            (only,) = world.driver.executions.of_function("f")
            return only

        world.deploy("f", function)
        assert world.start().result == '"SUCCEEDED"'

    def test_one_that_is_not_there(self, world: World) -> None:
        with pytest.raises(Refused) as refused:
            world.driver.heartbeat("abc")
        assert refused.value.status == 404


class TestChains:
    def test_a_plain_function_s_answer_wakes_its_caller(self, world: World) -> None:
        world.code["g", "$LATEST"] = lambda event: Outcome(json.dumps({"got": event}))
        world.deploy("f", pending_after(world, chain("g", '{"x": 1}')))
        execution = world.start()
        assert execution.result == '"SUCCEEDED"'
        details = execution.operations["a"]["ChainedInvokeDetails"]
        assert json.loads(details["Result"]) == {"got": {"x": 1}}
        assert [name for name, _, _ in world.invoked] == ["f", "g", "f"]

    def test_a_plain_function_s_error_is_its_caller_s_to_handle(self, world: World) -> None:
        world.code["g", "$LATEST"] = lambda _: CRASH
        world.deploy("f", pending_after(world, chain("g")))
        execution = world.start()
        assert execution.result == '"FAILED"'
        assert execution.operations["a"]["ChainedInvokeDetails"]["Error"] == CRASH.error
        assert [name for name, _, _ in world.invoked].count("g") == 1, "it is not repeated"

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            (succeed, "SUCCEEDED"),
            (lambda _: answer("FAILED", Error={"ErrorMessage": "no"}), "FAILED"),
        ],
    )
    def test_a_durable_function_s_end_wakes_its_caller(
        self, world: World, code: Any, status: str
    ) -> None:
        world.deploy("g", code)
        world.deploy("f", pending_after(world, chain("g:1")))
        execution = world.start()
        assert execution.result == json.dumps(status)
        assert len(world.driver.executions.of_function("g")) == 1
        assert not world.buried, "its caller was told"

    def test_a_durable_function_that_is_stopped_or_out_of_time(self, world: World) -> None:
        world.deploy("g", world.waiting_for(wait(99)), timeout_s=9)
        world.deploy("f", pending_after(world, chain("g:1")))
        stopped, out_of_time = world.start(), world.start()
        child = world.driver.executions.of_function("g")[0]
        world.driver.stop(child.arn, {"ErrorMessage": "enough"})
        world.pass_time(9)
        assert (stopped.result, out_of_time.result) == ('"STOPPED"', '"TIMED_OUT"')
        error = out_of_time.operations["a"]["ChainedInvokeDetails"]["Error"]
        assert error["ErrorType"] == "ChainedInvoke.Timeout"

    @pytest.mark.parametrize(
        ("function", "kind", "message"),
        [
            ("h", "ResourceNotFoundException", f"Function not found: {ARN}h:$LATEST"),
            ("g", "InvalidParameterValueException", "using an unqualified ARN"),
            ("closed", "AccessDeniedException", "not authorized"),
        ],
    )
    def test_one_that_cannot_be_invoked_fails_in_the_same_checkpoint(
        self, world: World, function: str, kind: str, message: str
    ) -> None:
        world.deploy("g", succeed, version="$LATEST")
        world.code["closed", "$LATEST"] = lambda _: pytest.fail("nobody may")
        denied = {"ErrorType": "AccessDeniedException", "ErrorMessage": "not authorized"}
        world.refused["closed"] = denied
        answered: list[Any] = []

        def code(event: Any) -> Outcome:
            answered.append(world.checkpoint(event, chain(function)))
            return succeed(event)

        world.deploy("f", code)
        world.start()
        (operation,) = answered[0]["NewExecutionState"]["Operations"]
        assert operation["Status"] == "FAILED"
        error = operation["ChainedInvokeDetails"]["Error"]
        assert error["ErrorType"] == kind
        assert message in error["ErrorMessage"]

    def test_an_answer_of_more_than_a_mebibyte(self, world: World) -> None:
        world.code["g", "$LATEST"] = lambda _: Outcome(json.dumps("x" * 1024 * 1024))
        world.deploy("f", pending_after(world, chain("g")))
        error = world.start().operations["a"]["ChainedInvokeDetails"]["Error"]
        assert "CHAINED_INVOKE output payload size" in error["ErrorMessage"]

    def test_an_answer_to_a_caller_that_has_ended_changes_nothing(self, world: World) -> None:
        def function(_event: Any) -> Outcome:
            (caller,) = world.driver.executions.of_function("f")
            world.driver.stop(caller.arn, None)
            return CRASH

        world.code["g", "$LATEST"] = function
        world.deploy("f", pending_after(world, chain("g")))
        execution = world.start()
        assert execution.status == "STOPPED"
        assert execution.operations["a"]["Status"] == "STARTED"


class TestStarts:
    def test_the_same_name_and_payload_is_the_same_execution(self, world: World) -> None:
        world.deploy("f", succeed)
        target = world.resolve("f", "1")
        first = world.driver.start(target, '{"x":1}', name="n", awaited=False)
        assert world.driver.start(target, '{"x":1}', name="n", awaited=True) is first
        world.work()
        assert world.driver.start(target, '{"x":1}', name="n", awaited=False) is first, "ended"
        assert len(world.invoked) == 1

    @pytest.mark.parametrize(("function", "payload"), [("f", '{"x": 1}'), ("g", '{"x":1}')])
    def test_a_name_is_taken_in_all_of_the_account(
        self, world: World, function: str, payload: str
    ) -> None:
        world.deploy("f", succeed)
        world.deploy("g", succeed)
        world.driver.start(world.resolve("f", "1"), '{"x":1}', name="n", awaited=False)
        with pytest.raises(Refused) as refused:
            world.driver.start(world.resolve(function, "1"), payload, name="n", awaited=False)
        assert refused.value.code == "DurableExecutionAlreadyStartedException"
        assert refused.value.status == 409

    @pytest.mark.parametrize(
        ("qualifier", "name", "timeout_s", "message"),
        [
            (None, None, 60, "You cannot invoke a durable function using an unqualified ARN."),
            ("1", "with space", 60, "Invalid durable execution name"),
            ("1", "x" * 65, 60, "Invalid durable execution name"),
            ("1", None, 901, "You cannot synchronously invoke"),
        ],
    )
    def test_what_is_not_started(
        self, world: World, qualifier: str | None, name: str | None, timeout_s: int, message: str
    ) -> None:
        world.deploy("f", succeed, timeout_s=timeout_s)
        world.deploy("f", succeed, version="$LATEST", timeout_s=timeout_s)
        with pytest.raises(Refused, match=message):
            world.driver.start(world.resolve("f", qualifier), "{}", name=name, awaited=True)
        assert not world.driver.executions.of_function("f")

    def test_one_that_fails_with_nobody_waiting_goes_to_the_dead_letters(
        self, world: World
    ) -> None:
        failed = answer("FAILED", Error={"ErrorMessage": "no"})
        world.deploy("f", lambda _: failed)
        world.start(payload='{"nobody":1}')
        awaited = world.driver.start(world.resolve("f", "1"), '{"somebody":1}', awaited=True)
        world.work()
        assert awaited.status == "FAILED"
        assert world.buried == ['{"nobody":1}'], "once, and not of one that somebody waits for"

    def test_stopped_stays_stopped_and_the_first_reason_counts(self, world: World) -> None:
        world.deploy("f", pending_after(world, wait(5)))
        execution = world.start()
        for reason in ("first", "second"):
            world.driver.stop(execution.arn, {"ErrorMessage": reason})
        world.pass_time(5)
        assert execution.status == "STOPPED"
        assert execution.error == {"ErrorMessage": "first"}
        assert len(world.invoked) == 1
        assert world.buried == ["{}"], "once"
        assert [status for _, status in world.counted] == ["RUNNING", "STOPPED"], "once"
