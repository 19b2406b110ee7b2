"""An environment's end: what goes, what stays, in which order, and what stops it."""

import pytest

from cli.deployment import stacks as stacks_module
from cli.deployment.kept import left_behind
from cli.deployment.removal import Removal
from cli.deployment.stacks import ORDER, Stacks
from cli.errors import CommandError
from tests.unit.cli.deployment.fake_account import Account, Resource


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(stacks_module, "_LOOK_S", 0.0)
    return Account()


def removal(account: Account, *, keep_data: bool = False) -> Removal:
    stacks = Stacks("dev", account.client)
    return Removal(stacks, account.client, keep_data=keep_data, say=account.log.append)


def bucket(name: str, policy: str = "Delete") -> Resource:
    return Resource("AWS::S3::Bucket", name, policy)


def test_stacks_go_in_reverse_and_each_bucket_is_empty_by_then(account: Account) -> None:
    account.stack("Tradewind-dev-State", Artifacts=bucket("a"), Logs=bucket("l"))
    account.stack("Tradewind-dev-Agents")
    account.stack("Tradewind-prod-State", Artifacts=bucket("theirs"))
    account.objects = {
        "a": [{"Key": "x", "VersionId": "1"}, {"Key": "x", "VersionId": "2", "mark": ""}],
        "theirs": [{"Key": "x", "VersionId": "1"}],
    }
    plan = removal(account)
    assert plan.going() == ["bucket a", "bucket l"]
    assert plan.staying() == []
    assert plan.run() == (["Tradewind-dev-Agents", "Tradewind-dev-State"], [])
    changes = [one for one in account.log if not one.startswith(("Deleted", "Emptied"))]
    assert changes == [
        "delete Tradewind-dev-Agents",
        # Nobody writes artifacts by now, and S3 no logs about them.
        "no logs a",
        "no logs l",
        "empty a",
        "delete Tradewind-dev-State",
    ]
    assert account.objects["theirs"]
    assert "Emptied a: 2 versions of objects." in account.log


def test_logs_that_come_late_are_taken_out_again(account: Account) -> None:
    account.stack("Tradewind-dev-State", Logs=bucket("l"))
    account.late = {"l": 2}
    assert removal(account).run()[0] == ["Tradewind-dev-State"]
    assert account.log.count("delete Tradewind-dev-State") == 3


def test_what_does_not_go_is_said_with_its_reason(account: Account) -> None:
    account.stack("Tradewind-dev-State", Logs=bucket("l"))
    account.late = {"l": 99}
    with pytest.raises(CommandError, match="State is still there: Logs: The bucket you tried"):
        removal(account).run()
    # Nothing is in its way any more.
    account.late = {}
    assert removal(account).run()[0] == ["Tradewind-dev-State"]


def test_objects_that_s3_keeps_stop_it(account: Account) -> None:
    account.stack("Tradewind-dev-State", Artifacts=bucket("a"))
    account.objects = {"a": [{"Key": "x", "VersionId": "1", "locked": ""}]}
    with pytest.raises(CommandError, match="S3 keeps 1 objects of a: x: AccessDenied"):
        removal(account).run()
    assert "delete Tradewind-dev-State" not in account.log


def test_a_callers_keys_go_before_the_caller(account: Account) -> None:
    account.stack("Tradewind-dev-Api", User=Resource("AWS::IAM::User", "tradewind-dev-caller-b"))
    account.keys = {"tradewind-dev-caller-b": ["K1", "K2"]}
    assert removal(account).run()[0] == ["Tradewind-dev-Api"]
    assert account.keys == {"tradewind-dev-caller-b": []}


