"""CloudWatch alarms, dashboards' tags and saved queries, kept as they are told.

MiniStack refuses metric math, saved queries and tags on dashboards, has composite alarms but not in
CloudFormation, and gives a percentile alarm an average beside its percentile. Its evaluation of
alarms takes no notice of dimensions, M of N or missing data, so an alarm's state would be an
accident: here alarms are kept. ``alarm_evaluation`` evaluates those that deployments watch, and no
others. SetAlarmState moves one, and composite alarms follow.
"""

import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch, cloudwatch_logs
from ministack.services.cloudformation import provisioners

Clients = Callable[[str], Any]
Properties = Mapping[str, Any]
Created = tuple[str, dict[str, Any]]
Response = tuple[int, dict[str, str], bytes]

#: What an alarm on metric math has none of.
_OF_ONE_METRIC = (
    "Dimensions",
    "ExtendedStatistic",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
    "Unit",
)
_NOT_EVALUATED = "The embedded AWS does not evaluate an alarm that no deployment watches"

_queries: dict[str, dict[str, Any]] = {}


def install(clients: Clients) -> None:
    """Put these in place of what MiniStack has."""
    _keep_alarms_whole()
    _let_dashboards_have_tags()
    _keep_queries()
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = _composite_alarm(clients)
    provisioners._RESOURCE_HANDLERS["AWS::Logs::QueryDefinition"] = _query_definition(clients)


def _keep_alarms_whole() -> None:
    record = provisioners._cw_metric_alarm_record
    put = cloudwatch._put_metric_alarm

    def record_from_template(name: str, properties: Properties) -> dict[str, Any]:
        metrics = properties.get("Metrics")
        if not metrics:
            return _whole(record(name, properties), None)
        both = sorted(set(properties) & set(_OF_ONE_METRIC))
        if both:
            raise ValueError(f"AWS::CloudWatch::Alarm: {', '.join(both)} beside Metrics")
        stand_in = {"MetricName": "-", "Namespace": "-"}
        without = {key: value for key, value in properties.items() if key != "Metrics"}
        return _whole(record(name, {**without, **stand_in}), metrics)

    def put_from_api(
        params: Properties, data: Properties, is_cbor: bool, is_json: bool = False
    ) -> Any:
        answer = put(params, data, is_cbor, is_json)
        name = data.get("AlarmName")
        if name in cloudwatch._alarms:
            cloudwatch._alarms[name] = _whole(cloudwatch._alarms[name], data.get("Metrics"))
        return answer

    provisioners._cw_metric_alarm_record = record_from_template
    cloudwatch._put_metric_alarm = put_from_api
    cloudwatch._evaluate_alarm = lambda _alarm: None


def _whole(alarm: dict[str, Any], metrics: list[Any] | None) -> dict[str, Any]:
    """Make a record of MiniStack's say what was asked for, and no more."""
    whole = dict(alarm)
    if metrics:
        whole = {key: value for key, value in whole.items() if key not in _OF_ONE_METRIC}
        whole["Metrics"] = metrics
    elif whole.get("ExtendedStatistic"):
        whole.pop("Statistic", None)
    if whole["StateReason"] == "Unchecked: Initial alarm creation":
        whole["StateReason"] += f". {_NOT_EVALUATED}"
    return whole


def _let_dashboards_have_tags() -> None:
    """MiniStack's operations on tags know alarms only."""
    validate = cloudwatch._validate_alarm_tag_arn

    def validate_alarm_or_dashboard(arn: str, **protocol: bool) -> Any:
        if any(board["DashboardArn"] == arn for board in cloudwatch._dashboards.values()):
            return None
        return validate(arn, **protocol)

    cloudwatch._validate_alarm_tag_arn = validate_alarm_or_dashboard


def _composite_alarm(clients: Clients) -> dict[str, Any]:
    def put(name: str, properties: Properties) -> Created:
        client = clients("cloudwatch")
        client.put_composite_alarm(**{**properties, "AlarmName": name})
        (kept,) = client.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])[
            "CompositeAlarms"
        ]
        return name, {"Arn": kept["AlarmArn"]}

    def create(_logical_id: str, properties: Properties, _stack: str) -> Created:
        if "AlarmName" not in properties:
            raise ValueError("AWS::CloudWatch::CompositeAlarm: an AlarmName is needed here")
        return put(properties["AlarmName"], properties)

    def update(physical_id: str, _before: Properties, after: Properties, _stack: str) -> Created:
        if after.get("AlarmName") != physical_id:
            raise ValueError("AWS::CloudWatch::CompositeAlarm: it cannot be renamed here")
        return put(physical_id, after)

    def delete(physical_id: str, _properties: Properties) -> None:
        clients("cloudwatch").delete_alarms(AlarmNames=[physical_id])

    return {"create": create, "update": update, "delete": delete}


def _query_definition(clients: Clients) -> dict[str, Any]:
    def put(properties: Properties, **known: str) -> str:
        names = {"Name": "name", "QueryString": "queryString", "LogGroupNames": "logGroupNames"}
        given = {names[name]: value for name, value in properties.items()}
        query_id: str = clients("logs").put_query_definition(**given, **known)["queryDefinitionId"]
        return query_id

    def create(_logical_id: str, properties: Properties, _stack: str) -> Created:
        query_id = put(properties)
        return query_id, {"QueryDefinitionId": query_id}

    def update(physical_id: str, _before: Properties, after: Properties, _stack: str) -> Created:
        put(after, queryDefinitionId=physical_id)
        return physical_id, {"QueryDefinitionId": physical_id}

    def delete(physical_id: str, _properties: Properties) -> None:
        clients("logs").delete_query_definition(queryDefinitionId=physical_id)

    return {"create": create, "update": update, "delete": delete}


def _keep_queries() -> None:
    """Teach MiniStack's CloudWatch Logs the three operations on saved queries."""
    handle: Callable[..., Awaitable[Response]] = cloudwatch_logs.handle_request
    operations = {
        "PutQueryDefinition": _put_query,
        "DescribeQueryDefinitions": _describe_queries,
        "DeleteQueryDefinition": _delete_query,
    }

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, *rest: Any
    ) -> Response:
        operation = operations.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if operation is None:
            return await handle(method, path, headers, body, *rest)
        return operation(json.loads(body or b"{}"))

    cloudwatch_logs.handle_request = handle_request


def _put_query(request: dict[str, Any]) -> Response:
    known = request.get("queryDefinitionId")
    if known is not None and known not in _queries:
        return _no_such_query(known)
    query_id = known or str(uuid.uuid4())
    _queries[query_id] = {
        "queryDefinitionId": query_id,
        "name": request["name"],
        "queryString": request["queryString"],
        "logGroupNames": request.get("logGroupNames", []),
        "lastModified": int(time.time() * 1000),
    }
    return _json({"queryDefinitionId": query_id})


def _describe_queries(request: dict[str, Any]) -> Response:
    prefix = request.get("queryDefinitionNamePrefix", "")
    found = [query for query in _queries.values() if query["name"].startswith(prefix)]
    return _json({"queryDefinitions": sorted(found, key=lambda query: str(query["name"]))})


def _delete_query(request: dict[str, Any]) -> Response:
    query_id = request["queryDefinitionId"]
    if _queries.pop(query_id, None) is None:
        return _no_such_query(query_id)
    return _json({"success": True})


def _no_such_query(query_id: str) -> Response:
    answer: Response = error_response_json(
        "ResourceNotFoundException", f"There is no query definition {query_id}", 400
    )
    return answer


def _json(content: dict[str, Any]) -> Response:
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()
