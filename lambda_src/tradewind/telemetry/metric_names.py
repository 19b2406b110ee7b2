"""Every metric Tradewind emits: its name, unit, dimensions and meaning, once.

Standard library only: the handlers emit by these names and the stacks draw and alarm on them.
``docs/metrics.md`` is generated from here.

This module is long because the list is one, and is read as one.
"""

from enum import StrEnum
from typing import Final, NamedTuple

NAMESPACE: Final = "Tradewind"


class Dimension(StrEnum):
    """Dimensions. Few values each: a custom metric is billed per combination."""

    ENVIRONMENT = "Environment"
    AGENT = "Agent"
    #: The inference profile or model id, spelled as ``AWS/Bedrock`` spells it.
    MODEL = "ModelId"


#: A field of the lines of agents: how the request's process was found. A ``ProcessStart``.
START: Final = "Start"


class ProcessStart(StrEnum):
    """How a request found its process."""

    #: It waited until the process had started.
    COLD = "cold"
    #: It was not the process's first.
    WARM = "warm"
    #: The first one of a process that had been started ahead of requests.
    PROVISIONED = "provisioned"
    #: The first one since the process was restored from a snapshot.
    RESTORED = "restored"


#: Dimensions a metric is kept under together. It cannot be read under a part of them.
DimensionSet = tuple[Dimension, ...]

ALL_AGENTS: Final[DimensionSet] = (Dimension.ENVIRONMENT,)
BY_AGENT: Final[DimensionSet] = (Dimension.ENVIRONMENT, Dimension.AGENT)
BY_MODEL: Final[DimensionSet] = (Dimension.ENVIRONMENT, Dimension.MODEL)


class Kept(StrEnum):
    """What becomes a custom metric, which is billed by the hour in which it has data."""

    ALWAYS = "always"
    #: Of what rarely happens: a zero is no data.
    WHEN_NOT_ZERO = "when not zero"
    #: Stays a field of the log line; a metric only where the settings ask for detailed metrics.
    IN_LOG = "in the log"


class MetricSpec(NamedTuple):
    """How a metric is to be read.

    Attributes:
        unit: A CloudWatch unit.
        description: What one value says.
        dimension_sets: The sets of dimensions it is kept under.
        emitter: The modules of ``tradewind`` that emit it.
        kept: What of it becomes a custom metric.
        detailed_sets: Those it is kept under besides where detailed metrics are asked for.
    """

    unit: str
    description: str
    dimension_sets: tuple[DimensionSet, ...] = (BY_AGENT,)
    emitter: str = "handlers.request_report"
    kept: Kept = Kept.IN_LOG
    detailed_sets: tuple[DimensionSet, ...] = ()

    def sets_of(self, *, detailed: bool) -> tuple[DimensionSet, ...]:
        """Every set it is kept under, with detailed metrics or without."""
        if detailed:
            return (*self.dimension_sets, *self.detailed_sets)
        return () if self.kept is Kept.IN_LOG else self.dimension_sets


