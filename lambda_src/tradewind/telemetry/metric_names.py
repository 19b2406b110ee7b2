"""Every metric Tradewind emits: its name, unit and meaning, once.

Standard library only: the handlers emit by these names and the stacks draw and alarm on them.
"""

from enum import StrEnum
from typing import Final, NamedTuple

NAMESPACE: Final = "Tradewind"


class Dimension(StrEnum):
    """Dimensions. Few values each: a custom metric is billed per combination."""

    ENVIRONMENT = "Environment"
    AGENT = "Agent"


class MetricSpec(NamedTuple):
    """How a metric is to be read.

    Attributes:
        unit: A CloudWatch unit.
        description: What one value says.
    """

    unit: str
    description: str


class MetricName(StrEnum):
    """Metrics, each with the dimensions ``Environment`` and ``Agent``."""

    INVOCATIONS = "Invocations"
    ERRORS = "Errors"
    REJECTED_REQUESTS = "RejectedRequests"
    COLD_START = "ColdStart"
    INIT_TIME = "InitTime"
    INVOCATION_LATENCY = "InvocationLatency"
    CLIENT_CREATED = "ClientCreated"
    CLIENT_CREATION_TIME = "ClientCreationTime"
    CONNECTION_REUSED = "ConnectionReused"
    CONNECTIONS_OPENED = "ConnectionsOpened"
    CONNECTION_TIME = "ConnectionTime"
    MODEL_LATENCY = "ModelLatency"
    TIME_TO_FIRST_TOKEN = "TimeToFirstToken"  # noqa: S105  a metric's name
    MODEL_RETRIES = "ModelRetries"
    MODEL_ERRORS = "ModelErrors"
    INPUT_TOKENS = "InputTokens"
    OUTPUT_TOKENS = "OutputTokens"
    TOOL_CALLS = "ToolCalls"
    TOOL_ERRORS = "ToolErrors"
    DEADLINE_STOPS = "DeadlineStops"


METRICS: Final[dict[MetricName, MetricSpec]] = {
    MetricName.INVOCATIONS: MetricSpec("Count", "Requests that reached the handler."),
    MetricName.ERRORS: MetricSpec("Count", "1 when the request failed by our fault, else 0."),
    MetricName.REJECTED_REQUESTS: MetricSpec("Count", "1 when the caller must mend the request."),
    MetricName.COLD_START: MetricSpec("Count", "1 for a process's first request, else 0."),
    MetricName.INIT_TIME: MetricSpec(
        "Milliseconds", "From process start to the handler's readiness. Cold requests only."
    ),
    MetricName.INVOCATION_LATENCY: MetricSpec("Milliseconds", "From handler start to answer."),
    MetricName.CLIENT_CREATED: MetricSpec("Count", "1 when a Bedrock client was created, else 0."),
    MetricName.CLIENT_CREATION_TIME: MetricSpec(
        "Milliseconds", "Creating the Bedrock client. Cold requests only."
    ),
    MetricName.CONNECTION_REUSED: MetricSpec(
        "Count", "1 when the request opened no new connection to the model service, else 0."
    ),
    MetricName.CONNECTIONS_OPENED: MetricSpec("Count", "New TCP connections to the model service."),
    MetricName.CONNECTION_TIME: MetricSpec(
        "Milliseconds", "Opening connections, TLS included. Only when one was opened."
    ),
    MetricName.MODEL_LATENCY: MetricSpec("Milliseconds", "One model call, first byte to last."),
    MetricName.TIME_TO_FIRST_TOKEN: MetricSpec(
        "Milliseconds", "From a model call's start to its first content."
    ),
    MetricName.MODEL_RETRIES: MetricSpec("Count", "Model calls that repeated a failed one."),
    MetricName.MODEL_ERRORS: MetricSpec("Count", "Model calls that failed, retried or not."),
    MetricName.INPUT_TOKENS: MetricSpec("Count", "Tokens sent, as the service counted them."),
    MetricName.OUTPUT_TOKENS: MetricSpec("Count", "Tokens received, as the service counted them."),
    MetricName.TOOL_CALLS: MetricSpec("Count", "Tool calls the model made."),
    MetricName.TOOL_ERRORS: MetricSpec("Count", "Tool calls that failed."),
    MetricName.DEADLINE_STOPS: MetricSpec(
        "Count", "1 when the request was stopped before the function's timeout, else 0."
    ),
}
