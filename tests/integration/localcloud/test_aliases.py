"""Versions are for ever, aliases name what there is, and their weights are obeyed."""

import itertools
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import ACCOUNT_ID, REGION, Running
from tests.integration.localcloud import rest_api
from tests.integration.localcloud.conftest import (
    Client,
    Deploy,
    DeploymentFailed,
    package,
    role,
)
from tests.integration.localcloud.shifting import attribute, eventually

Make = Callable[..., str]

_number = itertools.count()


@pytest.fixture(scope="module")
def code(upload: Callable[[str, bytes], dict[str, str]]) -> dict[str, str]:
    return upload("aliases.zip", package())


@pytest.fixture(scope="module")
def roles(deploy: Deploy) -> dict[str, str]:
    made = {"One": role(), "Two": role()}
    return deploy("alias-roles", made, {name: attribute(name) for name in made})


@pytest.fixture
def make(client: Client, code: dict[str, str], roles: dict[str, str]) -> Make:
    """Make a function with versions 1 to 3 and the alias ``live`` on 1."""

    def made(name: str, **settings: Any) -> str:
        functions = client("lambda")
        functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="app.handler",
            Role=roles["One"],
            Code=code,
            Publish=True,
            **settings,
        )
        for version in ("2", "3"):
            publish(client, name, version)
        functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        return name

    return made


def publish(client: Client, name: str, expected: str, **change: Any) -> None:
    functions = client("lambda")
    if not change:
        change = {"Environment": {"Variables": {"RELEASE": expected}}}
    functions.update_function_configuration(FunctionName=name, **change)
    assert functions.publish_version(FunctionName=name)["Version"] == expected


def weigh(client: Client, name: str, **weights: float) -> None:
    client("lambda").update_alias(
        FunctionName=name,
        Name="live",
        RoutingConfig={
            "AdditionalVersionWeights": {key.strip("v"): value for key, value in weights.items()}
        },
    )


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


class TestWhatAnAliasMayName:
    @pytest.mark.parametrize(
        ("change", "refusal", "said"),
        [
            ({"FunctionVersion": "99"}, "ResourceNotFoundException", r"Function not found: .*:99"),
            ({"RoutingConfig": {"99": 0.1}}, "ResourceNotFoundException", r"not found: .*:99"),
            ({"RoutingConfig": {"2": 1.5}}, "ValidationException", "less than or equal to 1"),
            (
                {"RoutingConfig": {"2": 0.1, "3": 0.1}},
                "InvalidParameterValueException",
                "at most two versions",
            ),
            ({"RoutingConfig": {"1": 0.1}}, "InvalidParameterValueException", "version 1 already"),
            (
                {"FunctionVersion": "$LATEST", "RoutingConfig": {"2": 0.1}},
                "InvalidParameterValueException",
                r"\$LATEST is not supported for an alias pointing to more than 1 version",
            ),
            ({"RoutingConfig": {"$LATEST": 0.1}}, "ValidationException", "pattern"),
        ],
    )
    def test_what_is_not_there_or_not_possible_is_refused(
        self, client: Client, make: Make, change: dict[str, Any], refusal: str, said: str
    ) -> None:
        name = f"refuses-{next(_number)}"
        make(name)
        given = dict(change)
        if "RoutingConfig" in given:
            given["RoutingConfig"] = {"AdditionalVersionWeights": given["RoutingConfig"]}
        functions = client("lambda")
        for call, more in (
            (functions.update_alias, {"Name": "live"}),
            (functions.create_alias, {"Name": "another", "FunctionVersion": "1"}),
        ):
            with pytest.raises(ClientError, match=said) as refused:
                call(FunctionName=name, **{**more, **given})
            assert refused.value.response["Error"]["Code"] == refusal
        assert functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
        assert [each["Name"] for each in functions.list_aliases(FunctionName=name)["Aliases"]] == [
            "live"
        ]

    @pytest.mark.parametrize("name", ["12", "two words", "x" * 129])
    def test_a_name_that_is_none_is_refused(self, client: Client, make: Make, name: str) -> None:
        function = f"named-{len(name)}"
        make(function)
        with pytest.raises(ClientError, match="failed to satisfy constraint"):
            client("lambda").create_alias(FunctionName=function, Name=name, FunctionVersion="1")

    def test_two_versions_share_their_role(
        self, client: Client, make: Make, roles: dict[str, str]
    ) -> None:
        make("two-roles")
        publish(client, "two-roles", "4", Role=roles["Two"])
        with pytest.raises(ClientError, match="must be associated with the same execution role"):
            weigh(client, "two-roles", v4=0.5)

    def test_a_template_is_checked_as_the_api_is(
        self, deploy: Deploy, code: dict[str, str], client: Client
    ) -> None:
        function = resource(
            "AWS::Lambda::Function",
            Runtime="python3.12",
            Handler="app.handler",
            Role=attribute("Role"),
            Code=code,
        )
        alias = resource(
            "AWS::Lambda::Alias",
            FunctionName={"Ref": "Function"},
            FunctionVersion="99",
            Name="live",
        )
        with pytest.raises(DeploymentFailed, match="AWS::Lambda::Alias: Function not found"):
            deploy("alias-of-nothing", {"Role": role(), "Function": function, "Alias": alias})


