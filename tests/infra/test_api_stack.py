"""The API stack: every route signed for, each function reached by its own routes alone."""

import json
import re
from collections import UserDict
from typing import Any

import pytest

from stacks.bundling.rules import CORE_FUNCTIONS
from stacks.parts.api_routes import routes
from stacks.settings.api import UsagePlanSettings
from stacks.settings.environment import Settings
from tests.deployed_agents import AGENTS, FIRST
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.test_roles import Permission, allow, listed, through
from tradewind.contracts.api_environment import ApiEnvironment
from tradewind.contracts.names import API, MCP, agent_files

METHOD = "AWS::ApiGateway::Method"
LAMBDA_PATH = "arn:aws:apigateway:us-east-1:lambda:path"


def one(assembly: Assembly, resource_type: str, prefix: str = "") -> dict[str, Any]:
    properties: dict[str, Any] = assembly.only(assembly.api, resource_type, prefix)["Properties"]
    return properties


def path_of(assembly: Assembly, method: dict[str, Any]) -> str:
    """The path of a method: its resource's, up to the root."""
    path, at = "", method["ResourceId"]
    resources = assembly.api["Resources"]
    while "Ref" in at:
        properties = resources[at["Ref"]]["Properties"]
        path, at = f"/{properties['PathPart']}{path}", properties["ParentId"]
    return path


def methods(assembly: Assembly) -> dict[tuple[str, str], dict[str, Any]]:
    """Each method by itself and its path, spelled out."""
    found = {}
    for resource in assembly.api["Resources"].values():
        if resource["Type"] == METHOD:
            raw = resource["Properties"]
            found[raw["HttpMethod"], path_of(assembly, raw)] = assembly.spell(assembly.api, raw)
    return found


def function_of(method: dict[str, Any]) -> str:
    uri = method["Integration"]["Uri"]
    found = re.search(r":function:tradewind-dev-(\w+):live/(response-streaming-)?inv", uri)
    assert found
    return found[1]


def test_it_offers_these_routes_and_no_other(dev: Assembly) -> None:
    assert set(methods(dev)) == {
        *(
            ("POST", f"/agents/{name}/{way}")
            for name in AGENTS
            for way in ("invocations", "stream")
        ),
        ("POST", "/agents/{agent}/invocations"),
        ("POST", "/agents/{agent}/stream"),
        ("POST", "/runtimes/{runtime}/invocations"),
        ("POST", "/runtimes/{runtime}/stream"),
        ("POST", "/invocations/{id}/answer"),
        *(
            ("GET", path)
            for path in ("/agents", "/runtimes", "/models", "/budget", "/openapi.json")
        ),
        *((method, "/invocations/{id}") for method in ("GET", "DELETE")),
        *((method, "/sessions/{id}") for method in ("GET", "DELETE")),
        ("POST", "/mcp"),
    }


def test_every_method_is_signed_for(dev: Assembly) -> None:
    assert {method["AuthorizationType"] for method in methods(dev).values()} == {"AWS_IAM"}


def test_what_streams_comes_from_its_own_function(dev: Assembly) -> None:
    streams = {**{f"/agents/{agent}/stream": agent for agent in AGENTS}, "/mcp": MCP}
    for path, function in streams.items():
        assert methods(dev)["POST", path]["Integration"] == {
            "Type": "AWS_PROXY",
            "IntegrationHttpMethod": "POST",
            "ResponseTransferMode": "STREAM",
            "TimeoutInMillis": 900_000,
            "Uri": f"{LAMBDA_PATH}/2021-11-15/functions/arn:aws:lambda:us-east-1:ACCOUNT:function:"
            f"tradewind-dev-{function}:live/response-streaming-invocations",
        }


def test_everything_else_is_the_apis_to_answer_within_the_gateways_patience(dev: Assembly) -> None:
    streams = {("POST", f"/agents/{agent}/stream") for agent in AGENTS} | {("POST", "/mcp")}
    for key, method in methods(dev).items():
        if key not in streams:
            assert method["Integration"] == {
                "Type": "AWS_PROXY",
                "IntegrationHttpMethod": "POST",
                "TimeoutInMillis": 29_000,
                "Uri": f"{LAMBDA_PATH}/2015-03-31/functions/arn:aws:lambda:us-east-1:ACCOUNT:"
                f"function:tradewind-dev-{API}:live/invocations",
            }