class MetricName(StrEnum):
    """Metrics, by their CloudWatch names."""

    INVOCATIONS = "Invocations"
    ERRORS = "Errors"
    REJECTED_REQUESTS = "RejectedRequests"
    DEADLINE_STOPS = "DeadlineStops"
    REPEATED_REQUESTS = "RepeatedRequests"
    RECORDS_NOT_FINISHED = "RecordsNotFinished"
    RECORDS_SETTLED = "RecordsSettled"
    INVOCATION_LATENCY = "InvocationLatency"
    FUNCTION_VERSION = "FunctionVersion"
    COLD_START = "ColdStart"
    INIT_TIME = "InitTime"
    INIT_RUNTIME_TIME = "InitRuntimeTime"
    INIT_IMPORT_TIME = "InitImportTime"
    INIT_CLIENT_TIME = "InitClientTime"
    FIRST_CONNECTION_TIME = "FirstConnectionTime"
    CLIENT_CREATED = "ClientCreated"
    CLIENT_REUSED = "ClientReused"
    CONNECTION_REUSED = "ConnectionReused"
    CONNECTIONS_OPENED = "ConnectionsOpened"
    CONNECTION_TIME = "ConnectionTime"
    RETIRED_CONNECTIONS = "RetiredConnections"
    MODEL_CALLS = "ModelCalls"
    MODEL_LATENCY = "ModelLatency"
    TIME_TO_FIRST_TOKEN = "TimeToFirstToken"  # noqa: S105  a metric's name
    MODEL_RETRIES = "ModelRetries"
    MODEL_ERRORS = "ModelErrors"
    MODEL_THROTTLES = "ModelThrottles"
    INPUT_TOKENS = "InputTokens"
    OUTPUT_TOKENS = "OutputTokens"
    CACHE_READ_TOKENS = "CacheReadTokens"
    CACHE_WRITE_TOKENS = "CacheWriteTokens"
    ESTIMATED_COST = "EstimatedCost"
    BUDGET_REFUSALS = "BudgetRefusals"
    RESERVATIONS_NOT_SETTLED = "ReservationsNotSettled"
    TURNS_APPENDED = "TurnsAppended"
    TURNS_LEFT_OUT = "TurnsLeftOut"
    SESSIONS_BUSY = "SessionsBusy"
    RUNTIME_CALLS = "RuntimeCalls"
    RUNTIME_RETRIES = "RuntimeRetries"
    RUNTIME_DURATION = "RuntimeDuration"
    RUNTIME_TIME_TO_FIRST_CHUNK = "RuntimeTimeToFirstChunk"
    RUNTIME_CHUNKS = "RuntimeChunks"
    RUNTIME_BYTES = "RuntimeBytes"
    RUNTIME_ERRORS = "RuntimeErrors"
    RUNTIME_UNAVAILABLE = "RuntimeUnavailable"
    RUNTIME_THROTTLES = "RuntimeThrottles"
    RUNTIME_REFUSALS = "RuntimeRefusals"
    RUNTIME_FAILURES = "RuntimeFailures"
    RUNTIME_INTERRUPTIONS = "RuntimeInterruptions"
    RUNTIME_UNREADABLE = "RuntimeUnreadable"
    TOOL_CALLS = "ToolCalls"
    TOOL_ERRORS = "ToolErrors"
    LEFTOVER_THREADS = "LeftoverThreads"
    PROCESSES_RETIRED = "ProcessesRetired"
    REQUESTS_NOT_STARTED = "RequestsNotStarted"
    REQUESTS_SHED = "RequestsShed"
    VERSIONS_REFUSED = "VersionsRefused"
    QUESTIONS_ASKED = "QuestionsAsked"
    QUESTIONS_NOT_ANSWERED = "QuestionsNotAnswered"
    ANSWERS_NOT_TAKEN_UP = "AnswersNotTakenUp"
    REQUESTS_NOT_LOGGED = "RequestsNotLogged"
    API_CALLS = "ApiCalls"
    API_ERRORS = "ApiErrors"
    API_REFUSALS = "ApiRefusals"
    API_LATENCY = "ApiLatency"
    API_COLD_START = "ApiColdStart"
    API_INIT_TIME = "ApiInitTime"
    MCP_CALLS = "McpCalls"
    MCP_ERRORS = "McpErrors"
    MCP_REFUSALS = "McpRefusals"
    MCP_LATENCY = "McpLatency"
    MCP_COLD_START = "McpColdStart"
    MCP_INIT_TIME = "McpInitTime"


_MODEL_SETS: Final = (BY_AGENT, BY_MODEL)
_BY_MODEL: Final = (BY_MODEL,)
_BOTH: Final = (BY_AGENT, ALL_AGENTS)
_AND_BY_AGENT: Final = (BY_AGENT,)
_ALWAYS: Final = Kept.ALWAYS
_RARE: Final = Kept.WHEN_NOT_ZERO
# API Gateway counts by route itself.
_API_SETS: Final = (ALL_AGENTS,)
_API: Final = "api.service"
_OF_MCP: Final = (_API_SETS, "mcp.exchange")
_FROM_RUNTIMES: Final = "From agents that are AgentCore runtimes only."

