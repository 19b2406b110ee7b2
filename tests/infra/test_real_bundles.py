"""The bundles that are deployed, each agent's and the other functions', for both architectures."""

import importlib.metadata
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from license_expression import get_spdx_licensing

from cli.cdk import PROJECT
from stacks.agents import PROBE_BUDGET_MB, SWEEP_BUDGET_MB
from stacks.api import API_BUDGET_MB, AUTHORIZER_BUDGET_MB, MCP_BUDGET_MB
from stacks.bundling.archive import Archive
from stacks.bundling.bundler import Bundler
from stacks.bundling.interpreter import find_if_there
from stacks.bundling.rules import (
    CORE_FUNCTIONS,
    DURABLE_PYTHON,
    OF_AGENTCORE,
    OF_WORKFLOWS,
    PYTHON,
    UNZIPPED_LIMIT,
    never_imported,
)
from stacks.settings.environment import Settings
from stacks.settings.function import Architecture
from stacks.settings.runtime import NEEDS as RUNTIME_NEEDS
from stacks.workflows import DURABLE_BUDGET_MB
from tests.deployed_agents import AGENTS, FIRST
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS
from tradewind.contracts.names import (
    AGENTCORE_ENTRY,
    API,
    AUTHORIZER,
    DURABLE,
    MCP,
    PROBE,
    RUNTIME,
    SWEEP,
)

CORE_BUDGETS_MB = {
    SWEEP: SWEEP_BUDGET_MB,
    PROBE: PROBE_BUDGET_MB,
    API: API_BUDGET_MB,
    AUTHORIZER: AUTHORIZER_BUDGET_MB,
    MCP: MCP_BUDGET_MB,
    DURABLE: DURABLE_BUDGET_MB,
    RUNTIME: RUNTIME_NEEDS.bundle_budget_mb,
}
each_agent = pytest.mark.parametrize("agent", list(AGENTS))
each_bundle = pytest.mark.parametrize("name", [*AGENTS, *CORE_BUDGETS_MB])
each_architecture = pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
NATIVE: Architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
#: What Lambda's image has of its own, as the embedded AWS runs it.
LAMBDA_RUNTIME = PROJECT / ".build" / "lambda-runtime"

#: ELF's numbers for them.
MACHINES = {"x86_64": 62, "arm64": 183}

IMPORT_AND_ANSWER = """
import sys

# As in Lambda: the bundle and the standard library, and no packages of this environment.
bundle = sys.argv[1]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path)]

from tradewind.handlers import agent


class Context:
    aws_request_id = "request"

    def get_remaining_time_in_millis(self):
        return 30_000


answer = agent.handler({"query": ""}, Context())
assert answer["error"]["code"] == "INVALID_REQUEST", answer
outside = [
    name
    for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
]
assert not outside, outside
# Active tracing is Lambda's own doing.
assert "aws_xray_sdk" not in sys.modules
exporter = {"opentelemetry.exporter", "google", "requests"} & set(sys.modules)
print(sorted(exporter), len(sys.modules))
"""

