"""Logs Insights queries: those on the dashboards, and those saved for whoever is searching."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks import names
from tradewind.telemetry.log_fields import REQUEST_DONE
from tradewind.telemetry.metric_names import START, MetricName

Query = Sequence[str]

#: A list is its first fields, each by its number; the whole of it is in ``@message``.
_BEDROCK_IDS: Final = "bedrock_request_ids.0, bedrock_request_ids.1"

#: One that waits for a person has not failed.
_FAILED: Final = 'outcome != "succeeded" and outcome != "waiting"'

# The lines with a request's metrics are there whatever the log's level.
SLOWEST: Final[Query] = (
    f"fields @timestamp, request_id, {MetricName.INVOCATION_LATENCY} as ms, {START}, "
    f"{MetricName.MODEL_CALLS}, {MetricName.TOOL_CALLS}, error_code",
    f"filter ispresent({MetricName.INVOCATION_LATENCY})",
    f"sort {MetricName.INVOCATION_LATENCY} desc",
    "limit 20",
)
FAILED: Final[Query] = (
    f"fields @timestamp, request_id, error_code, {MetricName.INVOCATION_LATENCY} as ms, "
    f"{MetricName.FUNCTION_VERSION}",
    f"filter {MetricName.ERRORS} > 0 or {MetricName.DEADLINE_STOPS} > 0 "
    f"or {MetricName.REJECTED_REQUESTS} > 0",
    "sort @timestamp desc",
    "limit 20",
)
#: A process that is killed prints nothing more: Lambda's report is all that there is.
KILLED: Final[Query] = (
    "fields @timestamp, record.requestId as request, record.status as status, "
    "record.errorType as error, record.metrics.durationMs as ms, "
    "record.metrics.maxMemoryUsedMB as used_mb, record.metrics.memorySizeMB as limit_mb",
    'filter type = "platform.report" and (record.status = "timeout" or '
    'record.errorType in ["Runtime.OutOfMemory", "Runtime.ExitError"])',
    "sort @timestamp desc",
    "limit 20",
)
#: Those that are saved, by title.
SAVED: Final[Mapping[str, Query]] = {
    "slowest requests": SLOWEST,
    "failed requests": FAILED,
    "killed requests": KILLED,
    "failed requests by project": (
        "fields @timestamp, request_id, project_id, outcome, error_code, executionTime, "
        "xray_trace_id",
        f'filter message = "{REQUEST_DONE}" and {_FAILED}',
        "sort @timestamp desc",
        "limit 50",
    ),
    "one request, line by line": (
        "fields @timestamp, level, message, error_code, record.status, record.errorType, "
        f"{_BEDROCK_IDS}, @logStream",
        # By its own id or by Lambda's: the report of one that was killed has no other.
        'filter @message like "PUT THE REQUEST ID HERE"',
        "sort @timestamp asc",
        "limit 200",
    ),
    "a request by its id at Bedrock": (
        f"fields @timestamp, request_id, project_id, outcome, {_BEDROCK_IDS}, xray_trace_id",
        f'filter message = "{REQUEST_DONE}" and @message like "PUT THE BEDROCK REQUEST ID HERE"',
        "limit 20",
    ),
    "cold starts by Lambda's own count": (
        "fields @timestamp, record.requestId, record.metrics.initDurationMs, @logStream",
        'filter type = "platform.report" and ispresent(record.metrics.initDurationMs)',
        "sort @timestamp desc",
        "limit 50",
    ),
    "cost by project": (
        f'filter message = "{REQUEST_DONE}"',
        "stats sum(estimated_cost_usd) as usd, count(*) as requests by project_id",
        "sort usd desc",
        "limit 50",
    ),
    "failures by code": (
        f'filter message = "{REQUEST_DONE}" and {_FAILED}',
        "stats count(*) as requests by error_code, bin(1h)",
        "sort requests desc",
        "limit 50",
    ),
}


class SavedQueries(Construct):
    """The queries, saved in CloudWatch for one environment's log groups."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: str, log_groups: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        for title, query in SAVED.items():
            logs.CfnQueryDefinition(
                self,
                "".join(filter(str.isalnum, title.title())),
                name=names.query_name(environment, title),
                query_string="\n| ".join(query),
                log_group_names=list(log_groups),
            )
