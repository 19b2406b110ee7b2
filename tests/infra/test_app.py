"""The app as the CDK command line runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stacks.bundling.fixed_bundle import FixedBundle
from tests.deployed_agents import FIRST

SYNTHESIZE = """
import json, sys
from pathlib import Path
import app
from aws_cdk import App
from stacks.bundling.archive import Archive
from stacks.bundling.fixed_bundle import FixedBundle
from stacks.settings.file import load_settings
from tests.deployed_agents import AGENTS

root, outdir, bundle = map(Path, sys.argv[1:])
cdk = App(outdir=str(outdir), context=json.loads((root / "cdk.json").read_text())["context"])
archive = Archive(path=bundle, sha256="0" * 64, packages={})
app.build(cdk, load_settings("dev", root / "config", AGENTS), AGENTS, FixedBundle(archive))
cdk.synth()
"""


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_synths_are_the_same_to_the_byte(
    root: Path, tmp_path: Path, one_bundle: FixedBundle
) -> None:
    made = []
    for seed in ("1", "2"):
        outdir = tmp_path / seed
        done = run(
            *(sys.executable, "-c", SYNTHESIZE),
            *(str(root), str(outdir), str(one_bundle.archive.path)),
            cwd=root,
            PYTHONHASHSEED=seed,
        )
        assert done.returncode == 0, done.stderr
        made.append(
            {
                file.name: file.read_bytes()
                for pattern in ("*.template.json", "*.assets.json", "manifest.json")
                for file in outdir.glob(pattern)
            }
        )
    assert made[0] == made[1]
    assert "Agents.template.json" in made[0]


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """The app with settings of its own; everything else is the repository's."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(root / "app.py", folder)
    shutil.copy(root / "cdk.json", folder)
    shutil.copytree(root / "config", folder / "config")
    for name in ("stacks", "lambda_src"):
        (folder / name).symlink_to(root / name)
    return folder


def synth(checkout: Path, environment: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the app as the CDK command line does, without the command line."""
    context = {"env": environment} if environment else {}
    return run(
        *(sys.executable, "app.py"),
        cwd=checkout,
        CDK_OUTDIR=str(checkout / "cdk.out"),
        CDK_CONTEXT_JSON=json.dumps(context),
    )


def test_a_bad_setting_fails_the_synth_in_one_line(checkout: Path) -> None:
    file = checkout / "config" / "dev.yaml"
    content = yaml.safe_load(file.read_text())
    content["agents"][FIRST] = {"memory_mb": 99999}
    file.write_text(yaml.safe_dump(content))

    done = synth(checkout)  # dev is what no -c env means

    assert done.returncode == 1
    assert done.stderr == (
        f"config/dev.yaml: agents.{FIRST}.memory_mb: 99999 is not allowed; "
        "give a whole number from 128 to 10240\n"
    )


def test_an_unknown_environment_fails_the_synth_in_one_line(checkout: Path) -> None:
    done = synth(checkout, "staging")
    assert done.returncode == 1
    assert done.stderr == (
        "env: there is no config/staging.yaml; the environments that exist: dev, local, prod\n"
    )


def test_an_app_without_agents_fails_the_synth_in_one_line(checkout: Path, root: Path) -> None:
    (checkout / "lambda_src").unlink()
    (checkout / "lambda_src" / "agents").mkdir(parents=True)
    (checkout / "lambda_src" / "tradewind").symlink_to(root / "lambda_src" / "tradewind")

    done = synth(checkout)

    assert done.returncode == 1
    assert done.stderr == (
        "lambda_src/agents: there is no agent; make one with `tradewind agent new NAME`\n"
    )


def test_the_command_line_synthesizes_over_a_failed_synths_report(
    root: Path, tmp_path: Path
) -> None:
    outdir = tmp_path / "cdk.out"
    outdir.mkdir()
    failure = {"pluginName": "P", "conclusion": "failure", "violations": []}
    report = {"version": "55.0.0", "title": "Validation Report", "pluginReports": [failure]}
    (outdir / "validation-report.json").write_text(json.dumps(report))

    done = run(
        str(root / "node_modules" / ".bin" / "cdk"),
        *("synth", "--quiet", "--no-notices", "-c", "env=local", "-o", str(outdir)),
        cwd=root,
        CDK_DISABLE_CLI_TELEMETRY="true",
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )

    assert done.returncode == 0, done.stderr
    assert (outdir / "Agents.template.json").exists()
    for word in ("Unsupported", "deprecated", "end-of-life", "feature flags"):
        assert word not in done.stderr
