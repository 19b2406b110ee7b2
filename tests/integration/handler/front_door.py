"""The API before an agent's service: one table, and a queue whose events a test delivers."""

import json
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError

from tests.api_events import api_environment, proxy_event
from tests.integration.handler.conftest import Context, Harness
from tradewind.api.door import Door
from tradewind.api.invoker import Invoker
from tradewind.api.routes import ROUTES
from tradewind.api.service import ApiService
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.telemetry.process import ColdStart

AGENT = "terrain"
#: However busy the machine is, nobody's time is over.
_LONG_MS = 900_000


@dataclass
class FrontDoor:
    """An API whose only agent is ``harness``'s.

    Attributes:
        harness: Works on what is delivered. A test may put another one in its place.
        queue: Events that wait.
        refuses: Whether Lambda takes no more.
        answers: What the agent's function answered, or failed with.
        invocations: How often Lambda was asked to invoke it.
    """

    harness: Harness
    queue: list[dict[str, Any]] = field(default_factory=list)
    refuses: bool = False
    answers: list[dict[str, Any]] = field(default_factory=list)
    invocations: int = 0
    _service: ApiService = field(init=False)

    def __post_init__(self) -> None:
        records = self.harness.records
        client = records._client
        self.door = Door(
            environment=api_environment(
                TRADEWIND_AGENTS=f"{AGENT}=900",
                RECORDS_TABLE=records.name,
                SESSIONS_TABLE=self.harness.sessions.name,
            ),
            aws=None,  # type: ignore[arg-type]  # nobody asks for another client
            dynamodb=client,
            records=records,
            invoker=Invoker("test", self),  # type: ignore[arg-type]  # as far as used
        )
        self.door.__dict__["s3"] = _Signs()
        self._service = ApiService(self.door, ROUTES, ColdStart())

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """As boto3's."""
        assert FunctionName == f"tradewind-test-{AGENT}:live"
        self.invocations += 1
        if self.refuses:
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
        if InvocationType == "Event":
            self.queue.append(json.loads(Payload))
            return {"Payload": BytesIO()}
        return {"Payload": BytesIO(json.dumps(self.work(json.loads(Payload))).encode())}

    def work(self, event: dict[str, Any], context: Context | None = None) -> dict[str, Any]:
        """Have the agent's function work on an event."""
        try:
            answer = self.harness.handle(event, context or Context(_LONG_MS))
        except InvocationFailed as failed:
            answer = failed.answer.model_dump(mode="json")
        self.answers.append(answer)
        return answer

    def deliver(self, times: int = 1) -> None:
        """Have Lambda's queue deliver what waits in it, each so often."""
        while self.queue:
            event = self.queue.pop(0)
            for _ in range(times):
                self.work(event)

    def __call__(
        self, method: str, path: str, body: Any = None, **named: Any
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Call the API: the answer's status, document and headers."""
        answer = self._service.handle(proxy_event(method, path, body, **named), Context(_LONG_MS))
        document = json.loads(answer["body"]) if answer["body"] else {}
        return answer["statusCode"], document, answer["headers"]

    def ask(self, key: str = "one", **body: Any) -> dict[str, Any]:
        """Ask the agent, and wait: the invocation."""
        _, document, _ = self(
            "POST",
            f"/agents/{AGENT}/invocations",
            {"query": "Plan.", **body},
            headers={"Idempotency-Key": key},
        )
        return document

    def look(self, invocation: dict[str, Any]) -> dict[str, Any]:
        """The invocation as it is now."""
        return self("GET", f"/invocations/{invocation['id']}")[1]

    def reply(
        self, invocation: dict[str, Any], answer: str, question_id: str | None = None
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Answer what it asks."""
        body = {"answer": answer, **({"question_id": question_id} if question_id else {})}
        return self("POST", f"/invocations/{invocation['id']}/answer", body)

    def go_on(self, invocation: dict[str, Any], answer: str) -> dict[str, Any]:
        """Answer, let the agent go on, and look."""
        status, document, _ = self.reply(invocation, answer, invocation["question_id"])
        assert (status, document["state"]) == (202, "pending")
        self.deliver()
        return self.look(invocation)


class _Signs:
    def generate_presigned_url(self, _what: str, *, Params: Any, ExpiresIn: int) -> str:  # noqa: N803
        return f"https://artifacts.test/{Params['Key']}?expires={ExpiresIn}"
