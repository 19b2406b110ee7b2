"""Workflow files in S3, read on the wire."""

import pytest

from tests.integration.aws.conftest import Process
from tests.integration.aws.server import OBJECT, Reply, Server
from tradewind.contracts.errors import StorageAccessDenied, StorageUnavailable
from tradewind.workflow_function import files
from tradewind.workflow_function.files import Found, read_object

LISTED = b"<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>"
NOTHING = b"<ListBucketResult></ListBucketResult>"


def refusal(status: int, code: str) -> Reply:
    return Reply(status=status, body=f"<Error><Code>{code}</Code></Error>".encode())


@pytest.fixture(autouse=True)
def client(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    made = process.create("s3")
    monkeypatch.setattr(files, "_s3", lambda: made)


def test_an_object_comes_with_its_etag() -> None:
    assert read_object("artifacts", "k", None) == Found(OBJECT, '"e"')


def test_one_that_is_unchanged_does_not_come(server: Server) -> None:
    server.replies.append(Reply(status=304, body=b""))
    assert read_object("artifacts", "k", '"e"') is None


@pytest.mark.parametrize(
    "replies",
    [
        [refusal(404, "NoSuchKey")],
        [refusal(416, "InvalidRange")],
        # A role that may not list the bucket is refused what is not there.
        [refusal(403, "AccessDenied"), Reply(body=NOTHING)],
    ],
)
def test_one_that_is_not_there_is_none(server: Server, replies: list[Reply]) -> None:
    server.replies.extend(replies)
    with pytest.raises(KeyError):
        read_object("artifacts", "k", None)


def test_one_that_may_not_be_read_is_not_taken_for_missing(server: Server) -> None:
    server.replies.extend([refusal(403, "AccessDenied"), Reply(body=LISTED)])
    with pytest.raises(StorageAccessDenied):
        read_object("artifacts", "k", None)
    server.replies.extend([refusal(403, "AccessDenied")] * 2)
    with pytest.raises(StorageAccessDenied):
        read_object("artifacts", "k", None)


def test_half_an_object_is_none(server: Server) -> None:
    server.replies.append(Reply(sent=10, end="close"))
    with pytest.raises(StorageUnavailable):
        read_object("artifacts", "k", None)
