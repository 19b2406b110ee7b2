"""A new version gets requests when it has answered a question, and in no other case."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.deployed_agents import AGENTS, FIRST, FOLDER
from tradewind.aws.deadline import Deadline, call_time_left_s
from tradewind.contracts.errors import DeadlineExceeded
from tradewind.contracts.request import parse_request
from tradewind.handlers.prober import Prober, question_of

EVENT = {"DeploymentId": "d-ABC123XYZ", "LifecycleEventHookExecutionId": "hook-1"}
GOOD = {"success": True, "response": "I place turbines."}


class CodeDeploy:
    """CodeDeploy as far as one hook goes."""

    def __init__(self) -> None:
        self.reported: list[dict[str, str]] = []
        self.group = FIRST

    def get_deployment(self, deploymentId: str) -> dict[str, Any]:  # noqa: N803
        assert deploymentId == "d-ABC123XYZ"
        return {"deploymentInfo": {"deploymentGroupName": self.group}}

    def put_lifecycle_event_hook_execution_status(self, **told: str) -> None:
        assert (call_time_left_s() or 0) > 0
        self.reported.append(told)


class Lambda:
    """Lambda as far as one invocation goes."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: Callable[[], dict[str, Any]] = lambda: {"Payload": GOOD}

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        reply = self.answers()
        return {**reply, "Payload": io.BytesIO(json.dumps(reply["Payload"]).encode())}


class Hook:
    """The probe, between CodeDeploy and Lambda, and what it printed."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self.codedeploy = CodeDeploy()
        self.functions = Lambda()
        self._captured = captured
        functions: Any = self.functions
        self._prober = Prober(
            "prod",
            {FIRST: "8", "another": "12"},
            FOLDER,
            deployments=self.codedeploy,
            functions=functions,
        )

    def runs(self) -> bool:
        """Whether the version passed, as it was told; CodeDeploy hears the same."""
        passed = self._prober.probe(EVENT, Deadline(300))["passed"]
        [told] = self.codedeploy.reported
        assert told["status"] == ("Succeeded" if passed else "Failed")
        return bool(passed)

    def printed(self) -> list[dict[str, Any]]:
        lines = self._captured.readouterr().out.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def refused(self) -> tuple[str, str | None]:
        """Reason and code of the refusal that was logged, counted once."""
        told = self.printed()
        [line] = [one for one in told if one.get("message") == "Probe done"]
        [count] = [one for one in told if "VersionsRefused" in one]
        assert (line["level"], line["passed"], count["VersionsRefused"]) == ("ERROR", False, 1)
        return line["reason"], line.get("error_code")


@pytest.fixture
def hook(capsys: pytest.CaptureFixture[str]) -> Hook:
    return Hook(capsys)


def test_the_new_version_itself_is_asked_the_question_of_its_manifest(hook: Hook) -> None:
    assert hook.runs()
    [asked] = hook.functions.asked
    # Not through the alias, which leads to the version before.
    assert asked["FunctionName"] == f"tradewind-prod-{FIRST}:8"
    assert "Qualifier" not in asked
    request = parse_request(json.loads(asked["Payload"]), FIRST)
    assert request.query == question_of(FOLDER / FIRST)["query"]
    assert (request.owner, request.request_id) == ("tradewind:probe", "probe-d-ABC123XYZ")
    assert hook.codedeploy.reported == [
        {
            "deploymentId": "d-ABC123XYZ",
            "lifecycleEventHookExecutionId": "hook-1",
            "status": "Succeeded",
        }
    ]
    told = hook.printed()
    [count] = [one for one in told if "VersionsRefused" in one]
    assert count["VersionsRefused"] == 0
    # What was asked and answered is nobody's to read in a log.
    assert not [one for one in told if "turbines" in json.dumps(one)]


@pytest.mark.parametrize(
    ("reply", "reason", "code"),
    [
        (
            {
                "FunctionError": "Unhandled",
                "Payload": {
                    "errorType": "InvocationFailed",
                    "errorMessage": json.dumps({"code": "MODEL_ACCESS_DENIED"}),
                },
            },
            "Its function failed.",
            "MODEL_ACCESS_DENIED",
        ),
        # One that dies in init.
        (
            {
                "FunctionError": "Unhandled",
                "Payload": {
                    "errorType": "Runtime.ImportModuleError",
                    "errorMessage": "Unable to import module",
                },
            },
            "Its function failed.",
            "Runtime.ImportModuleError",
        ),
        (
            {"Payload": {"success": False, "error": {"code": "INVALID_REQUEST"}}},
            "It did not answer the question.",
            "INVALID_REQUEST",
        ),
        ({"Payload": None}, "It did not answer the question.", None),
        ({"Payload": {"success": "true"}}, "It did not answer the question.", None),
    ],
)
def test_a_version_that_does_not_answer_is_refused(
    reply: dict[str, Any], reason: str, code: str | None, hook: Hook
) -> None:
    hook.functions.answers = lambda: reply
    assert not hook.runs()
    assert hook.refused() == (reason, code)


def denied() -> Exception:
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (denied(), "It could not be asked: AccessDeniedException."),
        (ReadTimeoutError(endpoint_url="https://l"), "It could not be asked: ReadTimeoutError."),
        (DeadlineExceeded("over"), "It gave no answer in time."),
        (ZeroDivisionError(), "The probe failed: ZeroDivisionError."),
    ],
)
def test_whatever_happens_is_reported(error: Exception, reason: str, hook: Hook) -> None:
    def fail() -> dict[str, Any]:
        raise error

    hook.functions.answers = fail
    assert not hook.runs()
    assert hook.refused() == (reason, None)


def test_a_group_that_is_no_agents_is_refused(hook: Hook) -> None:
    hook.codedeploy.group = "somebody_elses"
    assert not hook.runs()
    assert hook.functions.asked == []
    assert hook.refused() == ("The probe failed: KeyError.", None)


def test_what_cannot_be_reported_fails_the_function(
    monkeypatch: pytest.MonkeyPatch, hook: Hook
) -> None:
    def refuse(**_told: str) -> None:
        raise denied()

    monkeypatch.setattr(hook.codedeploy, "put_lifecycle_event_hook_execution_status", refuse)
    with pytest.raises(ClientError):
        hook.runs()


def test_an_agent_that_names_no_question_is_asked_its_example(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text('description = "It answers."\n')
    (tmp_path / "request.json").write_text('{"query": "How far?", "parameters": {"n": 3}}')
    assert question_of(tmp_path) == {"query": "How far?", "parameters": {"n": 3}}


@pytest.mark.parametrize("agent", list(AGENTS))
def test_every_agents_question_is_one_that_it_takes(agent: str) -> None:
    asked = {**question_of(FOLDER / agent), "agent": agent}
    assert parse_request(asked, agent).query
