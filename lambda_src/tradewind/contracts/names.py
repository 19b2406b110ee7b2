"""Names that the runtime and the infrastructure must spell alike.

Standard library only: the CDK app imports this module too.
"""

import hashlib
from enum import StrEnum
from typing import Final

#: An agent's name is its folder's, and becomes part of resource names, keys and identifiers.
AGENT_NAME_PATTERN: Final = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
AGENT_NAME_LENGTH: Final = 30
#: What dashboards and alarms of the whole environment are called, or begin with; the functions that
#: are no agent's, and MCP tools that are none; and what a bundle leaves out.
RESERVED_AGENT_NAMES: Final = frozenset(
    {
        *(
            "agent",
            "api",
            "authorizer",
            "bedrock",
            "durable",
            "environment",
            "mcp",
            "model",
            "overview",
        ),
        *("probe", "runtime", "runtimes", "sweep"),
        *("answer_invocation", "cancel_invocation", "look_up_invocation", "tests"),
    }
)


class EnvVar(StrEnum):
    """Environment variables an agent function is given. See ``contracts.environment``."""

    AGENT = "TRADEWIND_AGENT"
    ENVIRONMENT = "TRADEWIND_ENVIRONMENT"
    MODEL_ID = "BEDROCK_MODEL_ID"
    # Not AWS_REGION: Lambda reserves that one, and the model may live elsewhere.
    MODEL_REGION = "BEDROCK_REGION"
    MAX_TOKENS = "BEDROCK_MAX_TOKENS"
    CONNECT_TIMEOUT_S = "BEDROCK_CONNECT_TIMEOUT_S"
    READ_TIMEOUT_S = "BEDROCK_READ_TIMEOUT_S"
    MAX_CONNECTIONS = "BEDROCK_MAX_CONNECTIONS"
    ARTIFACTS_BUCKET = "ARTIFACTS_BUCKET"
    RECORDS_TABLE = "RECORDS_TABLE"
    RECORD_TTL_DAYS = "RECORD_TTL_DAYS"
    SESSIONS_TABLE = "SESSIONS_TABLE"
    SESSION_TTL_DAYS = "SESSION_TTL_DAYS"
    SESSION_HISTORY_TOKENS = "SESSION_HISTORY_TOKENS"
    BUDGETS_TABLE = "BUDGETS_TABLE"
    # How long an agent waits for a person's answer.
    QUESTION_LIFE_DAYS = "QUESTION_LIFE_DAYS"
    # Names, separated by commas; empty for none.
    READS_FROM = "TRADEWIND_READS_FROM"


class OptionalEnvVar(StrEnum):
    """Environment variables that an agent function does without."""

    # The ARN of an application inference profile that the model is called through.
    APPLICATION_PROFILE = "BEDROCK_APPLICATION_PROFILE"
    # A guardrail's ARN, ":" and its version: applied to every model call.
    GUARDRAIL = "BEDROCK_GUARDRAIL"
    # A JSON object; see contracts.environment.ModelPrices.
    MODEL_PRICES = "TRADEWIND_MODEL_PRICES"
    # A JSON object; see contracts.prices.BudgetLimits.
    BUDGETS = "TRADEWIND_BUDGETS"
    LOG_SAMPLE_PERCENT = "TRADEWIND_LOG_SAMPLE_PERCENT"
    # "1" where what else stays in the log becomes custom metrics, too. Of every function.
    DETAILED_METRICS = "TRADEWIND_DETAILED_METRICS"
    # Both set: every request and its answer is put into this table, for so many days.
    REQUEST_LOG_TABLE = "REQUEST_LOG_TABLE"
    REQUEST_LOG_DAYS = "REQUEST_LOG_DAYS"
    # The agents that workflows may ask by name, separated by commas.
    CALLS = "TRADEWIND_CALLS"
    # "1" where workflows are read from the artifacts bucket, too.
    WORKFLOWS_IN_BUCKET = "TRADEWIND_WORKFLOWS_IN_BUCKET"
    # A JSON object; see contracts.runtime_target.RuntimeTarget. Set where the function asks one.
    RUNTIME = "TRADEWIND_RUNTIME"
    # "1" where a streaming integration leads to the function: it must be able to stream then.
    STREAMING = "TRADEWIND_STREAMING"
    # OpenTelemetry's own name: set, it switches spans on.
    OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
    # Lambda's own: a number for a published version.
    FUNCTION_VERSION = "AWS_LAMBDA_FUNCTION_VERSION"
    # Lambda's own: whether its process was started for a request, ahead of it, or from a snapshot.
    INITIALIZATION_TYPE = "AWS_LAMBDA_INITIALIZATION_TYPE"


