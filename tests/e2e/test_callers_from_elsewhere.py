"""Callers without AWS credentials of their own, each by the door that was made for them.

An environment of its own beside the common one: where API keys are asked for, everybody needs one.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import boto3
import jwt
import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from click.testing import CliRunner

from cli import cdk
from cli.api.address import on_this_machine
from cli.commands.caller import caller
from cli.console import Step
from cli.errors import CommandError
from devtools.localcloud.running import ACCOUNT_ID
from devtools.localcloud.tls import TlsFiles
from stacks import names
from stacks.names import Output
from tests.e2e.conftest import Deployment, client, eventually
from tests.e2e.front_door import Answer, Caller, encoded
from tests.e2e.outside_app import AGENT, AUDIENCE, CALLER, ENVIRONMENT, HOLDERS, QUOTA
from tests.integration.oidc_issuer import SUBJECT, Issuer, running_issuer
from tradewind.api.caller import owner_of
from tradewind.contracts.names import API, RECORD_KEY, record_key

QUESTION = "How far apart do the turbines stand?"
ASK: Final = ("POST", f"/agents/{AGENT}/invocations", {"query": QUESTION})
SECRET = names.caller_secret_name(ENVIRONMENT, CALLER)


@dataclass(frozen=True)
class Outside:
    """The environment, its issuer, and the API keys' values by their holders."""

    deployment: Deployment
    issuer: Issuer
    outputs: Mapping[str, str]
    api_keys: Mapping[str, str]

    def url(self, output: Output = Output.API_URL) -> str:
        return on_this_machine(self.outputs[output], self.deployment.running)

    def signer(self, key: Mapping[str, str]) -> Caller:
        """Who signs with a key as the secret has it."""
        credentials = Credentials(key["access_key_id"], key["secret_access_key"])
        return Caller(self.url(), self.deployment.running.ca_bundle, credentials)

    def bear(
        self, token: str | None, method: str, path: str, body: Any = None, holder: str = "people"
    ) -> Answer:
        """Send a request with a token instead of a signature."""
        door = Caller(
            self.url(Output.OIDC_API_URL), self.deployment.running.ca_bundle, Credentials("", "")
        )
        content, headers = encoded(body, {"X-Api-Key": self.api_keys[holder]})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return door.send(method, path, content, headers)

    def token(self, **changes: Any) -> str:
        return self.issuer.token(**{"aud": AUDIENCE, **changes})

    def invocations(self, function: str) -> int:
        """How often a function was started on an event, by its own platform log."""
        pages = client("logs").get_paginator("filter_log_events")
        group = names.log_group_name(ENVIRONMENT, function)
        found = pages.paginate(logGroupName=group)
        return sum(
            "platform.start" in event["message"] for page in found for event in page["events"]
        )

    def record(self, invocation_id: str, owner: str) -> dict[str, Any] | None:
        """The record of an owner's invocation."""
        key = record_key(owner=owner, agent=AGENT, request_id=invocation_id.partition(".")[2])
        found: dict[str, Any] | None = (
            client("dynamodb")
            .get_item(TableName=self.outputs[Output.RECORDS_TABLE], Key={RECORD_KEY: {"S": key}})
            .get("Item")
        )
        return found


@pytest.fixture(scope="module")
def outside(deployment: Deployment) -> Iterator[Outside]:
    tls = deployment.home / "tls"
    out = deployment.out / ENVIRONMENT
    out.mkdir()
    with running_issuer(TlsFiles(tls / "server.pem", tls / "server.key", tls / "ca.pem")) as issuer:
        cdk._run(
            [
                *("deploy", names.StackId.API, "--require-approval=never", "--progress=events"),
                f"--app={sys.executable} tests/e2e/outside_app.py",
                f"--context=issuer={issuer.url}",
                f"--output={out / 'assembly'}",
                f"--outputs-file={out / cdk.OUTPUTS_FILE}",
            ],
            deployment.running,
            Step("deploy"),
            cdk.PROJECT,
        )
        found = client("apigateway").get_api_keys(
            nameQuery=names.api_name(ENVIRONMENT), includeValues=True
        )["items"]
        values = {key["name"]: key["value"] for key in found}
        yield Outside(
            deployment,
            issuer,
            cdk.read_outputs(out),
            {holder: values[f"{names.api_name(ENVIRONMENT)}-{holder}"] for holder in HOLDERS},
        )
    user = {"UserName": names.caller_name(ENVIRONMENT, CALLER)}
    for key in client("iam").list_access_keys(**user)["AccessKeyMetadata"]:
        client("iam").delete_access_key(**user, AccessKeyId=key["AccessKeyId"])
    for stack in (names.StackId.API, names.StackId.AGENTS):
        client("cloudformation").delete_stack(StackName=names.stack_name(ENVIRONMENT, stack))


