"""When an environment's alarms go off, as its file says it."""

from typing import Annotated

from pydantic import Field

from tradewind.contracts.validation import Frozen, whole_number

_Percent = Annotated[
    float, Field(gt=0, lt=100, description="a number of percent above 0 and below 100")
]


class AlarmSettings(Frozen):
    """When an alarm goes off. An empty mapping, ``{}``, takes every default.

    Attributes:
        error_percent: Share of an agent's requests, and of the API's, that fail by our fault.
        p99_percent_of_timeout: Share of the function's timeout that the slowest requests take.
        cold_start_percent: Share of an agent's requests that wait for a process to start.
        cold_start_min_requests: In 15 minutes; with fewer, every share of cold starts is normal.
        init_time_ms: Median init time of an hour's cold starts.
        bedrock_error_percent: Share of model calls that fail, throttled ones aside.
        bedrock_throttle_percent: Share of model calls that are throttled.
        runtime_error_percent: Share of the calls of a runtime on AgentCore that fail, throttled
            and interrupted ones aside.
        runtime_throttle_percent: Share of the calls of a runtime that are throttled.
        runtime_first_chunk_ms: What nine of ten of a runtime's answers take at most to begin.
        cost_usd_per_hour: Estimated cost of all agents' tokens.
    """

    error_percent: _Percent = 5
    p99_percent_of_timeout: _Percent = 80
    cold_start_percent: _Percent = 30
    cold_start_min_requests: Annotated[int, whole_number(1, 1_000_000)] = 20
    init_time_ms: Annotated[int, whole_number(1, 10_000)] = 2500
    bedrock_error_percent: _Percent = 10
    bedrock_throttle_percent: _Percent = 10
    runtime_error_percent: _Percent = 10
    runtime_throttle_percent: _Percent = 10
    runtime_first_chunk_ms: Annotated[int, whole_number(1, 900_000)] = 10_000
    cost_usd_per_hour: Annotated[
        float, Field(gt=0, le=100_000, description="a number of US dollars above 0")
    ] = 20
