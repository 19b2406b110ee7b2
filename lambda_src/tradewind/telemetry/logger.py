"""Structured logs. Prompts and answers are data and never logged."""

import logging
import os
from functools import cache

from aws_lambda_powertools import Logger

#: Their debug lines carry whole prompts and signed requests.
_CHATTY_LIBRARIES = (
    *("strands", "botocore", "boto3", "urllib3"),
    *("openai", "anthropic", "google_genai", "httpx", "httpcore", "websockets"),
)


@cache
def get_logger() -> Logger:
    """Return the process's logger; its level is ``POWERTOOLS_LOG_LEVEL``."""
    for library in _CHATTY_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    return Logger(
        service=os.environ.get("POWERTOOLS_SERVICE_NAME", "tradewind"),
        level=os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"),
        use_rfc3339=True,
    )
