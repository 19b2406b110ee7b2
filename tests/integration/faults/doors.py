"""The doors of the matrix: real services on real boto3, shared by all of its cells."""

import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn

from devtools.localcloud.bedrock import BedrockStandIn
from tests.agent_environment import agent_environment
from tests.dynamodb import LoopbackDynamoDB
from tests.frameworks import FRAMEWORKS, Sketch
from tests.integration.callers import PROFILE, REGION
from tests.integration.faults.expectations import Cell, Door, Operation
from tests.integration.handler.conftest import Context, Harness, RecordsInSight
from tests.integration.handler.front_door import AGENT, FrontDoor
from tradewind.agentcore_serving.desk import Desk
from tradewind.agentcore_serving.http import http_app
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated
from tradewind.bedrock.client import ClientPool
from tradewind.bedrock.retry import MAX_ATTEMPTS
from tradewind.budgets.budgets import Budgets
from tradewind.budgets.table import BudgetTable
from tradewind.conversations.table import SessionTable
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.handlers.service import AgentService
from tradewind.run.definition import AgentDefinition
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.pydantic_ai_agent import PydanticAIAgent
from tradewind.workflow_agents.models import BedrockClients
from tradewind.workflow_agents.models import ModelPool as WorkflowModels
from tradewind.workflow_function.agent import WorkflowAgent
from tradewind.workflow_function.files import WorkflowFiles

#: What a request has, however busy the machine is.
TIME_S: Final = 600
#: Of a service that is to find a silence out.
SHORT_READ_S: Final = 1.0
LONG_READ_S: Final = 300.0
#: Asks for an answer before which no tool is called.
AT_ONCE: Final = "Answer without tools."
_WORK: Final = "Work."
#: As the assistant is, which may ask people, without its words.
_ASSISTANT: Final = PydanticAIAgent("You answer briefly.", asks_people=True)


def _workflow(question: str) -> dict[str, Any]:
    """A file's data: one step, which is repeated as often as an agent repeats its calls."""
    policy = {"retries": MAX_ATTEMPTS - 1, "backoff": "constant", "wait_min": 0}
    return {
        "version": 0,
        "name": "test",
        "agents": {"a": {"prompt": "You call current_time.", "tools": ["current_time"]}},
        "tools": {"python": ["current_time"]},
        "pattern": {"type": "chain", "config": {"steps": [{"agent": "a", "input": question}]}},
        "runtime": {
            "provider": "bedrock",
            "model_id": PROFILE,
            "region": REGION,
            "failure_policy": policy,
        },
    }


