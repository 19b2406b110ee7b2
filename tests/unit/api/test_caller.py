"""Whose a request is: the same for the same caller, and never the same for two."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.api.caller import owner_of
from tradewind.api.errors import Unidentified
from tradewind.contracts.names import OWNER_PATTERN

ACCOUNT = "123456789012"
STS = f"arn:aws:sts::{ACCOUNT}:assumed-role"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"


def event(identity: Any = None, authorizer: Any = None) -> dict[str, Any]:
    return {"requestContext": {"identity": identity, "authorizer": authorizer}}


def signed(arn: str) -> str:
    return owner_of(event({"userArn": arn}))


def token(issuer: str, subject: str) -> str:
    return owner_of(event({}, {"issuer": issuer, "subject": subject}))


@pytest.mark.parametrize(
    ("arn", "owner"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/ada", f"arn:aws:iam::{ACCOUNT}:user/ada"),
        (f"arn:aws:iam::{ACCOUNT}:user/team/ada", f"arn:aws:iam::{ACCOUNT}:user/team/ada"),
        (f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:root"),
        (f"{STS}/ci/run-1", f"{ROLE}/ci"),
        (f"{STS}/ci/run-2", f"{ROLE}/ci"),
        (
            f"{STS}/AWSReservedSSO_Dev_0123456789abcdef/ada@example.com",
            f"{ROLE}/AWSReservedSSO_Dev_0123456789abcdef/ada@example.com",
        ),
        (
            f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/ci/x1",
            f"arn:aws-us-gov:iam::{ACCOUNT}:role/ci",
        ),
        (
            f"arn:aws:sts::{ACCOUNT}:federated-user/ada",
            f"arn:aws:sts::{ACCOUNT}:federated-user/ada",
        ),
    ],
)
def test_a_signer_is_who_stays(arn: str, owner: str) -> None:
    assert signed(arn) == owner


@pytest.mark.parametrize(
    "identity",
    [
        None,
        {},
        {"userArn": None},
        {"userArn": ""},
        {"userArn": 7},
        {"userArn": "ada"},
        {"userArn": f"{STS}/ci"},
        {"userArn": f"{STS}/ci/run/1"},
        {"userArn": f"{STS}/ci/run 1"},
        {"user": "ada", "caller": "ada"},
    ],
)
def test_who_is_not_named_is_nobody(identity: Any) -> None:
    with pytest.raises(Unidentified):
        owner_of(event(identity))
    with pytest.raises(Unidentified):
        owner_of({"headers": {"x-owner": "ada"}, "body": '{"owner": "ada"}'})


def test_those_of_an_identity_pool_are_not_one() -> None:
    arn = f"{STS}/pool/CognitoIdentityCredentials"
    owners = {
        owner_of(event({"userArn": arn, "cognitoIdentityId": one}))
        for one in ("us-east-1:a-1", "us-east-1:b-2")
    }
    assert owners == {"cognito:us-east-1:a-1", "cognito:us-east-1:b-2"}


def test_a_token_is_its_issuers_word_for_somebody() -> None:
    assert token("https://login.example.com/", "ada") == "oidc:login.example.com:ada"
    assert token("https://example.com/realms/a", "ada") == "oidc:example.com/realms/a:ada"


@pytest.mark.parametrize("issuer", ["", "login.example.com", "http://example.com", "https://"])
def test_an_issuer_is_an_https_address(issuer: str) -> None:
    with pytest.raises(Unidentified):
        token(issuer, "ada")


def test_a_signer_comes_before_what_an_authorizer_says() -> None:
    both = event(
        {"userArn": f"arn:aws:iam::{ACCOUNT}:user/ada"}, {"issuer": "https://i", "subject": "s"}
    )
    assert owner_of(both) == f"arn:aws:iam::{ACCOUNT}:user/ada"


NAMES = st.text("abAB09+=,.@_-", min_size=2, max_size=64)
ARNS = st.one_of(
    st.builds(
        f"arn:aws:iam::{ACCOUNT}:user/{{}}".format, st.text("ab/+=,.@_-", min_size=1, max_size=400)
    ),
    st.builds(f"{STS}/{{}}/{{}}".format, NAMES, NAMES),
    st.builds(
        f"{STS}/AWSReservedSSO_{{}}/{{}}".format, st.text("ab0", min_size=1, max_size=40), NAMES
    ),
)
SUBJECTS = st.one_of(
    st.text(min_size=1, max_size=300),
    st.from_regex(r"(sha256-)?[0-9a-f]{64}", fullmatch=True),
    st.sampled_from(["repo:org/x:ref", "8443:ada", "a:b", "a", "b"]),
)
ISSUERS = st.builds(
    "https://{}{}{}".format,
    st.sampled_from(["a.example", "b.example"]),
    st.sampled_from(["", ":8443", ":1"]),
    st.text("ab/:=~|", max_size=8).map(lambda path: f"/{path}" if path else ""),
)


@given(ARNS, ARNS)
def test_no_two_signers_share_an_owner_but_a_roles_sessions(one: str, other: str) -> None:
    owners = signed(one), signed(other)
    for owner in owners:
        assert re.fullmatch(OWNER_PATTERN.strip("^$"), owner)
    if owners[0] == owners[1] and one != other:
        assert one.startswith(STS)
        assert "AWSReservedSSO_" not in one
        assert one.rpartition("/")[0] == other.rpartition("/")[0]


@given(ISSUERS, SUBJECTS, ISSUERS, SUBJECTS)
def test_no_two_token_holders_share_an_owner(i1: str, s1: str, i2: str, s2: str) -> None:
    owners = token(i1, s1), token(i2, s2)
    for owner in owners:
        assert re.fullmatch(OWNER_PATTERN.strip("^$"), owner)
    same = (i1.rstrip("/"), s1) == (i2.rstrip("/"), s2)
    assert (owners[0] == owners[1]) == same
