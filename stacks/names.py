"""Every id, physical name and output of the stacks, written once."""

from enum import StrEnum
from typing import Final

from tradewind.contracts.names import AgentName

PROJECT: Final = "tradewind"


class StackId(StrEnum):
    """Construct ids of the stacks."""

    STATE = "State"
    AGENTS = "Agents"


class Output(StrEnum):
    """CloudFormation outputs that callers read. Agents add ``agent_arn_output``."""

    ARTIFACTS_BUCKET = "ArtifactsBucketName"
    RECORDS_TABLE = "RecordsTableName"


def agent_arn_output(agent: AgentName) -> str:
    """The output with the ARN of an agent's live alias."""
    return f"{agent.title()}FunctionArn"


def stack_name(environment: str, stack: StackId) -> str:
    """The CloudFormation name of a stack."""
    return f"Tradewind-{environment}-{stack}"


def resource_prefix(environment: str) -> str:
    """What every name of this environment's resources begins with."""
    return f"{PROJECT}-{environment}-"


def function_name(environment: str, agent: AgentName) -> str:
    """The name of an agent's function."""
    return f"{resource_prefix(environment)}{agent}"


def log_group_prefix(environment: str) -> str:
    """What the names of all functions' log groups begin with: where Lambda looks for them."""
    return f"/aws/lambda/{resource_prefix(environment)}"


def log_group_name(environment: str, agent: AgentName) -> str:
    """The log group of an agent's function."""
    return f"{log_group_prefix(environment)}{agent}"


def key_alias(environment: str) -> str:
    """The alias of the key that encrypts the environment's data."""
    return f"alias/{PROJECT}-{environment}"