METRICS: Final[dict[MetricName, MetricSpec]] = {
    MetricName.INVOCATIONS: MetricSpec("Count", "Requests that reached the handler."),
    MetricName.ERRORS: MetricSpec("Count", "1 when the request failed by our fault, else 0."),
    MetricName.REJECTED_REQUESTS: MetricSpec(
        "Count", "1 when the caller must mend the request, else 0."
    ),
    MetricName.DEADLINE_STOPS: MetricSpec(
        "Count",
        "1 when the request was stopped before the function's timeout, else 0. "
        "Metric filters count it with what Lambda reports.",
    ),
    MetricName.REPEATED_REQUESTS: MetricSpec(
        "Count",
        "1 when the request had been answered before and got the kept answer, else 0. "
        "No model was called.",
    ),
    MetricName.RECORDS_NOT_FINISHED: MetricSpec(
        "Count",
        "1 when the end of the request's record could not be written, else 0. "
        "The answer was given all the same.",
    ),
    MetricName.RECORDS_SETTLED: MetricSpec(
        "Count",
        "Records closed for runs whose function had died: they still said running.",
        _API_SETS,
        "handlers.request_report, handlers.sweeper, api.overdue",
        kept=_RARE,
        detailed_sets=_AND_BY_AGENT,
    ),
    MetricName.INVOCATION_LATENCY: MetricSpec(
        "Milliseconds", "From handler start to answer.", (ALL_AGENTS, BY_AGENT)
    ),
    MetricName.FUNCTION_VERSION: MetricSpec(
        "None",
        "The published version that served the request: a step is a deployment. "
        "Not from an unpublished function.",
        kept=_ALWAYS,
    ),
    MetricName.COLD_START: MetricSpec(
        "Count",
        "1 for a process's first request, else 0. Not of one that was started ahead of requests "
        "or restored from a snapshot.",
    ),
    MetricName.INIT_TIME: MetricSpec(
        "Milliseconds",
        "From process start to the handler's readiness. Only of requests that waited for it.",
        kept=_ALWAYS,
    ),
    MetricName.INIT_RUNTIME_TIME: MetricSpec(
        "Milliseconds",
        "Of the init time: until the runtime's first line of ours. Cold requests only.",
    ),
    MetricName.INIT_IMPORT_TIME: MetricSpec(
        "Milliseconds", "Of the init time: importing libraries and our code. Cold requests only."
    ),
    MetricName.INIT_CLIENT_TIME: MetricSpec(
        "Milliseconds", "Of the init time: creating the AWS clients. Cold requests only."
    ),
    MetricName.FIRST_CONNECTION_TIME: MetricSpec(
        "Milliseconds",
        "Opening connections to the model service in a process's first request. "
        "Comes after the init time. Only when one was opened.",
    ),
    MetricName.CLIENT_CREATED: MetricSpec(
        "Count", "Bedrock clients created since the process's last request."
    ),
    MetricName.CLIENT_REUSED: MetricSpec(
        "Count", "1 when the request used the client of an earlier request, else 0."
    ),
    MetricName.CONNECTION_REUSED: MetricSpec(
        "Count",
        "1 when the request opened no new connection to the model service, else 0. "
        "Only when it called a model.",
    ),
    MetricName.CONNECTIONS_OPENED: MetricSpec("Count", "New TCP connections to the model service."),
    MetricName.CONNECTION_TIME: MetricSpec(
        "Milliseconds", "Opening connections, TLS included. Only when one was opened."
    ),
    MetricName.RETIRED_CONNECTIONS: MetricSpec(
        "Count",
        "Kept connections, to any AWS service, that were dead when they were used. "
        "No error of the model's; each was replaced.",
    ),
    MetricName.MODEL_CALLS: MetricSpec(
        "Count",
        "Model calls sent, repeats included.",
        _BY_MODEL,
        kept=_ALWAYS,
        detailed_sets=_AND_BY_AGENT,
    ),
    MetricName.MODEL_LATENCY: MetricSpec(
        "Milliseconds",
        "One successful model call, from its start to its last byte.",
        _BY_MODEL,
        kept=_ALWAYS,
        detailed_sets=_AND_BY_AGENT,
    ),
    MetricName.TIME_TO_FIRST_TOKEN: MetricSpec(
        "Milliseconds",
        "From a model call's start to its first content.",
        _BY_MODEL,
        kept=_ALWAYS,
        detailed_sets=_AND_BY_AGENT,
    ),
    MetricName.MODEL_RETRIES: MetricSpec(
        "Count", "Model calls that repeated a failed one.", _MODEL_SETS
    ),
    MetricName.MODEL_ERRORS: MetricSpec(
        "Count",
        "Model calls that failed, throttled ones and retried ones included. "
        "Not one on a connection that was dead already, nor one cut at the deadline.",
        _BY_MODEL,
        kept=_RARE,
        detailed_sets=_AND_BY_AGENT,
    ),
    MetricName.MODEL_THROTTLES: MetricSpec(
        "Count",
        "Model calls that the service refused for its quota.",
        _BY_MODEL,
        kept=_RARE,
        detailed_sets=_AND_BY_AGENT,
    ),
    MetricName.INPUT_TOKENS: MetricSpec(
        "Count", "Tokens sent, as the service counted them, cached ones not included.", _MODEL_SETS
    ),
    MetricName.OUTPUT_TOKENS: MetricSpec(
        "Count", "Tokens received, as the service counted them.", _MODEL_SETS
    ),
    MetricName.CACHE_READ_TOKENS: MetricSpec(
        "Count", "Input tokens that the service read from its prompt cache.", _MODEL_SETS
    ),
    MetricName.CACHE_WRITE_TOKENS: MetricSpec(
        "Count", "Input tokens that the service wrote to its prompt cache.", _MODEL_SETS
    ),
    MetricName.ESTIMATED_COST: MetricSpec(
        "None",
        "US dollars: what the request used, at the settings' prices. Not the bill, and nothing of "
        "a request that was killed. Only where the function was given prices.",
        _BY_MODEL,
        kept=_ALWAYS,
        detailed_sets=_AND_BY_AGENT,
    ),
    MetricName.BUDGET_REFUSALS: MetricSpec(
        "Count", "1 when a model call could have cost more than was left, else 0.", kept=_RARE
    ),
    MetricName.RESERVATIONS_NOT_SETTLED: MetricSpec(
        "Count",
        "Reservations of the request of which it could not be written what their calls cost. "
        "They count as the most that it may have been.",
    ),
    MetricName.TURNS_APPENDED: MetricSpec(
        "Count",
        "1 when the request became a turn of its conversation, else 0.",
        (ALL_AGENTS,),
    ),
    MetricName.TURNS_LEFT_OUT: MetricSpec(
        "Count",
        "Earlier turns of the request's conversation that the model was not told: there was no "
        "room for them, or they have expired.",
        (ALL_AGENTS,),
    ),
    MetricName.SESSIONS_BUSY: MetricSpec(
        "Count",
        "1 when another turn of the conversation was at work, else 0.",
        (ALL_AGENTS,),
    ),
    MetricName.RUNTIME_CALLS: MetricSpec(
        "Count",
        f"Calls of the AgentCore runtime sent, repeats included. {_FROM_RUNTIMES}",
        kept=_ALWAYS,
    ),
    MetricName.RUNTIME_RETRIES: MetricSpec(
        "Count", f"Calls of the runtime that repeated a failed one. {_FROM_RUNTIMES}"
    ),
    MetricName.RUNTIME_DURATION: MetricSpec(
        "Milliseconds",
        "From the first call of the runtime to the last byte of its answer, repeats and the "
        "pauses before them included. Only of answers that came whole.",
    ),
    MetricName.RUNTIME_TIME_TO_FIRST_CHUNK: MetricSpec(
        "Milliseconds",
        "From the first call of the runtime to the first bytes of its answer, repeats and the "
        "pauses before them included. Only when some came.",
        kept=_ALWAYS,
    ),
    MetricName.RUNTIME_CHUNKS: MetricSpec(
        "Count",
        "Pieces that the runtime's answer arrived in, of one that broke off, too. "
        f"{_FROM_RUNTIMES}",
    ),
    MetricName.RUNTIME_BYTES: MetricSpec(
        "Bytes", f"Bytes of the runtime's answer, of one that broke off, too. {_FROM_RUNTIMES}"
    ),
    MetricName.RUNTIME_ERRORS: MetricSpec(
        "Count",
        "Calls of the runtime that failed, of whichever kind, retried ones included. "
        f"Not one cut at the deadline. {_FROM_RUNTIMES}",
        kept=_RARE,
    ),
    MetricName.RUNTIME_UNAVAILABLE: MetricSpec(
        "Count",
        "Of them: answered 503 or 504, not answered at all in time, or no connection to be had. "
        f"{_FROM_RUNTIMES}",
    ),
    MetricName.RUNTIME_THROTTLES: MetricSpec(
        "Count", f"Of them: refused by the service for its quota. {_FROM_RUNTIMES}", kept=_RARE
    ),
    MetricName.RUNTIME_REFUSALS: MetricSpec(
        "Count",
        "Of them: not permitted, of a runtime that is not there, or of a request that the "
        f"service does not take. {_FROM_RUNTIMES}",
    ),
    MetricName.RUNTIME_FAILURES: MetricSpec(
        "Count",
        f"Of them: failed by the runtime's own agent, within an answer or not. {_FROM_RUNTIMES}",
    ),
    MetricName.RUNTIME_INTERRUPTIONS: MetricSpec(
        "Count",
        f"Of them: broken off after the first byte, so not repeated. {_FROM_RUNTIMES}",
        kept=_RARE,
    ),
    MetricName.RUNTIME_UNREADABLE: MetricSpec(
        "Count", f"Of them: answered what cannot be read. {_FROM_RUNTIMES}"
    ),
    MetricName.TOOL_CALLS: MetricSpec("Count", "Tool calls the model made."),
    MetricName.TOOL_ERRORS: MetricSpec("Count", "Tool calls that failed."),
    MetricName.LEFTOVER_THREADS: MetricSpec(
        "Count",
        "Threads that the process carries though their requests are over, this one's included.",
    ),
    MetricName.PROCESSES_RETIRED: MetricSpec(
        "Count",
        "1 when the process ended itself because of what earlier requests left in it. "
        "0 from each request.",
        _BOTH,
        kept=_RARE,
    ),
    MetricName.REQUESTS_NOT_STARTED: MetricSpec(
        "Count",
        "Requests that the API took and no function took up before Lambda gave their events up. "
        "0 from each call.",
        (ALL_AGENTS,),
        "handlers.sweeper, api.overdue",
        kept=_RARE,
    ),
    MetricName.REQUESTS_SHED: MetricSpec(
        "Count",
        "Requests that the API refused because the agent takes no more at once. 0 from each call.",
        (ALL_AGENTS,),
        "api.invocations",
    ),
    MetricName.VERSIONS_REFUSED: MetricSpec(
        "Count",
        "1 when a new version failed the question it was asked before it got requests, else 0.",
        (ALL_AGENTS,),
        "handlers.prober",
        kept=_RARE,
    ),
    MetricName.QUESTIONS_ASKED: MetricSpec(
        "Count",
        "1 when an agent asked a person, and waits for the answer, else 0.",
        (ALL_AGENTS,),
    ),
    MetricName.QUESTIONS_NOT_ANSWERED: MetricSpec(
        "Count",
        "Requests that failed because nobody answered what their agents asked. 0 from each call.",
        (ALL_AGENTS,),
        "handlers.sweeper, api.overdue",
    ),
    MetricName.ANSWERS_NOT_TAKEN_UP: MetricSpec(
        "Count",
        "Answers that no function took up in time; their questions are open again. "
        "0 from each call.",
        (ALL_AGENTS,),
        "handlers.sweeper, api.overdue",
    ),
    MetricName.REQUESTS_NOT_LOGGED: MetricSpec(
        "Count",
        "1 when the log of requests and answers has no entry of the request with its answer, else "
        "0. Only where a setting has such a log.",
        (ALL_AGENTS,),
        kept=_RARE,
    ),
    MetricName.API_CALLS: MetricSpec(
        "Count", "Calls that reached the API's function.", _API_SETS, _API
    ),
    MetricName.API_ERRORS: MetricSpec(
        "Count",
        "1 when the call was answered with a status of 500 or more, else 0.",
        _API_SETS,
        _API,
    ),
    MetricName.API_REFUSALS: MetricSpec(
        "Count",
        "1 when the call was answered with a status from 400 to 499, else 0.",
        _API_SETS,
        _API,
    ),
    MetricName.API_LATENCY: MetricSpec(
        "Milliseconds",
        "From the API handler's start to its answer, what it waited for an agent included.",
        _API_SETS,
        _API,
    ),
    MetricName.API_COLD_START: MetricSpec(
        "Count", "1 for the first call of an API process, else 0.", _API_SETS, _API
    ),
    MetricName.API_INIT_TIME: MetricSpec(
        "Milliseconds",
        "From process start to the API handler's readiness. Cold calls only.",
        _API_SETS,
        _API,
    ),
    MetricName.MCP_CALLS: MetricSpec(
        "Count", "Messages that reached the MCP function.", *_OF_MCP, kept=_ALWAYS
    ),
    MetricName.MCP_ERRORS: MetricSpec(
        "Count",
        "1 when the API would have answered with a status of 500 or more, within an answer of the "
        "protocol's or not, else 0.",
        *_OF_MCP,
        kept=_RARE,
    ),
    MetricName.MCP_REFUSALS: MetricSpec(
        "Count",
        "1 when the API would have answered with a status from 400 to 499, within an answer of "
        "the protocol's or not, else 0.",
        *_OF_MCP,
    ),
    MetricName.MCP_LATENCY: MetricSpec(
        "Milliseconds",
        "From the MCP handler's start to the end of its answer, what it waited for an agent "
        "included.",
        *_OF_MCP,
        kept=_ALWAYS,
    ),
    MetricName.MCP_COLD_START: MetricSpec(
        "Count", "1 for the first message of an MCP process, else 0.", *_OF_MCP
    ),
    MetricName.MCP_INIT_TIME: MetricSpec(
        "Milliseconds",
        "From process start to the MCP handler's readiness. Cold messages only.",
        *_OF_MCP,
    ),
}

#: What agents emit whose work is done by a runtime on AgentCore, and no others.
OF_RUNTIMES: Final = frozenset(name for name in MetricName if name.startswith("Runtime"))