USE_TOOLS = """
import asyncio
import http.server
import json
import pathlib
import runpy
import sys
import threading

# As in Lambda: the bundle and the standard library, and no packages of this environment.
bundle, server, folder = sys.argv[1:]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path)]
result = runpy.run_path(server)["result"]


class Web(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in message:
            return self.say(202, "")
        found = result(message["method"], message.get("params", {}))
        error = {"error": {"code": -32601, "message": "there is no such method"}}
        answer = error if found is None else {"result": found}
        self.say(200, json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}))

    def do_GET(self):
        if self.path == "/mcp":
            return self.say(405, "")
        self.say(200, "<html><body><p>windy</p></body></html>", "text/html")

    def do_DELETE(self):
        self.say(200, "")

    def say(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
threading.Thread(target=web.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{web.server_port}"

from tradewind.workflow.spec.loader import load
from tradewind.workflow_agents.tools import open_tools
from tradewind.workflow_agents.tools.surroundings import Network

file = pathlib.Path(folder) / "flow.json"
file.write_text(json.dumps({
    "version": 0,
    "name": "flow",
    "runtime": {"provider": "bedrock", "region": "us-east-1", "model_id": "m"},
    "agents": {"a": {"prompt": "You are a."}},
    "tools": {
        "python": ["web_fetch", "http_request"],
        "http_executors": [{"id": "api", "base_url": "https://api.example.com:9"}],
        "mcp": [
            {"id": "s", "command": sys.executable, "args": ["-S", server]},
            {"id": "t", "url": f"{url}/mcp"},
        ],
    },
    "pattern": {"type": "chain", "config": {"steps": [{"agent": "a"}]}},
}))


async def resolve(host, port):
    return ["127.0.0.1"]


async def main():
    loaded = load(file)
    assert loaded.spec is not None, loaded.problems
    anywhere = Network(lambda _url: None, lambda _host: None, resolve)
    async with open_tools(
        loaded, run_id="r", environ={}, root=file.parent, network=anywhere
    ) as tools:
        for name, given, said in (
            ("add", {"a": 1, "b": 2}, "3"),
            ("t_add", {"a": 1, "b": 3}, "4"),
            ("web_fetch", {"url": f"{url}/page"}, "windy"),
            ("http_request", {"url": f"{url}/page"}, "windy"),
            # Nobody is there: a request is made, and told of.
            ("api", {"path": "x"}, "The request failed: ConnectError."),
        ):
            (tool,) = (one for one in tools.for_agent("a", None) if one.tool_name == name)
            asked = {"toolUseId": "1", "name": name, "input": given}
            (event,) = [one async for one in tool.stream(asked, {})]
            text = event["tool_result"]["content"][0]["text"]
            assert said in text, (name, text)


asyncio.run(main())
outside = [
    name
    for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
]
assert not outside, outside
"""
#: A server of MCP that needs nothing but Python.
MCP_SERVER = PROJECT / "tests" / "integration" / "workflow_tools" / "small_mcp_server.py"

ENVIRONMENT = {
    "TRADEWIND_ENVIRONMENT": "test",
    "BEDROCK_MODEL_ID": "us.anthropic.claude-sonnet-4-6",
    "BEDROCK_REGION": "us-east-1",
    "BEDROCK_MAX_TOKENS": "100",
    "BEDROCK_CONNECT_TIMEOUT_S": "1",
    "BEDROCK_READ_TIMEOUT_S": "1",
    "BEDROCK_MAX_CONNECTIONS": "1",
    "ARTIFACTS_BUCKET": "bucket",
    "RECORDS_TABLE": "table",
    "SESSIONS_TABLE": "table",
    "SESSION_TTL_DAYS": "1",
    "BUDGETS_TABLE": "table",
    "SESSION_HISTORY_TOKENS": "1000",
    "QUESTION_LIFE_DAYS": "1",
    "RECORD_TTL_DAYS": "1",
    "TRADEWIND_READS_FROM": "",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}

Built = Callable[[str, Architecture], Archive]


@pytest.fixture(scope="module")
def built(root: Path, dev_settings: Settings) -> Built:
    """Bundles as a synth makes them, in the same cache."""
    bundler = Bundler(root)

    @cache
    def build(name: str, architecture: Architecture) -> Archive:
        if name in CORE_BUDGETS_MB:
            return bundler.core_bundle(name, architecture, CORE_BUDGETS_MB[name])
        function = dev_settings.function(AGENTS[name])
        return bundler.bundle(AGENTS[name], architecture, function.bundle_budget_mb)

    return build


@each_architecture
@each_bundle
def test_every_part_of_a_bundle_has_a_licence_that_asks_for_no_source(
    built: Built, name: str, architecture: Architecture
) -> None:
    """MPL-2.0 asks for the source of changed files alone; nothing here is changed."""
    permissive = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python"}
    permissive |= {"ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib"}
    parts = built(name, architecture).components
    assert {"botocore", "pydantic"} <= {part.name for part in parts}
    for part in parts:
        assert part.licence, f"{part.name}: read its licence, and say it in bundling/components.py"
        assert set(get_spdx_licensing().license_keys(part.licence)) <= permissive, part


