"""The environment of a function's process that is started here, with its bundle alone."""

import os
from pathlib import Path

from tradewind.contracts.names import EnvVar


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
        **own,
    }
