"""Workflows as an agent of the API: records, questions, artifacts, refusals, single calls."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.api.functions import running_lambda
from tests.integration.callers import PROFILE, REGION
from tests.integration.handler.conftest import Build, Context, Harness
from tests.integration.handler.front_door import FrontDoor
from tests.integration.handler.script import Script, Tokens, says
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Once
from tradewind.workflow.engine.calls import AgentCall, AgentReply, Model
from tradewind.workflow.engine.errors import AgentFailed, Retryable
from tradewind.workflow.engine.execute import Result, execute
from tradewind.workflow.spec.loader import load
from tradewind.workflow_agents.agents import open_agents
from tradewind.workflow_agents.call_json import call_to_json, reply_from_json
from tradewind.workflow_agents.lambda_agents import LambdaAgents
from tradewind.workflow_agents.models import BedrockClients, ModelPool
from tradewind.workflow_function.agent import WorkflowAgent
from tradewind.workflow_function.files import MAX_BYTES, Found, WorkflowFiles

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "workflows"
OWNER = "arn:aws:iam::123456789012:user/ada"


@pytest.fixture
def framework() -> Framework:
    """None: the agent here is of its own kind."""
    return FRAMEWORKS["strands"]


@pytest.fixture
def pool(
    standin_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModelPool]:
    """Models of a test's process."""
    for name, value in standin_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tradewind.workflow_agents.models.process_clients", lambda: None)
    clients = BedrockClients()
    yield ModelPool(clients)
    clients.pool(REGION).close()


def workflow(pattern: str, config: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A file's data, whose calls are made once each."""
    runtime = {"provider": "bedrock", "model_id": PROFILE, "region": REGION}
    return {
        "version": 0,
        "name": "test",
        "agents": {"a": {"prompt": "You are a.", "tools": []}},
        "pattern": {"type": pattern, "config": config},
        **more,
        "runtime": {**runtime, "failure_policy": {"retries": 0}, **more.get("runtime", {})},
    }


def chain(*steps: dict[str, Any] | str, **more: Any) -> dict[str, Any]:
    """A chain: of questions to agent a, and other steps."""
    made = [{"agent": "a", "input": one} if isinstance(one, str) else one for one in steps]
    return workflow("chain", {"steps": made}, **more)


Serve = Callable[..., FrontDoor]


@pytest.fixture
def serve(build: Build, pool: ModelPool, tmp_path: Path) -> Serve:
    """A front door of an agent that has these workflows; with ``like``, another process of it."""

    def make(like: FrontDoor | None = None, named: Any = None, **files: Any) -> FrontDoor:
        for name, data in files.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(data))
        calls = ",".join(named.names) if named else ""
        agent = WorkflowAgent(WorkflowFiles(tmp_path), lambda *_: named, pool)
        there: dict[str, Any] = {}
        if like is not None:
            there = {
                "table": like.harness.records.name,
                "sessions_table": like.harness.sessions.name,
                "store": like.harness.service._reader._store,
            }
        variables = {"BEDROCK_MODEL_ID": PROFILE, "BEDROCK_REGION": REGION}
        harness = build(agent, TRADEWIND_CALLS=calls, **there, **variables)
        if like is None:
            return FrontDoor(harness)
        like.harness = harness
        return like

    return make


def ask(door: FrontDoor, query: str = "flow", key: str = "one", **parameters: Any) -> Any:
    return door.ask(key, query=query, parameters=parameters)


def test_a_workflow_runs_and_leaves_its_artifacts(
    serve: Serve, script: Script, standin: BedrockStandIn
) -> None:
    script(says("A brief.", Tokens(10, 1)), says("Headline", Tokens(20, 2)))
    outputs = {"artifacts": [{"path": "out/{{ topic }}.md", "from": "# {{ last_response }}"}]}
    inputs = {"required": {"topic": "string"}, "optional": {"n": "integer"}}
    door = serve(flow=chain("On {{ topic }}", "Short", inputs=inputs, outputs=outputs))
    ended = ask(door, topic="wakes", n=3)
    assert (ended["state"], ended["result"]["response"]) == ("succeeded", "Headline")
    (artifact,) = ended["result"]["artifacts"]
    assert artifact["key"].endswith("/out-wakes.md")
    assert door.harness.store.get(artifact["key"]) == b"# Headline"
    usage = ended["usage"]
    assert (usage["model_calls"], usage["tool_calls"]) == (2, 2)
    assert (usage["input_tokens"], usage["output_tokens"]) == (30, 3)
    asked = [one.request["messages"][0]["content"][0]["text"] for one in standin.prompts()]
    assert asked == ["On wakes", "Short"]


