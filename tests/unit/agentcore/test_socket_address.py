"""Where the sockets of runtimes are: as botocore and AWS's own package have it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from bedrock_agentcore.runtime.agent_core_runtime_client import AgentCoreRuntimeClient
from botocore.credentials import RefreshableCredentials
from botocore.session import get_session

from tradewind.agentcore.arn import RuntimeArn
from tradewind.agentcore.calls import RuntimeCall
from tradewind.agentcore.socket_address import SocketAddresses
from tradewind.contracts.errors import ConfigurationError

SESSION_ID = "session-of-a-test-" + "0" * 20


def call_in(region: str, partition: str = "aws") -> RuntimeCall:
    arn = f"arn:{partition}:bedrock-agentcore:{region}:111122223333:runtime/agent-AbCdEfGhIj"
    return RuntimeCall(RuntimeArn.parse(arn), b"{}", SESSION_ID, lambda: 60.0)


def place_of(call: RuntimeCall) -> str:
    """Everything before the path of a runtime."""
    url = SocketAddresses(get_session()).signed(call).url
    place, found, _ = url.partition("/runtimes/arn%3Aaws")
    assert found
    return place


@pytest.mark.parametrize(
    ("region", "partition", "variables", "rest"),
    [
        ("us-east-1", "aws", "", ".us-east-1.amazonaws.com"),
        ("cn-north-1", "aws-cn", "", ".cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "aws-eusc", "", ".eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", "aws-iso", "DUALSTACK", ".us-iso-east-1.api.aws.ic.gov"),
        ("us-west-2", "aws", "DUALSTACK", ".us-west-2.api.aws"),
        (
            "us-gov-west-1",
            "aws-us-gov",
            "FIPS",
            "-fips.us-gov-west-1.amazonaws.com",
        ),
        ("us-west-2", "aws", "FIPS DUALSTACK", "-fips.us-west-2.api.aws"),
    ],
)
def test_a_region_has_the_host_that_botocores_rules_say(
    monkeypatch: pytest.MonkeyPatch, region: str, partition: str, variables: str, rest: str
) -> None:
    for variable in variables.split():
        monkeypatch.setenv(f"AWS_USE_{variable}_ENDPOINT", "true")
    assert place_of(call_in(region, partition)) == f"wss://bedrock-agentcore{rest}"


def test_a_configured_endpoint_is_taken_as_a_client_takes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://all.example:8443/base/")
    assert place_of(call_in("us-east-1")) == "wss://all.example:8443/base"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", "http://127.0.0.1:4566")
    assert place_of(call_in("us-east-1")) == "ws://127.0.0.1:4566"
    client = get_session().create_client("bedrock-agentcore", "us-east-1")
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert place_of(call_in("us-east-1")).endswith(".amazonaws.com")


@pytest.mark.parametrize("url", ["ftp://host", "https://", "host"])
def test_an_endpoint_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(ConfigurationError, match="endpoint"):
        place_of(call_in("us-east-1"))


def test_rules_that_contradict_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://all.example")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    with pytest.raises(ConfigurationError, match="us-east-1"):
        place_of(call_in("us-east-1"))


def test_an_address_is_what_aws_own_package_makes_of_it() -> None:
    call = call_in("us-west-2")
    theirs = AgentCoreRuntimeClient("us-west-2", boto3.Session())
    addresses = SocketAddresses(get_session())

    url, headers = theirs.generate_ws_connection(str(call.runtime), SESSION_ID, "DEFAULT")
    address = addresses.signed(call)
    assert address.url == url
    name = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
    assert address.headers[name] == headers[name]
    assert {"Authorization", "X-Amz-Date"} <= set(address.headers) & set(headers)

    presigned = urlsplit(addresses.presigned(call).url)
    other = urlsplit(theirs.generate_presigned_url(str(call.runtime), SESSION_ID, "DEFAULT"))
    assert presigned[:3] == other[:3]
    ours, others = parse_qs(presigned.query), parse_qs(other.query)
    changing = {"X-Amz-Date", "X-Amz-Signature"}
    assert {k: v for k, v in ours.items() if k not in changing} == {
        k: v for k, v in others.items() if k not in changing
    }
    assert set(ours) == set(others)


def test_what_opens_a_socket_is_shown_nowhere() -> None:
    assert "Credential" not in repr(SocketAddresses(get_session()).presigned(call_in("us-east-1")))
    assert "Credential" not in repr(SocketAddresses(get_session()).signed(call_in("us-east-1")))


def test_only_what_is_at_hand_is_signed_with_without_waiting() -> None:
    renewals: list[str] = []

    def renew() -> dict[str, str]:
        renewals.append("renewed")
        in_so_many_s = 3600 if len(renewals) > 1 else 60
        expires = datetime.now(UTC) + timedelta(seconds=in_so_many_s)
        return {
            "access_key": "a",
            "secret_key": "b",
            "token": "c",
            "expiry_time": expires.isoformat(),
        }

    session: Any = get_session()
    session._credentials = RefreshableCredentials.create_from_metadata(renew(), renew, "test")
    addresses = SocketAddresses(session)
    assert addresses.would_wait("us-east-1")
    renewals.clear()
    addresses.signed(call_in("us-east-1"))
    assert renewals == ["renewed"]
    assert addresses.would_wait("us-east-1")  # these are about to expire, too
    addresses.signed(call_in("us-east-1"))
    assert not addresses.would_wait("us-east-1")
    assert addresses.would_wait("us-west-2")

    lasting = SocketAddresses(get_session())
    lasting.signed(call_in("us-east-1"))
    assert not lasting.would_wait("us-east-1")
