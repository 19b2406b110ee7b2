"""Runtimes over the API and MCP: asked under a path of their own, with the same rules."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from tests.api_events import BOB
from tests.integration.api.conftest import ApiUnderTest
from tests.integration.api.mcp_server import McpUnderTest, serving_mcp
from tradewind.api.routes import ROUTES
from tradewind.api.service import ApiService
from tradewind.telemetry.process import ColdStart

TOLD: Final = {"onboarding": "Welcomes a customer."}
NOW: Final = {"Prefer": "respond-async", "Idempotency-Key": "k"}
ASK: Final = "/runtimes/onboarding/invocations"
BODY: Final = {"query": "Who signs?"}


@pytest.fixture
def front(api: ApiUnderTest) -> ApiUnderTest:
    """An API with an agent, terrain, and a runtime."""
    door = api.service._door
    environment = replace(
        door.environment, agents={"terrain": 900, "onboarding": 900}, runtimes=TOLD
    )
    api.service = ApiService(replace(door, environment=environment), ROUTES, ColdStart())
    return api


@pytest.fixture
def mcp(front: ApiUnderTest) -> Iterator[McpUnderTest]:
    with serving_mcp(front) as serving:
        yield serving


def test_it_is_asked_as_an_agent_is(front: ApiUnderTest) -> None:
    status, told, headers = front("POST", ASK, BODY, headers=NOW)
    assert (status, told["agent"], told["state"]) == (202, "onboarding", "pending")
    [(_, event)] = front.functions.events
    assert (event["agent"], event["query"], event["accepted"]) == ("onboarding", "Who signs?", True)
    found = front("GET", headers["Location"])
    assert (found[0], found[1]["id"]) == (200, told["id"])
    # A repeat is the same one, and nobody else's.
    assert front("POST", ASK, BODY, headers=NOW)[1]["id"] == told["id"]
    assert len(front.functions.events) == 1
    assert front("GET", headers["Location"], caller=BOB)[0] == 404
    assert front("DELETE", headers["Location"])[1]["state"] == "cancelled"


@pytest.mark.parametrize("way", ["invocations", "stream"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/agents/onboarding", "onboarding is a runtime, and asked at /runtimes/onboarding/"),
        ("/runtimes/terrain", "terrain is an agent, and asked at /agents/terrain/"),
        ("/agents/nobody", "There is no such agent."),
        ("/runtimes/nobody", "There is no such runtime."),
        ("/runtimes/No-Body", "There is no such runtime."),
    ],
)
def test_another_path_says_where(front: ApiUnderTest, path: str, said: str, way: str) -> None:
    status, problem, _ = front("POST", f"{path}/{way}", BODY, headers=NOW)
    assert (status, problem["code"]) == (404, "NOT_FOUND")
    assert problem["detail"].startswith(said)
    assert front.functions.events == []


def test_each_kind_is_told_by_itself(front: ApiUnderTest) -> None:
    assert [one["name"] for one in front("GET", "/agents")[1]["agents"]] == ["terrain"]
    [runtime] = front("GET", "/runtimes")[1]["runtimes"]
    assert (runtime["name"], runtime["description"]) == ("onboarding", "Welcomes a customer.")
    assert front("POST", ASK, runtime["example"], headers=NOW)[0] == 202


def test_without_runtimes_there_are_none(api: ApiUnderTest) -> None:
    assert api("GET", "/runtimes")[:2] == (200, {"runtimes": []})
    assert api("POST", ASK, BODY, headers=NOW)[0] == 404


def test_it_is_a_tool_of_mcp(front: ApiUnderTest, mcp: McpUnderTest) -> None:
    tools = {tool.name: tool for tool in mcp(lambda client: client.list_tools()).tools}
    assert list(tools)[:2] == ["terrain", "onboarding"]
    assert (tools["onboarding"].description or "").startswith("Welcomes a customer.")
    front.functions.work = lambda _event: {"success": True}
    mcp(lambda client: client.call_tool("onboarding", dict(BODY)))
    assert {event["agent"] for _, event in front.functions.events} == {"onboarding"}
