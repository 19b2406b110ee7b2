"""What there is for workflows, and what is missing on a machine."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import tradewind
from cli.workflow import doctor, models
from cli.workflow.support import KEYS, TOOLS, supported
from tests.running import RUNNING
from tests.unit.workflow.spec.files import CONFIGS
from tradewind.workflow.spec.loader import load
from tradewind.workflow.spec.tools import NATIVE_TOOLS


def run(*arguments: str) -> Result:
    return CliRunner().invoke(tradewind, arguments, catch_exceptions=False)


def test_the_lists_are_complete() -> None:
    assert TOOLS.keys() == NATIVE_TOOLS
    assert [one["name"] for one in json.loads(run("list-tools", "--json").stdout)] == sorted(TOOLS)
    assert all(name in run("list-tools").stdout for name in TOOLS)
    told = json.loads(run("list-supported", "--json").stdout)
    assert told == supported()
    assert told["patterns"].keys() == CONFIGS.keys()
    assert told["providers"].keys() == {"bedrock", "openai", "ollama", "anthropic", "gemini"}
    assert "azure_openai" in run("list-supported").stdout


def test_the_version_is_the_projects() -> None:
    assert (
        run("version").stdout
        == f"tradewind {json.loads(run('version', '--json').stdout)['tradewind']}\n"
    )


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """One with nothing."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for names in KEYS.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(models, "embedded", lambda: None)
    monkeypatch.setattr(models, "has_credentials", lambda **_: False)
    monkeypatch.setattr(doctor, "CDK", tmp_path / "no-cdk")
    return monkeypatch


def test_the_doctor_says_what_is_missing_and_what_to_do(machine: pytest.MonkeyPatch) -> None:
    machine.setenv("GEMINI_API_KEY", "not to be seen")
    done = run("doctor", "--json")
    assert "not to be seen" not in done.output
    found = {one["what"]: one for one in json.loads(done.stdout)}
    assert done.exit_code == 0
    assert found["Python"]["state"] == found["sessions"]["state"] == "ok"
    assert found["gemini key"]["found"] == "GEMINI_API_KEY is set"
    for what in ("openai key", "anthropic key", "AWS credentials", "embedded AWS", "CDK"):
        assert found[what]["state"] == "absent"
        assert found[what]["do"]
    lines = run("doctor").stdout.splitlines()
    assert len(lines) == len(found)


def test_the_doctor_fails_where_sessions_cannot_be_kept(
    machine: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    machine.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert run("doctor").exit_code == 1


def test_bedrock_without_credentials_is_said_before_a_call(
    machine: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = Path("examples/workflows/chain-brief.yaml").absolute()
    arguments = ["run", str(file), "--var", "notes=x", "--out", str(tmp_path / "out"), "--json"]
    machine.setattr(models, "has_credentials", lambda **_: False)
    told = json.loads(run(*arguments).stdout)
    assert (told["exit_code"], told["session_id"]) == (18, None)
    assert "tradewind up" in Path(told["report"]).read_text()
    machine.undo()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_PROFILE", "there-is-none")
        patch.setattr(models, "embedded", lambda: None)
        told = json.loads(run(*arguments).stdout)
    assert told["exit_code"] == 18
    assert "there-is-none" in told["error"]


def test_without_an_account_models_are_the_embedded_awss(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(models, "embedded", lambda: RUNNING)
    spec = load(Path("examples/workflows/chain-brief.yaml")).spec
    assert spec is not None
    before = dict(os.environ)
    try:
        os.environ["MINE"] = "1"
        around = models.surroundings(spec, consent=True)
        assert os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == RUNNING.bedrock_endpoint_url
        assert "MINE" not in os.environ
    finally:
        os.environ.clear()
        os.environ.update(before)
    # For tools and providers the rest is there as it was.
    assert around.environ["MINE"] == "1"
    assert around.environ["BYPASS_TOOL_CONSENT"] == "true"
    assert around.environ["AWS_ACCESS_KEY_ID"] == "key"
    assert "embedded" in around.models
    machine.setattr(models, "has_credentials", lambda **_: True)
    assert models.surroundings(spec, consent=False).models == ""
    assert dict(os.environ) == before


@pytest.mark.parametrize("here", [True, False])
def test_credentials_are_found_without_asking_the_machine(
    here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if not here:
            monkeypatch.delenv(name)
    assert models.has_credentials() == here
