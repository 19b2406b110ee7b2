"""What a REST API keeps off its functions: authorizers, throttles, web ACLs, validators."""

import json
import uuid
from typing import Any

import pytest

from devtools.localcloud import REGION, Running
from tests.integration.localcloud.conftest import Client, Deploy, DeploymentFailed, package, role
from tests.integration.localcloud.rest_api import (
    FRONT,
    STAGE,
    Answer,
    Api,
    Upload,
    function,
    gateway_role,
    method,
    permission,
    resource,
    rest_api,
    stage,
)

#: So slow that no test sees a token come back.
SLOW_RATE = 0.0001

FORMAT = json.dumps(
    {
        "id": "$context.requestId",
        "route": "$context.resourcePath",
        "method": "$context.httpMethod",
        "status": "$context.status",
        "refused_as": "$context.error.responseType",
        "function_request_id": "$context.integration.requestId",
        "unknown": "$context.unknown",
    }
)


def authorizer(kind: str, function: str = "Authorizer", **properties: Any) -> dict[str, Any]:
    path = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {
        "Type": "AWS::ApiGateway::Authorizer",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "Name": f"{kind}-{function}-{len(properties)}",
            "Type": kind,
            "AuthorizerUri": {"Fn::Sub": f"{path}/${{{function}.Arn}}/invocations"},
            **properties,
        },
    }


def open_to(authorizer_id: str) -> dict[str, Any]:
    return {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": authorizer_id}}


def resources(code: dict[str, str]) -> dict[str, Any]:
    logs_role = gateway_role()
    push = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    logs_role["Properties"]["ManagedPolicyArns"] = [push]
    header = "method.request.header.X-Token"
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "required": ["answer"],
    }
    busy = function(code)
    busy["Properties"]["ReservedConcurrentExecutions"] = 0
    key: dict[str, Any] = {"AuthorizationType": "NONE", "ApiKeyRequired": True}
    nobody: dict[str, Any] = {"AuthorizationType": "NONE"}
    paths = ["echo", "limited", "validated", "keyed", "token", "request", "uncached", "unasked"]
    return {
        "Role": role(),
        "LogsRole": logs_role,
        "Account": {
            "Type": "AWS::ApiGateway::Account",
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["LogsRole", "Arn"]}},
        },
        "AccessLog": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "gateway-access"},
        },
        "Front": function(code),
        "Authorizer": function(code, "front.authorize"),
        "Unpermitted": function(code, "front.authorize"),
        "Busy": busy,
        "Api": rest_api(),
        "MayFront": permission({"Ref": "Front"}, f"{STAGE}/POST/*"),
        "MayBusy": permission({"Ref": "Busy"}, f"{STAGE}/POST/*"),
        "MayAuthorize": permission({"Ref": "Authorizer"}, "authorizers/*"),
        "Token": authorizer("TOKEN", IdentitySource=header),
        "Request": authorizer("REQUEST", IdentitySource=header, AuthorizerResultTtlInSeconds=60),
        "Uncached": authorizer("TOKEN", IdentitySource=header, AuthorizerResultTtlInSeconds=0),
        "Unasked": authorizer("TOKEN", "Unpermitted", IdentitySource=header),
        "Validator": {
            "Type": "AWS::ApiGateway::RequestValidator",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ValidateRequestBody": True,
                "ValidateRequestParameters": True,
            },
        },
        "Model": {
            "Type": "AWS::ApiGateway::Model",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "Name": "Wish",
                "ContentType": "application/json",
                "Schema": schema,
            },
        },
        **{f"Path{name.title()}": resource(name) for name in (*paths, "busy")},
        "EchoPost": method("PathEcho", **nobody),
        "LimitedPost": method("PathLimited", **nobody),
        "BusyPost": method("PathBusy", {"Fn::GetAtt": ["Busy", "Arn"]}, **nobody),
        "ValidatedPost": method(
            "PathValidated",
            RequestValidatorId={"Ref": "Validator"},
            RequestModels={"application/json": {"Ref": "Model"}},
            RequestParameters={"method.request.header.X-Wanted": True},
            **nobody,
        ),
        "KeyedPost": method("PathKeyed", **key),
        "TokenPost": method("PathToken", **open_to("Token")),
        "RequestPost": method("PathRequest", **open_to("Request")),
        "UncachedPost": method("PathUncached", **open_to("Uncached")),
        "UnaskedPost": method("PathUnasked", **open_to("Unasked")),
        "TooMany": {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ResponseType": "QUOTA_EXCEEDED",
                "StatusCode": "429",
                "ResponseParameters": {"gatewayresponse.header.Retry-After": "'60'"},
                "ResponseTemplates": {"application/json": '{"title": "slower"}'},
            },
        },
    }


