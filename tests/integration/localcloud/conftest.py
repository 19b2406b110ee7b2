"""A running embedded AWS, and ways to deploy small things into it."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from devtools.localcloud import LocalCloud, Running

FUNCTION_SOURCE = Path(__file__).parent / "function" / "app.py"
PACKAGES = "packages"

Client = Callable[[str], Any]
Deploy = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def _own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's default session would keep the credentials of another test's account."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that do not stop it."""
    local_cloud = LocalCloud(tmp_path_factory.mktemp("localcloud"))
    yield local_cloud.up()
    local_cloud.down()


@pytest.fixture(scope="session")
def client(cloud: Running) -> Client:
    """Clients that act as the operator."""
    return clients_for(cloud)


def clients_for(running: Running, **credentials: str) -> Client:
    """Clients of a server, as its operator or with other credentials."""
    keys = {
        "aws_access_key_id": running.access_key,
        "aws_secret_access_key": running.secret_key,
        **credentials,
    }

    @cache
    def client(service: str) -> Any:
        make: Any = boto3.client  # its stubs want the service spelled out
        return make(
            service,
            region_name=running.region,
            endpoint_url=running.endpoint_url,
            verify=running.ca_bundle,
            # Test functions that fail must be called once, and one sleeps.
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=120),
            **keys,
        )

    return client


class DeploymentFailed(Exception):
    """A stack was not created or updated; the message has every failed resource's reason."""


@pytest.fixture(scope="session")
def deploy(client: Client) -> Iterator[Deploy]:
    """Deploy resources as a stack and return its outputs; stacks are deleted at the end."""
    stacks: list[str] = []

    def deploy_stack(
        name: str, resources: Mapping[str, Any], outputs: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        template = {
            "Resources": resources,
            "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()},
        }
        change = "update_stack" if name in stacks else "create_stack"
        cloudformation = client("cloudformation")
        getattr(cloudformation, change)(
            StackName=name,
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            **({"OnFailure": "DELETE"} if change == "create_stack" else {}),
        )
        (event, *_) = events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        if event["ResourceStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            reasons = [
                e.get("ResourceStatusReason", "") for e in events if "FAILED" in e["ResourceStatus"]
            ]
            raise DeploymentFailed("\n".join(reasons))
        if name not in stacks:
            stacks.append(name)
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    yield deploy_stack
    for name in reversed(stacks):
        client("cloudformation").delete_stack(StackName=name)


def package(**files: str) -> bytes:
    """A deployment package of the test function and further files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {"app.py": FUNCTION_SOURCE.read_text(), **files}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def upload(client: Client) -> Callable[[str, bytes], dict[str, str]]:
    """Upload a package; returns a function's ``Code``."""
    s3 = client("s3")
    s3.create_bucket(Bucket=PACKAGES)

    def upload_package(key: str, content: bytes) -> dict[str, str]:
        s3.put_object(Bucket=PACKAGES, Key=key, Body=content)
        return {"S3Bucket": PACKAGES, "S3Key": key}

    return upload_package


def role(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A role for functions; it may write logs, and do what the statements say."""
    logs = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:*:*:log-group:*",
    }
    policy = {"Version": "2012-10-17", "Statement": [logs, *statements]}
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": "own", "PolicyDocument": policy}],
        },
    }
