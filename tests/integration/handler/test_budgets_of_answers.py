"""An answer that the day has no budget for: its question is open again, if nothing was done."""

import json
import uuid
from typing import Final

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from devtools.localcloud.bedrock.reply import Reply
from tests.dynamodb import LoopbackDynamoDB
from tests.integration.handler.asking_agents import approved, asking, calling, questions
from tests.integration.handler.conftest import Build
from tests.integration.handler.front_door import FrontDoor
from tests.integration.handler.script import Script, Tokens, says
from tests.integration.handler.test_budgets import LEAST
from tradewind.run.definition import AgentDefinition
from tradewind.run.pydantic_ai_agent import PydanticAIAgent

#: More than all that a day has room for.
DEAR: Final = Tokens(input=20_000, output=1_000)


@pytest.fixture
def framework() -> None:
    """The agents here are of their own making."""


@pytest.fixture
def limits(dynamodb: LoopbackDynamoDB) -> dict[str, str]:
    """A day's, for one call."""
    return {
        "BUDGETS_TABLE": dynamodb.create_budgets_table(f"budgets-{uuid.uuid4().hex}"),
        "TRADEWIND_BUDGETS": json.dumps({"per_principal_day_usd": LEAST * 3 / 1e9}),
    }


def test_a_question_is_open_again_until_there_is_room(
    build: Build,
    limits: dict[str, str],
    script: Script,
    standin: BedrockStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script(questions("Which?", tokens=DEAR), says("Done."))
    door = FrontDoor(build(asking("pydantic-ai"), **limits))
    waiting = door.ask(session_id="s-1")
    for _ in range(2):
        again = door.go_on(waiting, "this")
        assert door.answers[-1]["error"]["code"] == "BUDGET_EXCEEDED"
        assert (again["state"], again["question_id"]) == ("waiting", waiting["question_id"])
        assert again["usage"] == waiting["usage"]
    # Its conversation was let go.
    assert door.ask("two", session_id="s-1")["code"] == "BUDGET_EXCEEDED"
    monkeypatch.setattr("tradewind.budgets.table.today", lambda: "2099-01-01")
    ended = door.go_on(waiting, "this")
    assert (ended["state"], ended["result"]["response"]) == ("succeeded", "Done.")
    assert ended["usage"]["tool_calls"] == 1
    assert standin.stats().requests == 2


@pytest.mark.parametrize(
    ("agent", "asks"),
    [
        # It is called again, with the approval.
        (PydanticAIAgent("x", [approved]), calling(("a", "approved", {"what": "d"}), tokens=DEAR)),
        # It is run again from its beginning.
        (asking("strands"), questions("Which?", tokens=DEAR)),
    ],
)
def test_a_tool_that_has_begun_is_not_run_twice(
    build: Build, limits: dict[str, str], script: Script, agent: AgentDefinition, asks: Reply
) -> None:
    script(asks)
    door = FrontDoor(build(agent, **limits))
    failed = door.go_on(door.ask(), "yes")
    assert (failed["state"], failed["error"]["code"]) == ("failed", "BUDGET_EXCEEDED")


def test_a_refusal_is_open_again_in_pydantic_ai(
    build: Build, limits: dict[str, str], script: Script
) -> None:
    """The tool that waits for its approval does not begin."""
    script(calling(("a", "approved", {"what": "dig"}), tokens=DEAR))
    door = FrontDoor(build(PydanticAIAgent("x", [approved]), **limits))
    assert door.go_on(door.ask(), "no")["state"] == "waiting"


def test_a_model_that_was_asked_is_not_asked_twice(
    build: Build, limits: dict[str, str], script: Script
) -> None:
    script(questions("Which?"), calling(("a", "unknown", {}), tokens=DEAR))
    door = FrontDoor(build(asking("pydantic-ai"), **limits))
    failed = door.go_on(door.ask(), "this")
    assert (failed["state"], failed["error"]["code"]) == ("failed", "BUDGET_EXCEEDED")