def with_limits(made: dict[str, Any]) -> dict[str, Any]:
    """The stage with its settings, a usage plan, and a web ACL."""
    limited = {
        "ResourcePath": "/~1limited",
        "HttpMethod": "POST",
        "ThrottlingRateLimit": SLOW_RATE,
        "ThrottlingBurstLimit": 2,
    }
    log = {"DestinationArn": {"Fn::GetAtt": ["AccessLog", "Arn"]}, "Format": FORMAT}
    staged = stage(made, MethodSettings=[limited], AccessLogSetting=log, TracingEnabled=True)
    staged["Stage"]["DependsOn"] = ["Account"]
    staged["Deployment"]["DependsOn"].append("TooMany")
    visible = {
        "CloudWatchMetricsEnabled": True,
        "MetricName": "acl",
        "SampledRequestsEnabled": False,
    }
    rate = {
        "Limit": 10,
        "EvaluationWindowSec": 600,
        "AggregateKeyType": "FORWARDED_IP",
        "ForwardedIPConfig": {"HeaderName": "X-Limited-Address", "FallbackBehavior": "NO_MATCH"},
    }
    managed = {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}
    rules = [
        {
            "Name": "Rate",
            "Priority": 0,
            "Action": {"Block": {}},
            "Statement": {"RateBasedStatement": rate},
            "VisibilityConfig": visible,
        },
        {
            "Name": "Managed",
            "Priority": 1,
            "OverrideAction": {"None": {}},
            "Statement": {"ManagedRuleGroupStatement": managed},
            "VisibilityConfig": visible,
        },
    ]
    stage_arn = "arn:aws:apigateway:${AWS::Region}::/restapis/${Api}/stages/${Stage}"
    slow = {"RateLimit": SLOW_RATE, "BurstLimit": 2}
    throttle = {"/keyed/POST": slow, "/echo/POST": slow}
    keys = {
        name: {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": True}}
        for name in ("FirstKey", "SecondKey")
    }
    plan = {"UsagePlanId": {"Ref": "Plan"}, "KeyType": "API_KEY"}
    return {
        **staged,
        **keys,
        "Plan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {
                "ApiStages": [
                    {"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}, "Throttle": throttle}
                ],
                "Throttle": {"RateLimit": 1000, "BurstLimit": 1000},
            },
        },
        **{
            f"{name}InPlan": {
                "Type": "AWS::ApiGateway::UsagePlanKey",
                "Properties": {**plan, "KeyId": {"Ref": name}},
            }
            for name in keys
        },
        "Acl": {
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {
                "Name": "front",
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": visible,
                "Rules": rules,
            },
        },
        "OnStage": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Properties": {
                "ResourceArn": {"Fn::Sub": stage_arn},
                "WebACLArn": {"Fn::GetAtt": ["Acl", "Arn"]},
            },
        },
    }


@pytest.fixture(scope="module")
def api(cloud: Running, deploy: Deploy, upload: Upload) -> Api:
    """One API for all tests of this file."""
    code = upload("front-limits.zip", package(**{"front.py": FRONT.read_text()}))
    names = ("Api", "FirstKey", "SecondKey", "Acl", "LimitedPost")
    outputs = {name: {"Ref": name} for name in names}
    made = deploy("gateway-limits", with_limits(resources(code)), outputs)
    return Api(cloud, made["Api"], made)


