"""A model that says what a test has written, below a real client."""

import json
from collections.abc import Iterator
from typing import Any

from tests.answers import Answer
from tradewind.bedrock.client import create_bedrock_client
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
