"""Every id, physical name and output of the stacks, written once."""

from enum import StrEnum
from typing import Final

from tradewind.contracts import names as runtime_names
from tradewind.telemetry.metric_names import NAMESPACE

PROJECT: Final = "tradewind"

#: The construct ids of the topics that alarms tell, and so parts of their names.
PAGES: Final = "Pages"
NOTICES: Final = "Notices"

#: The REST API's stage, the first part of each path; `v2` would be another.
API_STAGE: Final = "v1"


class StackId(StrEnum):
    """Construct ids of the stacks."""

    STATE = "State"
    NETWORK = "Network"
    AGENTS = "Agents"
    API = "Api"
    OBSERVABILITY = "Observability"
    WORKFLOWS = "Workflows"
    AGENTCORE = "AgentCore"


class Output(StrEnum):
    """CloudFormation outputs that callers read. Agents add ``agent_arn_output``."""

    ARTIFACTS_BUCKET = "ArtifactsBucketName"
    RECORDS_TABLE = "RecordsTableName"
    API_URL = "ApiUrl"
    OIDC_API_URL = "OidcApiUrl"
    SESSIONS_TABLE = "SessionsTableName"
    BUDGETS_TABLE = "BudgetsTableName"
    REQUEST_LOG_TABLE = "RequestLogTableName"
    NETWORK_CIDR = "NetworkCidr"
    NETWORK_ZONES = "NetworkZones"
    DURABLE_FUNCTION = "DurableFunctionArn"
    NOBODY_PAGED = "AlarmsPageNobody"


def agent_arn_output(agent: str) -> str:
    """The output with the ARN of an agent's live alias."""
    return f"{construct_id(agent)}FunctionArn"


def runtime_arn_output(agent: str) -> str:
    """The output with the ARN of an agent's runtime on AgentCore."""
    return f"{construct_id(agent)}RuntimeArn"


def runtime_name(environment: str, agent: str) -> str:
    """The name of an agent's runtime on AgentCore, which has no hyphens; no two share one.

    No agent's name has two underscores in a row, so the last two part it from the environment's.
    """
    return f"{PROJECT}_{runtime_names.environment_part(environment)}__{agent}"


def runtime_log_prefix(environment: str) -> str:
    """What the names of all runtimes' log groups begin with: where AgentCore writes them."""
    return f"/aws/bedrock-agentcore/runtimes/{runtime_name(environment, '')}"


def construct_id(name: str) -> str:
    """A name such as ``cold-starts`` or ``wind_farm`` as the id of a construct: ``WindFarm``."""
    return name.replace("_", "-").title().replace("-", "")


def stack_name(environment: str, stack: StackId) -> str:
    """The CloudFormation name of a stack."""
    return f"Tradewind-{environment}-{stack}"


def resource_prefix(environment: str) -> str:
    """What every name of this environment's resources begins with, and of no other one's."""
    return f"{api_name(environment)}-"


def function_name(environment: str, agent: str) -> str:
    """The name of an agent's function."""
    return runtime_names.function_name(environment, agent)


def log_group_prefix(environment: str) -> str:
    """What the names of all functions' log groups begin with: where Lambda looks for them."""
    return f"/aws/lambda/{resource_prefix(environment)}"


def log_group_name(environment: str, agent: str) -> str:
    """The log group of an agent's function."""
    return f"{log_group_prefix(environment)}{agent}"


def live_function(environment: str, function: str) -> str:
    """A function by the alias that callers use."""
    return f"{function_name(environment, function)}:{runtime_names.LIVE_ALIAS}"


def api_name(environment: str) -> str:
    """The name of the REST API, which its metrics are kept by; and of what stands before it."""
    return f"{PROJECT}-{runtime_names.environment_part(environment)}"


def oidc_api_name(environment: str) -> str:
    """The name of the REST API for those who hold tokens."""
    return f"{api_name(environment)}-oidc"


def caller_name(environment: str, caller: str) -> str:
    """The IAM user of a caller outside."""
    return f"{resource_prefix(environment)}caller-{caller}"


def caller_secret_name(environment: str, caller: str) -> str:
    """The secret with that user's access key."""
    return f"{PROJECT}/{environment}/callers/{caller}"


def model_profile_name(environment: str, agent: str, place: str, model: str) -> str:
    """The name of an agent's own inference profile of a model; Bedrock takes 64 characters."""
    return "-".join(filter(None, (environment, agent, model, place)))


def access_log_prefix(environment: str) -> str:
    """What the names of API Gateway's log groups begin with."""
    return f"/aws/apigateway/{resource_prefix(environment)}"


def access_log_group_name(environment: str) -> str:
    """The log group that has a line per request to the REST API."""
    return f"{access_log_prefix(environment)}access"


def deployment_application(environment: str) -> str:
    """CodeDeploy's application; each agent has a deployment group of its own name in it."""
    return api_name(environment)


def dead_letter_queue_name(environment: str, agent: str) -> str:
    """The queue of an agent's asynchronous requests that failed."""
    return f"{resource_prefix(environment)}{agent}-dead-letters"


def alarm_name(environment: str, symptom: str, agent: str | None = None) -> str:
    """The name of an alarm: on an agent, or on the environment."""
    owner = f"{agent}-" if agent else ""
    return f"{resource_prefix(environment)}{owner}{symptom}"


def reported_namespace(environment: str, function: str | None = None) -> str:
    """Where metrics made of Lambda's reports are kept: of one function, or of all agents."""
    return "/".join(filter(None, (NAMESPACE, environment, function)))


def dashboard_name(environment: str, subject: str) -> str:
    """The name of a dashboard; its subject: ``overview``, ``agent``, ``runtime`` or ``api``."""
    return f"{resource_prefix(environment)}{subject}"


def network_name(environment: str) -> str:
    """What the environment's VPC is called."""
    return f"{PROJECT}-{environment}"


def flow_log_group_name(environment: str) -> str:
    """The log group of who spoke with whom in the VPC."""
    return f"/aws/vpc/{resource_prefix(environment)}flows"


def query_name(environment: str, title: str) -> str:
    """The name of a saved query; the slashes make folders in the console."""
    return f"{PROJECT}/{environment}/{title}"


def key_alias(environment: str) -> str:
    """The alias of the key that encrypts the environment's data."""
    return f"alias/{api_name(environment)}"
