"""What the roles were seen to do in all end-to-end tests, laid over what they may do.

Runs last of them; see ``pytest_collection_modifyitems``.
"""

import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.__main__ import tradewind
from cli.agents import example_request
from cli.cdk import LOCAL_ASSEMBLY, PROJECT
from cli.permissions import check_permissions
from devtools.localcloud.lifecycle import CALLS_FILE
from tests.deployed_agents import AGENTS, FIRST
from tests.e2e.conftest import Deployment
from tests.e2e.front_door import operator_of
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS

#: Where the record of all end-to-end tests is kept, for `tradewind iam coverage --record`.
KEPT = PROJECT / ".build" / CALLS_FILE
#: They have a deployment of their own.
_APART = {"test_new_agent.py"}


@pytest.fixture
def record(deployment: Deployment) -> Path:
    """The calls of this session's deployment so far."""
    return deployment.home / CALLS_FILE


def is_whole(config: pytest.Config, session: pytest.Session) -> bool:
    """Whether all end-to-end tests are of this session."""
    folders = (PROJECT / "tests/e2e", *PROJECT.glob("lambda_src/*/tests/e2e"))
    there = {file for folder in folders for file in folder.glob("test_*.py")}
    chosen = config.option.keyword or config.option.markexpr or "::" in "".join(config.args)
    return not chosen and {file for file in there if file.name not in _APART} <= {
        item.path for item in session.items
    }


def test_each_agent_takes_part_in_a_conversation(deployment: Deployment) -> None:
    """What every agent is granted on the conversations, used by every one."""
    operator = operator_of(deployment)
    project: dict[str, Any] = {}
    for agent, manifest in AGENTS.items():
        if manifest.framework == RUNS_WORKFLOWS:
            continue  # it takes none
        event = example_request(agent, None)
        asked: dict[str, Any] = {
            name: event[name] for name in ("query", "parameters", "context") if name in event
        }
        session = f"granted-{uuid.uuid4().hex}"
        for _ in range(2):
            body = {**asked, **project, "session_id": session}
            path = f"/agents/{agent}/invocations"
            accepted = operator.call("POST", path, body, Prefer="wait=0")
            ended = operator.end_of(accepted.document["id"])
            assert ended["state"] == "succeeded", ended
            if agent == FIRST:
                project = {"project_id": ended["project_id"]}


def test_no_call_is_denied_and_every_grant_is_used(
    record: Path, request: pytest.FixtureRequest
) -> None:
    whole = is_whole(request.config, request.session)
    found = check_permissions(LOCAL_ASSEMBLY, [record], partial=not whole)
    assert [str(finding) for finding in found.findings] == []
    if not whole:
        pytest.skip(f"not all end-to-end tests ran, so what is unused is not known: {found}")
    shutil.copy(record, KEPT)
    answer = CliRunner().invoke(
        tradewind, ["iam", "coverage", "--record", str(KEPT), "--json"], catch_exceptions=False
    )
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["findings"] == []


Change = Callable[[list[dict[str, Any]]], None]


def _widened(statements: list[dict[str, Any]]) -> None:
    put = next(one for one in statements if "s3:PutObject" in one["Action"])
    put["Action"] = ["s3:PutObject", "s3:DeleteObject"]


def _narrowed(statements: list[dict[str, Any]]) -> None:
    put = next(one for one in statements if "s3:PutObject" in one["Action"])
    put["Resource"] = "arn:aws:s3:::somewhere-else/*"


@pytest.mark.parametrize(
    ("change", "kind", "action"),
    [(_widened, "unused", "s3:DeleteObject"), (_narrowed, "denied", "s3:PutObject")],
)
def test_a_changed_policy_of_the_app_is_noticed(
    record: Path, tmp_path: Path, change: Change, kind: str, action: str
) -> None:
    """The app's own templates and calls; every way to change a policy is in the unit tests."""
    before = check_permissions(LOCAL_ASSEMBLY, [record])
    folder = tmp_path / "cdk.out"
    shutil.copytree(LOCAL_ASSEMBLY, folder, symlinks=True)
    file = folder / "Agents.template.json"
    template = json.loads(file.read_text())
    (name,) = (one for one in template["Resources"] if one.startswith("TerrainAccessRole"))
    policies = template["Resources"][name]["Properties"]["Policies"]
    change(
        [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    )
    file.write_text(json.dumps(template))
    found = check_permissions(folder, [record])
    noticed = [
        one
        for one in found.findings
        if one not in before.findings and one.kind == kind and action in one.problem
    ]
    assert noticed
    assert all(name in one.where for one in noticed)
