"""What keeps a workflow from running in a function."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.agent_environment import agent_environment
from tradewind.contracts.errors import WorkflowInvalid, WorkflowUnsupported
from tradewind.workflow.spec.loader import load as read
from tradewind.workflow_function.loading import load_to_run

ENVIRONMENT = agent_environment(TRADEWIND_CALLS="terrain")
EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "workflows"
SAMPLES = {"number": 5, "integer": 5, "string": "x"}


def flow(**changes: Any) -> dict[str, Any]:
    runtime = {
        "provider": "bedrock",
        "model_id": ENVIRONMENT.model_id,
        "region": ENVIRONMENT.model_region,
    }
    return {
        "version": 0,
        "name": "test",
        "agents": {"a": {"prompt": "You are a."}},
        "pattern": {"type": "chain", "config": {"steps": [{"agent": "a"}]}},
        **changes,
        "runtime": runtime | changes.get("runtime", {}),
    }


def load(folder: Path, data: dict[str, Any]) -> None:
    (folder / "flow.json").write_text(json.dumps(data))
    load_to_run(folder / "flow.json", "flow", {}, ENVIRONMENT)


def steps(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"type": "chain", "config": {"steps": list(steps)}}


def test_a_file_may_ask_those_it_may_ask(tmp_path: Path) -> None:
    load(tmp_path, flow(pattern=steps({"agent": "terrain"}, {"agent": "a"})))
    with pytest.raises(WorkflowInvalid, match="there is no agent 'layout'"):
        load(tmp_path, flow(pattern=steps({"agent": "layout"}, {"agent": "a"})))
    with pytest.raises(WorkflowInvalid, match="there is no agent 'workflows'"):
        load(tmp_path, flow(pattern=steps({"agent": "workflows"}, {"agent": "a"})))


def test_a_wrong_file_is_told_by_its_lines_and_not_by_where_it_lies(tmp_path: Path) -> None:
    with pytest.raises(WorkflowInvalid) as refused:
        load(tmp_path, flow(nmae="x", tags=["UPPER"]))
    assert "flow.json:1:" in refused.value.message
    assert "nmae" in refused.value.message
    assert "/tags/0" in refused.value.message
    assert str(tmp_path) not in refused.value.message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"runtime": {"model_id": "other"}}, "model other"),
        ({"runtime": {"region": "eu-west-3"}}, "region eu-west-3"),
        ({"runtime": {"provider": "ollama", "host": "http://x.test"}}, "ollama"),
        ({"agents": {"a": {"prompt": "p", "model_id": "other"}}}, "model other"),
        ({"agents": {"a": {"prompt": "p", "provider": "openai"}}}, "openai"),
        ({"context_policy": {"compaction": {"summarization_model": "other"}}}, "model other"),
        ({"tools": {"python": ["python_exec"]}}, "python_exec"),
        ({"tools": {"mcp": [{"id": "m", "command": "sh"}]}}, "no program is started"),
        ({"env": {"secrets": [{"key": "AWS_SESSION_TOKEN", "source": "env"}]}}, "env.secrets"),
        ({"agents": {"a": {"prompt": "p", "tools": ["a.b.python_exec"]}}}, "python_exec"),
        (
            {"pattern": steps({"agent": "a", "tool_overrides": ["python_exec"]})},
            "python_exec",
        ),
        ({"tools": {"python": ["os.system"]}}, "never imported"),
    ],
)
def test_what_is_not_for_here_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    load(tmp_path, flow())
    with pytest.raises(WorkflowUnsupported, match=told):
        load(tmp_path, flow(**change))


def test_all_of_it_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(WorkflowUnsupported) as refused:
        load(
            tmp_path,
            flow(runtime={"model_id": "other"}, tools={"python": ["python_exec", "os.system"]}),
        )
    for told in ("other", "python_exec", "os.system"):
        assert told in refused.value.message


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.*")), ids=lambda file: file.stem)
def test_each_example_runs_here(file: Path) -> None:
    environment = agent_environment(TRADEWIND_CALLS="terrain,layout,simulation,report,assistant")

    spec = read(file, named=environment.calls).spec
    assert spec is not None
    inputs = {name: SAMPLES[one.type] for name, one in spec.inputs.required.items()}
    assert load_to_run(file, file.stem, inputs, environment).spec is not None