def test_what_asks_something_has_to_be_a_json_object(dev: Assembly) -> None:
    for (verb, _), method in methods(dev).items():
        expected = {"application/json": "<RestJsonObject>"} if verb == "POST" else None
        assert method.get("RequestModels") == expected
        assert method["RequestValidatorId"] == "<RestValidator>"
    validator = one(dev, "AWS::ApiGateway::RequestValidator")
    assert validator["ValidateRequestBody"] is True
    assert one(dev, "AWS::ApiGateway::Model")["Schema"]["type"] == "object"


def test_a_function_may_be_called_by_its_own_routes_alone(dev: Assembly) -> None:
    permitted = set()
    for permission in dev.all(dev.api, "AWS::Lambda::Permission"):
        properties = permission["Properties"]
        assert properties["Principal"] == "apigateway.amazonaws.com"
        assert properties["Action"] == "lambda:InvokeFunction"
        permitted.add((properties["FunctionName"], properties["SourceArn"]))
    api = "arn:aws:execute-api:us-east-1:ACCOUNT:<RestApi>/v1/"
    assert permitted == {
        (
            f"tradewind-dev-{function_of(method)}:live",
            f"{api}{verb}{re.sub(r'{[a-z]+}', '*', path)}",
        )
        for (verb, path), method in methods(dev).items()
    }


def test_permissions_wait_for_the_alias_they_are_for(dev: Assembly) -> None:
    for permission in dev.all(dev.api, "AWS::Lambda::Permission"):
        for alias in ("FunctionLive", "McpLive"):
            assert any(name.startswith(alias) for name in permission["DependsOn"])
    assert "Agents" in dev.manifest()["artifacts"]["Api"]["dependencies"]


@pytest.mark.parametrize("name", ["Function", "Mcp"])
def test_a_functions_role_holds_exactly_this(dev: Assembly, name: str) -> None:
    held: set[Permission] = set()
    for policy in one(dev, "AWS::IAM::Role", name)["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            held |= allow(statement["Action"], statement["Resource"], statement.get("Condition"))
    of_the_api_alone = {
        *allow("dynamodb:DeleteItem", "<SessionsTable.Arn>"),
        *allow(["bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"], "*"),
    }
    function = "arn:aws:lambda:us-east-1:ACCOUNT:function:tradewind-dev"
    files = [f"<ArtifactsBucket.Arn>/{agent_files(agent)}" for agent in AGENTS]
    assert held == {
        *allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"<{name}Logs.Arn>"),
        *allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
        *allow("lambda:InvokeFunction", [f"{function}-{agent}:live" for agent in AGENTS]),
        *allow(
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], "<RecordsTable.Arn>"
        ),
        *allow(
            ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], "<SessionsTable.Arn>"
        ),
        *allow("dynamodb:GetItem", "<BudgetsTable.Arn>"),
        *allow("kms:Decrypt", "<DataKey.Arn>", through("dynamodb")),
        *allow("s3:GetObject", files),
        *allow("kms:Decrypt", "<DataKey.Arn>", through("s3")),
        *(of_the_api_alone if name == "Function" else ()),
    }


