"""What there is for workflows, and what is missing on a machine."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import tradewind
from cli.workflow import doctor, models
from cli.workflow.support import KEYS, TOOLS, supported
from tests.unit.workflow.spec.files import CONFIGS
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
    monkeypatch.setattr(models, "has_credentials", lambda: False)
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


@pytest.mark.parametrize("here", [True, False])
def test_credentials_are_found_without_asking_the_machine(
    here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if not here:
            monkeypatch.delenv(name)
    assert models.has_credentials() == here
