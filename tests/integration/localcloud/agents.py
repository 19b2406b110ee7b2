"""Ways to deploy agents to the embedded AgentCore, and to reach them by sockets."""

import io
import json
import ssl
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devtools.localcloud import ACCOUNT_ID, REGION, Running

SOURCE = Path(__file__).parent / "function" / "agent.py"
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


def artifact(source: str | None = None, name: str = "main.py") -> bytes:
    """A code artifact of one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, SOURCE.read_text() if source is None else source)
    return buffer.getvalue()


def role() -> dict[str, Any]:
    """A role for agents, which trusts the service as CDK's does; it may write its logs."""
    logs = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/bedrock-agentcore/*",
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT_ID}:*"},
        },
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {
                    "PolicyName": "logs",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [logs]},
                }
            ],
        },
    }


def runtime(name: str, code: Mapping[str, str], **properties: Any) -> dict[str, Any]:
    """A runtime whose role is the stack's ``Role``."""
    where = {"Bucket": code["S3Bucket"], "Prefix": code["S3Key"]}
    return {
        "Type": "AWS::BedrockAgentCore::Runtime",
        "Properties": {
            "AgentRuntimeName": name,
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "NetworkConfiguration": {"NetworkMode": "PUBLIC"},
            "AgentRuntimeArtifact": {
                "CodeConfiguration": {
                    "Code": {"S3": where},
                    "Runtime": "PYTHON_3_12",
                    "EntryPoint": ["main.py"],
                }
            },
            **properties,
        },
    }


def endpoint(name: str, version: object, of: str = "Runtime") -> dict[str, Any]:
    """An endpoint of the stack's runtime."""
    return {
        "Type": "AWS::BedrockAgentCore::RuntimeEndpoint",
        "Properties": {
            "AgentRuntimeId": {"Fn::GetAtt": [of, "AgentRuntimeId"]},
            "AgentRuntimeVersion": version,
            "Name": name,
        },
    }


def start(client: Callable[[str], Any]) -> int:
    """Make a runtime by the API and ask its agent; returns its process."""
    properties = role()["Properties"]
    iam, s3 = client("iam"), client("s3")
    made = iam.create_role(
        RoleName="agent",
        AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]),
    )
    s3.create_bucket(Bucket="agents")
    s3.put_object(Bucket="agents", Key="agent.zip", Body=artifact())
    place = {"s3": {"bucket": "agents", "prefix": "agent.zip"}}
    code = {"code": place, "runtime": "PYTHON_3_12", "entryPoint": ["main.py"]}
    created = client("bedrock-agentcore-control").create_agent_runtime(
        agentRuntimeName="agent",
        agentRuntimeArtifact={"codeConfiguration": code},
        roleArn=made["Role"]["Arn"],
        networkConfiguration={"networkMode": "PUBLIC"},
    )
    answer = client("bedrock-agentcore").invoke_agent_runtime(
        agentRuntimeArn=created["agentRuntimeArn"], payload=b"{}"
    )
    return int(json.load(answer["response"])["pid"])


class Signed:
    """Requests of one caller, signed by hand.

    Args:
        cloud: What they go to.
        keys: The caller's access key and secret key; the operator's without.
    """

    def __init__(self, cloud: Running, keys: tuple[str, str] | None = None) -> None:
        self._cloud = cloud
        self._credentials = Credentials(*(keys or (cloud.access_key, cloud.secret_key)))
        self.context = ssl.create_default_context(cafile=cloud.ca_bundle)

    def socket_url(self, arn: str, qualifier: str | None = None) -> str:
        """Where a runtime's sockets are opened."""
        query = f"?qualifier={qualifier}" if qualifier else ""
        return f"{self._cloud.endpoint_url}/runtimes/{quote(arn, safe='')}/ws{query}"

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", **scope: str
    ) -> dict[str, str]:
        """The headers of a signed request."""
        request = AWSRequest(method, url, headers=dict(headers), data=body)
        service = scope.get("service", "bedrock-agentcore")
        SigV4Auth(self._credentials, service, scope.get("region", REGION)).add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}

    def presigned(self, url: str) -> str:
        """A URL that needs no headers."""
        request = AWSRequest("GET", url)
        SigV4QueryAuth(self._credentials, "bedrock-agentcore", REGION, expires=300).add_auth(
            request
        )
        return str(request.url)


def policy(*statements: tuple[str, object, object]) -> str:
    """A policy of effects, actions and resources."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": effect, "Action": action, "Resource": resource}
                for effect, action, resource in statements
            ],
        }
    )
