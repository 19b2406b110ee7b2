"""The API is found where the caller says, and nowhere else."""

from pathlib import Path
from typing import Any

import pytest

from cli import cloud
from cli.api.address import Address, find_address, on_this_machine
from cli.api.signing import Signer
from cli.errors import CommandError
from tests.integration.cli.api_server import Contract
from tests.integration.cli.conftest import Caller
from tests.running import RUNNING

GATEWAY = "https://abc123.execute-api.eu-central-1.amazonaws.com/v1/"


def test_the_file_is_honoured_and_the_environment_comes_before_it(
    caller: Caller, contract: Contract, api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEWIND_API_URL")
    said = caller.run("models")
    assert said.status == 1
    assert "Which API? Set TRADEWIND_API_URL" in said.err
    Path(".env").write_text(
        f'# ours\nAWS_SECRET_ACCESS_KEY=stolen\nexport TRADEWIND_API_URL="{api_url}"\nnonsense\n'
    )
    # Only our own two names are read.
    assert caller.run("models").status == 0
    monkeypatch.setenv("TRADEWIND_API_URL", "https://127.0.0.1:1")
    assert caller.run("models").status == 3
    Path(".env").write_bytes(b"\xff")
    monkeypatch.delenv("TRADEWIND_API_URL")
    said = caller.run("models")
    assert (said.status, ".env cannot be read" in said.err) == (1, True)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/v1",
        "127.0.0.1/v1",
        "https:///v1",
        "https://user:word@host/v1",
        "https://host:port/v1",
        "https://host/v1?query",
        "https://hö.st/v1",
        "https://a host/v1",
        "https://host/v1\n",
        "https://host/a path",
    ],
)
def test_what_is_no_address_is_refused(caller: Caller, url: str) -> None:
    caller.patch.setenv("TRADEWIND_API_URL", url)
    said = caller.run("models")
    assert said.status == 1
    assert "TRADEWIND_API_URL is not an address such as" in said.err


def test_the_address_says_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_API_URL", GATEWAY)
    found = find_address(None)
    assert found == Address(GATEWAY.rstrip("/"), "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTESTER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    signed = Signer(found.region).sign("GET", f"{found.url}/models", {}, b"")
    assert "/eu-central-1/execute-api/aws4_request" in signed["Authorization"]


def test_the_embedded_aws_serves_it_at_a_path_of_its_own() -> None:
    here = "https://127.0.0.1:4566/restapis/abc123/v1/_user_request_"
    assert on_this_machine(GATEWAY, RUNNING) == here
    assert on_this_machine(f"{here}/", RUNNING) == here


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch, caller: Caller) -> dict[str, Any]:
    """What CloudFormation answers."""
    answer: dict[str, Any] = {"Stacks": [{"Outputs": []}]}

    class CloudFormation:
        def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  AWS's
            answer["asked"] = StackName
            return answer

    def client(service: str, region_name: str) -> CloudFormation:
        assert (service, region_name) == ("cloudformation", "us-east-1")
        return CloudFormation()

    monkeypatch.setattr("boto3.client", client)
    return answer


def test_an_environments_stack_says_it(stacks: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="Tradewind-prod-Api has no output ApiUrl"):
        find_address("prod")
    stacks["Stacks"][0]["Outputs"] = [{"OutputKey": "ApiUrl", "OutputValue": GATEWAY}]
    # --env comes before TRADEWIND_API_URL, which is set.
    assert find_address("prod") == Address(GATEWAY.rstrip("/"), "eu-central-1")
    assert stacks["asked"] == "Tradewind-prod-Api"
    with pytest.raises(CommandError, match=r"there is no config/nowhere\.yaml"):
        find_address("nowhere")


def test_the_environment_can_be_a_setting(
    stacks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks["Stacks"][0]["Outputs"] = [{"OutputKey": "ApiUrl", "OutputValue": GATEWAY}]
    monkeypatch.delenv("TRADEWIND_API_URL")
    monkeypatch.setenv("TRADEWIND_ENV", "dev")
    assert find_address(None).region == "eu-central-1"
    assert stacks["asked"] == "Tradewind-dev-Api"


def test_the_embedded_aws_is_the_last_resort(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEWIND_API_URL")
    monkeypatch.setattr("devtools.localcloud.LocalCloud.status", lambda _self: RUNNING)
    entered: list[Any] = []
    monkeypatch.setattr(cloud, "point_boto3_at", entered.append)
    outputs = {"Other": "x"}
    monkeypatch.setattr(cloud, "deployed_outputs", lambda _cloud: (RUNNING, outputs))
    with pytest.raises(CommandError, match="has no API"):
        find_address(None)
    outputs["ApiUrl"] = GATEWAY
    found = find_address("local")
    assert found.url.startswith("https://127.0.0.1:4566/restapis/abc123")
    assert entered == [RUNNING]


def test_no_example_has_a_credential() -> None:
    example = Path(__file__).parents[3] / ".env.example"
    assert all(
        not line.strip() or line.startswith("#")
        for line in example.read_text(encoding="utf-8").splitlines()
    )
    assert ".env" in (example.parent / ".gitignore").read_text(encoding="utf-8").split()
