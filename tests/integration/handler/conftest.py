"""An agent service on the Bedrock stand-in, with storage in memory."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from tests.agent_environment import agent_environment
from tests.dynamodb import LoopbackDynamoDB
from tests.frameworks import FRAMEWORKS, Framework, Sketch
from tests.integration.handler.script import Script, script_for
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated
from tradewind.bedrock.client import ClientPool
from tradewind.budgets.budgets import Budgets
from tradewind.budgets.table import BudgetTable
from tradewind.contracts.names import session_key
from tradewind.conversations.item import TurnRequest
from tradewind.conversations.table import SessionTable
from tradewind.handlers.progress import ProgressStore
from tradewind.handlers.service import AgentService
from tradewind.records.item import RecordedRequest, read_item
from tradewind.records.request_log import RequestLog
from tradewind.records.table import RecordTable
from tradewind.run.artifact_store import ArtifactStore
from tradewind.run.definition import AgentDefinition
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.telemetry.process import ColdStart


class RecordsInSight(RecordTable):
    """A table of records, and how each request in it ended."""

    def __init__(self, name: str, database: LoopbackDynamoDB) -> None:
        super().__init__(
            name, AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True))
        )
        self.database = database

    def items(self) -> dict[str, dict[str, Any]]:
        """The items, by request id."""
        found = self.database.client().scan(TableName=self.name)["Items"]
        return {item["request_id"]["S"]: item for item in found}

    @property
    def status(self) -> dict[str, str]:
        return {key: item["status"]["S"] for key, item in self.items().items()}

    @property
    def codes(self) -> dict[str, str | None]:
        return {
            key: item.get("error_code", {}).get("S")
            for key, item in self.items().items()
            if "error_code" in item
        }

    def answer(self, request_id: str) -> dict[str, Any]:
        """The answer that is kept."""
        answer = read_item(self.items()[request_id]).answer
        assert answer is not None
        return answer


@dataclass
class Context:
    """Lambda's context object, with a fixed time left."""

    remaining_ms: int = 60_000
    aws_request_id: str = "lambda-request"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def measure_wind(height_m: float = 100.0) -> dict[str, float]:
    """Measure the wind.

    Args:
        height_m: Height above ground in metres.
    """
    return {"speed_m_per_s": height_m / 10}


WITH_TOOL = Sketch("You measure. Call measure_wind once.", (measure_wind,))
#: US dollars per million tokens.
PRICES = '{"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}'
CHAT = Sketch("You answer briefly.")


@dataclass
class Harness:
    """A service and what it keeps its records and artifacts in."""

    service: AgentService
    records: RecordsInSight
    store: MemoryArtifactStore
    sessions: SessionTable
    budgets: Budgets

    def handle(self, event: object, context: Context | None = None) -> dict[str, Any]:
        return self.service.handle(event, context or Context())

    @contextmanager
    def held_session(self, session_id: str, owner: str) -> Iterator[None]:
        """Have another turn at work in a conversation."""
        request = TurnRequest(
            session_key=session_key(owner=owner, session_id=session_id),
            agent="terrain",
            record_id="another",
            request_id="another",
            attempt="another",
        )
        self.sessions.claim(request, remaining_s=60)
        try:
            yield
        finally:
            self.sessions.let_go(request.session_key, request.attempt)


Build = Callable[..., Harness]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Gives the stand-in's model what to say."""
    return script_for(monkeypatch)


@pytest.fixture(params=list(FRAMEWORKS))
def framework(request: pytest.FixtureRequest) -> Framework:
    """What the agents of a test are written with."""
    return FRAMEWORKS[request.param]


@pytest.fixture
def build(
    framework: Framework,
    standin: BedrockStandIn,
    standin_environment: dict[str, str],
    dynamodb: LoopbackDynamoDB,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Build]:
    """Build a service for an agent; each has a client pool of its own unless it is given one."""
    for name, value in standin_environment.items():
        monkeypatch.setenv(name, value)
    # Pauses of a test's length; how they grow is a unit test's matter.
    monkeypatch.setattr("tradewind.bedrock.retry.BASE_PAUSE_S", 0.01)
    monkeypatch.setattr("tradewind.aws.repeats.BASE_PAUSE_S", 0.001)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url)
    built: list[AgentService] = []

    def make(
        sketch: Sketch | AgentDefinition = WITH_TOOL,
        *,
        agent: str = "terrain",
        store: ArtifactStore | None = None,
        read_timeout_s: float = 30,
        log_sample_percent: float = 0,
        framework: Framework = framework,
        clients: ClientPool | None = None,
        table: str | None = None,
        sessions_table: str | None = None,
        retire: Callable[[], object] | None = None,
        cold_start: ColdStart | None = None,
        progress_store: Callable[[RecordedRequest], ProgressStore | None] = lambda _recorded: None,
        prices: str | None = PRICES,
        **variables: str,
    ) -> Harness:
        table = table or dynamodb.create_table(f"records-{uuid.uuid4().hex}")
        records, memory = RecordsInSight(table, dynamodb), MemoryArtifactStore()
        sessions_table = sessions_table or dynamodb.create_sessions_table(
            f"sessions-{uuid.uuid4().hex}"
        )
        dynamodb.heal()
        environment = agent_environment(
            TRADEWIND_AGENT=agent,
            BEDROCK_CONNECT_TIMEOUT_S="10",
            BEDROCK_READ_TIMEOUT_S=str(read_timeout_s),
            RECORDS_TABLE=table,
            SESSIONS_TABLE=sessions_table,
            TRADEWIND_LOG_SAMPLE_PERCENT=str(log_sample_percent),
            **{"AWS_LAMBDA_FUNCTION_VERSION": "7", **variables},
            **({} if prices is None else {"TRADEWIND_MODEL_PRICES": prices}),
        )
        sessions = SessionTable(
            sessions_table,
            AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True)),
            ttl_days=environment.session_ttl_days,
        )
        budgets = Budgets(
            environment.budgets,
            environment.prices,
            BudgetTable(environment.budgets_table, records._client),
        )
        log = None
        if environment.request_log_table is not None:
            log = RequestLog(
                environment.request_log_table,
                records._client,
                days=environment.request_log_days,
            )
        service = AgentService(
            environment=environment,
            definition=framework(sketch) if isinstance(sketch, Sketch) else sketch,
            clients=clients or ClientPool(environment),
            store=store or memory,
            records=records,
            budgets=budgets,
            log=log,
            sessions=sessions,
            retire=retire,
            cold_start=cold_start,
            progress_store=progress_store,
        )
        built.append(service)
        return Harness(service, records, memory, sessions, budgets)

    yield make
    for service in built:
        service.close()
