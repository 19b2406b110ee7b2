"""More than one environment from one app: each a stage, with the stacks that it has alone."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_cdk import App, Stack, Stage
from aws_cdk import aws_sqs as sqs

import app as cdk_app
from stacks.bundling.fixed_bundle import FixedBundle
from stacks.checks import add_checks
from stacks.settings.file import load_settings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.test_app import run


@pytest.fixture(scope="module")
def staged(
    tmp_path_factory: pytest.TempPathFactory,
    root: Path,
    context: dict[str, Any],
    one_bundle: FixedBundle,
) -> Path:
    """The assembly of dev and prod together."""
    folder = tmp_path_factory.mktemp("stages")
    app = App(outdir=str(folder), context=context)
    for environment in ("dev", "prod"):
        settings = load_settings(environment, root / "config", AGENTS)
        cdk_app.build(Stage(app, environment), settings, AGENTS, one_bundle)
    app.synth()
    return folder


def stacks(stage: Path) -> dict[str, Path]:
    """The templates of an assembly, by the name of the stack."""
    manifest = json.loads((stage / "manifest.json").read_text())
    return {
        artifact["properties"]["stackName"]: stage / artifact["properties"]["templateFile"]
        for artifact in manifest["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }


def test_a_stage_has_the_stacks_that_its_environment_has_alone(
    staged: Path, dev: Assembly, prod: Assembly
) -> None:
    """Whoever has deployed an environment goes on with it from a pipeline."""
    for environment, alone in (("dev", dev), ("prod", prod)):
        here, there = stacks(staged / f"assembly-{environment}"), stacks(alone.folder)
        assert here.keys() == there.keys()
        for name, template in here.items():
            assert json.loads(template.read_text()) == json.loads(there[name].read_text()), name


def test_the_stages_share_no_stack(staged: Path) -> None:
    dev, prod = (stacks(staged / f"assembly-{name}").keys() for name in ("dev", "prod"))
    assert dev
    assert dev.isdisjoint(prod)
    assert stacks(staged) == {}


def test_a_violation_in_a_stage_fails_the_synth(tmp_path: Path, context: dict[str, Any]) -> None:
    app = App(outdir=str(tmp_path), context=context)
    for name in ("dev", "prod"):
        stage = Stage(app, name)
        stack = Stack(stage, "State")
        add_checks(stage)
    sqs.Queue(stack, "Open")
    with pytest.raises(RuntimeError, match="ValidationFailed") as failed:
        app.synth()
    assert "AwsSolutions-SQS4" in str(failed.value)


def test_the_example_deploys_what_it_synthesized_dev_before_prod(root: Path, staged: Path) -> None:
    jobs = yaml.safe_load((root / "examples/pipeline/deploy.yml").read_text())["jobs"]
    commands = {
        name: [step["run"] for step in job["steps"] if "cdk" in step.get("run", "")]
        for name, job in jobs.items()
    }
    [synth] = commands["synth"]
    stages = synth.rpartition("-c stages=")[2].split(",")
    assert [name for name in jobs if name != "synth"] == stages == ["dev", "prod"]
    before = "synth"
    for name in stages:
        assert jobs[name]["needs"] == before
        before = name
        assert jobs[name]["environment"] == jobs[name]["env"]["STAGE"] == name
        assert commands[name] == [
            'npx cdk diff --app cdk.out "$STAGE/*"',
            'npx cdk deploy --app cdk.out "$STAGE/*" --require-approval never',
        ]
        assert (staged / f"assembly-{name}" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"stages": "dev,nowhere"}, "env: there is no config/nowhere.yaml; the environments"),
        ({"stages": "dev,../prod"}, "env: '../prod' is not allowed; give 1 to 20 lower-case"),
        ({"stages": "dev", "env": "dev"}, "give either -c env=NAME or -c stages=NAME,NAME"),
    ],
)
def test_what_cannot_be_a_stage_is_refused_in_a_line(
    root: Path, tmp_path: Path, given: dict[str, str], line: str
) -> None:
    done = run(
        *(sys.executable, "app.py"),
        cwd=root,
        CDK_OUTDIR=str(tmp_path / "cdk.out"),
        CDK_CONTEXT_JSON=json.dumps(given),
    )
    assert done.returncode == 1
    assert re.match(rf"{re.escape(line)}.*\n\Z", done.stderr)
