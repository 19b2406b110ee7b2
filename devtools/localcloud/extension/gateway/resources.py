"""REST APIs in CloudFormation: what MiniStack's handlers drop, and what is refused.

Each handler here lets MiniStack's make the resource and then sets what that one leaves out, in the
same store that the service's own API reads.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension.gateway.permission import trusts_api_gateway

Properties = Mapping[str, Any]
Created = tuple[str, Mapping[str, Any]]

_BUFFERED_TIMEOUTS_MS = range(50, 29_001)
_STREAMED_TIMEOUTS_MS = range(50, 900_001)

_METHOD_SETTINGS = {
    "DataTraceEnabled",
    "HttpMethod",
    "LoggingLevel",
    "MetricsEnabled",
    "ResourcePath",
    "ThrottlingBurstLimit",
    "ThrottlingRateLimit",
}
_API_STAGE = {"ApiId", "Stage", "Throttle"}


def install() -> None:
    """Put these around MiniStack's handlers."""
    _finish("AWS::ApiGateway::Method", _finish_method)
    _finish("AWS::ApiGateway::Stage", _finish_stage)
    _finish("AWS::ApiGateway::UsagePlan", _finish_usage_plan)
    provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RequestValidator"] = {
        "create": _create_validator,
        "update": _update_validator,
        "delete": _delete_validator,
    }


def _finish(resource_type: str, finish: Callable[[str, Properties], None]) -> None:
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    make, change = handler["create"], handler["update"]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
        made: Created = make(logical_id, properties, stack_name)
        finish(made[0], properties)
        return made

    def update(physical_id: str, before: Properties, after: Properties, *rest: Any) -> Created:
        made: Created = change(physical_id, before, after, *rest)
        finish(made[0], after)
        return made

    handler["create"], handler["update"] = create, update


def _finish_method(_physical_id: str, properties: Properties) -> None:
    resource = apigateway_v1._resources[properties["RestApiId"]][properties["ResourceId"]]
    method = resource["resourceMethods"][properties["HttpMethod"]]
    method["requestValidatorId"] = properties.get("RequestValidatorId")
    given = properties["Integration"]
    mode = given.get("ResponseTransferMode", "BUFFERED")
    method["methodIntegration"]["responseTransferMode"] = mode


def _finish_stage(stage_name: str, properties: Properties) -> None:
    stage = apigateway_v1._stages_v1[properties["RestApiId"]][stage_name]
    log = properties.get("AccessLogSetting") or {}
    names = {"DestinationArn": "destinationArn", "Format": "format"}
    stage["accessLogSettings"] = {names[name]: value for name, value in log.items()}


def _finish_usage_plan(plan_id: str, properties: Properties) -> None:
    plan = apigateway_v1._usage_plans[plan_id]
    for kept, given in zip(plan["apiStages"], properties.get("ApiStages", []), strict=True):
        kept["throttle"] = {
            method: {"rateLimit": limits.get("RateLimit"), "burstLimit": limits.get("BurstLimit")}
            for method, limits in (given.get("Throttle") or {}).items()
        }


def _create_validator(logical_id: str, properties: Properties, _stack_name: str) -> Created:
    status, _, body = apigateway_v1._create_request_validator(
        properties["RestApiId"], _validator(logical_id, properties)
    )
    answer = apigateway_v1.json.loads(body)
    if status >= 400:  # noqa: PLR2004  the first status of a refusal
        raise ValueError(f"AWS::ApiGateway::RequestValidator: {answer}")
    return answer["id"], {"RequestValidatorId": answer["id"]}


def _update_validator(
    physical_id: str, before: Properties, after: Properties, stack_name: str
) -> Created:
    kept = apigateway_v1._request_validators.get(before["RestApiId"], {}).get(physical_id)
    if kept is None or after["RestApiId"] != before["RestApiId"]:
        return _create_validator(physical_id, after, stack_name)
    kept.update(_validator(kept["name"], after))
    return physical_id, {"RequestValidatorId": physical_id}


def _delete_validator(physical_id: str, properties: Properties) -> None:
    apigateway_v1._request_validators.get(properties["RestApiId"], {}).pop(physical_id, None)


def _validator(name: str, properties: Properties) -> dict[str, Any]:
    return {
        "name": properties.get("Name", name),
        "validateRequestBody": _flag(properties.get("ValidateRequestBody", False)),
        "validateRequestParameters": _flag(properties.get("ValidateRequestParameters", False)),
    }