def test_a_repeat_gets_the_kept_answer(
    serve: Serve, script: Script, standin: BedrockStandIn
) -> None:
    script(says("Done."))
    door = serve(flow=chain("Go"))
    first = ask(door)
    assert ask(door)["result"] == first["result"]
    assert standin.stats().requests == 1


def refused(door: FrontDoor, query: str = "flow", **body: Any) -> tuple[str, int, str]:
    invocation = door.ask(query=query, **body)
    return invocation["code"], invocation["status"], invocation["detail"]


@pytest.fixture
def strict(serve: Serve) -> FrontDoor:
    inputs = {
        "required": {"n": "integer", "site": {"type": "string", "enum": ["moor", "bay"]}},
        "optional": {"x": "number"},
    }
    return serve(flow=chain("{{ n }} {{ site }} {{ free }}", inputs=inputs))


def test_all_that_is_wrong_with_the_inputs_is_told_before_a_model_is_asked(
    strict: FrontDoor, standin: BedrockStandIn
) -> None:
    given = {"n": "secret-word", "site": "hill", "y": 1, "free": "f"}
    code, status, detail = refused(strict, parameters=given)
    assert (code, status) == ("INVALID_REQUEST", 400)
    assert "n must be: integer" in detail
    assert "site must be one of: moor, bay" in detail
    assert "y: there is no such input; those here are n, site, x" in detail
    assert "free:" not in detail
    assert "secret-word" not in detail
    assert standin.stats().requests == 0


def test_what_is_missing_is_told(strict: FrontDoor, standin: BedrockStandIn) -> None:
    code, _, detail = refused(strict)
    assert code == "INVALID_REQUEST"
    assert "n is missing: integer" in detail
    assert "site is missing: string" in detail
    assert standin.stats().requests == 0


def test_a_name_that_nobody_defines_is_told(strict: FrontDoor) -> None:
    code, status, detail = refused(strict, parameters={"n": 1, "site": "moor"})
    assert (code, status) == ("WORKFLOW_INVALID", 422)
    assert "`free` is defined by nobody" in detail


@pytest.mark.parametrize(
    "options",
    [
        {"system_prompt": "Shout."},
        {"context": "A text."},
        {"max_tokens": 5},
        {"temperature": 0.5},
        {"output_schema": {"type": "object", "properties": {}}},
        {"session_id": "talk"},
    ],
)
def test_an_option_that_would_have_no_effect_is_refused(
    serve: Serve, standin: BedrockStandIn, options: dict[str, Any]
) -> None:
    code, status, detail = refused(serve(flow=chain("Go")), **options)
    assert (code, status) == ("INVALID_REQUEST", 400)
    assert next(iter(options)) in detail
    assert standin.stats().requests == 0


@pytest.mark.parametrize("query", ["flw", "../flow", "flow.json", "/etc/passwd", "x" * 300])
def test_a_workflow_that_is_not_there_is_refused_with_those_that_are(
    serve: Serve, query: str
) -> None:
    code, status, detail = refused(serve(flow=chain("Go")), query)
    assert (code, status) == ("INVALID_REQUEST", 400)
    assert "Those here are flow" in detail


def test_a_file_that_is_not_for_here_is_refused(serve: Serve, standin: BedrockStandIn) -> None:
    code, status, detail = refused(serve(flow=chain("Go", runtime={"model_id": "other"})))
    assert (code, status) == ("WORKFLOW_UNSUPPORTED", 422)
    assert "model other" in detail
    assert standin.stats().requests == 0


def test_a_budget_of_the_file_ends_the_run(serve: Serve, script: Script) -> None:
    script(says("One."))
    door = serve(flow=chain("Go", "Go on", runtime={"budgets": {"max_steps": 1}}))
    assert refused(door)[:2] == ("WORKFLOW_BUDGET_SPENT", 402)
    # What was paid for is kept.
    assert door.answers[-1]["response"] == "One."