@pytest.fixture(scope="module")
def first_key(outside: Outside) -> dict[str, str]:
    """The caller's first key, as it is told where to find it."""
    rotate()
    return secret()


def rotate(*options: str) -> str:
    """Run the command that a person runs."""
    done = CliRunner().invoke(caller, ["rotate", CALLER, "--env", ENVIRONMENT, *options])
    assert done.exit_code == 0, done.output
    return done.output


def secret() -> dict[str, str]:
    kept = client("secretsmanager").get_secret_value(SecretId=SECRET)
    key: dict[str, str] = json.loads(kept["SecretString"])
    return key


class TestTokens:
    def test_who_a_token_is_about_owns_what_it_asks(self, outside: Outside) -> None:
        answer = outside.bear(outside.token(), *ASK)
        assert answer.status == 200, answer
        invocation = answer.document
        assert QUESTION in invocation["result"]["response"]
        owner = owner_of(
            {"requestContext": {"authorizer": {"issuer": outside.issuer.url, "subject": SUBJECT}}}
        )
        assert outside.record(invocation["id"], owner)
        place = ("GET", f"/invocations/{invocation['id']}")
        # Another token about the same person is the same person's.
        assert outside.bear(outside.token(jti="another"), *place).document == invocation
        assert outside.bear(outside.token(sub="person-2"), *place).status == 404

    def test_what_proves_nothing_starts_nothing(self, outside: Outside) -> None:
        issuer = outside.issuer
        token = outside.token(jti="forged")
        head, claims, signature = token.split(".")
        stranger = Issuer(issuer.url)
        now = int(time.time())
        refused = {
            "no token": None,
            "no token's form": "person-1",
            "another's signature": stranger.token(aud=AUDIENCE),
            "a signature cut off": f"{head}.{claims}.{signature[:-8]}",
            "another's claims": f"{head}.{outside.token(sub='eve').split('.')[1]}.{signature}",
            "another audience": outside.token(aud="elsewhere"),
            "another issuer": outside.token(iss="https://elsewhere.example.org"),
            "expired": outside.token(iat=now - 600, exp=now - 300),
            "an unknown key": outside.token(header={"kid": "nobody's"}),
            "a shared secret": jwt.encode(
                issuer.claims(aud=AUDIENCE), "s" * 64, "HS256", {"kid": "first"}
            ),
        }
        before = outside.invocations(API), outside.invocations(AGENT)
        for kind, one in refused.items():
            answer = outside.bear(one, *ASK)
            assert (answer.status, kind, answer.document["code"]) == (401, kind, "UNAUTHORIZED")
        # The next one that is let in is logged: so would be what came before it.
        assert outside.bear(outside.token(jti="next"), "GET", "/agents").status == 200
        eventually(lambda: outside.invocations(API) > before[0])
        assert (outside.invocations(API), outside.invocations(AGENT)) == (before[0] + 1, before[1])

    def test_a_signature_is_no_token_and_a_token_no_signature(
        self, outside: Outside, first_key: dict[str, str]
    ) -> None:
        signer = replace(outside.signer(first_key), url=outside.url(Output.OIDC_API_URL))
        assert signer.call("GET", "/agents", X_Api_Key=outside.api_keys["people"]).status == 401
        door = replace(signer, url=outside.url())
        token = {"Authorization": f"Bearer {outside.token()}"}
        key = {"X-Api-Key": outside.api_keys["people"]}
        assert door.send("GET", "/agents", headers={**token, **key}).status == 403


