"""The real CDK command line bootstraps and deploys."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from aws_cdk import App, CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from devtools.localcloud import ACCOUNT_ID, REGION, Running
from tests.integration.localcloud.conftest import FUNCTION_SOURCE, Client

PROJECT = Path(__file__).parents[3]
CDK = PROJECT / "node_modules" / ".bin" / "cdk"


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """A stack with an asset, synthesized."""
    source = tmp_path / "function"
    source.mkdir()
    (source / "app.py").write_text(FUNCTION_SOURCE.read_text())
    app = App(outdir=str(tmp_path / "cdk.out"), analytics_reporting=False)
    stack = Stack(app, "Small", env=Environment(account=ACCOUNT_ID, region=REGION))
    s3.Bucket(
        stack,
        "Bucket",
        bucket_name="from-cdk",
        enforce_ssl=True,
        removal_policy=RemovalPolicy.DESTROY,
        lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(3))],
    )
    function = lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_12,
        handler="app.handler",
        architecture=_this_machine(),
        code=lambda_.Code.from_asset(str(source)),
    )
    CfnOutput(stack, "FunctionName", value=function.function_name)
    app.synth()
    return tmp_path / "cdk.out"


def _this_machine() -> lambda_.Architecture:
    arm = os.uname().machine in ("aarch64", "arm64")
    return lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64


def cdk(cloud: Running, *arguments: str) -> None:
    finished = subprocess.run(
        [str(CDK), *arguments, "--no-notices"],
        # Where there is no cdk.json: the command line would synthesize its app, even to bootstrap.
        cwd=Path(cloud.ca_bundle).parent,
        env={
            **os.environ,
            **cloud.environment(),
            "PATH": f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


def test_bootstrap_and_deploy(cloud: Running, client: Client, assembly: Path) -> None:
    cdk(cloud, "bootstrap", f"aws://{ACCOUNT_ID}/{REGION}")
    cdk(cloud, "deploy", "--app", str(assembly), "--all", "--require-approval", "never")

    (rule,) = client("s3").get_bucket_lifecycle_configuration(Bucket="from-cdk")["Rules"]
    assert rule["Expiration"] == {"Days": 3}
    (stack,) = client("cloudformation").describe_stacks(StackName="Small")["Stacks"]
    (output,) = stack["Outputs"]
    answer = client("lambda").invoke(
        FunctionName=output["OutputValue"], Payload=b'{"do": "answer", "answer": "deployed"}'
    )
    assert json.load(answer["Payload"]) == "deployed"
