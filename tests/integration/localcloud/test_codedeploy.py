"""Deployments that shift an alias: step by step, watched by alarms, asked of hooks, taken back."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import ACCOUNT_ID, REGION, LocalCloud, Running
from devtools.localcloud.clock import DeploymentClock
from tests.integration.localcloud.conftest import Client, clients_for, package, role
from tests.integration.localcloud.shifting import Stack, eventually, service_role

HOOK = Path(__file__).parent / "function" / "hook.py"
CODE = {"S3Bucket": "packages", "S3Key": "shifted.zip"}
FINE = {"do": "answer", "answer": 1}
BROKEN = {"do": "fail", "message": "broken"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of its own: its clock is held."""
    local_cloud = LocalCloud(tmp_path_factory.mktemp("codedeploy"))
    yield local_cloud.up()
    local_cloud.down()


@pytest.fixture(scope="module")
def client(running: Running) -> Client:
    made = clients_for(running)
    made("s3").create_bucket(Bucket=CODE["S3Bucket"])
    made("s3").put_object(
        Bucket=CODE["S3Bucket"],
        Key=CODE["S3Key"],
        Body=package(**{"hook.py": HOOK.read_text()}),
    )
    return made


@pytest.fixture
def clock(running: Running) -> DeploymentClock:
    made = DeploymentClock(running)
    made.hold()
    return made


@pytest.fixture
def stack(client: Client) -> Callable[[str], Stack]:
    return lambda name: Stack(client, name, CODE)