class TestAUsersKey:
    def test_the_example_asks_with_what_the_secret_has(
        self, outside: Outside, first_key: dict[str, str], tmp_path: Path
    ) -> None:
        done = subprocess.run(
            [sys.executable, cdk.PROJECT / "examples/callers/python_client.py", AGENT, QUESTION],
            cwd=tmp_path,
            env={
                "PATH": os.defpath,
                "AWS_ACCESS_KEY_ID": first_key["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": first_key["secret_access_key"],
                "AWS_REGION": outside.deployment.running.region,
                "SSL_CERT_FILE": outside.deployment.running.ca_bundle,
                "TRADEWIND_API_URL": outside.url(),
                "TRADEWIND_API_KEY": outside.api_keys[CALLER],
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        invocation = json.loads(done.stdout)
        assert QUESTION in invocation["result"]["response"]
        arn = f"arn:aws:iam::{ACCOUNT_ID}:user/{names.caller_name(ENVIRONMENT, CALLER)}"
        assert outside.record(invocation["id"], arn)

    def test_it_opens_its_routes_and_nothing_else(
        self, outside: Outside, first_key: dict[str, str]
    ) -> None:
        backend = outside.signer(first_key)
        key = {"X_Api_Key": outside.api_keys[CALLER]}
        assert backend.call("GET", "/invocations/assistant.i-0", **key).status == 404
        before = outside.invocations(API), outside.invocations(AGENT)
        for method, path, body in (
            ("GET", "/agents", None),
            ("GET", "/budget", None),
            ("DELETE", "/invocations/assistant.i-0", None),
            ("POST", f"/agents/{AGENT}/stream", {"query": QUESTION}),
            ("POST", "/agents/other/invocations", {"query": QUESTION}),
            ("POST", "/mcp", {}),
        ):
            answer = backend.call(method, path, body, **key)
            assert (answer.status, answer.document["code"]) == (403, "ACCESS_DENIED"), path
        as_backend = boto3.client(
            "secretsmanager",
            aws_access_key_id=first_key["access_key_id"],
            aws_secret_access_key=first_key["secret_access_key"],
        )
        with pytest.raises(ClientError, match="AccessDenied"):
            as_backend.get_secret_value(SecretId=SECRET)
        assert backend.call("GET", "/invocations/assistant.i-0", **key).status == 404
        eventually(lambda: outside.invocations(API) > before[0])
        assert (outside.invocations(API), outside.invocations(AGENT)) == (before[0] + 1, before[1])

    def test_a_new_key_and_the_old_one_serve_until_that_one_is_ended(
        self, outside: Outside, first_key: dict[str, str]
    ) -> None:
        def let_in(key: Mapping[str, str]) -> bool:
            answer = outside.signer(key).call(
                "GET", "/invocations/assistant.i-0", X_Api_Key=outside.api_keys[CALLER]
            )
            assert answer.status in {403, 404}, answer
            return answer.status == 404

        user = names.caller_name(ENVIRONMENT, CALLER)
        assert "Have the caller take it up" in rotate()
        second = secret()
        assert second != first_key
        assert (let_in(first_key), let_in(second)) == (True, True)
        early = CliRunner().invoke(caller, ["rotate", CALLER, "--env", ENVIRONMENT])
        assert isinstance(early.exception, CommandError)
        assert "still valid" in str(early.exception)
        assert "1 older key ended" in rotate("--finish")
        assert (let_in(first_key), let_in(second)) == (False, True)
        place = {"UserName": user, "AccessKeyId": second["access_key_id"]}
        client("iam").update_access_key(**place, Status="Inactive")
        assert not let_in(second)
        client("iam").update_access_key(**place, Status="Active")
        assert let_in(second)
        # The secret's own record of what was before is not what is valid.
        with pytest.raises(ClientError, match="DeleteConflict"):
            client("iam").delete_user(UserName=user)


class TestAnApiKey:
    def test_none_comes_in_without_one(self, outside: Outside, first_key: dict[str, str]) -> None:
        for key in ({}, {"X_Api_Key": "somebody's"}):
            answer = outside.signer(secret()).call("GET", "/invocations/assistant.i-0", **key)
            assert (answer.status, answer.document["code"]) == (403, "INVALID_API_KEY")

    def test_it_is_good_for_its_quota_by_whichever_door(
        self, outside: Outside, first_key: dict[str, str]
    ) -> None:
        backend, visitor = outside.signer(secret()), outside.api_keys["visitor"]
        place = ("GET", "/invocations/assistant.i-0")
        token = outside.token(jti="visitor")
        for number in range(QUOTA):
            answer = (
                outside.bear(token, *place, holder="visitor")
                if number % 2
                else backend.call(*place, X_Api_Key=visitor)
            )
            assert answer.status == 404, answer
        before = outside.invocations(API)
        for answer in (
            outside.bear(token, *place, holder="visitor"),
            backend.call(*place, X_Api_Key=visitor),
        ):
            assert (answer.status, answer.document["code"]) == (429, "QUOTA_EXCEEDED")
        assert backend.call(*place, X_Api_Key=outside.api_keys[CALLER]).status == 404
        eventually(lambda: outside.invocations(API) > before)
        assert outside.invocations(API) == before + 1
