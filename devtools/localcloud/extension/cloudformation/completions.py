"""Set, read back and clear the properties that MiniStack's CloudFormation drops.

Everything goes through the service's own API with boto's serialiser, which refuses a parameter it
does not know, and is then read back: a service that keeps less than it was told fails the stack.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from devtools.localcloud.running import ACCOUNT_ID

Value = Any
#: Gives the client of a service.
Clients = Callable[[str], Any]


class NotKept(Exception):
    """A service took a setting and does not have it."""


@dataclass(frozen=True)
class Completion:
    """How one property is carried out.

    Attributes:
        service: Whose API it is.
        wanted: The property's value in the API's terms.
        write: Sets it: client, physical id, value in the API's terms.
        read: Gives it back, in the API's terms.
        cleared: The property's value that stands for its absence, in the API's terms.
    """

    service: str
    wanted: Callable[[Value], Value]
    write: Callable[[Any, str, Value], object]
    read: Callable[[Any, str], Value]
    cleared: Callable[[Value], Value] = lambda _: None

    def set(self, clients: Clients, physical_id: str, value: Value) -> None:
        """Set the property and read it back.

        Raises:
            NotKept: The service answered with something else.
            ClientError: The service refused.
        """
        client = clients(self.service)
        wanted = self.wanted(value)
        self.write(client, physical_id, wanted)
        kept = self.read(client, physical_id)
        if not _contains(kept, wanted):
            raise NotKept(f"set {wanted!r} and read back {kept!r}")

    def clear(self, clients: Clients, physical_id: str, before: Value) -> None:
        """Undo a property that the template no longer has."""
        self.write(clients(self.service), physical_id, self.cleared(before))


def _contains(kept: Value, wanted: Value) -> bool:
    """Whether a service has what it was told, besides defaults of its own."""
    if isinstance(wanted, Mapping):
        return isinstance(kept, Mapping) and all(
            _contains(kept.get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(kept, list)
            and len(kept) == len(wanted)
            and all(_contains(*pair) for pair in zip(kept, wanted, strict=True))
        )
    return bool(kept == wanted)


def _same(value: Value) -> Value:
    return value


def _renamed(value: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    """Translate property names to the API's; a name without a translation is refused."""
    unknown = sorted(set(value) - set(names))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is not supported here")
    return {names[name]: content for name, content in value.items()}


# -- S3 buckets -------------------------------------------------------------------------------


def _bucket_setting(
    setting: str, parameter: str, answer: str, wanted: Callable[[Value], Value]
) -> Completion:
    """A bucket setting with a put, a get and a delete operation of the usual names."""

    def write(client: Any, bucket: str, value: Value) -> None:
        if value is None:
            getattr(client, f"delete_bucket_{setting.removesuffix('_configuration')}")(
                Bucket=bucket
            )
        else:
            getattr(client, f"put_bucket_{setting}")(Bucket=bucket, **{parameter: value})

    def read(client: Any, bucket: str) -> Value:
        response = getattr(client, f"get_bucket_{setting}")(Bucket=bucket)
        return response.get(answer) if answer != "*" else response

    return Completion("s3", wanted, write, read)


def _encryption(value: Mapping[str, Value]) -> Value:
    rules = []
    for rule in _renamed(value, {"ServerSideEncryptionConfiguration": "Rules"})["Rules"]:
        names = {
            "BucketKeyEnabled": "BucketKeyEnabled",
            "ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault",
        }
        rules.append(_renamed(rule, names))
    return {"Rules": rules}


def _lifecycle(value: Mapping[str, Value]) -> Value:
    return {
        "Rules": [_lifecycle_rule(rule) for rule in _renamed(value, {"Rules": "Rules"})["Rules"]]
    }


