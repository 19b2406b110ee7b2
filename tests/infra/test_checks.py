"""The checks at synth see what they should, and nothing that was acknowledged hides more."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aws_cdk import Acknowledgment, App, CfnResource, Fn, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from stacks import checks
from stacks.checks import acknowledge, acknowledge_wildcard, add_checks
from stacks.settings.environment import Settings
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize


def a_role(stack: Stack, name: str, resource: str) -> iam.Role:
    return iam.Role(
        stack,
        name,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={
            "Reach": iam.PolicyDocument(
                statements=[iam.PolicyStatement(actions=["s3:GetObject"], resources=[resource])]
            )
        },
    )


class Planted:
    """An app with the same checks as ours, to plant violations in."""

    def __init__(self, folder: Path, context: dict[str, Any]) -> None:
        self._app = App(outdir=str(folder), context=context)
        self.stack = Stack(self._app, "Planted")
        add_checks(self._app)

    def synth(self) -> None:
        self._app.synth()


@pytest.fixture
def planted(tmp_path: Path, context: dict[str, Any]) -> Planted:
    return Planted(tmp_path, context)


def test_a_violation_fails_the_synth_and_is_named(planted: Planted, tmp_path: Path) -> None:
    sqs.Queue(planted.stack, "Open")

    with pytest.raises(RuntimeError, match="ValidationFailed") as failed:
        planted.synth()

    assert "AwsSolutions-SQS4" in str(failed.value)
    assert violating(tmp_path) == {"Planted/Open/Resource"}


def test_an_acknowledged_violation_passes(planted: Planted) -> None:
    queue = sqs.Queue(planted.stack, "Open")
    for rule in ("AwsSolutions-SQS3", "AwsSolutions-SQS4"):
        acknowledge(queue, rule, "planted by a test")
    planted.synth()


def test_an_acknowledgement_does_not_reach_the_construct_beside_it(
    planted: Planted, tmp_path: Path
) -> None:
    arn = "arn:aws:s3:::bucket/*"
    acknowledge_wildcard(a_role(planted.stack, "Known", arn), arn, "planted by a test")
    a_role(planted.stack, "Unknown", arn)

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        planted.synth()

    assert violating(tmp_path) == {"Planted/Unknown/Resource"}


def violating(folder: Path) -> set[str]:
    """The paths of the constructs that the validation report names."""
    return {path for path, _ in findings(folder / "validation-report.json")}


def findings(file: Path) -> set[tuple[str, str]]:
    """Construct and rule of each finding in a validation report."""
    report = json.loads(file.read_text())
    return {
        (construct["constructPath"], violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    }


def test_an_acknowledgement_covers_one_resource_of_a_role(planted: Planted) -> None:
    role = a_role(planted.stack, "Role", "arn:aws:s3:::bucket/*")
    acknowledge_wildcard(role, "arn:aws:s3:::another/*", "planted by a test")
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        planted.synth()


def test_a_template_that_cloudformation_would_refuse_fails_the_synth(planted: Planted) -> None:
    queue = sqs.Queue(planted.stack, "Open")
    for rule in ("AwsSolutions-SQS3", "AwsSolutions-SQS4"):
        acknowledge(queue, rule, "planted by a test")
    resource = queue.node.default_child
    assert isinstance(resource, sqs.CfnQueue)
    resource.add_property_override("NoSuchProperty", 1)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        planted.synth()


def test_an_arn_of_unknown_shape_is_not_guessed_at(planted: Planted) -> None:
    role = a_role(planted.stack, "Role", "arn:aws:s3:::bucket/key")
    with pytest.raises(TypeError, match="no spelling is known"):
        acknowledge_wildcard(role, Fn.select(0, ["a", role.role_arn]), "planted by a test")


class Recorder:
    """Stands in for ``Validations``: notes what is acknowledged, and acknowledges nothing."""

    noted: ClassVar[set[tuple[str, str]]] = set()

    def __init__(self, construct: IConstruct) -> None:
        self._construct = construct

    @classmethod
    def of(cls, construct: IConstruct) -> "Recorder":
        return cls(construct)

    def add_plugins(self, plugin: AwsSolutionsChecks) -> None:
        Validations.of(self._construct).add_plugins(plugin)

    def acknowledge(self, acknowledgment: Acknowledgment) -> None:
        assert len(acknowledgment.reason.split()) > 3
        path = self._construct.node.path
        resource = path if CfnResource.is_cfn_resource(self._construct) else f"{path}/Resource"
        self.noted.add((resource, acknowledgment.id))


def test_every_acknowledgement_answers_a_finding(
    synthesize: Synthesize,
    dev_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "Validations", Recorder)
    with pytest.raises(RuntimeError, match="ValidationFailed") as failed:
        synthesize(dev_settings)

    [report] = re.findall(r"can be found in: (\S+)", str(failed.value))
    assert findings(Path(report)) == Recorder.noted


def lint(*templates: Path) -> subprocess.CompletedProcess[str]:
    # W3005: CDK makes a function wait for its role, which it refers to anyway.
    options = ["--regions", "us-east-1", "--ignore-checks", "W3005"]
    command = [str(Path(sys.executable).parent / "cfn-lint"), *options, "--", *map(str, templates)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_cfn_lint_finds_nothing(dev: Assembly, prod: Assembly) -> None:
    done = lint(*dev.folder.glob("*.template.json"), *prod.folder.glob("*.template.json"))
    assert done.stdout == ""
    assert done.returncode == 0


def test_cfn_lint_would_find_something(dev: Assembly, tmp_path: Path) -> None:
    broken = json.loads((dev.folder / "State.template.json").read_text())
    for resource in broken["Resources"].values():
        resource.get("Properties", {}).pop("KeyPolicy", None)
        resource.get("Properties", {}).pop("KeySchema", None)
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    assert "KeySchema" in lint(tmp_path / "broken.json").stdout