class TestWeights:
    def called(self, client: Client, name: str, times: int, **more: Any) -> Counter[str]:
        versions: Counter[str] = Counter()
        for _ in range(times):
            answer = client("lambda").invoke(
                FunctionName=name,
                Qualifier="live",
                Payload=json.dumps({"do": "describe"}),
                **more,
            )
            said = json.load(answer["Payload"])
            assert said["environment"]["AWS_LAMBDA_FUNCTION_VERSION"] == answer["ExecutedVersion"]
            assert said["function_arn"].endswith(f":{name}:live")
            versions[answer["ExecutedVersion"]] += 1
        return versions

    def test_each_version_has_its_share(self, client: Client, make: Make) -> None:
        make("shared")
        weigh(client, "shared", v3=0.5)
        called = self.called(client, "shared", 120)
        # Outside of these once in 10 million.
        assert 30 < called["3"] < 90, called
        assert set(called) == {"1", "3"}

    @pytest.mark.parametrize(("weight", "version"), [(0.0, "1"), (1.0, "3")])
    def test_all_and_nothing(self, client: Client, make: Make, weight: float, version: str) -> None:
        name = f"whole-{version}"
        make(name)
        weigh(client, name, v3=weight)
        assert self.called(client, name, 10) == {version: 10}

    def test_the_configuration_is_the_first_version_s(self, client: Client, make: Make) -> None:
        make("asked")
        weigh(client, "asked", v3=1.0)
        functions = client("lambda")
        found = functions.get_function_configuration(FunctionName="asked", Qualifier="live")
        assert found["Version"] == "1"

    def test_a_call_that_nobody_waits_for_is_routed_and_counted_too(
        self, client: Client, make: Make
    ) -> None:
        make("unawaited")
        weigh(client, "unawaited", v3=1.0)
        answer = client("lambda").invoke(
            FunctionName="unawaited",
            Qualifier="live",
            InvocationType="Event",
            Payload=json.dumps({"do": "answer", "answer": 1}),
        )
        assert answer["StatusCode"] == 202
        dimensions = by_alias("unawaited", "3")
        eventually(lambda: counted(client, "Invocations", dimensions) == 1, "its metric")

    def test_a_rest_api_in_front_is_routed_too(
        self, client: Client, cloud: Running, deploy: Deploy, make: Make
    ) -> None:
        make("in-front")
        weigh(client, "in-front", v3=1.0)
        alias = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:in-front:live"
        resources = {
            "Api": rest_api.rest_api(),
            "May": rest_api.permission("in-front:live", "*/POST/called"),
            "Called": rest_api.resource("called"),
            "CalledPost": rest_api.method("Called", alias),
        }
        made = deploy("in-front", rest_api.stage(resources), {"Api": {"Ref": "Api"}})
        rest_api.Api(cloud, made["Api"], made).call("/called")
        assert counted(client, "Invocations", by_alias("in-front", "3")) == 1

    def test_a_rule_is_routed_too(self, client: Client, make: Make) -> None:
        make("by-rule")
        weigh(client, "by-rule", v3=1.0)
        client("lambda").add_permission(
            FunctionName="by-rule",
            Qualifier="live",
            StatementId="rule",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        )
        events = client("events")
        pattern = {"source": ["a.test.of.aliases"]}
        events.put_rule(Name="by-rule", EventPattern=json.dumps(pattern))
        alias = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:by-rule:live"
        events.put_targets(Rule="by-rule", Targets=[{"Id": "it", "Arn": alias}])
        events.put_events(
            Entries=[{"Source": "a.test.of.aliases", "DetailType": "one", "Detail": "{}"}]
        )
        eventually(
            lambda: counted(client, "Invocations", by_alias("by-rule", "3")), "its invocation"
        )

    def test_the_weights_go_when_they_are_taken_away(self, client: Client, make: Make) -> None:
        make("back-again")
        weigh(client, "back-again", v3=1.0)
        weigh(client, "back-again")
        assert self.called(client, "back-again", 5) == {"1": 5}


