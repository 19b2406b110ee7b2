"""What a bundle leaves out, and why. Tests run every bundle without what is named here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tradewind.contracts.agent_manifest import AgentCoreProtocol, AgentManifest, Framework
from tradewind.contracts.names import API, AUTHORIZER, DURABLE, MCP, PROBE, RUNTIME, SWEEP

#: Python of the functions; bundles are resolved and compiled for it.
PYTHON: Final = "3.12"
#: That of durable functions, which Lambda has from this version on.
DURABLE_PYTHON: Final = "3.13"

#: uv's name for the platform of Lambda's Python 3.12 (Amazon Linux 2023, glibc 2.34).
PLATFORMS: Final[Mapping[str, str]] = {
    "arm64": "aarch64-manylinux_2_28",
    "x86_64": "x86_64-manylinux_2_28",
}

#: Lambda's limit for an unzipped function, in bytes.
UNZIPPED_LIMIT: Final = 262_144_000

_CFFI: Final = "only cffi uses it, when it builds"
_MCP: Final = "only the MCP client of Strands uses it; the agents' tools are in-process"

#: Distributions that are installed because another one asks for them, but never imported here; by
#: framework.
NEVER_IMPORTED: Final[Mapping[Framework, Mapping[str, str]]] = {
    "strands": {
        "anyio": _MCP,
        "cffi": "only cryptography uses it",
        "click": "only uvicorn's command line uses it",
        "cryptography": "only JWT verification in the MCP client uses it",
        "h11": _MCP,
        "httpcore": _MCP,
        "httpcore2": _MCP,
        "httpx": _MCP,
        "httpx2": _MCP,
        "mcp": _MCP,
        "mcp-types": _MCP,
        "pycparser": _CFFI,
        "pyjwt": _MCP,
        "python-multipart": _MCP,
        "sse-starlette": _MCP,
        "starlette": _MCP,
        "truststore": _MCP,
        "uvicorn": _MCP,
    },
    # PydanticAI imports its whole closure, HTTP clients included, when it is imported itself.
    "pydantic-ai": {},
    # Its tools may be servers of MCP.
    "workflow": {"click": "only uvicorn's command line uses it", "pycparser": _CFFI},
}

#: What an agent's process on AgentCore Runtime imports of what its framework does not, by protocol.
_SERVED: Final = frozenset({"anyio", "click", "h11", "starlette", "uvicorn"})
_IMPORTED_TO_SERVE: Final[Mapping[AgentCoreProtocol, frozenset[str]]] = {
    "http": _SERVED,
    "a2a": _SERVED | {"httpcore", "httpx", "sse-starlette"},
}


def never_imported(framework: Framework, agentcore: AgentCoreProtocol | None) -> frozenset[str]:
    """The distributions that an agent's bundle leaves out."""
    imported = frozenset[str]() if agentcore is None else _IMPORTED_TO_SERVE[agentcore]
    return frozenset(NEVER_IMPORTED[framework]) - imported


_OTEL_METADATA: Final = {
    "opentelemetry-api": "entry points, for what OTEL_* variables select",
    "opentelemetry-sdk": "entry points, for what OTEL_* variables select",
}
_OWN_VERSION: Final = "its version, when it is imported"

_STRANDS_METADATA: Final = {
    **_OTEL_METADATA,
    "strands-agents": "its version, for the resource its traces name",
}

#: Distributions that look their own metadata up; everyone else's is dropped, since some libraries
#: walk all of it when they are imported. A function that has no framework has a list of its own.
METADATA_READ: Final[Mapping[Framework, Mapping[str, str]]] = {
    "strands": _STRANDS_METADATA,
    "workflow": {**_STRANDS_METADATA, "httpcore2": _OWN_VERSION, "httpx2": _OWN_VERSION},
    "pydantic-ai": {
        **_OTEL_METADATA,
        "anyio": "its version, when PydanticAI is imported",
        "genai-prices": _OWN_VERSION,
        "httpcore2": _OWN_VERSION,
        "httpx2": _OWN_VERSION,
        "pydantic-ai-slim": _OWN_VERSION,
    },
}

#: The AWS operations every agent's function calls; botocore's models are cut to them, and to what
#: the agent's manifest adds.
AWS_OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "bedrock-runtime": ("ConverseStream",),
    "dynamodb": ("GetItem", "PutItem", "Query", "UpdateItem"),
    "s3": ("GetObject", "ListObjectsV2", "PutObject"),
}


