"""Stacks whose alias is shifted from one version to the next, and what became of it."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from devtools.localcloud import ACCOUNT_ID, REGION
from tests.integration.localcloud.conftest import Client, role

#: Ends a hang, and not a busy machine.
LIMIT_S = 120
_POLICY = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"

Resources = dict[str, Any]


def eventually(done: Callable[[], Any], what: str) -> Any:
    """Wait until something is so, and return it."""
    give_up = time.monotonic() + LIMIT_S
    while time.monotonic() < give_up:
        if found := done():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {LIMIT_S} s")


def attribute(logical_id: str, name: str = "Arn") -> dict[str, Any]:
    """What a template writes for a resource's attribute."""
    return {"Fn::GetAtt": [logical_id, name]}


def service_role(*statements: Mapping[str, Any], policies: Iterable[str] = (_POLICY,)) -> Resources:
    """A role that CodeDeploy may take on."""
    made = role()
    properties = made["Properties"]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    trust["Principal"] = {"Service": "codedeploy.amazonaws.com"}
    properties["ManagedPolicyArns"] = list(policies)
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    properties["Policies"] = (
        [{"PolicyName": "own", "PolicyDocument": document}] if statements else []
    )
    return made


class Stack:
    """A function, its alias ``live`` and the group that shifts it, as a stack of their own.

    Args:
        client: Acts as the operator.
        name: Of the stack, and of all that has a name.
        code: The function's package.
    """

    def __init__(self, client: Client, name: str, code: Mapping[str, str]) -> None:
        self._client = client
        self.name = name
        self._code = dict(code)
        self._version = 0
        self._before: list[str] = []
        self.config: Any = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        self.alarms: Resources = {}
        self.watches: list[str] = []
        self.hooks: Resources = {}
        self.extra: Resources = {}
        self.role: Resources = service_role()
        self.events = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
        self.statements: list[Mapping[str, Any]] = []

    def template(self, **variables: str) -> Resources:
        """The resources, with the next version of the function."""
        self._version += 1
        version = f"Version{self._version}"
        function = {
            "Runtime": "python3.12",
            "Handler": "app.handler",
            "FunctionName": self.name,
            "Role": attribute("Role"),
            "Timeout": 10,
            "Code": self._code,
            "Environment": {"Variables": {"RELEASE": str(self._version), **variables}},
        }
        group: Resources = {
            "ApplicationName": {"Ref": "Application"},
            "ServiceRoleArn": attribute("ServiceRole"),
            "DeploymentConfigName": self.config,
            "DeploymentStyle": {
                "DeploymentType": "BLUE_GREEN",
                "DeploymentOption": "WITH_TRAFFIC_CONTROL",
            },
        }
        if self.alarms:
            alarms = [{"Name": {"Ref": name}} for name in self.watches or self.alarms]
            group["AlarmConfiguration"] = {"Enabled": True, "Alarms": alarms}
        if self.events:
            group["AutoRollbackConfiguration"] = {"Enabled": True, "Events": self.events}
        alias = {
            "FunctionName": {"Ref": "Function"},
            "FunctionVersion": attribute(version, "Version"),
            "Name": "live",
        }
        policy = {
            "ApplicationName": {"Ref": "Application"},
            "DeploymentGroupName": {"Ref": "Group"},
            **self.hooks,
        }
        kept = {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "Properties": {"FunctionName": {"Ref": "Function"}},
        }
        return {
            "Role": role(*self.statements),
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            version: kept,
            "ServiceRole": self.role,
            "Application": {
                "Type": "AWS::CodeDeploy::Application",
                "Properties": {"ApplicationName": self.name, "ComputePlatform": "Lambda"},
            },
            "Group": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": group},
            "Alias": {
                "Type": "AWS::Lambda::Alias",
                "Properties": alias,
                "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": policy},
            },
            **{name: self._alarm(given, version) for name, given in self.alarms.items()},
            **self.extra,
        }

    def _alarm(self, properties: Mapping[str, Any], version: str) -> Resources:
        """An alarm on what the new version alone does by the alias."""
        dimensions = {
            "FunctionName": self.name,
            "Resource": f"{self.name}:live",
            "ExecutedVersion": attribute(version, "Version"),
        }
        return {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
                "Dimensions": [
                    {"Name": name, "Value": value} for name, value in dimensions.items()
                ],
                **properties,
            },
        }

    def deploy(self, **variables: str) -> None:
        """Create or update the stack; an update goes on when this returns."""
        change = "create_stack" if self._version == 0 else "update_stack"
        template = {"Resources": self.template(**variables)}
        getattr(self._client("cloudformation"), change)(
            StackName=self.name,
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        if change == "create_stack":
            assert self.ended() == "CREATE_COMPLETE", self.reasons()

    def status(self) -> str:
        """The stack's status."""
        (stack,) = self._client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        found: str = stack["StackStatus"]
        return found

    def ended(self) -> str:
        """Wait for the stack's end, and return its status."""

        def looked() -> str | None:
            status = self.status()
            return None if status.endswith("_IN_PROGRESS") else status

        found: str = eventually(looked, f"the end of {self.name}")
        return found

    def reasons(self) -> str:
        """Why resources failed."""
        events = self._client("cloudformation").describe_stack_events(StackName=self.name)
        return "\n".join(
            event.get("ResourceStatusReason", "")
            for event in events["StackEvents"]
            if "FAILED" in event["ResourceStatus"]
        )

    def group(self) -> str:
        """The name of its deployment group."""
        found: str = self._client("codedeploy").list_deployment_groups(applicationName=self.name)[
            "deploymentGroups"
        ][0]
        return found

    def deployments(self) -> list[Any]:
        """Its deployments, the newest first."""
        codedeploy = self._client("codedeploy")
        ids = codedeploy.list_deployments(
            applicationName=self.name, deploymentGroupName=self.group()
        )["deployments"]
        found = codedeploy.batch_get_deployments(deploymentIds=ids)["deploymentsInfo"]
        return list(found)

    def shifting(self) -> Any:
        """Wait until traffic is being shifted, and return the deployment's target."""
        codedeploy = self._client("codedeploy")

        def looked() -> Any:
            for deployment in self.deployments():
                target = codedeploy.get_deployment_target(
                    deploymentId=deployment["deploymentId"], targetId=f"{self.name}:live"
                )["deploymentTarget"]["lambdaTarget"]
                weight = target["lambdaFunctionInfo"]["targetVersionWeight"]
                if deployment["status"] == "InProgress" and 0 < weight < 1:
                    return target
            return None

        return eventually(looked, "a shift")

    def alias(self) -> tuple[str, dict[str, float]]:
        """The alias's version, and the weights of others."""
        found = self._client("lambda").get_alias(FunctionName=self.name, Name="live")
        weights = found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return found["FunctionVersion"], weights

    def call(self, times: int, **event: Any) -> Counter[str]:
        """Invoke the alias again and again; how often each version ran."""
        versions: Counter[str] = Counter()
        for _ in range(times):
            answer = self._client("lambda").invoke(
                FunctionName=self.name, Qualifier="live", Payload=json.dumps(event)
            )
            versions[answer["ExecutedVersion"]] += 1
        return versions

    def ask(
        self, event: str, report: str, *, allowed: bool = True, prefix: str = "CodeDeployHook_"
    ) -> str:
        """Give the next deployment a hook that reports something; returns its function's name."""
        name = f"{prefix}{self.name}_{event}"
        group = f"arn:aws:codedeploy:{REGION}:{ACCOUNT_ID}:deploymentgroup:"
        leave = {
            "Effect": "Allow" if allowed else "Deny",
            "Action": "codedeploy:PutLifecycleEventHookExecutionStatus",
            "Resource": {"Fn::Sub": group + "${Application}/${Group}"},
        }
        function = {
            "Runtime": "python3.12",
            "Handler": "hook.handler",
            "FunctionName": name,
            "Role": attribute(f"{event}Role"),
            "Timeout": 30,
            "Code": self._code,
            "Environment": {"Variables": {"REPORT": report}},
        }
        self.extra[f"{event}Role"] = role(leave)
        self.extra[event] = {"Type": "AWS::Lambda::Function", "Properties": function}
        self.hooks[f"{event}Hook"] = {"Ref": event}
        return name
