"""Which workflow an execution runs, and whether it is the one that it was started with."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_durable_execution_sdk_python import durable_execution

from tests.durable_service import DurableService, FunctionKilled
from tradewind.durable.documents import Start
from tradewind.durable.service import DurableWorkflows
from tradewind.workflow.engine.errors import InvalidRun
from tradewind.workflow.spec.loader import load

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:workflows:live"
FLOW: dict[str, Any] = {
    "version": 0,
    "name": "flow",
    "runtime": {"provider": "bedrock", "region": "us-east-1", "model_id": "m", "max_tokens": 9},
    "inputs": {"required": {"topic": "string"}},
    "agents": {"a": {"prompt": "You write about {{ topic }}."}},
    "pattern": {"type": "chain", "config": {"steps": [{"agent": "a", "input": "{{ topic }}"}]}},
}


def write(folder: Path, data: dict[str, Any] = FLOW) -> str:
    """Write the file; gives its hash."""
    file = folder / "flow.yaml"
    file.write_text(yaml.safe_dump(data))
    return load(file).sha256


def run(folder: Path, start: Start, answer: Any = None, **options: Any) -> DurableService:
    workflows = DurableWorkflows(folder, ["flow"], FUNCTION, {})
    handler = durable_execution(workflows.run)
    functions = {FUNCTION: lambda _event: answer}
    return DurableService(handler, start.to_json(), functions, **options)


def failure(folder: Path, start: Start, answer: Any = None) -> tuple[str, str]:
    execution = run(folder, start, answer)
    ended = execution.run()
    assert ended.status == "FAILED"
    return ended.error["ErrorType"].rpartition(".")[2], ended.error["ErrorMessage"]


def start(sha256: str, **more: Any) -> Start:
    return Start("flow", sha256, "run-1", {"topic": "wind"}, **more)


def test_the_workflow_lambda_is_asked_for_one_call(tmp_path: Path) -> None:
    sha256 = write(tmp_path)
    asked = []

    def reply(event: Any) -> Any:
        asked.append(event["workflow_call"])
        return {"workflow_reply": {"text": "gusty", "input_tokens": 3, "output_tokens": 1}}

    workflows = DurableWorkflows(tmp_path, ["flow"], FUNCTION, {})
    service = DurableService(
        durable_execution(workflows.run), start(sha256).to_json(), {FUNCTION: reply}
    )
    assert service.run().result["text"] == "gusty"
    [call] = asked
    assert (call["workflow"], call["sha256"], call["run_id"]) == ("flow", sha256, "run-1")
    assert (call["key"], call["agent"], call["attempt"]) == ("steps/0", "a", 1)
    assert (call["prompt"], call["input"]) == ("You write about wind.", "wind")
    assert call["model"]["provider"] == "bedrock"


def test_a_file_that_was_changed_replays_no_run_of_the_old_one(tmp_path: Path) -> None:
    sha256 = write(tmp_path)
    execution = run(tmp_path, start(sha256), {"workflow_reply": {"text": "x"}})
    execution._invoke()
    execution._go_on()
    write(tmp_path, FLOW | {"description": "another"})

    ended = execution.run()

    assert ended.status == "FAILED"
    assert "flow is not the one that the run was started with" in ended.error["ErrorMessage"]
    assert execution.calls == 1


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"workflow_error": {"kind": "failed", "message": "no model"}}, "AgentFailed", "no model"),
        ({"workflow_error": {"kind": "changed", "message": "changed"}}, "AgentFailed", "changed"),
        ({"workflow_error": {"kind": "unsupported", "message": "x"}}, "Unsupported", "x"),
        ({"workflow_reply": {"text": "x", "other": 1}}, "AgentFailed", "no answer to a call"),
        ({"workflow_error": {"kind": "surprise"}}, "AgentFailed", "no answer to a call"),
        (None, "AgentFailed", "no answer to a call"),
    ],
)
def test_what_is_no_reply_ends_the_run(tmp_path: Path, answer: Any, kind: str, words: str) -> None:
    ended = failure(tmp_path, start(write(tmp_path)), answer)
    assert ended[0] == kind
    assert words in ended[1]


def test_what_may_be_better_the_next_time_is_asked_again(tmp_path: Path) -> None:
    answer = {"workflow_error": {"kind": "retryable", "code": "MODEL_THROTTLED", "message": "busy"}}
    execution = run(tmp_path, start(write(tmp_path)), answer)
    assert execution.run().status == "FAILED"
    assert execution.calls == 3


def test_only_workflows_that_the_settings_name_run_so(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("other", "../flow", ""):
        kind, told = failure(tmp_path, Start(name or "x", "0", "run-1"))
        assert (kind, "the settings name: flow" in told) == ("InvalidRun", True)


def test_an_input_that_is_missing_is_named(tmp_path: Path) -> None:
    kind, told = failure(tmp_path, Start("flow", write(tmp_path), "run-1"))
    assert kind == "InvalidRun"
    assert "topic" in told


def test_a_workflow_that_cannot_fit_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    config = {"steps": [{"agent": "a", "input": "x"}] * 3001}
    sha256 = write(tmp_path, FLOW | {"pattern": {"type": "chain", "config": config}})
    kind, told = failure(tmp_path, start(sha256))
    assert kind == "Unsupported"
    assert "takes 3,001 durable operations, and a run may have 3,000" in told


def test_notes_that_would_be_lost_are_refused(tmp_path: Path) -> None:
    sha256 = write(tmp_path, FLOW | {"context_policy": {"notes": {"file": "run.md"}}})
    kind, told = failure(tmp_path, start(sha256))
    assert kind == "Unsupported"
    assert "has `context_policy.notes`" in told


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"workflow": "flow"},
        {"workflow": "flow", "sha256": "0", "run_id": ""},
        {"workflow": "flow", "sha256": "0", "run_id": "r", "variables": []},
        {"workflow": "flow", "sha256": "0", "run_id": "r", "max_dollars": "1"},
        {"workflow": "flow", "sha256": "0", "run_id": "r", "surprise": 1},
    ],
)
def test_what_is_no_start_is_refused(data: Any) -> None:
    with pytest.raises(InvalidRun):
        Start.from_json(data)


def test_a_start_is_read_as_it_was_written() -> None:
    made = Start("flow", "0", "run-1", {"a": 1}, "project", 2.5)
    assert Start.from_json(made.to_json()) == made


class TestAgentsByName:
    """A file that asks the project's own agents."""

    TERRAIN = "arn:aws:lambda:us-east-1:111122223333:function:terrain:live"
    BY_NAME: dict[str, Any] = FLOW | {
        "agents": {},
        "pattern": {"type": "chain", "config": {"steps": [{"agent": "terrain", "input": "here"}]}},
    }

    def run(self, folder: Path, answer: Any, *, project: str | None = None) -> DurableService:
        file = folder / "flow.yaml"
        file.write_text(yaml.safe_dump(self.BY_NAME))
        found = load(file, {"topic": "x"}, ["terrain"])
        workflows = DurableWorkflows(folder, ["flow"], FUNCTION, {"terrain": self.TERRAIN})
        begun = start(found.sha256, project_id=project)
        return DurableService(
            durable_execution(workflows.run), begun.to_json(), {self.TERRAIN: answer}
        )

    def test_its_own_function_is_asked_as_by_anybody(self, tmp_path: Path) -> None:
        asked = []

        def answer(event: Any) -> Any:
            asked.append(event)
            usage = {"input_tokens": 3, "output_tokens": 2, "cost_usd": 0.5, "tool_calls": 1}
            return {"success": True, "response": "flat", "usage": usage}

        result = self.run(tmp_path, answer, project="farm").run().result
        assert result["text"] == "flat"
        assert (result["spent"]["tokens"], result["spent"]["dollars"]) == (5, 0.5)
        [event] = asked
        assert (event["query"], event["project_id"]) == ("here", "farm")
        assert event["request_id"].startswith("run-1-")

    @pytest.mark.parametrize(
        ("variables", "project", "expected"),
        [
            ({"topic": "x", "project_id": "farm"}, None, "farm"),
            ({"topic": "x", "project_id": "farm"}, "other", "other"),
            ({"topic": "x"}, None, "run-1"),
        ],
    )
    def test_it_works_on_the_project_of_the_input(
        self, tmp_path: Path, variables: dict[str, str], project: str | None, expected: str
    ) -> None:
        file = tmp_path / "flow.yaml"
        declared = {
            "inputs": {"required": {"topic": "string"}, "optional": {"project_id": "string"}}
        }
        file.write_text(yaml.safe_dump(self.BY_NAME | declared))
        workflows = DurableWorkflows(tmp_path, ["flow"], FUNCTION, {"terrain": self.TERRAIN})
        sha256 = load(file, variables, ["terrain"]).sha256
        asked = []

        def answer(event: Any) -> Any:
            asked.append(event["project_id"])
            return {"success": True, "response": "flat"}

        begun = Start("flow", sha256, "run-1", dict(variables), project)
        handler = durable_execution(workflows.run)
        ended = DurableService(handler, begun.to_json(), {self.TERRAIN: answer}).run()
        assert (ended.status, asked) == ("SUCCEEDED", [expected])

    def test_a_repeat_has_the_same_request_id(self, tmp_path: Path) -> None:
        asked = []

        def die(event: Any) -> Any:
            asked.append(event["request_id"])
            raise RuntimeError(json.dumps({"code": "MODEL_THROTTLED"}))

        execution = self.run(tmp_path, die)
        assert "MODEL_THROTTLED" in execution.run().error["ErrorMessage"]
        assert len(asked) == 3
        assert len(set(asked)) == 1

    def test_what_a_killed_function_left_at_work_is_waited_for(self, tmp_path: Path) -> None:
        at_work = {"success": False, "error": {"code": "DUPLICATE_REQUEST", "message": "later"}}
        answers: list[Any] = [
            FunctionKilled(),
            RuntimeError(json.dumps({"code": "DUPLICATE_REQUEST"})),
            *[at_work] * 5,
            {"success": True, "response": "flat"},
        ]

        def answer(_event: Any) -> Any:
            said = answers.pop(0)
            if isinstance(said, Exception):
                raise said
            return said

        execution = self.run(tmp_path, answer)
        assert execution.run().result["text"] == "flat"
        assert set(execution.begun.values()) == {1}

    def test_it_is_not_waited_for_for_ever(self, tmp_path: Path) -> None:
        execution = self.run(
            tmp_path,
            lambda _event: {"success": False, "error": {"code": "DUPLICATE_REQUEST"}},
        )
        assert "DUPLICATE_REQUEST" in execution.run().error["ErrorMessage"]
        assert execution.calls == 3 * 9

    def test_what_no_repeat_would_mend_is_asked_once(self, tmp_path: Path) -> None:
        execution = self.run(
            tmp_path,
            lambda _event: {"success": False, "error": {"code": "MODEL_REFUSED", "message": "no"}},
        )
        assert execution.run().error["ErrorType"].endswith("AgentFailed")
        assert execution.calls == 1

    @pytest.mark.parametrize("answer", [None, [], {}, {"success": True}])
    def test_an_answer_that_is_none(self, tmp_path: Path, answer: Any) -> None:
        told = self.run(tmp_path, lambda _event: answer).run().error["ErrorMessage"]
        assert "no answer of an agent" in told