def counted(client: Client, name: str, metric: str, version: str) -> float:
    """How much of a metric a version has by the alias, as CloudWatch tells it."""
    dimensions = {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": version}
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


class TestTraffic:
    def test_a_canary_has_its_share_until_its_minutes_are_over(
        self, client: Client, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("canary")
        one.config = "CodeDeployDefault.LambdaCanary10Percent10Minutes"
        one.deploy()
        assert one.call(5, **FINE) == {"1": 5}
        one.deploy()
        one.shifting()
        assert one.alias() == ("1", {"2": 0.1})
        called = one.call(300, **FINE)
        # A share of 10 % of 300 is outside of these once in 10 million.
        assert 5 < called["2"] < 65, called
        assert counted(client, "canary", "Invocations", "2") == called["2"]
        assert counted(client, "canary", "Invocations", "1") == called["1"] + 5
        clock.advance(599)
        assert one.alias() == ("1", {"2": 0.1})
        clock.advance(1)
        assert one.alias() == ("2", {})
        assert one.ended() == "UPDATE_COMPLETE"
        assert one.call(5, **FINE) == {"2": 5}
        (deployment,) = one.deployments()
        assert deployment["status"] == "Succeeded"
        assert deployment["creator"] == "CloudFormation"

    def test_a_linear_shift_goes_on_every_minute(
        self, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("linear")
        one.extra["Config"] = {
            "Type": "AWS::CodeDeploy::DeploymentConfig",
            "Properties": {
                "ComputePlatform": "Lambda",
                "DeploymentConfigName": "thirds",
                "TrafficRoutingConfig": {
                    "Type": "TimeBasedLinear",
                    "TimeBasedLinear": {"LinearPercentage": 30, "LinearInterval": 2},
                },
            },
        }
        one.config = {"Ref": "Config"}
        one.deploy()
        one.deploy()
        one.shifting()
        seen = []
        for _ in range(3):
            seen.append(one.alias())
            clock.advance(120)
        assert seen == [("1", {"2": 0.3}), ("1", {"2": 0.6}), ("1", {"2": 0.9})]
        assert one.ended() == "UPDATE_COMPLETE"
        assert one.alias() == ("2", {})

    def test_all_at_once_takes_no_time(
        self, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("at-once")
        one.config = "CodeDeployDefault.LambdaAllAtOnce"
        one.deploy()
        one.deploy()
        assert one.ended() == "UPDATE_COMPLETE"
        assert one.alias() == ("2", {})

    def test_without_a_change_of_its_version_an_alias_is_not_deployed(
        self, clock: DeploymentClock, client: Client, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("described")
        one.deploy()
        template = {"Resources": one.template()}
        template["Resources"]["Version1"] = template["Resources"].pop("Version2")
        template["Resources"]["Function"]["Properties"]["Environment"]["Variables"] = {
            "RELEASE": "1"
        }
        alias = template["Resources"]["Alias"]["Properties"]
        alias["FunctionVersion"] = {"Fn::GetAtt": ["Version1", "Version"]}
        alias["Description"] = "the one that is called"
        client("cloudformation").update_stack(
            StackName="described",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert one.ended() == "UPDATE_COMPLETE", one.reasons()
        assert one.deployments() == []
        found = client("lambda").get_alias(FunctionName="described", Name="live")
        assert found["Description"] == "the one that is called"

    def test_a_group_that_comes_with_the_new_version_is_made_before_it_is_used(
        self, client: Client, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("from-now-on")
        resources = one.template()
        for logical_id in ("Group", "Application", "ServiceRole"):
            del resources[logical_id]
        del resources["Alias"]["UpdatePolicy"]
        client("cloudformation").create_stack(
            StackName="from-now-on",
            TemplateBody=json.dumps({"Resources": resources}),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert one.ended() == "CREATE_COMPLETE", one.reasons()
        # Far down, and late in the alphabet: it would come after the alias if nothing said not to.
        before: dict[str, Any] = {}
        for number in range(8):
            parameter = {"Type": "String", "Value": "it", "Name": f"/from-now-on/{number}"}
            one.extra[f"Yet{number}"] = {
                "Type": "AWS::SSM::Parameter",
                "Properties": parameter,
                **before,
            }
            before = {"DependsOn": f"Yet{number}"}
        one.extra["Config"] = {
            "Type": "AWS::CodeDeploy::DeploymentConfig",
            "Properties": {
                "ComputePlatform": "Lambda",
                "TrafficRoutingConfig": {
                    "Type": "TimeBasedCanary",
                    "TimeBasedCanary": {"CanaryPercentage": 10, "CanaryInterval": 5},
                },
            },
            **before,
        }
        one.config = {"Ref": "Config"}
        one.deploy()
        one.shifting()
        clock.advance(300)
        assert one.ended() == "UPDATE_COMPLETE", one.reasons()

    def test_an_update_policy_of_another_kind_is_refused(
        self, client: Client, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("another-policy")
        one.deploy()
        template = {"Resources": one.template()}
        template["Resources"]["Alias"]["UpdatePolicy"]["UseOnlineResharding"] = True
        client("cloudformation").update_stack(
            StackName="another-policy",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert "UpdatePolicy: UseOnlineResharding is not supported here" in one.reasons()

    def test_a_clock_that_runs_shifts_by_itself(
        self, running: Running, stack: Callable[[str], Stack]
    ) -> None:
        DeploymentClock(running).run(seconds_per_minute=0.02)
        one = stack("running")
        one.deploy()
        one.deploy()
        assert one.ended() == "UPDATE_COMPLETE"
        assert one.alias() == ("2", {})


class TestGroups:
    def test_a_template_changes_a_group_in_place_and_takes_back_what_it_no_longer_says(
        self, client: Client, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("changed")
        one.config = "CodeDeployDefault.LambdaAllAtOnce"
        one.alarms = {"Errors": {}}
        one.deploy()
        codedeploy = client("codedeploy")
        where = {"applicationName": "changed", "deploymentGroupName": one.group()}
        before = codedeploy.get_deployment_group(**where)["deploymentGroupInfo"]
        assert before["alarmConfiguration"]["enabled"]
        assert before["autoRollbackConfiguration"]["events"] == one.events
        one.alarms, one.events = {}, []
        one.config = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
        one.deploy()
        one.shifting()
        clock.advance(600)
        assert one.ended() == "UPDATE_COMPLETE", one.reasons()
        after = codedeploy.get_deployment_group(**where)["deploymentGroupInfo"]
        assert after["deploymentGroupId"] == before["deploymentGroupId"]
        assert after["deploymentConfigName"] == one.config
        assert not after["alarmConfiguration"]["enabled"]
        assert not after["autoRollbackConfiguration"]["enabled"]

    def test_a_name_that_changes_replaces_and_routing_under_a_name_does_not(
        self, client: Client, clock: DeploymentClock
    ) -> None:
        def update(application: str, config: str, percent: int) -> str:
            routing = {
                "Type": "TimeBasedCanary",
                "TimeBasedCanary": {"CanaryPercentage": percent, "CanaryInterval": 5},
            }
            resources = {
                "Application": {
                    "Type": "AWS::CodeDeploy::Application",
                    "Properties": {"ApplicationName": application, "ComputePlatform": "Lambda"},
                },
                "Config": {
                    "Type": "AWS::CodeDeploy::DeploymentConfig",
                    "Properties": {
                        "ComputePlatform": "Lambda",
                        "DeploymentConfigName": config,
                        "TrafficRoutingConfig": routing,
                    },
                },
                "Group": {
                    "Type": "AWS::CodeDeploy::DeploymentGroup",
                    "Properties": {
                        "ApplicationName": {"Ref": "Application"},
                        "DeploymentGroupName": "same",
                        "DeploymentConfigName": {"Ref": "Config"},
                        "ServiceRoleArn": {"Fn::GetAtt": ["ServiceRole", "Arn"]},
                    },
                },
                "ServiceRole": service_role(),
            }
            change = "update_stack" if names() else "create_stack"
            getattr(client("cloudformation"), change)(
                StackName="names",
                TemplateBody=json.dumps({"Resources": resources}),
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
            ended: str = Stack(client, "names", CODE).ended()
            return ended

        def names() -> list[str]:
            found = client("codedeploy").list_applications()["applications"]
            return [name for name in found if name.startswith("names-")]

        assert update("names-one", "names-config", 10) == "CREATE_COMPLETE"
        assert update("names-two", "names-config", 10) == "UPDATE_COMPLETE"
        assert names() == ["names-two"]
        groups = client("codedeploy").list_deployment_groups(applicationName="names-two")
        assert groups["deploymentGroups"] == ["same"]
        assert update("names-two", "names-config", 20) == "UPDATE_ROLLBACK_COMPLETE"
        assert update("names-two", "names-other", 20) == "UPDATE_COMPLETE"
        configs = client("codedeploy").list_deployment_configs()["deploymentConfigsList"]
        assert [name for name in configs if name.startswith("names-")] == ["names-other"]

    def test_a_stack_takes_its_application_and_groups_along(
        self, client: Client, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("taken-along")
        one.deploy()
        assert "taken-along" in client("codedeploy").list_applications()["applications"]
        client("cloudformation").delete_stack(StackName="taken-along")
        eventually(
            lambda: "taken-along" not in client("codedeploy").list_applications()["applications"],
            "its end",
        )


class TestLaterFailure:
    def test_an_update_that_fails_after_the_shift_sends_the_alias_back_at_once(
        self, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("fails-later")
        one.config = "CodeDeployDefault.LambdaAllAtOnce"
        one.deploy()
        one.extra["Late"] = {
            "Type": "AWS::Events::Rule",
            "DependsOn": "Alias",
            "Properties": {"ScheduleExpression": "now and then", "Targets": []},
        }
        one.deploy()
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert one.alias() == ("1", {})
        assert [each["creator"] for each in one.deployments()] == [
            "CloudFormationRollback",
            "CloudFormation",
        ]


class TestAlarms:
    @pytest.fixture
    def watched(self, stack: Callable[[str], Stack]) -> Callable[[str], Stack]:
        def make(name: str) -> Stack:
            one = stack(name)
            one.config = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
            one.alarms = {"Errors": {}}
            one.deploy()
            one.deploy()
            one.shifting()
            return one

        return make

    def test_errors_of_the_new_version_take_the_alias_back(
        self, client: Client, clock: DeploymentClock, watched: Callable[[str], Stack]
    ) -> None:
        one = watched("failing")
        eventually(lambda: one.call(10, **BROKEN)["2"], "a call of the new version")
        clock.advance(60)
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert one.alias() == ("1", {})
        assert "Activated alarms: <failing-Errors-" in one.reasons()
        back, failed = one.deployments()
        assert failed["status"] == "Stopped"
        assert failed["errorInformation"]["code"] == "ALARM_ACTIVE"
        assert failed["rollbackInfo"] == {"rollbackDeploymentId": back["deploymentId"]}
        assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
        (alarm,) = client("cloudwatch").describe_alarms(AlarmNamePrefix="failing-")["MetricAlarms"]
        assert alarm["StateValue"] == "ALARM"
        assert "compared by GreaterThanOrEqualToThreshold with 1" in alarm["StateReason"]

    def test_errors_of_the_old_version_do_not(
        self, client: Client, clock: DeploymentClock, watched: Callable[[str], Stack]
    ) -> None:
        one = watched("old-one-fails")
        client("lambda").invoke(
            FunctionName="old-one-fails", Qualifier="1", Payload=json.dumps(BROKEN)
        )
        clock.advance(60 * 10)
        assert one.ended() == "UPDATE_COMPLETE"

    def test_errors_that_alarms_hear_of_after_the_deployment_do_not(
        self, clock: DeploymentClock, watched: Callable[[str], Stack]
    ) -> None:
        one = watched("told-late")
        clock.delay_metrics(15 * 60)
        try:
            eventually(lambda: one.call(10, **BROKEN)["2"], "a call of the new version")
            clock.advance(60 * 10)
            assert one.ended() == "UPDATE_COMPLETE"
        finally:
            clock.delay_metrics(0)

    def test_what_is_over_before_the_deployment_does_not_count(
        self, clock: DeploymentClock, watched: Callable[[str], Stack]
    ) -> None:
        one = watched("second-try")
        eventually(lambda: one.call(10, **BROKEN)["2"], "a call of the new version")
        clock.advance(60)
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        clock.advance(60 * 5)
        one.deploy()
        one.shifting()
        clock.advance(60 * 10)
        assert one.ended() == "UPDATE_COMPLETE", one.reasons()

    def test_an_alarm_that_is_on_already_lets_nothing_begin(
        self, client: Client, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("already-on")
        one.alarms = {"Errors": {"AlarmName": "already-on"}}
        one.deploy()
        client("cloudwatch").set_alarm_state(
            AlarmName="already-on", StateValue="ALARM", StateReason="by hand"
        )
        one.deploy()
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert one.alias() == ("1", {})
        assert "Activated alarms: <already-on>" in one.reasons()

    def test_a_composite_alarm_follows_what_its_children_see(
        self, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("composite")
        one.alarms = {"Errors": {"AlarmName": "composite-errors"}}
        one.extra["Any"] = {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmName": "composite-any",
                "AlarmRule": {"Fn::Sub": "ALARM(${Errors})"},
            },
        }
        one.watches = ["Any"]
        one.deploy()
        one.deploy()
        one.shifting()
        eventually(lambda: one.call(10, **BROKEN)["2"], "a call of the new version")
        clock.advance(60)
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert "Activated alarms: <composite-any>" in one.reasons()

    def test_without_automatic_rollback_the_alias_stays_where_it_is(
        self, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("left-alone")
        one.alarms, one.events = {"Errors": {}}, []
        one.deploy()
        one.deploy()
        one.shifting()
        eventually(lambda: one.call(10, **BROKEN)["2"], "a call of the new version")
        clock.advance(60)
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert one.alias() == ("1", {"2": 0.1})
        (deployment,) = one.deployments()
        assert "rollbackInfo" not in deployment
        # As on AWS, no further deployment begins until somebody has put it right.
        one.deploy()
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert "alias version does not match the current version" in one.reasons()


class TestHooks:
    @pytest.mark.parametrize("event", ["BeforeAllowTraffic", "AfterAllowTraffic"])
    def test_a_hook_that_is_content_lets_the_deployment_go_on(
        self, client: Client, clock: DeploymentClock, stack: Callable[[str], Stack], event: str
    ) -> None:
        one = stack(f"content-{event[:3]}")
        one.config = "CodeDeployDefault.LambdaAllAtOnce"
        one.ask(event, "Succeeded")
        one.deploy()
        one.deploy()
        assert one.ended() == "UPDATE_COMPLETE", one.reasons()
        assert one.alias() == ("2", {})
        (deployment,) = one.deployments()
        target = client("codedeploy").get_deployment_target(
            deploymentId=deployment["deploymentId"], targetId=f"{one.name}:live"
        )["deploymentTarget"]["lambdaTarget"]
        states = {each["lifecycleEventName"]: each["status"] for each in target["lifecycleEvents"]}
        assert states == {event: "Succeeded", "AllowTraffic": "Succeeded"}

    @pytest.mark.parametrize("event", ["BeforeAllowTraffic", "AfterAllowTraffic"])
    def test_a_hook_that_is_not_takes_the_alias_back(
        self, clock: DeploymentClock, stack: Callable[[str], Stack], event: str
    ) -> None:
        one = stack(f"refusing-{event[:3]}")
        one.config = "CodeDeployDefault.LambdaAllAtOnce"
        name = one.ask(event, "Failed")
        one.deploy()
        one.deploy()
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert one.alias() == ("1", {})
        assert f"The hook {name} of {event} reported Failed" in one.reasons()
        assert one.deployments()[1]["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"

    @pytest.mark.parametrize(("report", "allowed"), [("nothing", True), ("Succeeded", False)])
    def test_a_hook_that_reports_nothing_is_waited_for_an_hour(
        self,
        client: Client,
        clock: DeploymentClock,
        stack: Callable[[str], Stack],
        report: str,
        allowed: bool,
    ) -> None:
        one = stack(f"silent-{report}")
        name = one.ask("BeforeAllowTraffic", report, allowed=allowed)
        one.deploy()
        one.deploy()
        said = "refused" if report == "Succeeded" else "this hook fails by itself"
        eventually(lambda: said in logged(client, f"/aws/lambda/{name}"), "the hook's log")
        clock.advance(3599)
        assert one.status() == "UPDATE_IN_PROGRESS"
        clock.advance(1)
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert "did not report a status within one hour" in one.reasons()
        assert one.alias() == ("1", {})

    def test_a_report_is_of_a_hook_that_is_asked_and_final(
        self, client: Client, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("reports")
        name = one.ask("BeforeAllowTraffic", "nothing")
        one.deploy()
        one.deploy()
        asked = eventually(lambda: asked_of(client, f"/aws/lambda/{name}"), "the hook's event")
        codedeploy = client("codedeploy")

        def report(status: str, **others: str) -> None:
            given = {
                "deploymentId": asked["DeploymentId"],
                "lifecycleEventHookExecutionId": asked["LifecycleEventHookExecutionId"],
                **others,
            }
            codedeploy.put_lifecycle_event_hook_execution_status(status=status, **given)

        with pytest.raises(codedeploy.exceptions.DeploymentDoesNotExistException):
            report("Succeeded", deploymentId="d-NOTTHERE1")
        with pytest.raises(codedeploy.exceptions.InvalidLifecycleEventHookExecutionIdException):
            report("Succeeded", lifecycleEventHookExecutionId="another")
        with pytest.raises(codedeploy.exceptions.InvalidLifecycleEventHookExecutionStatusException):
            report("Skipped")
        report("Succeeded")
        with pytest.raises(codedeploy.exceptions.LifecycleEventAlreadyCompletedException):
            report("Failed")
        one.shifting()
        clock.advance(300)
        assert one.ended() == "UPDATE_COMPLETE"


class TestApi:
    @pytest.fixture
    def shifted(
        self, client: Client, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> Callable[..., Stack]:
        """A stack with versions 1 and 2, its alias on 1, for deployments through the API."""

        def make(name: str, events: list[str] | None = None) -> Stack:
            one = stack(name)
            one.events = events or []
            one.deploy()
            client("lambda").update_function_configuration(FunctionName=name, Timeout=9)
            assert client("lambda").publish_version(FunctionName=name)["Version"] == "2"
            return one

        return make

    @staticmethod
    def revision(name: str, current: str = "1", target: str = "2", **more: Any) -> Any:
        properties = {
            "Name": name,
            "Alias": "live",
            "CurrentVersion": current,
            "TargetVersion": target,
        }
        document = {
            "version": 0.0,
            "Resources": [{"it": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
            **more,
        }
        return {
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": json.dumps(document)},
        }

    def start(self, client: Client, one: Stack, revision: Any = None, **more: Any) -> str:
        made: str = client("codedeploy").create_deployment(
            applicationName=one.name,
            deploymentGroupName=one.group(),
            revision=revision or self.revision(one.name),
            **more,
        )["deploymentId"]
        return made

    @staticmethod
    def ended(client: Client, deployment: str) -> Any:
        def looked() -> Any:
            found = client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
            return found if found["status"] not in ("Created", "InProgress") else None

        return eventually(looked, f"the end of {deployment}")

    def test_a_deployment_is_started_watched_and_listed(
        self, client: Client, clock: DeploymentClock, shifted: Callable[..., Stack]
    ) -> None:
        one = shifted("by-hand")
        deployment = self.start(client, one, description="by hand")
        one.shifting()
        codedeploy = client("codedeploy")
        with pytest.raises(
            codedeploy.exceptions.DeploymentLimitExceededException, match=deployment
        ):
            self.start(client, one)
        clock.advance(300)
        assert self.ended(client, deployment)["description"] == "by hand"
        assert one.alias() == ("2", {})
        where = {"applicationName": "by-hand", "deploymentGroupName": one.group()}
        group = codedeploy.get_deployment_group(**where)["deploymentGroupInfo"]
        assert group["lastSuccessfulDeployment"]["deploymentId"] == deployment
        for statuses, expected in ((["Succeeded"], [deployment]), (["Failed"], [])):
            listed = codedeploy.list_deployments(**where, includeOnlyStatuses=statuses)
            assert listed["deployments"] == expected
        with pytest.raises(codedeploy.exceptions.DeploymentAlreadyCompletedException):
            codedeploy.stop_deployment(deploymentId=deployment)

    @pytest.mark.parametrize(
        ("asked", "event", "taken_back"),
        [
            (True, "DEPLOYMENT_FAILURE", True),
            (False, "DEPLOYMENT_STOP_ON_REQUEST", False),
            (None, "DEPLOYMENT_STOP_ON_REQUEST", True),
            (None, "DEPLOYMENT_FAILURE", False),
        ],
    )
    def test_whoever_stops_a_deployment_says_whether_it_is_taken_back(
        self,
        client: Client,
        shifted: Callable[..., Stack],
        *,
        asked: bool | None,
        event: str,
        taken_back: bool,
    ) -> None:
        one = shifted(f"stopped-{asked}-{event.lower()}".replace("_", "-"), [event])
        deployment = self.start(client, one)
        one.shifting()
        said = {} if asked is None else {"autoRollbackEnabled": asked}
        client("codedeploy").stop_deployment(deploymentId=deployment, **said)
        found = self.ended(client, deployment)
        assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
        left = ("1", {}) if taken_back else ("1", {"2": 0.1})
        eventually(lambda: one.alias() == left, f"the alias on {left}")
        found = client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
        assert bool(found.get("rollbackInfo")) == taken_back

    @pytest.mark.parametrize(
        ("revision", "code"),
        [
            ({"current": "2", "target": "1"}, "INVALID_LAMBDA_CONFIGURATION"),
            ({"target": "99"}, "INVALID_LAMBDA_FUNCTION"),
            ({"Hooks": [{"BeforeAllowTraffic": "nobody"}]}, "INVALID_LAMBDA_FUNCTION"),
        ],
    )
    def test_what_cannot_be_deployed_fails_and_changes_nothing(
        self,
        client: Client,
        shifted: Callable[..., Stack],
        revision: dict[str, Any],
        code: str,
    ) -> None:
        one = shifted(f"cannot-{'-'.join(revision)}")
        deployment = self.start(client, one, self.revision(one.name, **revision))
        found = self.ended(client, deployment)
        assert (found["status"], found["errorInformation"]["code"]) == ("Failed", code)
        assert one.alias() == ("1", {})

    @pytest.mark.parametrize(("ignored", "status"), [(False, "Stopped"), (True, "Succeeded")])
    def test_an_alarm_that_is_not_there_stops_a_deployment_unless_told_otherwise(
        self, client: Client, shifted: Callable[..., Stack], *, ignored: bool, status: str
    ) -> None:
        one = shifted(f"unseen-{ignored}".lower())
        client("codedeploy").update_deployment_group(
            applicationName=one.name,
            currentDeploymentGroupName=one.group(),
            deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce",
            alarmConfiguration={
                "enabled": True,
                "ignorePollAlarmFailure": ignored,
                "alarms": [{"name": "not-there"}],
            },
        )
        deployment = self.start(client, one)
        assert self.ended(client, deployment)["status"] == status

    def test_targets_say_how_far_a_deployment_is(
        self, client: Client, clock: DeploymentClock, shifted: Callable[..., Stack]
    ) -> None:
        one = shifted("how-far")
        deployment = self.start(client, one)
        one.shifting()
        codedeploy = client("codedeploy")
        (target,) = codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
        assert target == "how-far:live"

        def seen() -> tuple[str, float]:
            (found,) = codedeploy.batch_get_deployment_targets(
                deploymentId=deployment, targetIds=[target]
            )["deploymentTargets"]
            told = found["lambdaTarget"]
            return told["status"], told["lambdaFunctionInfo"]["targetVersionWeight"]

        assert seen() == ("InProgress", 0.1)
        clock.advance(300)
        self.ended(client, deployment)
        assert seen() == ("Succeeded", 1.0)

    def test_what_is_no_deployment_is_refused_by_name(
        self, client: Client, shifted: Callable[..., Stack]
    ) -> None:
        one = shifted("refused")
        errors = client("codedeploy").exceptions
        wrong = self.revision("refused", Hooks=[{"ApplicationStop": "x"}])
        with pytest.raises(errors.InvalidRevisionException, match="no hook ApplicationStop"):
            self.start(client, one, wrong)
        with pytest.raises(errors.InvalidRevisionException, match="S3 is not supported here"):
            self.start(client, one, {"revisionType": "S3", "s3Location": {"bucket": "b"}})
        with pytest.raises(errors.DeploymentConfigDoesNotExistException):
            self.start(client, one, deploymentConfigName="nothing")
        with pytest.raises(errors.DeploymentGroupDoesNotExistException):
            client("codedeploy").create_deployment(
                applicationName="refused", deploymentGroupName="x", revision=wrong
            )
        with pytest.raises(errors.ApplicationDoesNotExistException):
            client("codedeploy").get_application(applicationName="nothing")
        with pytest.raises(ClientError, match="is not supported here"):
            client("codedeploy").list_on_premises_instances()

    @pytest.mark.parametrize(
        ("routing", "said"),
        [
            ({"type": "TimeBasedCanary"}, "canaryPercentage must be"),
            (
                {
                    "type": "TimeBasedLinear",
                    "timeBasedLinear": {"linearPercentage": 100, "linearInterval": 1},
                },
                "linearPercentage must be",
            ),
            (
                {
                    "type": "TimeBasedCanary",
                    "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 0},
                },
                "canaryInterval must be",
            ),
        ],
    )
    def test_traffic_that_cannot_be_routed_is_refused(
        self, client: Client, routing: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(ClientError, match=said):
            client("codedeploy").create_deployment_config(
                deploymentConfigName="impossible",
                computePlatform="Lambda",
                trafficRoutingConfig=routing,
            )

    def test_names_that_are_taken_or_in_use_are_refused(
        self, client: Client, shifted: Callable[..., Stack]
    ) -> None:
        one = shifted("taken")
        codedeploy = client("codedeploy")
        with pytest.raises(codedeploy.exceptions.ApplicationAlreadyExistsException):
            codedeploy.create_application(applicationName="taken", computePlatform="Lambda")
        with pytest.raises(codedeploy.exceptions.DeploymentGroupAlreadyExistsException):
            codedeploy.create_deployment_group(
                applicationName="taken",
                deploymentGroupName=one.group(),
                serviceRoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/any",
            )
        with pytest.raises(ClientError, match="Lambda"):
            codedeploy.create_application(applicationName="of-servers", computePlatform="Server")

    def test_a_signature_for_another_service_is_refused(self, running: Running) -> None:
        other = clients_for(running)("codedeploy")
        other.meta.events.register(
            "before-sign.codedeploy",
            lambda request, **_: request.context.update(signing={"signing_name": "s3"}),
        )
        with pytest.raises(ClientError, match="Credential should be scoped"):
            other.list_applications()


def logged(client: Client, group: str) -> str:
    """All that a function has written so far."""
    groups = client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if not groups:
        return ""
    events = client("logs").filter_log_events(logGroupName=group)["events"]
    return "\n".join(event["message"] for event in events)


def asked_of(client: Client, group: str) -> Any:
    """What a hook was asked with; None before."""
    for line in logged(client, group).splitlines():
        if line.startswith('{"asked"'):
            return json.loads(line)["asked"]
    return None


class TestRoles:
    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ({"Action": "lambda:UpdateAlias"}, "perform lambda:UpdateAlias on"),
            ({"Action": "cloudwatch:DescribeAlarms"}, "perform cloudwatch:DescribeAlarms on"),
            ({"Action": "lambda:InvokeFunction"}, "perform lambda:InvokeFunction on"),
        ],
    )
    def test_the_service_role_is_asked_for_every_step(
        self,
        clock: DeploymentClock,
        stack: Callable[[str], Stack],
        statement: Mapping[str, Any],
        said: str,
    ) -> None:
        one = stack(f"may-not-{statement['Action'].partition(':')[2]}")
        one.alarms = {"Errors": {}}
        one.ask("BeforeAllowTraffic", "Succeeded")
        one.role = service_role({"Effect": "Deny", "Resource": "*", **statement})
        one.deploy()
        one.deploy()
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert said in one.reasons()
        assert one.alias() == ("1", {})
        assert one.deployments()[-1]["errorInformation"]["code"] == "IAM_ROLE_PERMISSIONS"

    def test_the_managed_policy_allows_hooks_of_its_names_only(
        self, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("named-hook")
        name = one.ask("BeforeAllowTraffic", "Succeeded", prefix="Hook_")
        one.deploy()
        one.deploy()
        assert one.ended() == "UPDATE_ROLLBACK_COMPLETE"
        assert f"perform lambda:InvokeFunction on arn:aws:lambda:{REGION}" in one.reasons()
        assert f":function:{name}" in one.reasons()

    def test_a_role_that_codedeploy_may_not_take_on_makes_no_group(
        self, client: Client, clock: DeploymentClock, stack: Callable[[str], Stack]
    ) -> None:
        one = stack("untrusting")
        one.role = role()
        template = {"Resources": one.template()}
        client("cloudformation").create_stack(
            StackName="untrusting",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert one.ended() == "ROLLBACK_COMPLETE"
        assert "does not have the permissions required to assume the role" in one.reasons()
        assert "untrusting" not in client("codedeploy").list_applications()["applications"]

    def test_callers_need_leave_for_the_group(
        self, running: Running, client: Client, clock: DeploymentClock
    ) -> None:
        client("iam").create_user(UserName="reader")
        arn = f"arn:aws:codedeploy:{REGION}:{ACCOUNT_ID}:application:canary"
        statement = {"Effect": "Allow", "Action": "codedeploy:Get*", "Resource": arn}
        client("iam").put_user_policy(
            UserName="reader",
            PolicyName="own",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        key = client("iam").create_access_key(UserName="reader")["AccessKey"]
        reader = clients_for(
            running,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )("codedeploy")
        client("codedeploy").create_application(
            applicationName="canary-of-another", computePlatform="Lambda"
        )
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.get_application(applicationName="canary-of-another")
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.list_applications()
