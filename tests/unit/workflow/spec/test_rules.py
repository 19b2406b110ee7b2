# ruff: noqa: E501, PLR0917  tables
"""Each rule of the format: what breaks it is reported where it is, and says what is allowed."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.workflow.spec.files import CONFIGS, HITL, changed, found, loaded, sound
from tradewind.workflow.spec.loader import EXIT_INVALID, EXIT_UNSUPPORTED, EXIT_VALID
from tradewind.workflow.spec.problem import Severity

C = "pattern/config"
ANYWHERE = [
    ("name", "", "/name", "must not be empty"),
    ("name", 5, "/name", "must be a string, not 5"),
    ("version", True, "/version", "whole number or a string"),
    ("tags", ["a", "a"], "/tags", "twice"),
    ("tags", ["A"], "/tags/0", "lower-case"),
    ("metadata", {"labels": {"a": 1}}, "/metadata/labels/a", "a string"),
    ("frobnicate", 1, "/frobnicate", "not a key here"),
    ("runtime/provider", "bedrok", "/runtime/provider", "did you mean `bedrock`"),
    ("runtime", {"provider": "bedrock"}, "/runtime", "`region` is missing"),
    ("runtime", {"provider": "ollama"}, "/runtime", "`host` is missing"),
    ("runtime", {"region": "x"}, "/runtime", "`provider` is missing; it is one of bedrock"),
    ("runtime/host", "ftp://x", "/runtime/host", "https://"),
    ("runtime/temperature", 2.1, "/runtime/temperature", "from 0 to 2"),
    ("runtime/top_p", -1, "/runtime/top_p", "from 0 to 1"),
    ("runtime/max_tokens", 0, "/runtime/max_tokens", "1 or more"),
    ("runtime/max_parallel", "5", "/runtime/max_parallel", "whole number of 1 or more"),
    ("runtime/max_parallel", 1.5, "/runtime/max_parallel", "whole number"),
    ("runtime/max_parallel", True, "/runtime/max_parallel", "whole number"),
    ("runtime/budgets/max_steps", 0, "/runtime/budgets/max_steps", "1 or more"),
    ("runtime/budgets/tokens", 0, "/runtime/budgets/tokens", "1 or more"),
    ("runtime/budgets", {"tokens": 1, "max_tokens": 1}, "/runtime/budgets", "mean the same"),
    ("runtime/budgets/warn_threshold", 2, "/runtime/budgets/warn_threshold", "from 0 to 1"),
    ("runtime/failure_policy/retries", -1, "/runtime/failure_policy/retries", "0 or more"),
    ("runtime/failure_policy/backoff", "x", "/runtime/failure_policy/backoff", "not allowed"),
    ("runtime/failure_policy", {"wait_min": 9, "wait_max": 2}, "/runtime/failure_policy", "at most"),
    ("runtime/preset", "x", "/runtime/preset", "give `provider`"),
    ("inputs/variables", {}, "/inputs/variables", "`required` or `optional`"),
    ("inputs/required/n", "whole", "/inputs/required/n", "not allowed"),
    ("inputs/required/n", {}, "/inputs/required/n", "`type` is missing"),
    ("inputs/optional/n", {"type": "integer", "default": "x"}, "/inputs/optional/n/default", "whole"),
    ("inputs/optional/n", {"type": "integer", "enum": ["x"]}, "/inputs/optional/n/enum/0", "whole"),
    ("inputs/required/topic", "string", "/inputs/optional/topic", "keep one"),
    ("env/secrets", [{"key": "A"}], "/env/secrets/0", "`source` is missing"),
    ("env/secrets", [{"key": "A", "source": "x"}], "/env/secrets/0/source", "not allowed"),
    ("env/secrets", [{"key": "A", "source": "env"}] * 2, "/env/secrets/1/key", "already"),
    ("telemetry/otel/endpoint", "nowhere", "/telemetry/otel/endpoint", "https://"),
    ("telemetry/otel/sample_ratio", 1.1, "/telemetry/otel/sample_ratio", "from 0 to 1"),
    ("telemetry/redact/custom_patterns", ["("], "/telemetry/redact/custom_patterns/0", "regular"),
    ("context_policy/compaction/when_tokens_over", 999, "/context_policy/compaction/when_tokens_over", "1000"),
    ("context_policy/notes", {}, "/context_policy/notes", "`file` is missing"),
    ("context_policy/notes", {"file": "x", "format": "y"}, "/context_policy/notes/format", "not allowed"),
    ("context_policy/retrieval/jit_tools", ["x"], "/context_policy/retrieval/jit_tools/0", "not allowed"),
    ("agents", {}, "/agents", "at least 1"),
    ("agents/a", {}, "/agents/a", "`prompt` is missing"),
    ("agents/a b", {"prompt": "x"}, "/agents/a b", "letters, digits"),
    ("agents/a/inference", {"top_k": 1}, "/agents/a/inference/top_k", "not a key here"),
    ("agents/a/output_schema", {"type": 5}, "/agents/a/output_schema", "JSON Schema"),
    ("agents/a/output_schema", "gone.json", "/agents/a/output_schema", "No such file"),
    ("agents/a", {"$ref": "gone.yaml"}, "/agents/a/$ref", "No such file"),
    ("agents/a", {"$ref": "/etc/passwd.yaml"}, "/agents/a/$ref", "relative"),
    ("agents/a", {"$ref": "flow.yaml"}, "/agents/a/$ref", "refers to another"),
    ("agents/a", {"$ref": "x.yaml", "prompt": "y"}, "/agents/a/prompt", "not a key here"),
    ("tools/http_executors", [{"id": "x"}], "/tools/http_executors/0", "`base_url` is missing"),
    ("tools/mcp", [{"id": "x"}], "/tools/mcp/0", "`command` or `url`"),
    ("tools/mcp", [{"id": "x", "command": "y", "url": "https://z"}], "/tools/mcp/0", "not both"),
    ("tools/mcp", [{"id": "x", "command": "y"}] * 2, "/tools/mcp/1/id", "already"),
    ("skills", [{"id": "x"}], "/skills/0", "`path` is missing"),
    ("outputs/artifacts", [{"path": "x"}], "/outputs/artifacts/0", "`from` is missing"),
    ("outputs/artifacts", [{"path": "{{", "from": "x"}], "/outputs/artifacts/0/path", "template"),
    ("outputs/artifacts", [{"path": "x", "from": "y", "description": "z"}],
     "/outputs/artifacts/0/description", "`path` and a `from`"),
    ("security/guardrails/deny_network", "yes", "/security/guardrails/deny_network", "true or false"),
    ("pattern/type", "single", "/pattern/type", "chain of one step"),
    ("pattern/type", "grph", "/pattern/type", "did you mean `graph`"),
    ("pattern", {"type": "chain"}, "/pattern", "`config` is missing"),
]  # fmt: skip
PATTERNS = [
    ("chain", "steps", [], "/steps", "at least 1"),
    ("chain", "tasks", [], "/tasks", "of type workflow, and this one is chain"),
    ("chain", "steps/0/agent", "aa", "/steps/0/agent", "did you mean `a`"),
    ("chain", "steps/0/agent_id", "a", "/steps/0/agent_id", "named with `agent`"),
    ("chain", "steps/0/output_key", "a", "/steps/0/output_key", "steps[0].response"),
    ("chain", "steps/0/input", "{{ x", "/steps/0/input", "is not a template"),
    ("chain", "steps/0/vars", {"x": []}, "/steps/0/vars/x", "a string, a number"),
    ("chain", "steps/0/tool_overrides", "x", "/steps/0/tool_overrides", "a list"),
    ("chain", "steps/1", {"prompt": "x"}, "/steps/1", "`type: hitl`"),
    ("chain", "steps/1/agent", "a", "/steps/1/agent", "asks a person"),
    ("chain", "steps/1/timeout_seconds", -1, "/steps/1/timeout_seconds", "0 or more"),
    ("chain", "steps/1/validation", {}, "/steps/1/validation", "not a key here"),
    ("workflow", "tasks/1/id", "one", "/tasks/1/id", "already"),
    ("workflow", "tasks/1/id", "a b", "/tasks/1/id", "letters, digits"),
    ("workflow", "tasks/1/deps", ["on"], "/tasks/1/deps/0", "did you mean `one`"),
    ("workflow", "tasks/1/deps", ["one", "one"], "/tasks/1/deps", "twice"),
    ("workflow", "tasks/0/deps", ["three"], "/tasks/0/deps", "waits for itself"),
    ("workflow", "tasks/0/depends_on", ["three"], "/tasks/0/depends_on", "waits for itself"),
    ("workflow", "tasks/1/depends_on", ["one"], "/tasks/1", "mean the same"),
    ("parallel", "branches", [CONFIGS["parallel"]["branches"][0]], "/branches", "at least 2"),
    ("parallel", "branches/1/id", "left", "/branches/1/id", "already"),
    ("parallel", "reduce/agent", "zz", "/reduce/agent", "there is no agent"),
    ("routing", "routes", {}, "/routes", "at least 1"),
    ("routing", "routes/no/then/0", {"agent": "zz"}, "/routes/no/then/0/agent", "no agent"),
    ("routing", "router/max_retries", -1, "/router/max_retries", "0 or more"),
    ("evaluator_optimizer", "accept/min_score", 101, "/accept/min_score", "from 0 to 100"),
    ("evaluator_optimizer", "accept/min_score", 8.5, "", "a whole number"),
    ("evaluator_optimizer", "accept/max_iters", 0, "/accept/max_iters", "1 or more"),
    ("evaluator_optimizer", "accept", {}, "/accept", "`min_score` is missing"),
    ("evaluator_optimizer", "min_score", 80, "", "has both"),
    ("evaluator_optimizer", "producer", "zz", "/producer", "there is no agent"),
    ("evaluator_optimizer", "review_gate/validation/pattern", "(",
     "/review_gate/validation/pattern", "regular expression"),
    ("orchestrator_workers", "orchestrator/limits/max_workers", 0,
     "/orchestrator/limits/max_workers", "1 or more"),
    ("orchestrator_workers", "worker_template/agent", "zz", "/worker_template/agent", "no agent"),
    ("graph", "nodes", {}, "/nodes", "at least 1"),
    ("graph", "edges", [], "/edges", "at least 1"),
    ("graph", "edges/1/to", ["edn"], "/edges/1/to/0", "did you mean `end`"),
    ("graph", "edges/1/to", "edn", "/edges/1/to", "did you mean `end`"),
    ("graph", "edges/1/from", "zz", "/edges/1/from", "there is no node"),
    ("graph", "edges/1", {"from": "ask"}, "/edges/1", "`to` or `choose`"),
    ("graph", "edges/0/choose/0/when", "eval('1')", "/edges/0/choose/0/when", "condition"),
    ("graph", "edges/0/choose/0/when", "1 +", "/edges/0/choose/0/when", "condition"),
    ("graph", "edges/2", {"from": "end", "to": ["s"]}, "/nodes", "no node is the last"),
    ("graph", "nodes/alone", {"agent": "a"}, "/nodes/alone", "no way leads here"),
    ("graph", "max_iterations", 0, "/max_iterations", "1 or more"),
]  # fmt: skip


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_sound_file_has_no_problem(kind: str, tmp_path: Path) -> None:
    result = loaded(tmp_path, sound(kind))
    assert result.problems == ()
    assert result.spec is not None
    assert result.status(to_run=True) == EXIT_VALID


@pytest.mark.parametrize(("path", "value", "pointer", "message"), ANYWHERE)
def test_a_mistake_is_found_where_it_is(
    path: str, value: Any, pointer: str, message: str, tmp_path: Path
) -> None:
    result = loaded(tmp_path, changed(sound("workflow"), path, value))
    assert any(where == pointer and message in told for where, told in found(result)), found(result)
    assert result.status(to_run=False) == EXIT_INVALID
    assert result.spec is None
    assert all(problem.line for problem in result.problems)


@pytest.mark.parametrize(("kind", "path", "value", "pointer", "message"), PATTERNS)
def test_a_patterns_mistake_is_found_where_it_is(
    kind: str, path: str, value: Any, pointer: str, message: str, tmp_path: Path
) -> None:
    data = sound(kind)
    config = data["pattern"]["config"]
    if path == "edges/2":
        config["edges"].append(value)
    else:
        changed(data, f"{C}/{path}", value)
    result = loaded(tmp_path, data)
    wanted = f"/{C}{pointer}"
    assert any(where == wanted and message in told for where, told in found(result)), found(result)


WARNED = [
    ("chain", "agents/unused", {"prompt": "x"}, "/agents/unused", "used by no step"),
    ("chain", "agents/a/prompt", "{% if", "/agents/a/prompt", "used as it is written"),
    ("chain", "agents/a/tools", ["calculatr"], "/agents/a/tools/0", "did you mean `calculator`"),
    ("chain", "env/mounts", {"data": "./data"}, "/env/mounts", "nothing is mounted"),
    ("chain", "skills", [{"id": "x", "path": "gone"}], "/skills/0/path", "there is no 'gone'"),
    ("workflow", f"{C}/tasks/0/input", "{{ tasks.two.response }}",
     f"/{C}/tasks/0/input", "may not be done"),
    ("graph", f"{C}/edges/1/to", ["end", "s"], f"/{C}/edges/1/to", "only the first"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "value", "pointer", "message"), WARNED)
def test_what_may_not_be_meant_is_a_warning(
    kind: str, path: str, value: Any, pointer: str, message: str, tmp_path: Path
) -> None:
    result = loaded(tmp_path, changed(sound(kind), path, value))
    told = found(result, Severity.WARNING)
    assert any(where == pointer and message in one for where, one in told), result.problems
    assert result.status(to_run=True) == EXIT_VALID


UNSUPPORTED = [
    ("runtime/provider", "azure_openai", "/runtime/provider"),
    ("env/secrets", [{"key": "A", "source": "ssm"}], "/env/secrets/0/source"),
    ("tools/python", ["os.system"], "/tools/python/0"),
    (f"{C}/orchestrator/limits/max_rounds", 2, f"/{C}/orchestrator/limits/max_rounds"),
]


@pytest.mark.parametrize(("path", "value", "pointer"), UNSUPPORTED)
def test_what_there_is_not_is_told_apart_from_mistakes(
    path: str, value: Any, pointer: str, tmp_path: Path
) -> None:
    result = loaded(tmp_path, changed(sound("orchestrator_workers"), path, value))
    assert [where for where, _ in found(result, Severity.UNSUPPORTED)] == [pointer]
    assert result.status(to_run=False) == EXIT_UNSUPPORTED


NAMES = [
    ("{{ topik }}", "`topik` is defined by nobody (did you mean `topic`?)"),
    ("{{ steps[0].response }}", "none before this one"),
    ("{{ inputs.topik }}", "there is no `inputs.topik`"),
]


@pytest.mark.parametrize(("text", "message"), NAMES)
def test_a_name_nobody_defines_can_be_validated_and_not_run(
    text: str, message: str, tmp_path: Path
) -> None:
    result = loaded(tmp_path, changed(sound(), f"{C}/steps/0/input", text))
    ((_, told),) = found(result, Severity.UNDEFINED_NAME)
    assert message in told
    assert result.status(to_run=False) == EXIT_VALID
    assert result.status(to_run=True) == EXIT_INVALID


@pytest.mark.parametrize(
    "text", ["{{ x | default('y') }}", "{{ x|default:'y' }}", "{{ x }}", "{{ inputs.topic }}"]
)
def test_a_name_with_a_default_or_a_value_is_no_problem(text: str, tmp_path: Path) -> None:
    variables = {"x": "1"} if text == "{{ x }}" else {}
    assert (
        loaded(tmp_path, changed(sound(), f"{C}/steps/0/input", text), **variables).problems == ()
    )


def test_an_unreached_task_is_named_with_those_there_are(tmp_path: Path) -> None:
    data = changed(sound("workflow"), f"{C}/tasks/1/input", "{{ tasks.onne.response }}")
    (problem,) = loaded(tmp_path, data).problems
    assert "did you mean `one`" in problem.message
    assert problem.allowed == ("one", "three", "two")


URLS = [
    "ftp://example.com", "https://user:word@example.com", "http://localhost:1", "http://a.localhost",
    "http://127.0.0.1", "http://127.1", "http://2130706433", "http://0x7f000001", "http://0177.0.0.1",
    "http://10.0.0.1", "http://192.168.1.1", "http://172.16.0.1", "http://169.254.169.254",
    "http://metadata.google.internal", "http://[::1]", "http://[::ffff:127.0.0.1]", "http://[fd00::1]",
    "http://[fe80::1]", "http://0.0.0.0", "http://localhost.", "http://", "https://a b.com",
]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_a_tool_calls_public_addresses_only(url: str, tmp_path: Path) -> None:
    data = changed(sound(), "tools/http_executors", [{"id": "x", "base_url": url}])
    assert [where for where, _ in found(loaded(tmp_path, data))] == [
        "/tools/http_executors/0/base_url"
    ]


@pytest.mark.parametrize("url", ["https://example.com/v1", "http://93.184.216.34:8080"])
def test_a_public_address_is_one(url: str, tmp_path: Path) -> None:
    data = changed(sound(), "tools/http_executors", [{"id": "x", "base_url": url}])
    assert loaded(tmp_path, data).problems == ()


@pytest.mark.parametrize(("score", "of_a_hundred"), [(8.5, 85), (10, 100), (0, 0), (70, 70)])
def test_a_short_score_of_ten_or_less_is_of_ten(
    score: float, of_a_hundred: float, tmp_path: Path
) -> None:
    data = sound("evaluator_optimizer")
    del data["pattern"]["config"]["accept"]
    data["pattern"]["config"] |= {"min_score": score, "max_iters": 5}
    result = loaded(tmp_path, data)
    assert result.spec is not None
    assert result.spec.pattern.type == "evaluator_optimizer"
    assert result.spec.pattern.config.accept.min_score == of_a_hundred
    assert result.spec.pattern.config.accept.max_iters == 5
    assert bool(found(result, Severity.WARNING)) == (score <= 10)


@pytest.mark.parametrize("key", ["reduce_review", "decomposition_review"])
def test_a_gate_is_a_question(key: str, tmp_path: Path) -> None:
    result = loaded(tmp_path, changed(sound("orchestrator_workers"), f"{C}/{key}", {"agent": "a"}))
    assert found(result)
    assert (
        loaded(tmp_path, changed(sound("orchestrator_workers"), f"{C}/{key}", dict(HITL))).problems
        == ()
    )


def test_all_mistakes_are_found_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    data = changed(sound("workflow"), "runtime/max_parallel", 0)
    changed(data, f"{C}/tasks/1/agent", "zz")
    changed(data, f"{C}/tasks/1/deps", ["gone"])
    changed(data, f"{C}/tasks/2/prompt", "{{ x")
    changed(data, "inputs/required/n", "integer")
    result = loaded(tmp_path, data)
    certain = (Severity.ERROR, Severity.MISSING_INPUT)
    assert [one.pointer for one in result.problems if one.severity in certain] == [
        "/runtime/max_parallel",
        "/inputs/required/n",
        f"/{C}/tasks/1/agent",
        f"/{C}/tasks/1/deps/0",
        f"/{C}/tasks/2/prompt",
    ]