def _lifecycle_rule(given: Mapping[str, Value]) -> Value:
    rule = dict(given)
    api: dict[str, Value] = {
        "Status": rule.pop("Status"),
        "Filter": {"Prefix": rule.pop("Prefix", "")},
    }
    if "Id" in rule:
        api["ID"] = rule.pop("Id")
    if "ExpirationInDays" in rule:
        api["Expiration"] = {"Days": int(rule.pop("ExpirationInDays"))}
    if "ExpiredObjectDeleteMarker" in rule:
        api.setdefault("Expiration", {})["ExpiredObjectDeleteMarker"] = rule.pop(
            "ExpiredObjectDeleteMarker"
        )
    if "NoncurrentVersionExpiration" in rule:
        api["NoncurrentVersionExpiration"] = rule.pop("NoncurrentVersionExpiration")
    if "NoncurrentVersionExpirationInDays" in rule:
        days = int(rule.pop("NoncurrentVersionExpirationInDays"))
        api["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if "AbortIncompleteMultipartUpload" in rule:
        api["AbortIncompleteMultipartUpload"] = rule.pop("AbortIncompleteMultipartUpload")
    if "Transitions" in rule:
        names = {"StorageClass": "StorageClass", "TransitionInDays": "Days"}
        api["Transitions"] = [_renamed(each, names) for each in rule.pop("Transitions")]
    return {**api, **_renamed(rule, {})}


def _logging(value: Mapping[str, Value]) -> Value:
    names = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
    return {"TargetPrefix": "", **_renamed(value, names)}


def _canned_acl(value: Value) -> Value:
    if value != "Private":
        raise ValueError(f"the access control {value} is not supported here, only Private")
    return "private"


def _read_canned_acl(client: Any, bucket: str) -> Value:
    acl = client.get_bucket_acl(Bucket=bucket)
    owner = acl["Owner"]["ID"]
    private = all(grant["Grantee"].get("ID") == owner for grant in acl["Grants"])
    return "private" if private else None


_BUCKET = {
    "AccessControl": Completion(
        "s3",
        wanted=_canned_acl,
        # A new bucket is private already, and refuses to be told so: it takes no ACL at all.
        write=lambda *_: None,
        read=_read_canned_acl,
        cleared=lambda _: "private",
    ),
    "BucketEncryption": _bucket_setting(
        "encryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfiguration",
        _encryption,
    ),
    "LifecycleConfiguration": _bucket_setting(
        "lifecycle_configuration", "LifecycleConfiguration", "*", _lifecycle
    ),
    "LoggingConfiguration": Completion(
        "s3",
        wanted=_logging,
        write=lambda client, bucket, value: client.put_bucket_logging(
            Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": value} if value else {}
        ),
        read=lambda client, bucket: client.get_bucket_logging(Bucket=bucket).get("LoggingEnabled"),
    ),
    "OwnershipControls": _bucket_setting(
        "ownership_controls", "OwnershipControls", "OwnershipControls", _same
    ),
    "Tags": _bucket_setting("tagging", "Tagging", "*", lambda tags: {"TagSet": tags}),
    "VersioningConfiguration": Completion(
        "s3",
        wanted=_same,
        write=lambda client, bucket, value: client.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration=value
        ),
        read=lambda client, bucket: client.get_bucket_versioning(Bucket=bucket),
        cleared=lambda _: {"Status": "Suspended"},
    ),
}


# -- DynamoDB tables --------------------------------------------------------------------------


def _table_encryption(value: Mapping[str, Value]) -> Value:
    names = {"SSEEnabled": "Enabled", "SSEType": "SSEType", "KMSMasterKeyId": "KMSMasterKeyId"}
    return _renamed(value, names)


def _read_table_encryption(client: Any, table: str) -> Value:
    """The description in the specification's terms."""
    found = client.describe_table(TableName=table)["Table"].get("SSEDescription", {})
    return {
        "Enabled": found.get("Status") == "ENABLED",
        "SSEType": found.get("SSEType"),
        "KMSMasterKeyId": found.get("KMSMasterKeyArn"),
    }


def _read_recovery(client: Any, table: str) -> Value:
    found = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    status = found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return {"PointInTimeRecoveryEnabled": status == "ENABLED"}


def _read_expiry(client: Any, table: str) -> Value:
    found = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    return {
        "AttributeName": found.get("AttributeName"),
        "Enabled": found["TimeToLiveStatus"] == "ENABLED",
    }


