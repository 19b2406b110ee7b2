"""A REST API answers as AWS's does: who may call, how long it waits, what passes for an answer."""

import datetime
import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
from botocore import auth
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devtools.localcloud import ACCOUNT_ID, REGION, Running
from tests.integration.localcloud.conftest import Client, Deploy, DeploymentFailed, package, role
from tests.integration.localcloud.rest_api import (
    FRONT,
    STAGE,
    Answer,
    Api,
    Upload,
    function,
    gateway_role,
    method,
    permission,
    resource,
    rest_api,
    stage,
)


def resources(code: dict[str, str]) -> dict[str, Any]:
    alias = {"Ref": "Live"}
    invoke_front = {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:*:*:function:*",
    }
    as_role = {"Credentials": {"Fn::GetAtt": ["GatewayRole", "Arn"]}}
    as_untrusted = {"Credentials": {"Fn::GetAtt": ["Role", "Arn"]}}
    return {
        "Role": role(invoke_front),
        "GatewayRole": gateway_role(invoke_front),
        "Front": function(code),
        "Unpermitted": function(code),
        "Version": {
            "Type": "AWS::Lambda::Version",
            "Properties": {"FunctionName": {"Ref": "Front"}},
        },
        "Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Front"},
                "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
                "Name": "live",
            },
        },
        "Api": rest_api(),
        "MayEcho": permission({"Ref": "Front"}, f"{STAGE}/POST/echo"),
        "MaySlow": permission({"Ref": "Front"}, f"{STAGE}/POST/slow"),
        "MayAlias": {
            **permission({"Fn::Sub": "${Front}:live"}, "*/POST/things/*"),
            "DependsOn": "Live",
        },
        "MayOtherMethod": permission({"Ref": "Unpermitted"}, f"{STAGE}/GET/unpermitted"),
        "Echo": resource("echo"),
        "EchoPost": method("Echo"),
        "Slow": resource("slow"),
        "SlowPost": method("Slow", integration={"TimeoutInMillis": 200}),
        "Things": resource("things"),
        "Thing": resource("{thing}", {"Ref": "Things"}),
        "ThingPost": method("Thing", alias),
        "Refused": resource("unpermitted"),
        "RefusedPost": method("Refused", {"Fn::GetAtt": ["Unpermitted", "Arn"]}),
        "AsRole": resource("as-role"),
        "AsRolePost": method("AsRole", integration=as_role),
        "AsUntrusted": resource("as-untrusted"),
        "AsUntrustedPost": method("AsUntrusted", integration=as_untrusted),
        # The function's policy is for the alias, the integration for the function itself.
        "Unqualified": resource("unqualified"),
        "UnqualifiedPost": method("Unqualified"),
    }


@pytest.fixture(scope="module")
def api(cloud: Running, deploy: Deploy, upload: Upload) -> Api:
    """One API for all tests of this file."""
    code = upload("front.zip", package(**{"front.py": FRONT.read_text()}))
    outputs = {"Api": {"Ref": "Api"}, "Alias": {"Ref": "Live"}}
    made = deploy("gateway", stage(resources(code)), outputs)
    return Api(cloud, made["Api"], made)


@pytest.fixture(scope="module")
def caller(client: Client, api: Api) -> Callable[..., Credentials]:
    """Users with a policy of their own."""

    def user(name: str, *statements: dict[str, Any]) -> Credentials:
        iam = client("iam")
        iam.create_user(UserName=name)
        if statements:
            policy = {"Version": "2012-10-17", "Statement": statements}
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    return user


def error_of(answer: Answer) -> str | None:
    found: str | None = answer.headers["x-amzn-ErrorType"]
    return found


