"""The API of executions: what it shows, in pages, and what it refuses."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.devtools.localcloud.durable_world import (
    PENDING,
    World,
    answer,
    callback,
    start,
    succeed,
)


@pytest.fixture
def world() -> World:
    return World()


def test_an_execution_is_told_with_its_data_unless_told_otherwise(world: World) -> None:
    world.deploy("f", succeed)
    execution = world.start(payload='{"x":1}')
    path = f"durable-executions/{execution.arn}"
    status, whole = world.call("GET", path)
    assert status == 200
    assert (whole["Status"], whole["Result"]) == ("SUCCEEDED", '"done"')
    assert whole["InputPayload"] == '{"x":1}'
    assert whole["FunctionArn"].endswith(":function:f:1")
    _, short = world.call("GET", path, IncludeExecutionData=["false"])
    assert not {"InputPayload", "Result", "Error"} & set(short)
    assert short["ExecutionDataIncluded"] is False


def test_history_comes_in_pages_either_way_round(world: World) -> None:
    def function(event: Any) -> Any:
        world.checkpoint(event, *[start("STEP", f"s{index}") for index in range(5)])
        return succeed(event)

    world.deploy("f", function)
    execution = world.start(payload='{"secret":1}')
    path = f"durable-executions/{execution.arn}/history"

    def read(**query: Any) -> list[Any]:
        events: list[Any] = []
        marker = None
        while True:
            more: dict[str, Any] = {"Marker": [marker]} if marker else {}
            status, page = world.call("GET", path, MaxItems=["3"], **more, **query)
            assert status == 200
            assert len(page["Events"]) <= 3
            events += page["Events"]
            marker = page.get("NextMarker")
            if not marker:
                return events

    events = read()
    assert [event["EventId"] for event in events] == list(range(1, 9))
    assert [event["EventType"] for event in events] == [
        "ExecutionStarted",
        *["StepStarted"] * 5,
        "InvocationCompleted",
        "ExecutionSucceeded",
    ]
    assert "secret" not in str(events), "data only when asked for"
    assert "secret" in str(read(IncludeExecutionData=["true"]))
    assert read(ReverseOrder=["true"]) == events[::-1]


def test_every_status_asked_for_is_listed(world: World) -> None:
    world.deploy("f", succeed)
    world.start()
    world.deploy("f", lambda _: answer("FAILED", Error={"ErrorMessage": "no"}))
    world.start()
    world.deploy("f", world.waiting_for(callback()))
    running = world.start()

    def listed(**query: Any) -> list[str]:
        status, page = world.call("GET", "functions/f/durable-executions", **query)
        assert status == 200
        return [each["Status"] for each in page["DurableExecutions"]]

    assert listed() == ["RUNNING", "FAILED", "SUCCEEDED"], "the newest first"
    assert listed(ReverseOrder=["true"]) == ["SUCCEEDED", "FAILED", "RUNNING"]
    assert listed(Statuses=["FAILED", "RUNNING"]) == ["RUNNING", "FAILED"]
    assert listed(DurableExecutionName=[running.name]) == ["RUNNING"]
    assert listed(Qualifier=["1"]) == ["RUNNING", "FAILED", "SUCCEEDED"]
    assert listed(Qualifier=["2"]) == []
    moment = datetime.fromtimestamp(world.now + 1, UTC).isoformat()
    assert listed(StartedAfter=[moment]) == []
    assert len(listed(StartedBefore=[moment])) == 3


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"Statuses": ["DONE"]}, "there is no status DONE"),
        ({"MaxItems": ["1001"]}, "Invalid MaxItems"),
        ({"MaxItems": ["-1"]}, "Invalid MaxItems"),
        ({"Marker": ["x"]}, "Invalid Marker"),
        ({"StartedAfter": ["yesterday"]}, "Invalid StartedAfter"),
    ],
)
def test_queries_that_make_no_sense(world: World, query: Any, message: str) -> None:
    status, refused = world.call("GET", "functions/f/durable-executions", **query)
    assert status == 400
    assert message in refused["message"]


def test_callbacks_are_answered_over_the_api(world: World) -> None:
    def function(event: Any) -> Any:
        if len(event["InitialExecutionState"]["Operations"]) > 1:
            return succeed(event)
        world.checkpoint(event, callback())
        return PENDING

    world.deploy("f", function)
    for action, body, expected in (
        ("succeed", b'"yes"', {"Result": '"yes"'}),
        ("fail", {"ErrorMessage": "no"}, {"Error": {"ErrorMessage": "no"}}),
    ):
        execution = world.start()
        details = execution.operations["a"]["CallbackDetails"]
        path = f"durable-execution-callbacks/{details['CallbackId']}"
        assert world.call("POST", f"{path}/heartbeat") == (200, {})
        assert world.call("POST", f"{path}/{action}", body) == (200, {})
        assert details == {"CallbackId": details["CallbackId"], **expected}
        status, refused = world.call("POST", f"{path}/{action}", body)
        assert (status, refused["Type"]) == (400, "User")


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"x" * 262_145, "at most 262144 bytes"), (b"\xff", "no UTF-8 text")],
)
def test_results_that_are_not_taken(world: World, body: bytes, message: str) -> None:
    status, refused = world.call("POST", "durable-execution-callbacks/abc/succeed", body)
    assert status == 400
    assert message in refused["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "durable-executions/arn:x:1/durable-execution/a/b"),
        ("POST", "durable-executions/arn:x:1/durable-execution/a/b/stop"),
        ("POST", "durable-executions/arn:x:1/durable-execution/a/b/pause"),
        ("DELETE", "durable-executions/arn:x:1/durable-execution/a/b"),
        ("POST", "durable-execution-callbacks/abc/heartbeat"),
    ],
)
def test_what_is_not_there(world: World, method: str, path: str) -> None:
    status, _ = world.call(method, path)
    assert status == 404


def test_stopping_tells_when(world: World) -> None:
    world.deploy("f", world.waiting_for(callback()))
    execution = world.start()
    path = f"durable-executions/{execution.arn}/stop"
    assert world.call("POST", path, {"ErrorType": "Enough"}) == (
        200,
        {"StopTimestamp": world.now},
    )
    assert execution.error == {"ErrorType": "Enough"}
    stopped_at = world.now
    world.now += 10
    assert world.call("POST", path)[1] == {"StopTimestamp": stopped_at}, "it had ended"