@dataclass(frozen=True)
class CoreFunction:
    """What the bundle of a function that is no agent's is made of, besides the core.

    Attributes:
        title: What a person calls the function.
        operations: The AWS operations it calls, by service.
        requirements: What it is installed from besides the core's, in ``lambda_src/requirements``.
        files: Patterns of the files it has besides.
        metadata_read: Distributions that look their own metadata up, and what for.
        python: What it runs on.
        has_workflows: Whether it runs workflows: it has the engine then, and the files.
    """

    title: str
    operations: Mapping[str, tuple[str, ...]]
    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    metadata_read: Mapping[str, str] = field(default_factory=dict)
    python: str = PYTHON
    has_workflows: bool = False


#: What it says of the agents, and none of their code.
_TOLD_OF_AGENTS: Final = ("agents/*/agent.toml", "agents/*/request.json")


CORE_FUNCTIONS: Final[Mapping[str, CoreFunction]] = {
    SWEEP: CoreFunction("the sweep", {"dynamodb": ("GetItem", "Query", "UpdateItem")}),
    PROBE: CoreFunction(
        "the probe",
        {
            "codedeploy": ("GetDeployment", "PutLifecycleEventHookExecutionStatus"),
            "lambda": ("Invoke",),
        },
        files=_TOLD_OF_AGENTS,
    ),
    API: CoreFunction(
        "the API",
        {
            "bedrock": ("ListFoundationModels", "ListInferenceProfiles"),
            "dynamodb": ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
            "lambda": ("Invoke",),
            # Never called, only signed for: links to artifacts.
            "s3": ("GetObject",),
        },
        files=_TOLD_OF_AGENTS,
    ),
    MCP: CoreFunction(
        "the MCP function",
        {
            "dynamodb": ("GetItem", "PutItem", "Query", "UpdateItem"),
            "lambda": ("Invoke",),
            "s3": ("GetObject",),
        },
        requirements=("mcp",),
        files=_TOLD_OF_AGENTS,
        metadata_read={
            "httpcore2": _OWN_VERSION,
            "httpx2": _OWN_VERSION,
            "opentelemetry-api": "entry points, when the library asks for a tracer",
        },
    ),
    # An agent's function whose work is done elsewhere: what every agent's calls, and that.
    RUNTIME: CoreFunction(
        "the functions that ask runtimes",
        {**AWS_OPERATIONS, "bedrock-agentcore": ("InvokeAgentRuntime",)},
        requirements=("runtime",),
        metadata_read=_OTEL_METADATA,
    ),
    AUTHORIZER: CoreFunction("the authorizer", {}, requirements=("authorizer",)),
    DURABLE: CoreFunction(
        "the durable function",
        {"lambda": ("CheckpointDurableExecution", "GetDurableExecutionState")},
        requirements=("workflow", "durable"),
        python=DURABLE_PYTHON,
        has_workflows=True,
    ),
}

#: What a framework looks up in them besides, called or not.
LOOKED_UP: Final[Mapping[Framework, Mapping[str, tuple[str, ...]]]] = {
    "strands": {},
    # It reads from this one which fields a request may have, and may send the streaming one.
    "pydantic-ai": {"bedrock-runtime": ("Converse",)},
    "workflow": {"lambda": ("Invoke",)},
}


def operations_of(agent: AgentManifest) -> dict[str, list[str]]:
    """The AWS operations that an agent's bundle knows, by service."""
    known = {service: set(names) for service, names in AWS_OPERATIONS.items()}
    asked = [
        *LOOKED_UP[agent.framework].items(),
        *((reach.service, reach.operations) for reach in agent.reach),
    ]
    for service, names in asked:
        known.setdefault(service, set()).update(names)
    return {service: sorted(names) for service, names in sorted(known.items())}


#: Of the core, what only functions that run workflows have: the engine, its agents, their handlers.
OF_WORKFLOWS: Final = (
    *("tradewind/workflow/", "tradewind/workflow_agents/", "tradewind/workflow_function/"),
    "tradewind/durable/",
)

#: And what only agents have that AgentCore Runtime runs, too.
OF_AGENTCORE: Final = "tradewind/agentcore_serving/"

#: Folders and file kinds that no import or run-time read touches.
UNUSED_FOLDERS: Final = frozenset({"__pycache__", "bin", "include", "test", "tests"})
UNUSED_SUFFIXES: Final = frozenset(
    {".a", ".c", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx"}
)