class TestCallers:
    def test_a_signed_request_reaches_the_function(self, api: Api) -> None:
        answer = api.call("/echo?a=1&a=2", {"some": "thing"}, headers={"Idempotency-Key": "k"})
        assert answer.status == 200
        event = answer.json["event"]
        assert json.loads(event["body"]) == {"some": "thing"}
        assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
        assert event["headers"]["Idempotency-Key"] == "k"
        assert event["requestContext"]["stage"] == STAGE
        assert "version" not in event
        assert answer.headers["x-amzn-requestid"] == event["requestContext"]["requestId"]

    def test_the_function_learns_who_called(self, api: Api) -> None:
        answer = api.call("/echo", headers={"X-Forwarded-For": "203.0.113.9"})
        identity = answer.json["event"]["requestContext"]["identity"]
        assert identity["userArn"] == f"arn:aws:iam::{ACCOUNT_ID}:user/operator"
        assert identity["accountId"] == ACCOUNT_ID
        # Whoever calls can write the header, and nobody the address of its connection.
        assert identity["sourceIp"] == "127.0.0.1"
        assert answer.json["event"]["headers"]["X-Forwarded-For"] == "203.0.113.9, 127.0.0.1"
        assert identity["cognitoIdentityId"] is None

    def test_a_session_is_known_by_its_role(self, api: Api, client: Client) -> None:
        root = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}
        trust = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}
        invoke = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
        iam = client("iam")
        arn = iam.create_role(
            RoleName="gateway-caller",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        iam.put_role_policy(
            RoleName="gateway-caller",
            PolicyName="own",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [invoke]}),
        )
        keys = client("sts").assume_role(RoleArn=arn, RoleSessionName="laptop")["Credentials"]
        pair = (keys["AccessKeyId"], keys["SecretAccessKey"])
        answer = api.call("/echo", credentials=Credentials(*pair, keys["SessionToken"]))
        identity = answer.json["event"]["requestContext"]["identity"]
        session = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/gateway-caller/laptop"
        assert identity["userArn"] == session
        without_token = api.call("/echo", credentials=Credentials(*pair))
        assert without_token.status == 403
        assert without_token.json == {
            "message": "The security token included in the request is invalid."
        }

    def test_without_a_signature(self, api: Api) -> None:
        answer = api.send("/echo", headers={"Content-Type": "application/json"})
        assert (answer.status, answer.json) == (403, {"message": "Missing Authentication Token"})
        assert error_of(answer) == "MissingAuthenticationTokenException"

    @pytest.mark.parametrize("path", ["/nowhere", "/echo/further"])
    def test_no_such_route(self, api: Api, path: str) -> None:
        answer = api.call(path)
        assert (answer.status, answer.json) == (403, {"message": "Missing Authentication Token"})

    def test_a_wrong_secret(self, api: Api) -> None:
        answer = api.call("/echo", credentials=Credentials(api.running.access_key, "wrong"))
        assert answer.status == 403
        assert answer.json["message"].startswith("The request signature we calculated does not")
        assert error_of(answer) == "InvalidSignatureException"

    @pytest.mark.parametrize("key", ["test", ACCOUNT_ID, "AKIAUNKNOWN"])
    def test_an_unknown_key(self, api: Api, key: str) -> None:
        answer = api.call("/echo", credentials=Credentials(key, "test"))
        assert answer.status == 403
        wanted = {"message": "The security token included in the request is invalid."}
        assert answer.json == wanted
        assert error_of(answer) == "UnrecognizedClientException"

    def test_a_body_that_was_not_signed(self, api: Api) -> None:
        request = AWSRequest("POST", api.url("/echo"), data=b"{}")
        keys = Credentials(api.running.access_key, api.running.secret_key)
        auth.SigV4Auth(keys, "execute-api", REGION).add_auth(request)
        answer = api.send("/echo", b'{"answer": 1}', headers=dict(request.headers.items()))
        assert (answer.status, error_of(answer)) == (403, "InvalidSignatureException")

    def test_a_signature_for_another_service(self, api: Api) -> None:
        answer = api.call("/echo", service="s3")
        assert answer.status == 403
        assert answer.json == {
            "message": "Credential should be scoped to correct service: 'execute-api'. "
        }
        assert error_of(answer) == "InvalidSignatureException"

    def test_a_signature_for_another_region(self, api: Api) -> None:
        answer = api.call("/echo", region="eu-west-1")
        assert answer.status == 403
        assert answer.json == {
            "message": "Credential should be scoped to a valid region, not 'eu-west-1'. "
        }

    def test_a_signature_of_yesterday(self, api: Api) -> None:
        now = datetime.datetime.now(datetime.UTC)
        past = (now - datetime.timedelta(days=1)).replace(tzinfo=None)
        with mock.patch.object(auth, "get_current_datetime", return_value=past):
            answer = api.call("/echo")
        assert answer.status == 403
        assert answer.json["message"].startswith("Signature expired: ")
        assert error_of(answer) == "InvalidSignatureException"

    def test_a_presigned_url_is_verified_too(self, api: Api) -> None:
        keys = Credentials(api.running.access_key, api.running.secret_key)
        request = AWSRequest("POST", api.url("/echo"))
        SigV4QueryAuth(keys, "execute-api", REGION, expires=60).add_auth(request)
        signed = str(request.url).removeprefix(api.url(""))
        assert api.send(signed, b"", headers={}).status == 200
        assert api.send(signed[:-4] + "0000", b"", headers={}).status == 403

    def test_a_policy_is_for_a_method_and_a_path(
        self, api: Api, caller: Callable[..., Credentials]
    ) -> None:
        arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{api.id}/{STAGE}"
        user = caller(
            "gateway-echo",
            {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{arn}/POST/echo"},
        )
        assert api.call("/echo", credentials=user).status == 200
        answer = api.call("/slow", credentials=user)
        shown = f"arn:aws:execute-api:{REGION}:********{ACCOUNT_ID[-4:]}:{api.id}/{STAGE}/POST/slow"
        assert (answer.status, error_of(answer)) == (403, "AccessDeniedException")
        assert answer.json == {
            "Message": f"User: arn:aws:iam::{ACCOUNT_ID}:user/gateway-echo is not authorized to "
            f"perform: execute-api:Invoke on resource: {shown} because no identity-based policy "
            "allows the execute-api:Invoke action"
        }


class TestPermissions:
    def test_a_permission_on_an_alias_is_for_its_paths(self, api: Api) -> None:
        answer = api.call("/things/7")
        assert answer.status == 200
        assert answer.json["arn"] == api.outputs["Alias"]
        assert answer.json["event"]["pathParameters"] == {"thing": "7"}

    def test_an_integration_acts_as_its_role(self, api: Api) -> None:
        assert api.call("/as-role").status == 200

    @pytest.mark.parametrize("path", ["/unpermitted", "/unqualified", "/as-untrusted"])
    def test_without_permission_nothing_is_invoked(self, api: Api, path: str) -> None:
        answer = api.call(path)
        assert (answer.status, answer.json) == (500, {"message": "Internal server error"})
        assert error_of(answer) == "InternalServerErrorException"


class TestTime:
    def test_a_slow_function_is_not_waited_for_and_goes_on(self, api: Api, tmp_path: Path) -> None:
        go, done = tmp_path / "go", tmp_path / "done"
        answer = api.call("/slow", {"wait_for": str(go), "done": str(done)})
        assert (answer.status, answer.json) == (504, {"message": "Endpoint request timed out"})
        assert error_of(answer) == "InternalServerErrorException"
        go.touch()
        assert appears(done)

    def test_a_caller_that_hangs_up_does_not_stop_the_function(
        self, api: Api, tmp_path: Path
    ) -> None:
        started, go, done = (tmp_path / name for name in ("started", "go", "done"))
        wish = {"started": str(started), "wait_for": str(go), "done": str(done)}
        body = json.dumps(wish).encode()
        request = AWSRequest("POST", api.url("/echo"), data=body)
        keys = Credentials(api.running.access_key, api.running.secret_key)
        auth.SigV4Auth(keys, "execute-api", REGION).add_auth(request)
        address = urlsplit(api.running.endpoint_url)
        context = ssl.create_default_context(cafile=api.running.ca_bundle)
        raw = socket.create_connection((str(address.hostname), int(address.port or 0)))
        with context.wrap_socket(raw, server_hostname=address.hostname) as connection:
            head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
            path = urlsplit(api.url("/echo")).path
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Content-Length: {len(body)}\r\n{head}\r\n".encode()
                + body
            )
            assert appears(started)
        go.touch()
        assert appears(done)


