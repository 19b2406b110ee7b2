"""Fifty callers on ten conversations at once: to each its own answer, and of each a whole history.

The API's own code, Lambda's Invoke over HTTP, the agents' own code and a table over HTTP. Only the
model is a stand-in: it recites every question that it is shown, in order, so an answer tells which
history it was given.
"""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier, Condition
from typing import Any

import pytest

from tests.agent_environment import agent_environment
from tests.answers import saying
from tests.api_events import proxy_event
from tests.frameworks import FRAMEWORKS, Framework, Sketch
from tests.integration.api.conftest import ApiUnderTest, Context
from tests.scripted_model import Events, ScriptedClients
from tradewind.api.routes import ROUTES
from tradewind.api.service import ApiService
from tradewind.handlers.service import AgentService
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.telemetry.process import ColdStart

SESSIONS = 10
CALLERS = 50
PATIENCE_S = 120.0
QUESTION = re.compile(r"Question of caller \d+ in session \d+\?")


class Reciter(ScriptedClients):
    """A model that says all questions of the conversation."""

    def _answer(self, _operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        shown = (
            block.get("text", "")
            for message in request["messages"]
            if message["role"] == "user"
            for block in message["content"]
        )
        return {"stream": Events(saying(" ".join(QUESTION.findall(" ".join(shown)))))}


@dataclass(frozen=True)
class Told:
    """What a caller asked, what the API answered, and how often it said to come again."""

    session: int
    query: str
    invocation: dict[str, Any]
    refused: int


class Turns:
    """Who finds a conversation at another's turn comes again when a turn has ended."""

    def __init__(self) -> None:
        self._changed = Condition()
        self.ended: Counter[int] = Counter()

    def end(self, session: int) -> None:
        with self._changed:
            self.ended[session] += 1
            self._changed.notify_all()

    def wait(self, session: int, since: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.ended[session] > since, PATIENCE_S)


@dataclass(frozen=True)
class Crowd:
    """Everybody, before one API."""

    api: ApiUnderTest
    together: Barrier
    turns: Turns

    def ask(self, caller: int) -> Told:
        """Ask one caller's question until it is answered."""
        session = caller % SESSIONS
        query = f"Question of caller {caller} in session {session}?"
        event = proxy_event(
            "POST",
            "/agents/terrain/invocations",
            {"query": query, "session_id": "s-1"},
            caller=owner(session),
            headers={"Idempotency-Key": f"caller-{caller}"},
        )
        # As each request that Lambda serves at the same time, it has a process of its own.
        service = ApiService(self.api.service._door, ROUTES, ColdStart())
        self.together.wait()
        refused = 0
        while True:
            ended = self.turns.ended[session]
            answer = service.handle(event, Context())
            document = json.loads(answer["body"])
            if answer["statusCode"] != 409:
                break
            assert document["code"] == "SESSION_BUSY", document
            refused += 1
            self.turns.wait(session, ended)
        self.turns.end(session)
        assert answer["statusCode"] == 200, document
        return Told(session, query, document, refused)


def owner(session: int) -> str:
    return f"arn:aws:iam::123456789012:user/owner-{session}"


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_to_each_its_own_answer_and_of_each_a_whole_history(
    api: ApiUnderTest, framework: Framework
) -> None:
    model = Reciter()
    door = api.service._door

    def work(event: dict[str, Any]) -> Any:
        agent = AgentService(
            environment=agent_environment(),
            definition=framework(Sketch("Recite.")),
            clients=model,
            store=MemoryArtifactStore(),
            records=api.records,
            sessions=door.sessions,
        )
        return agent.handle(event, Context(remaining_ms=900_000))

    api.functions.work = work
    crowd = Crowd(api, Barrier(CALLERS), Turns())
    with ThreadPoolExecutor(CALLERS) as threads:
        told = [*threads.map(crowd.ask, range(CALLERS))]

    assert len({one.invocation["id"] for one in told}) == CALLERS
    for session in range(SESSIONS):
        status, history, _ = api("GET", "/sessions/s-1", caller=owner(session))
        assert status == 200
        turns = history["turns"]
        asked = [turn["query"] for turn in turns]
        of_it = {one.invocation["id"]: one for one in told if one.session == session}
        assert [turn["number"] for turn in turns] == [*range(1, len(of_it) + 1)]
        assert sorted(asked) == sorted(one.query for one in of_it.values())
        for number, turn in enumerate(turns):
            one = of_it[turn["invocation_id"]]
            # The model was shown every turn before, whole and in order, the caller's own question
            # last, and nothing else; and the caller was told what stands in the history.
            assert turn["query"] == one.query
            assert turn["response"] == " ".join(asked[: number + 1])
            assert one.invocation["result"]["response"] == turn["response"]
    # Whoever met another's turn had asked nothing.
    assert len(model.requests) == CALLERS
    assert sum(one.refused for one in told) > 0
