"""What a run leaves: artifacts and spans."""

from typing import Any

import pytest

from tests.workflows import run, workflow
from tradewind.workflow.engine.artifacts import known_paths, render_artifacts, safe_path
from tradewind.workflow.engine.calls import AgentCall
from tradewind.workflow.engine.errors import AgentFailed, AnswerUnusable, ArtifactFailed
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.engine.state import Pause, State
from tradewind.workflow.engine.trace import Trace

CHAIN = {"steps": [{"agent": "a", "input": "{{ topic }}"}, {"agent": "b", "input": "x"}]}


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("report.md", "report.md"),
        ("a/b.md", "a/b.md"),
        ("./a//b.md", "a/b.md"),
        ("a b & c.md", "a_b_c.md"),
        ("__x__/..y..", "x/y"),
        ("é.md", "md"),
        ("x" * 200, "x" * 100),
        ("a\\b", "a/b"),
    ],
)
def test_safe_paths(path: str, safe: str) -> None:
    assert safe_path(path) == safe


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../../x", "a/..", "", ".", "C:\\x", "\\x", "...", "a/___"]
)
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(ArtifactFailed):
        safe_path(path)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ steps[0].response }}{{ last_response }}", "windx"),
        ("{{ name }} {{ runtime.provider }} {{ timestamp }}", "test ollama 1970-01-01T00:00:00+00:00"),  # noqa: E501
        ("{{ execution_context.steps | length }}{{ cumulative_tokens > 0 }}", "2True"),
        ("{{ TRACE }}", '{\n  "k": 1\n}'),
        ("{{ $TRACE }}", '{\n  "k": 1\n}'),
        ("trace: $TRACE.", 'trace: {\n  "k": 1\n}.'),
        ("{{ $TRACE | length }}", "12"),
    ],
)  # fmt: skip
def test_an_artifact_sees_the_run(source: str, text: str) -> None:
    artifacts = [{"path": "{{ topic }}.md", "from": source}]
    spec = workflow("chain", CHAIN, outputs={"artifacts": artifacts})
    written = render_artifacts(spec, run(spec, inputs={"topic": "wind"}), trace={"k": 1}, now=0)
    assert [(one.path, one.text) for one in written] == [("wind.md", text)]
    assert known_paths(spec, {"topic": "wind"}) == ["wind.md"]


@pytest.mark.parametrize("source", ["{{ nothing }}", "{{ $TRACES }}", "{{ steps[9].response }}"])
def test_an_artifact_that_cannot_be_rendered_fails(source: str) -> None:
    spec = workflow("chain", CHAIN, outputs={"artifacts": [{"path": "x", "from": source}]})
    result = run(spec, inputs={"topic": "wind"})
    with pytest.raises(ArtifactFailed, match="from"):
        render_artifacts(spec, result, trace=None, now=0)


def test_two_artifacts_do_not_share_a_path() -> None:
    artifacts = [{"path": path, "from": "x"} for path in ("a b", "a_b")]
    spec = workflow("chain", CHAIN, outputs={"artifacts": artifacts})
    with pytest.raises(ArtifactFailed):
        render_artifacts(spec, run(spec, inputs={"topic": "w"}), trace=None, now=0)


def _traced(number: int, *, fails: bool = False) -> dict[str, Any]:
    def answer(_: AgentCall) -> str:
        if fails:
            raise AgentFailed("broken")
        return "x"

    steps = [{"agent": "a", "input": "x"}] * number
    branches = [{"id": name, "steps": steps} for name in "pq"]
    spec = workflow("parallel", {"branches": branches})
    trace = Trace(spec, wall_clock=lambda: 0.0)
    try:
        run(spec, MemoryAgents({"a": answer}), observer=trace)
    except AgentFailed:
        assert fails
    return trace.to_json()


def test_spans_have_their_parents() -> None:
    trace = _traced(1)
    spans = {span["name"]: span for span in trace["spans"]}
    root = spans["execute.parallel"]
    assert root["parent_span_id"] is None
    assert spans["branches/p"]["parent_span_id"] == root["span_id"]
    assert spans["branches/p/0"]["parent_span_id"] == spans["branches/p"]["span_id"]
    assert {span["status"]["status_code"] for span in spans.values()} == {"OK"}
    assert trace["span_count"] == 5
    assert root["start_time"] == "1970-01-01T00:00:00.000Z"


def test_spans_say_what_failed() -> None:
    spans = {span["name"]: span for span in _traced(1, fails=True)["spans"]}
    assert spans["branches/p/0"]["status"]["status_code"] == "ERROR"
    assert "broken" in spans["execute.parallel"]["status"]["description"]


def test_the_oldest_spans_go_first() -> None:
    trace = _traced(600)
    assert trace["span_count"] == len(trace["spans"]) == 1000
    assert trace["evicted_count"] == 1203 - 1000
    known = {span["span_id"] for span in trace["spans"]}
    assert all(span["parent_span_id"] in known for span in trace["spans"][1:])


@pytest.mark.parametrize(("answer", "fits"), [("v1", True), ("x", False), ("", False)])
def test_an_answer_is_held_to_its_pattern(answer: str, *, fits: bool) -> None:
    pause = Pause("k", "?", "", 0, pattern=r"^v\d$")
    if fits:
        assert pause.accept(answer, 0) == answer
    else:
        with pytest.raises(AnswerUnusable):
            pause.accept(answer, 0)
    with pytest.raises(AnswerUnusable):
        Pause("k", "?", "", 0, pattern="(").accept("x", 0)


def test_a_question_without_a_limit_waits_for_ever() -> None:
    assert not Pause("k", "?", "", 0).has_expired(1e12)


def test_an_answer_is_kept_with_its_question() -> None:
    state = State(paused=Pause("k", "Go on?", "", 0))
    state.answer("yes", 0)
    assert state.done["k"] == {"type": "hitl", "prompt": "Go on?", "response": "yes"}
    with pytest.raises(AnswerUnusable, match="waits for no answer"):
        state.answer("yes", 0)