def kept_environment(account: Account, *, protected: bool = True) -> None:
    account.stack(
        "Tradewind-dev-State",
        protected=protected,
        Artifacts=bucket("a", "RetainExceptOnCreate"),
        Records=Resource("AWS::DynamoDB::Table", "records", "RetainExceptOnCreate"),
        DataKey=Resource("AWS::KMS::Key", "key-1", "RetainExceptOnCreate"),
    )
    agents = account.stack(
        "Tradewind-dev-Agents",
        protected=protected,
        Logs=Resource("AWS::Logs::LogGroup", "/aws/lambda/tradewind-dev-a", "RetainExceptOnCreate"),
        Old=Resource("AWS::SQS::Queue", "https://sqs/old", "RetainExceptOnCreate"),
    )
    account.leaves(agents, "Old")
    account.objects = {"a": [{"Key": "x", "VersionId": "1"}]}


def test_protected_stacks_are_refused_unless_they_are_meant(account: Account) -> None:
    kept_environment(account)
    plan = removal(account, keep_data=True)
    with pytest.raises(CommandError, match="`tradewind destroy dev --protected` deletes them and"):
        plan.refuse_protected("dev", allowed=False)
    plan.refuse_protected("dev", allowed=True)
    # Their data would go with the settings as they are now, and it is in nobody's plan yet.
    with pytest.raises(CommandError, match="`tradewind deploy dev` says so, then this again"):
        removal(account, keep_data=False).refuse_protected("dev", allowed=True)


def test_what_is_kept_outlives_its_stacks(account: Account) -> None:
    kept_environment(account)
    before = dict(account.data)
    plan = removal(account, keep_data=True)
    assert plan.going() == []
    assert sorted(plan.staying()) == [
        "bucket a",
        "key key-1",
        "log group /aws/lambda/tradewind-dev-a",
        "queue https://sqs/old",
        "table records",
    ]
    plan.refuse_other_settings("dev")
    assert plan.run() == (["Tradewind-dev-Agents", "Tradewind-dev-State"], [])
    assert account.data == before
    assert account.objects["a"]
    assert removal(account, keep_data=True).nothing


def test_what_outlived_its_stacks_goes_when_it_is_not_kept_any_more(account: Account) -> None:
    kept_environment(account)
    removal(account, keep_data=True).run()
    account.log.clear()
    plan = removal(account, keep_data=False)
    assert not plan.nothing
    assert len(plan.going()) == 5
    gone, removed = plan.run()
    assert (gone, len(removed)) == ([], 5)
    # The key last: everything else is read with it.
    assert [one for one in account.log if one.startswith("remove")] == [
        "remove bucket a",
        "remove table records",
        "remove queue https://sqs/old",
        "remove log group /aws/lambda/tradewind-dev-a",
        "remove key key-1",
    ]
    assert removal(account, keep_data=False).nothing


def test_a_removal_that_was_cut_goes_on(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_environment(account)
    removal(account, keep_data=True).run()
    with monkeypatch.context() as patch:
        patch.setattr(account, "delete_queue", lambda **_: _interrupt())
        with pytest.raises(KeyboardInterrupt):
            removal(account).run()
    assert removal(account).going() == [
        "key key-1",
        "log group /aws/lambda/tradewind-dev-a",
        "queue https://sqs/old",
    ]
    removal(account).run()
    assert removal(account).nothing


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_what_was_deployed_to_go_is_not_lost_by_settings_that_keep(account: Account) -> None:
    account.stack("Tradewind-dev-State", Artifacts=bucket("a"))
    with pytest.raises(
        CommandError, match=r"bucket a would be gone\. `tradewind deploy dev` first"
    ):
        removal(account, keep_data=True).refuse_other_settings("dev")


def test_what_is_in_a_stack_again_is_not_left_behind(account: Account) -> None:
    kept_environment(account, protected=False)
    removal(account, keep_data=True).run()
    account.stack("Tradewind-dev-State", Artifacts=bucket("a", "RetainExceptOnCreate"))
    account.stack("Elsewhere", Table=Resource("AWS::DynamoDB::Table", "records"))
    left = left_behind(Stacks("dev", account.client), account.client, ORDER)
    assert sorted(str(one) for one in left) == [
        "key key-1",
        "log group /aws/lambda/tradewind-dev-a",
        "queue https://sqs/old",
    ]
