"""A model that answers what a test says, below a real client's methods."""

import json
import threading
from collections.abc import Iterator
from typing import Any

from tests.agent_environment import agent_environment
from tests.answers import Answer, saying
from tradewind.bedrock.client import ClientPool, create_bedrock_client
from tradewind.contracts.environment import AgentEnvironment


class Events:
    """botocore's event stream."""

    def __init__(self, events: Answer) -> None:
        self._events = events

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._events)

    def close(self) -> None:
        pass


class Model:
    """A real client, below whose methods answers are given in order, and requests kept."""

    def __init__(self, environment: AgentEnvironment, *answers: Answer) -> None:
        self.client = create_bedrock_client(environment)
        self.client._make_api_call = self._answer
        self._answers = list(answers)
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def _answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        # As it was when it was sent: Strands goes on with the same lists.
        self.requests.append((operation, json.loads(json.dumps(request))))
        return {"stream": Events(self._answers.pop(0))}


class ScriptedClients(ClientPool):
    """A pool whose client keeps the requests that it was sent, and answers as it is told.

    Args:
        answers: By a word of the user's question: what is answered to the question. What follows
            the tools, and any other question, is answered in words.

    Attributes:
        requests: Each request as it was when it was sent.
    """

    def __init__(self, **answers: Answer) -> None:
        self._answers = answers
        self._sending = threading.Lock()
        self.requests: list[dict[str, Any]] = []
        super().__init__(agent_environment())
        self._client_with_answers = create_bedrock_client(self._environment)
        self._client_with_answers._make_api_call = self._answer

    def get(self, connections: int = 0) -> Any:
        return self._client_with_answers

    def _answer(self, _operation: str, request: dict[str, Any]) -> dict[str, Any]:
        with self._sending:
            self.requests.append(json.loads(json.dumps(request)))
        asked = "".join(block.get("text", "") for block in request["messages"][-1]["content"])
        answers = [answer for word, answer in self._answers.items() if word in asked]
        return {"stream": Events(answers[0] if answers else saying("Windy."))}
