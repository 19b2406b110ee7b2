"""A small REST API that shows what the gateway does, and a caller of it."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devtools.localcloud import Running
from tests.integration.localcloud.conftest import role

Resources = dict[str, Any]

STAGE = "test"
FRONT = Path(__file__).parent / "function" / "front.py"

Upload = Callable[[str, bytes], dict[str, str]]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Api:
    """The deployed API, and ways to call it."""

    running: Running
    id: str
    outputs: Mapping[str, str]

    def url(self, path: str) -> str:
        return f"{self.running.endpoint_url}/_aws/execute-api/{self.id}/{STAGE}{path}"

    def call(
        self,
        path: str,
        wish: Any = None,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        service: str = "execute-api",
        region: str | None = None,
    ) -> Answer:
        """Send a signed request; ``wish`` is its body, bytes or what is to become JSON."""
        body = wish if isinstance(wish, bytes) else json.dumps(wish or {}).encode()
        request = AWSRequest(
            method,
            self.url(path),
            data=body,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        signer = SigV4Auth(
            credentials or Credentials(self.running.access_key, self.running.secret_key),
            service,
            region or self.running.region,
        )
        signer.add_auth(request)
        return self.send(path, body, method=method, headers=dict(request.headers.items()))

    def send(
        self, path: str, body: bytes = b"{}", *, method: str = "POST", headers: Mapping[str, str]
    ) -> Answer:
        """Send a request as it is."""
        request = urllib.request.Request(  # noqa: S310  our own server
            self.url(path), data=body, method=method, headers=dict(headers)
        )
        context = ssl.create_default_context(cafile=self.running.ca_bundle)
        try:
            with urllib.request.urlopen(request, context=context, timeout=120) as response:  # noqa: S310  on loopback
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, refusal.headers, refusal.read())


def function(code: Mapping[str, str], handler: str = "front.handler") -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.12",
            "Handler": handler,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": dict(code),
            "Timeout": 10,
        },
    }


def gateway_role(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A role that API Gateway takes."""
    made = role(*statements)
    trust = made["Properties"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"] = {"Service": "apigateway.amazonaws.com"}
    return made


def permission(function_ref: Any, path: str) -> dict[str, Any]:
    """API Gateway's permission to invoke a function for the methods and paths in ``path``."""
    source = f"arn:aws:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/{path}"
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": function_ref,
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": source},
        },
    }


def resource(part: str, parent: Any = None) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGateway::Resource",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ParentId": parent or {"Fn::GetAtt": ["Api", "RootResourceId"]},
            "PathPart": part,
        },
    }


def method(
    of: str,
    function_arn: Any = None,
    *,
    integration: Mapping[str, Any] | None = None,
    **properties: Any,
) -> dict[str, Any]:
    """A POST method on the resource ``of``, in front of a function."""
    arn = function_arn or {"Fn::GetAtt": ["Front", "Arn"]}
    path = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function}"
    return {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ResourceId": {"Ref": of},
            "HttpMethod": "POST",
            "AuthorizationType": "AWS_IAM",
            "Integration": {
                "Type": "AWS_PROXY",
                "IntegrationHttpMethod": "POST",
                "Uri": {"Fn::Sub": [f"{path}/invocations", {"Function": arn}]},
                **(integration or {}),
            },
            **properties,
        },
    }


def stage(resources: Resources, **properties: Any) -> Resources:
    """Add a deployment of all methods so far, and the stage."""
    methods = [name for name, each in resources.items() if each["Type"].endswith("::Method")]
    return {
        **resources,
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": methods,
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "DeploymentId": {"Ref": "Deployment"},
                "StageName": STAGE,
                **properties,
            },
        },
    }


def rest_api() -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {
            "Name": "front",
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
            "BinaryMediaTypes": ["image/png"],
        },
    }
