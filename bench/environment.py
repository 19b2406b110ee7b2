"""The environment of a function's process that is started here, with its bundle alone."""

import os
from pathlib import Path

from tradewind.contracts.names import ApiEnvVar, EnvVar


def of_function(bundle: Path, **own: str) -> dict[str, str]:
    """What every function has, and what only this one does.

    Args:
        bundle: Its extracted bundle.
        own: Its own variables.
    """
    return {
        "PYTHONPATH": str(bundle),
        "PATH": os.defpath,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true",
        **_settings(),
        **own,
    }


def of_agent(agent: str) -> dict[str, str]:
    """What the stacks tell an agent's function, and nothing that Lambda does."""
    return {
        **_settings(),
        EnvVar.AGENT: agent,
        EnvVar.CONNECT_TIMEOUT_S: "2",
        EnvVar.READ_TIMEOUT_S: "30",
        EnvVar.MAX_CONNECTIONS: "10",
        EnvVar.SESSION_HISTORY_TOKENS: "1000",
        EnvVar.QUESTION_LIFE_DAYS: "1",
        EnvVar.READS_FROM: "",
    }


def of_api() -> dict[str, str]:
    """What they tell a function of the API."""
    return {**_settings(), ApiEnvVar.AGENTS: "terrain=900", ApiEnvVar.QUEUE_LIFE_S: "3600"}


def _settings() -> dict[str, str]:
    return {
        EnvVar.ENVIRONMENT: "bench",
        EnvVar.MODEL_ID: "us.anthropic.claude-sonnet-4-6",
        EnvVar.MODEL_REGION: "us-east-1",
        EnvVar.MAX_TOKENS: "4096",
        EnvVar.ARTIFACTS_BUCKET: "artifacts",
        EnvVar.RECORDS_TABLE: "records",
        EnvVar.RECORD_TTL_DAYS: "1",
        EnvVar.SESSIONS_TABLE: "sessions",
        EnvVar.SESSION_TTL_DAYS: "1",
        EnvVar.BUDGETS_TABLE: "budgets",
    }