class ServingEnvVar(StrEnum):
    """Environment variables of an agent's process on AgentCore Runtime, beside the agent's."""

    # What a request may take there.
    TIME_LIMIT_S = "TRADEWIND_TIME_LIMIT_S"
    # Where the process listens: this machine alone, unless the stacks say otherwise.
    HOST = "TRADEWIND_SERVE_HOST"
    # A folder that outlives the process, for the agent's own tools; absent where there is none.
    SESSION_STORAGE = "TRADEWIND_SESSION_STORAGE"


class ApiEnvVar(StrEnum):
    """Environment variables of the API's function alone. See ``contracts.environment``."""

    # Each agent's name and its function's timeout in seconds: "terrain=900,layout=600".
    AGENTS = "TRADEWIND_AGENTS"
    # Those of them that are runtimes elsewhere, as a JSON object: what each is.
    RUNTIMES = "TRADEWIND_RUNTIMES"
    # How long Lambda keeps an event before it gives up.
    QUEUE_LIFE_S = "TRADEWIND_QUEUE_LIFE_S"
    # How long a request waits for its answer at most.
    WAIT_S = "TRADEWIND_WAIT_S"


class AuthorizerEnvVar(StrEnum):
    """Environment variables of the authorizer's function."""

    ISSUER = "TRADEWIND_OIDC_ISSUER"
    AUDIENCE = "TRADEWIND_OIDC_AUDIENCE"


class ProbeEnvVar(StrEnum):
    """Environment variables of the probe."""

    # A JSON object: the version that is deployed now, by agent.
    VERSIONS = "TRADEWIND_VERSIONS"


class DurableEnvVar(StrEnum):
    """Environment variables of the durable function."""

    # The workflows that the settings name, separated by commas.
    WORKFLOWS = "TRADEWIND_DURABLE_WORKFLOWS"
    # The ARN of the workflow agent's function, with the alias.
    WORKFLOW_FUNCTION = "TRADEWIND_WORKFLOW_FUNCTION"
    # A JSON object: the ARNs of the functions of agents that workflows may ask by name.
    AGENT_FUNCTIONS = "TRADEWIND_AGENT_FUNCTIONS"


#: An endpoint setting: a host, perhaps a port and a path; no user, query or fragment.
HTTPS_URL_PATTERN: Final = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$"

#: Partition key of the invocation-record table; see ``record_key``.
RECORD_KEY: Final = "record_id"
#: The record's time-to-live attribute, in epoch seconds.
RECORD_TTL: Final = "expires_at"
#: The run that writes the record.
RECORD_ATTEMPT: Final = "attempt"
#: Present only while the request is running: an index by it holds the open records alone.
RECORD_OPEN: Final = "open"
#: When the request's function is killed, in epoch seconds.
RECORD_DEADLINE: Final = "deadline_at"
#: What a run goes on from that waits for a person; absent otherwise.
RECORD_CONTINUATION: Final = "continuation"
#: The index of the open records, by deadline; and what they have in it besides their keys: what it
#: takes to settle one, and to say whose it was.
OPEN_INDEX: Final = "open-by-deadline"
OPEN_INDEX_ATTRIBUTES: Final = (RECORD_ATTEMPT, "agent", "request_id", "project_id")

#: Partition and sort key of the table of conversations; see ``session_key``.
SESSION_KEY: Final = "session_key"
SESSION_TURN: Final = "turn"
#: An item's time-to-live attribute there, in epoch seconds.
SESSION_TTL: Final = "expires_at"

#: Partition key of the table of budgets; see ``account_day``.
BUDGET_KEY: Final = "account_day"
#: Its time-to-live attribute, in epoch seconds.
BUDGET_TTL: Final = "expires_at"

#: Partition key of the log of requests and answers, where a setting has one; see ``log_owner``.
LOG_KEY: Final = "owner_key"
#: Its sort key: when the request began, and which it was.
LOG_ENTRY: Final = "entry"
#: Its time-to-live attribute, in epoch seconds.
LOG_TTL: Final = "expires_at"

REQUEST_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$"
SESSION_ID_PATTERN: Final = REQUEST_ID_PATTERN
#: A question that an agent asks a person: the run that asks.
QUESTION_ID_PATTERN: Final = r"^[A-Za-z0-9-]{1,64}$"
#: Whoever asks, as an ARN or a user's name.
OWNER_PATTERN: Final = r"^[A-Za-z0-9+=,.@_/:-]{1,256}$"
#: An invocation of the API: an agent and a request id, neither of which has a dot.
INVOCATION_ID_PATTERN: Final = r"^[a-z][a-z0-9_]{0,29}\.[A-Za-z0-9][A-Za-z0-9_-]{0,127}$"

#: Characters of a project's id; see ``contracts.request``.
_LONGEST_PROJECT: Final = 63

#: The alias every caller invokes; it follows the newest published version.
LIVE_ALIAS: Final = "live"