def ask(api: Api, path: str, wish: Any = None, **headers: str) -> Answer:
    """Call without a signature."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(wish or {}).encode()
    return api.send(path, body, headers={"Content-Type": "application/json", **given})


class TestThrottling:
    def test_a_method_has_its_burst_and_no_more(self, api: Api) -> None:
        answers = [ask(api, "/limited") for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 429, 429]
        assert answers[2].json == {"message": "Too Many Requests"}
        assert answers[2].headers["x-amzn-ErrorType"] == "TooManyRequestsException"
        # The others are not throttled with it.
        assert ask(api, "/echo").status == 200

    def test_a_usage_plan_throttles_each_key_by_method(self, api: Api, client: Client) -> None:
        def value(name: str) -> str:
            found = client("apigateway").get_api_key(apiKey=api.outputs[name], includeValue=True)
            return str(found["value"])

        first, second = value("FirstKey"), value("SecondKey")
        statuses = [ask(api, "/keyed", x_api_key=first).status for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert ask(api, "/keyed", x_api_key=second).status == 200
        # A plan is for methods that ask for a key.
        assert {ask(api, "/echo", x_api_key=first).status for _ in range(3)} == {200}

    @pytest.mark.parametrize("headers", [{}, {"x_api_key": "unknown"}])
    def test_a_method_that_needs_a_key(self, api: Api, headers: dict[str, str]) -> None:
        answer = ask(api, "/keyed", **headers)
        assert (answer.status, answer.json) == (403, {"message": "Forbidden"})
        assert answer.headers["x-amzn-ErrorType"] == "ForbiddenException"

    def test_a_function_without_capacity_is_no_429(self, api: Api) -> None:
        answer = ask(api, "/busy")
        assert (answer.status, answer.json) == (500, {"message": "Internal server error"})


class TestWebAcl:
    def test_a_rate_rule_blocks_one_address(self, api: Api) -> None:
        answers = [ask(api, "/echo", X_Limited_Address="203.0.113.1") for _ in range(12)]
        assert [answer.status for answer in answers] == [200] * 10 + [403] * 2
        assert answers[-1].json == {"message": "Forbidden"}
        assert answers[-1].headers["x-amzn-ErrorType"] == "ForbiddenException"
        assert ask(api, "/echo", X_Limited_Address="203.0.113.2").status == 200
        assert ask(api, "/echo").status == 200

    def test_it_comes_before_the_signature(self, api: Api) -> None:
        for _ in range(11):
            ask(api, "/nowhere", X_Limited_Address="203.0.113.3")
        answer = ask(api, "/nowhere", X_Limited_Address="203.0.113.3")
        assert (answer.status, answer.json) == (403, {"message": "Forbidden"})

    def test_the_service_has_it_as_deployed(self, api: Api, client: Client) -> None:
        arn = f"arn:aws:apigateway:{REGION}::/restapis/{api.id}/stages/{STAGE}"
        acl = client("wafv2").get_web_acl_for_resource(ResourceArn=arn)["WebACL"]
        assert [rule["Name"] for rule in acl["Rules"]] == ["Rate", "Managed"]
        group = acl["Rules"][1]["Statement"]["ManagedRuleGroupStatement"]
        assert group["Name"] == "AWSManagedRulesCommonRuleSet"

    @pytest.mark.parametrize(
        ("statement", "reason"),
        [
            ({"GeoMatchStatement": {"CountryCodes": ["DE"]}}, "Rules: GeoMatchStatement"),
            ({"RateBasedStatement": {"Limit": 9, "AggregateKeyType": "IP"}}, "a Limit below 10"),
            (
                {"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "CONSTANT"}},
                "AggregateKeyType CONSTANT",
            ),
        ],
    )
    def test_a_rule_that_would_not_be_enforced_is_refused(
        self, deploy: Deploy, statement: dict[str, Any], reason: str
    ) -> None:
        rule = {"Name": "R", "Priority": 0, "Action": {"Block": {}}, "Statement": statement}
        acl = {
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "Rules": [rule]},
        }
        with pytest.raises(DeploymentFailed) as failed:
            deploy("gateway-acl-refused", {"Acl": acl})
        assert reason in str(failed.value)


class TestValidators:
    def test_a_body_and_a_header_are_required(self, api: Api) -> None:
        good = {"answer": {"statusCode": 201}}
        assert ask(api, "/validated", good, X_Wanted="here").status == 201
        without_header = ask(api, "/validated", good)
        assert (without_header.status, without_header.json) == (
            400,
            {"message": "Missing required request parameters: [X-Wanted]"},
        )
        another_body = ask(api, "/validated", {"other": 1}, X_Wanted="here")
        assert (another_body.status, another_body.json) == (
            400,
            {"message": "Invalid request body"},
        )


class TestAuthorizers:
    @pytest.mark.parametrize("path", ["/token", "/request", "/uncached"])
    def test_without_the_identity_source(self, api: Api, path: str) -> None:
        answer = ask(api, path)
        assert (answer.status, answer.json) == (401, {"message": "Unauthorized"})
        assert answer.headers["x-amzn-ErrorType"] == "UnauthorizedException"

    @pytest.mark.parametrize("path", ["/token", "/request"])
    def test_the_function_learns_what_the_authorizer_said(self, api: Api, path: str) -> None:
        token = f"mary-{path[1:]}"
        answer = ask(api, path, X_Token=token, X_Forwarded_For="203.0.113.9")
        context = answer.json["event"]["requestContext"]
        latency = context["authorizer"].pop("integrationLatency")
        assert context["authorizer"] == {
            "principalId": f"user-{token}",
            "asked": "1",
            "admin": "true",
            "owner": "oidc:someone",
        }
        assert isinstance(latency, int)
        assert context["identity"]["sourceIp"] == "127.0.0.1"

    def test_its_answer_is_kept_for_its_time(self, api: Api) -> None:
        def asked(path: str, token: str) -> list[str]:
            answers = [ask(api, path, X_Token=token) for _ in range(2)]
            return [a.json["event"]["requestContext"]["authorizer"]["asked"] for a in answers]

        assert asked("/token", "kept") == ["1", "1"]
        assert asked("/uncached", "not-kept") == ["1", "2"]

    @pytest.mark.parametrize(
        ("token", "status", "body"),
        [
            (
                "deny",
                403,
                {
                    "Message": "User is not authorized to access this resource with an explicit "
                    "deny in an identity-based policy"
                },
            ),
            ("other-action", 403, {"Message": "User is not authorized to access this resource"}),
            ("unauthorized", 401, {"message": "Unauthorized"}),
            ("broken", 500, {"message": None}),
            ("malformed", 500, {"message": "Internal server error"}),
        ],
    )
    def test_nothing_else_is_let_in(
        self, api: Api, token: str, status: int, body: dict[str, Any]
    ) -> None:
        answer = ask(api, "/token", X_Token=token)
        assert (answer.status, answer.json) == (status, body)

    def test_an_authorizer_that_may_not_be_asked(self, api: Api) -> None:
        answer = ask(api, "/unasked", X_Token="mary")
        assert (answer.status, answer.json) == (500, {"message": "Internal server error"})


class TestLog:
    def test_each_request_has_a_line(self, api: Api, client: Client) -> None:
        told = ask(api, "/echo").json
        served = told["event"]["requestContext"]["requestId"]
        refused = ask(api, f"/{uuid.uuid4()}").headers["x-amzn-requestid"]
        events = client("logs").filter_log_events(logGroupName="gateway-access")["events"]
        lines = {line["id"]: line for line in (json.loads(each["message"]) for each in events)}
        common = {"method": "POST", "unknown": "-"}
        assert lines[served] == {
            "id": served,
            "route": "/echo",
            "status": "200",
            "refused_as": "-",
            "function_request_id": told["request_id"],
            **common,
        }
        assert lines[refused] == {
            "id": refused,
            "route": "-",
            "status": "403",
            "refused_as": "MISSING_AUTHENTICATION_TOKEN",
            "function_request_id": "-",
            **common,
        }

    def test_a_trace_goes_through_to_the_function(self, api: Api) -> None:
        told = ask(api, "/echo").json
        assert told["event"]["headers"]["X-Amzn-Trace-Id"] == told["trace"]
        given = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
        assert ask(api, "/echo", X_Amzn_Trace_Id=given).json["trace"] == given

    def test_requests_are_counted(self, api: Api, client: Client) -> None:
        ask(api, "/echo")
        found = client("cloudwatch").list_metrics(
            Namespace="AWS/ApiGateway", Dimensions=[{"Name": "Stage", "Value": STAGE}]
        )["Metrics"]
        assert {metric["MetricName"] for metric in found} == {
            "Count",
            "4XXError",
            "5XXError",
            "Latency",
            "IntegrationLatency",
        }

    def test_a_log_goes_to_a_log_group(self, deploy: Deploy) -> None:
        with pytest.raises(DeploymentFailed, match="is no log group"):
            deploy("gateway-log-refused", self.logged_to("arn:aws:firehose:::deliverystream/x"))

    @pytest.mark.usefixtures("api")
    def test_a_log_needs_the_accounts_role(self, client: Client, deploy: Deploy) -> None:
        gateway = client("apigateway")
        role_arn = gateway.get_account()["cloudwatchRoleArn"]
        there = {"op": "replace", "path": "/cloudwatchRoleArn"}
        gateway.update_account(patchOperations=[{**there, "value": ""}])
        try:
            with pytest.raises(DeploymentFailed, match="CloudWatch Logs role ARN must be set"):
                deploy("gateway-log-refused", self.logged_to("arn:aws:logs:::log-group:x"))
        finally:
            gateway.update_account(patchOperations=[{**there, "value": role_arn}])

    def logged_to(self, destination: str) -> dict[str, Any]:
        post = method("Path", "unused")
        post["Properties"]["Integration"] = {"Type": "MOCK"}
        made = {"Api": rest_api(), "Path": resource("path"), "Post": post}
        return stage(made, AccessLogSetting={"DestinationArn": destination, "Format": "-"})
