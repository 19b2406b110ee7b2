"""``tradewind durable``, in front of a service in memory that answers as boto3 does."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from cli.__main__ import tradewind
from cli.errors import CommandError
from cli.workflow.durable_runs import DurableRuns
from tests.unit.workflow.spec.files import loaded, sound

ARN = "arn:aws:lambda:us-east-1:1:function:tradewind-local-durable:3/durable-execution/run-1/e"
PAUSE = {
    "key": "steps/1",
    "prompt": "Build it?",
    "context": "",
    "asked_at": 1.0,
    "default": None,
    "timeout_s": 0.0,
    "pattern": "^(yes|no)$",
    "choices": [],
}
WAITING = [
    {"EventType": "ExecutionStarted", "Name": "run-1"},
    {"EventType": "ChainedInvokeStarted", "Name": "call steps/0 #1"},
    {"EventType": "ChainedInvokeSucceeded", "Name": "call steps/0 #1"},
    {"EventType": "ChainedInvokeStarted", "Name": "call steps/2 #1"},
    {"EventType": "StepStarted", "Name": "question steps/1 #1"},
    {
        "EventType": "StepSucceeded",
        "Name": "question steps/1 #1",
        "StepSucceededDetails": {"Result": {"Payload": json.dumps(PAUSE)}},
    },
    {
        "EventType": "CallbackStarted",
        "Name": "answer steps/1 #1",
        "CallbackStartedDetails": {"CallbackId": "callback-1"},
    },
]
ANSWERED = {"EventType": "CallbackSucceeded", "Name": "answer steps/1 #1"}
LEFT = {
    "text": "Built.",
    "artifacts": [{"path": "out/a.md", "text": "hello"}],
    "spent": {"steps": 1, "tokens": 2, "dollars": 0.0, "seconds": 3.0},
}


class Lambda:
    """Answers as boto3's client, and notes what it is asked."""

    def __init__(self, events: list[Any], **execution: Any) -> None:
        self.execution = {"Status": "RUNNING"} | execution
        self.events = events
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def invoke(self, **asked: Any) -> None:
        self.asked.append(("invoke", asked))

    def list_durable_executions_by_function(self, **asked: Any) -> Any:
        assert asked["FunctionName"] == "tradewind-local-durable"
        names = ["run-1"] if asked["DurableExecutionName"] == "run-1" else []
        return {
            "DurableExecutions": [
                {"DurableExecutionArn": ARN, "DurableExecutionName": name} for name in names
            ]
        }

    def get_durable_execution(self, **asked: Any) -> Any:
        assert asked == {"DurableExecutionArn": ARN}
        return self.execution

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_durable_execution_history"
        # One event a page.
        pages = [{"Events": [event]} for event in self.events]
        return SimpleNamespace(paginate=lambda **_asked: pages)

    def send_durable_execution_callback_success(self, **asked: Any) -> None:
        self.asked.append(("answer", asked))

    def stop_durable_execution(self, **asked: Any) -> None:
        self.asked.append(("stop", asked))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def _run(client: Any, *arguments: str) -> Result:
        runs = DurableRuns(client, "tradewind-local-durable:live")
        monkeypatch.setattr("cli.commands.durable._runs", lambda _environment: runs)
        return CliRunner().invoke(tradewind, ["durable", *arguments], standalone_mode=False)

    return _run


def status(result: Result) -> int:
    """The exit status, as ``main`` makes it."""
    error = result.exception
    return error.status if isinstance(error, CommandError) else int(result.return_value or 0)


def test_a_run_is_started_with_the_files_hash(run: Any, tmp_path: Path) -> None:
    sha256 = loaded(tmp_path, sound("chain")).sha256
    client = Lambda([])
    result = run(client, "start", str(tmp_path / "flow.yaml"), "--run", "run-1", "--max-usd", "2")
    assert (status(result), result.output) == (0, "run-1\n")
    [(_, asked)] = client.asked
    assert asked["InvocationType"] == "Event"
    assert asked["DurableExecutionName"] == "run-1"
    assert asked["FunctionName"] == "tradewind-local-durable:live"
    sent = json.loads(asked["Payload"])
    assert (sent["workflow"], sent["sha256"], sent["max_dollars"]) == ("flow", sha256, 2)


def test_a_run_that_is_given_no_id_gets_one(run: Any, tmp_path: Path) -> None:
    loaded(tmp_path, sound("chain"))
    client = Lambda([])
    made = [run(client, "start", str(tmp_path / "flow.yaml")).output.strip() for _ in range(2)]
    assert made[0] != made[1]
    assert [asked["DurableExecutionName"] for _, asked in client.asked] == made