def test_a_result_that_is_never_good_enough_is_a_failure(serve: Serve, script: Script) -> None:
    script(says("Draft."), says('{"score": 10}'), says("Draft."), says('{"score": 20}'))
    config = {
        "producer": "a",
        "evaluator": {"agent": "b"},
        "accept": {"min_score": 90, "max_iters": 2},
    }
    agents = {"a": {"prompt": "p", "tools": []}, "b": {"prompt": "q", "tools": []}}
    door = serve(flow=workflow("evaluator_optimizer", config, agents=agents))
    assert refused(door)[:2] == ("WORKFLOW_FAILED", 422)


# Questions


def asking(**more: Any) -> dict[str, Any]:
    question = {"type": "hitl", "prompt": "Go on with {{ steps[0].response }}?", **more}
    return chain("Plan", question, "Do it: {{ steps[1].response }}")


def test_a_pause_is_a_question_and_its_answer_goes_on_in_another_process(
    serve: Serve, script: Script, standin: BedrockStandIn
) -> None:
    script(says("a plan", Tokens(10, 1)), says("All done.", Tokens(20, 2)))
    door = serve(flow=asking(context_display="It costs 5."))
    waiting = ask(door)
    assert (waiting["state"], waiting["question"]) == (
        "waiting",
        "Go on with a plan?\n\nIt costs 5.",
    )
    serve(like=door)
    ended = door.go_on(waiting, "yes, cheaply")
    assert (ended["state"], ended["result"]["response"]) == ("succeeded", "All done.")
    said = standin.prompts()[-1].request["messages"][0]["content"][0]["text"]
    assert said == "Do it: yes, cheaply"
    assert standin.stats().requests == 2  # no finished step runs again
    assert (ended["usage"]["input_tokens"], ended["usage"]["model_calls"]) == (30, 2)


def test_notes_are_read_on_after_a_question(
    serve: Serve, script: Script, standin: BedrockStandIn
) -> None:
    script(says("a plan"), says("All done."))
    policy = {"notes": {"file": "notes/run.md", "include_last": 1}}
    door = serve(flow=asking() | {"context_policy": policy})
    waiting = ask(door)
    serve(like=door)
    assert door.go_on(waiting, "yes")["state"] == "succeeded"
    told = "\n".join(block.get("text", "") for block in standin.prompts()[-1].request["system"])
    assert "Notes of the last steps:" in told
    assert "was asked: Plan Tools: none. Outcome: a plan" in told


def test_an_answer_that_does_not_do_is_asked_for_again(
    serve: Serve, script: Script, standin: BedrockStandIn
) -> None:
    router = {
        "router": {"agent": "a", "review_router": {"type": "hitl", "prompt": "Right?"}},
        "routes": {"Moor": {"then": [{"agent": "a", "input": "moor"}]}},
    }
    script(says('{"route": "Moor"}'), says("Peat."))
    door = serve(flow=workflow("routing", router))
    waiting = ask(door)
    assert waiting["question"].startswith("Right?\n\nAnswer with one of: approved")
    again = door.go_on(waiting, "perhaps")
    assert again["state"] == "waiting"
    assert again["question"].startswith("The answer must be one of")
    assert again["question_id"] != waiting["question_id"]
    ended = door.go_on(again, "approved")
    assert ended["result"]["response"] == "Peat."
    assert standin.stats().requests == 2


def test_a_file_that_has_changed_goes_on_with_no_old_run(
    serve: Serve, script: Script, standin: BedrockStandIn
) -> None:
    script(says("a plan"))
    door = serve(flow=asking())
    waiting = ask(door)
    serve(like=door, flow=asking(default="x"))
    ended = door.go_on(waiting, "yes")
    assert (ended["state"], ended["error"]["code"]) == ("failed", "AGENT_CHANGED")
    assert standin.stats().requests == 1


def test_who_cannot_be_asked_is_told(serve: Serve, script: Script) -> None:
    script(says("a plan"))
    answer = handle(serve(flow=asking()).harness, "flow")
    assert answer["error"]["code"] == "NOBODY_TO_ASK"


# Agents by name


