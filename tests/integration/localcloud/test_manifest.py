"""Manifests in a real bucket: requests that end at the same time lose and mix nothing."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.integration.localcloud.conftest import Client
from tests.project_files import ProjectContent
from tradewind.contracts.errors import ProjectChanged
from tradewind.run.artifact_store import WriteConflict
from tradewind.run.project import Project
from tradewind.run.s3_artifacts import S3ArtifactStore

BUCKET = "manifests"
AT_ONCE = 8


@pytest.fixture(scope="module")
def store(client: Client) -> S3ArtifactStore:
    client("s3").create_bucket(Bucket=BUCKET)
    client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return S3ArtifactStore(BUCKET, client("s3"))


def test_an_object_is_replaced_only_as_it_was_read(store: S3ArtifactStore) -> None:
    store.replace("p/a", b"1", "text/plain", etag=None)
    with pytest.raises(WriteConflict):
        store.replace("p/a", b"2", "text/plain", etag=None)
    _, first = store.get_with_etag("p/a")
    store.replace("p/a", b"2", "text/plain", etag=first)
    with pytest.raises(WriteConflict):
        store.replace("p/a", b"3", "text/plain", etag=first)
    with pytest.raises(WriteConflict):
        store.replace("p/gone", b"3", "text/plain", etag=first)
    assert store.get("p/a") == b"2"


def test_requests_that_end_at_once_leave_all_they_wrote(store: S3ArtifactStore) -> None:
    barrier = Barrier(AT_ONCE)

    def work(number: int) -> None:
        project = Project("p-1", "layout", {}, store, request_id=f"r-{number}")
        with project.tool_call():
            for name in (f"{number}.txt", "shared.txt", "shared.json"):
                project.save(name, f"{number}".encode(), "text/plain")
        barrier.wait(120)
        project.commit()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(work, range(AT_ONCE)))

    content = ProjectContent(store, "p-1")
    entries = content.entries("layout")
    assert {f"{number}.txt" for number in range(AT_ONCE)} < set(entries)
    assert all(content[f"layout/{number}.txt"] == f"{number}".encode() for number in range(AT_ONCE))
    assert content["layout/shared.txt"] == content["layout/shared.json"]
    assert entries["shared.txt"].attempt == entries["shared.json"].attempt


def test_of_requests_that_build_on_the_same_file_one_wins(store: S3ArtifactStore) -> None:
    barrier = Barrier(AT_ONCE)
    ProjectContent(store, "p-2").leave({"layout/count": b"0"})

    def count(number: int) -> bool:
        project = Project("p-2", "layout", {}, store, request_id=f"r-{number}")
        with project.tool_call():
            counted = int(project.load("layout", "count"))
            barrier.wait(120)
            project.save("count", str(counted + 1).encode(), "text/plain")
        try:
            project.commit()
        except ProjectChanged:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as threads:
        succeeded = list(threads.map(count, range(AT_ONCE)))

    assert sum(succeeded) == 1
    assert ProjectContent(store, "p-2")["layout/count"] == b"1"
