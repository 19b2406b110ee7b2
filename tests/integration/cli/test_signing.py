"""Bundles are signed once for their bytes, by the version that the settings name, or not at all."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.config import Config

from cli.console import Steps
from cli.deployment.signing import Signer
from cli.errors import CommandError
from stacks.bundling.archive import Archive, file_sha256
from stacks.settings.signing import CodeSigningSettings

VERSION = "AbCdE12345"
SETTINGS = CodeSigningSettings(
    profile_version_arn=f"arn:aws:signer:us-east-1:123456789012:/signing-profiles/ours/{VERSION}",
    bucket="code",
)


class Services:
    """S3, with one versioned bucket, and Signer, which signs by saying so in front."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.jobs: list[dict[str, Any]] = []
        self.versioned = True
        self.newest = VERSION
        self.fails = False

    def start_job(self, asked: dict[str, Any]) -> dict[str, Any]:
        source = asked["source"]["s3"]
        assert source["version"] == "v1", "Signer signs a version, not a name"
        job = {"jobId": f"job-{len(self.jobs)}", "status": "Failed" if self.fails else "Succeeded"}
        job |= {"statusReason": "not a zip"} if self.fails else {}
        key = f"{asked['destination']['s3']['prefix']}{job['jobId']}.zip"
        if not self.fails:
            self.objects[key] = b"signed " + self.objects[source["key"]]
        self.jobs.append(
            {
                **job,
                "profileName": asked["profileName"],
                "profileVersion": self.newest,
                "signedObject": {"s3": {"bucketName": "code", "key": key}},
            }
        )
        return {"jobId": job["jobId"], "jobOwner": asked["profileOwner"]}


@pytest.fixture
def services() -> Iterator[tuple[Services, str]]:
    state = Services()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query, keep_blank_values=True)
            if url.path.startswith("/signing-jobs/"):
                job = next(job for job in state.jobs if job["jobId"] == url.path.split("/")[2])
                return self.say(json.dumps(job).encode(), "application/json")
            if "versioning" in query:
                status = "<Status>Enabled</Status>" if state.versioned else ""
                return self.say(
                    f"<VersioningConfiguration>{status}</VersioningConfiguration>".encode()
                )
            if "list-type" in query:
                keys = [key for key in state.objects if key.startswith(query["prefix"][0])]
                rows = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
                return self.say(f"<ListBucketResult>{rows}</ListBucketResult>".encode())
            return self.say(state.objects[url.path.removeprefix("/code/")], "application/zip")

        def do_PUT(self) -> None:
            key = urlsplit(self.path).path.removeprefix("/code/")
            if source := self.headers.get("x-amz-copy-source"):
                state.objects[key] = state.objects[unquote(source).partition("/")[2]]
                return self.say(b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")
            state.objects[key] = self.rfile.read(int(self.headers["content-length"]))
            return self.say(b"", version="v1")

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.say(json.dumps(state.start_job(asked)).encode(), "application/json")

        def say(self, body: bytes, kind: str = "application/xml", version: str = "") -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if version:
                self.send_header("x-amz-version-id", version)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def sign(url: str, folder: Path, archive: Archive) -> None:
    """Sign as one machine would, with a folder of its own."""

    def client(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    with closing(client("s3")) as s3, closing(client("signer")) as signer:
        Signer(SETTINGS, s3=s3, signer=signer, folder=folder).sign([archive], Steps())


def archive(folder: Path, content: bytes = b"a bundle") -> Archive:
    path = folder / "terrain-arm64-0123.zip"
    path.write_bytes(content)
    return Archive(path, file_sha256(path), {})


Asked = tuple[Services, str]


def test_a_bundle_is_signed_once_whoever_deploys_it(services: Asked, tmp_path: Path) -> None:
    state, url = services
    made = archive(tmp_path)
    for machine in ("one", "other"):
        folder = tmp_path / machine
        sign(url, folder, made)
        assert (folder / f"{made.sha256}.zip").read_bytes() == b"signed a bundle"
        assert [file.name for file in folder.iterdir()] == [f"{made.sha256}.zip"]
    assert len(state.jobs) == 1


def test_what_is_signed_here_asks_nobody(services: Asked, tmp_path: Path) -> None:
    state, url = services
    made = archive(tmp_path)
    sign(url, tmp_path / "here", made)
    state.versioned = False
    sign(url, tmp_path / "here", made)
    assert len(state.jobs) == 1


def test_a_bundle_that_changed_is_signed_anew(services: Asked, tmp_path: Path) -> None:
    state, url = services
    folder = tmp_path / "here"
    sign(url, folder, archive(tmp_path))
    changed = archive(tmp_path, b"another")
    sign(url, folder, changed)
    assert (folder / f"{changed.sha256}.zip").read_bytes() == b"signed another"
    assert len(state.jobs) == 2


def refused(services: Asked, tmp_path: Path) -> str:
    state, url = services
    with pytest.raises(CommandError) as error:
        sign(url, tmp_path / "here", archive(tmp_path))
    assert not list((tmp_path / "here").glob("*"))
    assert not [key for key in state.objects if key.startswith(f"tradewind/signed/{VERSION}")]
    return str(error.value)


def test_a_bucket_without_versions_is_said(services: Asked, tmp_path: Path) -> None:
    services[0].versioned = False
    assert "put-bucket-versioning --bucket code" in refused(services, tmp_path)
    assert services[0].objects == {}


def test_a_job_that_fails_says_why(services: Asked, tmp_path: Path) -> None:
    services[0].fails = True
    assert "job-0 is Failed: not a zip" in refused(services, tmp_path)


def test_another_version_of_the_profile_is_not_taken(services: Asked, tmp_path: Path) -> None:
    services[0].newest = "ZyXwV98765"
    assert "newest version, ZyXwV98765" in refused(services, tmp_path)
