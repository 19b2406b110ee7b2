"""The environment of an agent function, for tests that run one without its stack."""

from collections.abc import Mapping
from typing import Final

from tradewind.contracts.environment import AgentEnvironment

AGENT_VARIABLES: Final[Mapping[str, str]] = {
    "TRADEWIND_AGENT": "terrain",
    "TRADEWIND_ENVIRONMENT": "test",
    "BEDROCK_MODEL_ID": "us.anthropic.claude-sonnet-4-6",
    "BEDROCK_REGION": "us-east-1",
    "BEDROCK_MAX_TOKENS": "1024",
    "BEDROCK_CONNECT_TIMEOUT_S": "2",
    "BEDROCK_READ_TIMEOUT_S": "30",
    "BEDROCK_MAX_CONNECTIONS": "10",
    "ARTIFACTS_BUCKET": "artifacts",
    "RECORDS_TABLE": "records",
    "RECORD_TTL_DAYS": "30",
    "SESSIONS_TABLE": "sessions",
    "SESSION_TTL_DAYS": "30",
    "SESSION_HISTORY_TOKENS": "40000",
    "BUDGETS_TABLE": "budgets",
    "QUESTION_LIFE_DAYS": "7",
    "TRADEWIND_READS_FROM": "",
}


def agent_environment(**changes: str) -> AgentEnvironment:
    """The same, read; with other values for some variables, or more of them."""
    return AgentEnvironment.from_variables({**AGENT_VARIABLES, **changes})
