"""What the command gives to what it starts, and what it leaves running."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli import cdk, cloud
from cli.console import Steps
from cli.demo import run as demo_module
from devtools.localcloud import Running
from devtools.localcloud.lifecycle import _server_environment
from tests.hostile import HOSTILE, make_hostile_home
from tests.running import RUNNING

#: Of the hostile ones, those that have a right value of their own.
SET_ANEW = {"CDK_HOME", "CDK_DEFAULT_ACCOUNT", "CDK_DEFAULT_REGION", "AWS_REGION"}
SET_ANEW |= {"AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_SESSION_TOKEN", "NO_PROXY", "no_proxy"}


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[dict[str, str]]:
    before = dict(os.environ)
    environment = make_hostile_home(tmp_path / "home")
    os.environ.update(environment)
    yield environment
    os.environ.clear()
    os.environ.update(before)


def test_the_cdk_gets_the_way_to_the_embedded_aws_and_a_home_of_its_own(
    hostile: dict[str, str], tmp_path: Path
) -> None:
    given = cdk._environment(RUNNING, tmp_path / "own")
    assert given.items() >= RUNNING.environment().items()
    assert given["HOME"] == str(tmp_path / "own")
    assert "127.0.0.1" in given["NO_PROXY"].split(",")
    proxies = {name for name in HOSTILE if name.lower().endswith("_proxy")}
    # Proxies are there for uv, which the app runs to build bundles.
    assert {name for name in given if name in HOSTILE} <= SET_ANEW | proxies


def test_the_commands_own_clients_reach_the_embedded_aws_alone(hostile: dict[str, str]) -> None:
    cloud.point_boto3_at(RUNNING)
    for service in ("s3", "lambda", "logs", "cloudwatch"):
        client: Any = boto3.client(service)
        assert client.meta.endpoint_url == RUNNING.endpoint_url
        assert client.meta.config.proxies in ({}, None)
        assert client.meta.region_name == RUNNING.region
    assert "HTTPS_PROXY" not in os.environ


def test_the_server_gets_the_developers_account_only_when_asked(
    hostile: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any(name.startswith("AWS_") for name in _server_environment(tmp_path))
    monkeypatch.setenv("TRADEWIND_REAL_BEDROCK", "1")
    given = _server_environment(tmp_path)
    assert given["AWS_PROFILE"] == hostile["AWS_PROFILE"]
    assert given["HOME"] == hostile["HOME"]
    assert given["TRADEWIND_REAL_BEDROCK"] == "1"
    assert "127.0.0.1" in given["NO_PROXY"].split(",")
    assert "NODE_OPTIONS" not in given


class _Cloud:
    """A cloud that is there already, and says when it is stopped."""

    def __init__(self, *, kept: bool) -> None:
        self.kept = kept
        self.stopped = False

    def status(self) -> Running:
        return RUNNING

    def down(self) -> None:
        self.stopped = True


@pytest.mark.parametrize(
    ("kept", "keep", "stopped"),
    [(False, False, True), (True, False, False), (False, True, False)],
)
def test_a_demo_stops_a_cloud_that_a_killed_one_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: bool, keep: bool, stopped: bool
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_module, "start_and_deploy", interrupted)
    left: Any = _Cloud(kept=kept)
    with pytest.raises(KeyboardInterrupt):
        demo_module.run_demo(Steps(), left, tmp_path, keep=keep)
    assert left.stopped is stopped
