"""Logs Insights queries: those on the dashboards, and those saved for whoever is searching."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks import names
from tradewind.telemetry.log_fields import REQUEST_DONE

Query = Sequence[str]

#: One that waits for a person has not failed.
_FAILED: Final = 'outcome != "succeeded" and outcome != "waiting"'

SLOWEST: Final[Query] = (
    "fields @timestamp, request_id, project_id, executionTime, coldStart, model_calls, outcome",
    f'filter message = "{REQUEST_DONE}"',
    "sort executionTime desc",
    "limit 20",
)
FAILED: Final[Query] = (
    "fields @timestamp, request_id, project_id, outcome, error_code, executionTime, xray_trace_id",
    f'filter message = "{REQUEST_DONE}" and {_FAILED}',
    "sort @timestamp desc",
    "limit 20",
)
_BY_TITLE: Final[Mapping[str, Query]] = {
    "slowest requests": SLOWEST,
    "failed requests": FAILED,
    "one request, line by line": (
        "fields @timestamp, level, message, error_code, bedrock_request_ids, @logStream",
        'filter request_id = "PUT THE REQUEST ID HERE"',
        "sort @timestamp asc",
        "limit 200",
    ),
    "a request by its id at Bedrock": (
        "fields @timestamp, request_id, project_id, outcome, bedrock_request_ids, xray_trace_id",
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
        for title, query in _BY_TITLE.items():
            logs.CfnQueryDefinition(
                self,
                "".join(filter(str.isalnum, title.title())),
                name=names.query_name(environment, title),
                query_string="\n| ".join(query),
                log_group_names=list(log_groups),
            )
