"""Callers outside: what each may do, to the letter, and nothing secret anywhere."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from stacks.settings.api import ExternalCaller
from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from tests.deployed_agents import FIRST
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize

ACCOUNT = "arn:aws:iam::210987654321:root"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
ASK = f"POST /agents/{FIRST}/invocations"
API = "arn:aws:execute-api:us-east-1:ACCOUNT:<RestApi>/v1"

CALLERS = {
    "backend": ExternalCaller(routes=(ASK, "GET /invocations/*"), kind="user"),
    "partner": ExternalCaller(routes=(ASK,), kind="role", trusts=ACCOUNT, external_id="ours-7"),
    "ci": ExternalCaller(
        routes=("* /invocations/*",), kind="role", trusts=PROVIDER, subject="repo:us/app:main"
    ),
}


@pytest.fixture(scope="module")
def made(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(dev_settings.model_copy(update={"external_callers": CALLERS}))


def one(assembly: Assembly, resource_type: str, prefix: str) -> dict[str, Any]:
    properties: dict[str, Any] = assembly.only(assembly.api, resource_type, prefix)["Properties"]
    return properties


def allowed(identity: dict[str, Any]) -> tuple[str, Any]:
    assert "ManagedPolicyArns" not in identity
    [policy] = identity["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    return statement["Action"], statement["Resource"]


def test_a_user_may_use_its_routes_and_nothing_else(made: Assembly) -> None:
    user = one(made, "AWS::IAM::User", "CallersBackend")
    assert user["UserName"] == "tradewind-dev-caller-backend"
    action, resources = allowed(user)
    assert action == "execute-api:Invoke"
    assert sorted(resources) == [
        f"{API}/GET/invocations/*",
        f"{API}/POST/agents/{FIRST}/invocations",
    ]
    assert made.all(made.api, "AWS::IAM::AccessKey") == []
    secret = one(made, "AWS::SecretsManager::Secret", "CallersBackend")
    assert secret["Name"] == "tradewind/dev/callers/backend"
    assert secret["KmsKeyId"] == "<DataKey.Arn>"
    assert not {"SecretString", "GenerateSecretString"} & set(secret)


def test_a_role_is_for_one_account_that_knows_a_word(made: Assembly) -> None:
    role = one(made, "AWS::IAM::Role", "CallersPartner")
    assert allowed(role) == ("execute-api:Invoke", f"{API}/POST/agents/{FIRST}/invocations")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": ACCOUNT}
    assert trust["Action"] == "sts:AssumeRole"
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "ours-7"}}


def test_a_role_is_for_one_subject_of_a_provider(made: Assembly) -> None:
    role = one(made, "AWS::IAM::Role", "CallersCi")
    assert allowed(role) == ("execute-api:Invoke", f"{API}/*/invocations/*")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Federated": PROVIDER}
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    host = "token.actions.githubusercontent.com"
    assert trust["Condition"] == {
        "StringEquals": {f"{host}:sub": "repo:us/app:main", f"{host}:aud": "sts.amazonaws.com"}
    }


def test_nobody_is_let_in_unasked(dev: Assembly) -> None:
    assert dev.all(dev.api, "AWS::IAM::User") == []
    assert dev.all(dev.api, "AWS::IAM::Role", "Callers") == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "role"}, "a role needs"),
        ({"kind": "user", "trusts": ACCOUNT}, "a role needs"),
        ({"kind": "role", "trusts": PROVIDER}, "subject"),
        ({"kind": "role", "trusts": PROVIDER, "subject": "repo:us/*"}, "subject"),
        ({"kind": "role", "trusts": ACCOUNT, "subject": "s"}, "subject"),
        ({"kind": "role", "trusts": "*"}, "trusts"),
        ({"kind": "user", "external_id": "abc"}, "external_id"),
        ({"kind": "user", "routes": ()}, "routes"),
        ({"kind": "user", "routes": ("PUT /x",)}, "routes"),
        ({"kind": "user", "routes": ("POST agents",)}, "routes"),
    ],
)
def test_a_caller_that_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ExternalCaller.model_validate({"routes": (ASK,), **given})


@pytest.mark.parametrize("route", ["POST /agents/nobody/chat", "GET /agents/x", "DELETE /budget"])
def test_a_route_that_there_is_not_is_refused(
    synthesize: Synthesize, dev_settings: Settings, route: str
) -> None:
    caller = ExternalCaller(routes=(ASK, route), kind="user")
    settings = dev_settings.model_copy(update={"external_callers": {"backend": caller}})
    with pytest.raises(SettingsError, match=r"external_callers\.backend\.routes: there is no"):
        synthesize(settings)


def test_callers_that_differ_by_hyphens_only_are_refused(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    caller = ExternalCaller(routes=(ASK,), kind="user")
    settings = dev_settings.model_copy(
        update={"external_callers": {"team-1": caller, "team1": caller}}
    )
    with pytest.raises(SettingsError) as refused:
        synthesize(settings)
    assert str(refused.value) == (
        "external_callers.team1: differs from team-1 by hyphens only; rename one"
    )


@pytest.mark.parametrize(("kind", "most"), [("user", 2_048), ("role", 10_240)])
def test_a_policy_that_iam_has_no_room_for_is_refused(
    synthesize: Synthesize, dev_settings: Settings, kind: Literal["user", "role"], most: int
) -> None:
    def callers(count: int) -> Settings:
        routes = tuple(f"GET /invocations/{number:04}" for number in range(count))
        caller = ExternalCaller(
            routes=routes, kind=kind, trusts=ACCOUNT if kind == "role" else None
        )
        return dev_settings.model_copy(update={"external_callers": {"backend": caller}})

    said = rf"external_callers\.backend\.routes: {most // 90} make .* IAM gives a {kind} {most}: "
    with pytest.raises(SettingsError, match=said):
        synthesize(callers(most // 90))
    made = synthesize(callers(most // 110))
    [identity] = [
        each["Properties"]
        for each in made.all(made.api, f"AWS::IAM::{kind.title()}", "CallersBackend")
    ]
    document = json.dumps(identity["Policies"][0]["PolicyDocument"], separators=(",", ":"))
    # Names that only AWS knows are as long as they get.
    written = document.replace("ACCOUNT", "0" * 12).replace("<RestApi>", "0" * 10)
    assert len(written) <= most


#: How AWS's keys look, and private keys; the names of files that hold such.
SECRETS = re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----")
#: AWS's own example in its documentation.
EXAMPLES = (b"AKIAIOSFODNN7EXAMPLE", b"AKIDEXAMPLE")


def test_the_repository_holds_no_secret(root: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607  whichever is there
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    files = [root / name.decode() for name in listed if name]
    assert len(files) > 500
    held = {}
    for file in files:
        if file.is_file():
            found = [key for key in SECRETS.findall(file.read_bytes()) if key not in EXAMPLES]
            if found:
                held[file.relative_to(root).as_posix()] = found
    assert held == {}


def test_a_secret_would_be_seen() -> None:
    assert SECRETS.search(b'key = "' + b"AKIA" + b"Q" * 16 + b'"')
    assert SECRETS.search(b"-----BEGIN " + b"RSA PRIVATE KEY-----")