class TestMetrics:
    def test_an_invocation_is_counted_in_each_of_its_dimensions(
        self, client: Client, make: Make
    ) -> None:
        make("counted")
        functions = client("lambda")
        fine, broken = {"do": "answer", "answer": 1}, {"do": "fail", "message": "broken"}
        for qualifier, event in (("live", fine), ("live", broken), ("2", fine), (None, fine)):
            by = {"Qualifier": qualifier} if qualifier else {}
            functions.invoke(FunctionName="counted", Payload=json.dumps(event), **by)
        function = {"FunctionName": "counted"}
        expected = {
            (): (4, 1),
            ("counted:live",): (2, 1),
            ("counted:live", "1"): (2, 1),
            ("counted:2",): (1, 0),
            ("counted",): (1, 0),
            ("counted:2", "2"): (0, 0),
        }
        for values, (invocations, errors) in expected.items():
            more = dict(zip(("Resource", "ExecutedVersion"), values, strict=False))
            assert counted(client, "Invocations", {**function, **more}) == invocations, values
            assert counted(client, "Errors", {**function, **more}) == errors, values

    def test_a_throttle_is_counted_once_and_where_it_was(self, client: Client, make: Make) -> None:
        make("throttled")
        client("lambda").put_function_concurrency(
            FunctionName="throttled", ReservedConcurrentExecutions=0
        )
        with pytest.raises(ClientError, match="Rate Exceeded"):
            client("lambda").invoke(FunctionName="throttled", Qualifier="live", Payload=b"{}")
        dimensions = {"FunctionName": "throttled"}
        assert counted(client, "Throttles", dimensions) == 1
        assert counted(client, "Throttles", by_alias("throttled", "1")) == 1


def by_alias(name: str, version: str) -> dict[str, str]:
    """The dimensions of what a version does by the alias."""
    return {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": version}


def counted(client: Client, metric: str, dimensions: dict[str, str]) -> float:
    points = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime="2000-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
        Period=86_400,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


class TestVersions:
    def test_a_version_that_an_alias_names_is_not_deleted(self, client: Client, make: Make) -> None:
        make("named-version")
        weigh(client, "named-version", v2=0.1)
        functions = client("lambda")
        for version in ("1", "2"):
            with pytest.raises(ClientError, match="referenced by an alias") as refused:
                functions.delete_function(FunctionName="named-version", Qualifier=version)
            assert refused.value.response["Error"]["Code"] == "ResourceConflictException"
        functions.delete_function(FunctionName="named-version", Qualifier="3")
        versions = functions.list_versions_by_function(FunctionName="named-version")["Versions"]
        assert [each["Version"] for each in versions] == ["$LATEST", "1", "2"]

    def test_the_latest_is_not_deleted_alone(self, client: Client, make: Make) -> None:
        make("latest")
        with pytest.raises(ClientError, match="cannot be deleted without deleting the function"):
            client("lambda").delete_function(FunctionName="latest", Qualifier="$LATEST")
        assert client("lambda").get_function(FunctionName="latest")

    def test_numbers_never_come_again(
        self, client: Client, make: Make, code: dict[str, str], roles: dict[str, str]
    ) -> None:
        make("renumbered")
        functions = client("lambda")
        functions.delete_function(FunctionName="renumbered", Qualifier="3")
        publish(client, "renumbered", "4")
        functions.delete_function(FunctionName="renumbered")
        again = functions.create_function(
            FunctionName="renumbered",
            Runtime="python3.12",
            Handler="app.handler",
            Role=roles["One"],
            Code=code,
            Publish=True,
        )
        assert again["Version"] == "5"

    def test_a_version_stays_as_it_was(self, client: Client, make: Make) -> None:
        make("as-it-was")
        functions = client("lambda")
        before = functions.get_function_configuration(FunctionName="as-it-was", Qualifier="2")
        publish(client, "as-it-was", "4", Timeout=9)
        after = functions.get_function_configuration(FunctionName="as-it-was", Qualifier="2")
        assert {**after, "ResponseMetadata": 0} == {**before, "ResponseMetadata": 0}
        with pytest.raises(ClientError):
            functions.update_function_configuration(FunctionName="kept:2", Timeout=8)

    def test_a_stack_does_not_delete_a_version_that_an_alias_names(
        self, client: Client, deploy: Deploy, code: dict[str, str]
    ) -> None:
        function = resource(
            "AWS::Lambda::Function",
            Runtime="python3.12",
            Handler="app.handler",
            FunctionName="held",
            Role=attribute("Role"),
            Code=code,
        )
        version = resource("AWS::Lambda::Version", FunctionName={"Ref": "Function"})
        both = {"Role": role(), "Function": function}
        deploy("held", {**both, "Version": version})
        client("lambda").create_alias(FunctionName="held", Name="by-hand", FunctionVersion="1")
        deploy("held", both)
        events = client("cloudformation").describe_stack_events(StackName="held")["StackEvents"]
        (failed,) = [each for each in events if each["ResourceStatus"] == "DELETE_FAILED"]
        assert failed["LogicalResourceId"] == "Version"
        assert "referenced by an alias" in failed["ResourceStatusReason"]
        assert client("lambda").get_function(FunctionName="held", Qualifier="1")
        client("lambda").delete_alias(FunctionName="held", Name="by-hand")
