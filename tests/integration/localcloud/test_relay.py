"""With ``TRADEWIND_REAL_BEDROCK=1`` the models are the real service's; another server plays it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devtools.localcloud import LocalCloud, LocalCloudError, Running
from devtools.localcloud.bedrock import StandInAdmin
from tests.integration.localcloud.conftest import clients_for

MODEL = "us.anthropic.claude-sonnet-4-6"


@pytest.fixture
def relaying(cloud: Running, tmp_path: Path) -> Iterator[Running]:
    local_cloud = LocalCloud(tmp_path)
    with pytest.MonkeyPatch.context() as developers:
        for name, value in cloud.environment().items():
            developers.setenv(name, value)
        developers.setenv("TRADEWIND_REAL_BEDROCK", "1")
        running = local_cloud.up()
    yield running
    local_cloud.down()


def test_models_are_called_with_the_developers_own_credentials(
    cloud: Running, relaying: Running
) -> None:
    served_before = StandInAdmin(cloud.bedrock_admin_url).stats().requests
    to_models = replace(relaying, endpoint_url=relaying.bedrock_endpoint_url)
    answer = clients_for(to_models)("bedrock-runtime").converse(
        modelId=MODEL,
        messages=[{"role": "user", "content": [{"text": "hello"}]}],
        inferenceConfig={"maxTokens": 100},
    )
    assert answer["stopReason"] == "end_turn"
    assert StandInAdmin(cloud.bedrock_admin_url).stats().requests == served_before + 1
    assert StandInAdmin(relaying.bedrock_admin_url).stats().requests == 1


def test_without_credentials_the_start_fails_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("TRADEWIND_REAL_BEDROCK", "1")
    with pytest.raises(LocalCloudError, match="no AWS credentials to call the real Bedrock"):
        LocalCloud(tmp_path / "home").up()