def _flag(value: Any) -> bool:
    """A template's boolean, which may be written as text."""
    return str(value).lower() == "true"


# -- What is refused before anything is made ----------------------------------------------------


def check_method(properties: Properties) -> None:
    """Refuse an integration that would not run here as on AWS."""
    name = "AWS::ApiGateway::Method"
    given = properties.get("Integration")
    if not given:
        raise ValueError(f"{name}: a method without an Integration is not supported here")
    kind = given.get("Type")
    if kind not in ("AWS_PROXY", "MOCK"):
        raise ValueError(f"{name}: the integration type {kind} is not supported here")
    mode = given.get("ResponseTransferMode", "BUFFERED")
    uri = given.get("Uri", "")
    if mode not in ("BUFFERED", "STREAM"):
        raise ValueError(f"{name}: ResponseTransferMode {mode} does not exist")
    if kind == "AWS_PROXY":
        ending = "/response-streaming-invocations" if mode == "STREAM" else "/invocations"
        if not uri.endswith(ending):
            raise ValueError(f"{name}: the Uri of a {mode} function has to end in {ending}")
        if given.get("IntegrationHttpMethod") != "POST":
            raise ValueError(f"{name}: IntegrationHttpMethod has to be POST for a function")
    allowed = _STREAMED_TIMEOUTS_MS if mode == "STREAM" else _BUFFERED_TIMEOUTS_MS
    if int(given.get("TimeoutInMillis", 29_000)) not in allowed:
        # An account's limit can be raised on request; a new account has this one.
        raise ValueError(
            f"{name}: Timeout should be between {allowed.start} ms and {allowed.stop - 1} ms"
        )
    kind = properties.get("AuthorizationType", "NONE")
    if kind not in ("NONE", "AWS_IAM", "CUSTOM"):
        raise ValueError(f"{name}: AuthorizationType {kind} is not supported here")


def check_account(properties: Properties) -> None:
    """Refuse a role that API Gateway could not take on."""
    role = properties.get("CloudWatchRoleArn")
    if role and not trusts_api_gateway(role):
        raise ValueError(
            "AWS::ApiGateway::Account: The role ARN does not have required permissions configured. "
            "Please grant trust permission for API Gateway and add the required role policy."
        )


def check_rest_api(properties: Properties) -> None:
    """Refuse an API that other keys or another endpoint would open."""
    name = "AWS::ApiGateway::RestApi"
    if properties.get("ApiKeySourceType", "HEADER") != "HEADER":
        raise ValueError(f"{name}: ApiKeySourceType is supported here as HEADER only")
    types = (properties.get("EndpointConfiguration") or {}).get("Types", ["EDGE"])
    if types != ["REGIONAL"]:
        raise ValueError(f"{name}: the endpoint types {types} are not supported here")


def check_authorizer(properties: Properties) -> None:
    """Refuse authorizers that are no functions."""
    kind = properties.get("Type")
    if kind not in ("TOKEN", "REQUEST"):
        raise ValueError(f"AWS::ApiGateway::Authorizer: Type {kind} is not supported here")


def check_stage(properties: Properties) -> None:
    """Refuse settings of methods that nothing here acts on, and logs that nobody may write."""
    name = "AWS::ApiGateway::Stage"
    logs = "AccessLogSetting" in properties
    for setting in properties.get("MethodSettings", []):
        _refuse(name, "MethodSettings", setting, _METHOD_SETTINGS)
        logs = logs or setting.get("LoggingLevel", "OFF") != "OFF"
    account = apigateway_v1._account_settings.get("settings") or {}
    if logs and not account.get("cloudwatchRoleArn"):
        raise ValueError(
            f"{name}: CloudWatch Logs role ARN must be set in account settings to enable logging"
        )
    destination = (properties.get("AccessLogSetting") or {}).get("DestinationArn", ":log-group:")
    if ":log-group:" not in destination:
        raise ValueError(f"{name}: AccessLogSetting: {destination} is no log group")


def check_usage_plan(properties: Properties) -> None:
    """Refuse what a usage plan does not have."""
    for stage in properties.get("ApiStages", []):
        _refuse("AWS::ApiGateway::UsagePlan", "ApiStages", stage, _API_STAGE)


def _refuse(name: str, place: str, given: Properties, allowed: set[str]) -> None:
    unknown = sorted(set(given) - allowed)
    if unknown:
        raise ValueError(f"{name}: {place}: {', '.join(unknown)} is not supported here")
