"""What a bundle leaves out, and why. Tests run every bundle without what is named here."""

from collections.abc import Mapping
from typing import Final

from tradewind.contracts.agent_manifest import AgentManifest

#: Python of the agent functions; bundles are resolved and compiled for it.
PYTHON: Final = "3.12"

#: uv's name for the platform of Lambda's Python 3.12 (Amazon Linux 2023, glibc 2.34).
PLATFORMS: Final[Mapping[str, str]] = {
    "arm64": "aarch64-manylinux_2_28",
    "x86_64": "x86_64-manylinux_2_28",
}

#: Lambda's limit for an unzipped function, in bytes.
UNZIPPED_LIMIT: Final = 262_144_000

_MCP: Final = "only the MCP client of Strands uses it; the agents' tools are in-process"

#: Distributions that are installed because another one asks for them, but never imported here.
NEVER_IMPORTED: Final[Mapping[str, str]] = {
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
    "pycparser": "only cffi uses it, when it builds",
    "pyjwt": _MCP,
    "python-multipart": _MCP,
    "sse-starlette": _MCP,
    "starlette": _MCP,
    "truststore": _MCP,
    "uvicorn": _MCP,
}

#: Distributions that look their own metadata up; everyone else's is dropped, since some libraries
#: walk all of it when they are imported.
METADATA_READ: Final[Mapping[str, str]] = {
    "opentelemetry-api": "entry points, for what OTEL_* variables select",
    "opentelemetry-sdk": "entry points, for what OTEL_* variables select",
    "strands-agents": "its version, for the resource its traces name",
}

#: The AWS operations every agent's function calls; botocore's models are cut to them, and to what
#: the agent's manifest adds.
AWS_OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "bedrock-runtime": ("ConverseStream",),
    "dynamodb": ("PutItem", "UpdateItem"),
    "s3": ("GetObject", "ListObjectsV2", "PutObject"),
}


def operations_of(agent: AgentManifest) -> dict[str, list[str]]:
    """The AWS operations that an agent's bundle can call, by service."""
    called = {service: set(names) for service, names in AWS_OPERATIONS.items()}
    for reach in agent.reach:
        called.setdefault(reach.service, set()).update(reach.operations)
    return {service: sorted(names) for service, names in sorted(called.items())}


#: Folders and file kinds that no import or run-time read touches.
UNUSED_FOLDERS: Final = frozenset({"__pycache__", "bin", "include", "test", "tests"})
UNUSED_SUFFIXES: Final = frozenset(
    {".a", ".c", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx"}
)
