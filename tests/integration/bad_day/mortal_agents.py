"""Fixtures: agents whose processes die, on the stand-ins of everything they talk to."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Identity, StaticAuthorizer
from devtools.localcloud.geodata import GeodataStandIn
from devtools.localcloud.tls import TlsFiles
from tests.agent_environment import AGENT_VARIABLES
from tests.deployed_agents import AGENTS
from tests.dynamodb import LoopbackDynamoDB
from tests.integration.bad_day.deaths import Deaths, Whole
from tests.integration.bad_day.examples import example
from tests.integration.bad_day.mortal import MortalAgent, mortal
from tests.integration.callers import ACCOUNT, REGION

#: An agent, by its name; or the sketch, by a framework's.
StartMortal = Callable[[str], MortalAgent]


@pytest.fixture(scope="session")
def deaths(shared_dynamodb: LoopbackDynamoDB) -> Deaths:
    """The table of the mortal agents' records, and what is to hold after a death."""
    return Deaths(shared_dynamodb.create_table(f"mortal-{uuid.uuid4().hex}"), shared_dynamodb)


@pytest.fixture(scope="session")
def start_mortal(
    tls_files: TlsFiles,
    caller: Identity,
    deaths: Deaths,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StartMortal]:
    """Start an agent's process; each is started once."""
    started: dict[str, MortalAgent] = {}
    log = tmp_path_factory.mktemp("mortal") / "log"
    with ExitStack() as running:
        standin = running.enter_context(
            BedrockStandIn(
                authorizer=StaticAuthorizer([caller]), tls=tls_files, region=REGION, account=ACCOUNT
            )
        )
        geodata = running.enter_context(GeodataStandIn(tls=tls_files))
        variables = {
            "AWS_ACCESS_KEY_ID": caller.access_key,
            "AWS_SECRET_ACCESS_KEY": caller.secret_key,
            "AWS_SESSION_TOKEN": caller.session_token or "",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": standin.endpoint_url,
            "AWS_ENDPOINT_URL_DYNAMODB": deaths.database.url,
            "AWS_CA_BUNDLE": str(tls_files.ca),
            "AWS_CONFIG_FILE": str(log.with_name("no-config")),
            "AWS_SHARED_CREDENTIALS_FILE": str(log.with_name("no-credentials")),
            "AWS_EC2_METADATA_DISABLED": "true",
            "SSL_CERT_FILE": str(tls_files.ca),
            "OVERPASS_URL": geodata.overpass_url,
            "WIND_DATA_URL": geodata.wind_data_url,
            **AGENT_VARIABLES,
            "BEDROCK_MAX_TOKENS": "4096",
            "BEDROCK_CONNECT_TIMEOUT_S": "60",
            "BEDROCK_READ_TIMEOUT_S": "60",
            "RECORDS_TABLE": deaths.table.name,
            "OPENBLAS_NUM_THREADS": "1",  # they would wait for each other by spinning
        }

        def start(definition: str) -> MortalAgent:
            if definition not in started:
                manifest = AGENTS.get(definition)
                own = {
                    "TRADEWIND_AGENT": definition if manifest else "sketch",
                    "TRADEWIND_READS_FROM": ",".join(manifest.reads_from) if manifest else "",
                }
                name = own["TRADEWIND_AGENT"]
                process = mortal(definition, name, {**variables, **own}, log)
                started[definition] = running.enter_context(process)
            return started[definition]

        yield start


@pytest.fixture(scope="module")
def planned(start_mortal: StartMortal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that every agent has worked on."""
    folder = tmp_path_factory.mktemp("planned")
    for agent in AGENTS:
        event = {**example(agent), "request_id": "planned"}
        Whole.of(start_mortal(agent).serve(event, folder))
    return folder
