"""The types of resources that hold an environment's data: how one is found and removed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from cli.deployment.stacks import Clients
from cli.errors import CommandError

#: How long KMS waits before it deletes a key, in days: the most it offers, and CloudFormation's
#: default, https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
KEY_DAYS: Final = 30
_MISSING: Final = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NotFoundException",
        "ResourceNotFoundException",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    }
)


@dataclass(frozen=True)
class Kind:
    """A type of resource.

    Attributes:
        title: What people call it.
        name: The property that is its name; None where AWS or CloudFormation names it.
        identifier: What CloudFormation imports one by: its schema's primary identifier.
        find: The identifier of the one with this name or physical id; None if it is not there.
        remove: Removes the one with this identifier, for good.
    """

    title: str
    name: str | None
    identifier: str
    find: Callable[[Clients, str], str | None]
    remove: Callable[[Clients, str], None]


def _none_if_missing(
    find: Callable[[Clients, str], str | None],
) -> Callable[[Clients, str], str | None]:
    def found(clients: Clients, name: str) -> str | None:
        try:
            return find(clients, name)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise

    return found


@_none_if_missing
def _log_group(clients: Clients, name: str) -> str | None:
    pages = clients("logs").get_paginator("describe_log_groups")
    names = [
        group["logGroupName"]
        for page in pages.paginate(logGroupNamePrefix=name)
        for group in page["logGroups"]
    ]
    return name if name in names else None


@_none_if_missing
def _queue(clients: Clients, name: str) -> str | None:
    # A physical id is a URL that ends in the name.
    answer = clients("sqs").get_queue_url(QueueName=name.rpartition("/")[2])
    return str(answer["QueueUrl"])


@_none_if_missing
def _secret(clients: Clients, name: str) -> str | None:
    found = clients("secretsmanager").describe_secret(SecretId=name)
    return None if found.get("DeletedDate") else str(found["ARN"])


@_none_if_missing
def _table(clients: Clients, name: str) -> str | None:
    found = clients("dynamodb").describe_table(TableName=name)["Table"]
    return None if found["TableStatus"] == "DELETING" else name


@_none_if_missing
def _bucket(clients: Clients, name: str) -> str | None:
    clients("s3").head_bucket(Bucket=name)
    return name


@_none_if_missing
def _key(clients: Clients, name: str) -> str | None:
    found = clients("kms").describe_key(KeyId=name)["KeyMetadata"]
    return None if found["KeyState"] == "PendingDeletion" else str(found["KeyId"])


def empty_bucket(clients: Clients, bucket: str) -> int:
    """Delete every version of every object of a bucket, and every mark of a deletion.

    Returns:
        How many.

    Raises:
        CommandError: S3 kept some.
    """
    client = clients("s3")
    deleted = 0
    # A page has as many as S3 deletes at once, at most.
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if not versions:
            continue
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
        if errors := answer.get("Errors"):
            first = errors[0]
            raise CommandError(
                f"S3 keeps {len(errors)} objects of {bucket}: {first['Key']}: "
                f"{first['Code']}: {first.get('Message', '')}"
            )
        deleted += len(versions)
    return deleted


def stop_access_logs(clients: Clients, bucket: str) -> None:
    """Let S3 write no more access logs about a bucket, or they would fill the one being emptied."""
    clients("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})


def _remove_bucket(clients: Clients, bucket: str) -> None:
    stop_access_logs(clients, bucket)
    empty_bucket(clients, bucket)
    clients("s3").delete_bucket(Bucket=bucket)


def _remove_table(clients: Clients, table: str) -> None:
    client = clients("dynamodb")
    if client.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        client.update_table(TableName=table, DeletionProtectionEnabled=False)
        # Not while it is changed.
        client.get_waiter("table_exists").wait(TableName=table)
    client.delete_table(TableName=table)


#: By CloudFormation's type, in the order in which they can go: a key last, it reads the others.
KINDS: Final[Mapping[str, Kind]] = {
    "AWS::S3::Bucket": Kind("bucket", None, "BucketName", _bucket, _remove_bucket),
    "AWS::DynamoDB::Table": Kind("table", None, "TableName", _table, _remove_table),
    "AWS::SQS::Queue": Kind(
        "queue",
        "QueueName",
        "QueueUrl",
        _queue,
        lambda clients, url: clients("sqs").delete_queue(QueueUrl=url),
    ),
    "AWS::Logs::LogGroup": Kind(
        "log group",
        "LogGroupName",
        "LogGroupName",
        _log_group,
        lambda clients, name: clients("logs").delete_log_group(logGroupName=name),
    ),
    "AWS::SecretsManager::Secret": Kind(
        "secret",
        "Name",
        "Id",
        _secret,
        lambda clients, arn: clients("secretsmanager").delete_secret(SecretId=arn),
    ),
    "AWS::KMS::Key": Kind(
        "key",
        None,
        "KeyId",
        _key,
        lambda clients, key: clients("kms").schedule_key_deletion(
            KeyId=key, PendingWindowInDays=KEY_DAYS
        ),
    ),
}