_TABLE = {
    "PointInTimeRecoverySpecification": Completion(
        "dynamodb",
        wanted=_same,
        write=lambda client, table, value: client.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification=value
        ),
        read=_read_recovery,
        cleared=lambda _: {"PointInTimeRecoveryEnabled": False},
    ),
    "SSESpecification": Completion(
        "dynamodb",
        wanted=_table_encryption,
        write=lambda client, table, value: client.update_table(
            TableName=table, SSESpecification=value
        ),
        read=_read_table_encryption,
        cleared=lambda _: {"Enabled": False},
    ),
    "TimeToLiveSpecification": Completion(
        "dynamodb",
        wanted=_same,
        write=lambda client, table, value: client.update_time_to_live(
            TableName=table, TimeToLiveSpecification=value
        ),
        read=_read_expiry,
        cleared=lambda before: {**before, "Enabled": False},
    ),
}


# -- Lambda functions, IAM roles and SNS topics -----------------------------------------------


def _write_concurrency(client: Any, function: str, value: Value) -> None:
    if value is None:
        client.delete_function_concurrency(FunctionName=function)
    else:
        client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=value)


def _write_boundary(client: Any, role: str, value: Value) -> None:
    if value is None:
        client.delete_role_permissions_boundary(RoleName=role)
    else:
        client.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=value)


def _read_boundary(client: Any, role: str) -> Value:
    try:
        found = client.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {})
    except ClientError:
        return None
    return found.get("PermissionsBoundaryArn")


def _dashboard_arn(name: str) -> str:
    return f"arn:aws:cloudwatch::{ACCOUNT_ID}:dashboard/{name}"


def _write_dashboard_tags(client: Any, name: str, tags: Value) -> None:
    arn = _dashboard_arn(name)
    kept = {tag["Key"] for tag in client.list_tags_for_resource(ResourceARN=arn)["Tags"]}
    gone = sorted(kept - {tag["Key"] for tag in tags})
    if gone:
        client.untag_resource(ResourceARN=arn, TagKeys=gone)
    client.tag_resource(ResourceARN=arn, Tags=tags)


def _read_dashboard_tags(client: Any, name: str) -> Value:
    tags = client.list_tags_for_resource(ResourceARN=_dashboard_arn(name))["Tags"]
    return sorted(tags, key=lambda tag: str(tag["Key"]))


COMPLETIONS: Mapping[str, Mapping[str, Completion]] = {
    "AWS::CloudWatch::Dashboard": {
        "Tags": Completion(
            "cloudwatch",
            wanted=lambda tags: sorted(tags, key=lambda tag: str(tag["Key"])),
            write=_write_dashboard_tags,
            read=_read_dashboard_tags,
            cleared=lambda _: [],
        )
    },
    "AWS::DynamoDB::Table": _TABLE,
    "AWS::IAM::Role": {
        "PermissionsBoundary": Completion("iam", _same, _write_boundary, _read_boundary)
    },
    "AWS::Lambda::Function": {
        "DeadLetterConfig": Completion(
            "lambda",
            wanted=_same,
            write=lambda client, function, value: client.update_function_configuration(
                FunctionName=function, DeadLetterConfig=value
            ),
            read=lambda client, function: client.get_function_configuration(
                FunctionName=function
            ).get("DeadLetterConfig"),
            cleared=lambda _: {"TargetArn": ""},
        ),
        "ReservedConcurrentExecutions": Completion(
            "lambda",
            wanted=int,
            write=_write_concurrency,
            read=lambda client, function: client.get_function_concurrency(
                FunctionName=function
            ).get("ReservedConcurrentExecutions"),
        ),
    },
    "AWS::S3::Bucket": _BUCKET,
    "AWS::SNS::Topic": {
        "KmsMasterKeyId": Completion(
            "sns",
            wanted=_same,
            write=lambda client, topic, value: client.set_topic_attributes(
                TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=value
            ),
            read=lambda client, topic: client.get_topic_attributes(TopicArn=topic)[
                "Attributes"
            ].get("KmsMasterKeyId"),
            cleared=lambda _: "",
        ),
    },
}
