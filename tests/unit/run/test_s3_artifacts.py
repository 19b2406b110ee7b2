"""Artifacts in S3: what is missing is told from what is forbidden."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tradewind.contracts.errors import ArtifactNotFound, StorageAccessDenied, StorageUnavailable
from tradewind.run.artifact_store import WriteConflict
from tradewind.run.s3_artifacts import S3ArtifactStore

KEY = "terrain/p-1/site.geojson"
LISTING = {"Bucket": "artifacts", "Prefix": KEY, "MaxKeys": 1}


@pytest.fixture
def stubbed() -> Iterator[tuple[S3ArtifactStore, Stubber]]:
    client = boto3.client("s3", region_name="us-east-1")
    with Stubber(client) as stubber:
        yield S3ArtifactStore("artifacts", client), stubber
        stubber.assert_no_pending_responses()


def test_put_names_the_content_type(stubbed: tuple[S3ArtifactStore, Stubber]) -> None:
    store, stubber = stubbed
    sent = {"Bucket": "artifacts", "Key": KEY, "Body": b"{}", "ContentType": "application/json"}
    stubber.add_response("put_object", {"ETag": '"1"'}, sent)
    store.put(KEY, b"{}", "application/json")


def test_a_missing_object_is_not_found(stubbed: tuple[S3ArtifactStore, Stubber]) -> None:
    store, stubber = stubbed
    stubber.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    with pytest.raises(ArtifactNotFound, match=KEY):
        store.get(KEY)


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ({}, ArtifactNotFound),
        ({"Contents": [{"Key": KEY + ".bak"}]}, ArtifactNotFound),
        ({"Contents": [{"Key": KEY}]}, StorageAccessDenied),
    ],
)
def test_a_403_for_a_missing_object_is_not_taken_for_a_missing_permission(
    stubbed: tuple[S3ArtifactStore, Stubber], listing: Any, expected: type[Exception]
) -> None:
    store, stubber = stubbed
    stubber.add_client_error("get_object", "AccessDenied", http_status_code=403)
    stubber.add_response("list_objects_v2", listing, LISTING)
    with pytest.raises(expected):
        store.get(KEY)


def test_a_role_that_may_not_even_look_is_denied(
    stubbed: tuple[S3ArtifactStore, Stubber],
) -> None:
    store, stubber = stubbed
    stubber.add_client_error("get_object", "AccessDenied", http_status_code=403)
    stubber.add_client_error("list_objects_v2", "AccessDenied", http_status_code=403)
    with pytest.raises(StorageAccessDenied):
        store.get(KEY)


def test_a_listing_that_fails_says_nothing_of_permissions(
    stubbed: tuple[S3ArtifactStore, Stubber],
) -> None:
    store, stubber = stubbed
    stubber.add_client_error("get_object", "AccessDenied", http_status_code=403)
    stubber.add_client_error("list_objects_v2", "SlowDown", http_status_code=503)
    with pytest.raises(StorageUnavailable, match="SlowDown"):
        store.get(KEY)


def test_a_throttled_write_is_typed(stubbed: tuple[S3ArtifactStore, Stubber]) -> None:
    store, stubber = stubbed
    stubber.add_client_error("put_object", "SlowDown", http_status_code=503)
    with pytest.raises(StorageUnavailable, match="SlowDown"):
        store.put(KEY, b"", "text/plain")


@pytest.mark.parametrize(
    ("etag", "condition"), [(None, {"IfNoneMatch": "*"}), ('"1"', {"IfMatch": '"1"'})]
)
def test_a_replacement_is_conditional(
    stubbed: tuple[S3ArtifactStore, Stubber], etag: str | None, condition: dict[str, str]
) -> None:
    store, stubber = stubbed
    sent = {"Bucket": "artifacts", "Key": KEY, "Body": b"2", "ContentType": "text/plain"}
    stubber.add_response("put_object", {"ETag": '"2"'}, {**sent, **condition})
    store.replace(KEY, b"2", "text/plain", etag=etag)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("PreconditionFailed", 412, WriteConflict),
        ("ConditionalRequestConflict", 409, WriteConflict),
        ("NoSuchKey", 404, WriteConflict),
        ("AccessDenied", 403, StorageAccessDenied),
        ("SlowDown", 503, StorageUnavailable),
    ],
)
def test_a_conflict_is_told_from_a_failure(
    stubbed: tuple[S3ArtifactStore, Stubber], code: str, status: int, expected: type[Exception]
) -> None:
    store, stubber = stubbed
    stubber.add_client_error("put_object", code, http_status_code=status)
    with pytest.raises(expected):
        store.replace(KEY, b"2", "text/plain", etag='"1"')


def test_an_object_comes_with_the_etag_to_replace_it_by(
    stubbed: tuple[S3ArtifactStore, Stubber],
) -> None:
    store, stubber = stubbed
    body = StreamingBody(io.BytesIO(b"{}"), 2)
    stubber.add_response("get_object", {"Body": body, "ETag": '"1"'})
    assert store.get_with_etag(KEY) == (b"{}", '"1"')
