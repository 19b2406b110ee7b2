"""What a deployment takes back: what is there, in no stack, and would be made again."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.deployment import stacks as stacks_module
from cli.deployment.imports import take_back, to_take_back
from cli.deployment.kept import Kept
from cli.deployment.stacks import Stacks
from cli.deployment.unfinished import finish, refuse_half_deleted, unfinished
from cli.errors import CommandError
from stacks.names import StackId
from tests.unit.cli.deployment.fake_account import Account, Resource

LOGS = "/aws/lambda/tradewind-dev-a"
KEPT = "RetainExceptOnCreate"
#: The templates of an app, as they are synthesized.
TEMPLATES: dict[str, dict[str, Any]] = {
    "State": {
        "DataKey": {"Type": "AWS::KMS::Key", "Properties": {}},
        "Records": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"SSESpecification": {"Key": {"Fn::GetAtt": ["DataKey", "Arn"]}}},
        },
        "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/tradewind-dev"}},
    },
    "Agents": {
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": LOGS}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}},
    },
    "AgentCore": {
        "RuntimeLogs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": {"Fn::Join": ["", ["/aws/", {"Ref": "Runtime"}]]}},
        }
    },
    "Observability": {"Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {}}},
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(stacks_module, "_LOOK_S", 0.0)
    return Account()


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    for name, resources in TEMPLATES.items():
        text = json.dumps({"Resources": resources})
        (tmp_path / f"{name}.template.json").write_text(text)
    return tmp_path


def found(account: Account, assembly: Path) -> list[str]:
    stacks = Stacks("dev", account.client)
    return [
        f"{one.stack}/{one.logical_id}={one.identifier}"
        for one in to_take_back(stacks, account.client, assembly)
    ]


def once_deployed(account: Account) -> None:
    account.stack(
        "Tradewind-dev-State",
        DataKey=Resource("AWS::KMS::Key", "key-1", KEPT),
        Records=Resource("AWS::DynamoDB::Table", "records-1", KEPT),
        Alias=Resource("AWS::KMS::Alias", "alias/tradewind-dev"),
    )
    account.stack(
        "Tradewind-dev-Agents",
        Logs=Resource("AWS::Logs::LogGroup", LOGS, KEPT),
        Queue=Resource("AWS::SQS::Queue", "https://sqs/q", KEPT),
    )
    account.stack(
        "Tradewind-dev-AgentCore",
        RuntimeLogs=Resource("AWS::Logs::LogGroup", "/aws/old-runtime", KEPT),
    )


ALL = [
    "State/DataKey=key-1",
    "State/Records=records-1",
    f"Agents/Logs={LOGS}",
    "Agents/Queue=https://sqs/q",
]


def test_a_first_deployment_takes_nothing(account: Account, assembly: Path) -> None:
    assert found(account, assembly) == []


def test_what_outlived_its_stacks_is_found_by_name_or_on_record(
    account: Account, assembly: Path
) -> None:
    once_deployed(account)
    # While it is in them, it is not.
    assert found(account, assembly) == []
    for stack in reversed(list(account.stacks)):
        account.delete_stack(stack.id)
    # A new runtime has a new log, so the old one's is not taken for it.
    assert found(account, assembly) == ALL


def test_the_record_is_of_the_last_stack_of_the_name(account: Account, assembly: Path) -> None:
    for number in (1, 2):
        made = account.stack(
            "Tradewind-dev-State",
            DataKey=Resource("AWS::KMS::Key", f"key-{number}", KEPT),
            Records=Resource("AWS::DynamoDB::Table", f"records-{number}", KEPT),
        )
        account.delete_stack(made.id)
    assert found(account, assembly) == ["State/DataKey=key-2", "State/Records=records-2"]


def test_an_agents_log_is_found_after_it_was_taken_out(account: Account, assembly: Path) -> None:
    once_deployed(account)
    agents = next(one for one in account.stacks if one.name.endswith("Agents"))
    account.leaves(agents, "Logs")
    assert found(account, assembly) == [f"Agents/Logs={LOGS}"]


def test_what_another_stack_has_is_not_taken(account: Account, assembly: Path) -> None:
    account.stack("Elsewhere", Logs=Resource("AWS::Logs::LogGroup", LOGS))
    assert found(account, assembly) == []


def test_a_table_without_its_key_is_not_taken_for_whole(account: Account, assembly: Path) -> None:
    once_deployed(account)
    for stack in reversed(list(account.stacks)):
        account.delete_stack(stack.id)
    account.pending.add("key-1")
    with pytest.raises(CommandError, match="The table records-1 outlived its stack, and DataKey"):
        found(account, assembly)


def test_each_stack_is_imported_when_what_it_names_is_there(assembly: Path) -> None:
    ran: list[Sequence[str]] = []
    kept = [
        Kept(StackId.AGENTCORE, "X", "AWS::SQS::Queue", "https://sqs/x"),
        Kept(StackId.STATE, "DataKey", "AWS::KMS::Key", "key-1"),
    ]
    take_back(kept, assembly, ran.append)
    app = f"--app={assembly}"
    of_state = '--resource-mapping-inline={"DataKey": {"KeyId": "key-1"}}'
    of_agentcore = '--resource-mapping-inline={"X": {"QueueUrl": "https://sqs/x"}}'
    deploy = [app, "--exclusively", "--require-approval=never"]
    assert ran == [
        ["import", "State", app, of_state, "--force"],
        ["deploy", "State", *deploy],
        ["deploy", "Agents", *deploy],
        ["import", "AgentCore", app, of_agentcore, "--force"],
        ["deploy", "AgentCore", *deploy],
    ]
    ran.clear()
    take_back([], assembly, ran.append)
    assert ran == []


# -- what an earlier deployment left half done


def run_finish(account: Account) -> tuple[bool, list[Sequence[str]]]:
    ran: list[Sequence[str]] = []
    stacks = Stacks("dev", account.client)
    return finish(stacks, account.client, ran.append, "--app=x", account.log.append), ran


def test_a_stack_whose_creation_failed_is_deleted_though_it_is_protected(account: Account) -> None:
    account.stack("Tradewind-dev-Agents", "ROLLBACK_COMPLETE", protected=True)
    account.stack(
        "Tradewind-dev-State",
        "ROLLBACK_FAILED",
        protected=True,
        Records=Resource("AWS::DynamoDB::Table", "records-1", KEPT),
    )
    deployed = Stacks("dev", account.client).deployed()
    assert [line.partition(" ")[0] for line in unfinished(deployed)] == [
        "Tradewind-dev-State",
        "Tradewind-dev-Agents",
    ]
    assert run_finish(account) == (True, [])
    assert [one for one in account.log if one.startswith("delete ")] == [
        "delete Tradewind-dev-Agents",
        "delete Tradewind-dev-State",
    ]
    assert run_finish(account) == (False, [])


def test_a_stack_that_was_only_announced_goes_without_a_word(account: Account) -> None:
    account.stack("Tradewind-dev-State", "REVIEW_IN_PROGRESS", protected=True)
    assert unfinished(Stacks("dev", account.client).deployed()) == []
    assert run_finish(account) == (True, [])
    assert Stacks("dev", account.client).deployed() == []


def test_what_resisted_the_undoing_of_its_creation_is_removed_and_nothing_else(
    account: Account, assembly: Path
) -> None:
    stack = account.stack(
        "Tradewind-dev-State",
        "ROLLBACK_FAILED",
        protected=True,
        DataKey=Resource("AWS::KMS::Key", "key-1", KEPT),
        Records=Resource("AWS::DynamoDB::Table", "records-1", KEPT),
    )
    stack.happened("Records", stack.resources["Records"], "DELETE_FAILED")
    # Imported before, and no work of this stack's.
    other = Resource("AWS::DynamoDB::Table", "records-0", KEPT)
    account.data["records-0"] = other.type
    stack.happened("Other", other, "IMPORT_COMPLETE")
    stack.happened("Other", other, "DELETE_FAILED")
    # Made, undone, and gone from the stack: the name may be anybody's by now.
    gone = Resource("AWS::DynamoDB::Table", "records-2", KEPT)
    account.data["records-2"] = gone.type
    for status in ("CREATE_COMPLETE", "DELETE_COMPLETE"):
        stack.happened("Gone", gone, status)
    run_finish(account)
    removed = ["unprotect records-1", "wait records-1", "remove table records-1"]
    assert account.log[:3] == removed
    assert set(account.data) == {"key-1", "records-0", "records-2"}


def test_what_a_deletion_half_done_still_has_is_not_taken(account: Account) -> None:
    stack = account.stack(
        "Tradewind-dev-State", "DELETE_FAILED", Logs=Resource("AWS::S3::Bucket", "b")
    )
    stack.resources["Logs"].status = "DELETE_FAILED"
    assert Stacks("dev", account.client).owner("b") == "Tradewind-dev-State"


def test_a_table_that_is_in_use_under_its_name_is_not_the_one_before(
    account: Account, assembly: Path
) -> None:
    state = account.stack("Tradewind-dev-State", DataKey=Resource("AWS::KMS::Key", "key-1", KEPT))
    # It was kept, taken back, and then deleted for good: the last of the three counts.
    table = Resource("AWS::DynamoDB::Table", "records-1", KEPT)
    for status in ("DELETE_SKIPPED", "IMPORT_COMPLETE", "DELETE_COMPLETE"):
        state.happened("Records", table, status)
    account.data["records-1"] = table.type
    assert found(account, assembly) == []


def test_only_what_was_left_is_taken(account: Account, assembly: Path) -> None:
    # On record as something that failed to be made, by a name that somebody else has by now.
    state = account.stack("Tradewind-dev-State", DataKey=Resource("AWS::KMS::Key", "key-1", KEPT))
    table = Resource("AWS::DynamoDB::Table", "records-9", KEPT)
    account.data["records-9"] = table.type
    state.happened("Records", table, "CREATE_FAILED")
    assert found(account, assembly) == []


def test_a_failed_creation_counts_for_nothing(account: Account, assembly: Path) -> None:
    account.stack(
        "Tradewind-dev-Agents",
        "ROLLBACK_COMPLETE",
        Logs=Resource("X", "x"),
        Queue=Resource("X", ""),
    )
    account.data[LOGS] = "AWS::Logs::LogGroup"
    assert found(account, assembly) == [f"Agents/Logs={LOGS}"]


def test_an_update_that_was_undone_half_is_undone(account: Account) -> None:
    account.stack("Tradewind-dev-Api", "UPDATE_ROLLBACK_FAILED")
    account.stack("Tradewind-dev-State", "UPDATE_ROLLBACK_COMPLETE")
    assert run_finish(account) == (True, [["rollback", "Api", "--app=x"]])


def test_what_is_half_deleted_is_not_deployed_into(account: Account) -> None:
    account.stack("Tradewind-dev-State", "DELETE_FAILED")
    with pytest.raises(CommandError, match="`tradewind destroy dev` finishes it"):
        refuse_half_deleted("dev", Stacks("dev", account.client).deployed())


def test_a_stack_at_work_is_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = account.stack("Tradewind-dev-State", "UPDATE_IN_PROGRESS")
    account.stack("Tradewind-dev-Api", "REVIEW_IN_PROGRESS")
    looks = iter(["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"])
    monkeypatch.setattr("time.sleep", lambda _s: setattr(stack, "status", next(looks)))
    said: list[str] = []
    settled = Stacks("dev", account.client).settled(said.append)
    assert [one.status for one in settled] == ["UPDATE_COMPLETE", "REVIEW_IN_PROGRESS"]
    assert said == [
        "CloudFormation is at work on Tradewind-dev-State (UPDATE_IN_PROGRESS); waiting for it."
    ]
