"""An agent that asks a person: with both frameworks, through the API, on the wire and in the table.

Between the question and the answer there is nothing but the record: each run is a new service's.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from tests.frameworks import FRAMEWORKS, Sketch, Work
from tests.integration.handler.asking_agents import (
    DIG,
    approved,
    asking,
    calling,
    dig,
    framework,
    name,
    questions,
)
from tests.integration.handler.conftest import Build, Context
from tests.integration.handler.front_door import FrontDoor
from tests.integration.handler.script import Script, Tokens, says
from tests.integration.handler.test_conversations import require_pairs
from tests.metric_lines import metrics_in
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.pydantic_ai_agent import PydanticAIAgent
from tradewind.run.strands_agent import StrandsAgent
from tradewind.telemetry.log_fields import REQUEST_DONE

__all__ = ["framework", "name"]

OWNER = "arn:aws:iam::123456789012:user/ada"


Open = Callable[..., FrontDoor]


@pytest.fixture
def opened(build: Build, name: str) -> Open:
    """A front door of an agent that asks; with ``like``, another process of the same."""

    def make(*tools: Work, like: FrontDoor | None = None, **settings: Any) -> FrontDoor:
        there: dict[str, Any] = {}
        if like is not None:
            there = {
                "table": like.harness.records.name,
                "sessions_table": like.harness.sessions.name,
                "store": like.harness.service._reader._store,
            }
        harness = build(
            settings.pop("definition", None) or asking(name, *tools), **there, **settings
        )
        if like is None:
            return FrontDoor(harness)
        like.harness = harness
        return like

    return make


def last_results(standin: BedrockStandIn) -> dict[str, str]:
    """What the tools' calls were answered with in the last model call, by call."""
    results = {}
    for message in standin.prompts()[-1].request["messages"]:
        for block in message["content"]:
            if "toolResult" in block:
                result = block["toolResult"]
                results[result["toolUseId"]] = json.dumps(result["content"])
    return results


def test_a_question_is_answered_in_another_process(
    opened: Open, script: Script, standin: BedrockStandIn
) -> None:
    script(questions("Which site?", tokens=Tokens(10, 1)), says("At Bob's.", Tokens(20, 2)))
    door = opened()
    waiting = door.ask()
    assert (waiting["state"], waiting["question"]) == ("waiting", "Which site?")
    assert waiting["usage"]["model_calls"] == 1
    assert (waiting["result"], waiting["finished_at"], door.queue) == (None, None, [])
    assert (door.answers[-1]["status_code"], door.answers[-1]["success"]) == (202, False)
    # Asked again under its key it is the same question, and no model is asked.
    assert door.ask()["question_id"] == waiting["question_id"]
    assert standin.stats().requests == 1

    opened(like=door)
    ended = door.go_on(waiting, "Bob's")
    assert (ended["state"], ended["question"]) == ("succeeded", None)
    assert ended["result"]["response"] == "At Bob's."
    assert "Bob's" in last_results(standin)["ask-Which si"]
    assert require_pairs(standin.prompts()[-1].request["messages"]) == 1
    usage = ended["usage"]
    assert (usage["model_calls"], usage["tool_calls"]) == (2, 1)
    assert (usage["input_tokens"], usage["output_tokens"]) == (30, 3)
    assert usage["cost_usd"] == pytest.approx((30 * 3 + 3 * 15) / 1e6)
    assert ended["created_at"] <= ended["started_at"] == waiting["started_at"]
    [item] = door.harness.records.items().values()
    assert not {"continuation", "question", "reply", "open", "waits_until"} & set(item)
    assert standin.stats().requests == 2


