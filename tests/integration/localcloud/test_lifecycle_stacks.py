"""Stacks change in the states in which AWS lets them, and give back what they share in no other."""

import contextlib
import json
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.localcloud.conftest import Client
from tests.integration.localcloud.stacks_api import ImportFailed, Stacks, resource


@pytest.fixture(scope="module")
def stacks(client: Client) -> Stacks:
    return Stacks(client)


def group(name: str, policy: str | None = None, **properties: Any) -> dict[str, Any]:
    return resource("AWS::Logs::LogGroup", policy, LogGroupName=name, **properties)


#: At 0.05 s each: an end to a hang.
LOOKS = 2400
FAILS = resource("AWS::S3::Bucket", AccelerateConfiguration={"AccelerationStatus": "Enabled"})


def after(earlier: str, made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "DependsOn": earlier}


def group_exists(client: Client, name: str) -> bool:
    found = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return name in [one["logGroupName"] for one in found]


def id_when_it_is(client: Client, name: str, *states: str) -> str:
    """Wait until a stack is in one of these states."""
    for _ in range(LOOKS):
        with contextlib.suppress(ClientError):
            (stack,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
            if stack["StackStatus"] in states:
                return str(stack["StackId"])
        time.sleep(0.05)
    raise TimeoutError(f"{name} did not become {' or '.join(states)}")


class TestFailedCreation:
    @pytest.mark.parametrize(
        ("policy", "kept"),
        [(None, False), ("Delete", False), ("Retain", True), ("RetainExceptOnCreate", False)],
    )
    def test_its_rollback_keeps_what_is_retained_and_nothing_more(
        self, stacks: Stacks, client: Client, policy: str | None, kept: bool
    ) -> None:
        name = f"/failed/{policy}"
        made = {"Group": group(name, policy), "Fails": after("Group", FAILS)}
        assert stacks.create(f"failed-{policy}", made) == "ROLLBACK_COMPLETE"
        assert group_exists(client, name) is kept

    def test_the_retry_meets_what_was_retained(self, stacks: Stacks) -> None:
        made = {"Group": group("/retried", "Retain")}
        stacks.create("retried", {**made, "Fails": after("Group", FAILS)})
        assert stacks.delete("retried") == "DELETE_COMPLETE"
        assert stacks.create("retried", made) == "ROLLBACK_COMPLETE"
        (reason,) = stacks.reasons("retried")
        assert reason == (
            "Resource of type 'AWS::Logs::LogGroup' with identifier "
            '\'{"/properties/LogGroupName":"/retried"}\' already exists.'
        )

    def test_a_stack_that_was_rolled_back_can_only_be_deleted(
        self, stacks: Stacks, client: Client
    ) -> None:
        good = {"Group": group("/only-deleted")}
        stacks.create("only-deleted", {"Fails": FAILS})
        state = r"is in ROLLBACK_COMPLETE state and can not be updated\."
        with pytest.raises(ClientError, match=r"Stack \[only-deleted\] already exists"):
            stacks.create("only-deleted", good)
        with pytest.raises(ClientError, match=state):
            stacks.update("only-deleted", good)
        with pytest.raises(ClientError, match=state):
            stacks.change_set("only-deleted", "UPDATE", good)
        with pytest.raises(ClientError, match="already exists and cannot be created again"):
            stacks.change_set("only-deleted", "CREATE", good)
        assert not group_exists(client, "/only-deleted")
        assert stacks.delete("only-deleted") == "DELETE_COMPLETE"
        assert stacks.create("only-deleted", good) == "CREATE_COMPLETE"


class TestFailedUpdate:
    def test_it_goes_back_and_can_be_tried_again(self, stacks: Stacks, client: Client) -> None:
        first = {"Group": group("/goes-back", RetentionInDays=1)}
        second = {
            "Group": group("/goes-back", RetentionInDays=3),
            "New": group("/goes-back-new", "RetainExceptOnCreate"),
        }
        stacks.create("goes-back", first)
        failing = {**second, "Fails": {**FAILS, "DependsOn": ["Group", "New"]}}
        assert stacks.update("goes-back", failing) == "UPDATE_ROLLBACK_COMPLETE"
        (kept,) = client("logs").describe_log_groups(logGroupNamePrefix="/goes-back")["logGroups"]
        assert kept["retentionInDays"] == 1
        assert stacks.update("goes-back", second) == "UPDATE_COMPLETE"

    def test_one_that_cannot_go_back_waits_until_it_is_continued(
        self, stacks: Stacks, client: Client
    ) -> None:
        # What was brought in need not be as its template says, and cannot become so here.
        client("logs").create_log_group(logGroupName="/stuck")
        wrong = {"Group": group("/stuck", "Retain", RetentionInDays=2)}
        stacks.bring_in("stuck", wrong, {"Group": {"LogGroupName": "/stuck"}})
        changed = {"Group": group("/stuck", "Retain", RetentionInDays=3)}
        failing = {**changed, "Fails": after("Group", FAILS)}
        assert stacks.update("stuck", failing) == "UPDATE_ROLLBACK_FAILED"
        with pytest.raises(ClientError, match=r"is in UPDATE_ROLLBACK_FAILED state and can not"):
            stacks.update("stuck", changed)
        cloudformation = client("cloudformation")
        cloudformation.continue_update_rollback(StackName="stuck")
        assert stacks.status("stuck") == "UPDATE_ROLLBACK_FAILED"
        cloudformation.continue_update_rollback(StackName="stuck", ResourcesToSkip=["Group"])
        assert stacks.status("stuck") == "UPDATE_ROLLBACK_COMPLETE"
        assert stacks.update("stuck", changed) == "UPDATE_COMPLETE"


class TestTakenNames:
    def test_the_other_stack_is_named(self, stacks: Stacks) -> None:
        stacks.create("owner", {"Group": group("/owned")})
        assert stacks.create("robber", {"Group": group("/owned")}) == "ROLLBACK_COMPLETE"
        (reason,) = stacks.reasons("robber")
        assert reason.startswith("/owned already exists in stack arn:aws:cloudformation:")
        assert ":stack/owner/" in reason

    def test_a_resource_is_not_renamed_to_a_name_that_is_taken(
        self, stacks: Stacks, client: Client
    ) -> None:
        client("logs").create_log_group(logGroupName="/somebodys")
        stacks.create("renamed", {"Group": group("/mine")})
        assert stacks.update("renamed", {"Group": group("/somebodys")}) == (
            "UPDATE_ROLLBACK_COMPLETE"
        )
        assert "already exists" in stacks.reasons("renamed")[0]
        assert group_exists(client, "/mine")

    def test_a_generated_name_meets_nothing_that_an_earlier_stack_left(
        self, stacks: Stacks
    ) -> None:
        made = {"Topic": resource("AWS::SNS::Topic", "Retain")}
        stacks.create("generated", made)
        first = stacks.holds("generated")
        stacks.delete("generated")
        assert stacks.create("generated", made) == "CREATE_COMPLETE"
        assert stacks.holds("generated") != first

    def test_who_gives_up_a_name_is_replaced_under_a_generated_one(
        self, stacks: Stacks, client: Client
    ) -> None:
        for number, kind in enumerate(("AWS::SNS::Topic", "AWS::SecretsManager::Secret")):
            name = f"gives-up-{number}"
            key = "TopicName" if kind.endswith("Topic") else "Name"
            stacks.create(name, {"It": resource(kind, **{key: name})})
            (old,) = stacks.holds(name).values()
            assert stacks.update(name, {"It": resource(kind)}) == "UPDATE_COMPLETE"
            (new,) = stacks.holds(name).values()
            assert new != old
        assert name not in [
            s["Name"] for s in client("secretsmanager").list_secrets()["SecretList"]
        ]


class TestImport:
    def test_what_was_kept_is_brought_in_as_it_is_and_is_the_stacks_again(
        self, stacks: Stacks, client: Client
    ) -> None:
        made = {"Group": group("/brought-in", "RetainExceptOnCreate", RetentionInDays=5)}
        stacks.create("brought-in", made)
        client("logs").create_log_stream(logGroupName="/brought-in", logStreamName="kept")
        stacks.delete("brought-in")
        identifier = {"Group": {"LogGroupName": "/brought-in"}}
        assert stacks.bring_in("brought-in", made, identifier) == "IMPORT_COMPLETE"
        (stream,) = client("logs").describe_log_streams(logGroupName="/brought-in")["logStreams"]
        assert stream["logStreamName"] == "kept"
        changed = {"Group": group("/brought-in", "Delete", RetentionInDays=7)}
        assert stacks.update("brought-in", changed) == "UPDATE_COMPLETE"
        stacks.delete("brought-in")
        assert not group_exists(client, "/brought-in")

    def test_it_needs_a_deletion_policy(self, stacks: Stacks, client: Client) -> None:
        client("logs").create_log_group(logGroupName="/no-policy")
        with pytest.raises(ClientError, match="must have DeletionPolicy attribute"):
            stacks.bring_in(
                "no-policy",
                {"Group": group("/no-policy")},
                {"Group": {"LogGroupName": "/no-policy"}},
            )

    def test_nothing_else_changes_with_it(self, stacks: Stacks, client: Client) -> None:
        client("logs").create_log_group(logGroupName="/with-others")
        brought = {"Group": group("/with-others", "Retain")}
        identifiers = {"Group": {"LogGroupName": "/with-others"}}
        stacks.create("with-others", {"Topic": resource("AWS::SNS::Topic", DisplayName="a")})
        for others in (
            {"Topic": resource("AWS::SNS::Topic", DisplayName="b")},
            {"Topic": resource("AWS::SNS::Topic", DisplayName="a"), "New": group("/new")},
            {},
        ):
            with pytest.raises(ClientError, match="ValidationError"):
                stacks.bring_in("with-others", {**others, **brought}, identifiers)

    def test_what_is_not_there_or_is_another_stacks_is_refused(self, stacks: Stacks) -> None:
        with pytest.raises(ImportFailed, match="was not found"):
            stacks.bring_in(
                "not-there",
                {"Group": group("/not-there", "Retain")},
                {"Group": {"LogGroupName": "/not-there"}},
            )
        stacks.create("holder", {"Group": group("/held")})
        with pytest.raises(ImportFailed, match="already exists in stack"):
            stacks.bring_in(
                "taker", {"Group": group("/held", "Retain")}, {"Group": {"LogGroupName": "/held"}}
            )


class TestDeletion:
    def test_one_that_is_being_made_is_deleted_when_it_is_made(self, client: Client) -> None:
        # Each asks its service for more than its creation, which takes a while.
        table = resource(
            "AWS::DynamoDB::Table",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
        made = {f"Table{number}": table for number in range(60)}
        asked = {"StackName": "being-made", "TemplateBody": json.dumps({"Resources": made})}
        creation = threading.Thread(target=client("cloudformation").create_stack, kwargs=asked)
        creation.start()
        stack_id = id_when_it_is(client, "being-made", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
        client("cloudformation").delete_stack(StackName=stack_id)
        creation.join()
        id_when_it_is(client, stack_id, "DELETE_COMPLETE")
        left = client("dynamodb").list_tables()["TableNames"]
        assert not [name for name in left if name.startswith("being-made-")]

    def test_each_life_of_a_name_is_on_record(self, stacks: Stacks, client: Client) -> None:
        cloudformation = client("cloudformation")
        kept = {"Topic": resource("AWS::SNS::Topic", "Retain")}
        lives = []
        for _ in range(2):
            stacks.create("lives-again", kept)
            lives.append((stacks.identifier("lives-again"), *stacks.holds("lives-again").values()))
            stacks.delete("lives-again")
        stacks.create("lives-again", kept)
        pages = cloudformation.get_paginator("list_stacks").paginate(
            StackStatusFilter=["DELETE_COMPLETE"]
        )
        gone = {one["StackId"] for page in pages for one in page["StackSummaries"]}
        assert {stack for stack, _ in lives} <= gone
        assert stacks.identifier("lives-again") not in gone
        for stack, topic in lives:
            skipped = [
                event["PhysicalResourceId"]
                for event in stacks.events(stack)
                if event["ResourceStatus"] == "DELETE_SKIPPED"
            ]
            assert skipped == [topic]

    def test_a_protected_stack_is_not_deleted(self, stacks: Stacks, client: Client) -> None:
        made = {"Group": group("/protected-stack")}
        stacks.create("protected", made, EnableTerminationProtection=True)
        with pytest.raises(ClientError, match="TerminationProtection is enabled"):
            stacks.delete("protected")
        client("cloudformation").update_termination_protection(
            StackName="protected", EnableTerminationProtection=False
        )
        assert stacks.delete("protected") == "DELETE_COMPLETE"

    @pytest.mark.parametrize("versioned", [False, True])
    def test_a_full_bucket_stays_and_the_rest_goes(
        self, stacks: Stacks, client: Client, versioned: bool
    ) -> None:
        name, s3 = f"full-{versioned}".lower(), client("s3")
        status: Any = {"Status": "Enabled" if versioned else "Suspended"}
        made = {
            "Bucket": resource("AWS::S3::Bucket", BucketName=name, VersioningConfiguration=status),
            "Group": group(f"/{name}"),
        }
        stacks.create(name, made)
        s3.put_object(Bucket=name, Key="kept", Body=b"kept")
        if versioned:  # only a version and its marker are left
            s3.delete_object(Bucket=name, Key="kept")
        assert stacks.delete(name) == "DELETE_FAILED"
        assert "You must delete all versions in the bucket." in stacks.reasons(name)[1]
        assert list(stacks.holds(name)) == ["Bucket"]
        assert not group_exists(client, f"/{name}")
        found = s3.list_object_versions(Bucket=name)
        for version in found.get("Versions", []) + found.get("DeleteMarkers", []):
            s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
        assert stacks.delete(name) == "DELETE_COMPLETE"
        assert name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]

    def test_what_cannot_be_deleted_can_be_left_behind(
        self, stacks: Stacks, client: Client
    ) -> None:
        stacks.create("left", {"Bucket": resource("AWS::S3::Bucket", BucketName="left-behind")})
        client("s3").put_object(Bucket="left-behind", Key="kept", Body=b"kept")
        with pytest.raises(ClientError, match="DELETE_FAILED state"):
            stacks.delete("left", RetainResources=["Bucket"])
        assert stacks.delete("left") == "DELETE_FAILED"
        assert stacks.delete("left", RetainResources=["Bucket"]) == "DELETE_COMPLETE"
        assert client("s3").get_object(Bucket="left-behind", Key="kept")["Body"].read() == b"kept"

    def test_a_removed_bucket_that_is_full_stays_in_the_stack(
        self, stacks: Stacks, client: Client
    ) -> None:
        bucket = {"Bucket": resource("AWS::S3::Bucket", BucketName="removed-full")}
        rest = {"Group": group("/removed-full")}
        stacks.create("removed-full", {**bucket, **rest})
        client("s3").put_object(Bucket="removed-full", Key="kept", Body=b"kept")
        assert stacks.update("removed-full", rest) == "UPDATE_COMPLETE"
        assert "not empty" in stacks.reasons("removed-full")[0]
        client("s3").head_bucket(Bucket="removed-full")


class TestExports:
    def exporter(self, value: str) -> Any:
        return {"Shared": {"Value": value, "Export": {"Name": "shared"}}}

    def test_what_another_stack_uses_stays_as_it_is(self, stacks: Stacks) -> None:
        made = {"Group": group("/exporter")}
        user = {
            "Topic": resource("AWS::SNS::Topic", DisplayName={"Fn::ImportValue": "shared"}),
        }
        stacks.create("exporter", made, outputs=self.exporter("a"))
        stacks.create("user", user)
        for outputs, reason in (
            (self.exporter("b"), "Export shared cannot be updated as it is in use by user"),
            (None, "Export shared cannot be deleted as it is in use by user"),
        ):
            changed = {**made, "More": group("/exporter-more")}
            assert stacks.update("exporter", changed, outputs=outputs) == (
                "UPDATE_ROLLBACK_COMPLETE"
            )
            assert reason in stacks.reasons("exporter")[0]
        with pytest.raises(ClientError, match="shared"):
            stacks.delete("exporter")
        stacks.delete("user")
        assert stacks.update("exporter", made, outputs=self.exporter("b")) == "UPDATE_COMPLETE"
        assert stacks.delete("exporter") == "DELETE_COMPLETE"

    def test_a_name_is_exported_once_and_free_when_it_is_given_up(self, stacks: Stacks) -> None:
        outputs = {"Once": {"Value": "a", "Export": {"Name": "once"}}}
        stacks.create("first", {"Group": group("/first")}, outputs=outputs)
        made = {"Group": group("/second")}
        assert stacks.create("second", made, outputs=outputs) == "ROLLBACK_COMPLETE"
        assert (
            "Export with name once is already exported by stack first"
            in (stacks.reasons("second")[0])
        )
        stacks.update("first", {"Group": group("/first", RetentionInDays=1)})
        stacks.delete("second")
        assert stacks.create("second", made, outputs=outputs) == "CREATE_COMPLETE"
