"""The project's own stacks with one agent, whose versions are deployed gradually.

The templates are the app's. The agent's code is a few lines that do what a test wants of a version;
the probe is the real one, from its real bundle.
"""

import hashlib
import io
import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from aws_cdk import App

import app as cdk_app
from devtools.localcloud import ACCOUNT_ID, REGION
from stacks.bundling.archive import Archive
from stacks.bundling.bundler import Bundler
from stacks.bundling.fixed_bundle import FixedBundle
from stacks.settings.deployment import DeploymentSettings
from stacks.settings.file import load_settings
from stacks.settings.function import Architecture
from tests.deployed_agents import AGENTS
from tests.integration.localcloud.conftest import Client
from tradewind.contracts.names import PROBE

ROOT: Final = Path(__file__).parents[3]
AGENT: Final = "assistant"
FUNCTION: Final = f"tradewind-local-{AGENT}"
#: Ends a hang, and not a busy machine.
LIMIT_S: Final = 300
#: Far above what a busy machine makes of a moment, and far below what a slow version takes.
SLOWER_TIMES: Final = 10
SLOW_S: Final = 6
_ASSETS: Final = f"cdk-hnb659fds-assets-{ACCOUNT_ID}-{REGION}"
_STACKS: Final = ("State", "Agents", "Observability")

#: A version. ``KIND`` says what is the matter with it.
_CODE: Final = """
import time
KIND = {kind!r}
if KIND == "dies":
    raise ImportError("a library is missing")

def handler(event, context):
    if KIND == "fails" and event.get("parameters", {{}}).get("n", 1) % 3 == 0:
        raise RuntimeError("every third")
    if KIND == "slow":
        time.sleep({slow_s})
    if KIND == "refuses":
        return {{"success": False, "error": {{"code": "INVALID_REQUEST"}}}}
    return {{"success": True, "response": event["query"]}}
"""