#: Where a bundle has its workflow files; and where the artifacts bucket has more of them, which no
#: project's id can be.
WORKFLOWS_FOLDER: Final = "workflows"
WORKFLOWS_PREFIX: Final = "_workflows/"
#: What a workflow is asked for by: its file's name, without what it ends in.
WORKFLOW_NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"

#: ``module.function`` of the agents' Lambda handler.
AGENT_HANDLER: Final = "tradewind.handlers.agent.handler"

#: The bundle of the functions that ask runtimes of AgentCore, one for all of them.
RUNTIME: Final = "runtime"
#: What AgentCore Runtime starts of an agent's bundle.
AGENTCORE_ENTRY: Final = "agentcore_main.py"

#: The function behind the API, and ``module.function`` of its handler.
API: Final = "api"
API_HANDLER: Final = "tradewind.handlers.api.handler"

#: The function that serves the agents to MCP clients.
MCP: Final = "mcp"
MCP_HANDLER: Final = "tradewind.handlers.mcp.handler"
#: Its tools that are no agents.
LOOK_UP_TOOL: Final = "look_up_invocation"
CANCEL_TOOL: Final = "cancel_invocation"
ANSWER_TOOL: Final = "answer_invocation"

#: The function that lets in who holds a token, where a setting has it.
AUTHORIZER: Final = "authorizer"
AUTHORIZER_HANDLER: Final = "tradewind.handlers.authorizer.handler"

#: The function that runs workflows past one Lambda, where a setting names some.
DURABLE: Final = "durable"
DURABLE_HANDLER: Final = "tradewind.handlers.durable_workflow.handler"

#: The function that settles the records of functions that died.
SWEEP: Final = "sweep"
SWEEP_HANDLER: Final = "tradewind.handlers.sweep.handler"


#: The function that asks new versions before they get requests, where they get them gradually.
PROBE: Final = "probe"
PROBE_HANDLER: Final = "tradewind.handlers.probe.handler"


def environment_part(environment: str) -> str:
    """An environment as resources' names have it: its hyphens are underscores.

    A policy of ``prod`` allows what is called ``tradewind-prod-*``. A hyphen would let that take in
    what belongs to ``prod-eu``.
    """
    return environment.replace("-", "_")


def function_name(environment: str, name: str) -> str:
    """The name of an agent's function, and of one that is no agent's."""
    return f"tradewind-{environment_part(environment)}-{name}"


def record_key(*, owner: str, agent: str, request_id: str) -> str:
    """A record's key: each owner has request ids of their own, with each agent.

    A key is logged where its record is to be looked up; an owner's name, perhaps an address, is
    not. So the key has a digest of it. Neither an agent's name nor a request id can hold a ``#``.
    The agent comes first: by what keys begin with, a role may write one agent's records alone.
    """
    return f"{agent}#{request_id}#{_owner_digest(owner)}"


def session_key(*, owner: str, session_id: str) -> str:
    """A conversation's key: each owner has session ids of their own. See ``record_key``."""
    return f"{session_id}#{_owner_digest(owner)}"


def session_project(key: str) -> str:
    """The project of a conversation's turns that name none."""
    return f"session-{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def owned_project(*, owner: str, project_id: str) -> str:
    """The project that an owner means by an id: no other owner can mean it, whatever they know.

    Its id as it is told is its id for good: applied again, this changes nothing.
    """
    mark = hashlib.sha256(f"projects of {owner}".encode()).hexdigest()[:16]
    if project_id.endswith(f"-{mark}"):
        return project_id
    if len(project_id) > _LONGEST_PROJECT - len(mark) - 1:
        project_id = f"project-{hashlib.sha256(project_id.encode()).hexdigest()[:24]}"
    return f"{project_id}-{mark}"


def account_day(*, owner: str, day: str) -> str:
    """The key of what a principal spends on a day, such as ``2026-11-26``. See ``record_key``."""
    return f"{_owner_digest(owner)}#{day}"


def log_owner(*, owner: str, agent: str) -> str:
    """An owner's key in the log of an agent's requests and answers. See ``record_key``."""
    return f"{agent}#{_owner_digest(owner)}"


def agent_keys(agent: str) -> str:
    """The pattern of an agent's keys in the tables of records and of the log."""
    return f"{agent}#*"


def _owner_digest(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()[:32] if owner else ""


def artifact_key(project_id: str, agent: str, path: str) -> str:
    """The S3 key of what an agent keeps for a project: ``{agent}/{project_id}/{path}``.

    The agent comes first. A ``*`` in a policy spans slashes: ``*/{agent}/*`` would allow a folder
    of that name among another agent's files, too.
    """
    return f"{agent}/{project_id}/{path}"


def agent_files(agent: str) -> str:
    """The pattern of the S3 keys of all that an agent keeps."""
    return f"{agent}/*"