@each_architecture
@each_bundle
def test_a_bundle_is_within_its_budget_and_lambdas_limit(
    built: Built, dev_settings: Settings, name: str, architecture: Architecture
) -> None:
    archive = built(name, architecture)
    budget_mb = CORE_BUDGETS_MB.get(name) or dev_settings.function(AGENTS[name]).bundle_budget_mb
    assert archive.unzipped_bytes <= budget_mb * 10**6
    assert archive.unzipped_bytes <= UNZIPPED_LIMIT


@each_architecture
@each_bundle
def test_every_shared_library_is_for_the_target(
    built: Built, name: str, architecture: Architecture
) -> None:
    with zipfile.ZipFile(built(name, architecture).path) as zipped:
        libraries = [name for name in zipped.namelist() if ".so" in Path(name).suffixes]
        machines = {struct.unpack_from("<H", zipped.read(name), 18)[0] for name in libraries}
    assert machines == {MACHINES[architecture]}


@each_architecture
@each_bundle
def test_every_module_has_its_byte_code(
    built: Built, name: str, architecture: Architecture
) -> None:
    python = CORE_FUNCTIONS[name].python if name in CORE_FUNCTIONS else PYTHON
    if python != PYTHON and find_if_there(python) is None:
        pytest.skip(f"there is no Python {python} on this machine to compile with")
    tag = f"cpython-{python.replace('.', '')}"
    with zipfile.ZipFile(built(name, architecture).path) as zipped:
        names = set(zipped.namelist())
    missing = [
        name
        for name in names
        if name.endswith(".py")
        and f"{name.rpartition('/')[0]}/__pycache__/{Path(name).stem}.{tag}.pyc".lstrip("/")
        not in names
    ]
    assert missing == []


@each_agent
def test_nothing_that_is_pruned_is_in_the_bundle(built: Built, agent: str) -> None:
    framework, agentcore = AGENTS[agent].framework, AGENTS[agent].agentcore
    pruned = {
        file.parts[0]
        for name in never_imported(framework, agentcore)
        for file in importlib.metadata.files(name) or ()
        if file.parts[0] != ".." and not file.parts[0].endswith(".dist-info")
    }
    if framework == "strands":
        assert {"mcp", "httpx", "cryptography", "starlette"} <= pruned
    with zipfile.ZipFile(built(agent, NATIVE).path) as zipped:
        assert not {name.split("/")[0] for name in zipped.namelist()} & pruned
        ours = [name for name in zipped.namelist() if name.startswith(OF_WORKFLOWS)]
        served = {
            name
            for name in zipped.namelist()
            if name == AGENTCORE_ENTRY or name.startswith((OF_AGENTCORE, "bedrock_agentcore/"))
        }
    assert bool(ours) == (framework == RUNS_WORKFLOWS)
    assert bool(served) == (agentcore is not None)