class Crew:
    """Agents by name, in memory."""

    names = frozenset({"terrain", "layout"})

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []

    async def call(self, call: AgentCall, run_id: str) -> AgentReply:
        """Answer, unless it is the layout that is asked."""
        self.calls.append((call.agent, call.input, run_id))
        if call.agent == "layout":
            raise AgentFailed("ARTIFACT_NOT_FOUND: Run terrain first.")
        return AgentReply("flat land")


def test_agents_by_name_are_asked_for_the_request(
    serve: Serve, script: Script, standin: BedrockStandIn
) -> None:
    script(says("Good land."))
    crew = Crew()
    step = {"agent": "terrain", "input": "Where?"}
    door = serve(named=crew, flow=chain(step, "Rate {{ last_response }}"))
    ended = ask(door)
    assert ended["result"]["response"] == "Good land."
    ((agent, asked, run_id),) = crew.calls
    assert (agent, asked) == ("terrain", "Where?")
    assert ended["id"].endswith(run_id)
    assert standin.stats().requests == 1


def test_an_agent_that_may_not_be_asked_is_none(serve: Serve) -> None:
    code, _, detail = refused(serve(flow=chain({"agent": "terrain"})))
    assert code == "WORKFLOW_INVALID"
    assert "there is no agent 'terrain'" in detail


PLACE: dict[str, Any] = {"latitude": 54.7365, "longitude": 8.972}


@pytest.fixture
def examples(build: Build, pool: ModelPool) -> Callable[..., FrontDoor]:
    """A front door of the agent that has the examples."""

    def make(named: Any = None) -> FrontDoor:
        calls = ",".join(named.names) if named else "terrain,layout,simulation,report,assistant"
        agent = WorkflowAgent(WorkflowFiles(EXAMPLES), lambda *_: named or Crew(), pool)
        return FrontDoor(
            build(
                agent,
                TRADEWIND_CALLS=calls,
                BEDROCK_MODEL_ID=PROFILE,
                BEDROCK_REGION=REGION,
            )
        )

    return make


def test_the_pipeline_has_the_same_result_in_a_function_as_here(
    examples: Callable[..., FrontDoor], pool: ModelPool, tmp_path: Path
) -> None:
    door = examples()
    there = door.ask("one", query="wind-farm", parameters=PLACE)
    loaded = load(EXAMPLES / "wind-farm.yaml", PLACE)
    spec = loaded.spec
    assert spec is not None

    async def run() -> Result:
        async with open_agents(
            loaded, run_id="here", environ={}, files_root=tmp_path, pool=pool
        ) as agents:
            return await execute(spec, agents, loaded.values)

    here = asyncio.run(run())
    assert there["result"]["response"] == here.text
    usage = there["usage"]
    assert usage["input_tokens"] + usage["output_tokens"] == here.spent.tokens
    (artifact,) = there["result"]["artifacts"]
    assert door.harness.store.get(artifact["key"]).decode() == here.text


