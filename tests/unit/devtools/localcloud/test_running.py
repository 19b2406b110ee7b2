import json
import os
import stat
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from devtools.localcloud.running import Running, start_time


def a_running(tmp_path: Path, **changes: Any) -> Running:
    running = Running(
        endpoint_url="https://127.0.0.1:1",
        bedrock_endpoint_url="https://127.0.0.1:2",
        bedrock_admin_url="http://127.0.0.1:3",
        ca_bundle=str(tmp_path / "tls" / "ca.pem"),
        account_id="000000000000",
        region="us-east-1",
        access_key="AKIAEXAMPLE",
        secret_key="secret",
        pid=os.getpid(),
        started=start_time(os.getpid()) or 0,
    )
    return replace(running, **changes)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "running.json"
    running = a_running(tmp_path)
    running.write(path)
    assert Running.read(path) == running


def test_keys_are_readable_by_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "running.json"
    a_running(tmp_path).write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_read_from_no_file(tmp_path: Path) -> None:
    assert Running.read(tmp_path / "running.json") is None


def test_nothing_is_read_from_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "running.json"
    path.write_text('{"pid": 1')
    assert Running.read(path) is None


def test_nothing_is_read_from_another_versions_file(tmp_path: Path) -> None:
    path = tmp_path / "running.json"
    values = asdict(a_running(tmp_path))
    del values["region"]
    path.write_text(json.dumps(values))
    assert Running.read(path) is None


def test_a_process_is_alive_until_it_ends(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        running = a_running(tmp_path, pid=process.pid, started=start_time(process.pid) or 0)
        assert running.is_alive()
        process.kill()
        process.wait()
        assert not running.is_alive()


def test_a_process_that_ended_and_was_not_waited_for_is_not_alive(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        running = a_running(tmp_path, pid=process.pid, started=start_time(process.pid) or 0)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not running.is_alive()


def test_another_process_with_the_same_id_is_not_the_server(tmp_path: Path) -> None:
    running = a_running(tmp_path, started=1)
    assert not running.is_alive()


def test_the_environment_leads_to_this_aws_only(tmp_path: Path) -> None:
    environment = a_running(tmp_path).environment()
    assert environment["AWS_ENDPOINT_URL"] == "https://127.0.0.1:1"
    assert environment["AWS_ENDPOINT_URL_BEDROCK"] == "https://127.0.0.1:2"
    assert environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "https://127.0.0.1:2"
    assert environment["AWS_CA_BUNDLE"] == environment["NODE_EXTRA_CA_CERTS"]
    assert environment["AWS_SECRET_ACCESS_KEY"] == "secret"
    # Neither a session nor a profile of the developer's may take part.
    assert environment["AWS_SESSION_TOKEN"] == ""
    assert environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["CDK_HOME"] == str(tmp_path / "cdk")
