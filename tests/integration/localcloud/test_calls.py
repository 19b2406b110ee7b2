"""What roles ask for is taken down as IAM is asked about it, once, with its stack and its name."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import ACCOUNT_ID, REGION, Running
from devtools.localcloud.lifecycle import CALLS_FILE
from tests.integration.localcloud.conftest import Client
from tests.integration.localcloud.test_access import Session, allow, as_function, keys_of, refusal

__all__ = ["as_function", "keys_of"]


def lines(cloud: Running, stack: str) -> list[dict[str, Any]]:
    """The record's, of one stack."""
    file = Path(cloud.ca_bundle).parents[1] / CALLS_FILE
    read = [json.loads(line) for line in file.read_text().splitlines()]
    return [line for line in read if line["stack"] == stack]


def calls(cloud: Running, stack: str, service: str) -> list[dict[str, Any]]:
    """The calls of one service among them."""
    found = [line for line in lines(cloud, stack) if "action" in line]
    return [line for line in found if line["action"].startswith(f"{service}:")]


def test_calls_are_taken_down_as_iam_names_them(
    cloud: Running, client: Client, as_function: Session
) -> None:
    client("s3").create_bucket(Bucket="watched")
    s3 = as_function("watched", allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::watched/*"))(
        "s3"
    )
    for _ in range(2):
        s3.put_object(Bucket="watched", Key="a/b", Body=b"x")
    assert "s3:ListBucket" in refusal(lambda: s3.list_objects_v2(Bucket="watched", Prefix="a/"))
    put, listed = calls(cloud, "access-watched", "s3")
    assert put == {
        "stack": "access-watched",
        "principal": "Role",
        "action": "s3:PutObject",
        "resource": "arn:aws:s3:::watched/a/b",
        "context": {"aws:requestedregion": REGION, "aws:securetransport": "true"},
        "allowed": True,
    }
    assert (listed["action"], listed["resource"]) == ("s3:ListBucket", "arn:aws:s3:::watched")
    assert listed["context"]["s3:prefix"] == "a/"
    assert not listed["allowed"]


def test_what_a_service_asks_in_a_roles_name_is_its_call(
    cloud: Running, as_function: Session
) -> None:
    """The service that runs the function writes its log; the key's service opens it."""
    as_function("logging")
    found = {line["action"]: line["resource"] for line in calls(cloud, "access-logging", "logs")}
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/lambda/access-logging-"
    assert found["logs:PutLogEvents"].startswith(stream)
    assert ":log-stream:" in found["logs:CreateLogStream"]


def test_what_policies_refer_to_is_told(
    cloud: Running, client: Client, as_function: Session
) -> None:
    reference = {"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "AWS::StackName"}, "/*"]]}
    s3 = as_function("told", allow("s3:PutObject", reference))("s3")
    client("s3").create_bucket(Bucket="access-told")
    s3.put_object(Bucket="access-told", Key="a", Body=b"")
    [values, *_] = [line["values"] for line in lines(cloud, "access-told") if "values" in line]
    assert values == {'{"Ref": "AWS::StackName"}': "access-told"}


def test_nobody_elses_calls_are(cloud: Running, client: Client) -> None:
    """The operator's are people's and tools'."""
    client("s3").create_bucket(Bucket="unwatched")
    file = Path(cloud.ca_bundle).parents[1] / CALLS_FILE
    assert "unwatched" not in file.read_text()


def test_who_may_not_list_the_bucket_is_not_told_what_is_missing(
    cloud: Running, client: Client, as_function: Session
) -> None:
    client("s3").create_bucket(Bucket="secretive")
    objects = allow("s3:GetObject", "arn:aws:s3:::secretive/*")
    within = {"StringLike": {"s3:prefix": ["a/*"]}}
    some = allow("s3:ListBucket", "arn:aws:s3:::secretive", Condition=within)
    missing = {"Bucket": "secretive", "Key": "a/b"}
    s3 = as_function("secretive", objects, some)("s3")
    assert "s3:ListBucket" in refusal(lambda: s3.get_object(**missing))
    assert "Contents" not in s3.list_objects_v2(Bucket="secretive", Prefix="a/b")
    # S3 has asked for itself: no call of the role's was denied.
    assert all(call["allowed"] for call in calls(cloud, "access-secretive", "s3"))
    everything = allow("s3:ListBucket", "arn:aws:s3:::secretive")
    lister = as_function("lister", objects, everything)("s3")
    with pytest.raises(ClientError, match="NoSuchKey"):
        lister.get_object(**missing)
    client("s3").put_object(**missing, Body=b"x")
    assert s3.get_object(**missing)["Body"].read() == b"x"
