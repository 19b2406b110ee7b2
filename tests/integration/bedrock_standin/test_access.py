"""Who is let in, as botocore reports it."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import pytest
from botocore.exceptions import ClientError

from devtools.localcloud.bedrock import BedrockStandIn, Identity, Statement, StaticAuthorizer
from devtools.localcloud.tls import TlsFiles
from tests.integration.bedrock_standin.calls import Connect, ask, ask_streaming
from tests.integration.callers import (
    ACCOUNT,
    ACTIONS,
    MODEL,
    PROFILE_ARN,
    PROFILE_STATEMENTS,
    REGION,
    make_identity,
)


def refusal(call: Any, client: Any) -> tuple[int, str, str]:
    """Status, code and message of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(client)
    response = refused.value.response
    error = response["Error"]
    return response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


@pytest.mark.parametrize("call", [ask, ask_streaming])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"access_key": "ASIAUNKNOWN"}, "UnrecognizedClientException"),
        ({"session_token": "another session's"}, "UnrecognizedClientException"),
        ({"session_token": None}, "UnrecognizedClientException"),
        ({"secret_key": "wrong"}, "InvalidSignatureException"),
    ],
)
def test_wrong_credentials(
    *,
    standin: BedrockStandIn,
    connect: Connect,
    caller: Identity,
    call: Any,
    changes: dict[str, Any],
    code: str,
) -> None:
    client = connect(dataclasses.replace(caller, **changes))
    assert refusal(call, client)[:2] == (403, code)
    assert standin.prompts() == []
    assert standin.stats().roles == {}
    assert standin.stats().statuses == {"403": 1}


def test_a_body_altered_on_the_way(connect: Connect) -> None:
    client = connect()

    def alter(request: Any, **_: Any) -> None:
        request.body = request.body.replace(b"morning", b"evening")

    client.meta.events.register("before-send.bedrock-runtime", alter)
    assert refusal(ask, client)[:2] == (403, "InvalidSignatureException")


def test_a_request_from_ten_minutes_ago(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    then = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=10)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: then)
    status, code, message = refusal(ask, client)
    assert (status, code) == (403, "InvalidSignatureException")
    assert message.startswith("Signature expired: ")


def stand_in(tls: TlsFiles, *identities: Identity) -> BedrockStandIn:
    return BedrockStandIn(
        authorizer=StaticAuthorizer(identities), tls=tls, region=REGION, account=ACCOUNT
    )


def test_an_expired_session(tls_files: TlsFiles, connect: Connect, caller: Identity) -> None:
    expired = dataclasses.replace(caller, expires_at=datetime.now(UTC))
    with stand_in(tls_files, expired) as standin:
        client = connect(expired, standin.endpoint_url)
        assert refusal(ask, client)[:2] == (403, "ExpiredTokenException")


PROFILE_ONLY, MODELS = PROFILE_STATEMENTS
ONE_REGION_SHORT = dataclasses.replace(MODELS, resources=MODELS.resources[:2])
WRONG_CONDITION = dataclasses.replace(
    MODELS, string_equals={"bedrock:InferenceProfileArn": PROFILE_ARN + "-other"}
)
NO_STREAMING = tuple(
    dataclasses.replace(statement, actions=ACTIONS[:1]) for statement in PROFILE_STATEMENTS
)
NO_SUCH_ACTION = tuple(
    dataclasses.replace(statement, actions=("bedrock:Converse*",))
    for statement in PROFILE_STATEMENTS
)
US_WEST_2 = f"arn:aws:bedrock:us-west-2::foundation-model/{MODEL}"
US_EAST_1 = f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL}"


@pytest.mark.parametrize(
    ("statements", "action", "missing"),
    [
        ((), ACTIONS[1], PROFILE_ARN),
        ((MODELS,), ACTIONS[1], PROFILE_ARN),
        ((PROFILE_ONLY,), ACTIONS[1], US_EAST_1),
        ((PROFILE_ONLY, ONE_REGION_SHORT), ACTIONS[1], US_WEST_2),
        ((PROFILE_ONLY, WRONG_CONDITION), ACTIONS[1], US_EAST_1),
        (NO_STREAMING, ACTIONS[1], PROFILE_ARN),
        (NO_SUCH_ACTION, ACTIONS[1], PROFILE_ARN),
    ],
)
def test_a_role_without_the_whole_permission(
    tls_files: TlsFiles,
    connect: Connect,
    statements: tuple[Statement, ...],
    action: str,
    missing: str,
) -> None:
    identity = make_identity("short", statements)
    with stand_in(tls_files, identity) as standin:
        status, code, message = refusal(ask_streaming, connect(identity, standin.endpoint_url))
    assert (status, code) == (403, "AccessDeniedException")
    assert message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/short/test is not authorized to perform: "
        f"{action} on resource: {missing} because no identity-based policy allows the {action} "
        "action"
    )


def test_the_two_operations_are_two_permissions(tls_files: TlsFiles, connect: Connect) -> None:
    identity = make_identity("no-streaming", NO_STREAMING)
    with stand_in(tls_files, identity) as standin:
        client = connect(identity, standin.endpoint_url)
        ask(client)
        assert refusal(ask_streaming, client)[:2] == (403, "AccessDeniedException")
