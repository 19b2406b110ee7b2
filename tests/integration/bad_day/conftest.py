"""An agent's service on the embedded AWS, with a bad day between them."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from devtools.localcloud import LocalCloud, Running
from devtools.localcloud.bedrock import BedrockStandIn, Identity, StaticAuthorizer
from devtools.localcloud.tls import TlsFiles
from tests.agent_environment import agent_environment
from tests.dynamodb import create_records_table
from tests.frameworks import FRAMEWORKS, Sketch
from tests.integration.bad_day.fault_proxy import FaultProxy, Rule
from tests.integration.bad_day.silence_clock import skip_silences
from tests.integration.callers import ACCOUNT, REGION
from tradewind.aws.clients import AwsClients
from tradewind.aws.deadline import Deadline
from tradewind.aws.repeats import Repeated
from tradewind.bedrock.client import ClientPool
from tradewind.bedrock.meter import MeteredConnections
from tradewind.contracts.names import RECORD_DEADLINE, RECORD_KEY, record_key
from tradewind.handlers.service import AgentService
from tradewind.records.item import StoredRecord, read_item
from tradewind.records.table import RecordTable
from tradewind.run.project import Project
from tradewind.run.s3_artifacts import S3ArtifactStore
from tradewind.run.tools import load_json, save_json

AGENT = "layout"
SOURCE = "terrain"


def place_turbines(project: Project) -> str:
    """Place the turbines on the site, once."""
    site = load_json(project, SOURCE, "site.json").data
    save_json(project, "places.json", {"turbines": site["turbines"]})
    return save_json(project, "rows.json", {"rows": site["turbines"] / 2})


PLACER = Sketch("You place turbines. Call place_turbines once.", (place_turbines,))


@dataclass
class Wire:
    """The three services that a request calls, each behind a proxy.

    Attributes:
        behind: What tests look at, without a proxy.
        bucket: Where artifacts are.
        table: Where records are.
    """

    model: FaultProxy
    objects: FaultProxy
    items: FaultProxy
    behind: Callable[[str], Any]
    bucket: str
    table: str

    @property
    def proxies(self) -> tuple[FaultProxy, ...]:
        """All of them."""
        return (self.model, self.objects, self.items)

    def play(self, *rules: Rule) -> None:
        """Play these rules, on whichever service their calls go to."""
        for proxy in self.proxies:
            proxy.play(*rules)

    def is_silent(self, port: int) -> bool:
        """Whether a call from this port is told nothing."""
        return any(port in proxy.silent for proxy in self.proxies)

    def calls(self, operation: str) -> int:
        """How many calls of an operation came since the last play."""
        return sum(call.operation == operation for proxy in self.proxies for call in proxy.calls)

    def record(self, request_id: str) -> StoredRecord | None:
        """A request's record."""
        key = record_key(owner="", agent=AGENT, request_id=request_id)
        item = (
            self.behind("dynamodb")
            .get_item(TableName=self.table, Key={RECORD_KEY: {"S": key}}, ConsistentRead=True)
            .get("Item")
        )
        return read_item(item) if item else None

    def let_the_deadline_pass(self, request_id: str) -> None:
        """As if the function had been killed a while ago."""
        self.behind("dynamodb").update_item(
            TableName=self.table,
            Key={RECORD_KEY: {"S": record_key(owner="", agent=AGENT, request_id=request_id)}},
            UpdateExpression=f"SET {RECORD_DEADLINE} = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )

    def prepare(self, project_id: str) -> None:
        """Leave what the agent before has left in a project."""
        before = Project(project_id, SOURCE, {}, S3ArtifactStore(self.bucket, self.behind("s3")))
        with before.tool_call():
            save_json(before, "site.json", {"turbines": 12})
        before.commit()

    def visible(self, project_id: str) -> dict[str, bytes]:
        """The agent's files that a reader sees, each read whole."""
        store = S3ArtifactStore(self.bucket, self.behind("s3"))
        reader = Project(project_id, "reader", {}, store, (SOURCE, AGENT))
        names = [file.file_name for file in reader.files() if file.agent == AGENT]
        return {name: reader.load(AGENT, name) for name in names}


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An embedded AWS."""
    local_cloud = LocalCloud(tmp_path_factory.mktemp("bad-day"))
    yield local_cloud.up()
    local_cloud.down()


@pytest.fixture(scope="module")
def wire(
    cloud: Running,
    tls_files: TlsFiles,
    caller: Identity,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Wire]:
    """A bucket, a table and a model of their own, and the proxies before them."""

    def behind(service: str) -> Any:
        make: Any = boto3.client  # its stubs want the service spelled out
        return make(
            service,
            region_name=cloud.region,
            endpoint_url=cloud.endpoint_url,
            verify=cloud.ca_bundle,
            aws_access_key_id=cloud.access_key,
            aws_secret_access_key=cloud.secret_key,
        )

    behind = cache(behind)
    names = f"bad-day-{uuid.uuid4().hex[:8]}"
    behind("s3").create_bucket(Bucket=names)
    create_records_table(behind("dynamodb"), names)
    with BedrockStandIn(
        authorizer=StaticAuthorizer([caller]), tls=tls_files, region=REGION, account=ACCOUNT
    ) as standin:
        ca = Path(cloud.ca_bundle)
        wire = Wire(
            model=FaultProxy(standin.endpoint_url, tls_files.ca),
            objects=FaultProxy(cloud.endpoint_url, ca),
            items=FaultProxy(cloud.endpoint_url, ca),
            behind=behind,
            bucket=names,
            table=names,
        )
        yield wire
        for proxy in wire.proxies:
            proxy.close()


Serve = Callable[..., AgentService]


@pytest.fixture
def serve(
    wire: Wire, cloud: Running, caller: Identity, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Serve]:
    """Build a service whose clients reach the proxies and nothing else."""
    monkeypatch.setattr("tradewind.bedrock.retry.BASE_PAUSE_S", 0.01)
    monkeypatch.setattr("tradewind.aws.repeats.BASE_PAUSE_S", 0.01)
    # Time for the last writes that no machine is too busy for.
    monkeypatch.setattr("tradewind.aws.deadline.MAX_MARGIN_S", 120.0)
    clock = skip_silences(monkeypatch, wire.is_silent)
    monkeypatch.setattr("tradewind.handlers.service.Deadline", partial(Deadline, clock=clock))
    built: list[AgentService] = []

    def make(framework: str) -> AgentService:
        environment = agent_environment(
            TRADEWIND_AGENT=AGENT,
            TRADEWIND_READS_FROM=SOURCE,
            BEDROCK_CONNECT_TIMEOUT_S="10",
            BEDROCK_READ_TIMEOUT_S="900",
            ARTIFACTS_BUCKET=wire.bucket,
            RECORDS_TABLE=wire.table,
        )
        aws = AwsClients(observer=MeteredConnections())
        storage = Repeated(may_run_twice=True)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", wire.objects.endpoint_url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", wire.items.endpoint_url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", wire.model.endpoint_url)
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        # The model knows one caller, the other services another.
        keys(monkeypatch, cloud.access_key, cloud.secret_key, "")
        objects, items = aws.create("s3", repeats=storage), aws.create("dynamodb", repeats=storage)
        keys(monkeypatch, caller.access_key, caller.secret_key, caller.session_token or "")
        model = AwsClients(observer=MeteredConnections())
        service = AgentService(
            environment=environment,
            definition=FRAMEWORKS[framework](PLACER),
            clients=ClientPool(environment, model),
            store=S3ArtifactStore(wire.bucket, objects),
            records=RecordTable(wire.table, items),
        )
        built.append(service)
        return service

    yield make
    for service in built:
        service.close()


def keys(monkeypatch: pytest.MonkeyPatch, access: str, secret: str, token: str) -> None:
    """Whose clients are made from now on."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_SESSION_TOKEN", token)
