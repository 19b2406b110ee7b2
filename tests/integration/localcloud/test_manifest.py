"""Manifests in a real bucket: requests that close at the same time lose nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.integration.localcloud.conftest import Client
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
    first = store.replace("p/a", b"1", "text/plain", etag=None)
    with pytest.raises(WriteConflict):
        store.replace("p/a", b"2", "text/plain", etag=None)
    second = store.replace("p/a", b"2", "text/plain", etag=first)
    with pytest.raises(WriteConflict):
        store.replace("p/a", b"3", "text/plain", etag=first)
    with pytest.raises(WriteConflict):
        store.replace("p/gone", b"3", "text/plain", etag=first)
    assert store.get_with_etag("p/a") == (b"2", second)
    assert [(one.key, one.etag) for one in store.list("p/")] == [("p/a", second)]


def test_requests_that_close_at_once_are_all_in_the_manifest(store: S3ArtifactStore) -> None:
    barrier = Barrier(AT_ONCE)

    def work(number: int) -> None:
        project = Project("p-1", "layout", {}, store, request_id=f"r-{number}")
        project.save(f"{number}.txt", b"own", "text/plain")
        project.save("shared.txt", f"{number}".encode(), "text/plain")
        barrier.wait(30)
        project.record_artifacts()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(work, range(AT_ONCE)))

    manifest = json.loads(store.get("p-1/layout/manifest.json"))["artifacts"]
    assert {name: entry["request_id"] for name, entry in manifest.items()} == {
        **{f"{number}.txt": f"r-{number}" for number in range(AT_ONCE)},
        "shared.txt": f"r-{store.get('p-1/layout/shared.txt').decode()}",
    }
    reader = Project("p-1", "report", {}, store, ("layout",))
    assert all(file.origin is not None for file in reader.files())


def test_a_listing_goes_past_its_first_page(store: S3ArtifactStore, client: Client) -> None:
    for number in range(1005):
        client("s3").put_object(Bucket=BUCKET, Key=f"many/{number:04d}", Body=b"x")
    assert [one.key for one in store.list("many/")] == [f"many/{n:04d}" for n in range(1005)]
