"""A caller's key is changed without a moment in which the secret's key is not valid."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cli.callers import CallerKeys
from cli.errors import CommandError


class Account:
    """IAM and Secrets Manager as far as one user and one secret go; two keys at most, as AWS has.

    Before each write it may be cut short, which is what ``write`` does when it raises.
    """

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.versions: dict[str, str] = {}
        self.number = itertools.count(1)
        self.write: Callable[[str], None] = lambda _name: None

    def list_access_keys(self, UserName: str) -> dict[str, Any]:  # noqa: N803
        assert UserName == "tradewind-prod-caller-backend"
        return {"AccessKeyMetadata": [{"AccessKeyId": key} for key in self.keys]}

    def create_access_key(self, UserName: str) -> dict[str, Any]:  # noqa: N803
        self.write("create")
        if len(self.keys) == 2:
            raise refused("LimitExceeded")
        key = f"KEY{next(self.number)}"
        self.keys.append(key)
        return {"AccessKey": {"AccessKeyId": key, "SecretAccessKey": "hidden"}}

    def delete_access_key(self, UserName: str, AccessKeyId: str) -> None:  # noqa: N803
        self.write("delete")
        self.keys.remove(AccessKeyId)

    def get_secret_value(self, SecretId: str, VersionStage: str) -> dict[str, str]:  # noqa: N803
        assert SecretId == "tradewind/prod/callers/backend"
        if VersionStage not in self.versions:
            raise refused("ResourceNotFoundException")
        return {"SecretString": self.versions[VersionStage]}

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:  # noqa: N803
        self.write("put")
        if "AWSCURRENT" in self.versions:
            self.versions["AWSPREVIOUS"] = self.versions["AWSCURRENT"]
        self.versions["AWSCURRENT"] = SecretString

    @property
    def current(self) -> str:
        return str(json.loads(self.versions["AWSCURRENT"])["access_key_id"])


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Operation")


@pytest.fixture
def account() -> Account:
    return Account()


def keys(account: Account) -> CallerKeys:
    return CallerKeys("prod", "backend", account, account)


def test_the_first_key_is_made_and_kept(account: Account) -> None:
    said = keys(account).rotate()
    assert account.keys == [account.current] == ["KEY1"]
    assert "hidden" not in said


def test_the_key_before_is_valid_until_the_rotation_is_finished(account: Account) -> None:
    keys(account).rotate()
    keys(account).rotate()
    assert (account.keys, account.current) == (["KEY1", "KEY2"], "KEY2")
    assert keys(account).finish() == "1 older key ended."
    assert account.keys == ["KEY2"]
    assert keys(account).finish() == "0 older keys ended."


def test_a_rotation_waits_for_the_one_before(account: Account) -> None:
    keys(account).rotate()
    keys(account).rotate()
    with pytest.raises(CommandError, match="KEY1, is still valid"):
        keys(account).rotate()
    assert account.keys == ["KEY1", "KEY2"]


def test_nothing_ends_while_the_secret_has_no_valid_key(account: Account) -> None:
    account.keys = ["BYHAND"]
    with pytest.raises(CommandError, match="no valid key"):
        keys(account).finish()
    assert account.keys == ["BYHAND"]


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("at", ["create", "put", "delete"])
def test_a_run_cut_short_is_made_good_by_the_next(account: Account, at: str) -> None:
    keys(account).rotate()
    # A key that a run before left, so that this one deletes, creates and puts.
    account.create_access_key(UserName="")

    def cut(name: str) -> None:
        if name == at:
            raise Killed

    account.write = cut
    with pytest.raises(Killed):
        keys(account).rotate()
    assert account.current in account.keys
    account.write = lambda _name: None
    keys(account).rotate()
    assert account.current in account.keys
    keys(account).finish()
    assert account.keys == [account.current]


@pytest.mark.parametrize("kept_after_all", [False, True])
def test_a_key_that_may_not_have_been_kept_is_safe(
    account: Account, monkeypatch: pytest.MonkeyPatch, kept_after_all: bool
) -> None:
    keys(account).rotate()
    put = account.put_secret_value

    def fail(**secret: str) -> None:
        if kept_after_all:
            put(**secret)
        raise refused("InternalServiceError")

    monkeypatch.setattr(account, "put_secret_value", fail)
    with pytest.raises(CommandError, match="could not be kept: InternalServiceError"):
        keys(account).rotate()
    assert account.current in account.keys
    monkeypatch.undo()
    if kept_after_all:
        with pytest.raises(CommandError, match="still valid"):
            keys(account).rotate()
    else:
        keys(account).rotate()
    keys(account).finish()
    assert account.keys == [account.current]


def test_a_secret_of_something_else_is_not_overwritten(account: Account) -> None:
    account.versions["AWSCURRENT"] = "a password"
    with pytest.raises(CommandError, match="holds something else"):
        keys(account).rotate()
    assert account.keys == []


def test_a_caller_that_there_is_not_is_one_line(account: Account) -> None:
    def missing(UserName: str) -> None:  # noqa: N803
        raise refused("NoSuchEntity")

    account.list_access_keys = missing  # type: ignore[method-assign,assignment]
    with pytest.raises(CommandError, match="cannot be read: NoSuchEntity"):
        keys(account).rotate()


def test_what_is_not_aws_refusing_is_not_hidden(account: Account) -> None:
    def unreachable(_name: str) -> None:
        raise EndpointConnectionError(endpoint_url="https://iam")

    account.write = unreachable
    with pytest.raises(EndpointConnectionError):
        keys(account).rotate()
