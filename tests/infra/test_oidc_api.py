"""The REST API for those who hold tokens: there when a setting names an issuer, and only then."""

import json
import re
from typing import Any

import pytest

from stacks.settings.api import OidcSettings
from stacks.settings.environment import Settings
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.test_roles import Permission, allow
from tradewind.contracts.environment import AuthorizerEnvironment

ISSUER = "https://issuer.example/realm"


@pytest.fixture(scope="module")
def made(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    oidc = OidcSettings(issuer=ISSUER, audience="tradewind")
    return synthesize(dev_settings.model_copy(update={"oidc": oidc}))


def properties(assembly: Assembly, resource_type: str, prefix: str = "") -> list[dict[str, Any]]:
    return [one["Properties"] for one in assembly.all(assembly.api, resource_type, prefix)]


def test_without_the_setting_there_is_no_second_door(dev: Assembly) -> None:
    assert len(properties(dev, "AWS::ApiGateway::RestApi")) == 1
    assert properties(dev, "AWS::ApiGateway::Authorizer") == []
    assert properties(dev, "AWS::Lambda::Function", "Authorizer") == []
    assert "OidcApiUrl" not in dev.api["Outputs"]


def method_keys(assembly: Assembly, prefix: str) -> set[tuple[str, str]]:
    """What is offered: method and integration, without what differs by API."""
    return {
        (one["HttpMethod"], json.dumps(one["Integration"], sort_keys=True))
        for one in properties(assembly, "AWS::ApiGateway::Method", f"{prefix}Routes")
    }


def test_it_offers_the_same_and_lets_in_by_token_alone(made: Assembly) -> None:
    signed = properties(made, "AWS::ApiGateway::Method", "RestRoutes")
    by_token = properties(made, "AWS::ApiGateway::Method", "OidcRoutes")
    assert {one["AuthorizationType"] for one in signed} == {"AWS_IAM"}
    assert {one["AuthorizationType"] for one in by_token} == {"CUSTOM"}
    assert {one["AuthorizerId"] for one in by_token} == {"<OidcAuthorizer>"}
    assert len(signed) == len(by_token)
    assert method_keys(made, "Rest") == method_keys(made, "Oidc")


def test_what_has_not_the_form_of_a_token_asks_nobody(made: Assembly) -> None:
    [authorizer] = properties(made, "AWS::ApiGateway::Authorizer")
    assert authorizer["Type"] == "TOKEN"
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    # A token that expired is refused a minute later at most.
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60
    form = re.compile(authorizer["IdentityValidationExpression"])
    assert form.search("Bearer aa.b-b.c_c")
    assert form.search("bearer aa.bb.cc")
    for other in ("Bearer aa.bb.", "Bearer aa.bb", "aa.bb.cc", "Bearer aa.bb.cc dd", "Basic eA=="):
        assert not form.search(other)


def test_only_this_authorizer_may_call_its_function(made: Assembly) -> None:
    asked = [
        one
        for one in properties(made, "AWS::Lambda::Permission", "OidcPermissions")
        if one["FunctionName"] == "tradewind-dev-authorizer:live"
    ]
    assert [one["SourceArn"] for one in asked] == [
        "arn:aws:execute-api:us-east-1:ACCOUNT:<OidcApi>/authorizers/<OidcAuthorizer>"
    ]


def test_its_function_may_write_its_log_and_nothing_else(made: Assembly) -> None:
    [role] = properties(made, "AWS::IAM::Role", "Authorizer")
    held: set[Permission] = set()
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            held |= allow(statement["Action"], statement["Resource"], statement.get("Condition"))
    assert held == {
        *allow(["logs:CreateLogStream", "logs:PutLogEvents"], "<AuthorizerLogs.Arn>"),
        *allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
    }


def test_its_function_is_told_the_issuer_and_the_audience(made: Assembly) -> None:
    [function] = properties(made, "AWS::Lambda::Function", "Authorizer")
    told = AuthorizerEnvironment.from_variables(function["Environment"]["Variables"])
    assert (told.issuer, told.audience) == (ISSUER, "tradewind")


def test_one_web_acl_stands_before_both(made: Assembly) -> None:
    [_acl] = properties(made, "AWS::WAFv2::WebACL")
    stages = {one["ResourceArn"] for one in properties(made, "AWS::WAFv2::WebACLAssociation")}
    assert {stage.partition("restapis/")[2] for stage in stages} == {
        "<RestApi>/stages/<RestStage>",
        "<OidcApi>/stages/<OidcStage>",
    }


def test_both_write_one_access_log_without_who_asked(made: Assembly) -> None:
    logs = {
        json.dumps(one["AccessLogSetting"]) for one in properties(made, "AWS::ApiGateway::Stage")
    }
    assert len(logs) == 1
    assert len(properties(made, "AWS::ApiGateway::Account")) == 1


@pytest.mark.parametrize(
    "issuer", ["http://issuer.example", "https://user@issuer.example", "https://issuer.example?a=b"]
)
def test_an_issuer_is_an_https_address(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        OidcSettings(issuer=issuer, audience="tradewind")


def test_its_failures_page_with_the_apis_own_and_are_drawn(made: Assembly) -> None:
    [alarm] = [
        one["Properties"]
        for one in made.all(made.observability, "AWS::CloudWatch::Alarm")
        if one["Properties"]["AlarmName"] == "tradewind-dev-oidc-failures"
    ]
    watched = [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]
    by_token = {"Name": "ApiName", "Value": "tradewind-dev-oidc"}
    assert all(by_token in metric["Dimensions"] for metric in watched)
    [unwell] = [
        one["Properties"]
        for one in made.all(made.observability, "AWS::CloudWatch::CompositeAlarm")
        if one["Properties"]["AlarmName"] == "tradewind-dev-api-unwell"
    ]
    assert "OidcFailures" in unwell["AlarmRule"]
    [board] = [
        one["Properties"]["DashboardBody"]
        for one in made.all(made.observability, "AWS::CloudWatch::Dashboard")
        if one["Properties"]["DashboardName"] == "tradewind-dev-api"
    ]
    assert "tradewind-dev-oidc" in board
    [api] = properties(made, "AWS::ApiGateway::RestApi", "Oidc")
    assert api["Name"] == "tradewind-dev-oidc"