def test_what_cannot_run_is_not_started(run: Any, tmp_path: Path) -> None:
    client = Lambda([])
    data = sound("chain")
    step = data["pattern"]["config"]["steps"][0]
    loaded(tmp_path, data | {"pattern": {"type": "chain", "config": {"steps": [step] * 3001}}})
    result = run(client, "start", str(tmp_path / "flow.yaml"))
    assert status(result) == 18
    assert "takes 3,001 durable operations" in result.stderr
    loaded(tmp_path, data | {"context_policy": {"notes": {"file": "run.md"}}})
    result = run(client, "start", str(tmp_path / "flow.yaml"))
    assert (status(result), "`context_policy.notes`" in result.stderr) == (18, True)
    loaded(tmp_path, data | {"surprise": 1})
    assert status(run(client, "start", str(tmp_path / "flow.yaml"))) == 3
    assert client.asked == []


def test_a_run_that_waits_is_shown_with_its_question(run: Any) -> None:
    result = run(Lambda(WAITING), "show", "run-1")
    assert status(result) == 19
    for words in ("running", "done     steps/0 #1", "at work  steps/2 #1", "Build it?"):
        assert words in result.output
    seen = json.loads(run(Lambda(WAITING), "show", "run-1", "--json").output)
    assert seen["question"]["prompt"] == "Build it?"


def test_a_run_that_was_answered_waits_for_nobody(run: Any) -> None:
    client = Lambda([*WAITING, ANSWERED])
    assert status(run(client, "show", "run-1")) == 4
    assert status(run(client, "answer", "run-1", "yes")) == 17
    assert client.asked == []


def test_an_answer_goes_to_the_callback(run: Any) -> None:
    client = Lambda(WAITING)
    assert status(run(client, "answer", "run-1", "yes")) == 0
    assert client.asked == [("answer", {"CallbackId": "callback-1", "Result": b'"yes"'})]


def test_an_answer_that_was_not_asked_for_is_not_sent(run: Any) -> None:
    client = Lambda(WAITING)
    result = run(client, "answer", "run-1", "perhaps")
    assert status(result) == 17
    assert "still waits: the answer must match" in str(result.exception)
    assert client.asked == []


def test_what_a_run_left_is_shown_and_written(run: Any, tmp_path: Path) -> None:
    client = Lambda([*WAITING, ANSWERED], Status="SUCCEEDED", Result=json.dumps(LEFT))
    result = run(client, "show", "run-1", "--out", str(tmp_path / "out"))
    assert status(result) == 0
    assert "Built." in result.output
    assert (tmp_path / "out" / "out" / "a.md").read_text() == "hello"
    (tmp_path / "out" / "out" / "a.md").write_text("mine")
    assert status(run(client, "show", "run-1", "--out", str(tmp_path / "out"))) == 12
    assert json.loads(run(client, "show", "run-1", "--json").output)["result"] == LEFT


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("tradewind.workflow.engine.errors.BudgetSpent", 20),
        ("tradewind.workflow.engine.errors.PatternFailed", 10),
        ("tradewind.workflow.engine.errors.Unsupported", 18),
        ("tradewind.workflow.engine.errors.InvalidRun", 3),
        ("Final", 10),
        ("", 10),
    ],
)
def test_a_run_that_failed_says_so_as_one_on_this_machine(
    run: Any, kind: str, expected: int
) -> None:
    error = {"ErrorType": kind, "ErrorMessage": "it\nfailed"}
    result = run(Lambda(WAITING, Status="FAILED", Error=error), "show", "run-1")
    assert status(result) == expected
    assert "it failed" in result.stderr


def test_a_run_can_be_stopped(run: Any) -> None:
    client = Lambda(WAITING)
    assert status(run(client, "stop", "run-1")) == 0
    assert client.asked[0][1]["DurableExecutionArn"] == ARN


def test_a_run_that_there_is_not(run: Any) -> None:
    for arguments in (["show", "run-2"], ["answer", "run-2", "x"], ["stop", "../x"]):
        assert status(run(Lambda([]), *arguments)) == 17


def test_where_no_setting_names_a_workflow_the_way_is_told(run: Any, tmp_path: Path) -> None:
    def refuse(**_asked: Any) -> None:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Invoke")

    loaded(tmp_path, sound("chain"))
    result = run(SimpleNamespace(invoke=refuse), "start", str(tmp_path / "flow.yaml"))
    assert status(result) == 1
    assert "workflows.durable" in str(result.exception)


@pytest.mark.parametrize("name", ["PAUSING", "PAUSED"])
def test_an_execution_that_is_paused_has_not_failed(run: Any, name: str) -> None:
    assert status(run(Lambda([], Status=name), "show", "run-1")) == 4
