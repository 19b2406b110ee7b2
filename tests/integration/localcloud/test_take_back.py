"""What outlives its stacks is taken back through the real CDK's import, and goes when it may."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs

from cli.cdk import PROJECT
from cli.deployment.imports import take_back, to_take_back
from cli.deployment.removal import Removal
from cli.deployment.stacks import Stacks
from devtools.localcloud import ACCOUNT_ID, REGION, Running
from stacks.names import StackId, stack_name
from stacks.settings.file import load_settings
from stacks.state import StateStack
from tests.deployed_agents import AGENTS
from tests.integration.localcloud.conftest import Client
from tests.integration.localcloud.test_cdk import cdk

ENVIRONMENT = "prod"
LOG_GROUP = "/aws/lambda/tradewind-prod-a"


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """The state stack as it is, and a part of the agents': no function, so no bundle."""
    settings = load_settings(ENVIRONMENT, PROJECT / "config", AGENTS)
    flags = json.loads((PROJECT / "cdk.json").read_text())["context"]
    app = App(outdir=str(tmp_path / "cdk.out"), context=flags, analytics_reporting=False)
    state = StateStack(
        app,
        StackId.STATE,
        stack_name=stack_name(ENVIRONMENT, StackId.STATE),
        settings=settings,
        termination_protection=True,
    )
    agents = Stack(
        app,
        StackId.AGENTS,
        stack_name=stack_name(ENVIRONMENT, StackId.AGENTS),
        termination_protection=True,
    )
    kept = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    logs.LogGroup(
        agents, "Logs", log_group_name=LOG_GROUP, encryption_key=state.key, removal_policy=kept
    )
    sqs.Queue(agents, "Queue", queue_name="tradewind-prod-a", removal_policy=kept)
    app.synth()
    return tmp_path / "cdk.out"


def test_what_outlived_its_stacks_is_theirs_again(
    cloud: Running, client: Client, assembly: Path
) -> None:
    stacks = Stacks(ENVIRONMENT, client)

    def run_cdk(arguments: Sequence[str]) -> None:
        cdk(cloud, *arguments)

    def deploy() -> None:
        run_cdk(["deploy", "--all", f"--app={assembly}", "--require-approval=never"])

    def destroy(*, keep_data: bool) -> list[str]:
        removal = Removal(stacks, client, keep_data=keep_data, say=lambda _: None)
        removal.refuse_protected(ENVIRONMENT, allowed=True)
        return removal.run()[1]

    def data() -> dict[str, str]:
        return {
            logical_id: physical_id
            for one in stacks.deployed()
            for logical_id, physical_id in stacks.resources(one).items()
            if not logical_id.startswith(("DataKeyAlias", "CDKMetadata"))
            and "Policy" not in logical_id
        }

    run_cdk(["bootstrap", f"aws://{ACCOUNT_ID}/{REGION}"])
    assert to_take_back(stacks, client, assembly) == []
    deploy()
    first = data()
    assert len(first) == 8
    [table] = [name for one, name in first.items() if one.startswith("Records")]
    client("dynamodb").put_item(TableName=table, Item={"record_id": {"S": "r-1"}})

    assert destroy(keep_data=True) == []
    assert stacks.deployed() == []
    kept = to_take_back(stacks, client, assembly)
    assert {one.logical_id: one.identifier for one in kept} == first
    take_back(kept, assembly, run_cdk)
    deploy()
    assert data() == first
    assert client("dynamodb").scan(TableName=table)["Count"] == 1
    assert [one.protected for one in stacks.deployed()] == [True, True]

    destroy(keep_data=True)
    assert len(destroy(keep_data=False)) == 8
    assert to_take_back(stacks, client, assembly) == []
    [key] = [name for one, name in first.items() if one.startswith("DataKey")]
    assert client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