@pytest.mark.parametrize(("function", "prefix"), [(API, "Function"), (MCP, "Mcp")])
def test_it_may_do_what_its_bundle_can_call_and_no_more(
    dev: Assembly, function: str, prefix: str
) -> None:
    operations = CORE_FUNCTIONS[function].operations
    called = {f"{service}:{name}" for service, names in operations.items() for name in names}
    actions = {
        action
        for policy in one(dev, "AWS::IAM::Role", prefix)["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        if not action.startswith(("kms:", "logs:", "xray:"))
    }
    # Lambda's operation and its action are named apart.
    assert actions == called - {"lambda:Invoke"} | {"lambda:InvokeFunction"}


@pytest.mark.parametrize(("name", "prefix"), [(API, "Function"), (MCP, "Mcp")])
def test_a_function_is_small_and_as_patient_as_the_gateway(
    dev: Assembly, name: str, prefix: str
) -> None:
    expected = {
        "FunctionName": f"tradewind-dev-{name}",
        "Runtime": "python3.12",
        "Architectures": ["arm64"],
        "Handler": f"tradewind.handlers.{name}.handler",
        "MemorySize": 1024,
        "Timeout": 30,
        "TracingConfig": {"Mode": "Active"},
    }
    function = one(dev, "AWS::Lambda::Function", prefix)
    assert expected.items() <= function.items()
    assert function["ReservedConcurrentExecutions"] == 100
    assert one(dev, "AWS::Logs::LogGroup", prefix)["KmsKeyId"] == "<DataKey.Arn>"
    assert one(dev, "AWS::Lambda::Alias", prefix)["Name"] == "live"
    told = ApiEnvironment.from_variables(function["Environment"]["Variables"])
    assert told.environment == "dev"


def test_it_is_told_of_each_agent_and_how_long_it_may_take(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    api = dev_settings.api.model_copy(update={"queue_life_s": 120, "reserved_concurrency": 7})
    agents = {FIRST: dev_settings.function(AGENTS[FIRST]).model_copy(update={"timeout_s": 77})}
    settings = dev_settings.model_copy(update={"api": api, "agents": agents})
    made = synthesize(settings)
    function = one(made, "AWS::Lambda::Function", "Function")
    variables = function["Environment"]["Variables"]
    told = dict(pair.split("=") for pair in variables["TRADEWIND_AGENTS"].split(","))
    assert list(told) == list(AGENTS)
    assert told[FIRST] == "77"
    assert variables["TRADEWIND_QUEUE_LIFE_S"] == "120"
    assert function["ReservedConcurrentExecutions"] == 7
    # What waits longer is dropped by Lambda: what the API counts with is what the agents have.
    for waiting in made.all(made.agents, "AWS::Lambda::EventInvokeConfig"):
        if waiting["Properties"]["Qualifier"] == "live":
            assert waiting["Properties"]["MaximumEventAgeInSeconds"] == 120
            assert waiting["Properties"]["MaximumRetryAttempts"] == 0


def test_the_stage_lets_through_what_the_settings_say(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    api = dev_settings.api.model_copy(
        update={"requests_per_second": 3, "burst": 4, "requests_per_address": 55}
    )
    made = synthesize(dev_settings.model_copy(update={"api": api}))
    [setting] = one(made, "AWS::ApiGateway::Stage")["MethodSettings"]
    assert (setting["HttpMethod"], setting["ResourcePath"]) == ("*", "/*")
    assert (setting["ThrottlingRateLimit"], setting["ThrottlingBurstLimit"]) == (3, 4)
    [limit, *_] = one(made, "AWS::WAFv2::WebACL")["Rules"]
    assert limit["Statement"]["RateBasedStatement"] == {"Limit": 55, "AggregateKeyType": "IP"}
    assert limit["Action"] == {"Block": {}}


def test_the_access_log_tells_nothing_that_was_asked_and_not_who_asked(dev: Assembly) -> None:
    stage = one(dev, "AWS::ApiGateway::Stage")
    line = json.loads(stage["AccessLogSetting"]["Format"])
    assert line["route"] == "$context.resourcePath"
    told = json.dumps(line)
    for secret in (
        "identity",
        "authorizer",
        "$context.path",
        "query",
        "requestOverride",
        "message",
    ):
        assert secret not in told
    assert stage["TracingEnabled"] is True
    assert stage["MethodSettings"][0]["DataTraceEnabled"] is False
    group = one(dev, "AWS::Logs::LogGroup", "AccessLogLines")
    assert group["LogGroupName"] == "/aws/apigateway/tradewind-dev-access"
    assert group["KmsKeyId"] == "<DataKey.Arn>"
    assert stage["AccessLogSetting"]["DestinationArn"].endswith(":log-group:<AccessLogLines>")


def test_the_gateways_own_answers_are_problem_documents(dev: Assembly) -> None:
    answers = dev.all(dev.api, "AWS::ApiGateway::GatewayResponse")
    statuses = {}
    for answer in answers:
        properties = answer["Properties"]
        headers = properties["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        # As the gateway fills it in, from words with quotes in them.
        filled = properties["ResponseTemplates"]["application/json"].replace(
            "$context.error.messageString", json.dumps('a "word"')
        )
        problem = json.loads(filled)
        assert problem["type"] == f"urn:tradewind:error:{problem['code']}"
        assert problem["detail"] == 'a "word"'
        assert str(problem.get("status")) == str(properties.get("StatusCode"))
        statuses[properties["ResponseType"]] = properties.get("StatusCode")
    assert statuses["THROTTLED"] == "429"
    assert statuses["REQUEST_TOO_LARGE"] == "413"
    assert statuses["INTEGRATION_TIMEOUT"] == "504"
    assert statuses["ACCESS_DENIED"] == statuses["WAF_FILTERED"] == "403"
    # They stand for many, each with its own status.
    assert statuses["DEFAULT_4XX"] is statuses["DEFAULT_5XX"] is None


def test_the_web_acl_stands_before_the_stage_and_lets_questions_be_questions(dev: Assembly) -> None:
    association = one(dev, "AWS::WAFv2::WebACLAssociation")
    assert association["ResourceArn"] == (
        "arn:aws:apigateway:us-east-1::/restapis/<RestApi>/stages/<RestStage>"
    )
    rules = one(dev, "AWS::WAFv2::WebACL")["Rules"]
    groups = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]: [
            override["Name"]
            for override in rule["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
        ]
        for rule in rules[1:]
    }
    assert set(groups) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    }
    # A question may be long, and may have markup in it.
    assert "SizeRestrictions_BODY" in groups["AWSManagedRulesCommonRuleSet"]
    assert all(name.endswith("_BODY") for counted in groups.values() for name in counted)
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in rules)


def deployment(assembly: Assembly) -> str:
    found: list[str] = [
        name
        for name, resource in assembly.api["Resources"].items()
        if resource["Type"] == "AWS::ApiGateway::Deployment"
    ]
    return found[0]


def test_what_changes_a_route_is_deployed(
    dev: Assembly, synthesize: Synthesize, dev_settings: Settings
) -> None:
    fewer = synthesize(dev_settings, agents={FIRST: AGENTS[FIRST]})
    quieter = synthesize(dev_settings.model_copy(update={"log_retention_days": 3}))
    assert deployment(fewer) != deployment(dev)
    assert deployment(quieter) == deployment(dev)
    waited_for = dev.api["Resources"][deployment(dev)]["DependsOn"]
    kinds = [dev.api["Resources"][name]["Type"] for name in waited_for]
    assert kinds.count(METHOD) == len(list(routes(AGENTS)))
    assert "AWS::ApiGateway::GatewayResponse" in kinds


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_lets_api_gateway_write_logs_outlives_the_stack(
    request: pytest.FixtureRequest, environment: str
) -> None:
    assembly: Assembly = request.getfixturevalue(environment)
    account = assembly.only(assembly.api, "AWS::ApiGateway::Account")
    role = assembly.only(assembly.api, "AWS::IAM::Role", "AccessLogRole")
    assert account["DeletionPolicy"] == role["DeletionPolicy"] == "Retain"


def test_where_it_is_found_is_an_output(dev: Assembly) -> None:
    url = dev.spell(dev.api, dev.api["Outputs"]["ApiUrl"]["Value"])
    assert url == "https://<RestApi>.execute-api.us-east-1.<AWS::URLSuffix>/v1"


def test_a_usage_plan_asks_for_keys_and_counts_each(
    dev: Assembly, synthesize: Synthesize, dev_settings: Settings
) -> None:
    assert not any("ApiKeyRequired" in method for method in methods(dev).values())
    assert dev.all(dev.api, "AWS::ApiGateway::UsagePlan") == []
    plan = UsagePlanSettings(
        keys=("backend", "ci"), requests_per_day=500, requests_per_second=5, burst=9
    )
    api = dev_settings.api.model_copy(update={"usage_plan": plan})
    made = synthesize(dev_settings.model_copy(update={"api": api}))
    assert all(method["ApiKeyRequired"] for method in methods(made).values())
    kept = one(made, "AWS::ApiGateway::UsagePlan")
    assert kept["Quota"] == {"Limit": 500, "Period": "DAY"}
    assert kept["Throttle"] == {"RateLimit": 5, "BurstLimit": 9}
    assert kept["ApiStages"] == [{"ApiId": "<RestApi>", "Stage": "<RestStage>"}]
    keys = [key["Properties"] for key in made.all(made.api, "AWS::ApiGateway::ApiKey")]
    assert {key["Name"] for key in keys} == {"tradewind-dev-backend", "tradewind-dev-ci"}
    assert not any("Value" in key for key in keys)
    assert len(made.all(made.api, "AWS::ApiGateway::UsagePlanKey")) == 2


class Variables(UserDict[str, str]):
    """Variables that know which of them were read."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return super().__getitem__(name)


def test_it_is_told_nothing_that_it_does_not_read(dev: Assembly) -> None:
    variables = Variables(one(dev, "AWS::Lambda::Function", "Function")["Environment"]["Variables"])
    ApiEnvironment.from_variables(variables)
    read = {str(name) for name in variables.read}
    of_the_logger = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}
    assert set(variables) == read | of_the_logger