class _Bundles(FixedBundle):
    """The real bundle of the probe; to every other function the same archive."""

    def core_bundle(self, function: str, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the archive."""
        if function != PROBE:
            return self.archive
        return Bundler(ROOT).core_bundle(function, architecture, budget_mb)


def eventually(done: Callable[[], Any], what: str) -> Any:
    """Wait until something is so, and return it."""
    give_up = time.monotonic() + LIMIT_S
    while time.monotonic() < give_up:
        if found := done():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {LIMIT_S} s")


class Gradual:
    """The deployed stacks.

    Args:
        client: Acts as the operator.
        folder: For the templates.
    """

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._count = 0
        code, key = self._package("well")
        archive = folder / "agent.zip"
        archive.write_bytes(code)
        settings = load_settings("local", ROOT / "config", AGENTS)
        deployment = DeploymentSettings(
            strategy="canary", percent=40, minutes=5, slower_times=SLOWER_TIMES
        )
        settings = settings.model_copy(
            update={
                "deployment": deployment,
                "runtimes": {},
                "workflows": settings.workflows.model_copy(update={"durable": ()}),
            }
        )
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        synthesized = App(outdir=str(folder / "cdk.out"), context=context)
        agent = AGENTS[AGENT].model_copy(update={"agentcore": None})
        bundles = _Bundles(Archive(path=archive, sha256=key, packages={}))
        cdk_app.build(synthesized, settings, {AGENT: agent}, bundles)
        synthesized.synth()
        self._templates = {
            stack: (folder / "cdk.out" / f"{stack}.template.json").read_text() for stack in _STACKS
        }
        # CDK makes a digest of the digest.
        [self._asset] = {
            one["Properties"]["Code"]["S3Key"]
            for one in json.loads(self._templates["Agents"])["Resources"].values()
            if one["Type"] == "AWS::Lambda::Function"
            and one["Properties"]["FunctionName"] == FUNCTION
        }
        self._bootstrap(folder / "cdk.out")
        for stack in _STACKS:
            self._change(stack, self._templates[stack])
            status = self.ended(stack)
            assert status == "CREATE_COMPLETE", self.reasons(stack)

    def deploy(self, kind: str, *, hold: int | None = None) -> None:
        """Begin to update the stack with another version.

        Args:
            kind: What is the matter with it.
            hold: As ``deployment.hold`` of the settings: where `live` stays.
        """
        code, key = self._package(kind)
        self._client("s3").put_object(Bucket=_ASSETS, Key=f"{key}.zip", Body=code)
        template = self._templates["Agents"].replace(self._asset, f"{key}.zip")
        # CDK names a version by a digest of its function.
        template = re.sub(
            r"(AssistantFunctionCurrentVersion[0-9A-F]{8})[0-9a-f]{32}",
            rf"\g<1>{key[:32]}",
            template,
        )
        if hold is not None:
            document = json.loads(template)
            [alias] = [
                one for one in document["Resources"].values() if one["Type"] == "AWS::Lambda::Alias"
            ]
            alias["Properties"]["FunctionVersion"] = str(hold)
            del alias["UpdatePolicy"]
            template = json.dumps(document)
        self._change("Agents", template, update=True)

    def ended(self, stack: str = "Agents") -> str:
        """Wait for the end of a stack's change, and return its status."""

        def looked() -> str | None:
            cloudformation = self._client("cloudformation")
            [found] = cloudformation.describe_stacks(StackName=_name(stack))["Stacks"]
            status: str = found["StackStatus"]
            return None if status.endswith("_IN_PROGRESS") else status

        found: str = eventually(looked, f"the end of {stack}")
        return found

    def reasons(self, stack: str = "Agents") -> str:
        """Why resources failed."""
        events = self._client("cloudformation").describe_stack_events(StackName=_name(stack))
        return "\n".join(
            event.get("ResourceStatusReason", "")
            for event in events["StackEvents"]
            if "FAILED" in event["ResourceStatus"]
        )

    def alias(self) -> tuple[str, dict[str, float]]:
        """The version that `live` names, and the shares of others."""
        found = self._client("lambda").get_alias(FunctionName=FUNCTION, Name="live")
        shares = found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return found["FunctionVersion"], shares

    def versions(self) -> list[str]:
        """The versions there are."""
        found = self._client("lambda").list_versions_by_function(FunctionName=FUNCTION)
        return [one["Version"] for one in found["Versions"] if one["Version"] != "$LATEST"]

    def shared(self) -> str:
        """Wait until a new version gets requests, and return it."""

        def looked() -> str | None:
            return next(iter(self.alias()[1]), None)

        found: str = eventually(looked, "a share of the requests")
        return found

    def call(self, enough: Callable[[Counter[str]], bool]) -> "Calls":
        """Ask `live` again and again until it is enough by what each version got."""
        calls = Calls()
        for number in range(1, 10_000):
            answer = self._client("lambda").invoke(
                FunctionName=FUNCTION,
                Qualifier="live",
                Payload=json.dumps({"query": "?", "parameters": {"n": number}}),
            )
            calls.served[answer["ExecutedVersion"]] += 1
            if "FunctionError" in answer:
                calls.failed[answer["ExecutedVersion"]] += 1
            if enough(calls.served):
                return calls
        raise AssertionError(f"never enough: {calls.served}")

    def last_deployment(self) -> Any:
        """What CodeDeploy says of its newest deployment that it did not make itself."""
        codedeploy = self._client("codedeploy")
        ids = codedeploy.list_deployments(
            applicationName="tradewind-local", deploymentGroupName=AGENT
        )["deployments"]
        found = codedeploy.batch_get_deployments(deploymentIds=ids)["deploymentsInfo"]
        own = [one for one in found if one["creator"] == "CloudFormation"]
        return max(own, key=lambda one: one["createTime"])

    def counted(self, metric: str, version: str) -> float:
        """How much of a metric a version has through `live`, as CloudWatch tells it."""
        dimensions = {
            "FunctionName": FUNCTION,
            "Resource": f"{FUNCTION}:live",
            "ExecutedVersion": version,
        }
        points = self._client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime="2000-01-01T00:00:00Z",
            EndTime="2100-01-01T00:00:00Z",
            Period=86_400,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    def probed(self) -> dict[str, Any]:
        """The last line "Probe done" of the probe's log, and the metric beside it."""
        events = self._client("logs").filter_log_events(
            logGroupName="/aws/lambda/tradewind-local-probe"
        )["events"]
        lines = [json.loads(e["message"]) for e in events if e["message"].startswith("{")]
        done = [line for line in lines if line.get("message") == "Probe done"]
        counts = [line["VersionsRefused"] for line in lines if "VersionsRefused" in line]
        return {**done[-1], "VersionsRefused": counts[-1]}

    def subscribe(self) -> Callable[[], list[str]]:
        """Have the topic of pages write into a queue; returns how to read what it was told."""
        sqs, sns = self._client("sqs"), self._client("sns")
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:who-is-told"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        queue = sqs.create_queue(QueueName="who-is-told", Attributes={"Policy": policy})["QueueUrl"]
        topics = [one["TopicArn"] for one in sns.list_topics()["Topics"]]
        [topic] = [one for one in topics if "-Pages" in one]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        def told() -> list[str]:
            said = []
            while messages := sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
            ).get("Messages"):
                for message in messages:
                    document = json.loads(json.loads(message["Body"])["Message"])
                    said.append(f"{document['AlarmName']} {document['NewStateValue']}")
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return said

        return told

    def _package(self, kind: str) -> tuple[bytes, str]:
        self._count += 1
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            source = _CODE.format(kind=kind, slow_s=SLOW_S) + f"# {self._count}\n"
            archive.writestr("tradewind/handlers/agent.py", source)
        return buffer.getvalue(), hashlib.sha256(buffer.getvalue()).hexdigest()

    def _bootstrap(self, assembly: Path) -> None:
        """What `cdk bootstrap` and the CDK's publishing of assets leave behind."""
        s3 = self._client("s3")
        s3.create_bucket(Bucket=_ASSETS)
        self._client("ssm").put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String"
        )
        for stack in _STACKS:
            files = json.loads((assembly / f"{stack}.assets.json").read_text())["files"]
            for asset in files.values():
                source = Path(asset["source"]["path"])
                content = (source if source.is_absolute() else assembly / source).read_bytes()
                for place in asset["destinations"].values():
                    s3.put_object(Bucket=_ASSETS, Key=place["objectKey"], Body=content)

    def _change(self, stack: str, template: str, *, update: bool = False) -> None:
        key = f"{stack}-{self._count}.json"
        self._client("s3").put_object(Bucket=_ASSETS, Key=key, Body=template.encode())
        cloudformation = self._client("cloudformation")
        change = cloudformation.update_stack if update else cloudformation.create_stack
        change(
            StackName=_name(stack),
            TemplateURL=f"https://s3.{REGION}.amazonaws.com/{_ASSETS}/{key}",
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )


class Calls:
    """What became of calls, by the version that served them."""

    def __init__(self) -> None:
        self.served: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def add(self, more: "Calls") -> None:
        """Count others, too."""
        self.served += more.served
        self.failed += more.failed


def _name(stack: str) -> str:
    return f"Tradewind-local-{stack}"


def at_least(least: Mapping[str, int]) -> Callable[[Counter[str]], bool]:
    """Whether each of some versions served so many calls."""
    return lambda served: all(served[version] >= count for version, count in least.items())