class Doors:
    """Services, each made when it is first asked, and kept.

    Attributes:
        tools_run: How often the crew agent's tool has run.
    """

    def __init__(
        self,
        standin: BedrockStandIn,
        database: LoopbackDynamoDB,
        folder: Path,
        patch: pytest.MonkeyPatch,
    ) -> None:
        self.tools_run = 0
        self._standin = standin
        self._database = database
        self._folder = folder
        self._patch = patch
        self._harnesses: dict[tuple[Door, Operation, bool], Harness] = {}
        self._closing: list[Callable[[], object]] = []
        for name, question in (("work", _WORK), ("at_once", AT_ONCE)):
            (folder / f"{name}.json").write_text(json.dumps(_workflow(question)))

    def harness(self, cell: Cell) -> Harness:
        """The service behind a cell's door."""
        made = Door.CREW if cell.door in {Door.API, Door.AGENTCORE} else cell.door
        key = (made, cell.operation, cell.expected.silent)
        if key not in self._harnesses:
            self._harnesses[key] = self._make(*key)
        return self._harnesses[key]

    def ask(self, cell: Cell, request_id: str, *, at_once: bool = False) -> dict[str, Any]:
        """Have a request answered through a cell's door, and return the answer."""
        harness = self.harness(cell)
        event = {"query": AT_ONCE if at_once else _WORK, "request_id": request_id}
        if cell.door is Door.WORKFLOW:
            event["query"] = "at_once" if at_once else "work"
        if cell.door is Door.API:
            return _through_the_api(FrontDoor(harness), event)
        if cell.door is Door.AGENTCORE:
            with self._served(harness) as port:
                return _over_http(port, event)
        try:
            return harness.handle(event, Context(TIME_S * 1000))
        except InvocationFailed as failed:
            return failed.answer.model_dump(mode="json")

    def close(self) -> None:
        """Close all of them."""
        for close in self._closing:
            close()

    def _make(self, door: Door, operation: Operation, silent: bool) -> Harness:
        read_timeout_s = SHORT_READ_S if silent else LONG_READ_S
        environment = agent_environment(
            BEDROCK_CONNECT_TIMEOUT_S="60",
            BEDROCK_READ_TIMEOUT_S=str(read_timeout_s),
            BEDROCK_MODEL_ID=PROFILE,
            BEDROCK_REGION=REGION,
            RECORDS_TABLE=self._database.create_table(f"records-{uuid.uuid4().hex}"),
            SESSIONS_TABLE=self._database.create_sessions_table(f"sessions-{uuid.uuid4().hex}"),
        )
        clients = ClientPool(environment)
        client = AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True))
        records = RecordsInSight(environment.records_table, self._database)
        sessions = SessionTable(
            environment.sessions_table, client, ttl_days=environment.session_ttl_days
        )
        budgets = Budgets(
            environment.budgets,
            environment.prices,
            BudgetTable(environment.budgets_table, client),
        )
        store = MemoryArtifactStore()
        service = AgentService(
            environment=environment,
            definition=self._definition(door, operation, read_timeout_s),
            clients=clients,
            store=store,
            records=records,
            budgets=budgets,
            sessions=sessions,
            log=None,
        )
        if operation is Operation.WHOLE:
            _WHOLE.append(clients.get())
        self._closing += [service.close, clients.close]
        return Harness(service, records, store, sessions, budgets)

    def _definition(
        self, door: Door, operation: Operation, read_timeout_s: float
    ) -> AgentDefinition:
        if door is Door.ASSISTANT:
            return _ASSISTANT
        if door is Door.CREW:

            def place_turbines(project: Project) -> str:
                """Place the turbines."""
                self.tools_run += 1
                project.save("places.json", b"{}", "application/json")
                return "12 turbines"

            return FRAMEWORKS["strands"](Sketch("Call place_turbines once.", (place_turbines,)))
        self._patch.setenv("BEDROCK_READ_TIMEOUT_S", str(read_timeout_s))
        regions = BedrockClients()
        pool = regions.pool(REGION)
        self._patch.delenv("BEDROCK_READ_TIMEOUT_S")
        self._closing.append(pool.close)
        if operation is Operation.WHOLE:
            _WHOLE.append(pool.get(10))
        return WorkflowAgent(WorkflowFiles(self._folder), _nobody, WorkflowModels(regions))

    @contextmanager
    def _served(self, harness: Harness) -> Iterator[int]:
        """The port of a server as AgentCore Runtime asks it."""
        app = http_app(Desk(harness.service, AGENT, TIME_S))
        config = uvicorn.Config(app, log_config=None, log_level="critical", http="h11")
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                yield listener.getsockname()[1]
            finally:
                server.should_exit = True
                thread.join()


def _nobody(*_: object) -> Any:
    """No agents to ask by name."""


#: Clients whose models do not stream.
_WHOLE: Final[list[Any]] = []


def streams(client: Any) -> bool:
    """Whether the models on a client stream their answers."""
    return all(one is not client for one in _WHOLE)


def _over_http(port: int, event: dict[str, Any]) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=TIME_S)
    connection.request(
        "POST", "/invocations", json.dumps(event), {"Content-Type": "application/json"}
    )
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def _through_the_api(door: FrontDoor, event: dict[str, Any]) -> dict[str, Any]:
    """Ask through the API, and see that it tells what the agent answered."""
    told = door.ask(event["request_id"], query=event["query"])
    [answer] = door.answers
    code = None if answer["success"] else answer["error"]["code"]
    kept = door.look({"id": f"{AGENT}.{answer['request_id']}"})
    assert kept["state"] == ("failed" if code else "succeeded")
    if code is None:
        assert told["result"]["response"] == kept["result"]["response"] == answer["response"]
    else:
        assert told["code"] == kept["error"]["code"] == code
    return answer
