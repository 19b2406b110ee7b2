"""What the demo leaves tells one story: one farm, and a page that leads to all of it."""

import hashlib
import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from cli.console import Steps
from cli.demo.result import DemoResult
from cli.demo.run import demonstrate
from tests.deployed_agents import IN_DEMO
from tests.e2e.conftest import Deployment, client, manifest_of
from tests.unit.cli.demo.page import Page


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def result(deployment: Deployment, out: Path) -> DemoResult:
    return demonstrate(Steps(), deployment.running, deployment.outputs, out, real_model=False)


def test_every_agent_is_shown_in_the_order_of_their_work_with_what_it_left(
    result: DemoResult, out: Path
) -> None:
    assert [agent.name for agent in result.agents] == list(IN_DEMO)
    for agent in result.agents:
        assert {f"{agent.name}/{file.name}" for file in (out / agent.name).iterdir()} == {
            file.path for file in agent.files
        }
        assert all((out / file.path).stat().st_size == file.size_bytes for file in agent.files)
        assert agent.refused == "MODEL_REQUEST_REJECTED"
        assert agent.tokens > 0
        assert agent.cost_usd > 0


def test_there_is_one_farm_in_it(result: DemoResult, out: Path, deployment: Deployment) -> None:
    project_id = result.agents[-1].request["project_id"]
    assert {agent.request["project_id"] for agent in result.agents} == {project_id}
    assert len(list(out.rglob("*.pdf"))) == 1
    bucket = deployment.outputs["ArtifactsBucketName"]
    for agent in result.agents:
        manifest = manifest_of(deployment, project_id, agent.name)
        for file in agent.files:
            key = manifest[file.name]["key"]
            stored = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            assert hashlib.sha256((out / file.path).read_bytes()).digest() == (
                hashlib.sha256(stored).digest()
            )


def test_the_front_page_leads_to_everything_and_says_its_figures(
    result: DemoResult, out: Path
) -> None:
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    linked = {unquote(link) for link in page.links() if not link.startswith("#")}
    assert all((out / link).is_file() for link in linked)
    expected = {file.path for agent in result.agents for file in agent.files}
    assert expected | {dashboard.page for dashboard in result.dashboards} <= linked
    summary = json.loads((out / "demo.json").read_text(encoding="utf-8"))
    assert summary == json.loads(json.dumps(result.summary()))
    assert summary["key_facts"]