def test_each_run_counts_what_it_did_itself(
    opened: Open, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script(questions("Which?", tokens=Tokens(10, 1)), says("Good.", Tokens(20, 2)))
    door = opened()
    waiting = door.ask()
    door.go_on(waiting, "this")
    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    metrics = [line for line in metrics_in(lines) if "Invocations" in line]
    assert [line["QuestionsAsked"] for line in metrics] == [[1], [0]]
    assert [line["InputTokens"] for line in metrics] == [[10], [20]]
    assert [(line["ToolCalls"], line["ToolErrors"]) for line in metrics] == [([0], [0]), ([1], [0])]
    done = [line for line in lines if line.get("message") == REQUEST_DONE]
    assert [line["outcome"] for line in done] == ["waiting", "succeeded"]
    assert [line["input_tokens"] for line in done] == [10, 20]
    assert sum(line["estimated_cost_usd"] for line in done) == pytest.approx(135e-6)
    assert not any(word in printed for word in ("Which?", '"this"'))  # a caller's, and the model's


def test_the_tools_of_the_same_turn_are_done_once_and_what_they_left_is_kept(
    opened: Open, script: Script, standin: BedrockStandIn
) -> None:
    done: list[str] = []

    def measure(project: Project) -> str:
        """Measure."""
        done.append(project.attempt)
        project.save("wind.json", b"8", "application/json")
        project.report_facts(speed=8)
        return "8 m/s"

    def look(project: Project) -> str:
        """Look at what was measured."""
        return project.load("terrain", "wind.json").decode() + " was kept"

    script(
        calling(("a", "measure", {}), ("b", "ask_owner", {"question": "How high?"})),
        calling(("c", "look", {})),
        says("Done."),
    )
    door = opened(measure, look)
    waiting = door.ask(project_id="p-1")
    assert waiting["state"] == "waiting"
    project = waiting["project_id"]
    store = door.harness.service._reader._store
    assert isinstance(store, MemoryArtifactStore)
    assert f"terrain/{project}/manifest.json" not in store.objects  # nothing is visible yet
    opened(measure, look, like=door)
    ended = door.go_on(waiting, "100 m")
    assert ended["state"] == "succeeded"
    results = last_results(standin)
    assert ("8 m/s" in results["a"], "100 m" in results["b"]) == (True, True)
    assert "8 was kept" in results["c"]
    assert len(done) == 1
    [artifact] = ended["result"]["artifacts"]
    assert (artifact["name"], ended["result"]["facts"]) == ("wind.json", {"speed": 8})
    assert f"terrain/{project}/manifest.json" in store.objects
    assert ended["usage"]["tool_calls"] == 3


def test_it_may_ask_twice_in_a_row_and_two_things_at_once(
    opened: Open, script: Script, standin: BedrockStandIn
) -> None:
    script(questions("Where?", "When?"), questions("Why?"), says("Because."))
    door = opened()
    asked = [door.ask()]
    for answer in ("here", "now"):
        opened(like=door)
        asked.append(door.go_on(asked[-1], answer))
    assert [one["question"] for one in asked] == ["Where?", "When?", "Why?"]
    assert len({one["question_id"] for one in asked}) == 3
    assert standin.stats().requests == 2  # between the first two no model was asked
    results = last_results(standin)
    assert ("here" in results["ask-Where?"], "now" in results["ask-When?"]) == (True, True)
    # An earlier question's answer that comes once more answers no later one.
    status, problem, _ = door.reply(asked[-1], "here", asked[0]["question_id"])
    assert (status, problem["code"]) == (409, "NOT_WAITING")
    status, again, _ = door.reply(asked[-1], "now", asked[1]["question_id"])
    assert (status, again["state"], again["question"]) == (202, "waiting", "Why?")
    opened(like=door)
    ended = door.go_on(asked[-1], "so")
    assert (ended["state"], ended["result"]["response"]) == ("succeeded", "Because.")
    assert (ended["usage"]["model_calls"], ended["usage"]["tool_calls"]) == (3, 3)


def test_the_second_answer_is_refused_and_the_same_one_is_known(
    opened: Open, script: Script, standin: BedrockStandIn
) -> None:
    script(questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask()
    assert door.reply(waiting, "this")[0] == 202
    for question_id in (None, waiting["question_id"]):
        status, problem, _ = door.reply(waiting, "that", question_id)
        assert (status, problem["code"]) == (409, "NOT_WAITING")
        assert door.reply(waiting, "this", question_id)[0] == 202
    assert len(door.queue) == 1  # who says it again finds it in the queue
    door.deliver(times=2)
    assert door.look(waiting)["result"]["response"] == "Good."
    assert "this" in last_results(standin)["ask-Which?"]
    assert standin.stats().requests == 2
    status, known, _ = door.reply(waiting, "this")
    assert (status, known["state"]) == (200, "succeeded")
    assert (door.reply(waiting, "that")[0], door.queue) == (409, [])


def test_an_answer_is_its_owners_and_bounded(opened: Open, script: Script) -> None:
    script(questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask()
    path = f"/invocations/{waiting['id']}/answer"
    bob = {"caller": "arn:aws:iam::123456789012:user/bob"}
    assert door("POST", path, {"answer": "mine"}, **bob)[0] == 404
    bodies: tuple[Any, ...] = (
        {},
        {"answer": ""},
        {"answer": " "},
        {"answer": "x" * 8_001},
        {"answer": 1},
        {"answer": "\ud800"},
        {"answer": "x", "question_id": ""},
        {"answer": "x", "more": 1},
        [],
    )
    for body in bodies:
        status, problem, _ = door("POST", path, body)
        assert (status, problem["code"]) == (400, "INVALID_REQUEST"), body
    assert door.look(waiting)["state"] == "waiting"
    assert door.go_on(waiting, "\u00e9" * 8_000)["state"] == "succeeded"


def test_cancelled_while_it_waits_it_ends_at_once(opened: Open, script: Script) -> None:
    script(questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask()
    status, cancelled, _ = door("DELETE", f"/invocations/{waiting['id']}")
    assert (status, cancelled["state"], cancelled["question"]) == (200, "cancelled", None)
    assert door.reply(waiting, "this")[0] == 409
    [item] = door.harness.records.items().values()
    assert not {"continuation", "question", "open"} & set(item)


def test_it_works_in_a_conversation_that_others_go_on_with(
    opened: Open, script: Script, standin: BedrockStandIn
) -> None:
    script(
        says("Hello."),
        questions("Which?"),
        says("In between."),
        says("After."),
        says("Later."),
    )
    door = opened()
    assert door.ask("1", query="Hi.", session_id="s-1")["state"] == "succeeded"
    waiting = door.ask("2", query="Plan.", session_id="s-1")
    assert waiting["state"] == "waiting"
    assert door.ask("3", query="Else?", session_id="s-1")["state"] == "succeeded"
    opened(like=door)
    assert door.go_on(waiting, "that")["result"]["response"] == "After."
    _, session, _ = door("GET", "/sessions/s-1")
    assert [(one["query"], one["response"]) for one in session["turns"]] == [
        ("Hi.", "Hello."),
        ("Else?", "In between."),
        ("Plan.", "After."),
    ]
    assert door.ask("4", query="And?", session_id="s-1")["state"] == "succeeded"
    messages = standin.prompts()[-1].request["messages"]
    assert require_pairs(messages) == 1  # the call that asked, and its answer
    assert [m["content"][0]["text"] for m in messages[::2] if "text" in m["content"][0]] == [
        "Hi.",
        "Else?",
        "Plan.",
        "And?",
    ]


def test_what_could_not_go_on_asks_again(
    opened: Open, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.handlers.session_turn.PATIENCE_S", 0)
    script(questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask(session_id="s-1")
    door.refuses = True
    status, problem, headers = door.reply(waiting, "this")
    assert (status, problem["code"], headers["Retry-After"]) == (429, "AGENT_BUSY", "5")
    assert door.look(waiting)["state"] == "waiting"
    door.refuses = False
    with door.harness.held_session("s-1", OWNER):
        again = door.go_on(waiting, "this")
    assert door.answers[-1]["error"]["code"] == "SESSION_BUSY"
    assert (again["state"], again["question"]) == ("waiting", "Which?")
    assert door.go_on(again, "this")["result"]["response"] == "Good."


def test_an_answer_that_nobody_takes_is_offered_once_for_each_repeat(
    opened: Open,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever wrote the answer died over handing it over, and the agent takes nothing now."""
    script(questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask("one")
    record_id = next(iter(door.harness.records.items().values()))["record_id"]["S"]
    door.door.records.questions.reply(
        record_id, "this", question_id=waiting["question_id"], attempt="dead", life_s=1000
    )
    for patience in ("START_S", "TELLING_S"):
        monkeypatch.setattr(f"tradewind.records.item.{patience}", 0.0)
    door.refuses = True
    before = door.invocations
    capsys.readouterr()
    repeated = door.ask("one")
    assert repeated["state"] == "pending"
    assert door.invocations - before <= 4
    metrics = metrics_in(map(json.loads, capsys.readouterr().out.splitlines()))
    assert sum(line.get("RequestsShed", [0.0])[0] for line in metrics) == 0
    door.refuses = False
    door.ask("one")
    door.deliver()
    assert door.look(waiting)["result"]["response"] == "Good."


def test_an_agent_that_changed_does_not_go_on(
    opened: Open, script: Script, name: str, standin: BedrockStandIn
) -> None:
    def other(project: Project) -> str:
        """Do something else."""
        return "x"

    script(questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask()
    opened(like=door, definition=FRAMEWORKS[name](Sketch("x", (other,))))
    ended = door.go_on(waiting, "this")
    assert (ended["state"], ended["error"]["code"]) == ("failed", "AGENT_CHANGED")
    assert standin.stats().requests == 1


def test_of_another_framework_it_does_not_go_on(
    opened: Open, script: Script, name: str, standin: BedrockStandIn
) -> None:
    script(questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask()
    [other] = set(FRAMEWORKS) - {name}
    opened(like=door, definition=asking(other))
    ended = door.go_on(waiting, "this")
    assert (ended["state"], ended["error"]["code"]) == ("failed", "AGENT_CHANGED")
    assert standin.stats().requests == 1


def test_a_direct_request_has_nobody_to_ask(
    opened: Open, script: Script, standin: BedrockStandIn
) -> None:
    script(questions("Which?"), says("Without."))
    door = opened()
    answer = door.work({"query": "Plan.", "request_id": "r"})
    assert (answer["success"], answer["response"]) == (True, "Without.")
    assert "Nobody can be asked" in last_results(standin)["ask-Which?"]


def test_a_tool_that_asks_past_all_checks_fails_a_direct_request(
    build: Build, script: Script, name: str
) -> None:
    script(calling(("a", "dig", {"what": "a hole"})), says("Done."))
    agent = StrandsAgent("x", (dig,)) if name == "strands" else PydanticAIAgent("x", [DIG])
    door = FrontDoor(build(agent))
    answer = door.work({"query": "Plan.", "request_id": "r"})
    assert (answer["success"], answer["error"]["code"]) == (False, "NOBODY_TO_ASK")
    # Through the API they ask as any.
    script(calling(("a", "dig", {"what": "a hole"})), says("Done."))
    waiting = door.ask()
    assert (waiting["state"], "a hole" in waiting["question"]) == ("waiting", True)
    ended = door.go_on(waiting, "yes")
    assert (ended["state"], ended["usage"]["tool_calls"]) == ("succeeded", 1)


def test_with_an_output_to_give_it_may_ask_first(
    opened: Open, script: Script, standin: BedrockStandIn
) -> None:
    script(questions("Which?"), calling(("b", "final_answer", {"site": "north"})))
    door = opened()
    schema = {"type": "object", "properties": {"site": {"type": "string"}}}
    waiting = door.ask(output_schema=schema)
    assert waiting["question"] == "Which?"
    opened(like=door)
    ended = door.go_on(waiting, "north")
    assert (ended["state"], ended["result"]["output"]) == ("succeeded", {"site": "north"})
    tools = standin.prompts()[-1].request["toolConfig"]["tools"]
    assert "final_answer" in [one["toolSpec"]["name"] for one in tools]


def test_a_question_that_is_none_is_the_models_to_mend(
    opened: Open, script: Script, standin: BedrockStandIn
) -> None:
    script(questions("x" * 4_001), questions(" "), questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask()
    assert (waiting["state"], waiting["question"]) == ("waiting", "Which?")
    assert "4001 characters" in " ".join(last_results(standin).values())
    ended = door.go_on(waiting, "this")
    assert (ended["state"], ended["usage"]["tool_calls"]) == ("succeeded", 3)


def test_what_is_more_than_a_record_keeps_is_refused(
    opened: Open, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.handlers.continuation.KEPT_LIMIT", 100)
    script(questions("Which?"), says("Good."))
    door = opened()
    failed = door.ask()
    assert (failed["status"], failed["code"]) == (502, "ANSWER_TOO_LARGE")


@pytest.mark.parametrize("answer", ["Yes", "not today"])
def test_pydantic_ai_asks_for_approval(
    build: Build, script: Script, standin: BedrockStandIn, answer: str
) -> None:
    script(calling(("a", "approved", {"what": "dig"})), says("So be it."))
    agent = PydanticAIAgent("x", [approved])
    door = FrontDoor(build(agent))
    waiting = door.ask()
    assert waiting["question"] == 'May I dig? (Answer "yes", or say why not.)'
    ended = door.go_on(waiting, answer)
    assert ended["state"] == "succeeded"
    assert ended["result"]["facts"] == ({"done": "dig"} if answer == "Yes" else {})
    assert ("Did dig" if answer == "Yes" else answer) in last_results(standin)["a"]


@pytest.mark.parametrize("limit", [0.03, 1])
def test_what_a_request_may_cost_counts_all_its_runs(
    opened: Open, script: Script, standin: BedrockStandIn, limit: float
) -> None:
    """A call may cost some 0.025 US dollars at most, and the first one costs 0.015."""
    script(questions("Which?", tokens=Tokens(output=1_000)), says("Good."))
    settings = {"TRADEWIND_BUDGETS": json.dumps({"per_request_usd": limit})}
    door = opened(**settings)
    waiting = door.ask()
    opened(like=door, **settings)
    ended = door.go_on(waiting, "this")
    assert ended["state"] == ("failed" if limit < 1 else "succeeded")
    assert standin.stats().requests == (1 if limit < 1 else 2)
    assert (ended["error"] or {}).get("code") == ("BUDGET_EXCEEDED" if limit < 1 else None)
    assert ended["usage"]["cost_usd"] == pytest.approx(0.015)


def test_the_deadline_is_each_runs_own(opened: Open, script: Script) -> None:
    script(questions("Which?"), says("Good."))
    door = opened()
    waiting = door.ask()
    door.reply(waiting, "this")
    event = door.queue.pop()
    door.work(event, Context(remaining_ms=1))  # it has no time, and takes nothing
    assert door.look(waiting)["state"] == "pending"
    door.work(event)
    assert door.look(waiting)["state"] == "succeeded"