def test_agents_by_name_are_asked_over_lambda_for_the_caller_and_once(
    examples: Callable[..., FrontDoor], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_lambda() as functions:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", functions.url)
        client = AwsClients().create("lambda", repeats=Once(), region=REGION)
        functions.work = lambda event: {
            "success": True,
            "response": f"{event['agent']} is done",
            "usage": {"input_tokens": 1, "output_tokens": 1, "cost_usd": None, "tool_calls": 1},
        }
        # Of five, one call breaks off, and one meets a function that has enough to do.
        functions.plan = ["", "cut", "", "throttle"]
        crew = ("terrain", "layout", "simulation", "report", "assistant")
        agents = LambdaAgents(
            {name: f"tradewind-test-{name}:live" for name in crew},
            client,
            project_id="moor",
            owner=OWNER,
        )
        monkeypatch.setattr("tradewind.workflow.engine.run.wait_before", lambda *_: 0)
        ended = examples(agents).ask("one", query="wind-farm-crew", parameters=PLACE)
        client.close()
    assert ended["result"]["response"] == "assistant is done"
    events = [event for _, event in functions.events]
    assert {event["owner"] for event in events} == {OWNER}
    assert {event["project_id"] for event in events} == {"moor"}
    assert [event["agent"] for event in events].count("layout") == 2
    # However often it is sent, it is one request.
    assert len({event["request_id"] for event in events}) == len(crew)


class Busy(Crew):
    """Agents that cannot answer the first time, and say for whom."""

    async def call(self, call: AgentCall, run_id: str) -> AgentReply:
        """Answer the second time."""
        if call.attempt == 1:
            raise Retryable("AGENT_BUSY: ada@example.com, order ZEPHYR-9")
        return await super().call(call, run_id)


def test_a_trace_among_the_artifacts_is_redacted_as_the_file_says(serve: Serve) -> None:
    policy = {"retries": 1, "backoff": "constant", "wait_min": 0}
    data = chain(
        {"agent": "terrain", "input": "Where?"},
        runtime={"failure_policy": policy},
        outputs={"artifacts": [{"path": "trace.json", "from": "{{ TRACE }}"}]},
        telemetry={"redact": {"custom_patterns": ["ZEPHYR-[0-9]"]}},
        context_policy={"notes": {"file": "run.md"}},
    )
    door = serve(named=Busy(), flow=data)
    ended = ask(door)
    (artifact,) = ended["result"]["artifacts"]
    told = door.harness.store.get(artifact["key"]).decode()
    assert "AGENT_BUSY: ***REDACTED***, order ***REDACTED***" in told


# One process, several requests


def test_requests_share_models_and_nothing_else(
    serve: Serve, script: Script, standin: BedrockStandIn, pool: ModelPool
) -> None:
    script(says("One."), says("Two."), says("Three."))
    door = serve(flow=chain("Say {{ x }}", inputs={"required": {"x": "string"}}))
    for number in ("1", "2", "3"):
        ended = ask(door, key=number, x=number)
        assert ended["state"] == "succeeded"
    asked = [one.request["messages"] for one in standin.prompts()]
    assert [len(messages) for messages in asked] == [1, 1, 1]
    assert (pool.misses, pool.hits) == (1, 2)


def test_no_word_of_inputs_prompts_and_answers_is_logged(
    serve: Serve, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script(says("Zephyrhorst answers."))
    door = serve(flow=chain("Zephyrhorst {{ x }}", inputs={"required": {"x": "integer"}}))
    ask(door, x=1)
    ask(door, key="two", x="Zephyrhorst")
    assert "Zephyrhorst" not in capsys.readouterr().out


# The bucket


class Bucket:
    """A bucket's objects, and how often they were read whole."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.whole = 0

    def read(self, bucket: str, key: str, etag: str | None) -> Found | None:
        """Read one. See ``ReadObject``."""
        assert bucket == "artifacts"
        body = self.objects[key]
        if etag == f"{hash(body)}":
            return None
        self.whole += 1
        return Found(body[: MAX_BYTES + 1], f"{hash(body)}")


def handle(harness: Harness, query: str) -> dict[str, Any]:
    """Ask, each time anew."""
    return harness.handle({"query": query, "request_id": uuid.uuid4().hex})


def in_bucket(build: Build, pool: ModelPool, folder: Path, bucket: Bucket, **more: str) -> Harness:
    agent = WorkflowAgent(WorkflowFiles(folder, bucket.read), lambda *_: Crew(), pool)
    variables = {"BEDROCK_MODEL_ID": PROFILE, "BEDROCK_REGION": REGION, **more}
    return build(agent, **variables)


def test_workflows_of_the_bucket_are_read_again_when_they_change(
    build: Build, pool: ModelPool, tmp_path: Path, script: Script
) -> None:
    script(says("Done."))
    bucket = Bucket()
    harness = in_bucket(build, pool, tmp_path, bucket, TRADEWIND_WORKFLOWS_IN_BUCKET="1")
    bucket.objects["_workflows/more.yaml"] = json.dumps(chain("One")).encode()
    for _ in range(3):
        assert handle(harness, "more")["success"]
    assert bucket.whole == 1
    bucket.objects["_workflows/more.yaml"] = json.dumps(chain("One", "Two")).encode()
    assert handle(harness, "more")["usage"]["model_calls"] == 2
    assert bucket.whole == 2
    del bucket.objects["_workflows/more.yaml"]
    assert handle(harness, "more")["error"]["code"] == "INVALID_REQUEST"


def test_the_bucket_is_read_only_where_it_may_and_takes_no_bundled_files_place(
    build: Build, pool: ModelPool, tmp_path: Path, script: Script
) -> None:
    script(says("Done."))
    (tmp_path / "flow.json").write_text(json.dumps(chain("One")))
    bucket = Bucket()
    for name in ("flow", "more"):
        bucket.objects[f"_workflows/{name}.yaml"] = json.dumps(chain("One", "Two")).encode()
    harness = in_bucket(build, pool, tmp_path, bucket)
    assert handle(harness, "more")["error"]["code"] == "INVALID_REQUEST"
    assert handle(harness, "flow")["usage"]["model_calls"] == 1
    assert bucket.whole == 0


def test_a_file_of_the_bucket_may_be_so_long(build: Build, pool: ModelPool, tmp_path: Path) -> None:
    bucket = Bucket()
    bucket.objects["_workflows/long.yaml"] = b"#" * (MAX_BYTES + 1)
    harness = in_bucket(build, pool, tmp_path, bucket, TRADEWIND_WORKFLOWS_IN_BUCKET="1")
    answer = handle(harness, "long")
    assert "more than 1,000,000 bytes" in answer["error"]["message"]


# One call of a run that is elsewhere


def an_event(folder: Path, **changes: Any) -> dict[str, Any]:
    call = AgentCall(
        "steps/0", "a", Model("bedrock", PROFILE, REGION), "You are a.", "Hello", ("calculator",)
    )
    sha256 = load(folder / "flow.json").sha256
    event = call_to_json(call, workflow="flow", sha256=sha256, run_id="run-1")
    event["workflow_call"] |= changes
    # As it comes through Lambda.
    decoded: dict[str, Any] = json.loads(json.dumps(event))
    return decoded


def called(door: FrontDoor, event: dict[str, Any]) -> dict[str, Any]:
    agent, environment = door.harness.service._definition, door.harness.service._environment
    assert isinstance(agent, WorkflowAgent)
    answer: dict[str, Any] = json.loads(json.dumps(agent.answer_call(event, environment, 60)))
    return answer


def test_a_single_call_is_answered(
    serve: Serve, script: Script, standin: BedrockStandIn, tmp_path: Path
) -> None:
    script(says("Hello yourself.", Tokens(10, 1)))
    agents = {"a": {"prompt": "You are a.", "tools": ["calculator"]}}
    door = serve(flow=chain("Never asked", agents=agents))
    reply = reply_from_json(called(door, an_event(tmp_path)))
    assert (reply.text, reply.input_tokens, reply.output_tokens) == ("Hello yourself.", 10, 1)
    assert reply.cost == pytest.approx((10 * 3 + 15) / 1e6)
    request = standin.prompts()[-1].request
    assert request["messages"][0]["content"][0]["text"] == "Hello"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"sha256": "0" * 64}, "changed"),
        ({"sha256": "x"}, "invalid"),
        ({"agent": "gone"}, "failed"),
        ({"tools": ["web_fetch"]}, "failed"),
        ({"workflow": "gone"}, "failed"),
        ({"workflow": "../flow"}, "invalid"),
        ({"more": 1}, "invalid"),
        ({"attempt": 0}, "invalid"),
    ],
)
def test_a_call_that_cannot_be_is_told_why(
    serve: Serve, standin: BedrockStandIn, tmp_path: Path, changes: dict[str, Any], kind: str
) -> None:
    door = serve(flow=chain("Go"))
    answer = called(door, an_event(tmp_path, **changes))
    assert answer["workflow_error"]["kind"] == kind
    assert "unexpected" not in answer["workflow_error"]["message"]
    assert standin.stats().requests == 0
    with pytest.raises(AgentFailed):
        reply_from_json(answer)


def test_a_reply_that_the_service_would_not_take_is_not_asked_for_again(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    script(says("x" * 1_000_000, Tokens(10, 1)))
    door = serve(flow=chain("Never asked"))
    answer = called(door, an_event(tmp_path, tools=[]))
    assert answer["workflow_error"]["kind"] == "failed"
    assert "past one Lambda it may have 1,000,000" in answer["workflow_error"]["message"]


def test_the_rest_of_a_handlers_life_is_as_any_agents(
    serve: Serve, script: Script, pool: ModelPool
) -> None:
    """At the end of the function's time the request ends with what there is."""
    door = serve(flow=chain("Go"))
    answer = door.harness.handle({"query": "flow"}, Context(0))
    assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
