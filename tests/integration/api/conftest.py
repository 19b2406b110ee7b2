"""The API on a real table and a Lambda on loopback."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from devtools.localcloud.bedrock import Identity
from tests.api_events import api_environment, proxy_event
from tests.dynamodb import LoopbackDynamoDB
from tests.integration.api.functions import LoopbackLambda, running_lambda
from tests.integration.records.requests import encoded
from tradewind.api.door import Door
from tradewind.api.invoker import Invoker
from tradewind.api.routes import ROUTES
from tradewind.api.service import ApiService
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Once, Repeated
from tradewind.contracts.errors import TradewindError
from tradewind.contracts.request import parse_request
from tradewind.contracts.response import Artifact, Usage
from tradewind.records.item import RecordedRequest, content_sha256
from tradewind.records.questions import Asking
from tradewind.records.table import RecordTable
from tradewind.telemetry.process import ColdStart


@dataclass
class Context:
    """Lambda's context object."""

    remaining_ms: int = 30_000
    aws_request_id: str = "lambda-request"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def recorded_of(event: dict[str, Any]) -> RecordedRequest:
    """A run of what an event asks."""
    request = parse_request(event, "terrain")
    return RecordedRequest(
        owner=request.owner,
        agent="terrain",
        request_id=request.request_id or "",
        project_id=request.project_id or "",
        model_id="m",
        sha256=content_sha256(request),
        attempt="run",
        accepted=request.accepted,
    )


@dataclass
class ApiUnderTest:
    """The API, and what is behind it."""

    service: ApiService
    records: RecordTable
    functions: LoopbackLambda
    database: LoopbackDynamoDB
    remaining_ms: int = 30_000

    def raw(self, event: dict[str, Any]) -> dict[str, Any]:
        return self.service.handle(event, Context(self.remaining_ms))

    def __call__(
        self, method: str, path: str, body: Any = None, **named: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Call it: the answer's status, document and headers."""
        answer = self.raw(proxy_event(method, path, body, **named))
        document = json.loads(answer["body"]) if answer["body"] else None
        return answer["statusCode"], document, answer["headers"]

    def work(self, event: dict[str, Any], code: str | None = None, **changes: Any) -> Any:
        """What an agent's function does: begins with the record, and ends it."""
        request, recorded = parse_request(event, "terrain"), recorded_of(event)
        try:
            kept = self.records.start(recorded, remaining_s=900, ttl_days=1).kept
        except TradewindError as error:
            return {"success": False, "error": {"code": error.code, "message": error.message}}
        if kept is not None:
            return kept
        whole = {
            "usage": Usage(input_tokens=1000, output_tokens=100, model_calls=2, cost_usd=0.0045),
            "request_id": request.request_id,
            "project_id": request.project_id,
            "artifacts": [
                Artifact(
                    key=f"terrain/{request.project_id}/1/map.svg",
                    content_type="image/svg+xml",
                    size_bytes=7,
                )
            ],
        }
        answer = encoded(code, **{**whole, **changes})
        self.records.finish(replace(recorded), answer)
        return answer.document

    def question(self, event: dict[str, Any], text: str) -> dict[str, Any]:
        """What an agent's function does that comes to a question."""
        recorded = recorded_of(event)
        self.records.start(recorded, remaining_s=900, ttl_days=1)
        asking = Asking(text, b"the rest", {"model_calls": 1}, life_days=7)
        assert self.records.ask(recorded, asking, ttl_days=1)
        return {"success": False, "status_code": 202}


@pytest.fixture
def api(
    dynamodb: LoopbackDynamoDB,
    table_name: str,
    caller: Identity,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ApiUnderTest]:
    with running_lambda() as functions:
        for name, value in {
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url,
            "AWS_ENDPOINT_URL_LAMBDA": functions.url,
            "AWS_ACCESS_KEY_ID": caller.access_key,
            "AWS_SECRET_ACCESS_KEY": caller.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        aws = AwsClients()
        table = aws.create("dynamodb", repeats=Repeated(may_run_twice=True))
        records = RecordTable(table_name, table)
        door = Door(
            environment=api_environment(
                RECORDS_TABLE=table_name,
                SESSIONS_TABLE=dynamodb.create_sessions_table(f"sessions-{table_name}"),
            ),
            aws=aws,
            dynamodb=table,
            records=records,
            invoker=Invoker("test", aws.create("lambda", repeats=Once(), read_timeout_s=60)),
        )
        under_test = ApiUnderTest(
            ApiService(door, ROUTES, ColdStart()), records, functions, dynamodb
        )
        functions.work = under_test.work
        yield under_test


@pytest.fixture
def table_name(dynamodb: LoopbackDynamoDB, request: pytest.FixtureRequest) -> str:
    """An empty table."""
    name = dynamodb.create_table(f"records-{abs(hash(request.node.nodeid))}")
    dynamodb.heal()
    return name