def appears(note: Path) -> bool:
    give_up = time.monotonic() + 20
    while not note.exists() and time.monotonic() < give_up:
        time.sleep(0.02)
    return note.exists()


class TestAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            "text",
            ["a", "list"],
            None,
            17,
            {"statusCode": "two hundred"},
            {"statusCode": 200, "body": {"not": "text"}},
            {"statusCode": 200, "headers": ["a"]},
            {"statusCode": 200, "unknown": 1},
            {},
            {"body": "text"},
            {"statusCode": True},
            {"statusCode": 42},
        ],
        ids=json.dumps,
    )
    def test_another_format_is_a_bad_gateway(self, api: Api, answer: Any) -> None:
        found = api.call("/echo", {"answer": answer})
        assert (found.status, found.json) == (502, {"message": "Internal server error"})
        assert error_of(found) == "InternalServerErrorException"

    def test_a_failed_function_is_a_bad_gateway_that_tells_nothing(self, api: Api) -> None:
        answer = api.call("/echo", {"fail": "secret words"})
        assert (answer.status, answer.json) == (502, {"message": "Internal server error"})

    def test_an_error_that_looks_like_an_answer_is_none(self, api: Api) -> None:
        """A function error whose body happens to have a status is a function error."""
        answer = api.call("/echo", {"fail": '{"statusCode": 200}'})
        assert answer.status == 502

    def test_status_headers_and_body_are_the_functions(self, api: Api) -> None:
        given = {
            "statusCode": "418",
            "headers": {"content-type": "text/plain", "X-One": "1", "Server": "mine"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
            "body": "tea",
        }
        answer = api.call("/echo", {"answer": given})
        assert (answer.status, answer.body) == (418, b"tea")
        assert answer.headers.get_all("Content-Type") == ["text/plain"]
        assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
        assert answer.headers["X-One"] == "1"
        assert answer.headers["x-amzn-Remapped-Server"] == "mine"

    def test_binary_answers_are_for_those_who_accept_them(self, api: Api) -> None:
        given = {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}
        as_text = api.call("/echo", {"answer": given})
        as_png = api.call("/echo", {"answer": given}, headers={"Accept": "image/png"})
        assert (as_text.body, as_png.body) == (b"aGk=", b"hi")


class TestSizes:
    def test_more_than_ten_megabytes(self, api: Api) -> None:
        answer = api.call("/echo", b" " * (10 * 1024 * 1024 + 1))
        words = b"HTTP content length exceeded 10485760 bytes."
        assert (answer.status, answer.body) == (413, words)
        assert answer.headers["Content-Type"] == "text/plain"

    def test_more_than_lambda_takes(self, api: Api) -> None:
        answer = api.call("/echo", b'"' + b"x" * 6_291_456 + b'"')
        assert (answer.status, answer.json) == (413, {"message": "Request Too Long"})

    def test_more_than_lambda_answers(self, api: Api) -> None:
        assert api.call("/echo", {"letters": 5_000_000}).status == 200
        answer = api.call("/echo", {"letters": 6_291_557})
        assert (answer.status, answer.json) == (502, {"message": "Internal server error"})


class TestTemplates:
    @pytest.mark.parametrize(
        ("integration", "reason"),
        [
            ({"TimeoutInMillis": 29_001}, "Timeout should be between 50 ms and 29000 ms"),
            ({"Type": "HTTP_PROXY"}, "the integration type HTTP_PROXY is not supported here"),
            ({"CacheKeyParameters": ["a"]}, "Integration.CacheKeyParameters is not supported"),
            ({"ResponseTransferMode": "STREAM"}, "/response-streaming-invocations"),
            ({"IntegrationHttpMethod": "GET"}, "IntegrationHttpMethod has to be POST"),
        ],
    )
    def test_what_is_not_carried_out_is_refused(
        self, deploy: Deploy, integration: dict[str, Any], reason: str
    ) -> None:
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:none"
        made = {
            "Api": rest_api(),
            "Echo": resource("echo"),
            "Post": method("Echo", arn, integration=integration),
        }
        with pytest.raises(DeploymentFailed) as failed:
            deploy("gateway-refused", made)
        assert reason in str(failed.value)

    def test_a_permission_needs_its_function(self, deploy: Deploy) -> None:
        made = {"Api": rest_api(), "May": permission("nobody:live", "*")}
        with pytest.raises(DeploymentFailed, match="Function not found: nobody:live"):
            deploy("gateway-permission-refused", made)


class TestDeployments:
    def test_a_stage_serves_what_was_deployed(self, cloud: Running, deploy: Deploy) -> None:
        """A change without another deployment is not served, and with one it is."""
        canned = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'}}
        post = method("Path", "unused")
        post["Properties"]["Integration"] = canned
        made = stage({"Api": rest_api(), "Path": resource("path"), "Post": post})
        api = Api(cloud, deploy("gateway-deployed", made, {"Api": {"Ref": "Api"}})["Api"], {})
        assert api.send("/path", headers={}).status == 403

        post["Properties"]["AuthorizationType"] = "NONE"
        deploy("gateway-deployed", made, {"Api": {"Ref": "Api"}})
        assert api.send("/path", headers={}).status == 403

        made["Another"] = made["Deployment"]
        made["Stage"]["Properties"]["DeploymentId"] = {"Ref": "Another"}
        deploy("gateway-deployed", made, {"Api": {"Ref": "Api"}})
        assert api.send("/path", headers={}).status == 200

    def test_an_api_without_methods_cannot_be_deployed(self, deploy: Deploy) -> None:
        with pytest.raises(DeploymentFailed, match="contain any methods"):
            deploy("gateway-no-methods", stage({"Api": rest_api()}))
