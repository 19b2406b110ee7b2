"""The deployed assistant asks whoever asked it, and goes on with the answer."""

import json

from tests.e2e.conftest import Deployment, eventually
from tests.e2e.front_door import operator_of
from tests.e2e.test_command_line import tradewind

AGENT = "assistant"
QUESTION = "Plan the site; ask me which."


def asked_by(deployment: Deployment) -> int:
    """How often the agent has asked the model by now, counted on the wire."""
    traffic = deployment.bedrock.stats().roles.get(deployment.role(AGENT))
    return traffic.requests if traffic else 0


def test_a_question_is_asked_and_answered_over_the_api(deployment: Deployment) -> None:
    caller, before = operator_of(deployment), asked_by(deployment)
    asked = caller.ask(AGENT, QUESTION, headers={"Idempotency_Key": "a-question-of-mine"})
    assert (asked.status, asked.document["state"]) == (202, "waiting"), asked
    assert "retry-after" not in asked.headers
    waiting = asked.document
    assert waiting["question"]
    # Nothing runs: it is as it was, and its key finds it.
    again = caller.ask(AGENT, QUESTION, headers={"Idempotency_Key": "a-question-of-mine"})
    assert again.document == waiting
    path = f"/invocations/{waiting['id']}/answer"
    answer = {"answer": "the northern one", "question_id": waiting["question_id"]}
    for _ in range(2):
        told = caller.call("POST", path, answer)
        assert told.status in {200, 202}, told
    ended = caller.end_of(waiting["id"])
    assert ended["state"] == "succeeded", ended
    assert "the northern one" in ended["result"]["response"]
    assert (ended["usage"]["model_calls"], ended["usage"]["tool_calls"]) == (2, 1)
    assert asked_by(deployment) - before == 2
    refused = caller.call("POST", path, {"answer": "the southern one"})
    assert (refused.status, refused.document["code"]) == (409, "NOT_WAITING")
    assert caller.call("POST", path, answer).status == 200


def test_a_stream_ends_with_the_question(deployment: Deployment) -> None:
    caller = operator_of(deployment)
    events = [*caller.stream(AGENT, {"query": QUESTION})]
    name, invocation = events[-1]
    assert (name, invocation["state"], bool(invocation["question"])) == ("result", "waiting", True)
    assert "tool_start" in [name for name, _ in events]
    stopped = caller.call("DELETE", f"/invocations/{invocation['id']}")
    assert (stopped.status, stopped.document["state"]) == (200, "cancelled")


def test_the_command_line_shows_the_question_and_replies(deployment: Deployment) -> None:
    asked = tradewind(deployment, "call", AGENT, QUESTION, "--json")
    assert asked.returncode == 4, asked.stderr
    identity = json.loads(asked.stdout)["id"]
    shown = tradewind(deployment, "status", identity)
    assert (shown.returncode, f"`tradewind reply {identity}" in shown.stderr) == (4, True)
    replied = tradewind(deployment, "reply", identity, "the northern one")
    assert replied.returncode == 0, replied.stderr

    def ended() -> bool:
        return tradewind(deployment, "status", identity).returncode == 0

    assert eventually(ended)
    assert "the northern one" in tradewind(deployment, "status", identity).stdout