@each_agent
def test_a_bundle_answers_with_nothing_but_itself(built: Built, agent: str, tmp_path: Path) -> None:
    """And from its byte code alone: no source is compiled, or even read."""
    with zipfile.ZipFile(built(agent, NATIVE).path) as zipped:
        zipped.extractall(tmp_path)
    for source in tmp_path.rglob("*.py"):
        source.write_text("raise AssertionError('compiled anew')")
    ours = {key: os.environ[key] for key in os.environ if not key.startswith(("AWS_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORT_AND_ANSWER, str(tmp_path)],
        env={**ours, **ENVIRONMENT, "TRADEWIND_AGENT": agent},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Spans cost nothing where nobody asks for them, and work where somebody does.
    assert done.stdout.splitlines()[-1].startswith("[] ")
    traced = subprocess.run(
        [sys.executable, "-S", "-c", IMPORT_AND_ANSWER, str(tmp_path)],
        env={
            **ENVIRONMENT,
            "TRADEWIND_AGENT": agent,
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert traced.returncode == 0, traced.stderr
    assert "opentelemetry.exporter" in traced.stdout.splitlines()[-1]
    if AGENTS[agent].framework == RUNS_WORKFLOWS:
        files = tmp_path / "files"
        files.mkdir()
        used = subprocess.run(
            [sys.executable, "-S", "-c", USE_TOOLS, str(tmp_path), str(MCP_SERVER), str(files)],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert used.returncode == 0, used.stderr


READS_SCHEMAS = """
from tradewind.run.output import validator_of
assert not list(validator_of({"type": "object"}).iter_errors({}))
"""


@pytest.mark.parametrize("transport", ["sdk", "socket"])
def test_what_asks_runtimes_answers_with_nothing_but_its_bundle(
    built: Built, transport: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(built(RUNTIME, NATIVE).path) as zipped:
        zipped.extractall(tmp_path)
        names = zipped.namelist()
    assert {name.split("/")[0] for name in names} & {"agents", "siting", "strands"} == set()
    for source in tmp_path.rglob("*.py"):
        source.write_text("raise AssertionError('compiled anew')")
    runtime = "arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/onboarding-AbCdEfGhIj"
    target = {"arn": runtime, "qualifier": "live", "transport": transport}
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORT_AND_ANSWER + READS_SCHEMAS, str(tmp_path)],
        env={
            **ENVIRONMENT,
            "TRADEWIND_AGENT": "onboarding",
            "TRADEWIND_RUNTIME": json.dumps(target),
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


SETTLE_ONE = """
import contextlib
import http.server
import io
import json
import os
import sys
import threading

# As in Lambda: the bundle and the standard library, and no packages of this environment.
bundle = sys.argv[1]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path)]
RECORD = {
    "record_id": {"S": "key"}, "open": {"S": "yes"}, "deadline_at": {"N": "1"},
    "attempt": {"S": "first"}, "agent": {"S": "some"}, "request_id": {"S": "r-1"},
    "project_id": {"S": "p-1"},
}
WHOLE = {
    **RECORD, "status": {"S": "running"}, "owner": {"S": ""}, "request_sha256": {"S": "0"},
    "model_id": {"S": "m"}, "started_at": {"S": "2026-01-01T00:00:00.000+00:00"},
}
ANSWERS = {
    "Query": {"Items": [RECORD], "Count": 1, "ScannedCount": 1},
    "GetItem": {"Item": WHOLE},
    "UpdateItem": {},
}
asked = []


class Table(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        asked.append((operation, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        body = json.dumps(ANSWERS[operation]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Table)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"

from tradewind.aws.deadline import call_time_left_s
from tradewind.handlers import sweep

time_left = []
sweep._sweeper._records.table.client.meta.events.register(
    "before-call.dynamodb", lambda **_: time_left.append(call_time_left_s())
)


class Context:
    def get_remaining_time_in_millis(self):
        return 60_000


printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    answer = sweep.handler({"detail-type": "Scheduled Event"}, Context())
assert answer == {"settled": 1, "finished": True}, answer
(_, query), _, (_, update) = asked
# Of a minute, ten seconds are kept back.
assert all(40 < left <= 50 for left in time_left), time_left
assert query["IndexName"] == "open-by-deadline", query
assert update["Key"] == {"record_id": {"S": "key"}}, update
[metrics] = [line for line in printed.getvalue().splitlines() if "RecordsSettled" in line]
assert json.loads(metrics)["Agent"] == "some", metrics
outside = [
    name
    for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
]
assert not outside, outside
print(sorted(name for name in sys.modules if name.count(".") < 2))
"""


def test_the_sweep_settles_with_nothing_but_its_bundle(built: Built, tmp_path: Path) -> None:
    with zipfile.ZipFile(built(SWEEP, NATIVE).path) as zipped:
        zipped.extractall(tmp_path)
        names = zipped.namelist()
    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    assert {name for name in services if "." not in name} == {"dynamodb"}
    assert {name.split("/")[0] for name in names} & {"agents", "siting", "strands"} == set()
    for source in tmp_path.rglob("*.py"):
        source.write_text("raise AssertionError('compiled anew')")
    done = subprocess.run(
        [sys.executable, "-S", "-c", SETTLE_ONE, str(tmp_path)],
        env={
            name: ENVIRONMENT[name]
            for name in ENVIRONMENT
            if name.startswith("AWS_")
            or name
            in {"TRADEWIND_ENVIRONMENT", "RECORDS_TABLE", "SESSIONS_TABLE", "SESSION_TTL_DAYS"}
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = done.stdout.splitlines()[-1]
    assert "'tradewind.records'" in imported
    for unused in ("tradewind.bedrock", "tradewind.run", "opentelemetry", "strands"):
        assert f"'{unused}'" not in imported


ANSWER_TWO = """
import json
import sys

bundle = sys.argv[1]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path)]

from tradewind.handlers import api


class Context:
    aws_request_id = "call"

    def get_remaining_time_in_millis(self):
        return 30_000


def ask(method, path):
    return api.handler(
        {
            "httpMethod": method,
            "path": path,
            "resource": path,
            "headers": {},
            "requestContext": {"identity": {"userArn": "arn:aws:iam::000000000000:user/somebody"}},
        },
        Context(),
    )


listed = ask("GET", "/agents")
assert listed["statusCode"] == 200, listed
[agent] = json.loads(listed["body"])["agents"]
assert agent["example"]["query"], agent
assert ask("GET", "/nothing")["statusCode"] == 404
outside = [
    name
    for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
]
assert not outside, outside
print(sorted(name for name in sys.modules if name.count(".") < 2))
"""

SHAKE_HANDS = """
import json
import sys

bundle, runtime = sys.argv[1:]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path), runtime]

import awslambdaric.lambda_runtime_client  # it is taught to stream, as on Lambda
from tradewind.handlers import mcp


class Context:
    aws_request_id = "call"

    def get_remaining_time_in_millis(self):
        return 30_000


def send(method, headers, **params):
    answer = mcp.handler(
        {
            "httpMethod": "POST",
            "path": "/mcp",
            "resource": "/mcp",
            "headers": {
                "Content-Type": "application/json",
                "Accept": "application/json, text/event-stream",
                **headers,
            },
            "requestContext": {"identity": {"userArn": "arn:aws:iam::000000000000:user/somebody"}},
            "body": json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
        },
        Context(),
    )
    prelude, _, body = b"".join(answer.chunks).partition(bytes(8))
    assert json.loads(prelude)["statusCode"] == 200, prelude
    return json.loads(body)["result"]


client = {"name": "c", "version": "1"}
hello = send(
    "initialize", {}, protocolVersion="2025-06-18", capabilities={}, clientInfo=client
)
assert hello["serverInfo"]["name"] == "tradewind", hello
tools = send("tools/list", {"MCP-Protocol-Version": "2025-06-18"})["tools"]
assert [tool["name"] for tool in tools][1:] == [
    "look_up_invocation", "answer_invocation", "cancel_invocation"
], tools
about = {"protocolVersion": "2026-07-28", "clientInfo": client, "clientCapabilities": {}}
meta = {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}
same = send(
    "tools/list", {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}, _meta=meta
)["tools"]
assert same == tools, same
outside = [
    name
    for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
]
assert not outside, outside
print(sorted(name for name in sys.modules if name.count(".") < 2))
"""

READ_ONE = """
import sys

bundle = sys.argv[1]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path)]

from tradewind.handlers import authorizer

try:
    authorizer.handler({"methodArn": "a/b/c/d", "authorizationToken": "Bearer a.b.c"}, None)
except Exception as refused:
    assert str(refused) == "Unauthorized", refused
else:
    raise AssertionError("let in")

import time
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from tradewind.oidc.tokens import Tokens

key = rsa.generate_private_key(65537, 2048)


class Keys:
    def key(self, key_id):
        return {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id}


claims = {"iss": "https://i", "aud": "a", "sub": "who", "exp": time.time() + 60}
token = jwt.encode(claims, key, "RS256", {"kid": "k"})
assert Tokens("https://i", "a", Keys()).subject_of(token) == "who"
outside = [
    name
    for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
]
assert not outside, outside
print(sorted(name for name in sys.modules if name.count(".") < 2))
"""


#: What each needs to serve, and what it must not have imported.
SERVING = {
    API: (
        ANSWER_TWO,
        {**ENVIRONMENT, "TRADEWIND_AGENTS": f"{FIRST}=900", "TRADEWIND_QUEUE_LIFE_S": "60"},
        ("tradewind.bedrock", "tradewind.run", "opentelemetry", "strands"),
    ),
    MCP: (
        SHAKE_HANDS,
        {**ENVIRONMENT, "TRADEWIND_AGENTS": f"{FIRST}=900", "TRADEWIND_QUEUE_LIFE_S": "60"},
        ("tradewind.bedrock", "tradewind.run", "opentelemetry.sdk", "strands"),
    ),
    AUTHORIZER: (
        READ_ONE,
        {"TRADEWIND_OIDC_ISSUER": "https://i", "TRADEWIND_OIDC_AUDIENCE": "a"},
        ("tradewind.aws", "tradewind.run", "boto3", "opentelemetry"),
    ),
}


@pytest.mark.parametrize("name", SERVING)
def test_the_functions_of_the_api_serve_with_nothing_but_their_bundles(
    built: Built, tmp_path: Path, name: str
) -> None:
    program, variables, unused = SERVING[name]
    with zipfile.ZipFile(built(name, NATIVE).path) as zipped:
        zipped.extractall(tmp_path)
        theirs = {one.rpartition("/")[2] for one in zipped.namelist() if one.startswith("agents/")}
    assert theirs <= {"agent.toml", "request.json"}
    for source in tmp_path.rglob("*.py"):
        source.write_text("raise AssertionError('compiled anew')")
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, str(tmp_path), str(LAMBDA_RUNTIME)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = done.stdout.splitlines()[-1]
    for package in unused:
        assert f"'{package}'" not in imported


BUILD = """
import sys
from pathlib import Path
from stacks.bundling.bundler import Bundler
from tests.deployed_agents import AGENTS, LAST

print(Bundler(Path(sys.argv[1])).bundle(AGENTS[LAST], "arm64", 250).sha256)
"""


def test_the_same_inputs_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    """In two other folders, under two hash seeds."""
    sources = tmp_path / "lambda_src"
    shutil.copytree(root / "lambda_src", sources, ignore=shutil.ignore_patterns("__pycache__"))
    made = set()
    for seed in ("1", "2"):
        elsewhere = tmp_path / f"elsewhere-{seed}"
        elsewhere.mkdir()
        (elsewhere / "lambda_src").symlink_to(sources)
        done = subprocess.run(
            [sys.executable, "-c", BUILD, str(elsewhere)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={
                **os.environ,
                "PYTHONPATH": f"{root}:{root / 'lambda_src'}",
                "PYTHONHASHSEED": seed,
            },
        )
        made.add(done.stdout)
    assert len(made) == 1


DURABLE_RUN = """
import sys

bundle = sys.argv[1]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path)]

from tradewind.handlers import durable_workflow


class Context:
    aws_request_id = "request"

    def get_remaining_time_in_millis(self):
        return 30_000


event = {
    "DurableExecutionArn": "arn:aws:lambda:us-east-1:1:function:f:1/durable-execution/n/e",
    "CheckpointToken": "t",
    "InitialExecutionState": {
        "Operations": [
            {
                "Id": "e",
                "Type": "EXECUTION",
                "Status": "STARTED",
                "StartTimestamp": 1800000000000,
                "ExecutionDetails": {
                    "InputPayload": '{"workflow": "chain-brief", "sha256": "0", "run_id": "r"}'
                },
            }
        ],
    },
}
print(durable_workflow.handler(event, Context()))
assert "strands" not in sys.modules
"""


def test_the_durable_function_starts_from_its_bundle(built: Built, tmp_path: Path) -> None:
    found = find_if_there(DURABLE_PYTHON)
    if found is None:
        pytest.skip(f"there is no Python {DURABLE_PYTHON} on this machine")
    bundle = tmp_path / "bundle"
    with zipfile.ZipFile(built(DURABLE, NATIVE).path) as zipped:
        zipped.extractall(bundle)
    ours = {key: os.environ[key] for key in os.environ if not key.startswith(("AWS_", "PYTHON"))}
    done = subprocess.run(
        [found.path, "-I", "-c", DURABLE_RUN, str(bundle)],
        env=ours
        | {
            "TRADEWIND_DURABLE_WORKFLOWS": "chain-brief",
            "TRADEWIND_WORKFLOW_FUNCTION": "f",
            "TRADEWIND_AGENT_FUNCTIONS": "{}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Another file than it was started with: refused, before anything is asked of anybody.
    assert "'Status': 'FAILED'" in done.stdout
    assert "is not the one that the run was started with" in done.stdout
